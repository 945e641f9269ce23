#pragma once
/// \file
/// What a load is to be while it goes, where somebody outside of the run decides that: how many
/// users a group has, or which share of its rate, and when it ends.

#include <atomic>
#include <chopsticks/scenario/scenario.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// Where whoever steers and the run of one process meet: wishes go one way, the number of users
/// there are the other. Every call may come from any thread, and none locks, allocates or throws
/// but the constructor. Nothing but the numbers is handed over: reads and writes are relaxed, and
/// two of them made one after the other may be seen in either order. Wishes are absolute, and the
/// last one counts: the run looks every 20 ms, and one that was replaced before is never seen.
///
/// Groups are numbered as in run_options::groups; a number beyond them is a mistake of the program.
/// It outlives the run.
class load_control {
  public:
    /// All of a rate.
    static constexpr std::uint32_t whole_rate = 1'000'000;

    /// Nobody is wanted, nor any rate.
    /// \param users_most by group: how many users this process can have of it at most, for each of
    /// which it has a session from the start; of an open-loop group (whose scenario says it) not
    /// looked at
    explicit load_control(std::vector<std::uint64_t> users_most);
    load_control(const load_control&) = delete;
    load_control& operator=(const load_control&) = delete;

    std::size_t groups() const noexcept { return groups_.size(); }
    std::uint64_t users_most(std::size_t group) const noexcept { return of(group).users_most; }

    /// \name For whoever steers
    /// \{

    /// How many users of a closed-loop group this process is to have from now on; those above it
    /// end after the task (sequence of steps) that they are in. Of an open-loop group it says
    /// nothing. False: more than users_most; it is to have so many, and users_cut tells.
    bool want_users(std::size_t group, std::uint64_t users) noexcept;

    /// Which share of the rate that the scenario gives to all processes together an open-loop group
    /// is to have in this one from now on: millionths, more than whole_rate counts as that. 0
    /// pauses it: what would have become due meanwhile never does. Of a closed-loop group it says
    /// nothing.
    void want_rate_share(std::size_t group, std::uint32_t millionths) noexcept;

    /// The load ends, as at a planned end, whatever is wanted.
    void finish() noexcept { finished_.store(true, std::memory_order_relaxed); }

    /// How many users of a closed-loop group there are now in this process, over its cores: above
    /// the wanted number while some are in their last task.
    std::uint64_t users_alive(std::size_t group) const noexcept;

    /// The most users that were asked for of a group beyond users_most; 0: never more than that.
    std::uint64_t users_cut(std::size_t group) const noexcept;
    /// \}

    /// \name For the run
    /// \{
    std::uint64_t wanted_users(std::size_t group) const noexcept;
    std::uint32_t wanted_rate_share(std::size_t group) const noexcept;
    bool finished() const noexcept { return finished_.load(std::memory_order_relaxed); }

    /// One more user there is, or one less; each that left had come.
    void user_came(std::size_t group) noexcept;
    void user_left(std::size_t group) noexcept;
    /// \}

  private:
    /// What cores write has another cache line than what they read.
    struct group_numbers {
        std::uint64_t users_most = 0;
        std::atomic<std::uint64_t> wanted_users{0};
        std::atomic<std::uint64_t> cut{0};
        std::atomic<std::uint32_t> wanted_share{0};
        alignas(64) std::atomic<std::uint64_t> alive{0};
    };

    const group_numbers& of(std::size_t group) const noexcept;
    group_numbers& of(std::size_t group) noexcept;

    std::vector<group_numbers> groups_;
    std::atomic<bool> finished_{false};
};

/// Why nobody else can say how large the load of this scenario is, a full sentence for the user;
/// empty: a run_options::control can.
std::string steering_problem(const scenario::scenario& plan);

}  // namespace chopsticks::engine
