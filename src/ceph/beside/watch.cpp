#include <algorithm>
#include <chopsticks/ceph/beside/watch.hpp>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/left_running.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "record.hpp"
#include "rounds.hpp"

namespace chopsticks::ceph::beside {

namespace {

/// What takes longer is a silence, answered or not.
constexpr double answer_late_s = 1;

constexpr std::size_t problem_most = 300;

/// Rounds from one look at the counters of the load's connections to the next.
constexpr std::uint64_t clients_every = 5;

constexpr std::int64_t half_second_ns = 500'000'000;

/// RGW answers a client before its bucket's index counts what was done: what does not agree is
/// looked at again after this, so often.
constexpr std::chrono::milliseconds index_lag(200);
constexpr int index_looks = 3;

enum class stage : std::uint8_t { before, idle, load, last };

double seconds_of(std::int64_t ns) {
    return static_cast<double>(ns) / 1e9;
}

json silences_json(const record& of) {
    json out = json::array();
    for (const silence& one : of.silences()) {
        out.push_back({{"start_s", one.start_s},
                       {"end_s", one.end_s ? json(*one.end_s) : json(nullptr)},
                       {"problem", one.problem}});
    }
    return out;
}

}  // namespace

/// The thread's and everybody else's. The thread holds the mutex between questions only.
struct cluster_watch::shared_state {
    shared_state(const settings& s, std::unique_ptr<asker> a, const std::optional<rgw_admin>& of)
        : how(s),
          admin(of),
          who(std::move(a)),
          record_of_load(seconds_of(s.period_ns),
                         s.prometheus.empty() ? 0 : seconds_of(exporter_stale_ns)) {
        if (!admin) return;
        for (const std::string& name : admin->buckets)
            buckets.push_back({name, std::nullopt, std::nullopt});
    }

    const settings how;
    const std::optional<rgw_admin> admin;
    std::unique_ptr<asker> who;  ///< the thread's alone
    mutable std::mutex mutex;
    std::condition_variable changed;

    // Guarded by the mutex.
    stage now = stage::before;
    bool thread_ended = false;
    bool before_is_known = false;  ///< asked and answered, or not answered
    std::optional<snapshot> before;
    std::optional<snapshot> after;
    std::string library;
    std::string problem;  ///< the last one
    asked_figures asked;  ///< a copy of the thread's
    json clients;         ///< what Ceph counts of the load's connections
    std::vector<watched_bucket> buckets;
    std::string bucket_problem;           ///< why one of them is not known
    std::optional<left_in_buckets> left;  ///< once the run has ended
    record record_of_load;
    std::int64_t load_began_ns = 0;
    double load_s = 0;                 ///< length, once it has ended
    std::int64_t asking_since_ns = 0;  ///< 0: no question of the load is under way

