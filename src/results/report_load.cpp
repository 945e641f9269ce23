#include "report_load.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "report_words.hpp"

namespace chopsticks::results {

namespace {

/// Outages that are told one by one.
constexpr std::size_t outages_told = 5;

/// Tasks of all groups of one kind of loop.
struct loop_load {
    explicit loop_load(const json& doc, const std::string& loop) {
        for (const auto& [name, group] : member(doc, "groups").items()) {
            if (text(group, "loop") != loop) continue;
            const json& load = member(group, "load");
            ++groups;
            users += count(group, "users");
            intended += count(load, "intended");
            issued += count(load, "issued");
            completed += count(load, "completed");
            cancelled += count(load, "cancelled");
            shed += count(load, "shed");
            shed_late += count(load, "shed_late");
            backlog += count(load, "backlog_at_end");
            in_flight += count(load, "max_in_flight");
            longest_wait_ns = std::max(longest_wait_ns, number(load, "backlog_age_max_ns"));
            intended_per_s += number(load, "intended_rate_per_s");
            issued_per_s += number(load, "issued_rate_per_s");
        }
    }

    std::uint64_t groups = 0, users = 0, intended = 0, issued = 0, completed = 0, cancelled = 0,
                  shed = 0, shed_late = 0, backlog = 0, in_flight = 0;
    double longest_wait_ns = 0, intended_per_s = 0, issued_per_s = 0;
};

std::string open_line(const loop_load& load) {
    std::string line = "intended " + whole(load.intended);
    if (load.intended_per_s > 0) line += " (" + rate(load.intended_per_s) + "/s)";
    line += ", issued " + whole(load.issued) + " (" + rate(load.issued_per_s) + "/s), completed " +
            whole(load.completed);
    if (load.shed_late > 0) line += ", shed as too late " + whole(load.shed_late);
    if (load.cancelled > 0) line += ", cut off at the end " + whole(load.cancelled);
    line += ", shed " + whole(load.shed) + ", still waiting at the end " + whole(load.backlog);
    if (load.longest_wait_ns > 0) {
        line += ", longest wait " + format_latency(std::llround(load.longest_wait_ns));
    }
    return line + ", most in flight " + whole(load.in_flight);
}

std::string seconds(double s) {
    return decimal(s, s < 10 ? 2 : 1) + " s";
}

std::string unanswered_line(const json& total) {
    const std::uint64_t shed = count(total, "shed");
    const std::uint64_t unfinished = count(total, "unfinished");
    if (shed + unfinished == 0) return {};
    const std::uint64_t due = count(total, "ok") + count(total, "failed") + shed + unfinished;
    const double share = static_cast<double>(shed + unfinished) / static_cast<double>(due);
    std::string line = whole(shed + unfinished) + " of " + whole(due) + " that were due (" +
                       (share < 0.0001 ? std::string("below 0.01%") : percent(share, 2)) + "): ";
    if (shed > 0) line += whole(shed) + " shed";
    if (shed > 0 && unfinished > 0) line += ", ";
    if (unfinished > 0) line += whole(unfinished) + " unfinished when the load ended";
    line += "; the rate leaves them out, response times with > are at least that";
    return line;
}

std::string silence_line(const json& doc) {
    std::string line;
    const json& groups = member(doc, "groups");
    for (const auto& [name, group] : groups.items()) {
        const double longest_s = number(member(group, "silence"), "longest_s");
        if (longest_s <= 0) continue;
        line += (line.empty() ? "longest time without a success " : ", ") +
                format_latency(std::llround(longest_s * 1e9));
        if (groups.size() > 1) line += " (" + printable(name) + ")";
    }
    return line;
}

/// What gave no success for too long: f(name, silence) of each group and endpoint with an outage.
template <typename F>
void for_each_with_outages(const json& doc, F f) {
    for (const auto& [name, group] : member(doc, "groups").items()) {
        const json& silence = member(group, "silence");
        if (!member(silence, "outages").empty()) f("Group " + printable(name), silence);
    }
    for (const json& one : member(doc, "endpoint_silences")) {
        if (member(one, "outages").empty()) continue;
        f(text(one, "endpoint") + " (group " + text(one, "group") + ")", one);
    }
}

std::string outage_sentence(const std::string& who, const json& silence, double limit) {
    std::string out = who + " gave no success ";
    std::size_t told = 0;
    const json& outages = member(silence, "outages");
    for (const json& one : outages) {
        if (told == outages_told) break;
        const double from_s = number(one, "start_s");
        out += (told++ == 0 ? "from " : ", from ") + decimal(from_s, 2) + " to " +
               seconds(from_s + number(one, "duration_s"));
    }
    if (outages.size() > told) out += " and " + whole(outages.size() - told) + " times more";
    return out + " of the measure phase, " + percent(number(silence, "outage_share"), 1) +
           " of it; the scenario allows " + percent(limit, 1);
}

}  // namespace

std::string load_lines(const json& doc, std::size_t indent, std::size_t width) {
    const loop_load open(doc, "open");
    const loop_load closed(doc, "closed");
    const json& total = member(doc, "total");
    std::string out;
    if (open.groups > 0) {
        out += paragraph("Open loop", indent, open_line(open), width);
        const json& service = member(total, "service");
        out += paragraph("", indent,
                         "service time alone: p50 " + latency(service, "p50_ns") + ", p99 " +
                             latency(service, "p99_ns") + ", max " + latency(service, "max_ns"),
                         width);
    }
    if (closed.users > 0) {
        std::string line =
            of_these(closed.users, "user", "users") + ", most in flight " + whole(closed.in_flight);
        if (closed.cancelled > 0) line += ", cut off at the end " + whole(closed.cancelled);
        out += paragraph("Closed loop", indent, line, width);
    }
    const std::string unanswered = unanswered_line(total);
    if (!unanswered.empty()) out += paragraph("Unanswered", indent, unanswered, width);
    const std::string silence = silence_line(doc);
    if (!silence.empty()) out += paragraph("Silence", indent, silence, width);
    // Those beyond the limit are in the verdict.
    const double limit = number(member(member(doc, "scenario"), "limits"), "outage");
    for_each_with_outages(doc, [&](const std::string& who, const json& outages) {
        if (number(outages, "outage_share") > limit) return;
        out += paragraph("", indent, outage_sentence(who, outages, limit), width);
    });
    if (count(total, "retries") > 0) {
        out += paragraph("Retries", indent,
                         whole(count(total, "retries")) +
                             " extra attempts, their time is in the "
                             "response times",
                         width);
    }
    if (count(total, "skipped") > 0) {
        out += paragraph("Skipped", indent,
                         of_these(count(total, "skipped"), "operation", "operations") +
                             " found no object to work on; not counted in ok or failed",
                         width);
    }
    return out;
}

std::vector<std::string> outage_sentences(const json& doc) {
    std::vector<std::string> out;
    const json& limits = member(member(doc, "scenario"), "limits");
    // Older results know no such limit.
    if (!member(limits, "outage").is_number()) return out;
    const double limit = number(limits, "outage");
    for_each_with_outages(doc, [&](const std::string& who, const json& silence) {
        if (number(silence, "outage_share") > limit)
            out.push_back(outage_sentence(who, silence, limit));
    });
    return out;
}

}  // namespace chopsticks::results
