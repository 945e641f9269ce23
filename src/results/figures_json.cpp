#include <chopsticks/results/document.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/stats/response_times.hpp>
#include <cmath>

#include "driver_figures.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

json errors_json(const std::vector<stats::error_row>& rows) {
    json out = json::array();
    for (const stats::error_row& row : rows) {
        json error;
        error["class"] = name(row.status);
        error["http_status"] = row.native.as(code_kind::http_status);
        error["errno"] = row.native.as(code_kind::errno_value);
        error["s3_code"] = row.code;
        error["count"] = row.count;
        error["example"] = row.example;
        out.push_back(std::move(error));
    }
    return out;
}

void put_unsupported(json& to, const stats::figures& f) {
    if (const std::uint64_t n = f.unsupported_count(); n > 0) to["unsupported"] = n;
}

bool idle(const stats::figures& f) {
    return f.ok_count == 0 && f.failed_count == 0 && f.skipped == 0 && f.shed == 0 &&
           f.waited.count() == 0;
}

}  // namespace

json to_json(const stats::histogram& h) {
    json out;
    out["count"] = h.count();
    out["min_ns"] = h.min();
    out["mean_ns"] = rounded(h.mean());
    out["stddev_ns"] = rounded(h.stddev());
    out["p50_ns"] = h.value_at_percentile(50);
    out["p75_ns"] = h.value_at_percentile(75);
    out["p90_ns"] = h.value_at_percentile(90);
    out["p95_ns"] = h.value_at_percentile(95);
    out["p99_ns"] = h.value_at_percentile(99);
    out["p999_ns"] = h.value_at_percentile(99.9);
    out["p9999_ns"] = h.value_at_percentile(99.99);
    out["max_ns"] = h.max();
    if (h.over_range() != 0) out["over_range"] = h.over_range();
    out["hdr"] = h.count() == 0 ? std::string() : h.encode();
    return out;
}

namespace {

/// Of all that was due; which of the figures are lower bounds is in `at_least`.
json response_json(const stats::figures& f) {
    if (f.shed == 0 && f.waited.count() == 0) return to_json(f.response);
    stats::response_times all(f.response.significant_digits());
    all.add(f);
    json out = to_json(all.bounds());
    json open = json::array();
    const auto put = [&](const char* key, const stats::bounded& value) {
        out[key] = static_cast<std::int64_t>(value.least);
        if (value.at_least()) open.push_back(key);
    };
    if (all.mean().at_least()) open.push_back("mean_ns");
    put("p50_ns", all.percentile(50));
    put("p75_ns", all.percentile(75));
    put("p90_ns", all.percentile(90));
    put("p95_ns", all.percentile(95));
    put("p99_ns", all.percentile(99));
    put("p999_ns", all.percentile(99.9));
    put("p9999_ns", all.percentile(99.99));
    put("max_ns", all.max());
    out["at_least"] = std::move(open);
    return out;
}

}  // namespace

json to_json(const stats::figures& f, double duration_s) {
    const double per_s = duration_s > 0 ? 1 / duration_s : 0;
    json out;
    out["ok"] = f.ok_count;
    out["failed"] = f.failed_count;
    put_unsupported(out, f);
    out["skipped"] = f.skipped;
    out["shed"] = f.shed;
    out["unfinished"] = f.unfinished;
    out["retries"] = f.retries;
    out["bytes"] = f.bytes;
    out["rate_per_s"] = rounded(static_cast<double>(f.ok_count) * per_s);
    out["bytes_per_s"] = rounded(static_cast<double>(f.bytes) * per_s);
    out["response"] = response_json(f);
    if (f.waited.count() > 0) out["waited"] = to_json(f.waited);
    out["service"] = to_json(f.service);
    out["send_lag"] = to_json(f.send_lag);
    out["first_byte"] = to_json(f.first_byte);
    out["failed_response"] = to_json(f.failed);
    out["errors"] = errors_json(f.errors);
    return out;
}

json brief_histogram_json(const stats::histogram& h) {
    json out;
    out["count"] = h.count();
    out["mean_ns"] = std::round(h.mean() * 10) / 10;
    out["p50_ns"] = h.value_at_percentile(50);
    out["p99_ns"] = h.value_at_percentile(99);
    out["max_ns"] = h.max();
    if (h.over_range() != 0) out["over_range"] = h.over_range();
    out["hdr"] = h.encode();
    return out;
}

