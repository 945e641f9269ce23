#pragma once
/// \file
/// One group on one core: its users and their pace. What they work on is the source's business,
/// what became of it goes to the records.

#include <atomic>
#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/load/level_curve.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "budget.hpp"
#include "dispatcher.hpp"
#include "group_records.hpp"
#include "housekeepers.hpp"
#include "pacing_meter.hpp"
#include "work_source.hpp"

namespace chopsticks::engine {

class worker;

/// What is wanted of a group in one process.
struct group_wish {
    std::uint64_t users = 0;
    std::uint32_t rate_share = 0;  ///< millionths of the rate of all processes

    bool operator==(const group_wish&) const = default;
};

/// How much faster than planned for it a core of the process works a rate's plan off: the plan is
/// dealt to the world's cores alike, a wish to those of one process.
constexpr double share_of_plan(const group_wish& wanted, unsigned own_cores,
                               unsigned world_cores) noexcept {
    return static_cast<double>(wanted.rate_share) / load_control::whole_rate * world_cores /
           own_cores;
}

/// Belongs to the core, except where a comment says otherwise.
class group_core final : public runtime::pump {
  public:
    group_core(worker& owner, std::size_t index);
    ~group_core() override;

    core_driver& driver() noexcept { return *driver_; }
    work_source& source() noexcept { return *source_; }
    const work_source& source() const noexcept { return *source_; }
    /// Of prepare and cleanup.
    housekeepers& keepers() noexcept { return keepers_; }
    const housekeepers& keepers() const noexcept { return keepers_; }

    /// What the user should know where the cores cannot keep the law of popularity together.
    std::string popularity_note() const;

    /// What whoever steers the load wants of the group in this process from a time on: users of a
    /// closed loop, at once; of an open one the share of its rate. First before `start_load`.
    void steer(std::int64_t at_ns, const group_wish& wanted);
    /// Nothing is wanted of it.
    bool resting() const noexcept { return resting_; }
    /// Starts the users (or the dispatcher); the load's times are in the worker.
    void start_load();
    /// Takes what has become due; the loop does the same after each turn.
    void take_due(std::int64_t now_ns) {
        if (open_loop_) run_due(now_ns);
    }
    /// No new work from now on; wakes whoever waits for some.
    void stop_load();
    /// Counts what waits in the queue as unfinished; once, at the load's end.
    void record_unfinished(std::int64_t end_ns);
    /// Ends what is in flight, of prepare and cleanup too.
    void cancel_all();

    /// A limit of the run (operations, bytes) is used up and nothing is under way any more. True
    /// also where nobody asked for more: of users that all think, or of a core that has none.
    bool finished() const noexcept;
    /// When the last task ended; 0: none did.
    std::int64_t last_done_ns() const noexcept { return last_done_ns_; }
    /// Not 0: nothing is left to work on, and since when. Any thread.
    std::atomic<std::int64_t> exhausted_ns{0};

    /// Coroutines that have not ended.
    std::uint64_t users_alive() const noexcept { return users_alive_; }
    std::uint64_t in_flight() const noexcept { return in_flight_; }

    std::int64_t run_due(std::int64_t now_ns) override;

    /// Counts since the last hand-over, by the bin of the task's intended time.
    std::vector<load_figures> take_load();
    const stats::histogram& schedule_lag() const noexcept { return schedule_lag_; }
    /// Null: not an open loop on a curve.
    const pacing_meter* pacing() const noexcept { return pacing_.get(); }
    /// As group_records has them.
    const std::vector<gap_log>& gap_logs() const noexcept { return records_.gap_logs(); }

