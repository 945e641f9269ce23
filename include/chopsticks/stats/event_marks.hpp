#pragma once
/// \file
/// What happened while a run went, on the time axis of its intervals: what somebody noted, what a
/// phase's command did, what a cluster told of itself.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::stats {

/// Who told of an event.
enum class event_source : std::uint8_t {
    annotate,  ///< a person or a script, in words
    signal,    ///< the same, by a signal and without words
    phase,     ///< a command that was run as a phase began
    ceph,      ///< the cluster
    finding,   ///< what the figures of the run said when they were looked at
    steering,  ///< whoever decides from outside how much load there is
};
std::string_view name(event_source source) noexcept;
/// The source of that name; none: there is no such.
std::optional<event_source> event_source_named(std::string_view name) noexcept;

struct event_mark {
    double start_s = 0;           ///< since the load began, as of intervals; before it negative
    std::optional<double> end_s;  ///< not before start_s; none: an instant
    event_source source = event_source::annotate;
    std::string text;

    /// The same on an axis that begins so much earlier.
    event_mark moved(double later_s) const;

    friend auto operator<=>(const event_mark&, const event_mark&) = default;
};

/// The event marks of a run: those that began first, and how many there were beyond. What is kept
/// does not depend on the order in which they are added. Not thread safe.
class event_marks {
  public:
    static constexpr std::size_t most = 512;
    /// What is longer is cut there, between two characters.
    static constexpr std::size_t text_bytes_max = 400;

    void add(event_mark mark);
    /// Counts some that whoever kept them had left out already.
    void add_dropped(std::uint64_t count) noexcept { dropped_ += count; }

    /// Those that were kept, by when they began.
    const std::vector<event_mark>& list() const noexcept { return list_; }
    std::uint64_t dropped() const noexcept { return dropped_; }

    /// Adds those of another whose load began `later_s` after this one's.
    void add(const event_marks& other, double later_s);

  private:
    std::vector<event_mark> list_;
    std::uint64_t dropped_ = 0;
};

}  // namespace chopsticks::stats
