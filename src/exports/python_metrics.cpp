// The files of chopsticks as it was in Python: metrics.json, metrics.jsonl and metrics.csv.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <cmath>
#include <cstdio>
#include <map>

#include "writers.hpp"

namespace chopsticks::exports {

namespace {

using results::json;

constexpr std::string_view operation_types[] = {"upload", "download", "delete", "list",
                                                "head",   "read",     "write"};

constexpr const char* metric_columns[] = {
    "operation_id", "timestamp_start",   "timestamp_end", "operation_type",  "workload_type",
    "object_key",   "object_size_bytes", "duration_ms",   "throughput_mbps", "success",
    "error_code",   "retry_count",       "driver",        "user_id"};

/// datetime.isoformat() of a naive time in UTC.
std::string iso_time(std::int64_t wall_ns) {
    const civil_time t = to_civil(wall_ns / 1'000'000'000);
    char text[96];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06d", t.year, t.month, t.day,
                  t.hour, t.minute, t.second, static_cast<int>(wall_ns % 1'000'000'000 / 1000));
    return text;
}

/// One of the seven types there, where one of the operation's names is one; else its own name.
std::string type_of(const result_file& r, const std::string& operation) {
    std::string own = name_of(operation);
    const auto is_type = [](std::string_view name) {
        return std::find(std::begin(operation_types), std::end(operation_types), name) !=
               std::end(operation_types);
    };
    const auto* const row = row_of(r, operation);
    if (is_type(own) || row == nullptr) return own;
    const auto alias = std::find_if(row->aliases.begin(), row->aliases.end(), is_type);
    return alias == row->aliases.end() ? own : std::string(*alias);
}

/// The operations of a log as the metrics of that program.
class metric_rows {
  public:
    explicit metric_rows(const result_file& result) : result_(result) {}

    json next(const trace::op_log_header& header, const trace::op_record& record) {
        const operation_words& words = words_of(header, record.op);
        const std::int64_t began_ns = record.sent_ns != 0 ? record.sent_ns : record.intended_ns;
        const double seconds = static_cast<double>(record.done_ns - began_ns) / 1e9;
        const std::uint64_t bytes = record.length != 0 ? record.length : record.size;
        const bool success = record.status == op_status::ok;
        json out;
        out["operation_id"] = header.run_id + "-" + std::to_string(number_++);
        out["timestamp_start"] = iso_time(header.started_wall_ns + began_ns);
        out["timestamp_end"] = iso_time(header.started_wall_ns + record.done_ns);
        out["operation_type"] = words.type;
        out["workload_type"] = words.workload;
        out["object_key"] = record.has_object ? std::to_string(record.object) : "";
        out["object_size_bytes"] = bytes;
        out["duration_ms"] = seconds * 1e3;
        out["throughput_mbps"] =
            success && seconds > 0 ? static_cast<double>(bytes) / 1048576 / seconds : 0.0;
        out["success"] = success;
        out["error_code"] = success ? json(nullptr) : json(code_of(record));
        out["retry_count"] = 0;
        out["driver"] = words.driver;
        out["user_id"] = "core-" + std::to_string(record.core);
        return out;
    }

  private:
    struct operation_words {
        std::string type;
        std::string workload;
        std::string driver;
    };

    static std::string code_of(const trace::op_record& record) {
        if (record.native.kind != code_kind::none) return std::to_string(record.native.value);
        return std::string(name(record.status));
    }

    const operation_words& words_of(const trace::op_log_header& header, std::uint16_t op) {
        const auto there = words_.find(op);
        if (there != words_.end()) return there->second;
        const std::string operation = header.operations.at(op);
        const std::string group = group_of(operation);
        return words_[op] = {type_of(result_, operation), group_text(result_, group, "workload"),
                             group_text(result_, group, "driver")};
    }

    const result_file& result_;
    std::map<std::uint16_t, operation_words> words_;
    std::uint64_t number_ = 0;
};

/// As Python's csv writes it.
std::string python_text(const json& value) {
    if (value.is_null()) return "";
    if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
    return value.is_string() ? value.get<std::string>() : results::dump(value);
}

json summary_of(const stats::response_times& times) {
    const stats::histogram& h = times.bounds();
    const auto ms = [](double ns) { return ns / 1e6; };
    const auto at = [&](double percentile) {
        return times.count() == 0 ? 0.0 : ms(times.percentile(percentile).least);
    };
    const double deviation = ms(h.stddev());
    return {{"min", ms(static_cast<double>(h.min()))},
            {"max", ms(times.max().least)},
            {"mean", ms(times.mean().least)},
            {"median", at(50)},
            {"p50", at(50)},
            {"p75", at(75)},
            {"p90", at(90)},
            {"p95", at(95)},
            {"p99", at(99)},
            {"p99_9", at(99.9)},
            {"stddev", deviation},
            {"variance", deviation * deviation}};
}

double success_rate(std::uint64_t ok, std::uint64_t failed) {
    return ok + failed == 0 ? 0 : static_cast<double>(ok) / static_cast<double>(ok + failed) * 100;
}

/// The kind of error there, by the class of ours.
std::string category_of(const std::string& error_class) {
    if (error_class == name(op_status::slow_down)) return "rate_limiting";
    if (error_class == name(op_status::timeout)) return "timeout";
    for (const op_status network : {op_status::connect_failed, op_status::connection_lost})
        if (error_class == name(network)) return "network";
    for (const op_status storage : {op_status::server_error, op_status::bad_response,
                                    op_status::corrupt, op_status::io_error})
        if (error_class == name(storage)) return "storage";
    return "unknown";
}

json whole_summary(const result_file& r, const std::string& name, std::int64_t began_ns,
                   std::int64_t ended_ns) {
    json out;
    out["test_run_id"] = r.run_id;
    out["test_name"] = name;
    out["start_time"] = iso_time(began_ns);
    out["end_time"] = iso_time(ended_ns);
    out["operations"] = {{"total", r.total.ok + r.total.failed},
                         {"successful", r.total.ok},
                         {"failed", r.total.failed},
                         {"success_rate", success_rate(r.total.ok, r.total.failed)}};
    summed all(3);
    all.add(r.total, r.path);
    // A result has no distribution of single operations' throughputs.
    out["overall_performance"] = {{"duration_ms", summary_of(all.response())},
                                  {"throughput_mbps", json::object()}};
    std::map<std::string, summed> by_type;
    for (const operation_figures& f : r.operations) {
        // Requests that an operation is made of are in its figures.
        if (!f.part_of.empty()) continue;
        by_type.try_emplace(type_of(r, f.name), 3).first->second.add(f, r.path);
    }
    out["by_operation"] = json::object();
    for (const auto& [type, sum] : by_type) {
        const stats::figures& f = sum.figures();
        if (f.ok_count == 0) continue;
        const json times = summary_of(sum.response());
        out["by_operation"][type] = {
            {"count", f.ok_count + f.failed_count},
            {"success_rate", success_rate(f.ok_count, f.failed_count)},
            {"duration_ms",
             {{"mean", times["mean"]}, {"p95", times["p95"]}, {"p99", times["p99"]}}},
            {"throughput_mbps", json::object()}};
    }
    json categories = json::object();
    for (const results::error_figures& error : r.total.errors) {
        const std::string category = category_of(error.error_class);
        categories[category] = categories.value(category, std::uint64_t{0}) + error.count;
    }
    out["errors"] = {{"count", r.total.failed}, {"by_category", std::move(categories)}};
    return out;
}

}  // namespace

void write_metrics_csv(const result_file& r, const record_source& log, const text_sink& out) {
    std::vector<std::string> fields(std::begin(metric_columns), std::end(metric_columns));
    out(csv_line(fields));
    metric_rows rows(r);
    log([&](const trace::op_log_header& header, const trace::op_record& record) {
        const json row = rows.next(header, record);
        for (std::size_t i = 0; i < fields.size(); ++i)
            fields[i] = python_text(row[metric_columns[i]]);
        out(csv_line(fields));
    });
}

void write_metrics_jsonl(const result_file& r, const record_source& log, const text_sink& out) {
    metric_rows rows(r);
    log([&](const trace::op_log_header& header, const trace::op_record& record) {
        out(results::dump(rows.next(header, record)) + "\n");
    });
}

void write_metrics_json(const result_file& r, const record_source& log, const text_sink& out) {
    const std::string test_name = scenario_text(r, "name");
    const std::int64_t began_ns = r.measure_began_ns();
    const std::int64_t ended_ns = began_ns + std::llround(r.duration_s * 1e9);
    std::uint64_t users = 0;
    std::string workload;
    std::string driver;
    for (const auto& [group, figures] : r.groups().items()) {
        const auto there = figures.is_object() ? figures.find("users") : figures.end();
        if (there != figures.end() && there->is_number_unsigned()) {
            users += there->get<std::uint64_t>();
        }
        if (workload.empty()) workload = group_text(r, group, "workload");
        if (driver.empty()) driver = group_text(r, group, "driver");
    }
    json config;
    config["test_run_id"] = r.run_id;
    config["test_name"] = test_name;
    config["start_time"] = iso_time(began_ns);
    config["end_time"] = iso_time(ended_ns);
    config["duration_seconds"] = std::llround(r.duration_s);
    config["scenario"] = scenario_text(r, "file");
    config["workload_type"] = workload;
    config["driver"] = driver;
    config["test_config"] = {{"users", users}};
    config["environment"] = r.environment();
    config["client_info"] = json::object();
    config["tags"] = json::object();
    out("{\n\"test_config\": " + results::dump(config) +
        ",\n\"summary\": " + results::dump(whole_summary(r, test_name, began_ns, ended_ns)) +
        ",\n\"operation_metrics\": [");
    if (log) {
        metric_rows rows(r);
        bool first = true;
        log([&](const trace::op_log_header& header, const trace::op_record& record) {
            out((first ? "\n" : ",\n") + results::dump(rows.next(header, record)));
            first = false;
        });
    }
    out("],\n\"system_metrics\": [],\n\"error_metrics\": []\n}\n");
}

}  // namespace chopsticks::exports
