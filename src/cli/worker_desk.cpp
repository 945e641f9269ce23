#include "worker_desk.hpp"

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

constexpr auto look_every = std::chrono::milliseconds(50);
constexpr std::int64_t second_ns = 1'000'000'000;
/// How long a run waits, between its phases, for a master that is gone.
constexpr std::int64_t patience_between_ns = 60 * second_ns;
/// And before it cleans up by itself.
constexpr std::int64_t patience_at_end_ns = 10 * second_ns;
/// After so long a load ends whose master is gone, if it is to.
constexpr std::int64_t stop_after_ns = 60 * second_ns;
/// How long any load goes on that no master has asked for since its own went.
constexpr std::int64_t unwanted_most_ns = 600 * second_ns;
constexpr std::int64_t alive_every_ns = 2 * second_ns;
/// Notes that nobody took; a master sends few.
constexpr std::size_t waiting_most = 1000;

std::uint64_t resident_bytes() {
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr) return 0;
    unsigned long long all = 0;
    unsigned long long resident = 0;
    const int read = std::fscanf(file, "%llu %llu", &all, &resident);
    std::fclose(file);
    return read == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

std::string text_in(const json& data, const char* key) {
    const bool there = data.is_object() && data.contains(key) && data[key].is_string();
    return there ? data[key].get<std::string>() : std::string();
}

}  // namespace

worker_desk::worker_desk(unsigned cores, without_master lost, bool quiet)
    : cores_(cores), lost_(lost), quiet_(quiet) {}

desk_event worker_desk::wait_for_work() {
    std::unique_lock lock(mutex_);
    busy_ = false;
    while (true) {
        if (quits_.load() || stop_level.load() > 0) return {desk_event::kind::quit, nullptr};
        if (!events_.empty()) {
            busy_ = true;
            desk_event out = std::move(events_.front());
            events_.pop_front();
            return out;
        }
        changed_.wait_for(lock, look_every);
    }
}

void worker_desk::begin(const world_plan& plan, const std::vector<scenario::group>& groups,
                        engine::load_control& control) {
    const std::lock_guard lock(mutex_);
    run_ = plan.run;
    first_core_ = plan.first_core;
    run_id_ = plan.run_id;
    running_ = true;
    ended_ = stopped_ = lost_told_ = unknown_told_ = false;
    unwanted_since_ns_ = lost_since_ns_.load();
    unwanted_ = false;
    gos_.clear();
    groups_.clear();
    open_loop_.clear();
    for (const scenario::group& g : groups) {
        groups_.push_back(g.name);
        open_loop_.push_back(g.open.has_value());
    }
    shares_.clear();
    control_ = &control;
    apply_users();
}

void worker_desk::talk_to(
    const std::function<void(locust::session& talk, std::int64_t now_ns)>& what) {
    // Before it is attached nobody has anything to say, but a master that is quick.
    if (locust::session_access* const link = link_.load()) link->with_session(what);
}

bool worker_desk::is_up(std::int64_t patience_ns) const {
    const std::int64_t since_ns = lost_since_ns_.load();
    return since_ns == 0 || monotonic_ns() - since_ns < patience_ns;
}

std::optional<json> worker_desk::wait_for_go(const std::string& phase, bool ends) {
    std::unique_lock lock(mutex_);
    while (true) {
        // A run without a plan has no others to wait for.
        if (run_.empty()) return json::object();
        for (auto at = gos_.begin(); at != gos_.end(); ++at) {
            if (at->first != phase) continue;
            json out = std::move(at->second);
            gos_.erase(at);
            return out;
        }
        if (stop_level.load() > 0 || !is_up(ends ? patience_at_end_ns : patience_between_ns))
            return std::nullopt;
        if (!ends && (stopped_ || quits_.load())) return std::nullopt;
        // A master that is there knows nothing of this run.
        if (unwanted_) return std::nullopt;
        changed_.wait_for(lock, look_every);
    }
}

