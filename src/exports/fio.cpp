// fio's --output-format=json+: a job for each group, with its reads, writes and trims.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <cmath>
#include <map>

#include "writers.hpp"

namespace chopsticks::exports {

namespace {

using results::json;

/// fio's histogram: 64 bins to a power of two, the first 128 of one nanosecond each. Ours has more
/// bins to a power of two, and edges at all of fio's: no count is on two sides of one.
constexpr unsigned fio_bits = 6;
constexpr unsigned fio_bins = (1U << fio_bits) * 29;

struct fio_bin {
    std::int64_t shown;  ///< by which fio names it: its middle
    std::int64_t last;   ///< the highest value in it
};

fio_bin bin_of(unsigned index) {
    if (index < 2U << fio_bits) return {index, index};
    const unsigned shift = (index >> fio_bits) - 1;
    const std::int64_t width = std::int64_t{1} << shift;
    const std::int64_t first = (std::int64_t{1} << (shift + fio_bits)) +
                               static_cast<std::int64_t>(index & ((1U << fio_bits) - 1)) * width;
    return {first + width / 2, first + width - 1};
}

constexpr struct {
    const char* name;
    double percentile;
} fio_percentiles[] = {{"1.000000", 1},      {"5.000000", 5},     {"10.000000", 10},
                       {"20.000000", 20},    {"30.000000", 30},   {"40.000000", 40},
                       {"50.000000", 50},    {"60.000000", 60},   {"70.000000", 70},
                       {"80.000000", 80},    {"90.000000", 90},   {"95.000000", 95},
                       {"99.000000", 99},    {"99.500000", 99.5}, {"99.900000", 99.9},
                       {"99.950000", 99.95}, {"99.990000", 99.99}};

json latency_json(const stats::histogram& h) {
    json out;
    out["min"] = h.min();
    out["max"] = h.max();
    out["mean"] = h.mean();
    out["stddev"] = h.stddev();
    out["N"] = h.count();
    // As fio: its own readers expect neither percentiles nor bins where there is nothing.
    if (h.count() == 0) return out;
    json percentiles = json::object();
    json bins = json::object();
    std::size_t next = 0;
    std::uint64_t before = 0;
    for (unsigned i = 0; i < fio_bins && before < h.count(); ++i) {
        const fio_bin bin = bin_of(i);
        const std::uint64_t up_to = i + 1 == fio_bins ? h.count() : h.count_at_or_below(bin.last);
        if (up_to == before) continue;
        bins[std::to_string(bin.shown)] = up_to - before;
        before = up_to;
        while (next < std::size(fio_percentiles) &&
               static_cast<double>(up_to) >=
                   fio_percentiles[next].percentile / 100 * static_cast<double>(h.count()) - 1e-6)
            percentiles[fio_percentiles[next++].name] = bin.shown;
    }
    out["percentile"] = std::move(percentiles);
    out["bins"] = std::move(bins);
    return out;
}

/// A direction of fio's, or none.
std::string direction_of(const result_file& r, const std::string& operation) {
    using scenario::payload;
    using scenario::subject_use;
    const auto* const row = row_of(r, operation);
    if (row == nullptr) return {};
    if (row->carries == payload::received) return "read";
    if (row->carries == payload::sent) return "write";
    // What is changed without its bytes being sent: discards, zeroes, removals.
    const bool trims = row->use == subject_use::change_extent || row->use == subject_use::remove;
    if (trims) return "trim";
    return row->use == subject_use::whole_extent ? "sync" : "";
}

/// Figures of one direction by interval of the measure phase.
class samples {
  public:
    void add(double value) { values_.push_back(value); }

    double mean() const {
        double sum = 0;
        for (const double v : values_)
            sum += v;
        return values_.empty() ? 0 : sum / static_cast<double>(values_.size());
    }
    double deviation() const {
        const double middle = mean();
        double squares = 0;
        for (const double v : values_)
            squares += (v - middle) * (v - middle);
        return values_.size() < 2 ? 0
                                  : std::sqrt(squares / static_cast<double>(values_.size() - 1));
    }
    std::int64_t least() const {
        return values_.empty() ? 0
                               : std::llround(*std::min_element(values_.begin(), values_.end()));
    }
    std::int64_t most() const {
        return values_.empty() ? 0
                               : std::llround(*std::max_element(values_.begin(), values_.end()));
    }
    std::size_t count() const noexcept { return values_.size(); }