    std::int64_t until_ns() const { return monotonic_ns() + how.to.operation_timeout_ns; }
    double load_time(std::int64_t ns) const { return seconds_of(ns - load_began_ns); }
};

bool takes_samples(const settings& how) {
    return how.asks_cluster || !how.prometheus.empty() || !how.rgw_socket.empty();
}

cluster_watch::cluster_watch(const settings& how, std::unique_ptr<asker> who,
                             const std::optional<rgw_admin>& admin)
    : state_(std::make_shared<shared_state>(how, std::move(who), admin)) {
    std::thread([state = state_] { serve(state); }).detach();
}

cluster_watch::~cluster_watch() {
    const std::lock_guard lock(state_->mutex);
    state_->now = stage::last;
    state_->changed.notify_all();
    // The cluster's library runs on with it: what it uses must not be taken down.
    if (!state_->thread_ended) threads_left_running = true;
}

void cluster_watch::serve(const std::shared_ptr<shared_state>& state) {
    shared_state& s = *state;
    asked_figures asked;
    rounds questions(*s.who, s.how, s.admin, asked);
    std::optional<snapshot> seen;
    std::string problem = questions.connect();
    if (problem.empty()) seen = questions.look();
    std::string bucket_problem;
    const auto buckets = questions.look_at_buckets(s.until_ns(), bucket_problem);
    std::unique_lock lock(s.mutex);
    // What is learnt after the load began is not how the cluster was before it.
    if (s.now == stage::before) {
        s.before = std::move(seen);
        for (std::size_t i = 0; i < buckets.size(); ++i)
            s.buckets[i].before = buckets[i];
    }
    s.bucket_problem = bucket_problem;
    s.before_is_known = true;
    s.library = s.who->library_version();
    s.problem = std::move(problem);
    s.asked = asked;
    if (s.now == stage::before) s.now = stage::idle;
    s.changed.notify_all();
    std::int64_t next_ns = 0;
    bool began = false;
    bool ended = false;
    std::uint64_t number = 0;
    while (s.now != stage::last) {
        const std::int64_t now_ns = monotonic_ns();
        if (s.now == stage::load && !began) {
            // In the middle of intervals of a second: each has one.
            began = true;
            next_ns = s.load_began_ns + std::min(s.how.period_ns, half_second_ns);
        }
        if (began && !ended && s.now == stage::idle) {
            // Their connections are closed soon.
            ended = true;
            const double end_s = s.load_s;
            lock.unlock();
            questions.ask_clients(end_s);
            lock.lock();
            s.clients = questions.clients_told();
            continue;
        }
        const bool idle = s.now == stage::idle || !takes_samples(s.how);
        if (idle || now_ns < next_ns) {
            const std::int64_t left_ns = idle ? 3'600'000'000'000 : next_ns - now_ns;
            s.changed.wait_for(lock, std::chrono::nanoseconds(left_ns));
            continue;
        }
        // At even distances, and none that is made up for.
        next_ns = std::max(next_ns + s.how.period_ns, now_ns + s.how.period_ns / 2);
        s.asking_since_ns = now_ns;
        const double asked_s = s.load_time(now_ns);
        lock.unlock();
        std::string why;
        std::optional<sample> got = questions.sample_now(why);
        if (number++ % clients_every == 0) questions.ask_clients(asked_s);
        lock.lock();
        s.asking_since_ns = 0;
        s.asked = asked;
        s.clients = questions.clients_told();
        // The load may have ended meanwhile, and its account been given.
        if (s.now != stage::load) continue;
        if (!got) {
            s.problem = why;
            s.record_of_load.silent(s.load_time(now_ns), why.substr(0, problem_most));
            continue;
        }
        if (got->asked_s > answer_late_s)
            s.record_of_load.silent(s.load_time(now_ns), "the answer came late");
        got->t_s = s.load_time(now_ns) + got->asked_s;
        s.record_of_load.add(std::move(*got));
    }
    lock.unlock();
    seen = questions.look();
    lock.lock();
    s.after = std::move(seen);
    look_at_buckets_after(s, questions, lock);
    s.asked = asked;
    lock.unlock();
    // Blocks where the cluster does.
    s.who.reset();
    lock.lock();
    s.thread_ended = true;
    s.changed.notify_all();
}

void cluster_watch::look_at_buckets_after(shared_state& s, rounds& questions,
                                          std::unique_lock<std::mutex>& lock) {
    if (s.buckets.empty()) return;
    const std::optional<left_in_buckets> left = s.left;
    std::vector<watched_bucket> known = s.buckets;
    lock.unlock();
    const std::int64_t until_ns = s.until_ns();
    std::string problem;
    for (int look = 0; look < index_looks; ++look) {
        if (look > 0) std::this_thread::sleep_for(index_lag);
        const auto now = questions.look_at_buckets(until_ns, problem);
        for (std::size_t i = 0; i < now.size(); ++i)
            known[i].after = now[i];
        const auto account = left ? account_of(known, *left) : std::nullopt;
        if (!account || account->agrees()) break;
    }
    lock.lock();
    s.buckets = std::move(known);
    if (!problem.empty()) s.bucket_problem = problem;
}

bool cluster_watch::wait_for_before() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, std::chrono::nanoseconds(state_->how.to.operation_timeout_ns),
                             [&] { return state_->before_is_known; });
    return state_->before.has_value() ||
           (state_->before_is_known && !state_->how.asks_cluster && state_->how.prometheus.empty());
}

std::string cluster_watch::bucket_problem() const {
    const std::lock_guard lock(state_->mutex);
    return state_->bucket_problem;
}

void cluster_watch::load_began(std::int64_t began_ns, std::int64_t wall_ns) {
    const std::lock_guard lock(state_->mutex);
    state_->load_began_ns = began_ns;
    state_->record_of_load.set_load_began(wall_ns);
    state_->now = stage::load;
    state_->changed.notify_all();
}

void cluster_watch::add_load(const load_interval& one) {
    const std::lock_guard lock(state_->mutex);
    state_->record_of_load.add(one);
}

results::json cluster_watch::sample_of(double from_s, double to_s) const {
    const std::lock_guard lock(state_->mutex);
    const sample* const newest = state_->record_of_load.newest_in(from_s, to_s);
    return newest == nullptr ? json() : sample_json(*newest);
}

