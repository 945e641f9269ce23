#include <unistd.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/interval_stream.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>
#include <mutex>
#include <optional>

#include "report.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

namespace {

/// Shows and stores a run as it goes. Its functions are called by the run's threads, one at a time
/// per kind; the mutex orders the kinds.
class run_watcher final : public engine::observer {
  public:
    run_watcher(run_setup& setup, results::run_document& doc, const std::string& stream, bool quiet)
        : setup_(setup), doc_(doc), started_ns_(monotonic_ns()) {
        if (!stream.empty()) {
            stream_ = results::interval_stream(stream, doc.run, setup.scenario, doc.layout);
        }
        if (!quiet) {
            display_.emplace(STDERR_FILENO, results::terminal_options::of(STDERR_FILENO));
        }
    }

    void message(const std::string& text) {
        const std::lock_guard lock(mutex_);
        if (display_) display_->message(text);
    }

    void on_phase(engine::phase p) override {
        const std::lock_guard lock(mutex_);
        phase_ = p;
        phase_started_ns_ = monotonic_ns();
        errors_ = 0;
        progress_before_ = 0;
        if (p == engine::phase::measure) before_ = telemetry::take(telemetry::sources{});
        if (p == engine::phase::drain) after_ = telemetry::take(telemetry::sources{});
        tell_interrupted();
    }

    void on_progress(const engine::progress& p) override {
        const std::lock_guard lock(mutex_);
        if (!display_) return;
        tell_interrupted();
        results::live_status s = status_now();
        s.objects_done = p.done;
        s.objects_total = p.total;
        s.errors = p.failed;
        s.ops_per_s = static_cast<double>(p.done - progress_before_);
        progress_before_ = p.done;
        display_->update(s);
    }

    void on_interval(const engine::interval& one) override {
        results::interval out;
        out.t_s = one.start_s;
        out.duration_s = one.duration_s;
        out.phase = std::string(engine::name(one.when));
        out.figures = &one.figures;
        for (const engine::load_figures& g : one.groups) {
            out.load.intended += g.intended;
            out.load.issued += g.issued;
            out.load.completed += g.completed;
            out.load.shed += g.shed;
            out.load.backlog += g.backlog;
            out.load.in_flight_max += g.in_flight_max;
        }
        for (const engine::core_figures& c : one.cores) {
            out.cores_busy.push_back(std::min(1.0, c.busy_share()));
        }
        std::string line = results::to_line(out, doc_.layout);
        const std::lock_guard lock(mutex_);
        if (const std::string problem = stream_.write(line); !problem.empty()) {
            doc_.run.warnings.push_back(problem);
            if (display_) display_->message("Warning: " + problem);
        }
        doc_.add_interval(std::move(line));
        if (display_) show(one, out);
    }

    /// What the process spent over the measure phase.
    telemetry::change used() const {
        if (!before_ || !after_) return {};
        return telemetry::difference(*before_, *after_);
    }

    void finish() {
        const std::lock_guard lock(mutex_);
        if (display_) display_->finish();
    }

  private:
    void tell_interrupted() {
        if (stop_level.load() == 0 || said_interrupted_ || !display_) return;
        said_interrupted_ = true;
        display_->message(phase_ == engine::phase::drain
                              ? "Interrupted: finishing what is in flight, then cleaning up. "
                                "Ctrl-C again stops at once."
                          : phase_ == engine::phase::cleanup
                              ? "Interrupted: cleaning up. Ctrl-C again stops at once."
                              : "Interrupted.");
    }

    results::live_status status_now() const {
        const std::int64_t now = monotonic_ns();
        results::live_status s;
        s.elapsed_s = static_cast<double>(now - started_ns_) / 1e9;
        s.phase = std::string(engine::name(phase_));
        s.phase_elapsed_s = static_cast<double>(now - phase_started_ns_) / 1e9;
        const scenario::phases& plan = setup_.scenario.phase;
        if (phase_ == engine::phase::measure) {
            s.phase_planned_s = static_cast<double>(plan.measure_ns) / 1e9;
        } else if (phase_ == engine::phase::warmup) {
            s.phase_planned_s = static_cast<double>(plan.warmup_ns) / 1e9;
        } else if (phase_ == engine::phase::ramp) {
            s.phase_planned_s = setup_.needs.ramp_s;
        }
        return s;
    }

    void show(const engine::interval& one, const results::interval& out) {
        // The last bits of a second are stored, not shown.
        if (one.duration_s < 0.25) return;
        results::live_status s = status_now();
        // An interval is shown after it ended, when the next phase may have begun.
        if (one.when != engine::phase::warmup || phase_ != engine::phase::ramp) s.phase = out.phase;
        stats::histogram response(2);
        stats::histogram lag(2);
        for (const stats::figures& f : one.figures.by_operation) {
            s.ops_per_s += static_cast<double>(f.ok_count) / one.duration_s;
            s.bytes_per_s += static_cast<double>(f.bytes) / one.duration_s;
            errors_ += f.failed_count;
            response.add(f.response);
            lag.add(f.send_lag);
        }
        s.errors = errors_;
        s.p50_ns = response.value_at_percentile(50);
        s.p99_ns = response.value_at_percentile(99);
        s.send_lag_p99_ns = lag.value_at_percentile(99);
        s.in_flight = out.load.in_flight_max;
        s.backlog = out.load.backlog;
        for (const double busy : out.cores_busy)
            s.busiest_core = std::max(s.busiest_core, busy);
        display_->update(s);
    }

