#include "series_run.hpp"

#include <chopsticks/core/error.hpp>
#include <cstdio>
#include <utility>

namespace chopsticks::cli {

namespace {

constexpr double prepare_share_most = 0.2;

/// Prepare took so much of the time that a kept data set would pay: a sentence, else empty.
std::string prepare_advice(const results::run_document& doc) {
    double prepare_s = 0;
    double all_s = 0;
    for (const results::phase_span& p : doc.run.phases) {
        if (p.name == "prepare" || p.name == "cleanup") prepare_s += p.duration_s;
        all_s += p.duration_s;
    }
    if (prepare_s < 1 || prepare_s < prepare_share_most * all_s) return {};
    char text[240];
    std::snprintf(text, sizeof text,
                  "%.0f%% of the time goes into making and removing the data set of each run; "
                  "with `reuse: NAME` in the scenario's data it is made once and kept",
                  100 * prepare_s / all_s);
    return text;
}

}  // namespace

void series_runner::execute(const run_arguments& arguments, const series_run_options& how,
                            series_run& out) {
    run_setup setup(arguments, true, how.change);
    if (how.check) how.check(setup);
    execution_options options;
    options.output = how.output;
    options.op_log = how.op_log;
    options.quiet = how.quiet;
    beside_.join(options);
    if (how.prepared) {
        options.prepared = [&](const stats::layout& names) { return how.prepared(setup, names); };
    }
    executed_run done = execute_run(setup, command_line_, options);
    out.exit_status = exit_status_of(done);
    out.left_behind = done.left_behind;
    for (const std::string& line : out.left_behind)
        std::fprintf(stderr, "chopsticks: %s: %s\n", how.who.c_str(), line.c_str());
    if (!done.target_problem.empty()) {
        out.problem = done.target_problem;
        return;
    }
    out.interrupted = done.doc.run.interrupted;
    out.problem = done.where.problem.empty() ? done.doc.run.problem : done.where.problem;
    const std::string advice = prepare_advice(done.doc);
    if (!advice.empty() && !advised_) std::fprintf(stderr, "Advice: %s\n", advice.c_str());
    advised_ = advised_ || !advice.empty();
    out.done.emplace(std::move(done));
}

series_run series_runner::make(const run_arguments& arguments, const series_run_options& how) {
    series_run out;
    beside_.begin_trial(how.trial);
    try {
        execute(arguments, how, out);
    } catch (const config_error& error) {
        out.problem = error.what();
    }
    if (!out.done) out.interrupted = stop_level.load() > 0;
    beside_.end_trial(out);
    return out;
}

}  // namespace chopsticks::cli
