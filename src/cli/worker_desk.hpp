#pragma once
/// \file
/// Where a worker's link to its master and the thread that makes its runs meet.

#include <atomic>
#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/locust/master_link.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "load_so_far.hpp"
#include "world_plan.hpp"

namespace chopsticks::cli {

/// What becomes of a load whose master has been gone for a minute. One that goes on ends as well
/// when no master has wanted users of it for ten minutes since.
enum class without_master : std::uint8_t { go_on, stop };

/// What the thread that makes runs waits for.
struct desk_event {
    enum class kind : std::uint8_t {
        plan,   ///< `data` is the plan of a run
        users,  ///< users are wanted, and there is no plan
        quit    ///< the master, or a signal, ends the process
    };
    kind what = kind::quit;
    json data;
};

/// What comes of a master's wish while a run goes: its numbers of users go straight to the run's
/// load_control, on the link's thread.
class worker_desk final : public locust::listener {
  public:
    /// \param cores that a run of this worker has
    worker_desk(unsigned cores, without_master lost, bool quiet);
    /// Before anything else. \param link outlives all calls
    void attach(locust::session_access& link) { link_.store(&link); }

    /// \name Of the thread that makes runs
    /// \{
    desk_event wait_for_work();

    /// A run begins. \param plan whose `run` is empty: the master has none
    /// \param control outlives the run
    void begin(const world_plan& plan, const std::vector<scenario::group>& groups,
               engine::load_control& control);
    /// The master lets the run's next phase begin; none: it is to be given up, since the master
    /// stopped it, is gone, or a signal came. \param ends a phase that comes in any case: only a
    /// master that is gone, and a signal, are not waited for
    std::optional<json> wait_for_go(const std::string& phase, bool ends = false);
    /// A phase of the run is done.
    void say_phase(const std::string& phase, json more);
    /// The load is over, and all its operations were counted.
    void load_ended();
    /// Of the run's result: all of it, before `end`.
    void say_result(const std::string& text, const std::string& problem);
    /// The run has come to its end.
    void end();
    /// Before the run: nothing comes of it.
    void say_refused(const std::string& run, const std::string& problem);

    /// What the run did. Any thread.
    void add(const engine::interval& one, const stats::layout& names);
    /// What its load has come to until now, to the master. Any thread.
    void say_so_far(load_so_far& load);
    /// \}

    /// Whether no further run shall be made.
    bool quits() const noexcept { return quits_.load(); }

    void on_order(const locust::order& what) override;
    void on_log(const std::string& line) override;
    void on_turn(locust::session& talk) override;

  private:
    void apply_users();
    void on_note(const locust::message& note);
    void hello(locust::session& talk);
    void talk_to(const std::function<void(locust::session& talk, std::int64_t now_ns)>& what);
    bool is_up(std::int64_t patience_ns) const;

    unsigned cores_;
    without_master lost_;
    bool quiet_;
    std::atomic<locust::session_access*> link_{nullptr};

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<desk_event> events_;
    std::deque<std::pair<std::string, json>> gos_;  ///< phase, what comes with it
    std::string run_;
    unsigned first_core_ = 0;
    std::string run_id_;
    bool busy_ = false;     ///< with an event, from before its run begins to behind its end
    bool running_ = false;  ///< between begin and end
    bool ended_ = false;    ///< its load is over
    bool stopped_ = false;  ///< the master wants its end
    bool lost_told_ = false;
    /// When the master went, until one wants users again: being connected to one that has no run,
    /// or another run, is no reason to go on. 0: the load is wanted
    std::int64_t unwanted_since_ns_ = 0;
    bool unwanted_ = false;      ///< the load ended for that
    bool unknown_told_ = false;  ///< of classes that no group is called like
    engine::load_control* control_ = nullptr;
    std::vector<std::string> groups_;
    std::vector<bool> open_loop_;
    locust::user_counts wanted_;
    std::map<std::string, std::uint32_t> shares_;
    std::int64_t alive_said_ns_ = 0;
    bool was_known_ = false;
    std::atomic<std::int64_t> lost_since_ns_{0};
    std::atomic<double> cpu_percent_{0};
    std::atomic<bool> quits_{false};
};

}  // namespace chopsticks::cli
