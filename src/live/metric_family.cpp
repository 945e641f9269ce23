#include "metric_family.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace chopsticks::live {

namespace {

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    // A bound is part of a series' name: 0.0001, not 1e-04, as people write it in queries.
    const double size = std::abs(value);
    const bool plain = size == 0 || (size >= 1e-7 && size < 1e17);
    const auto how = plain ? std::chars_format::fixed : std::chars_format::scientific;
    char bytes[64];
    const auto [end, error] = std::to_chars(bytes, bytes + sizeof bytes, value, how);
    return {bytes, end};
}

/// \param quoted within quotation marks
std::string escaped(std::string_view text, bool quoted) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quoted) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
    return out;
}

void put_sample(std::string& out, const std::string& name, const metric_labels& labels,
                std::string_view le, const std::string& value) {
    out += name;
    std::string inside;
    for (const auto& [key, text] : labels)
        inside += (inside.empty() ? "" : ",") + key + "=\"" + escaped(text, true) + '"';
    if (!le.empty())
        inside += std::string(inside.empty() ? "" : ",") + "le=\"" + std::string(le) + '"';
    if (!inside.empty()) out += "{" + inside + "}";
    out += " " + value + "\n";
}

void put_histogram(std::string& out, const std::string& name, const metric& one) {
    const metric_histogram& h = one.distribution;
    for (const auto& [bound, count] : h.classic)
        put_sample(out, name + "_bucket", one.labels, number_text(bound), std::to_string(count));
    put_sample(out, name + "_bucket", one.labels, "+Inf", std::to_string(h.count));
    put_sample(out, name + "_sum", one.labels, "", number_text(h.sum));
    put_sample(out, name + "_count", one.labels, "", std::to_string(h.count));
}

std::string_view kind_name(metric_kind kind) {
    constexpr std::string_view names[] = {"counter", "gauge", "histogram"};
    return names[static_cast<std::size_t>(kind)];
}

// The wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding

enum class wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2 };

void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
}

void put_tag(std::string& out, unsigned field, wire type) {
    put_varint(out, field << 3 | static_cast<unsigned>(type));
}

void put_count(std::string& out, unsigned field, std::uint64_t value) {
    put_tag(out, field, wire::varint);
    put_varint(out, value);
}

/// sint32 and sint64: small numbers are short, whatever their sign.
void put_signed(std::string& out, unsigned field, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    put_count(out, field, bits << 1 ^ (value < 0 ? ~0ULL : 0));
}

void put_double(std::string& out, unsigned field, double value) {
    put_tag(out, field, wire::fixed64);
    auto bits = std::bit_cast<std::uint64_t>(value);
    for (int i = 0; i < 8; ++i, bits >>= 8)
        out += static_cast<char>(bits & 0xff);
}

void put_bytes(std::string& out, unsigned field, std::string_view bytes) {
    put_tag(out, field, wire::bytes);
    put_varint(out, bytes.size());
    out += bytes;
}

// Field numbers of io/prometheus/client/metrics.proto.
namespace field {
constexpr unsigned family_name = 1, family_help = 2, family_type = 3, family_metric = 4;
constexpr unsigned label = 1, gauge = 2, counter = 3, histogram = 7;
constexpr unsigned label_name = 1, label_value = 2;
constexpr unsigned value = 1;
constexpr unsigned sample_count = 1, sample_sum = 2, bucket = 3, schema = 5, zero_threshold = 6,
                   zero_count = 7, positive_span = 12, positive_delta = 13;
constexpr unsigned cumulative_count = 1, upper_bound = 2;
constexpr unsigned span_offset = 1, span_length = 2;
}  // namespace field

/// What is nearer to zero counts as zero; only zero does of ours. It also says that the histogram
/// is a native one before there is anything in it.
constexpr double zero_width = 2.938735877055719e-39;

void put_native(std::string& out, const metric_histogram& h) {
    put_signed(out, field::schema, native_schema);
    put_double(out, field::zero_threshold, zero_width);
    put_count(out, field::zero_count, h.zeros);
    std::string spans;
    std::string deltas;
    int after = 0;  // the bucket behind the last span
    std::uint64_t before = 0;
    for (std::size_t first = 0; first < h.native.size();) {
        std::size_t last = first + 1;
        while (last < h.native.size() && h.native[last].first == h.native[last - 1].first + 1)
            ++last;
        std::string span;
        put_signed(span, field::span_offset, h.native[first].first - after);
        put_count(span, field::span_length, last - first);
        put_bytes(spans, field::positive_span, span);
        for (std::size_t i = first; i < last; ++i) {
            const std::uint64_t count = h.native[i].second;
            put_signed(deltas, field::positive_delta, static_cast<std::int64_t>(count - before));
            before = count;
        }
        after = h.native[last - 1].first + 1;
        first = last;
    }
    out += spans;
    out += deltas;
}

