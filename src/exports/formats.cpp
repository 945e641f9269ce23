#include <algorithm>
#include <chopsticks/exports/formats.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <cstdio>

#include "writers.hpp"

namespace chopsticks::exports {

const std::vector<format>& formats() {
    static const std::vector<format> all = {
        {"csv", "figures of each operation and of all", log_need::none, write_csv},
        {"intervals-csv", "the same by interval", log_need::none, write_intervals_csv},
        {"drivers-csv", "what drivers count of their own", log_need::none, write_drivers_csv},
        {"drivers-intervals-csv", "the same by interval", log_need::none,
         write_drivers_intervals_csv},
        {"markdown", "a table for a report", log_need::none, write_markdown},
        {"hlog", "response times by interval, as a log of HdrHistogram", log_need::none,
         write_hdr_log},
        {"locust-stats", "Locust's _stats.csv", log_need::none, write_locust_stats},
        {"locust-history", "Locust's _stats_history.csv, in full", log_need::none,
         write_locust_history},
        {"fio", "fio's json+, a job for each group", log_need::none, write_fio},
        {"metrics-json", "metrics.json of chopsticks in Python", log_need::optional,
         write_metrics_json},
        {"metrics-csv", "its metrics.csv: a line for each operation", log_need::required,
         write_metrics_csv},
        {"metrics-jsonl", "its metrics.jsonl: the same as JSON", log_need::required,
         write_metrics_jsonl},
    };
    return all;
}

const format* find_format(std::string_view name) {
    const auto there = std::find_if(formats().begin(), formats().end(),
                                    [&](const format& one) { return one.name == name; });
    return there == formats().end() ? nullptr : &*there;
}

std::string csv_field(std::string_view given) {
    // A name may come from a file that somebody else wrote, and go to a terminal.
    std::string text = results::printable(given);
    if (text.find_first_of(",\"") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text)
        out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
    std::string out;
    for (const std::string& field : fields)
        out += (&field == fields.data() ? "" : ",") + csv_field(field);
    return out + "\n";
}

std::string decimals(double value, int most) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", most, std::isfinite(value) ? value : 0.0);
    std::string out = text;
    while (out.find('.') != std::string::npos && (out.back() == '0' || out.back() == '.')) {
        const bool point = out.back() == '.';
        out.pop_back();
        if (point) break;
    }
    return out;
}

std::string milliseconds(double ns) {
    return decimals(ns / 1e6, 6);
}

std::string group_of(std::string_view operation) {
    return std::string(operation.substr(0, operation.find('/')));
}

std::string name_of(std::string_view operation) {
    const std::size_t slash = operation.find('/');
    return std::string(slash == operation.npos ? operation : operation.substr(slash + 1));
}

namespace {

const results::json& group_member(const result_file& r, const std::string& group, const char* key) {
    static const results::json nothing;
    const auto one = r.groups().find(group);
    if (one == r.groups().end() || !one->is_object()) return nothing;
    const auto there = one->find(key);
    return there == one->end() ? nothing : *there;
}

}  // namespace

std::string scenario_text(const result_file& r, const char* key) {
    const auto there = r.scenario().find(key);
    const bool known = there != r.scenario().end() && there->is_string();
    return known ? there->get<std::string>() : std::string();
}

std::string group_text(const result_file& r, const std::string& group, const char* key) {
    const results::json& value = group_member(r, group, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

double measured_s(const result_file& r, std::string_view operation) {
    const results::json& value = group_member(r, group_of(operation), "measured_s");
    return value.is_number() ? value.get<double>() : r.duration_s;
}

const scenario::catalogue::operation* row_of(const result_file& r, std::string_view operation) {
    namespace catalogue = scenario::catalogue;
    const auto* const workload =
        catalogue::find_workload(group_text(r, group_of(operation), "workload"));
    return workload == nullptr ? nullptr : catalogue::find_operation(*workload, name_of(operation));
}

}  // namespace chopsticks::exports