    run_setup& setup_;
    results::run_document& doc_;
    std::int64_t started_ns_;
    std::mutex mutex_;
    std::optional<results::live_display> display_;
    results::interval_stream stream_;
    engine::phase phase_ = engine::phase::open;
    std::int64_t phase_started_ns_ = 0;
    std::uint64_t errors_ = 0;
    std::uint64_t progress_before_ = 0;
    bool said_interrupted_ = false;
    std::optional<telemetry::snapshot> before_;
    std::optional<telemetry::snapshot> after_;
};

std::string describe_target(const run_setup& setup) {
    if (setup.workload.driver == "dummy") return "the dummy driver";
    const std::vector<std::string>& endpoints = setup.workload.s3.endpoints;
    std::string text = endpoints.front();
    if (endpoints.size() > 1) text += " and " + std::to_string(endpoints.size() - 1) + " more";
    return text + ", bucket " + setup.workload.s3.bucket;
}

int run(const run_arguments& arguments, const std::vector<std::string>& command_line) {
    run_setup setup(arguments, true);
    const std::string output = !arguments.output.empty()
                                   ? arguments.output
                                   : results::default_file_name(setup.scenario.name, setup.run_id);
    results::check_output(output);
    const std::string no_room = telemetry::raise_descriptor_limit(setup.needs.descriptors);
    if (!no_room.empty()) throw config_error(no_room);
    setup.make_drivers();

    const stats::layout names = engine::make_layout(setup.options.groups);
    results::run_document doc(names);
    doc.run = describe_run(setup, command_line);
    doc.environment = describe_environment();
    doc.scenario = setup.scenario;
    doc.workload = results::echo_of(setup.workload);
    doc.interval_file = results::stream_path(output);
    run_watcher watcher(setup, doc, doc.interval_file, arguments.quiet);
    setup.options.watcher = &watcher;
    for (const std::string& w : setup.warnings)
        watcher.message("Warning: " + w);
    watcher.message("Run " + setup.run_id + ": " + setup.scenario.name);
    watcher.message("  against " + describe_target(setup));
    watcher.message("  " + std::to_string(setup.options.cores) +
                    (setup.options.cores == 1 ? " core" : " cores") + ", seed " +
                    std::to_string(setup.scenario.seed));

    catch_signals();
    engine::run_result result = engine::execute(setup.options, stop_level);
    watcher.finish();
    if (setup.embedded) setup.embedded->stop();
    if (result.target_problem) {
        std::fprintf(stderr, "chopsticks: %s\n", result.problem.c_str());
        if (!doc.interval_file.empty()) ::unlink(doc.interval_file.c_str());
        return exit_usage;
    }
    fill_document(doc, setup, std::move(result), watcher.used());
    // Before anything is printed: a closed pipe or a slow pager must not cost the result.
    const results::written where = results::write_result(output, doc);
    if (!where.problem.empty()) std::fprintf(stderr, "chopsticks: %s\n", where.problem.c_str());
    if (!doc.run.problem.empty()) std::fprintf(stderr, "chopsticks: %s\n", doc.run.problem.c_str());
    if (!arguments.quiet) {
        // A result that goes to the standard output has it for itself.
        std::FILE* to = doc.interval_file.empty() ? stderr : stdout;
        const std::string report = results::render_report(
            results::to_json_without_intervals(doc), {where.path, doc.interval_file},
            results::terminal_options::of(::fileno(to)));
        std::fwrite(report.data(), 1, report.size(), to);
        std::fflush(to);
    } else {
        for (const std::string& reason : doc.validity.reasons) {
            std::fprintf(stderr, "chopsticks: invalid: %s\n", reason.c_str());
        }
    }
    // A script looks for the result where it asked for it.
    const int status = doc.run.exit_status;
    const bool misplaced = !where.problem.empty();
    return misplaced && (status == exit_ok || status == exit_invalid) ? exit_errors : status;
}

}  // namespace

void add_run_command(CLI::App& app, int& result, const std::vector<std::string>& command_line) {
    auto* command = app.add_subcommand("run", "Runs a scenario and writes its result");
    auto arguments = std::make_shared<run_arguments>();
    add_run_options(*command, *arguments);
    command
        ->add_option(
            "--output", arguments->output,
            "Result file (default: SCENARIO-RUN.json here); intervals go beside it as .jsonl")
        ->type_name("FILE");
    command->add_flag("--quiet", arguments->quiet, "Only problems are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks run -f scenarios/mixed.yaml --embedded\n"
        "  AWS_SECRET_ACCESS_KEY=... chopsticks run -f scenarios/read_only.yaml \\\n"
        "      --endpoint http://rgw1:7480 --endpoint http://rgw2:7480 --access-key K -u 128 -t "
        "5m\n"
        "  chopsticks run -f scenarios/mixed.yaml --workload-config config/s3.yaml --rate 2000 \\\n"
        "      --set groups.0.data.size=1MiB --output result.json\n"
        "Exit status: 0 ran and valid, 1 errors over the limit, 2 bad usage or target, 3 the "
        "generator was the limit, 130 interrupted.");
    command->callback(
        [arguments, &result, command_line] { result = run(*arguments, command_line); });
}

}  // namespace chopsticks::cli