std::string metric_bytes(const metric& one, metric_kind kind) {
    std::string out;
    for (const auto& [name, text] : one.labels) {
        std::string pair;
        put_bytes(pair, field::label_name, name);
        put_bytes(pair, field::label_value, text);
        put_bytes(out, field::label, pair);
    }
    std::string inside;
    if (kind != metric_kind::histogram) {
        put_double(inside, field::value, one.value);
        put_bytes(out, kind == metric_kind::counter ? field::counter : field::gauge, inside);
        return out;
    }
    const metric_histogram& h = one.distribution;
    put_count(inside, field::sample_count, h.count);
    put_double(inside, field::sample_sum, h.sum);
    for (const auto& [bound, count] : h.classic) {
        std::string bucket;
        put_count(bucket, field::cumulative_count, count);
        put_double(bucket, field::upper_bound, bound);
        put_bytes(inside, field::bucket, bucket);
    }
    if (h.is_native) put_native(inside, h);
    put_bytes(out, field::histogram, inside);
    return out;
}

/// The number of the bucket that a value in seconds falls into: (2^((i-1)/8), 2^(i/8)].
int native_index(double seconds) {
    return static_cast<int>(std::ceil(std::log2(seconds) * (1 << native_schema) - 1e-9));
}

std::int64_t native_bound_ns(int index) {
    return static_cast<std::int64_t>(std::exp2(static_cast<double>(index) / (1 << native_schema)) *
                                     1e9);
}

}  // namespace

void add_label(std::vector<metric_family>& families, const std::string& name,
               const std::string& value) {
    for (metric_family& family : families) {
        for (metric& one : family.all)
            one.labels.emplace_back(name, value);
    }
}

void add_families(std::vector<metric_family>& to, std::vector<metric_family> more) {
    for (metric_family& family : more) {
        const auto there = std::find_if(to.begin(), to.end(), [&](const metric_family& known) {
            return known.name == family.name;
        });
        if (there == to.end()) {
            to.push_back(std::move(family));
        } else {
            there->all.insert(there->all.end(), std::make_move_iterator(family.all.begin()),
                              std::make_move_iterator(family.all.end()));
        }
    }
}

metric_histogram durations_of(const stats::histogram& times, std::span<const double> bounds_s,
                              bool native) {
    metric_histogram out;
    out.count = times.count();
    out.sum = times.sum() / 1e9;
    for (const double bound : bounds_s)
        out.classic.emplace_back(bound, times.count_at_or_below(std::llround(bound * 1e9)));
    out.is_native = native;
    if (!native || out.count == 0) return out;
    out.zeros = times.count_at_or_below(0);
    std::uint64_t below = out.zeros;
    if (below == out.count) return out;
    const int last = native_index(static_cast<double>(times.max()) / 1e9);
    int index = native_index(1e-9 * static_cast<double>(std::max<std::int64_t>(times.min(), 1)));
    for (; below < out.count; ++index) {
        // One of our buckets is much narrower; the one that lies across a bound counts below it.
        const std::uint64_t until =
            index >= last ? out.count : times.count_at_or_below(native_bound_ns(index));
        if (until > below) out.native.emplace_back(index, until - below);
        below = std::max(below, until);
    }
    return out;
}

std::string to_text(const std::vector<metric_family>& families) {
    std::string out;
    for (const metric_family& family : families) {
        if (family.all.empty()) continue;
        out += "# HELP " + family.name + " " + escaped(family.help, false) + "\n# TYPE " +
               family.name + " " + std::string(kind_name(family.kind)) + "\n";
        for (const metric& one : family.all) {
            if (family.kind == metric_kind::histogram) {
                put_histogram(out, family.name, one);
            } else {
                put_sample(out, family.name, one.labels, "", number_text(one.value));
            }
        }
    }
    return out;
}

std::string to_protobuf(const std::vector<metric_family>& families) {
    constexpr std::uint64_t types[] = {0, 1, 4};  // COUNTER, GAUGE, HISTOGRAM
    std::string out;
    for (const metric_family& family : families) {
        if (family.all.empty()) continue;
        std::string bytes;
        put_bytes(bytes, field::family_name, family.name);
        put_bytes(bytes, field::family_help, family.help);
        put_count(bytes, field::family_type, types[static_cast<std::size_t>(family.kind)]);
        for (const metric& one : family.all)
            put_bytes(bytes, field::family_metric, metric_bytes(one, family.kind));
        put_varint(out, bytes.size());
        out += bytes;
    }
    return out;
}

}  // namespace chopsticks::live
