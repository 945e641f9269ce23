#include <doctest/doctest.h>

#include <chopsticks/results/slo.hpp>
#include <chopsticks/scenario/slo.hpp>

namespace {

using namespace chopsticks;

const stats::layout names{{"front/get", "back/get", "front/put"}, {"http://a"}};

/// front/get: 1 to 100 ms; back/get: 1 s each; front/put: 10 of 20 fail.
stats::totals figures() {
    stats::recorder recorder(names);
    const auto ok = [&](std::uint16_t op, std::int64_t late_ns, std::int64_t service_ns) {
        stats::sample s;
        s.op = op;
        s.size = s.bytes = 1000;
        s.intended_ns = 1'000'000'000;
        s.sent_ns = s.intended_ns + late_ns;
        s.done_ns = s.sent_ns + service_ns;
        recorder.record(s);
    };
    for (int ms = 1; ms <= 100; ++ms)
        ok(0, ms * 1'000'000 - 500'000, 500'000);
    for (int i = 0; i < 100; ++i)
        ok(1, 0, 1'000'000'000);
    for (int i = 0; i < 10; ++i) {
        ok(2, 0, 2'000'000);
        stats::failure f;
        f.op = 2;
        f.status = op_status::server_error;
        f.intended_ns = 1'000'000'000;
        f.done_ns = 1'900'000'000;
        recorder.record(f);
    }
    stats::totals out(names, 3);
    recorder.add_to(out);
    return out;
}

double value(const std::string& text) {
    const auto v = results::slo_value(scenario::parse_slo(text), figures(), names, 10);
    REQUIRE(v.has_value());
    return v->least;
}

/// 90 gets of 1 ms, 7 that were shed, 3 that had waited 2 s when the load ended.
results::slo_outcome unanswered(const std::string& text) {
    stats::totals figures(names, 3);
    stats::figures& get = figures.by_operation[0];
    get.ok_count = 90;
    get.response.record_n(1'000'000, 90);
    get.service.record_n(1'000'000, 90);
    get.shed = 7;
    get.unfinished = 3;
    get.waited.record_n(2'000'000'000, 3);
    return results::judge({scenario::parse_slo(text)}, figures, names, 10).front();
}

TEST_CASE("slo_is_met_only_if_what_was_not_answered_could_not_change_it") {
    CHECK(unanswered("p90(get) < 2ms").met);
    CHECK_FALSE(unanswered("p90(get) < 2ms").at_least);
    CHECK_FALSE(unanswered("p91(get) < 10s").met);
    CHECK(unanswered("p91(get) < 10s").at_least);
    CHECK(unanswered("p91(get) < 10s").value == doctest::Approx(2e9).epsilon(0.01));
    CHECK_FALSE(unanswered("p99(get) < 60s").met);
    CHECK_FALSE(unanswered("max(get) < 60s").met);
    CHECK_FALSE(unanswered("mean(get) < 60s").met);
    CHECK(unanswered("service(p99(get)) < 2ms").met);
    CHECK(unanswered("error_rate(get) < 10.1%").met);
    CHECK_FALSE(unanswered("error_rate(get) < 10%").met);
    CHECK(unanswered("error_rate(get) <= 10%").met);
    CHECK(unanswered("shed_rate(get) <= 7%").met);
    CHECK_FALSE(unanswered("shed_rate(get) < 7%").met);
    CHECK(unanswered("unfinished <= 3%").met);
    CHECK_FALSE(unanswered("unfinished <= 2.9%").met);
    CHECK(unanswered("throughput(get) > 8.9").met);
}

TEST_CASE("slo_rates_are_over_the_time_in_which_their_group_was_measured") {
    stats::totals figures(names, 3);
    for (stats::figures& one : figures.by_operation) {
        one.ok_count = 1000;
        one.bytes = 2000;
    }
    // The first group had nothing left to do after 2 of 10 s.
    const auto of = [&](const char* text) {
        return results::slo_value(scenario::parse_slo(text), figures, names, 10, {2, 10, 2})->least;
    };
    CHECK(of("throughput(front/put) > 1") == doctest::Approx(500));
    CHECK(of("throughput(back/get) > 1") == doctest::Approx(100));
    CHECK(of("throughput(get) > 1") == doctest::Approx(600));
    CHECK(of("bandwidth(front/get) > 1kB/s") == doctest::Approx(1000));
    CHECK(of("error_rate(get) < 1%") == 0);
}

TEST_CASE("slo_as_a_ratio_counts_the_unanswered_as_over_the_limit") {
    stats::totals figures(names, 3);
    stats::figures& get = figures.by_operation[0];
    get.ok_count = 90;
    get.response.record_n(1'000'000, 90);
    get.shed = 7;
    get.unfinished = 3;
    get.waited.record_n(1'000, 3);
    const auto of = [&](const char* text) {
        return results::ratio_of(scenario::parse_slo(text), figures, names, 10);
    };
    CHECK(of("p99(get) < 2ms").part == 10);
    CHECK(of("p99(get) < 2ms").whole == 100);
    CHECK(of("error_rate(get) < 1%").part == 10);
    CHECK(of("shed_rate(get) < 1%").part == 7);
    CHECK(of("unfinished(get) < 1%").part == 3);
}

TEST_CASE("slo_values_are_of_the_operations_that_are_named") {
    CHECK(value("p50(front/get) < 1s") == doctest::Approx(50e6).epsilon(0.002));
    CHECK(value("p99(front/get) < 1s") == doctest::Approx(99e6).epsilon(0.002));
    CHECK(value("p50(back/get) < 1s") == doctest::Approx(1e9).epsilon(0.002));
    // Histograms added up: of both groups' 200 gets, 100 took at most 100 ms.
    CHECK(value("p50(get) < 1s") == doctest::Approx(100e6).epsilon(0.002));
    CHECK(value("p51(get) < 1s") == doctest::Approx(1e9).epsilon(0.002));
    CHECK(value("service(p99(front/get)) < 1s") == doctest::Approx(0.5e6).epsilon(0.002));
    CHECK(value("mean(front/get) < 1s") == doctest::Approx(50.5e6));
    CHECK(value("max < 1s") == doctest::Approx(1e9));
    CHECK(value("error_rate < 1%") == doctest::Approx(10.0 / 220));
    CHECK(value("error_rate(put) < 1%") == doctest::Approx(0.5));
    CHECK(value("throughput > 1") == doctest::Approx(21));
    CHECK(value("throughput(put) > 1") == doctest::Approx(1));
    CHECK(value("bandwidth(front/get) > 1B/s") == doctest::Approx(10'000));
}

TEST_CASE("slo_is_not_met_where_nothing_shows_it") {
    const stats::totals nothing(names, 3);
    const auto outcome = [&](const std::string& text) {
        return results::judge({scenario::parse_slo(text)}, nothing, names, 10).front();
    };
    CHECK_FALSE(outcome("p99(get) < 20ms").value.has_value());
    CHECK_FALSE(outcome("p99(get) < 20ms").met);
    CHECK_FALSE(outcome("error_rate < 1%").met);
    CHECK(outcome("throughput > 1").value == 0.0);
    CHECK_FALSE(outcome("throughput > 1").met);
}

TEST_CASE("slo_on_what_the_target_does_not_have_is_not_measured") {
    stats::totals lacking = figures();
    stats::figures& put = lacking.by_operation[2];
    const stats::error_row row{op_status::unsupported, native_code::of_http(501), "", 10, ""};
    put.errors = {row};
    const auto outcome = [&](const std::string& text) {
        return results::judge({scenario::parse_slo(text)}, lacking, names, 10).front();
    };
    // Half of it was served: the others are errors of it.
    CHECK(outcome("error_rate(put) < 60%").met);
    CHECK_FALSE(outcome("error_rate(put) < 40%").met);
    put.ok_count = 0;
    for (const char* const text : {"error_rate(put) <= 100%", "p99(put) < 1h", "throughput > 1"}) {
        CAPTURE(text);
        CHECK_FALSE(outcome(text).value.has_value());
        CHECK_FALSE(outcome(text).met);
    }
    CHECK(outcome("p99(front/get) < 1h").met);
}

TEST_CASE("slo_as_a_ratio_says_the_same_as_its_value") {
    const stats::totals f = figures();
    for (const char* text :
         {"p99(front/get) < 98ms", "p99(front/get) < 101ms", "p50(get) < 90ms", "p90(get) < 1.1s",
          "mean(front/get) < 50ms", "mean(front/get) < 51ms", "error_rate(put) < 49%",
          "error_rate(put) < 51%", "throughput > 20", "throughput > 22", "bandwidth > 20kB/s",
          "bandwidth > 22kB/s", "max(front/get) < 99ms", "max(front/get) < 101ms"}) {
        CAPTURE(text);
        const auto slo = scenario::parse_slo(text);
        const auto ratio = results::ratio_of(slo, f, names, 10);
        const double share = ratio.part / ratio.whole;
        const double limit = results::ratio_limit(slo);
        const bool good = slo.at_least() ? share > limit : share <= limit;
        CHECK(good == results::judge({slo}, f, names, 10).front().met);
    }
}

TEST_CASE("slo_tracker_is_cumulative_and_tells_changes_once") {
    results::slo_tracker tracker({scenario::parse_slo("mean(front/put) < 5ms")}, names);
    const auto interval = [&](std::int64_t latency_ns) {
        stats::recorder recorder(names);
        stats::sample s;
        s.op = 2;
        s.intended_ns = s.sent_ns = 1;
        s.done_ns = 1 + latency_ns;
        recorder.record(s);
        stats::totals out(names, 2);
        recorder.add_to(out);
        tracker.add(out, 1);
    };
    tracker.add(stats::totals(names, 2), 1);
    CHECK(tracker.missed() == 0);  // nothing is known yet
    CHECK(tracker.changes().empty());
    interval(2'000'000);
    CHECK(tracker.missed() == 0);
    REQUIRE(tracker.changes().size() == 1);
    CHECK(tracker.changes()[0] == "SLO met so far: mean(front/put) < 5ms (2.00 ms)");
    interval(4'000'000);
    CHECK(tracker.changes().empty());
    interval(30'000'000);  // mean 12 ms
    CHECK(tracker.missed() == 1);
    REQUIRE(tracker.changes().size() == 1);
    CHECK(tracker.changes()[0] == "SLO missed so far: mean(front/put) < 5ms (12.0 ms)");
    CHECK(tracker.measured_s() == 4);
}

}  // namespace
