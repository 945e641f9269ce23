#pragma once
/// \file
/// Where the event marks of a run come from: notes that people and scripts give it, and commands of
/// its phases.

#include <chopsticks/live/phase_commands.hpp>
#include <optional>
#include <string>

#include "run_notes.hpp"
#include "run_watcher.hpp"

namespace chopsticks::cli {

/// A command to run as each phase begins.
struct phase_command {
    std::string command;  ///< empty: none
    std::int64_t most_ns = 60'000'000'000;
    live::phase_commands::variables set;  ///< in its environment, beside what is said of the run
};

/// Takes them until `finish`. The watcher has to tell it of phases, and outlives it.
class run_marks final : public engine::observer {
  public:
    /// \param output the result file, for the command's environment
    /// \param notes those of the series that the run is of; null: takes its own
    run_marks(const run_setup& setup, const phase_command& on_phase, const std::string& output,
              run_watcher& watcher, run_notes* notes);
    ~run_marks() override { finish(); }
    run_marks(const run_marks&) = delete;
    run_marks& operator=(const run_marks&) = delete;

    void on_phase(engine::phase p) override;

    /// Ends commands that still run; the watcher has all marks then.
    void finish();

  private:
    std::optional<live::phase_commands> commands_;
    std::optional<run_notes> own_notes_;
    run_notes* notes_;
};

}  // namespace chopsticks::cli
