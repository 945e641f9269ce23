#pragma once
/// \file
/// One core's part of a run: its loop, its groups, its recorders. Everything here lives on the
/// core's thread except where a comment says otherwise.

#include <atomic>
#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/load/arrival.hpp>
#include <chopsticks/load/population.hpp>
#include <chopsticks/load/task_choice.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "block_work.hpp"
#include "collector.hpp"
#include "dispatcher.hpp"
#include "load_times.hpp"
#include "pacing_meter.hpp"
#include "replay_work.hpp"
#include "success_gaps.hpp"

namespace chopsticks::engine {

/// Takes operations or bytes from a limit shared by all cores, in batches, so that the shared
/// counter is touched rarely and the limit is still met exactly.
class budget {
  public:
    budget(std::atomic<std::uint64_t>* shared, std::uint64_t batch)
        : shared_(shared), batch_(batch) {}
    /// False: the limit is used up.
    bool take(std::uint64_t amount) noexcept;
    bool limited() const noexcept { return shared_ != nullptr; }
    /// Nothing is left, here or for any other core.
    bool used_up() const noexcept {
        return shared_ != nullptr && local_ == 0 && shared_->load(std::memory_order_relaxed) == 0;
    }

  private:
    std::atomic<std::uint64_t>* shared_;  // null: no limit
    std::uint64_t batch_;
    std::uint64_t local_ = 0;
};

/// What all cores of a run share; written before the cores start, but for the atomics.
struct shared_state {
    const run_options* options = nullptr;
    stats::layout names;
    /// [group][task][step] -> index into names.operations
    std::vector<std::vector<std::vector<std::uint16_t>>> slots;
    std::vector<std::uint16_t> first_endpoint;  ///< by group: index into names.endpoints
    std::atomic<std::uint64_t> operations_left{0};
    std::atomic<std::uint64_t> bytes_left{0};
};

class worker;

/// Streams of random numbers of one group on one core that must not be correlated.
enum : std::uint64_t {
    stream_choice = 1,
    stream_arrivals,
    stream_keys,
    stream_words,
    stream_buckets,
    stream_blocks,
    stream_backoff
};

/// One group on one core: its users, its objects and, for an open loop, what is due.
class group_core final : public runtime::pump {
  public:
    group_core(worker& owner, std::size_t index);
    ~group_core() override;

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
    /// Ends what is in flight.
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

    core_driver& driver() noexcept { return *driver_; }
    load::population& objects() noexcept { return objects_; }

    /// The images that open_target found, before prepare and load.
    void set_extents(const std::vector<std::uint64_t>& images);
    /// What the user should know where the cores cannot keep the law of popularity together.
    std::string popularity_note() const;
    /// How many operations prepare will need here.
    std::uint64_t to_prepare() const noexcept;
    /// How many of them have not succeeded yet.
    std::uint64_t missing() const noexcept;

    /// Makes the initial objects with `concurrency` sessions; `done` is called at the end.
    void prepare(unsigned concurrency, std::function<void()> done) {
        start_helpers(true, concurrency, std::move(done));
    }
    /// Removes all that may exist.
    void clean(unsigned concurrency, std::function<void()> done) {
        start_helpers(false, concurrency, std::move(done));
    }
    /// Ends prepare or clean early; `done` is still called. Without `cut`, what is in flight may
    /// end: a put that is cut off may still be carried out, after cleanup has removed its object.
    void stop_helpers(bool cut);
    /// The initial objects are there already.
    void adopt_objects() { objects_.adopt_initial(); }

    /// Objects that may exist: those that clean would have to remove, and those that it had in hand
    /// and did not remove.
    std::uint64_t objects_left() const noexcept {
        return objects_.leftovers() + objects_abandoned_;
    }
    /// The same of the buckets that operations made.
    std::uint64_t containers_left() const noexcept {
        return containers_.leftovers() + containers_abandoned_;
    }

    /// Progress of prepare and clean; read by the main thread.
    std::atomic<std::uint64_t> progress_done{0};
    std::atomic<std::uint64_t> progress_failed{0};  ///< attempts
    std::atomic<std::int64_t> last_success_ns{0};   ///< monotonic; 0: none yet
    /// The last failure of prepare or clean; empty once something has succeeded since.
    const std::string& last_failure() const noexcept { return last_failure_; }
    /// First failure of prepare or clean that no patience mends; read after `done`.
    std::string problem;
    /// Why not all of it was done: the first of the two that there is.
    const std::string& why_not() const noexcept {
        return problem.empty() ? last_failure_ : problem;
    }

    std::int64_t run_due(std::int64_t now_ns) override;

    /// Counts since the last hand-over, by the bin of the task's intended time.
    std::vector<load_figures> take_load();
    const stats::histogram& schedule_lag() const noexcept { return schedule_lag_; }
    /// Null: not an open loop on a curve.
    const pacing_meter* pacing() const noexcept { return pacing_.get(); }
    /// Successes of the group, and of each endpoint if it has several. Empty before the load.
    const std::vector<gap_log>& gap_logs() const noexcept { return gap_logs_; }

