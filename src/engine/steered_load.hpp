#pragma once
/// \file
/// A load whose size somebody outside decides, as the main thread sees it: what is wanted, what the
/// cores were told, and what that comes to.

#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/load/steered_cursor.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "steering.hpp"

namespace chopsticks::engine {

/// Belongs to the main thread; all that it refers to outlives it.
class steered_load {
  public:
    /// \param run whose options have a control
    explicit steered_load(steering& run);

    /// Waits until something is wanted. False: the load was finished before, or the run
    /// interrupted.
    bool wait_for_first();

    /// Before the cores begin: what is wanted then, from the load's beginning on.
    void begin(std::int64_t start_ns, collector& sink);

    /// Looks whether something else is wanted now, and tells the cores before that time comes.
    void look(std::int64_t now_ns, collector& sink);

    bool finished() const noexcept { return control_.finished(); }

    /// What came of it, for the result. \param measured_to_ns by group: where its measure phase
    /// ended, which began with the load
    steered_figures figures(const std::vector<std::int64_t>& measured_to_ns);

  private:
    /// What is due of an open-loop group in this process, by what was wanted.
    struct planned {
        explicit planned(load::rate_curve c) : curve(std::move(c)), due(curve) {}
        planned(const planned&) = delete;

        load::rate_curve curve;
        load::steered_cursor due;
    };

    std::vector<group_wish> wanted() const;
    /// Whether anybody or anything is wanted.
    bool wants_any(const std::vector<group_wish>& all) const noexcept;
    void tell(std::int64_t at_ns, std::vector<group_wish> all);

    steering& run_;
    load_control& control_;
    std::int64_t start_ns_ = 0;
    std::vector<group_wish> told_;
    std::vector<std::unique_ptr<planned>> planned_;  ///< by group; null: a closed loop
    steered_figures figures_;
};

}  // namespace chopsticks::engine