namespace {

/// Of one operation in one interval: without what is empty, and without the latencies that nothing
/// is told of by the interval.
json brief_json(const stats::figures& f, double duration_s) {
    const double per_s = duration_s > 0 ? 1 / duration_s : 0;
    json out;
    out["ok"] = f.ok_count;
    out["failed"] = f.failed_count;
    put_unsupported(out, f);
    if (f.skipped > 0) out["skipped"] = f.skipped;
    if (f.shed > 0) out["shed"] = f.shed;
    if (f.unfinished > 0) out["unfinished"] = f.unfinished;
    if (f.retries > 0) out["retries"] = f.retries;
    out["bytes"] = f.bytes;
    out["rate_per_s"] = rounded(static_cast<double>(f.ok_count) * per_s);
    out["bytes_per_s"] = rounded(static_cast<double>(f.bytes) * per_s);
    // Percentiles of which some are lower bounds cannot be made of the histogram alone.
    if (f.shed > 0 || f.waited.count() > 0) {
        out["response"] = response_json(f);
    } else if (f.response.count() > 0) {
        out["response"] = brief_histogram_json(f.response);
    }
    if (f.waited.count() > 0) out["waited"] = brief_histogram_json(f.waited);
    if (f.service.count() > 0) out["service"] = brief_histogram_json(f.service);
    if (!f.errors.empty()) out["errors"] = errors_json(f.errors);
    return out;
}

}  // namespace

json interval_json(const interval& one, const stats::layout& names) {
    json out;
    out["t_s"] = rounded(one.t_s);
    out["duration_s"] = rounded(one.duration_s);
    out["phase"] = one.phase;
    json load;
    load["intended"] = one.load.intended;
    load["issued"] = one.load.issued;
    load["skipped"] = one.load.skipped;
    load["completed"] = one.load.completed;
    load["shed"] = one.load.shed;
    load["shed_late"] = one.load.shed_late;
    load["achieved_share"] = one.load.intended == 0
                                 ? json(nullptr)
                                 : json(rounded(static_cast<double>(one.load.issued) /
                                                static_cast<double>(one.load.intended)));
    load["users"] = one.load.users;
    if (one.load.users_wanted) load["users_wanted"] = *one.load.users_wanted;
    if (one.load.rate_wanted_per_s)
        load["rate_wanted_per_s"] = rounded(*one.load.rate_wanted_per_s);
    load["backlog"] = one.load.backlog;
    load["in_flight_max"] = one.load.in_flight_max;
    out["load"] = std::move(load);
    out["cores_busy"] = json::array();
    for (const double busy : one.cores_busy)
        out["cores_busy"].push_back(rounded(busy));
    out["health"] = to_json(one.health);
    out["operations"] = json::object();
    if (one.figures != nullptr) {
        for (std::size_t i = 0; i < names.operations.size(); ++i) {
            const stats::figures& f = one.figures->by_operation.at(i);
            if (!idle(f)) out["operations"][names.operations[i]] = brief_json(f, one.duration_s);
        }
    }
    if (one.of_drivers != nullptr) {
        json told = driver_figures_json(*one.of_drivers, names, one.duration_s);
        if (!told.empty()) out["driver_figures"] = std::move(told);
    }
    return out;
}

std::string to_line(const interval& one, const stats::layout& names) {
    return dump(interval_json(one, names));
}

result<stats::histogram> read_histogram(const json& object) {
    const auto wrong = boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    if (!object.is_object()) return wrong;
    const auto count = object.find("count");
    const auto hdr = object.find("hdr");
    if (count == object.end() || hdr == object.end()) return wrong;
    if (!count->is_number_unsigned() || !hdr->is_string()) return wrong;
    const auto expected = count->get<std::uint64_t>();
    const auto& text = hdr->get_ref<const std::string&>();
    if (text.empty()) {
        if (expected != 0) return wrong;
        return stats::histogram();
    }
    auto decoded = stats::histogram::decode(text);
    // A histogram that was cut or edited would give percentiles of something else.
    if (decoded.has_value() && decoded->count() != expected) return wrong;
    return decoded;
}

}  // namespace chopsticks::results
