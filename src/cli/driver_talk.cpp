#include "driver_talk.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <cstring>

namespace chopsticks::cli {

namespace {

/// A body may not be larger by more than what it was to be; no question here is for more.
constexpr std::uint64_t most_body_bytes = 64U << 20;
constexpr std::int64_t end_ns = 20'000'000'000;

}  // namespace

void rule_book::broke(std::string_view rule, std::string what) {
    std::string& text = found_[std::string(rule)];
    if (text.empty()) text = std::move(what);
}

bool rule_book::is_broken(std::string_view rule) const {
    const auto found = found_.find(rule);
    return found != found_.end() && !found->second.empty();
}

driver_talk::driver_talk(process::child_plan plan, std::string hello, limits within,
                         std::string secret, rule_book& rules)
    : plan_(std::move(plan)),
      hello_(std::move(hello)),
      within_(within),
      secret_(std::move(secret)),
      rules_(rules) {}

bool driver_talk::over(std::string_view rule, std::string what) {
    rules_.broke(rule, std::move(what));
    over_ = true;
    return false;
}

std::string driver_talk::how_it_ended() {
    child_.wait(monotonic_ns() + 1'000'000'000);
    errors_.read_from(child_.errors());
    const bool ended = child_.has_ended();
    std::string out = ended ? "it " + child_.kill() : "it closed its standard output and went on";
    const std::string line = errors_.last_line({secret_});
    return out + (line.empty() ? "" : ": " + line);
}

bool driver_talk::begin() {
    const std::string problem = child_.start(plan_);
    if (!problem.empty()) throw config_error(plan_.command.front() + ": " + problem);
    [[maybe_unused]] const ssize_t wrote = ::write(child_.input(), hello_.data(), hello_.size());
    const std::int64_t until_ns = monotonic_ns() + within_.start_ns;
    while (came_.find('\n') == std::string::npos) {
        if (ended_output_) return over("start", how_it_ended() + " before its first line");
        if (came_.size() >= process::most_line_bytes) {
            return over("start", "its first line has more than 64 KiB");
        }
        if (!wait_for(child_.output(), POLLIN, until_ns)) {
            return over("start",
                        "no first line " + format_duration(within_.start_ns) + " after its start");
        }
        if (!read_more()) return false;
    }
    const std::size_t size = came_.find('\n');
    const std::string wrong =
        process::read_greeting(std::string_view(came_).substr(0, size), said_);
    if (!wrong.empty()) return over("start", wrong);
    rules_.kept("start");
    came_.erase(0, size + 1);
    told_.assign(said_.figures.size(), 0);
    return true;
}

bool driver_talk::read_more() {
    char piece[65536];
    const ssize_t got = ::read(child_.output(), piece, sizeof piece);
    if (got > 0) came_.append(piece, static_cast<std::size_t>(got));
    if (got == 0) ended_output_ = true;
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        return over("line", "its output cannot be read: " + std::string(std::strerror(errno)));
    }
    return true;
}

std::vector<driver_reply> driver_talk::ask(const std::vector<driver_question>& all) {
    std::vector<driver_reply> out;
    if (over_) return out;
    std::string text;
    const std::uint64_t first = next_id_;
    for (const driver_question& one : all) {
        text += "{\"id\":" + std::to_string(next_id_) + "," + one.members;
        if (one.has_body) text += ",\"body\":" + std::to_string(one.body.size());
        text += "}\n" + one.body;
        asked_[next_id_++] = false;
    }
    if (!exchange(text, all.size())) return out;
    for (std::uint64_t id = first; id < next_id_; ++id)
        out.push_back(std::move(replies_[id]));
    replies_.clear();
    return out;
}

bool driver_talk::ask(const driver_question& one, driver_reply& reply) {
    std::vector<driver_reply> all = ask(std::vector<driver_question>{one});
    if (all.empty()) return false;
    reply = std::move(all.front());
    return true;
}

/// Writes and reads at the same time: it need not read all before it answers.
bool driver_talk::exchange(std::string_view out, std::size_t answers) {
    // Twice what it is to give up after itself.
    const std::int64_t until_ns = monotonic_ns() + 2 * within_.operation_ns;
    answered_ = 0;
    while (answered_ < answers || !out.empty()) {
        if (!take_what_came()) return false;
        if (answered_ == answers && out.empty()) break;
        if (ended_output_) {
            const bool within = !came_.empty() || body_left_ > 0;
            const char* const rule = body_left_ > 0 ? "body" : "line";
            return within ? over(rule, "its output ended in the middle of one; " + how_it_ended())
                          : over("answered", how_it_ended());
        }
        const std::int64_t left_ms = (until_ns - monotonic_ns()) / 1'000'000;
        if (left_ms <= 0) {
            return over("answered", std::to_string(answers - answered_) + " of " +
                                        std::to_string(answers) + " operations had no answer " +
                                        format_duration(2 * within_.operation_ns) +
                                        " after they were asked for");
        }
        pollfd both[] = {{child_.output(), POLLIN, 0},
                         {out.empty() ? -1 : child_.input(), POLLOUT, 0}};
        ::poll(both, 2, static_cast<int>(std::min<std::int64_t>(left_ms, 1000)));
        errors_.read_from(child_.errors());
        if ((both[1].revents & (POLLOUT | POLLERR)) != 0) {
            const ssize_t wrote = ::write(child_.input(), out.data(), out.size());
            if (wrote > 0) out.remove_prefix(static_cast<std::size_t>(wrote));
            if (wrote < 0 && errno == EPIPE) {
                return over("answered", "it closed its standard input; " + how_it_ended());
            }
        }
        if (both[0].revents != 0 && !read_more()) return false;
    }
    return true;
}

bool driver_talk::take_what_came() {
    std::size_t at = 0;
    while (at < came_.size()) {
        if (body_left_ > 0) {
            const std::size_t size = std::min<std::uint64_t>(body_left_, came_.size() - at);
            replies_[body_of_].body.append(came_, at, size);
            at += size;
            body_left_ -= size;
            if (body_left_ == 0) ++answered_;
            continue;
        }
        const std::size_t end = came_.find('\n', at);
        const std::size_t size = std::min(end, came_.size()) - at;
        if (size >= process::most_line_bytes) {
            return over("line", "a line of more than 64 KiB");
        }
        if (end == std::string::npos) break;
        if (!take_line(std::string_view(came_).substr(at, size))) return false;
        at = end + 1;
    }
    came_.erase(0, at);
    return true;
}

bool driver_talk::take_line(std::string_view line) {
    process::answer said;
    const std::string_view problem = process::read_answer(line, said);
    if (!problem.empty()) {
        return over("line", std::string(problem) + ": " + process::shown(line));
    }
    if (said.figures.kind == process::json_kind::object) look_at_figures(said.figures);
    said.figures = process::json_value();
    if (!said.has_id) return true;
    const auto found = asked_.find(said.id);
    if (found == asked_.end()) {
        return over(
            "id", "an answer to an operation that it was never asked for: " + process::shown(line));
    }
    if (found->second) return over("id", "a second answer: " + process::shown(line));
    found->second = true;
    if (said.body > most_body_bytes) {
        return over("body", "a body of " + std::to_string(said.body) +
                                " bytes, which nobody asked for: " + process::shown(line));
    }
    replies_[said.id].said = said;
    body_of_ = said.id;
    body_left_ = said.body;
    if (body_left_ == 0) ++answered_;
    return true;
}

void driver_talk::look_at_figures(const process::json_value& told) {
    process::json_walk members(told.raw);
    while (members.next()) {
        const std::string name(members.name());
        const auto found = std::find_if(said_.figures.begin(), said_.figures.end(),
                                        [&](const auto& one) { return one.name == name; });
        if (found == said_.figures.end()) {
            rules_.broke("figures", "`" + name + "` is not among the figures of its first line");
            continue;
        }
        const auto level = members.value().number();
        double& before = told_[static_cast<std::size_t>(found - said_.figures.begin())];
        if (!level) {
            rules_.broke("figures", "`" + name + "` is no number");
        } else if (found->kind == stats::figure_kind::counter && *level < before) {
            rules_.broke("figures", "`" + name + "` is a counter, and fell");
        } else {
            before = *level;
        }
    }
    rules_.kept("figures");
}

void driver_talk::end() {
    child_.close_input();
    if (over_) {
        errors_.read_from(child_.errors());
    } else {
        const std::int64_t until_ns = monotonic_ns() + end_ns;
        while (!ended_output_ && wait_for(child_.output(), POLLIN, until_ns)) {
            errors_.read_from(child_.errors());
            if (!read_more() || !take_what_came()) break;
        }
        child_.wait(until_ns);
        errors_.read_from(child_.errors());
        const bool ended = child_.has_ended();
        const std::string how = child_.kill();
        if (!ended) {
            rules_.broke("end",
                         "its input has ended, and it had not after " + format_duration(end_ns));
        } else if (how != "ended with status 0") {
            const std::string line = errors_.last_line({secret_});
            rules_.broke("end", "it " + how + (line.empty() ? "" : ": " + line));
        }
        rules_.kept("end");
    }
    if (errors_.holds(secret_)) {
        rules_.broke("errors", "its standard error has the secret key");
    }
    rules_.kept("errors");
    over_ = true;
}

}  // namespace chopsticks::cli