  private:
    struct prepared_step {
        const bound_step* bound;
        group_records::entry as;
        std::uint16_t number;  // among all steps of the group
    };
    struct prepared_task {
        std::vector<prepared_step> steps;
        std::uint64_t skipped_at = 0;  // the value of `changes_` when it last found nothing
    };
    struct user {
        std::unique_ptr<session> connection;
        group_records::part_recorder parts;
        std::size_t number = 0;            // of this core's
        std::coroutine_handle<> waiting;   // open loop: idle; closed: above the wanted number
        std::int64_t intended_ns = 0;      // open loop: of the work handed to it
        trace::planned_operation planned;  // replay: the work handed to it
        std::int64_t backoff_ns = 0;       // closed loop: after failures in no time
        op_status last = op_status::ok;
        bool skipped = false;
        bool active = false;   // closed loop: it has its turn
        bool pausing = false;  // closed loop: between two tasks
    };
    struct due_taker;
    struct wait_above;

    /// What a core takes of a limit of the run at a time. Of one whose users may be sent away no
    /// more than it uses at once: nobody else could have the rest.
    std::uint64_t batch_of(std::uint64_t usual) const noexcept {
        return control_ != nullptr ? 1 : usual;
    }

    /// \param number over all cores, from 0
    runtime::task<void> closed_user(user& u, std::uint64_t number);
    /// When user `number` (as above) has its turn: now or later; INT64_MAX: never again.
    std::int64_t turn_of(std::uint64_t number, std::int64_t now_ns) const noexcept;
    void set_active(user& u, bool active) noexcept {
        if (u.active != active) change_active(u);
    }
    void change_active(user& u) noexcept;
    void want_users(std::size_t users);
    /// Nobody is waited for any more where nothing is wanted and the last task has ended.
    void look_for_rest() noexcept;
    void tell_wanted(load_figures& of) const noexcept;
    bool may_start(std::int64_t now_ns);
    std::int64_t think_ns();
    void start_open();
    runtime::task<void> open_user(user& u);
    /// The operation that a task which is never begun would have begun with.
    std::uint16_t slot_of_next(const trace::planned_operation* recorded) noexcept;
    /// False: the run's limit of operations or bytes is used up.
    bool take_from_budget(std::int64_t due_ns);
    runtime::task<void> do_task(user& u, std::int64_t intended_ns);
    void found_nothing(prepared_task& t);

    worker& owner_;
    const scenario::group& plan_;
    std::uint64_t seed_;
    trace::replay_lane* replay_;  // null: the load is no recording
    random_stream random_;
    std::unique_ptr<core_driver> driver_;
    std::unique_ptr<work_source> source_;
    housekeepers keepers_;
    group_records records_;
    std::vector<std::unique_ptr<bound_step>> bound_;  // the steps of `tasks_`
    std::vector<prepared_task> tasks_;
    load::task_mix mix_;
    bool open_loop_;
    bool stopped_by_budget_ = false;
    std::vector<user> users_;
    std::uint64_t users_alive_ = 0;
    std::uint64_t in_flight_ = 0;
    std::uint64_t in_flight_max_ = 0;  // since the last hand-over
    bool accepting_ = false;
    bool queue_counted_ = false;  // record_unfinished was called
    std::int64_t last_done_ns_ = 0;
    std::uint64_t changes_ = 1;  // tasks begun: what may have made something to work on

    load::level_curve user_levels_;  // closed loop
    std::uint64_t users_active_ = 0;

    load_control* control_;  // null: nobody steers
    std::size_t index_;      // of the group
    group_wish wish_;
    std::size_t users_wanted_ = SIZE_MAX;  // closed loop: users from this number on do nothing
    bool resting_ = false;                 // nothing is wanted

    // Open loop.
    dispatcher due_;                      // of a closed loop: nothing is ever in it
    std::optional<due_source> due_from_;  // none: the load has not begun
    std::unique_ptr<pacing_meter> pacing_;
    std::vector<user*> idle_;  // last in, first out: few connections where few suffice
    stats::histogram schedule_lag_;

    std::vector<load_figures> load_;  // by bin
    budget operations_;
    budget bytes_;
};

}  // namespace chopsticks::engine
