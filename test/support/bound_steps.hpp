#pragma once
// Steps as the tests' own drivers bind them, and operations that a test names before there is a
// driver which could bind their steps.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace chopsticks::test {

/// All of what the scenario says.
struct whole_step final : engine::bound_step {
    explicit whole_step(scenario::step s) : what(std::move(s)) {}
    scenario::step what;
};

/// Of an operation whose step is such a one.
inline const scenario::step& step_of(const engine::operation& op) {
    return static_cast<const whole_step&>(*op.step).what;
}
inline std::uint16_t code_of(const engine::operation& op) {
    return step_of(op).code;
}
inline std::string_view name_of(const engine::operation& op) {
    return step_of(op).op;
}

/// With its parameters at their defaults.
inline scenario::step step_with(std::string_view workload, std::uint16_t code) {
    return scenario::catalogue::plain_step(
        scenario::catalogue::find_workload(workload)->operations.at(code));
}
inline scenario::step step_with(std::string_view workload, std::string_view operation) {
    const auto* const in = scenario::catalogue::find_workload(workload);
    return scenario::catalogue::plain_step(*scenario::catalogue::find_operation(*in, operation));
}

/// A step for an operation that is still to be bound. Kept until the program ends; on the test's
/// thread.
inline const engine::bound_step* keep_step(scenario::step what) {
    static std::deque<whole_step> kept;
    return &kept.emplace_back(std::move(what));
}

/// What a core driver made of such steps.
class bound_steps {
  public:
    bool has(const engine::bound_step* kept) const { return made_.contains(kept); }
    /// On the core.
    void bind(engine::core_driver& by, const engine::bound_step* kept) {
        made_[kept] = by.bind(static_cast<const whole_step&>(*kept).what);
    }
    const engine::bound_step* of(const engine::bound_step* kept) const {
        return made_.at(kept).get();
    }

    /// On the core.
    void clear() { made_.clear(); }

  private:
    std::map<const engine::bound_step*, std::unique_ptr<engine::bound_step>> made_;
};

}  // namespace chopsticks::test
