#pragma once
/// \file
/// A cluster, watched beside a load by a thread of its own: what it was like before and after, and
/// every second between. Read-only questions, each with a time-out; what is not answered is told,
/// and nobody waits for it: a thread in a call that hangs is left to itself.

#include <chopsticks/ceph/beside/buckets.hpp>
#include <chopsticks/ceph/beside/load.hpp>
#include <chopsticks/ceph/beside/rgw_admin.hpp>
#include <chopsticks/ceph/beside/settings.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/stats/event_marks.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::ceph::beside {

/// What a cluster answered.
struct answer {
    std::string body;
    std::string problem;  ///< not empty: why there is none
};

/// One question: a command as monitors and managers take it.
struct question {
    std::string_view prefix;  ///< "osd df"
    bool to_manager = false;
    std::string_view more = {};  ///< further members, as JSON: "\"detail\":\"detail\""

    /// {"prefix":"osd df","format":"json"}
    std::string command() const;
};

/// Asks a cluster. Made by any thread, then used and destroyed by one thread of the watch; all of
/// its calls may block, and some may never return.
class asker {
  public:
    virtual ~asker() = default;
    /// Empty, or why there is no connection.
    virtual std::string connect() = 0;
    virtual answer ask(const question& q) = 0;
    /// Of the library, "3.0.0"; empty: not known.
    virtual std::string library_version() const = 0;
    /// Paths of admin sockets of the load's connections, as far as they have any.
    virtual std::vector<std::string> client_sockets() const { return {}; }
};

/// Whether the program can ask anybody: it was built with librados.
bool can_ask() noexcept;

/// Whether anybody is asked during the load.
bool takes_samples(const settings& how);

/// Asks through librados. Null in a program without.
std::unique_ptr<asker> make_rados_asker(const access& to);

class rounds;

/// What came of it.
struct account {
    results::json cluster;      ///< a result's member `cluster`
    results::json environment;  ///< its member `environment.ceph`
    std::vector<stats::event_mark> events;
};

/// Its functions are called by any threads; none of them waits for the cluster but where it says
/// so.
class cluster_watch {
  public:
    /// Starts the thread. \param who not null
    cluster_watch(const settings& how, std::unique_ptr<asker> who,
                  const std::optional<rgw_admin>& admin = std::nullopt);
    /// Leaves the thread to itself where it is in a call.
    ~cluster_watch();
    cluster_watch(const cluster_watch&) = delete;
    cluster_watch& operator=(const cluster_watch&) = delete;

    /// Waits until it is known how the cluster is before the run, but no longer than an answer may
    /// take. False: it is not known.
    bool wait_for_before();
    /// Why it is not known how full some bucket is; empty: it is, or nobody asked yet.
    std::string bucket_problem() const;
    /// The time axis begins at this monotonic time, by the wall clock `wall_ns`.
    void load_began(std::int64_t began_ns, std::int64_t wall_ns);
    void add_load(const load_interval& one);
    /// The newest sample, if it is of this time; otherwise null.
    results::json sample_of(double from_s, double to_s) const;
    /// What is new since it was last called.
    std::vector<stats::event_mark> take_events();
    /// No more samples.
    void load_ended();
    /// Asks how the cluster is now, and waits for it, but no longer than an answer may take. What
    /// is not there then is left out. \param left what the run says that it left in its buckets;
    /// none: it cannot say
    account finish(const std::optional<left_in_buckets>& left = std::nullopt);

  private:
    struct shared_state;
    static void serve(const std::shared_ptr<shared_state>& state);
    /// Lets go of the lock while it asks.
    static void look_at_buckets_after(shared_state& s, rounds& questions,
                                      std::unique_lock<std::mutex>& lock);

    std::shared_ptr<shared_state> state_;
};

}  // namespace chopsticks::ceph::beside
