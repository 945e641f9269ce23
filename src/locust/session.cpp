#include <algorithm>
#include <chopsticks/locust/session.hpp>
#include <cmath>

namespace chopsticks::locust {

namespace {

/// More users than any worker has, so that sums of them do not overflow.
constexpr std::uint64_t users_of_class_most = 1'000'000'000;
constexpr std::size_t classes_most = 10'000;
/// Of a text that came from the wire and goes to a log.
constexpr std::size_t shown_most = 40;

/// With '?' for what a terminal might obey.
std::string shown(std::string_view text) {
    std::string out(text.substr(0, shown_most));
    std::replace_if(out.begin(), out.end(), [](char c) { return c < ' ' || c == '\x7f'; }, '?');
    return '"' + out + '"';
}

/// Counts of a spawn; false: they are none.
bool read_counts(const json& data, user_counts& to) {
    if (!data.is_object() || data.size() > classes_most) return false;
    for (const auto& [name, count] : data.items()) {
        if (!count.is_number_unsigned() || count.get<std::uint64_t>() > users_of_class_most)
            return false;
        to[name] = count.get<std::uint64_t>();
    }
    return true;
}

}  // namespace

void session::connected(std::int64_t now_ns) {
    link_ = link::asking;
    frames_.clear();
    heard_ns_ = 0;
    next_ready_ns_ = now_ns;
    tick(now_ns);
}

void session::disconnected(std::int64_t now_ns) {
    if (link_ == link::away) return;
    link_ = link::away;
    frames_.clear();
    if (lost_since_ns_ == 0) lost_since_ns_ = now_ns;
    log("the master is gone; looking for it");
}

void session::receive(std::string_view frame, std::int64_t now_ns) {
    decoded read = decode(frame);
    if (!read.value) return refuse(refused_.malformed, "a frame is no message: " + read.problem);
    message& got = *read.value;
    if (!got.node.empty() && got.node != node_)
        return refuse(refused_.of_others,
                      "a message " + shown(got.type) + " is for another worker");
    if (got.type == "ack") {
        on_ack();
        next_heartbeat_ns_ = std::min(next_heartbeat_ns_, now_ns);
    } else if (got.type == "spawn") {
        on_spawn(got.data, now_ns);
    } else if (got.type == "stop") {
        on_stop(now_ns);
    } else if (got.type == "quit") {
        on_quit(now_ns);
    } else if (got.type == "heartbeat") {
        heard_ns_ = now_ns;
    } else if (got.type == "reconnect") {
        log("the master asks for a new connection");
        orders_.push_back({order::kind::reopen, {}, {}});
    } else if (got.type == "spawning_complete" || got.type == "update_user_class" ||
               got.type == "locustfile") {
        // Of all workers together, and of Python's classes: nothing to do with a load.
    } else {
        orders_.push_back({order::kind::note, {}, std::move(got)});
    }
    tick(now_ns);
}

void session::on_ack() {
    if (link_ != link::asking) return refuse(refused_.stale, "an acknowledgement nobody asked for");
    link_ = link::known;
    if (lost_since_ns_ != 0) log("the master is there again");
    lost_since_ns_ = 0;
    // Another master may be there, on a host with another clock. What the last one said came before
    // this.
    last_spawn_ = 0;
    next_heartbeat_ns_ = 0;
    next_statistics_ns_ = 0;
    for (std::string& note : notes_)
        frames_.push_back(std::move(note));
    notes_.clear();
}

void session::on_spawn(const json& data, std::int64_t now_ns) {
    user_counts counts;
    const auto at = [&](const char* key) {
        return data.is_object() && data.contains(key) ? data[key] : json();
    };
    const json timestamp = at("timestamp");
    if (!timestamp.is_number() || !std::isfinite(timestamp.get<double>()) ||
        !read_counts(at("user_classes_count"), counts)) {
        return refuse(refused_.wrong, "a spawn has no time, or no numbers of users");
    }
    if (timestamp.get<double>() <= last_spawn_)
        return refuse(refused_.stale, "a spawn is not newer than the last");
    if (link_ != link::known || load_ == load::stopping || load_ == load::over)
        return refuse(refused_.stale, "a spawn came before the last load was over");
    last_spawn_ = timestamp.get<double>();
    if (load_ == load::none) {
        figures_.clear();
        load_ended_ = false;
        next_statistics_ns_ = now_ns + statistics_every_ns;
    }
    wanted_ = counts;
    // Whoever counts has not looked since.
    settled_ = false;
    load_ = load::spawning;
    send("spawning", nullptr);
    orders_.push_back({order::kind::users, std::move(counts), {}});
}

void session::on_stop(std::int64_t now_ns) {
    if (load_ == load::none) {
        // A load that this worker has no part in: it has stopped.
        if (link_ != link::known) return;
        send("client_stopped", nullptr);
        link_ = link::asking;
        next_ready_ns_ = now_ns;
        return;
    }
    if (load_ == load::stopping || load_ == load::over)
        return refuse(refused_.stale, "a second stop");
    load_ = load::stopping;
    orders_.push_back({order::kind::stop, {}, {}});
    if (load_ended_) load_ended(now_ns);
}

void session::on_quit(std::int64_t now_ns) {
    // The master waits half a second for what it does not have yet.
    if (load_ != load::none && load_ != load::over) send_statistics(now_ns);
    orders_.push_back({order::kind::quit, {}, {}});
}

void session::users_alive(const user_counts& alive, bool settled, std::int64_t now_ns) {
    alive_ = alive;
    settled_ = settled;
    see_users(now_ns);
}

void session::see_users(std::int64_t now_ns) {
    if (load_ != load::spawning || link_ != link::known || !settled_) return;
    load_ = load::running;
    std::uint64_t all = 0;
    for (const auto& [name, count] : alive_)
        all += count;
    send("spawning_complete", {{"user_classes_count", alive_}, {"user_count", all}});
    next_heartbeat_ns_ = now_ns;
}

void session::tick(std::int64_t now_ns) {
    if (link_ == link::asking && now_ns >= next_ready_ns_ && load_ != load::over) {
        // -1: of no version of Locust.
        frames_.push_back(encode("client_ready", -1, node_));
        next_ready_ns_ = now_ns + ready_every_ns;
    }
    if (link_ == link::known && load_ != load::over) {
        see_users(now_ns);
        if (now_ns >= next_heartbeat_ns_) {
            const char* state = load_ == load::none       ? "ready"
                                : load_ == load::spawning ? "spawning"
                                                          : "running";
            send("heartbeat", {{"state", state},
                               {"current_cpu_usage", cpu_percent_},
                               {"current_memory_usage", memory_bytes_}});
            next_heartbeat_ns_ = now_ns + heartbeat_every_ns;
        }
        if (load_ != load::none && now_ns >= next_statistics_ns_) send_statistics(now_ns);
        if (heard_ns_ != 0 && now_ns - heard_ns_ >= silence_most_ns) {
            heard_ns_ = 0;
            disconnected(now_ns);
            orders_.push_back({order::kind::reopen, {}, {}});
        }
    }
    due_ns_ = link_ == link::away     ? now_ns + heartbeat_every_ns
              : link_ == link::asking ? std::max(next_ready_ns_, now_ns)
              : load_ == load::none   ? next_heartbeat_ns_
                                      : std::min(next_heartbeat_ns_, next_statistics_ns_);
}

void session::send_statistics(std::int64_t now_ns) {
    if (link_ != link::known) return;
    frames_.push_back(figures_.report(alive_, node_));
    next_statistics_ns_ = now_ns + statistics_every_ns;
}

void session::load_ended(std::int64_t now_ns) {
    load_ended_ = true;
    alive_.clear();
    if (load_ != load::none && load_ != load::over) send_statistics(now_ns);
    if (load_ != load::stopping) return;
    send("client_stopped", nullptr);
    load_ = load::over;
}

void session::run_over(std::int64_t now_ns) {
    const bool stopped = load_ == load::over || load_ == load::stopping;
    if (load_ == load::stopping) send("client_stopped", nullptr);
    load_ = load::none;
    load_ended_ = false;
    wanted_.clear();
    alive_.clear();
    // Whoever said that it stopped is no longer among the master's workers.
    if (stopped && link_ == link::known) {
        link_ = link::asking;
        next_ready_ns_ = now_ns;
    }
    tick(now_ns);
}

void session::say(std::string_view type, const json& data) {
    std::string frame = encode(type, data, node_);
    (link_ == link::known ? frames_ : notes_).push_back(std::move(frame));
}

void session::say_exception(const std::string& text) {
    send("exception", {{"msg", text}, {"traceback", ""}});
}

void session::say_quit() {
    send("quit", nullptr);
}

void session::send(std::string_view type, const json& data) {
    if (link_ == link::known) frames_.push_back(encode(type, data, node_));
}

std::string session::next_frame() {
    if (frames_.empty()) return {};
    std::string out = std::move(frames_.front());
    frames_.pop_front();
    return out;
}

bool session::next_order(order& out) {
    if (orders_.empty()) return false;
    out = std::move(orders_.front());
    orders_.pop_front();
    return true;
}

void session::log(const std::string& line) {
    if (log_.size() < log_lines_most) log_.push_back(line);
}

void session::refuse(std::uint64_t& counter, const std::string& why) {
    // The first of a kind, and then ever fewer: whoever floods shall not fill a disk.
    ++counter;
    if ((counter & (counter - 1)) == 0)
        log(why + (counter > 1 ? " (" + std::to_string(counter) + " of this kind)" : ""));
}

}  // namespace chopsticks::locust
