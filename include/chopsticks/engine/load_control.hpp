#pragma once
/// \file
/// What a load is to be while it goes, where somebody outside of the run decides that: how many
/// users a group has, or which share of its rate.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace chopsticks::engine {

/// Where whoever steers and the cores of one process meet: wishes go one way, the number of users
/// there are the other. Every call may come from any thread, and none locks, allocates or throws
/// but the constructor. Nothing but the numbers is handed over: reads and writes are relaxed, and
/// two of them made one after the other may be seen in either order. Wishes are absolute, and the
/// last one counts: one that was replaced before a core looked is never seen.
///
/// Groups are numbered as in run_options::groups; a number beyond them is a mistake of the program.
/// It outlives the run.
class load_control {
  public:
    /// All of a rate.
    static constexpr std::uint32_t whole_rate = 1'000'000;

    /// Nobody is wanted, nor any rate.
    explicit load_control(std::size_t groups) : groups_(groups) {}
    load_control(const load_control&) = delete;
    load_control& operator=(const load_control&) = delete;

    std::size_t groups() const noexcept { return groups_.size(); }

    /// \name For whoever steers
    /// \{

    /// How many users of a closed-loop group this process is to have from now on; those above it
    /// are to end after the task (sequence of steps) that they are in. Of an open-loop group it
    /// says nothing.
    void want_users(std::size_t group, std::uint64_t users) noexcept;

    /// Which share of the scenario's rate an open-loop group is to have in this process from now
    /// on: millionths, more than whole_rate counts as that; 0 pauses it. Of a closed-loop group it
    /// says nothing.
    void want_rate_share(std::size_t group, std::uint32_t millionths) noexcept;

    /// How many users of a group there are now in this process, over its cores: above the wanted
    /// number while some are in their last task.
    std::uint64_t users_alive(std::size_t group) const noexcept;
    /// \}

    /// \name For the cores
    /// \{
    std::uint64_t wanted_users(std::size_t group) const noexcept;
    std::uint32_t wanted_rate_share(std::size_t group) const noexcept;

    /// One more user there is, or one less; each that left had come.
    void user_came(std::size_t group) noexcept;
    void user_left(std::size_t group) noexcept;
    /// \}

  private:
    /// Cores read a wish with every task: what they write has another cache line.
    struct group_numbers {
        alignas(64) std::atomic<std::uint64_t> wanted_users{0};
        std::atomic<std::uint32_t> wanted_share{0};
        alignas(64) std::atomic<std::uint64_t> alive{0};
    };

    const group_numbers& of(std::size_t group) const noexcept;
    group_numbers& of(std::size_t group) noexcept;

    std::vector<group_numbers> groups_;
};

}  // namespace chopsticks::engine