  private:
    struct prepared_step {
        const scenario::step* what;
        const bound_step* bound;
        scenario::subject_use use;
        bool receives;         // the object's bytes, all or a part of them
        std::uint16_t slot;    // index into the layout's operations
        std::uint16_t number;  // among all steps of the group
    };
    struct prepared_task {
        std::vector<prepared_step> steps;
        bool removes_own = false;      // a sequence that deletes what it puts
        std::uint64_t skipped_at = 0;  // the value of `changes_` when it last found nothing
    };
    struct user {
        std::unique_ptr<session> connection;
        std::coroutine_handle<> waiting;   // open loop: idle
        std::int64_t intended_ns = 0;      // open loop: of the work handed to it
        trace::planned_operation planned;  // replay: the work handed to it
        std::int64_t backoff_ns = 0;       // closed loop: after failures in no time
        op_status last = op_status::ok;
        bool skipped = false;
        bool active = false;  // closed loop: it has its turn
    };
    /// What one step of a task works on, and how it must be given back.
    struct claim {
        enum class kind : std::uint8_t { none, read, put, overwrite, remove, own };
        kind how = kind::none;
        scenario::subject_use use = scenario::subject_use::none;
        load::population* from = nullptr;
        load::object_ref ref{};
    };
    struct due_taker;
    /// What the steps of a sequence hand on.
    struct sequence_state {
        bool has_object = false;  ///< `object` is what the steps so far worked on
        bool own = false;         ///< it is known to this sequence alone
        bool gone = true;         ///< own: nothing of it is left on the target
        load::object_ref object{};
        bool has_place = false;  ///< `place` is the block that the steps so far worked on
        load::block_place place;
    };

    /// An operation of prepare or cleanup.
    struct chore {
        const scenario::catalogue::operation* row = nullptr;
        std::unique_ptr<bound_step> bound;
    };

    void start_helpers(bool preparing, unsigned concurrency, std::function<void()> done);
    chore make_chore(std::string_view operation_name);
    runtime::task<void> closed_user(user& u, std::uint64_t number);
    std::int64_t turn_of(std::uint64_t number, std::int64_t now_ns) const noexcept;
    void start_open();
    std::uint16_t slot_of_next(const trace::planned_operation* recorded) noexcept;
    runtime::task<void> open_user(user& u);
    /// False: the run's limit of operations or bytes is used up.
    bool take_from_budget(std::int64_t due_ns);
    bool claim_recorded(const user& u, scenario::subject_use use, claim& c);
    bool begin_recorded_block(const user& u, const prepared_step& step, operation& op);
    void size_recorded(const user& u, const prepared_step& step, const claim& c,
                       operation& op) noexcept;
    runtime::task<void> do_task(user& u, std::int64_t intended_ns);
    /// How an operation ended that is repeated.
    enum class insisted : std::uint8_t { done, refused, stopped };
    /// Repeats an operation of helper `number` until it succeeds, is refused for a reason that time
    /// does not mend, or the helpers are told to stop.
    runtime::task<insisted> insist(std::size_t number, const operation& op,
                                   const scenario::catalogue::operation& row);
    runtime::task<void> prepare_some(std::size_t number);
    runtime::task<void> prefill_some(std::size_t number);
    runtime::task<void> clean_some(std::size_t number);
    runtime::task<void> run_helper(bool preparing, std::size_t number);
    /// Chooses what the step works on; false if there is nothing.
    bool begin_step(const user& u, const prepared_step& step, sequence_state& state, claim& c,
                    operation& op);
    bool begin_block(const user& u, const prepared_step& step, sequence_state& state,
                     operation& op);
    void end_step(const claim& c, sequence_state& state, bool ok);
    void finish_task(std::size_t bin, op_status last);
    void found_nothing(prepared_task& t);
    void log(const prepared_step& step, const operation& op, const outcome& out,
             std::int64_t intended_ns) noexcept;
    void record(std::uint16_t slot, const operation& op, const outcome& out,
                std::int64_t intended_ns, bool cut_off);
    /// Before an operation. Returns the endpoint that is asked.
    std::size_t note_wanted(const session& by, std::int64_t intended_ns) noexcept;
    /// And behind it.
    void note_gaps(const outcome& out, std::size_t asked) noexcept;
    bool may_start(std::int64_t now_ns);
    std::int64_t think_ns();

