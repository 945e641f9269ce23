#include <algorithm>
#include <chopsticks/compare/sides.hpp>
#include <chopsticks/core/error.hpp>
#include <cmath>

#include "row_json.hpp"

namespace chopsticks::compare {

namespace {

using results::json;

constexpr int sides_version = 1;

constexpr double told_confidence = 0.95;

json estimate_json(const std::optional<estimate>& of) {
    if (!of) return nullptr;
    json out;
    out["value"] = std::exp(of->value);
    const bool known = of->freedom > 0;
    const interval range = known ? of->at(told_confidence) : interval();
    out["low"] = known ? json(std::exp(range.low)) : json(nullptr);
    out["high"] = known ? json(std::exp(range.high)) : json(nullptr);
    return out;
}

/// With the interval that is told; how it came to be is not in the document.
std::optional<estimate> read_estimate(const json& from) {
    if (from.is_null()) return std::nullopt;
    estimate out;
    out.value = std::log(from.at("value").get<double>());
    if (from.at("high").is_null()) return out;
    out.freedom = 1;
    const double half = std::log(from["high"].get<double>()) - out.value;
    out.standard_error = half / estimate{0, 1, out.freedom}.at(told_confidence).high;
    return out;
}

template <typename Value>
json json_if_known(const std::optional<Value>& of) {
    return of ? json(*of) : json(nullptr);
}

template <typename Value>
std::optional<Value> read_if_known(const json& from) {
    if (from.is_null()) return std::nullopt;
    return from.get<Value>();
}

struct estimate_member {
    const char* key;
    std::optional<estimate> side_figures::* of;
};
constexpr estimate_member estimates[] = {
    {"rate_per_s", &side_figures::rate},
    {"p50_ns", &side_figures::p50},
    {"p99_ns", &side_figures::p99},
    {"cpu_ns_per_operation", &side_figures::cpu},
    {"program_cpu_ns_per_operation", &side_figures::program_cpu},
};

side_figures read_side(const json& from) {
    side_figures out;
    from.at("driver").get_to(out.name);
    from.at("files").get_to(out.files);
    for (const estimate_member& one : estimates)
        out.*one.of = read_estimate(from.at(one.key));
    out.memory_bytes = read_if_known<double>(from.at("memory_bytes"));
    from.at("ok").get_to(out.ok);
    from.at("failed").get_to(out.failed);
    from.at("undone").get_to(out.undone);
    out.requests = read_if_known<double>(from.at("requests_per_operation"));
    out.unasked = read_if_known<std::uint64_t>(from.at("unasked"));
    if (!from.at("against_first").is_null()) out.against_first = read_row(from["against_first"]);
    return out;
}

}  // namespace

json to_json(const report_of_sides& report) {
    json out;
    out["kind"] = "chopsticks-drivers";
    out["schema_version"] = sides_version;
    json all = json::array();
    for (const side_figures& f : report.all) {
        json one;
        one["driver"] = f.name;
        one["files"] = f.files;
        for (const estimate_member& member : estimates)
            one[member.key] = estimate_json(f.*member.of);
        one["memory_bytes"] = json_if_known(f.memory_bytes);
        one["ok"] = f.ok;
        one["failed"] = f.failed;
        one["undone"] = f.undone;
        one["requests_per_operation"] = json_if_known(f.requests);
        one["unasked"] = json_if_known(f.unasked);
        one["against_first"] = f.against_first ? row_json(*f.against_first) : json(nullptr);
        all.push_back(std::move(one));
    }
    out["drivers"] = std::move(all);
    out["left_out"] = report.left_out;
    return out;
}

report_of_sides read_report_of_sides(const results::result_file& file) {
    report_of_sides out;
    read_back(file, [&](const json& from) {
        for (const json& one : from.at("drivers"))
            out.all.push_back(read_side(one));
        from.at("left_out").get_to(out.left_out);
    });
    return out;
}

}  // namespace chopsticks::compare
