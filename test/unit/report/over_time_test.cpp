#include <doctest/doctest.h>

#include <chopsticks/report/html.hpp>
#include <chopsticks/report/over_time.hpp>

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::report;
using results::interval_figures;

namespace {

results::latency_figures figures_of(const stats::histogram& values) {
    results::latency_figures out;
    out.count = values.count();
    out.min_ns = values.min();
    out.max_ns = values.max();
    out.mean_ns = values.mean();
    out.hdr = values.encode();
    return out;
}

/// `n` operations of this length.
results::operation_figures operation_of(const std::string& name, std::uint64_t n,
                                        std::int64_t response_ns, std::int64_t service_ns) {
    results::operation_figures out;
    out.name = name;
    out.ok = n;
    out.bytes = 10 * n;
    stats::histogram response(2);
    stats::histogram service(2);
    response.record_n(response_ns, n);
    service.record_n(service_ns, n);
    out.response = figures_of(response);
    out.service = figures_of(service);
    return out;
}

interval_figures interval_at(std::size_t second, const char* phase) {
    interval_figures out;
    out.t_s = static_cast<double>(second);
    out.duration_s = 1;
    out.phase = phase;
    out.cores_busy = {0.5};
    out.health = results::json::object();
    return out;
}

const line& line_of(const time_charts& charts, const std::string& id, const std::string& name) {
    for (const time_chart& chart : charts.charts) {
        if (chart.id != id) continue;
        for (const line& one : chart.lines) {
            if (one.name == name) return one;
        }
    }
    static const line none;
    FAIL("no line ", name, " of ", id);
    return none;
}

}  // namespace

TEST_CASE("charts_of_few_intervals_have_a_point_for_each") {
    std::vector<interval_figures> intervals = {interval_at(0, "warmup"), interval_at(1, "measure")};
    intervals[0].operations = {operation_of("s3/get", 100, 4'000'000, 1'000'000)};
    intervals[1].load.in_flight_max = 7;
    const time_charts charts = charts_of(intervals, "r.json");
    CHECK(charts.t_s == std::vector<double>{0.5, 1.5});
    CHECK(line_of(charts, "throughput", "s3/get").values == std::vector<double>{100, 0});
    CHECK(line_of(charts, "bandwidth", "s3/get").values == std::vector<double>{1000, 0});
    CHECK(line_of(charts, "latency", "p50").values[0] == doctest::Approx(4).epsilon(0.02));
    // Nothing ended there: no latency of 0.
    CHECK(line_of(charts, "latency", "p50").values[1] !=
          line_of(charts, "latency", "p50").values[1]);
    CHECK(line_of(charts, "send-lag", "mean").values[0] == doctest::Approx(3).epsilon(0.02));
    CHECK(line_of(charts, "in-flight", "in flight").values == std::vector<double>{0, 7});
}

TEST_CASE("charts_have_no_point_of_what_a_phase_left_of_an_interval") {
    std::vector<interval_figures> intervals = {interval_at(0, "measure"), interval_at(1, "measure"),
                                               interval_at(2, "drain")};
    intervals[2].duration_s = 0.01;
    CHECK(charts_of(intervals, "r.json").t_s == std::vector<double>{0.5, 1.5});
    // Where all are as short they are all there is.
    for (interval_figures& one : intervals)
        one.duration_s = 0.01;
    CHECK(charts_of(intervals, "r.json").t_s.size() == 3);
}

TEST_CASE("charts_of_many_intervals_add_histograms_up_and_average_no_percentile") {
    // 1 of 1 ms, then 99 of 100 ms: the median of both is 100 ms.
    std::vector<interval_figures> intervals;
    for (std::size_t i = 0; i < 2400; ++i) {
        intervals.push_back(interval_at(i, "measure"));
        intervals.back().operations = {i % 2 == 0
                                           ? operation_of("s3/get", 1, 1'000'000, 1'000'000)
                                           : operation_of("s3/get", 99, 100'000'000, 100'000'000)};
    }
    const time_charts charts = charts_of(intervals, "r.json");
    REQUIRE(charts.t_s.size() == 1200);
    CHECK(charts.t_s[0] == 1);
    CHECK(line_of(charts, "throughput", "s3/get").values[7] == 50);
    CHECK(line_of(charts, "latency", "p50").values[7] == doctest::Approx(100).epsilon(0.02));
}

TEST_CASE("charts_join_no_two_phases") {
    std::vector<interval_figures> intervals;
    for (std::size_t i = 0; i < 2401; ++i)
        intervals.push_back(interval_at(i, i < 3 ? "warmup" : "measure"));
    const time_charts charts = charts_of(intervals, "r.json");
    CHECK(charts.t_s[0] == doctest::Approx(1.5));
    CHECK(charts.t_s[1] == doctest::Approx(4.5));
}

TEST_CASE("charts_tell_lower_bounds_of_what_was_not_answered") {
    std::vector<interval_figures> intervals = {interval_at(0, "measure")};
    results::operation_figures one = operation_of("s3/get", 10, 1'000'000, 1'000'000);
    one.shed = 90;  // took for ever
    intervals[0].operations = {one};
    const time_charts charts = charts_of(intervals, "r.json");
    CHECK(line_of(charts, "latency", "p50").values[0] >= 0.98);
}

TEST_CASE("page_of_an_hour_of_many_operations_stays_below_a_megabyte") {
    std::vector<interval_figures> intervals;
    for (std::size_t i = 0; i < 1300; ++i) {
        intervals.push_back(interval_at(i, "measure"));
        intervals.back().cores_busy.assign(64, 0.123456 + static_cast<double>(i) / 1e6);
        for (int operation = 0; operation < 16; ++operation) {
            results::operation_figures one = operation_of(
                "group/operation-" + std::to_string(operation), 100 + (i * 7919) % 991,
                1'000'000 + static_cast<std::int64_t>((i * 104729) % 9'000'000), 500'000);
            one.errors = {{"server_error", 500 + operation, 0, "InternalError", 1, ""}};
            intervals.back().operations.push_back(std::move(one));
        }
    }
    page shown;
    shown.over_time = charts_of(intervals, "r.json");
    for (int i = 0; i < 200; ++i)
        shown.over_time.marks.push_back({6.0 * i, std::nullopt, "ceph", "osd.1 marked down"});
    section all{.id = "s", .title = "all"};
    for (std::size_t i = 0; i < shown.over_time.charts.size(); ++i)
        all.blocks.emplace_back(time_chart_place{i});
    shown.sections = {all};
    const std::string out = to_html(shown);
    MESSAGE("bytes: ", out.size());
    CHECK(out.size() < 1'000'000);
    CHECK(contains(out, "further lines left out"));
}

TEST_CASE("script_text_ends_no_script") {
    const results::json value = {{"name", "</script><!--"}};
    CHECK(script_text(value) == "{\"name\":\"\\u003c/script>\\u003c!--\"}");
    CHECK(results::json::parse(script_text(value)) == value);
}
