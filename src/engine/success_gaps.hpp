#pragma once
/// \file
/// When a target gave no success: what a core notes of it, and what that is over all cores.

#include <chopsticks/engine/run.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// A time between two successes.
struct success_gap {
    std::int64_t from_ns = 0;    ///< the success before it, or when the load began
    std::int64_t wanted_ns = 0;  ///< since when something was due in it; `to_ns`: nothing was
    std::int64_t to_ns = 0;
};

/// Successes of one group, or of one of its endpoints, on one core. Belongs to the core. Keeps the
/// gaps that are longer than some milliseconds; with more than `places` of them, those that are
/// longer than most. Takes all memory at once.
class gap_log {
  public:
    static constexpr std::size_t places = 4096;

    explicit gap_log(std::int64_t start_ns) : last_ns_(start_ns) { gaps_.reserve(places); }

    /// Something is due from a time on; until the next success.
    void wanted(std::int64_t since_ns) noexcept {
        if (wanted_ns_ == 0) wanted_ns_ = since_ns;
    }
    /// \param more something else is under way, or waits
    void success(std::int64_t at_ns, bool more) noexcept {
        // Answers of one turn of the loop may come out of their order.
        if (at_ns > last_ns_) {
            if (at_ns - last_ns_ >= shortest_ns_) [[unlikely]]
                add(at_ns);
            last_ns_ = at_ns;
        }
        wanted_ns_ = more ? at_ns : 0;
    }
    /// Nothing is due any more, whatever was not answered with a success: until it is wanted again
    /// the target's silence is nobody's.
    void rest(std::int64_t at_ns) noexcept {
        if (wanted_ns_ != 0) success(at_ns, false);
    }

    /// All of it, with what has been going on since the last success. For the end of the load.
    std::vector<success_gap> gaps() const;

  private:
    void add(std::int64_t to_ns) noexcept;
    success_gap until(std::int64_t to_ns) const noexcept;

    std::int64_t last_ns_;
    std::int64_t wanted_ns_ = 0;  ///< 0: nothing is
    std::int64_t shortest_ns_ = 10'000'000;
    std::vector<success_gap> gaps_;
};

/// A gap log of each core, put together.
class core_gaps {
  public:
    void add(const gap_log& core);

    /// The times in which no core had a success, in their order.
    std::vector<success_gap> together() const;

  private:
    std::vector<std::vector<success_gap>> cores_;
};

/// What they come to between two times (monotonic_ns).
/// \param successes in that time; \param service their service times
/// \param in_flight the most that were under way at once: what one gap can have held up
/// \param held_up_ns the longest time for which every core was kept from running: a gap of about
/// that length is the generator's, not an outage
silence_figures silence_between(const core_gaps& gaps, std::int64_t from_ns, std::int64_t to_ns,
                                std::uint64_t successes, const stats::histogram& service,
                                std::uint64_t in_flight, std::int64_t held_up_ns = 0);

}  // namespace chopsticks::engine
