#include "execution.hpp"

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/output_lock.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <optional>

#include "cluster_beside.hpp"
#include "endpoint_beside.hpp"
#include "report.hpp"
#include "run_watcher.hpp"

namespace chopsticks::cli {

namespace {

std::string describe_target(const run_setup& setup) {
    std::string text;
    for (const std::string_view name : setup.workloads()) {
        if (!text.empty()) text += "; and ";
        text += scenario::foreign_call(name, "target of the settings", [&] {
            return setup.settings_of(name).target(setup.is_dummy(name));
        });
    }
    return text;
}

results::op_log_figures describe_op_log(const std::string& file,
                                        const trace::op_log_figures& figures) {
    return {file, figures.records, figures.dropped, figures.bytes, figures.problem};
}

}  // namespace

std::vector<std::string> left_lines(const results::run_document& doc) {
    // Most runs leave nothing, and need no document for it.
    if (doc.run.verdicts.left_behind != results::left_verdict::something) return {};
    return results::left_behind_problems(results::to_json_without_intervals(doc));
}

executed_run execute_run(run_setup& setup, const std::vector<std::string>& command_line,
                         const execution_options& how) {
    results::check_output(how.output);
    const std::string no_room = telemetry::raise_descriptor_limit(setup.needs.descriptors);
    if (!no_room.empty()) throw config_error(no_room);
    setup.make_drivers();
    // What is waited for before the run is none of it.
    const std::unique_ptr<cluster_beside> cluster = cluster_beside::start(setup);
    if (cluster) setup.started_wall_ns = wall_ns();

    executed_run out(engine::make_layout(setup.options.groups));
    results::run_document& doc = out.doc;
    doc.run = describe_run(setup, command_line);
    doc.environment = describe_environment();
    doc.scenario = setup.scenario;
    doc.workload = setup.workload_echo();
    std::erase_if(doc.workload.other, [used = setup.workloads()](const auto& of) {
        return std::find(used.begin(), used.end(), of.first) == used.end();
    });
    doc.interval_file = results::stream_path(how.output);
    const auto lock = doc.interval_file.empty() ? results::output_lock()
                                                : results::output_lock(doc.interval_file);
    // Before the interval stream: where it cannot be made, an earlier run's stream stays.
    std::optional<trace::op_log_writer> op_log;
    engine::run_options options = setup.options;
    if (!how.op_log.empty()) {
        op_log.emplace(how.op_log, options.cores);
        options.op_log = &*op_log;
        options.op_log_header.scenario = setup.scenario.name;
        options.op_log_header.run_id = setup.run_id;
    }
    engine::observer* listener = how.prepared ? how.prepared(doc.layout) : nullptr;
    run_watcher watcher(setup, doc, doc.interval_file, how.quiet, listener, cluster.get());
    options.watcher = &watcher;
    if (how.view != nullptr) {
        how.view->begin(setup, doc.layout);
        watcher.show_to(how.view->monitor());
    }
    for (const std::string& w : setup.warnings)
        watcher.message("Warning: " + w);
    watcher.message("Run " + setup.run_id + ": " + setup.scenario.name);
    watcher.message("  against " + describe_target(setup));
    if (cluster) watcher.message("  " + cluster->greeting());
    watcher.message("  " + std::to_string(setup.options.cores) +
                    (setup.options.cores == 1 ? " core" : " cores") + ", seed " +
                    std::to_string(setup.scenario.seed));

    catch_signals();
    run_marks marks(setup, how.on_phase, how.output, watcher, how.notes);
    watcher.also_tell(marks);
    std::optional<endpoint_beside> endpoint;
    if (setup.embedded) watcher.also_tell(endpoint.emplace(*setup.embedded));
    engine::run_result result =
        how.carry_out ? how.carry_out(options) : engine::execute(options, stop_level);
    marks.finish();
    watcher.finish();
    if (op_log) doc.op_log = describe_op_log(how.op_log, op_log->finish());
    if (endpoint) doc.endpoint = endpoint->figures();
    if (setup.embedded) setup.embedded->stop();
    if (result.target_problem) {
        out.target_problem = result.problem;
        if (!result.cleanup_problem.empty())
            out.target_problem += "; and what was made until then: " + result.cleanup_problem;
        describe_left(doc, result);
        if (!result.left.empty()) doc.run.verdicts.left_behind = results::left_verdict::something;
        out.left_behind = left_lines(doc);
        if (!doc.interval_file.empty()) ::unlink(doc.interval_file.c_str());
        return out;
    }
    watcher.give_intervals();
    watcher.give_events(result.load_start_ns);
    if (cluster) cluster->finish(doc, result.left);
    doc.slo.aborted = watcher.aborted();
    fill_document(doc, setup, std::move(result), watcher.health());
    out.left_behind = left_lines(doc);
    if (doc.op_log && doc.op_log->dropped > 0) {
        doc.run.warnings.push_back(
            "operation log: " + std::to_string(doc.op_log->dropped) +
            " operations are not in it: " +
            (doc.op_log->problem.empty() ? "the disk was too slow" : doc.op_log->problem));
    }
    // Before anything is printed: a closed pipe or a slow pager must not cost the result.
    out.where = results::write_result(how.output, doc);
    return out;
}

int exit_status_of(const executed_run& run) {
    if (!run.target_problem.empty()) return run.left_behind.empty() ? exit_usage : exit_left_behind;
    // A script looks for the result where it asked for it.
    const int status = run.doc.run.exit_status;
    const bool misplaced = !run.where.problem.empty();
    return misplaced ? results::worse_of(status, exit_errors) : status;
}

}  // namespace chopsticks::cli
