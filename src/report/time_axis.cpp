#include "time_axis.hpp"

#include <algorithm>
#include <chopsticks/results/json_reading.hpp>
#include <tuple>

#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

constexpr std::size_t marks_most = 600;

/// Of a mark's text; all of it is in the result.
constexpr std::size_t mark_text_most = 200;

/// An hour of stages of a second is an hour of them.
constexpr std::size_t spans_most = 500;

double seconds_between(std::int64_t from_ns, std::int64_t to_ns) {
    return static_cast<double>(to_ns - from_ns) / 1e9;
}

void add_outages(const json& silence, const std::string& who, double measure_s,
                 std::vector<time_mark>& out) {
    for (const json& one : member(silence, "outages")) {
        if (out.size() == marks_most) return;
        const double start_s = measure_s + results::number(one, "start_s");
        const double length_s = results::number(one, "duration_s");
        out.push_back({start_s, start_s + length_s, "outage",
                       who + ": no success for " + results::decimal(length_s, 1) + " s"});
    }
}

}  // namespace

std::vector<time_span> spans_of(const results::result_file& result) {
    std::vector<time_span> out;
    const double load_s = seconds_between(result.started_ns, result.load_began_ns());
    for (const results::phase_span& phase : result.phases) {
        const bool of_load =
            phase.name != "open" && phase.name != "prepare" && phase.name != "cleanup";
        if (!of_load || out.size() == spans_most) continue;
        const double from_s = phase.started_s - load_s;
        out.push_back({from_s, from_s + phase.duration_s, phase.name, false});
    }
    const double measure_s = seconds_between(result.load_began_ns(), result.measure_began_ns());
    for (std::size_t i = 0; i < result.stages.size() && out.size() < spans_most; ++i) {
        const results::stage_record& stage = result.stages[i];
        const double from_s = measure_s + stage.start_s;
        out.push_back({from_s, from_s + stage.duration_s, "stage " + std::to_string(i + 1), true});
    }
    return out;
}

std::vector<time_mark> marks_of(const results::result_file& result) {
    std::vector<time_mark> out;
    for (const json& one : member(result.document, "events")) {
        if (out.size() == marks_most) break;
        if (!one.is_object() || !member(one, "start_s").is_number()) continue;
        time_mark mark;
        mark.start_s = results::number(one, "start_s");
        if (member(one, "end_s").is_number()) mark.end_s = results::number(one, "end_s");
        mark.source = text_of(one, "source");
        mark.text = shown_text(text_of(one, "text"), mark_text_most);
        out.push_back(std::move(mark));
    }
    const double measure_s = seconds_between(result.load_began_ns(), result.measure_began_ns());
    for (const auto& [name, group] : result.groups().items())
        add_outages(member(group, "silence"), name, measure_s, out);
    for (const json& one : member(result.document, "endpoint_silences"))
        add_outages(one, text_of(one, "group") + " " + text_of(one, "endpoint"), measure_s, out);
    std::sort(out.begin(), out.end(), [](const time_mark& a, const time_mark& b) {
        return std::tie(a.start_s, a.source, a.text) < std::tie(b.start_s, b.source, b.text);
    });
    return out;
}

std::vector<objective> objectives_of(const json& document) {
    std::vector<objective> out;
    for (const json& one : member(member(document, "slo"), "objectives")) {
        objective of;
        of.text = text_of(one, "text");
        const std::string of_unit = text_of(one, "unit");
        const bool is_latency = of_unit == "ns";
        of.of = is_latency                 ? unit::ms
                : of_unit == "share"       ? unit::share
                : of_unit == "bytes_per_s" ? unit::bytes_per_s
                                           : unit::per_s;
        const double scaled_by = is_latency ? 1e-6 : 1;
        of.limit = results::number(one, "limit") * scaled_by;
        if (member(one, "value").is_number()) of.value = results::number(one, "value") * scaled_by;
        of.at_least = results::flag(one, "at_least");
        of.met = results::flag(one, "met");
        of.of_all = of.text.find('(') == std::string::npos;
        out.push_back(std::move(of));
    }
    return out;
}

}  // namespace chopsticks::report
