#include "beside_runs.hpp"

#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/series.hpp>
#include <cstdio>

#include "series_run.hpp"

namespace chopsticks::cli {

namespace {

phase_command phase_command_of(const beside_arguments& a) {
    phase_command out;
    out.command = a.on_phase;
    out.set = {{"CHOPSTICKS_TRIAL", "1"}, {"CHOPSTICKS_TRIALS", "1"}, {"CHOPSTICKS_TRIAL_IS", ""}};
    if (!a.on_phase_timeout) return out;
    if (a.on_phase.empty()) throw config_error("--on-phase-timeout: there is no --on-phase");
    const auto most_ns = parse_duration(*a.on_phase_timeout);
    if (!most_ns || *most_ns <= 0)
        throw config_error("--on-phase-timeout: \"" + *a.on_phase_timeout +
                           "\" is not a duration above 0; write 30s, 5m");
    out.most_ns = *most_ns;
    return out;
}

live::trial_outcome::figures shown_figures(const results::point_figures& of) {
    return {of.rate_per_s, of.p50_ns, of.p99_ns, of.failed, of.unanswered()};
}

}  // namespace

void add_beside_options(CLI::App& command, beside_arguments& a) {
    command
        .add_option("--on-phase", a.on_phase,
                    "Runs it by /bin/sh as each phase begins, beside the load; CHOPSTICKS_PHASE "
                    "is the phase")
        ->type_name("CMD");
    command
        .add_option("--on-phase-timeout", a.on_phase_timeout,
                    "Such a command is ended after it (default: 1m)")
        ->type_name("TIME");
    add_view_options(command, a.view);
}

beside_runs::beside_runs(const beside_arguments& a, bool quiet)
    : quiet_(quiet), on_phase_(phase_command_of(a)) {
    if (!a.view.any()) return;
    view_.emplace(a.view);
    view_->say_where(quiet);
}

void beside_runs::join(execution_options& how) {
    how.on_phase = on_phase_;
    how.view = view_ ? &*view_ : nullptr;
    how.notes = notes_ ? &*notes_ : nullptr;
}

void beside_runs::end(const executed_run& run) {
    if (view_) view_->end(run);
}

void beside_runs::begin_series(const live::watched_series& series) {
    catch_signals();
    planned_ = series.planned;
    std::string what = series.scenario + ", " + series.kind;
    if (planned_) what += " of " + counted(*planned_, "run");
    notes_.emplace(what);
    if (view_) view_->monitor().begin_series(series);
}

void beside_runs::begin_trial(const live::watched_trial& trial) {
    on_phase_.set = {{"CHOPSTICKS_TRIAL", std::to_string(trial.number)},
                     {"CHOPSTICKS_TRIALS", planned_ ? std::to_string(*planned_) : ""},
                     {"CHOPSTICKS_TRIAL_IS", trial.what}};
    if (view_) view_->monitor().begin_trial(trial);
}

void beside_runs::end_trial(const series_run& made) {
    if (!view_) return;
    live::trial_outcome out;
    out.state = made.interrupted ? "interrupted" : made.problem.empty() ? "done" : "failed";
    out.exit_status = made.exit_status;
    out.problem = made.problem;
    if (made.done) {
        view_->end(*made.done);
        out.counted = shown_figures(results::point_figures_of(made.done->doc));
        out.result_file = made.done->where.path;
    }
    view_->monitor().end_trial(out);
}

void beside_runs::had_trial(const live::watched_trial& trial, const results::point_figures& figures,
                            int exit_status, const std::string& file) {
    if (!view_) return;
    view_->monitor().begin_trial(trial);
    view_->monitor().end_trial({"done", exit_status, "", shown_figures(figures), file});
}

void beside_runs::wait(const std::string& text) {
    if (view_) view_->monitor().wait(text);
}

void beside_runs::end_series(int exit_status) {
    if (notes_) {
        if (const std::size_t left = notes_->finish(); left > 0)
            std::fprintf(stderr, "chopsticks: %s came behind the last run, and %s in no result\n",
                         counted(left, "note").c_str(), left == 1 ? "is" : "are");
        notes_.reset();
    }
    if (view_) view_->monitor().end_series(exit_status);
}

void beside_runs::linger() {
    if (view_) view_->linger(quiet_);
}

}  // namespace chopsticks::cli