    worker& owner_;
    std::size_t index_;
    const scenario::group& plan_;
    const scenario::catalogue::workload& workload_;
    std::uint64_t seed_;
    std::uint64_t data_seed_;
    random_stream random_;
    std::unique_ptr<core_driver> driver_;
    std::vector<std::unique_ptr<bound_step>> bound_;  // the steps of `tasks_`
    trace::op_log_lane* op_log_;                      // null: no operation log
    load::population objects_;
    load::population containers_;
    std::unique_ptr<block_work> blocks_;  // set by set_extents: a group of block devices
    std::uint64_t blocks_filled_ = 0;
    load::task_mix mix_;
    bool open_loop_;
    std::vector<prepared_task> tasks_;
    bool stopped_by_budget_ = false;
    std::vector<user> users_;
    std::vector<std::unique_ptr<session>> helpers_;  // of prepare and clean
    std::size_t helpers_alive_ = 0;
    chore making_;
    chore removing_;
    chore removing_containers_;
    std::function<void()> helpers_done_;
    bool helpers_stop_ = false;
    random_stream helpers_random_;  // of their back-off: no choice of the load hangs on it
    std::uint64_t objects_abandoned_ = 0;
    std::uint64_t containers_abandoned_ = 0;
    std::uint64_t refused_in_row_ = 0;
    std::string last_failure_;
    std::uint64_t users_alive_ = 0;
    std::uint64_t in_flight_ = 0;
    std::uint64_t in_flight_max_ = 0;  // since the last hand-over
    bool accepting_ = false;
    bool queue_counted_ = false;  // record_unfinished was called
    std::int64_t last_done_ns_ = 0;
    std::uint64_t changes_ = 1;      // tasks begun: what may have made something to work on
    std::vector<gap_log> gap_logs_;  // of the group; then, if there are several, of each endpoint
    std::vector<std::uint64_t> endpoint_in_flight_;  // where there are several

    load::level_curve user_levels_;  // closed loop
    std::uint64_t users_active_ = 0;
    std::unique_ptr<replay_work> replay_;  // null: no replay

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

class worker final : public runtime::pump {
  public:
    worker(shared_state& shared, collector& sink, unsigned own_number);
    ~worker() override;

    /// From the main thread: the loop, to post to.
    runtime::reactor& loop() noexcept { return loop_; }

    /// Main thread: starts the core's thread, which makes the groups and runs the loop.
    void start();
    /// Main thread: stops the loop and waits for the thread, which destroys the groups.
    void stop();

    // On the core's thread:
    void start_load(const load_times& times);
    /// The measure phase begins earlier than planned, at this time, and ends so much earlier.
    void begin_measure(std::int64_t at_ns);
    /// The measure phase ends now, earlier than planned.
    void end_early(std::int64_t now_ns);
    void stop_load();
    void cancel_all(bool drain_expired);
    std::uint64_t in_flight() const noexcept;
    std::uint64_t users_alive() const noexcept;
    std::vector<std::unique_ptr<group_core>>& groups() noexcept { return groups_; }
    /// Ends the last interval early and hands it over.
    void finish_intervals();

    std::int64_t run_due(std::int64_t now_ns) override;

    // For group_core:
    shared_state& shared() noexcept { return shared_; }
    const load_times& times() const noexcept { return times_; }
    /// Its number in the run's world, and how many that has: what all is dealt by.
    unsigned core() const noexcept { return shared_.options->first_core + own_number(); }
    unsigned cores() const noexcept { return shared_.options->world_cores(); }
    /// Among those of this process.
    unsigned own_number() const noexcept { return loop_.core(); }
    bool drain_expired() const noexcept { return drain_expired_; }
    std::size_t bin_of(std::int64_t intended_ns) const noexcept {
        return times_.bin_of(intended_ns, bin_now_);
    }
    stats::recorder& recorder(std::size_t bin) {
        auto& found = current_->bins[bin];
        // Of an earlier stage, or of the warm-up: once in an interval.
        if (!found) [[unlikely]]
            found = sink_.take_recorder();
        return *found;
    }

    /// A limit of the run is used up on this core; read by the main thread.
    std::atomic<bool> finished{false};
    /// When its last task had ended then.
    std::atomic<std::int64_t> finished_ns{0};
    /// Tasks in flight, as of the last turn; read by the main thread.
    std::atomic<std::uint64_t> live_in_flight{0};

  private:
    void hand_over(std::int64_t now_ns);
    void use_empty(std::unique_ptr<record_set> set, std::int64_t now_ns);

    shared_state& shared_;
    collector& sink_;
    runtime::reactor loop_;
    std::thread thread_;
    std::vector<std::unique_ptr<group_core>> groups_;
    load_times times_;
    std::size_t bin_now_ = 0;  // of the interval's start
    bool loading_ = false;
    bool limited_ = false;
    bool drain_expired_ = false;
    std::unique_ptr<record_set> current_;
    std::int64_t interval_start_ns_ = 0;
    std::int64_t next_tick_ns_ = 0;
    runtime::loop_figures last_figures_;
    std::int64_t last_cpu_ns_ = 0;
    std::uint64_t last_voluntary_ = 0;
    std::uint64_t last_involuntary_ = 0;
    driver_counters last_connections_;
};

}  // namespace chopsticks::engine
