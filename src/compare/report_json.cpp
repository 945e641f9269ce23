#include <chopsticks/compare/report.hpp>
#include <cmath>

#include "row_json.hpp"

namespace chopsticks::compare {

namespace {

using results::json;

constexpr int schema_version = 1;

json number_or_null(double value) {
    return std::isfinite(value) ? json(value) : json(nullptr);
}

json rows_of(const comparison& found) {
    json out = json::array();
    for (const row& one : found.rows)
        out.push_back(row_json(one));
    return out;
}

json gates_of(const comparison& found) {
    json out = json::array();
    for (const gate_outcome& one : found.gates) {
        json g;
        g["text"] = one.asked.text;
        g["operation"] = found.rows[one.row].operation;
        g["figure"] = one.asked.what.name();
        g["limit"] = one.asked.limit;
        g["p"] = one.p;
        g["result"] = name(one.result);
        out.push_back(std::move(g));
    }
    return out;
}

json differences_of(const std::vector<disparity>& all) {
    json out = json::array();
    for (const disparity& one : all)
        out.push_back({{"what", one.what}, {"base", one.base}, {"new", one.now}});
    return out;
}

}  // namespace

json row_json(const row& one) {
    const interval range = one.share();
    json out;
    out["operation"] = one.operation;
    out["figure"] = one.what.name();
    out["unit"] = one.what.is_latency()                      ? "ns"
                  : one.what.kind == figure_kind::bandwidth  ? "bytes_per_s"
                  : one.what.kind == figure_kind::throughput ? "ops_per_s"
                                                             : "share";
    out["base"] = one.base;
    out["new"] = one.now;
    out["base_runs"] = one.base_runs;
    out["new_runs"] = one.new_runs;
    out["change"] = number_or_null(one.share_changed());
    out["low"] = number_or_null(range.low);
    out["high"] = number_or_null(range.high);
    out["p"] = one.test == test_kind::none ? json(nullptr) : json(one.p);
    out["test"] = name(one.test);
    out["margin"] = one.margin;
    out["verdict"] = name(one.said);
    out["more_runs"] = one.more_runs;
    out["thin"] = one.thin;
    out["lower_bound"] = one.lower_bound;
    out["inflation"] = one.inflation;
    return out;
}

json to_json(const report_of_runs& report) {
    json out;
    out["kind"] = "chopsticks-comparison";
    out["schema_version"] = schema_version;
    out["sentence"] = sentence(report.found);
    out["base_files"] = report.base_files;
    out["new_files"] = report.new_files;
    out["paired"] = report.found.paired;
    out["within_run"] = report.found.within_run;
    out["forced"] = report.forced;
    out["differences"] = differences_of(report.differences);
    out["result"] =
        report.found.gates.empty() ? json(nullptr) : json(name(result_of(report.found.gates)));
    out["gates"] = gates_of(report.found);
    out["rows"] = rows_of(report.found);
    return out;
}

json to_json(const report_of_sweeps& report) {
    json out;
    out["kind"] = "chopsticks-sweep-comparison";
    out["schema_version"] = schema_version;
    out["sentence"] = sentence(report.found);
    out["base_files"] = json::array({report.base_file});
    out["new_files"] = json::array({report.new_file});
    out["forced"] = report.forced;
    out["differences"] = differences_of(report.differences);
    const auto at = report.found.part();
    out["parts_at"] = at ? json(report.found.points[*at].settings) : json(nullptr);
    json left_out = json::array();
    for (const std::string& one : report.found.of_one.of_base)
        left_out.push_back(one + " (base)");
    for (const std::string& one : report.found.of_one.of_new)
        left_out.push_back(one + " (new)");
    out["left_out"] = std::move(left_out);
    out["result"] = report.found.gated() ? json(name(report.found.result())) : json(nullptr);
    json points = json::array();
    for (const curve_point& point : report.found.points) {
        json one;
        one["settings"] = point.settings;
        one["base_runs"] = point.found.base_runs;
        one["new_runs"] = point.found.new_runs;
        one["within_run"] = point.found.within_run;
        one["gates"] = gates_of(point.found);
        one["rows"] = rows_of(point.found);
        points.push_back(std::move(one));
    }
    out["points"] = std::move(points);
    return out;
}

}  // namespace chopsticks::compare
