#pragma once
/// \file
/// Where the event marks of a run come from: notes that people and scripts give it, and commands of
/// its phases.

#include <chopsticks/live/annotations.hpp>
#include <chopsticks/live/phase_commands.hpp>
#include <optional>
#include <string>

#include "run_watcher.hpp"

namespace chopsticks::cli {

/// A command to run as each phase begins.
struct phase_command {
    std::string command;  ///< empty: none
    std::int64_t most_ns = 60'000'000'000;
};

/// Takes them until `finish`. The watcher has to tell it of phases, and outlives it.
class run_marks final : public engine::observer {
  public:
    /// \param output the result file, for the command's environment
    run_marks(const run_setup& setup, const phase_command& on_phase, const std::string& output,
              run_watcher& watcher);

    void on_phase(engine::phase p) override;

    /// Ends commands that still run; the watcher has all marks then.
    void finish();

  private:
    std::optional<live::phase_commands> commands_;
    std::optional<live::annotation_listener> notes_;
};

}  // namespace chopsticks::cli