  private:
    std::vector<double> values_;
};

json direction_json(const result_file& r, const std::string& group, const std::string& direction,
                    double seconds) {
    const auto is_of_it = [&](const operation_figures& f) {
        return group_of(f.name) == group && direction_of(r, f.name) == direction;
    };
    summed sum(3);
    for (const operation_figures& f : r.operations)
        if (is_of_it(f)) sum.add(f, r.path);
    samples kib;
    samples iops;
    for (const results::interval_figures& one : r.intervals) {
        if (one.phase != "measure" || one.duration_s <= 0) continue;
        double bytes = 0;
        double ok = 0;
        for (const operation_figures& f : one.operations) {
            if (!is_of_it(f)) continue;
            bytes += static_cast<double>(f.bytes);
            ok += static_cast<double>(f.ok);
        }
        kib.add(bytes / 1024 / one.duration_s);
        iops.add(ok / one.duration_s);
    }
    const stats::figures& f = sum.figures();
    const double per_s = seconds > 0 ? 1 / seconds : 0;
    const double bytes_per_s = static_cast<double>(f.bytes) * per_s;
    json out;
    out["io_bytes"] = f.bytes;
    out["io_kbytes"] = f.bytes / 1024;
    out["bw_bytes"] = std::llround(bytes_per_s);
    out["bw"] = std::llround(bytes_per_s / 1024);
    out["iops"] = static_cast<double>(f.ok_count) * per_s;
    out["runtime"] = std::llround(seconds * 1000);
    out["total_ios"] = f.ok_count;
    out["short_ios"] = 0;
    out["drop_ios"] = 0;
    out["slat_ns"] = latency_json(f.send_lag);
    out["clat_ns"] = latency_json(f.service);
    out["lat_ns"] = latency_json(f.response);
    out["bw_min"] = kib.least();
    out["bw_max"] = kib.most();
    out["bw_agg"] = 100.0;
    out["bw_mean"] = kib.mean();
    out["bw_dev"] = kib.deviation();
    out["bw_samples"] = kib.count();
    out["iops_min"] = iops.least();
    out["iops_max"] = iops.most();
    out["iops_mean"] = iops.mean();
    out["iops_stddev"] = iops.deviation();
    out["iops_samples"] = iops.count();
    return out;
}

json sync_json(const result_file& r, const std::string& group) {
    summed sum(3);
    for (const operation_figures& f : r.operations) {
        if (group_of(f.name) == group && direction_of(r, f.name) == "sync") sum.add(f, r.path);
    }
    return {{"total_ios", sum.figures().ok_count},
            {"lat_ns", latency_json(sum.figures().response)}};
}

/// Share of one CPU in percent, as fio has it: that of the process for each of its jobs.
double cpu_percent(const result_file& r, const char* key) {
    const auto there = r.generator().find("cpu_seconds");
    if (there == r.generator().end() || !there->is_object() || !there->contains(key)) return 0;
    const json& used = (*there)[key];
    return used.is_number() && r.duration_s > 0 ? used.get<double>() / r.duration_s * 100 : 0;
}

}  // namespace

void write_fio(const result_file& r, const record_source&, const text_sink& out) {
    const std::int64_t ended_ns = r.measure_began_ns() + std::llround(r.duration_s * 1e9);
    json document;
    document["fio version"] = "chopsticks-" CHOPSTICKS_VERSION;
    document["timestamp"] = ended_ns / 1'000'000'000;
    document["timestamp_ms"] = ended_ns / 1'000'000;
    document["time"] = format_utc(ended_ns);
    document["jobs"] = json::array();
    for (const auto& [group, unused] : r.groups().items()) {
        const double seconds = measured_s(r, group + "/");
        json job;
        job["jobname"] = group;
        job["groupid"] = 0;
        job["error"] = 0;
        job["eta"] = 0;
        job["elapsed"] = std::llround(std::ceil(seconds));
        job["job options"] = {{"name", group}, {"ioengine", group_text(r, group, "driver")}};
        for (const char* direction : {"read", "write", "trim"})
            job[direction] = direction_json(r, group, direction, seconds);
        job["sync"] = sync_json(r, group);
        job["job_runtime"] = std::llround(seconds * 1000);
        job["usr_cpu"] = cpu_percent(r, "user");
        job["sys_cpu"] = cpu_percent(r, "system");
        document["jobs"].push_back(std::move(job));
    }
    out(results::dump(document, 2) + "\n");
}

}  // namespace chopsticks::exports
