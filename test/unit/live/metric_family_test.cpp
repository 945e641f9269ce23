#include <doctest/doctest.h>

#include <bit>
#include <chopsticks/core/random.hpp>
#include <cmath>
#include <map>
#include <optional>

#include "metric_family.hpp"

using namespace chopsticks;
using namespace chopsticks::live;

namespace {

/// A reader of the wire format that shares nothing with the writer.
class message {
  public:
    explicit message(std::string_view bytes) : left_(bytes) {
        while (!left_.empty()) {
            const std::uint64_t tag = varint();
            const auto number = static_cast<unsigned>(tag >> 3);
            if ((tag & 7) == 0) {
                numbers_.emplace(number, varint());
            } else if ((tag & 7) == 1) {
                std::uint64_t bits = 0;
                for (unsigned i = 0; i < 8; ++i)
                    bits |= std::uint64_t{static_cast<unsigned char>(left_[i])} << (8 * i);
                left_.remove_prefix(8);
                doubles_.emplace(number, std::bit_cast<double>(bits));
            } else {
                REQUIRE((tag & 7) == 2);
                const std::uint64_t size = varint();
                REQUIRE(size <= left_.size());
                texts_.emplace(number, left_.substr(0, size));
                left_.remove_prefix(size);
            }
        }
    }

    std::uint64_t number(unsigned field) const { return numbers_.find(field)->second; }
    double real(unsigned field) const { return doubles_.find(field)->second; }
    std::vector<std::uint64_t> numbers(unsigned field) const { return all_of(numbers_, field); }
    std::vector<std::string_view> texts(unsigned field) const { return all_of(texts_, field); }

  private:
    template <typename Map>
    static std::vector<typename Map::mapped_type> all_of(const Map& map, unsigned field) {
        std::vector<typename Map::mapped_type> out;
        for (auto [at, end] = map.equal_range(field); at != end; ++at)
            out.push_back(at->second);
        return out;
    }
    std::uint64_t varint() {
        std::uint64_t out = 0;
        for (unsigned shift = 0;; shift += 7) {
            REQUIRE_FALSE(left_.empty());
            const auto byte = static_cast<unsigned char>(left_[0]);
            left_.remove_prefix(1);
            out |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return out;
        }
    }

    std::string_view left_;
    std::multimap<unsigned, std::uint64_t> numbers_;
    std::multimap<unsigned, double> doubles_;
    std::multimap<unsigned, std::string_view> texts_;
};

std::int64_t zigzag(std::uint64_t bits) {
    return static_cast<std::int64_t>(bits >> 1) ^ -static_cast<std::int64_t>(bits & 1);
}

/// Bucket number -> count, as Prometheus adds spans and deltas up.
std::map<int, std::uint64_t> buckets_of(const message& histogram) {
    std::map<int, std::uint64_t> out;
    const auto deltas = histogram.numbers(13);
    std::size_t next = 0;
    std::int64_t count = 0;
    int index = 0;
    for (const std::string_view bytes : histogram.texts(12)) {
        const message span(bytes);
        index += static_cast<int>(zigzag(span.number(1)));
        for (std::uint64_t i = 0; i < span.number(2); ++i) {
            count += zigzag(deltas.at(next++));
            out[index++] = static_cast<std::uint64_t>(count);
        }
    }
    CHECK(next == deltas.size());
    return out;
}

std::vector<metric_family> of_durations(const stats::histogram& times) {
    constexpr double bounds[] = {0.001, 0.01};
    metric_family family;
    family.name = "t_seconds";
    family.help = "T.";
    family.kind = metric_kind::histogram;
    family.all.push_back({{{"a", "b"}}, 0, durations_of(times, bounds, true)});
    return {family};
}

}  // namespace

TEST_CASE("metrics_text_escapes_what_the_format_needs") {
    metric_family family;
    family.name = "x_total";
    family.help = "a\\b\nc";
    family.kind = metric_kind::counter;
    family.all.push_back({{{"l", "say \"no\"\n\\"}, {"m", "n"}}, 3, {}});
    family.all.push_back({{}, 0.25, {}});
    CHECK(to_text({family}) ==
          "# HELP x_total a\\\\b\\nc\n# TYPE x_total counter\n"
          "x_total{l=\"say \\\"no\\\"\\n\\\\\",m=\"n\"} 3\nx_total 0.25\n");
    family.all.clear();
    CHECK(to_text({family}).empty());
}

TEST_CASE("metrics_text_has_cumulative_buckets_that_end_in_all") {
    stats::histogram times(2);
    times.record(500'000);
    times.record_n(5'000'000, 2);
    times.record(3'000'000'000);
    CHECK(to_text(of_durations(times)) ==
          "# HELP t_seconds T.\n# TYPE t_seconds histogram\n"
          "t_seconds_bucket{a=\"b\",le=\"0.001\"} 1\nt_seconds_bucket{a=\"b\",le=\"0.01\"} 3\n"
          "t_seconds_bucket{a=\"b\",le=\"+Inf\"} 4\nt_seconds_sum{a=\"b\"} 3.0105\n"
          "t_seconds_count{a=\"b\"} 4\n");
}

TEST_CASE("metrics_protobuf_has_each_value_in_the_bucket_that_holds_it") {
    stats::histogram times(2);
    random_stream random(3);
    std::map<int, std::uint64_t> expected;
    std::uint64_t all = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto ns = static_cast<std::int64_t>(1e6 * std::exp(3 * random.normal()));
        times.record(ns);
        if (ns == 0) continue;
        ++expected[static_cast<int>(std::ceil(std::log2(static_cast<double>(ns) / 1e9) * 8))];
        ++all;
    }
    times.record_n(0, 7);
    const std::string bytes = to_protobuf(of_durations(times));
    // Behind its length.
    const std::size_t head = static_cast<unsigned char>(bytes[0]) < 0x80 ? 1 : 2;
    const message family(std::string_view(bytes).substr(head));
    CHECK(family.texts(1).at(0) == "t_seconds");
    CHECK(family.number(3) == 4);
    const message metric(family.texts(4).at(0));
    const message label(metric.texts(1).at(0));
    CHECK(label.texts(1).at(0) == "a");
    CHECK(label.texts(2).at(0) == "b");
    const message histogram(metric.texts(7).at(0));
    CHECK(histogram.number(1) == times.count());
    CHECK(histogram.real(2) == doctest::Approx(times.sum() / 1e9));
    CHECK(histogram.texts(3).size() == 2);
    CHECK(zigzag(histogram.number(5)) == 3);
    CHECK(histogram.number(7) == times.count() - all);
    const auto found = buckets_of(histogram);
    // Ours are narrower by ten: at most one of each side of a bound may be on the other.
    std::uint64_t sum = 0;
    std::uint64_t cumulative = 0;
    for (const auto& [index, count] : found)
        sum += count;
    CHECK(sum == all);
    for (const auto& [index, count] : expected) {
        cumulative += count;
        std::uint64_t there = 0;
        for (const auto& [other, n] : found)
            there += other <= index ? n : 0;
        CHECK(static_cast<double>(there) ==
              doctest::Approx(static_cast<double>(cumulative)).epsilon(0.02).scale(50));
    }
}

TEST_CASE("metrics_protobuf_of_an_empty_histogram_is_native_already") {
    const std::string bytes = to_protobuf(of_durations(stats::histogram(2)));
    const message family(std::string_view(bytes).substr(1));
    const message metric(family.texts(4).at(0));
    const message histogram(metric.texts(7).at(0));
    CHECK(histogram.number(1) == 0);
    CHECK(histogram.real(6) > 0);
    CHECK(buckets_of(histogram).empty());
}