void worker_desk::say_phase(const std::string& phase, json more) {
    if (run_.empty()) return;
    more["run"] = run_;
    more["phase"] = phase;
    talk_to([&](locust::session& talk, std::int64_t) { talk.say("chopsticks_phase", more); });
}

void worker_desk::say_so_far(load_so_far& load) {
    if (run_.empty()) return;
    talk_to([&](locust::session& talk, std::int64_t) {
        talk.say("chopsticks_so_far", load.describe(run_));
    });
}

void worker_desk::load_ended() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    talk_to([](locust::session& talk, std::int64_t now_ns) { talk.load_ended(now_ns); });
}

void worker_desk::say_result(const std::string& text, const std::string& problem) {
    if (run_.empty()) return;
    talk_to([&](locust::session& talk, std::int64_t) {
        for (const json& piece : result_pieces(run_, text, problem))
            talk.say("chopsticks_result", piece);
    });
}

void worker_desk::end() {
    {
        const std::lock_guard lock(mutex_);
        control_ = nullptr;
        running_ = false;
        wanted_.clear();
        run_.clear();
        std::erase_if(events_,
                      [](const desk_event& e) { return e.what == desk_event::kind::users; });
    }
    talk_to([](locust::session& talk, std::int64_t now_ns) { talk.run_over(now_ns); });
}

void worker_desk::say_refused(const std::string& run, const std::string& problem) {
    talk_to([&](locust::session& talk, std::int64_t) {
        talk.say_exception(problem);
        talk.say("chopsticks_phase", {{"run", run}, {"phase", "planned"}, {"problem", problem}});
    });
}

void worker_desk::add(const engine::interval& one, const stats::layout& names) {
    double busy = 0;
    for (const engine::core_figures& c : one.cores)
        busy = std::max(busy, std::min(1.0, c.busy_share()));
    cpu_percent_.store(busy * 100);
    const double ended_s = static_cast<double>(wall_ns()) / 1e9;
    talk_to([&](locust::session& talk, std::int64_t) {
        talk.figures().add(one.figures, names, ended_s);
    });
}

void worker_desk::apply_users() {
    if (control_ == nullptr) return;
    for (const auto& [name, users] : wanted_) {
        if (users == 0 || unknown_told_ ||
            std::find(groups_.begin(), groups_.end(), name) != groups_.end())
            continue;
        unknown_told_ = true;
        on_log("the master wants users of a class that no group of the scenario is called like");
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        const auto found = wanted_.find(groups_[g]);
        const std::uint64_t users = found != wanted_.end() ? found->second : 0;
        if (!open_loop_[g]) {
            control_->want_users(g, users);
            continue;
        }
        const auto share = shares_.find(groups_[g]);
        // Alone it has all of a rate whose class has any users.
        const std::uint32_t alone = users > 0 ? engine::load_control::whole_rate : 0;
        control_->want_rate_share(g, run_.empty()             ? alone
                                     : share != shares_.end() ? share->second
                                                              : 0);
    }
}

void worker_desk::on_note(const locust::message& note) {
    const std::string run = text_in(note.data, "run");
    if (note.type == "chopsticks_plan") {
        if (events_.size() < waiting_most) events_.push_back({desk_event::kind::plan, note.data});
    } else if (note.type == "chopsticks_go") {
        if (!running_ || run != run_ || gos_.size() >= waiting_most) return;
        gos_.emplace_back(text_in(note.data, "phase"), note.data);
        if (gos_.back().first != "give_up") return;
        stopped_ = true;
        if (control_ != nullptr) control_->finish();
    } else if (note.type == "chopsticks_shares") {
        if (!running_ || run != run_ || !note.data.contains("shares")) return;
        const json& shares = note.data["shares"];
        if (!shares.is_object()) return;
        for (const auto& [group, share] : shares.items()) {
            if (share.is_number_unsigned() &&
                std::find(groups_.begin(), groups_.end(), group) != groups_.end())
                shares_[group] = static_cast<std::uint32_t>(std::min<std::uint64_t>(
                    share.get<std::uint64_t>(), engine::load_control::whole_rate));
        }
        apply_users();
    }
}

