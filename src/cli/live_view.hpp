#pragma once
/// \file
/// What others see of a run while it goes: options, and the way from the run to them.

#include <chopsticks/live/monitor.hpp>
#include <chopsticks/live/service.hpp>
#include <optional>
#include <string>

#include "setup.hpp"

namespace chopsticks::cli {

struct executed_run;

/// As typed.
struct view_arguments {
    std::optional<std::string> metrics_listen;
    std::optional<std::string> metrics_linger;
    std::optional<std::string> web_listen;

    bool any() const { return metrics_listen || metrics_linger || web_listen; }
};

void add_view_options(CLI::App& command, view_arguments& a);

/// Listens from its construction on.
class live_view {
  public:
    /// Throws config_error.
    explicit live_view(const view_arguments& a);

    live::run_monitor& monitor() noexcept { return monitor_; }

    /// Where to look; the page's URL holds a secret where others could ask.
    void say_where(bool quiet) const;

    void begin(const run_setup& setup, const stats::layout& names);
    void end(const executed_run& run);
    /// After `end`, of a series live::run_monitor::end_series: waits for those that have not seen
    /// the last figures yet.
    void linger(bool quiet);

  private:
    live::run_monitor monitor_;
    std::int64_t linger_ns_ = 0;
    std::optional<live::service> service_;
};

}  // namespace chopsticks::cli
