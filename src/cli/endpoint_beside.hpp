#pragma once
/// \file
/// What the endpoint inside the process saw of a load: a second opinion on what drivers say.

#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/document.hpp>
#include <optional>

namespace chopsticks::cli {

/// From before the first request of the load until its drain is over. Told by the run's main
/// thread.
class endpoint_beside final : public engine::observer {
  public:
    explicit endpoint_beside(const endpoint::server& of) : of_(of) {}

    void on_phase(engine::phase p) override;
    /// After the run. None: there was no load.
    std::optional<results::endpoint_figures> figures() const;

  private:
    const endpoint::server& of_;
    std::optional<endpoint::counters> before_;
    std::optional<endpoint::counters> after_;
};

}  // namespace chopsticks::cli
