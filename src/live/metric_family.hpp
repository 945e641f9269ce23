#pragma once
/// \file
/// Metrics as Prometheus takes them, and the two forms in which it asks for them.

#include <chopsticks/stats/histogram.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chopsticks::live {

enum class metric_kind : std::uint8_t { counter, gauge, histogram };

using metric_labels = std::vector<std::pair<std::string, std::string>>;

/// Buckets of powers of 2^(2^-native_schema): native histograms of Prometheus.
constexpr int native_schema = 3;

struct metric_histogram {
    std::uint64_t count = 0;
    double sum = 0;
    /// Upper bound, and how many are at most that. Without the last one, of infinity.
    std::vector<std::pair<double, std::uint64_t>> classic;
    bool is_native = false;
    std::uint64_t zeros = 0;
    /// Number of a bucket and its count, ascending; those of 0 may be left out.
    std::vector<std::pair<int, std::uint64_t>> native;
};

struct metric {
    metric_labels labels;
    double value = 0;
    metric_histogram distribution;  ///< of a histogram
};

struct metric_family {
    std::string name;
    std::string help;  ///< one line
    metric_kind kind = metric_kind::gauge;
    std::vector<metric> all;
};

/// Gives each of them one more label.
void add_label(std::vector<metric_family>& families, const std::string& name,
               const std::string& value);
/// Adds metrics, those of one name to one family.
void add_families(std::vector<metric_family>& to, std::vector<metric_family> more);

/// Durations in seconds. \param native also with native buckets, to the width of ours
metric_histogram durations_of(const stats::histogram& times, std::span<const double> bounds_s,
                              bool native);

/// The text format 0.0.4.
std::string to_text(const std::vector<metric_family>& families);
constexpr std::string_view text_type = "text/plain; version=0.0.4; charset=utf-8";

/// io.prometheus.client.MetricFamily, each behind its length: the only form of native histograms
/// that Prometheus took before its version 3.
std::string to_protobuf(const std::vector<metric_family>& families);
constexpr std::string_view protobuf_type =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

}  // namespace chopsticks::live
