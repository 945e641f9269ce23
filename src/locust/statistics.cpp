#include <algorithm>
#include <chopsticks/locust/statistics.hpp>
#include <cmath>

namespace chopsticks::locust {

namespace {

constexpr std::int64_t tenth_ns = 100'000;

/// From one of Locust's response times to the next above it, in tenths of a millisecond.
std::int64_t step_above(std::int64_t tenths) noexcept {
    std::int64_t step = 1;
    for (std::int64_t end = 100; tenths >= end && step < 10'000; end *= 10)
        step *= 10;
    return step;
}

/// Puts each value of a histogram where Locust has it.
void add_times(const stats::histogram& from, request_figures& to) {
    if (from.count() == 0) return;
    to.min_ns = to.timed() == 0 ? from.min() : std::min(to.min_ns, from.min());
    to.max_ns = std::max(to.max_ns, from.max());
    to.total_ms += from.sum() / 1e6;
    to.requests += from.count();
    std::uint64_t seen = 0;
    const std::int64_t last = rounded_tenths(from.max());
    for (std::int64_t at = rounded_tenths(from.min()); at < last && seen < from.count();) {
        const std::int64_t step = step_above(at);
        const std::uint64_t up_to = from.count_at_or_below(at * tenth_ns + step * tenth_ns / 2 - 1);
        if (up_to > seen) to.response_times[at] += up_to - seen;
        seen = std::max(seen, up_to);
        at += step;
    }
    if (from.count() > seen) to.response_times[last] += from.count() - seen;
}

void pack_counts(packer& to, const std::map<std::int64_t, std::uint64_t>& counts) {
    to.map(counts.size());
    for (const auto& [key, count] : counts) {
        to.number(key);
        to.number(count);
    }
}

void pack_entry(packer& to, const std::string& method, const std::string& name,
                const request_figures& f, double since_s, double last_s) {
    to.map(14);
    to.text("name");
    to.text(name);
    to.text("method");
    to.text(method);
    to.text("last_request_timestamp");
    if (f.requests == 0) {
        to.nil();
    } else {
        to.number(last_s);
    }
    to.text("start_time");
    to.number(since_s);
    to.text("num_requests");
    to.number(f.requests);
    to.text("num_none_requests");
    to.number(f.untimed);
    to.text("num_failures");
    to.number(f.failures);
    to.text("total_response_time");
    to.number(f.total_ms);
    to.text("max_response_time");
    to.number(static_cast<double>(f.max_ns) / 1e6);
    to.text("min_response_time");
    // 0 would be the shortest that was ever seen.
    if (f.timed() == 0) {
        to.nil();
    } else {
        to.number(static_cast<double>(f.min_ns) / 1e6);
    }
    to.text("total_content_length");
    to.number(f.bytes);
    to.text("response_times");
    to.map(f.response_times.size());
    for (const auto& [tenths, count] : f.response_times) {
        // Where Locust itself has whole numbers they are whole, so that they are the same keys.
        if (tenths % 10 == 0) {
            to.number(tenths / 10);
        } else {
            to.number(static_cast<double>(tenths) / 10);
        }
        to.number(count);
    }
    to.text("num_reqs_per_sec");
    pack_counts(to, f.by_second);
}

std::string error_text(const stats::error_row& row) {
    std::string out = row.code.empty() ? std::string(name(row.status)) : row.code;
    if (row.native.value != 0) out += " (" + std::to_string(row.native.value) + ")";
    return out;
}

}  // namespace

std::int64_t rounded_tenths(std::int64_t ns) noexcept {
    const double ms = static_cast<double>(ns) / 1e6;
    // Steps of tens are those of Python's round(ms, -n).
    const double step_ms = ms < 10 ? 0.1 : ms < 100 ? 1 : ms < 1000 ? 10 : ms < 10000 ? 100 : 1000;
    if (step_ms < 1) return std::llrint(ms * 10);
    return std::llrint(ms / step_ms) * static_cast<std::int64_t>(step_ms) * 10;
}

void request_figures::add(const request_figures& other) {
    if (other.timed() > 0) {
        min_ns = timed() == 0 ? other.min_ns : std::min(min_ns, other.min_ns);
        max_ns = std::max(max_ns, other.max_ns);
    }
    requests += other.requests;
    untimed += other.untimed;
    failures += other.failures;
    total_ms += other.total_ms;
    bytes += other.bytes;
    for (const auto& [key, count] : other.response_times)
        response_times[key] += count;
    for (const auto& [key, count] : other.by_second)
        by_second[key] += count;
    for (const auto& [key, count] : other.failures_by_second)
        failures_by_second[key] += count;
}

void statistics::add(const stats::totals& interval, const stats::layout& names, double ended_s) {
    const auto second = static_cast<std::int64_t>(ended_s);
    for (std::size_t i = 0; i < names.operations.size(); ++i) {
        const stats::figures& f = interval.by_operation[i];
        if (f.ok_count + f.failed_count == 0) continue;
        const std::string& whole = names.operations[i];
        const std::size_t slash = std::min(whole.find('/'), whole.size());
        const title of{whole.substr(0, slash),
                       slash < whole.size() ? whole.substr(slash + 1) : whole};
        request_figures one;
        add_times(f.response, one);
        add_times(f.failed, one);
        // A time that no histogram holds is none to Locust: its percentiles go by what they hold.
        const std::uint64_t timed = one.requests;
        one.requests = std::max(f.ok_count + f.failed_count, timed);
        one.untimed = one.requests - timed;
        one.failures = f.failed_count;
        one.bytes = f.bytes;
        one.by_second[second] = one.requests;
        if (one.failures > 0) one.failures_by_second[second] = one.failures;
        requests_[of].add(one);
        total_.add(one);
        for (const stats::error_row& row : f.errors)
            errors_[{of, error_text(row)}] += row.count;
    }
    if (since_s_ == 0) since_s_ = ended_s;
    last_s_ = ended_s;
}

std::string statistics::report(const std::map<std::string, std::uint64_t>& users,
                               std::string_view node) {
    const auto pack_all = [&](packer& to, const title& of, const request_figures& f) {
        pack_entry(to, of.first, of.second, f, since_s_, last_s_);
        to.text("num_fail_per_sec");
        pack_counts(to, f.failures_by_second);
    };
    packer out;
    out.array(3);
    out.text("stats");
    out.map(5);
    out.text("stats");
    out.array(requests_.size());
    for (const auto& [of, f] : requests_)
        pack_all(out, of, f);
    out.text("stats_total");
    pack_all(out, {"", "Aggregated"}, total_);
    out.text("errors");
    out.map(errors_.size());
    for (const auto& [of, count] : errors_) {
        const auto& [request, error] = of;
        out.text(request.first + "." + request.second + "." + error);
        out.map(4);
        out.text("method");
        out.text(request.first);
        out.text("name");
        out.text(request.second);
        out.text("error");
        out.text(error);
        out.text("occurrences");
        out.number(count);
    }
    out.text("user_classes_count");
    out.map(users.size());
    std::uint64_t all = 0;
    for (const auto& [name, count] : users) {
        out.text(name);
        out.number(count);
        all += count;
    }
    out.text("user_count");
    out.number(all);
    out.text(node);
    const double last_s = last_s_;
    clear();
    since_s_ = last_s;
    return out.take();
}

void statistics::clear() {
    requests_.clear();
    errors_.clear();
    total_ = {};
    since_s_ = 0;
}

}  // namespace chopsticks::locust
