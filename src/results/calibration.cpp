#include <algorithm>
#include <array>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/calibration.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/write.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "file_io.hpp"
#include "json_text.hpp"

namespace chopsticks::results {

namespace {

constexpr int calibration_version = 1;

/// What must be the same for a calibration to say anything of a run.
json identity(const environment& e) {
    json out;
    out["host"] = e.host;
    out["kernel"] = e.kernel;
    out["cpu_model"] = e.cpu_model;
    out["cpus_online"] = e.cpus_online;
    out["version"] = e.version;
    out["compiler"] = e.compiler;
    out["build_type"] = e.build_type;
    return out;
}

json load_json(const calibrated_load& l) {
    json out;
    out["object_bytes"] = l.object_bytes;
    out["ops_per_s"] = rounded(l.ops_per_s);
    out["bytes_per_s"] = rounded(l.bytes_per_s);
    out["busy_share"] = rounded(l.busy_share);
    out["full_core_ops_per_s"] = rounded(l.full_ops_per_s());
    out["full_core_bytes_per_s"] =
        rounded(l.full_ops_per_s() * static_cast<double>(l.object_bytes));
    return out;
}

json operation_json(const calibrated_operation& o) {
    json out;
    out["small"] = load_json(o.small);
    out["large"] = load_json(o.large);
    out["ns_per_request"] = rounded(o.ns_per_request());
    out["ns_per_byte"] = rounded(o.ns_per_byte());
    return out;
}

json lag_json(const stats::histogram& h) {
    json out;
    out["p50_ns"] = h.value_at_percentile(50);
    out["p99_ns"] = h.value_at_percentile(99);
    out["max_ns"] = h.max();
    return out;
}

std::string lag_cell(const json& lag, const char* key) {
    return format_latency(std::llround(number(lag, key)));
}

/// The part of a calibration file that a run can be held against; none if it is of another kind.
std::optional<json> read_calibration(const std::string& path, const environment& here) {
    std::string text;
    if (path.empty() || read_file(path, text) != 0) return std::nullopt;
    json doc = json::parse(text, nullptr, false);
    if (!doc.is_object() || member(doc, "kind") != "chopsticks-calibration" ||
        number(doc, "schema_version") != calibration_version ||
        member(doc, "identity") != identity(here)) {
        return std::nullopt;
    }
    return doc;
}

/// Time one operation of that name and its bytes cost a core; none: not calibrated.
std::optional<double> cost_ns(const json& doc, const std::string& driver, const std::string& op,
                              double operations, double bytes) {
    if (driver == "dummy") return operations * number(member(doc, "dummy"), "ns_per_operation");
    const char* const like = op == "put" ? "put" : "get";
    const json& cost = member(doc, like);
    if (number(cost, "ns_per_request") <= 0) return std::nullopt;
    // What moves no object's body still costs a request.
    const bool body = op == "put" || op == "get";
    return operations * number(cost, "ns_per_request") +
           (body ? bytes * number(cost, "ns_per_byte") : 0);
}

bool is_covered(const run_document& doc) {
    return std::all_of(doc.groups.begin(), doc.groups.end(),
                       [](const group_figures& g) { return g.as_calibrated; }) &&
           std::none_of(doc.scenario.groups.begin(), doc.scenario.groups.end(),
                        [](const scenario::group& g) { return g.data.verify; });
}

}  // namespace

double calibrated_operation::ns_per_byte() const noexcept {
    const auto bytes =
        static_cast<double>(large.object_bytes) - static_cast<double>(small.object_bytes);
    if (bytes <= 0) return 0;
    return std::max(0.0, (large.ns_per_operation() - small.ns_per_operation()) / bytes);
}

double calibrated_operation::ns_per_request() const noexcept {
    return std::max(
        0.0, small.ns_per_operation() - ns_per_byte() * static_cast<double>(small.object_bytes));
}

json to_json(const calibration& c) {
    json out;
    out["kind"] = "chopsticks-calibration";
    out["schema_version"] = calibration_version;
    out["made"] = format_utc(c.made_ns);
    out["identity"] = identity(c.where);
    out["held_up_share"] = rounded(c.held_up_share);
    out["dummy"]["ops_per_s"] = rounded(c.dummy.ops_per_s);
    out["dummy"]["busy_share"] = rounded(c.dummy.busy_share);
    out["dummy"]["ns_per_operation"] = rounded(c.dummy.ns_per_operation());
    out["dummy"]["cores"] = c.cores;
    out["dummy"]["cores_ops_per_s"] = rounded(c.dummy_cores_per_s);
    out["get"] = operation_json(c.get);
    out["put"] = operation_json(c.put);
    out["timers"] = json::object();
    for (const calibrated_timer& t : c.timers)
        out["timers"][t.idle] = lag_json(t.lag);
    out["send_lag"] = json::array();
    for (const calibrated_rate& r : c.rates) {
        json one = lag_json(r.lag);
        one["rate_per_s"] = rounded(r.rate_per_s);
        one["achieved"] = rounded(r.achieved);
        out["send_lag"].push_back(std::move(one));
    }
    return out;
}

std::string render_calibration(const json& doc) {
    constexpr std::size_t width = 79;
    const json& dummy = member(doc, "dummy");
    text_table work({"One core", "measured", "core busy", "at 100 %"});
    const auto per_s = [](double rate) { return format_count(rate) + "/s"; };
    const auto busy = [](const json& l) {
        return decimal(number(l, "busy_share") * 100, 0) + " %";
    };
    work.add({"dummy driver", per_s(number(dummy, "ops_per_s")), busy(dummy),
              per_s(number(dummy, "ns_per_operation") > 0 ? 1e9 / number(dummy, "ns_per_operation")
                                                          : 0)});
    for (const char* op : {"get", "put"}) {
        for (const char* size : {"small", "large"}) {
            const json& l = member(member(doc, op), size);
            const bool large = std::string_view(size) == "large";
            const std::string name =
                std::string("signed ") + op + ", " + format_size(count(l, "object_bytes"));
            work.add(
                {name,
                 large ? format_bandwidth(number(l, "bytes_per_s")) : per_s(number(l, "ops_per_s")),
                 busy(l),
                 large ? format_bandwidth(number(l, "full_core_bytes_per_s"))
                       : per_s(number(l, "full_core_ops_per_s"))});
        }
    }
    std::string out = work.render(width);
    out += paragraph("", 0,
                     "dummy driver on " + std::to_string(count(dummy, "cores")) +
                         " cores at once: " + per_s(number(dummy, "cores_ops_per_s")),
                     width);
    text_table timers({"Timers, by --idle", "late p50", "p99", "max"});
    for (const auto& [idle, lag] : member(doc, "timers").items()) {
        timers.add({printable(idle), lag_cell(lag, "p50_ns"), lag_cell(lag, "p99_ns"),
                    lag_cell(lag, "max_ns")});
    }
    text_table rates({"Rate, one core", "achieved", "send lag p50", "p99", "max"});
    for (const json& r : member(doc, "send_lag")) {
        rates.add({per_s(number(r, "rate_per_s")), decimal(number(r, "achieved") * 100, 2) + " %",
                   lag_cell(r, "p50_ns"), lag_cell(r, "p99_ns"), lag_cell(r, "max_ns")});
    }
    return out + "\n" + timers.render(width) + "\n" + rates.render(width);
}

std::string default_calibration_path() {
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    const char* const home = std::getenv("HOME");
    // The specification ignores a relative path.
    if (cache != nullptr && cache[0] == '/') {
        return std::string(cache) + "/chopsticks/calibration.json";
    }
    if (home != nullptr && home[0] == '/') {
        return std::string(home) + "/.cache/chopsticks/calibration.json";
    }
    return {};
}

std::string write_calibration(const std::string& path, const calibration& c) {
    std::error_code ignored;  // write_file says what is wrong
    std::filesystem::create_directories(directory_of(path), ignored);
    return write_file(path, dump(to_json(c), 2) + "\n");
}

std::optional<calibration_use> cite_calibration(const std::string& path, const run_document& doc) {
    if (!is_covered(doc)) return std::nullopt;
    const auto found = read_calibration(path, doc.environment);
    if (!found) return std::nullopt;
    double used_ns = 0;
    for (std::size_t i = 0; i < doc.layout.operations.size(); ++i) {
        const std::string& name = doc.layout.operations[i];
        const std::size_t slash = name.rfind('/');
        const std::string group = name.substr(0, slash);
        const auto of = std::find_if(doc.groups.begin(), doc.groups.end(),
                                     [&](const group_figures& g) { return g.name == group; });
        if (of == doc.groups.end()) return std::nullopt;
        const stats::figures& f = doc.figures.by_operation[i];
        const auto cost = cost_ns(*found, of->driver, name.substr(slash + 1),
                                  static_cast<double>(f.ok_count + f.failed_count + f.retries),
                                  static_cast<double>(f.bytes));
        if (!cost) return std::nullopt;
        used_ns += *cost;
    }
    const double had_ns =
        static_cast<double>(doc.generator.cores.size()) * doc.run.duration_s * 1e9;
    if (had_ns <= 0 || used_ns <= 0) return std::nullopt;
    return calibration_use{path, text(*found, "made"), used_ns / had_ns};
}

}  // namespace chopsticks::results
