// Figures in Locust's terms. What Locust itself makes of them is in test/e2e/locust_worker_test.py.

#include <doctest/doctest.h>

#include <chopsticks/locust/statistics.hpp>
#include <cmath>

namespace {

using namespace chopsticks;
using namespace chopsticks::locust;

// By Python: round(t, 1) below 10, round(t) below 100, round(t, -1) below 1000, ...
TEST_CASE("response_times_are_rounded_as_locust_rounds") {
    const std::pair<double, std::int64_t> cases[] = {
        {0, 0},          {0.04, 0},       {0.06, 1},        {0.3, 3},      {1.26, 13},
        {9.94, 99},      {9.96, 100},     {10.4, 100},      {10.5, 100},   {11.5, 120},
        {99.4, 990},     {99.6, 1000},    {104, 1000},      {105, 1000},   {115, 1200},
        {145, 1400},     {996, 10000},    {1050, 10000},    {1150, 12000}, {9960, 100000},
        {10500, 100000}, {11500, 120000}, {123456, 1230000}};
    for (const auto& [ms, tenths] : cases) {
        INFO(ms);
        CHECK(rounded_tenths(static_cast<std::int64_t>(ms * 1e6)) == tenths);
    }
}

struct counted {
    stats::layout names{{"front/get", "front/put"}, {"here"}};
    stats::totals interval{names, 2};
    statistics figures;

    json report(const std::map<std::string, std::uint64_t>& users = {}) {
        const decoded got = decode(figures.report(users, "host_1"));
        REQUIRE(got.value);
        CHECK(got.value->type == "stats");
        return got.value->data;
    }
};

TEST_CASE("statistics_sum_to_what_was_done") {
    counted c;
    stats::figures& get = c.interval.by_operation[0];
    get.ok_count = 100;
    get.bytes = 4096;
    for (int i = 1; i <= 100; ++i)
        get.response.record(i * 1'000'000LL);
    get.failed_count = 3;
    for (int i = 0; i < 2; ++i)
        get.failed.record(2'500'000'000);
    get.errors.push_back({op_status::slow_down, native_code::of_http(503), "SlowDown", 2, ""});
    get.errors.push_back({op_status::timeout, {}, "", 1, ""});
    c.figures.add(c.interval, c.names, 1000.5);
    c.figures.add(c.interval, c.names, 1001.5);
    const json told = c.report({{"front", 4}});
    REQUIRE(told["stats"].size() == 1);
    const json& entry = told["stats"][0];
    CHECK(entry["method"] == "front");
    CHECK(entry["name"] == "get");
    CHECK(entry["num_requests"] == 206);
    CHECK(entry["num_failures"] == 6);
    // A failure without a response time is in no bucket.
    CHECK(entry["num_none_requests"] == 2);
    std::uint64_t buckets = 0;
    for (const auto& [key, count] : entry["response_times"].items())
        buckets += count.get<std::uint64_t>();
    CHECK(buckets == 204);
    CHECK(entry["response_times"]["2500"] == 4);
    CHECK(entry["min_response_time"] == 1.0);
    CHECK(entry["max_response_time"] == 2500.0);
    CHECK(entry["total_response_time"].get<double>() == doctest::Approx(2 * (5050 + 5000)));
    CHECK(entry["total_content_length"] == 8192);
    CHECK(entry["num_reqs_per_sec"] == json{{"1000", 103}, {"1001", 103}});
    CHECK(entry["num_fail_per_sec"] == json{{"1000", 3}, {"1001", 3}});
    CHECK(told["stats_total"]["num_requests"] == 206);
    CHECK(told["errors"].size() == 2);
    CHECK(told["errors"]["front.get.SlowDown (503)"] == json{{"method", "front"},
                                                             {"name", "get"},
                                                             {"error", "SlowDown (503)"},
                                                             {"occurrences", 4}});
    CHECK(told["errors"]["front.get.timeout"]["occurrences"] == 2);
    CHECK(told["user_count"] == 4);
    CHECK(told["user_classes_count"] == json{{"front", 4}});
}

TEST_CASE("statistics_of_nothing_have_no_shortest_time") {
    counted c;
    CHECK(c.figures.empty());
    const json told = c.report();
    CHECK(told["stats"].empty());
    CHECK(told["errors"] == json::object());
    CHECK(told["stats_total"]["min_response_time"].is_null());
    CHECK(told["stats_total"]["last_request_timestamp"].is_null());
    CHECK(told["stats_total"]["num_requests"] == 0);
}

TEST_CASE("statistics_are_forgotten_once_they_are_told") {
    counted c;
    c.interval.by_operation[1].ok_count = 1;
    c.interval.by_operation[1].response.record(300'000);
    c.figures.add(c.interval, c.names, 5);
    CHECK_FALSE(c.figures.empty());
    CHECK(c.report()["stats"][0]["response_times"] == json{{"0.3", 1}});
    CHECK(c.figures.empty());
    CHECK(c.report()["stats_total"]["num_requests"] == 0);
}

TEST_CASE("statistics_put_each_value_of_a_histogram_into_one_bucket") {
    counted c;
    stats::figures& put = c.interval.by_operation[1];
    std::uint64_t n = 0;
    for (std::int64_t ns = 1000; ns < 3'000'000'000'000; ns = ns * 11 / 10 + 1, ++n)
        put.response.record(ns);
    put.ok_count = n;
    c.figures.add(c.interval, c.names, 5);
    const json entry = c.report()["stats"][0];
    std::uint64_t buckets = 0;
    for (const auto& [key, count] : entry["response_times"].items()) {
        buckets += count.get<std::uint64_t>();
        // Of the keys that Locust has, below 10 ms finer ones.
        const double ms = std::stod(key);
        CHECK(std::abs(static_cast<double>(rounded_tenths(static_cast<std::int64_t>(ms * 1e6))) -
                       ms * 10) < 1e-6);
    }
    CHECK(buckets == n);
    CHECK(entry["num_none_requests"] == 0);
}

}  // namespace
