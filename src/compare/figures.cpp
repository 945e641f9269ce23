// What a figure is called, which change of it matters, and what a run has of it.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <system_error>

#include "figures.hpp"

namespace chopsticks::compare {

namespace {

const results::operation_figures* of_operation(const results::result_file& run,
                                               std::string_view operation) {
    if (operation.empty()) return &run.total;
    const auto* const found = results::find(run.operations, operation);
    return found != nullptr ? found : results::find(run.operation_parts, operation);
}

/// The shortest text that is read as this number again: 99.99999 is not 100.
std::string number_text(double value) {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
    return end.ec == std::errc{} ? std::string(text, end.ptr) : std::to_string(value);
}

/// The percentile of a result, or of its histogram where the result has none of that number.
double percentile_of(const results::latency_figures& latency, double percentile) {
    const auto known = [&]() -> std::int64_t {
        if (percentile == 50) return latency.p50_ns;
        if (percentile == 95) return latency.p95_ns;
        if (percentile == 99) return latency.p99_ns;
        if (percentile == 99.9) return latency.p999_ns;
        return latency.decode().value_at_percentile(percentile);
    };
    return static_cast<double>(known());
}

bool is_lower_bound(const results::latency_figures& latency, const figure& what) {
    std::string key = "mean_ns";
    if (what.kind == figure_kind::percentile) {
        key = "p" + number_text(what.percentile) + "_ns";
        std::erase(key, '.');
    }
    bool known_percentile = what.kind == figure_kind::mean;
    for (const double one : {50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99})
        known_percentile = known_percentile || what.percentile == one;
    for (const std::string& one : latency.at_least) {
        // Of a percentile that the result does not list, any bound may be one of it.
        if (one == key || !known_percentile) return true;
    }
    return false;
}

}  // namespace

std::string figure::name() const {
    std::string out;
    switch (kind) {
        case figure_kind::throughput:
            return "throughput";
        case figure_kind::bandwidth:
            return "bandwidth";
        case figure_kind::error_rate:
            return "error_rate";
        case figure_kind::mean:
            out = "mean";
            break;
        case figure_kind::percentile:
            out = "p" + number_text(percentile);
    }
    return service ? "service(" + out + ")" : out;
}

double margins::of(const figure& what) const noexcept {
    if (what.more_is_better()) return throughput;
    return what.is_latency() ? latency : error_rate;
}

std::optional<run_figure> figure_of(const results::result_file& run, std::string_view operation,
                                    const figure& what) {
    const results::operation_figures* const f = of_operation(run, operation);
    if (f == nullptr) return std::nullopt;
    run_figure out;
    const results::latency_figures& latency = what.service ? f->service : f->response;
    const auto lost = static_cast<double>(f->failed + f->shed + f->unfinished);
    const double due = lost + static_cast<double>(f->ok);
    switch (what.kind) {
        case figure_kind::throughput:
            out.value = f->rate_per_s;
            return out;
        case figure_kind::bandwidth:
            if (f->bytes == 0) return std::nullopt;
            out.value = f->bytes_per_s;
            return out;
        case figure_kind::error_rate:
            if (!(due > 0)) return std::nullopt;
            out.value = lost / due;
            // Of none that failed, too: one more might have.
            out.own_variance = (lost + 0.5) / (due + 1) * (1 - (lost + 0.5) / (due + 1)) / due;
            return out;
        default:
            if (latency.count == 0) return std::nullopt;
            out.value = what.kind == figure_kind::mean ? latency.mean_ns
                                                       : percentile_of(latency, what.percentile);
            out.lower_bound = is_lower_bound(latency, what);
            if (what.kind == figure_kind::percentile) {
                const double beyond =
                    static_cast<double>(latency.count) * (1 - what.percentile / 100);
                // One ulp down: a thousandth of 10,000 is ten.
                out.thin = beyond < beyond_least * (1 - 1e-9);
            }
            return out;
    }
}

bool is_dead(const results::result_file& run, std::string_view operation) {
    const results::operation_figures* const f = of_operation(run, operation);
    return f != nullptr && f->ok == 0 && f->failed + f->shed + f->unfinished > 0;
}

bool is_unsupported(const results::result_file& run, std::string_view operation) {
    const results::operation_figures* const f = of_operation(run, operation);
    return f != nullptr && f->ok == 0 && results::unsupported_of(*f) > 0;
}

bool is_unserved(runs base, runs now, std::string_view operation) {
    const auto lacks = [&](const results::result_file& run) {
        return is_unsupported(run, operation);
    };
    return std::any_of(base.begin(), base.end(), lacks) ||
           std::any_of(now.begin(), now.end(), lacks);
}

bool response_is_service(const results::result_file& run, std::string_view operation) {
    const results::operation_figures* const f = of_operation(run, operation);
    if (f == nullptr) return true;
    const auto alike = [](std::int64_t a, std::int64_t b) {
        return std::abs(static_cast<double>(a - b)) <=
               visible * static_cast<double>(std::max(a, b));
    };
    return alike(f->response.p50_ns, f->service.p50_ns) &&
           alike(f->response.p99_ns, f->service.p99_ns);
}

double to_scale(const figure& what, double share) {
    if (what.kind == figure_kind::error_rate) return share;
    // Halving is as far as doubling: what may shrink by 2 % may grow by 1 / 0.98.
    return what.more_is_better() ? -std::log1p(-share) : std::log1p(share);
}

}  // namespace chopsticks::compare
