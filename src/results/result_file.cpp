#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/result_file.hpp>
#include <cmath>

#include "bounded_json.hpp"
#include "checked_members.hpp"
#include "combine.hpp"
#include "driver_figures.hpp"
#include "events_json.hpp"
#include "joined_interval.hpp"

namespace chopsticks::results {

namespace {

/// What the counts of one of our histograms take at most before they are deflated: a header, and
/// nine bytes for each of the 33,792 buckets of three digits.
constexpr std::size_t hdr_bytes_max = 40 + 33'792 * 9;

/// Operations of a run, and endpoints. Each costs a merge a quarter of a megabyte.
constexpr std::size_t operations_max = 1000;

/// Lets the histogram and its text be of the same values. \param brief the least is not told
bool decode_into(const latency_figures& from, bool brief, std::optional<stats::histogram>& out) {
    if (from.hdr.empty()) {
        out.emplace();
        return from.count == 0;
    }
    auto decoded = stats::histogram::decode(from.hdr, hdr_bytes_max);
    if (!decoded || decoded->count() != from.count || decoded->significant_digits() > 3) {
        return false;
    }
    const std::int64_t min_ns = brief ? decoded->min() : from.min_ns;
    if (!decoded->restore(min_ns, from.max_ns, from.mean_ns, from.over_range)) return false;
    out.emplace(std::move(*decoded));
    return true;
}

/// Whether a percentile of the document is that of its histogram, as far as its digits go: a build
/// of another rounding may have written it.
bool is_near(std::int64_t told, std::int64_t counted, int digits) {
    const double apart = std::abs(static_cast<double>(told) - static_cast<double>(counted));
    return apart <= 1 + 2 * std::pow(10.0, -digits) * static_cast<double>(counted);
}

/// Throws if one of those that are there is not that of the counts. Some of the unanswered are in
/// no count: where figures are lower bounds, or may be told of more than was counted, nothing is.
void check_percentiles(const checked_members& from, const stats::histogram& counted) {
    constexpr struct {
        const char* key;
        double percentile;
    } all[] = {{"p50_ns", 50}, {"p75_ns", 75},    {"p90_ns", 90},     {"p95_ns", 95},
               {"p99_ns", 99}, {"p999_ns", 99.9}, {"p9999_ns", 99.99}};
    for (const auto& [key, percentile] : all) {
        if (from.any(key).is_null()) continue;
        const std::int64_t expected = counted.value_at_percentile(percentile);
        if (!is_near(from.latency_ns(key), expected, counted.significant_digits())) {
            from.fail(key, "is not what hdr has; the file was changed after it was written");
        }
    }
}

/// What a brief one leaves to its histogram.
void complete(latency_figures& out, const stats::histogram& from) {
    out.min_ns = from.min();
    out.stddev_ns = from.stddev();
    out.p75_ns = from.value_at_percentile(75);
    out.p90_ns = from.value_at_percentile(90);
    out.p95_ns = from.value_at_percentile(95);
    out.p999_ns = from.value_at_percentile(99.9);
    out.p9999_ns = from.value_at_percentile(99.99);
}

}  // namespace

latency_figures read_latency(const json& object, const place& at, const std::string& file,
                             bool all_counted) {
    const checked_members from(object, at, file);
    latency_figures out;
    out.count = from.required_count("count");
    out.min_ns = from.latency_ns("min_ns");
    out.mean_ns = from.number("mean_ns");
    out.stddev_ns = from.number("stddev_ns");
    out.p50_ns = from.latency_ns("p50_ns");
    out.p75_ns = from.latency_ns("p75_ns");
    out.p90_ns = from.latency_ns("p90_ns");
    out.p95_ns = from.latency_ns("p95_ns");
    out.p99_ns = from.latency_ns("p99_ns");
    out.p999_ns = from.latency_ns("p999_ns");
    out.p9999_ns = from.latency_ns("p9999_ns");
    out.max_ns = from.latency_ns("max_ns");
    out.over_range = from.count("over_range");
    out.at_least = from.texts("at_least");
    out.hdr = from.text("hdr");
    const bool brief = from.any("min_ns").is_null();
    std::optional<stats::histogram> decoded;
    if (!decode_into(out, brief, decoded)) {
        from.fail("hdr", "is no histogram of the counts beside it; the file is damaged");
    }
    if (all_counted && out.at_least.empty()) check_percentiles(from, *decoded);
    if (brief) complete(out, *decoded);
    return out;
}

std::uint64_t unsupported_of(const operation_figures& f) noexcept {
    std::uint64_t sum = 0;
    for (const error_figures& error : f.errors)
        sum += error.error_class == name(op_status::unsupported) ? error.count : 0;
    return sum;
}

namespace {

error_figures read_error(const json& object, const place& at, const std::string& file) {
    const checked_members from(object, at, file);
    const auto code = [&](std::string_view key) {
        const std::uint64_t value = from.count(key);
        if (value > 9999) from.fail(key, "is out of range");
        return static_cast<int>(value);
    };
    error_figures out;
    out.error_class = from.required_text("class");
    out.http_status = code("http_status");
    out.errno_value = code("errno");
    out.s3_code = from.text("s3_code");
    out.count = from.required_count("count");
    out.example = from.text("example");
    return out;
}

/// \param brief what is empty may be absent
operation_figures read_figures(const json& object, const place& at, const std::string& file,
                               std::string_view name, bool brief = false) {
    const checked_members from(object, at, file);
    // Response times are of all that was due, their counts of what was answered or waited.
    const bool answered = from.count("shed") == 0 && from.any("waited").is_null();
    const auto of = [&](std::string_view key) {
        const json& there = from.any(key);
        if (brief && there.is_null()) return latency_figures();
        return read_latency(there, place{&at, key}, file, key != "response" || answered);
    };
    operation_figures out;
    out.name = name;
    out.part_of = from.text("part_of");
    out.ok = from.required_count("ok");
    out.failed = from.required_count("failed");
    out.skipped = from.count("skipped");
    out.shed = from.count("shed");
    out.unfinished = from.count("unfinished");
    out.retries = from.count("retries");
    out.bytes = from.required_count("bytes");
    out.rate_per_s = from.required_number("rate_per_s");
    out.bytes_per_s = from.required_number("bytes_per_s");
    if (out.rate_per_s < 0) from.fail("rate_per_s", "is negative");
    if (out.bytes_per_s < 0) from.fail("bytes_per_s", "is negative");
    out.response = of("response");
    out.service = of("service");
    out.send_lag = of("send_lag");
    out.first_byte = of("first_byte");
    out.failed_response = of("failed_response");
    if (!from.any("waited").is_null()) out.waited = of("waited");
    // Whoever compares takes rates from the counts and times from the histograms.
    if (out.service.count != out.ok) from.fail("service", "is not of as many operations as \"ok\"");
    if (out.response.count != out.ok + out.unfinished)
        from.fail("response", "is not of as many operations as \"ok\" and \"unfinished\"");
    if (!brief && out.failed_response.count != out.failed)
        from.fail("failed_response", "is not of as many operations as \"failed\"");
    from.each("errors", [&](const json& one, const place& there, std::string_view) {
        out.errors.push_back(read_error(one, there, file));
    });
    from.each("by_size_class", [&](const json& one, const place& there, std::string_view size) {
        out.by_size_class.push_back(read_figures(one, there, file, size));
    });
    return out;
}

std::vector<operation_figures> read_table(const checked_members& from, std::string_view key,
                                          bool brief = false) {
    std::vector<operation_figures> out;
    from.each(key, [&](const json& one, const place& there, std::string_view name) {
        if (out.size() == operations_max) {
            from.fail(key, "has more than " + std::to_string(operations_max) + " members");
        }
        out.push_back(read_figures(one, there, from.file(), name, brief));
    });
    return out;
}

stats::load_figures read_load(const json& object, const place& at, const std::string& file) {
    const checked_members from(object, at, file);
    stats::load_figures out;
    out.intended = from.count("intended");
    out.issued = from.count("issued");
    out.skipped = from.count("skipped");
    out.completed = from.count("completed");
    out.cancelled = from.count("cancelled");
    out.shed = from.count("shed");
    out.shed_late = from.count("shed_late");
    out.backlog = from.count("backlog_at_end");
    out.backlog_age_max_ns = from.integer("backlog_age_max_ns");
    out.in_flight_max = from.count("max_in_flight");
    out.intended_rate_per_s = from.number("intended_rate_per_s");
    return out;
}

}  // namespace

interval_figures read_interval(const json& object, const place& at, const std::string& file) {
    const checked_members from(object, at, file);
    interval_figures out;
    out.t_s = from.required_number("t_s");
    out.duration_s = from.required_number("duration_s");
    out.phase = from.required_text("phase");
    const place load_at{&at, "load"};
    const checked_members load(from.any("load"), load_at, file);
    out.load.intended = load.count("intended");
    out.load.issued = load.count("issued");
    out.load.skipped = load.count("skipped");
    out.load.completed = load.count("completed");
    out.load.shed = load.count("shed");
    out.load.shed_late = load.count("shed_late");
    out.load.users = load.count("users");
    if (!load.any("users_wanted").is_null()) out.load.users_wanted = load.count("users_wanted");
    if (!load.any("rate_wanted_per_s").is_null())
        out.load.rate_wanted_per_s = load.number("rate_wanted_per_s");
    out.load.backlog = load.count("backlog");
    out.load.in_flight_max = load.count("in_flight_max");
    out.cores_busy = from.numbers("cores_busy");
    out.health = from.any("health");
    out.operations = read_table(from, "operations", true);
    out.driver_figures = read_interval_driver_figures(from);
    return out;
}

namespace {

void read_run(const checked_members& from, result_file& out) {
    const place at{nullptr, "run"};
    const checked_members run(from.any("run"), at, out.path);
    out.run_id = run.required_text("id");
    out.started_ns = run.integer("started_ns");
    out.duration_s = run.required_number("duration_s");
    out.seed = run.any_unsigned("seed");
    out.interrupted = run.flag("interrupted");
    out.problem = run.text("problem");
    out.exit_status =
        static_cast<int>(std::clamp<std::int64_t>(run.integer("exit_status"), 0, 255));
    out.interval_s = run.any("interval_s").is_null() ? 1 : run.number("interval_s");
    if (out.interval_s <= 0) run.fail("interval_s", "is out of range");
    if (!run.any("intervals_joined").is_null()) {
        out.intervals_joined = run.required_count("intervals_joined");
        if (out.intervals_joined == 0 || out.intervals_joined > 1U << 30)
            run.fail("intervals_joined", "is out of range");
    }
    run.each("phases", [&](const json& one, const place& there, std::string_view) {
        const checked_members phase(one, there, out.path);
        out.phases.push_back({phase.required_text("name"), phase.required_number("started_s"),
                              phase.required_number("duration_s")});
    });
}

void read_stages(const checked_members& from, result_file& out) {
    from.each("stages", [&](const json& one, const place& there, std::string_view) {
        const checked_members stage(one, there, out.path);
        stage_record row;
        row.start_s = stage.required_number("start_s");
        row.duration_s = stage.required_number("duration_s");
        row.load = read_load(stage.any("load"), place{&there, "load"}, out.path);
        row.total = read_figures(stage.any("total"), place{&there, "total"}, out.path, "");
        row.operations = read_table(stage, "operations");
        out.stages.push_back(std::move(row));
    });
}

void read_result_members(result_file& out) {
    check_result(out.document, out.path);
    const place top;
    const checked_members from(out.document, top, out.path);
    read_run(from, out);
    const place validity_at{nullptr, "validity"};
    const checked_members validity(from.any("validity"), validity_at, out.path);
    out.valid = validity.flag("valid");
    out.reasons = validity.texts("reasons");
    out.aborted = flag(member(out.document, "slo"), "aborted");
    out.load = read_load(from.any("load"), place{nullptr, "load"}, out.path);
    out.total = read_figures(from.any("total"), place{nullptr, "total"}, out.path, "");
    for (operation_figures& one : read_table(from, "operations")) {
        (one.part_of.empty() ? out.operations : out.operation_parts).push_back(std::move(one));
    }
    out.by_endpoint = read_table(from, "by_endpoint");
    out.driver_figures = read_driver_figures(from);
    check_driver_figures(out.driver_figures, out.intervals, out.path);
    read_stages(from, out);
    out.events = read_events(from);
    out.intervals_omitted = from.count("intervals_omitted");
    from.each("parts", [&](const json& one, const place& there, std::string_view) {
        const checked_members part(one, there, out.path);
        part.required_number("offset_s");
        const place run_at{&there, "run"};
        checked_members(part.any("run"), run_at, out.path).required_text("id");
    });
}

/// Of a sweep, a search or a comparison.
void check_series(const result_file& file, const char* list) {
    const place top;
    const checked_members from(file.document, top, file.path);
    if (file.version != 1) {
        from.fail("schema_version", "is " + std::to_string(file.version) +
                                        ", this version of chopsticks reads format 1; use the "
                                        "version that wrote it, or a later one");
    }
    if (!from.any(list).is_array()) from.fail(list, "is not a list");
}

}  // namespace

stats::histogram latency_figures::decode() const {
    std::optional<stats::histogram> out;
    CHOPSTICKS_ASSERT(decode_into(*this, false, out));
    return std::move(*out);
}

const operation_figures* find(const std::vector<operation_figures>& all, std::string_view name) {
    const auto there = std::find_if(all.begin(), all.end(),
                                    [&](const operation_figures& f) { return f.name == name; });
    return there == all.end() ? nullptr : &*there;
}

const json& result_file::part(const char* key) const {
    static const json nothing = json::object();
    const auto there = document.is_object() ? document.find(key) : document.end();
    return there != document.end() && there->is_object() ? *there : nothing;
}

const json& result_file::parts() const {
    static const json nothing;
    const auto there = document.is_object() ? document.find("parts") : document.end();
    return there == document.end() ? nothing : *there;
}

namespace {

std::int64_t start_of(const result_file& file, bool (*wanted)(const phase_span&),
                      std::int64_t otherwise) {
    const auto there = std::find_if(file.phases.begin(), file.phases.end(), wanted);
    if (there == file.phases.end()) return otherwise;
    return file.started_ns + std::llround(std::clamp(there->started_s, 0.0, 1e9) * 1e9);
}

std::string content_identity(std::int64_t started_ns, const std::string& response_hdr,
                             const std::string& service_hdr) {
    if (response_hdr.empty()) return {};
    return std::to_string(started_ns) + " " + response_hdr + " " + service_hdr;
}

}  // namespace

std::vector<run_identity> result_file::made_of() const {
    const json& made = parts();
    if (!made.is_array() || made.empty()) {
        return {{run_id, content_identity(started_ns, total.response.hdr, total.service.hdr)}};
    }
    std::vector<run_identity> out;
    for (const json& part : made) {
        const json& run = member(part, "run");
        const json& all = member(part, "total");
        const json& started = member(run, "started_ns");
        out.push_back(
            {text(run, "id"),
             content_identity(started.is_number_integer() ? started.get<std::int64_t>() : 0,
                              text(member(all, "response"), "hdr"),
                              text(member(all, "service"), "hdr"))});
    }
    return out;
}

std::int64_t result_file::load_began_ns() const {
    const auto is_of_load = [](const phase_span& p) {
        return p.name != "open" && p.name != "prepare" && p.name != "cleanup";
    };
    return start_of(*this, is_of_load, started_ns);
}

std::int64_t result_file::measure_began_ns() const {
    return start_of(
        *this, [](const phase_span& p) { return p.name == "measure"; }, load_began_ns());
}

result_file parse_file(std::string_view text, const std::string& name) {
    result_file out;
    out.path = name;
    const place intervals{nullptr, "intervals"};
    out.document = parse_bounded(text, name, [&](json&& one, std::size_t number) {
        out.intervals.push_back(read_interval(one, place{&intervals, "", number}, name));
    });
    if (!out.document.is_object()) {
        throw config_error(name + ": not a result of chopsticks (it is no JSON object)");
    }
    const place top;
    const checked_members from(out.document, top, out.path);
    const std::string kind = from.any("kind").is_string() ? from.text("kind") : "";
    const json& version = from.any("schema_version");
    out.version = version.is_number_unsigned() ? static_cast<int>(from.count("schema_version")) : 0;
    if (kind == "chopsticks-sweep") {
        out.kind = document_kind::sweep;
        check_series(out, "points");
    } else if (kind == "chopsticks-find-max") {
        out.kind = document_kind::find_max;
        check_series(out, "trials");
    } else if (kind == "chopsticks-comparison") {
        out.kind = document_kind::comparison;
        check_series(out, "rows");
    } else if (kind == "chopsticks-sweep-comparison") {
        out.kind = document_kind::sweep_comparison;
        check_series(out, "points");
    } else if (kind == "chopsticks-drivers") {
        out.kind = document_kind::drivers;
        check_series(out, "drivers");
    } else {
        if (!kind.empty() && kind != "chopsticks-result")
            from.fail("kind", "is none of a result, a sweep, a search or a comparison");
        if (!from.any("intervals").empty()) from.fail("intervals", "is not a list of objects");
        read_result_members(out);
    }
    return out;
}

result_file load_file(const std::string& path) {
    return parse_file(read_bounded(path, "read the result"), path);
}

result_file load_result(const std::string& path) {
    result_file out = load_file(path);
    if (out.kind != document_kind::run) {
        const bool is_series =
            out.kind == document_kind::sweep || out.kind == document_kind::find_max;
        throw config_error(path + ": of a " +
                           (out.kind == document_kind::sweep ? "sweep"
                            : is_series                      ? "search"
                                                             : "comparison") +
                           ", not of one run; " +
                           (is_series ? "the results of its runs are in the same folder"
                                      : "it names the results of the runs"));
    }
    return out;
}

}  // namespace chopsticks::results
