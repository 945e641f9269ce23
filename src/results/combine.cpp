#include "combine.hpp"

#include <algorithm>
#include <array>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/document.hpp>
#include <cmath>
#include <limits>
#include <optional>

namespace chopsticks::results {

namespace {

enum class rule : std::uint8_t { sum, highest, lowest, farthest };

bool is_any_of(std::string_view key, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), key) != names.end();
}

rule rule_of(std::string_view key) {
    // Work of several generators was in flight at a time.
    if (key == "in_flight_max" || key == "max_in_flight") return rule::sum;
    if (key == "clock_step_ns" || key == "step_max_ns") return rule::farthest;
    if (is_any_of(
            key, {"left_min", "mhz_min", "mhz_mean", "cpu_mhz", "ports_left", "limit", "in_all"})) {
        return rule::lowest;
    }
    for (const std::string_view end : {"share", "_max", "_max_ns", "_p50_ns", "_p99_ns"}) {
        if (key.ends_with(end)) return rule::highest;
    }
    if (is_any_of(key, {"utilisation", "longest_ns", "longest_s", "allowed_s", "duration_s",
                        "measured_s", "by_time_s", "by_steady_state_s", "speed"})) {
        return rule::highest;
    }
    return rule::sum;
}

double combined(rule how, double a, double b) {
    switch (how) {
        case rule::highest:
            return std::max(a, b);
        case rule::lowest:
            return std::min(a, b);
        case rule::farthest:
            return std::abs(b) > std::abs(a) ? b : a;
        default:
            return a + b;
    }
}

json combined_numbers(rule how, const std::vector<const json*>& values) {
    bool counts = true;
    std::uint64_t count = 0;
    double number = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const json& value = *values[i];
        const auto as_double = value.get<double>();
        number = i == 0 ? as_double : combined(how, number, as_double);
        counts = counts && value.is_number_unsigned();
        if (counts && how == rule::sum) {
            const auto n = value.get<std::uint64_t>();
            count = n > std::numeric_limits<std::uint64_t>::max() - count ? ~0ULL : count + n;
        }
    }
    if (counts && how == rule::sum) return count;
    // Highest and lowest are one of them: as it was written.
    for (const json* value : values) {
        if (value->get<double>() == number) return *value;
    }
    return number;
}

json combined_histograms(std::string_view key, const std::vector<const json*>& values,
                         const std::string& file) {
    std::optional<stats::histogram> sum;
    for (const json* value : values) {
        stats::histogram one = read_latency(*value, place{nullptr, key}, file).decode();
        if (one.count() == 0) continue;
        if (sum) {
            sum->add(one);
        } else {
            sum.emplace(std::move(one));
        }
    }
    return to_json(sum ? *sum : stats::histogram());
}

json combined_objects(const std::vector<const json*>& values, const std::string& file) {
    json out = json::object();
    for (const json* value : values) {
        for (const auto& [key, unused] : value->items()) {
            if (out.contains(key)) continue;
            std::vector<const json*> members;
            for (const json* other : values) {
                const auto there = other->find(key);
                if (there != other->end()) members.push_back(&*there);
            }
            out[key] = combine(key, members, file);
        }
    }
    return out;
}

bool are_alike(const json& a, const json& b) {
    return a.is_number() ? b.is_number() : a.type() == b.type();
}

op_status status_of(const error_figures& error, const std::string& file) {
    for (std::size_t i = 0; i < op_status_count; ++i) {
        const auto status = static_cast<op_status>(i);
        if (name(status) == error.error_class) return status;
    }
    throw config_error(file + ": an error of an unknown class; use the version that wrote it");
}

native_code code_of(const error_figures& error) {
    if (error.http_status != 0) return native_code::of_http(error.http_status);
    if (error.errno_value != 0) return native_code::of_errno(error.errno_value);
    return {};
}

}  // namespace

json combine(std::string_view key, const std::vector<const json*>& values,
             const std::string& file) {
    std::vector<const json*> known;
    for (const json* value : values) {
        if (!value->is_null() && (known.empty() || are_alike(*value, *known[0]))) {
            known.push_back(value);
        }
    }
    if (known.empty()) return nullptr;
    const json& first = *known[0];
    if (first.is_number()) return combined_numbers(rule_of(key), known);
    if (first.is_object()) {
        return first.contains("hdr") ? combined_histograms(key, known, file)
                                     : combined_objects(known, file);
    }
    if (first.is_boolean()) {
        // "steady", "exact" are promises: kept if all keep them.
        const bool all = is_any_of(key, {"steady", "exact"});
        const auto is_true = [](const json* value) { return value->get<bool>(); };
        return all ? std::all_of(known.begin(), known.end(), is_true)
                   : std::any_of(known.begin(), known.end(), is_true);
    }
    if (!first.is_array()) return first;
    json out = json::array();
    for (const json* value : known) {
        for (const json& element : *value)
            out.push_back(element);
    }
    return out;
}

void add_up(stats::figures& sum, const operation_figures& more, const std::string& file) {
    sum.ok_count += more.ok;
    sum.failed_count += more.failed;
    sum.bytes += more.bytes;
    sum.retries += more.retries;
    sum.skipped += more.skipped;
    sum.shed += more.shed;
    sum.unfinished += more.unfinished;
    // The response times of a document are of the answered and the unfinished together.
    stats::histogram answered = more.response.decode();
    if (more.waited && more.waited->count > 0) {
        const stats::histogram waited = more.waited->decode();
        if (!answered.remove(waited)) {
            throw config_error(file + ": " + more.name +
                               ": the response times lack what waited; the file is damaged");
        }
        sum.waited.add(waited);
    }
    sum.response.add(answered);
    sum.service.add(more.service.decode());
    sum.send_lag.add(more.send_lag.decode());
    sum.first_byte.add(more.first_byte.decode());
    sum.failed.add(more.failed_response.decode());
    for (const error_figures& error : more.errors) {
        sum.add_errors(
            {status_of(error, file), code_of(error), error.s3_code, error.count, error.example});
    }
}

}  // namespace chopsticks::results
