#include "run_marks.hpp"

#include <unistd.h>

#include <chopsticks/results/text.hpp>

namespace chopsticks::cli {

namespace {

/// So much of a command is in its marks.
constexpr std::size_t command_columns = 80;

void take_end(run_watcher& watcher, const std::string& command,
              const live::phase_command_end& end) {
    const std::string what = end.phase + ": " + std::string(results::cut(command, command_columns));
    const std::string text = end.failure.empty() ? what : what + ": " + end.failure;
    watcher.mark(stats::event_source::phase, text, end.began_ns, end.ended_ns);
    if (!end.failure.empty()) watcher.warn("--on-phase, " + text);
}

}  // namespace

run_marks::run_marks(const run_setup& setup, const phase_command& on_phase,
                     const std::string& output, run_watcher& watcher, run_notes* notes)
    : notes_(notes) {
    if (!on_phase.command.empty()) {
        live::phase_commands::variables set = {
            {"CHOPSTICKS_PID", std::to_string(::getpid())},
            {"CHOPSTICKS_RUN_ID", setup.run_id},
            {"CHOPSTICKS_SCENARIO", setup.scenario.name},
            {"CHOPSTICKS_OUTPUT", output},
        };
        set.insert(set.end(), on_phase.set.begin(), on_phase.set.end());
        commands_.emplace(
            on_phase.command, on_phase.most_ns, set,
            [&watcher, command = on_phase.command](const live::phase_command_end& end) {
                take_end(watcher, command, end);
            });
    }
    if (notes_ == nullptr)
        notes_ = &own_notes_.emplace(setup.scenario.name + ", run " + setup.run_id);
    notes_->give_to(watcher);
    if (!notes_->problem().empty())
        watcher.message("Warning: annotate cannot reach this run: " + notes_->problem());
}

void run_marks::on_phase(engine::phase p) {
    if (commands_) commands_->begin(std::string(engine::name(p)));
}

void run_marks::finish() {
    commands_.reset();
    // Those that have arrived were taken when its own listener is gone.
    if (own_notes_) own_notes_->finish();
    notes_->keep();
}

}  // namespace chopsticks::cli