void worker_desk::on_order(const locust::order& what) {
    using kind = locust::order::kind;
    if (what.what == kind::note && what.content.type == "chopsticks_clock") {
        if (!what.content.data.is_object() || !what.content.data.contains("sent")) return;
        const json answer = {{"sent", what.content.data["sent"]},
                             {"wall_s", static_cast<double>(wall_ns()) / 1e9}};
        talk_to([&](locust::session& talk, std::int64_t) { talk.say("chopsticks_clock", answer); });
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        switch (what.what) {
            case kind::users:
                wanted_ = what.users;
                unwanted_since_ns_ = 0;
                apply_users();
                if (!running_ && events_.empty())
                    events_.push_back({desk_event::kind::users, nullptr});
                break;
            case kind::quit:
                quits_.store(true);
                [[fallthrough]];
            case kind::stop:
                stopped_ = true;
                wanted_.clear();
                std::erase_if(
                    events_, [](const desk_event& e) { return e.what == desk_event::kind::users; });
                if (control_ != nullptr) control_->finish();
                break;
            case kind::note:
                on_note(what.content);
                break;
            case kind::reopen:
                break;
        }
    }
    changed_.notify_all();
}

void worker_desk::on_log(const std::string& line) {
    if (!quiet_) std::fprintf(stderr, "chopsticks: %s\n", line.c_str());
}

void worker_desk::hello(locust::session& talk) {
    const telemetry::build_description build = telemetry::describe_build();
    talk.say("chopsticks_worker", {{"protocol", 1},
                                   {"version", build.version},
                                   {"host", telemetry::describe_host().host},
                                   {"cores", cores_},
                                   {"run", run_},
                                   {"first_core", first_core_},
                                   {"run_id", run_id_}});
}

void worker_desk::on_turn(locust::session& talk) {
    const std::lock_guard lock(mutex_);
    const std::int64_t now_ns = monotonic_ns();
    lost_since_ns_.store(talk.lost_since_ns());
    talk.health(cpu_percent_.load(), resident_bytes());
    if (talk.acknowledged() && !was_known_) hello(talk);
    was_known_ = talk.acknowledged();
    locust::user_counts alive;
    // What was wanted of late may not be known here yet.
    bool settled = !talk.has_orders();
    for (const auto& [name, count] : talk.wanted()) {
        const auto found = std::find(groups_.begin(), groups_.end(), name);
        const auto g = static_cast<std::size_t>(found - groups_.begin());
        if (control_ == nullptr || found == groups_.end() || ended_) {
            alive[name] = 0;
            // The run that will have them may be about to begin.
            settled = settled && events_.empty() && (ended_ || !busy_);
        } else if (open_loop_[g]) {
            alive[name] = count;
        } else {
            alive[name] = control_->users_alive(g);
            settled = settled && alive[name] == std::min(count, control_->users_most(g));
        }
    }
    talk.users_alive(alive, settled, now_ns);
    if (running_ && !run_.empty() && talk.acknowledged() &&
        now_ns - alive_said_ns_ >= alive_every_ns) {
        alive_said_ns_ = now_ns;
        talk.say("chopsticks_alive", {{"run", run_}});
    }
    if (unwanted_since_ns_ == 0) unwanted_since_ns_ = talk.lost_since_ns();
    if (control_ == nullptr || ended_ || lost_told_) return;
    // While it prepares nobody wants users yet.
    const bool gone = lost_ == without_master::stop && !is_up(stop_after_ns);
    unwanted_ = !wanted_.empty() && unwanted_since_ns_ != 0 &&
                now_ns - unwanted_since_ns_ >= unwanted_most_ns;
    if (!gone && !unwanted_) return;
    lost_told_ = true;
    stopped_ = true;
    control_->finish();
    std::fprintf(stderr, gone ? "chopsticks: the master has been gone for a minute: the load ends\n"
                              : "chopsticks: the master went ten minutes ago, and none has wanted "
                                "this load since: it ends\n");
}

}  // namespace chopsticks::cli