std::vector<stats::event_mark> cluster_watch::take_events() {
    const std::lock_guard lock(state_->mutex);
    return state_->record_of_load.take_marks();
}

void cluster_watch::load_ended() {
    const std::lock_guard lock(state_->mutex);
    shared_state& s = *state_;
    if (s.now != stage::load && s.now != stage::before) return;
    if (s.load_began_ns == 0) return;
    const std::int64_t now_ns = monotonic_ns();
    s.load_s = s.load_time(now_ns);
    if (s.asking_since_ns > 0 && seconds_of(now_ns - s.asking_since_ns) > answer_late_s)
        s.record_of_load.silent(s.load_time(s.asking_since_ns), "no answer yet");
    // Connecting may have taken all the time since the run began.
    if (!s.before_is_known) s.record_of_load.silent(0, "no connection yet");
    s.record_of_load.finish(s.load_s);
    s.now = stage::idle;
    s.changed.notify_all();
}

account cluster_watch::finish(const std::optional<left_in_buckets>& left) {
    load_ended();
    shared_state& s = *state_;
    std::unique_lock lock(s.mutex);
    s.left = left;
    s.now = stage::last;
    s.changed.notify_all();
    s.changed.wait_for(lock, std::chrono::nanoseconds(s.how.to.operation_timeout_ns),
                       [&] { return s.thread_ended; });
    account out;
    json& c = out.cluster;
    c["client"] = s.how.asks_cluster ? json(s.how.to.who()) : json(nullptr);
    c["prometheus"] = s.how.prometheus.empty() ? json(nullptr) : json(s.how.prometheus);
    c["conf_file"] = s.how.to.conf_file.empty() ? json(nullptr) : json(s.how.to.conf_file);
    c["rgw_socket"] = s.how.rgw_socket.empty() ? json(nullptr) : json(s.how.rgw_socket);
    c["rgw_admin"] = s.admin ? json(s.admin->endpoint) : json(nullptr);
    const bool buckets_known =
        std::any_of(s.buckets.begin(), s.buckets.end(),
                    [](const watched_bucket& one) { return one.before || one.after; });
    // That RGW tells its counts says nothing of a cluster that was to be watched too.
    const bool nothing = !s.before && !s.after && s.record_of_load.samples().empty() &&
                         (takes_samples(s.how) || !buckets_known);
    const std::string& last = s.problem.empty() ? s.bucket_problem : s.problem;
    const std::string why = last.empty() ? "it did not answer in time" : last;
    c["problem"] = nothing ? json(why.substr(0, problem_most)) : json(nullptr);
    c["questions"] = {{"rounds", s.asked.rounds},
                      {"commands", s.asked.commands},
                      {"failed", s.asked.failed},
                      {"most_in_a_round", s.asked.most_in_a_round},
                      {"refused", json::object()}};
    for (const auto& [what, problem] : s.asked.refused)
        c["questions"]["refused"][what] = problem.substr(0, problem_most);
    c["silences"] = silences_json(s.record_of_load);
    c["silences_dropped"] = s.record_of_load.silences_dropped();
    c["before"] = s.before ? snapshot_json(*s.before) : json(nullptr);
    c["after"] = s.after ? snapshot_json(*s.after) : json(nullptr);
    c["changes"] = s.before && s.after ? json(differences(*s.before, *s.after)) : json::array();
    c["sample_every_s"] = s.record_of_load.every_s();
    c["samples"] = json::array();
    for (const sample& one : s.record_of_load.samples())
        c["samples"].push_back(sample_json(one));
    c["client_counters"] = s.clients;
    const auto account_of_buckets =
        s.left && !s.buckets.empty() ? account_of(s.buckets, *s.left) : std::nullopt;
    c["buckets"] = buckets_json(s.buckets);
    c["bucket_problem"] =
        s.bucket_problem.empty() ? json(nullptr) : json(s.bucket_problem.substr(0, problem_most));
    c["bucket_account"] = account_json(account_of_buckets);
    out.environment = environment_json(s.before ? &*s.before : nullptr,
                                       s.after ? &*s.after : nullptr, s.library, s.how.pools);
    out.events = s.record_of_load.take_marks();
    if (account_of_buckets && !account_of_buckets->agrees()) {
        out.events.push_back(
            {s.load_s, std::nullopt, stats::event_source::finding, account_of_buckets->sentence()});
    }
    return out;
}

}  // namespace chopsticks::ceph::beside
