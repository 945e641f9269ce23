// The driver `dummy` as a model of a target: what the engine says of it is what theory says.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/engine/dummy_driver.hpp>
#include <cmath>

#include "model_run.hpp"
#include "service_station.hpp"

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1'000 * ms;

/// A run of one group against the model, on a virtual clock.
struct theory_run {
    theory_run(const std::string& load, const std::string& phases)
        : plan(scenario::parse_scenario(
              "name: t\nseed: 3\ngroups:\n  - {workload: s3, data: {objects: 50, size: 1MiB},"
              " tasks: [{op: get}], load: " +
                  load + "}\nphases: {prepare: false, cleanup: false, warmup: 0s, " + phases +
                  "}\n",
              "test.yaml")) {}

    engine::run_result go(unsigned cores = 2) {
        engine::dummy_options of_driver;
        of_driver.model = model;
        of_driver.timeout_ns = timeout_ns;
        of_driver.a_turn_later = true;
        const auto driver = engine::make_dummy_driver(of_driver);
        engine::run_options options;
        options.plan = &plan;
        options.cores = cores;
        options.seed = plan.seed;
        engine::group_setup setup;
        setup.group = &plan.groups.front();
        setup.target = driver.get();
        options.groups.push_back(setup);
        const virtual_clock clock;
        return engine::execute(options, stop);
    }

    scenario::scenario plan;
    scenario::service_model model;
    std::int64_t timeout_ns = 0;
    std::atomic<int> stop{0};
};

const stats::figures& gets(const engine::run_result& result) {
    return result.measured.by_operation.front();
}

std::uint64_t all_of(const stats::figures& f) {
    return f.ok_count + f.failed_count;
}

/// Erlang's C formula: the share of customers that wait, of c servers offered `a` erlangs. By the
/// recursion of Erlang's B (e.g. Kleinrock, "Queueing Systems" I, 3.5).
double erlang_c(unsigned c, double a) {
    double b = 1;
    for (unsigned n = 1; n <= c; ++n)
        b = a * b / (n + a * b);
    return b / (1 - a / c * (1 - b));
}

}  // namespace

TEST_CASE("service_model_of_four_servers_has_erlangs_response_time") {
    theory_run r("{open: {rate: 800, max_in_flight: 1000}}", "measure: 200s");
    r.model.latency = load::time_distribution::exponential(4 * ms);
    r.model.servers = 4;
    const auto result = r.go();
    const double wait_ms = erlang_c(4, 3.2) * 4 / (4 - 3.2);
    CHECK(gets(result).response.mean() / 1e6 == doctest::Approx(4 + wait_ms).epsilon(0.06));
    CHECK(gets(result).failed_count == 0);
}

TEST_CASE("service_model_of_one_server_and_users_obeys_the_response_time_law") {
    for (const unsigned cores : {1U, 2U}) {
        theory_run r("{closed: {users: 8}}", "measure: 20s");
        r.model.latency = load::time_distribution::constant(1 * ms);
        r.model.servers = 1;
        const auto result = r.go(cores);
        // Whoever is served next has seven before it.
        CHECK(gets(result).response.value_at_percentile(50) / 1e6 ==
              doctest::Approx(8).epsilon(0.01));
        CHECK(static_cast<double>(gets(result).ok_count) == doctest::Approx(20'000).epsilon(0.01));
    }
}

TEST_CASE("service_model_has_the_percentiles_of_its_distribution") {
    theory_run r("{open: {rate: 2000, max_in_flight: 1000}}", "measure: 100s");
    r.model.latency = load::time_distribution::lognormal(2 * ms, 0.8);
    const auto result = r.go();
    for (const double p : {50.0, 90.0, 99.0, 99.9}) {
        CAPTURE(p);
        const double truth_ns = r.model.latency.quantile_ns(p / 100);
        // The error of the 99.9th of 200,000 draws is 2 %.
        CHECK(static_cast<double>(gets(result).response.value_at_percentile(p)) ==
              doctest::Approx(truth_ns).epsilon(p < 99 ? 0.02 : 0.06));
    }
}

TEST_CASE("service_model_serves_bytes_at_their_rate") {
    theory_run r("{closed: {users: 1}}", "measure: 10s");
    r.model.latency = load::time_distribution::constant(2 * ms);
    r.model.bytes_per_s = 128 << 20;
    const auto result = r.go(1);
    CHECK(gets(result).response.min() == 2 * ms + second / 128);
    CHECK(gets(result).response.max() == 2 * ms + second / 128);
    CHECK(gets(result).bytes == gets(result).ok_count * (1 << 20));
}

TEST_CASE("service_model_fails_the_share_that_it_is_told_to") {
    theory_run r("{open: {rate: 5000, max_in_flight: 1000}}", "measure: 20s");
    r.model.latency = load::time_distribution::constant(1 * ms);
    r.model.failing = 0.03;
    r.model.failure = op_status::connection_lost;
    const auto result = r.go();
    const auto all = static_cast<double>(all_of(gets(result)));
    // Four standard deviations of a binomial.
    const double sigma = std::sqrt(all * 0.03 * 0.97);
    CHECK(std::abs(static_cast<double>(gets(result).failed_count) - all * 0.03) < 4 * sigma);
    REQUIRE(gets(result).errors.size() == 1);
    CHECK(gets(result).errors.front().status == op_status::connection_lost);
}

TEST_CASE("service_model_refuses_what_comes_faster_than_it_takes") {
    theory_run r("{open: {rate: 2000, arrivals: constant, max_in_flight: 1000}}", "measure: 20s");
    r.model.latency = load::time_distribution::constant(1 * ms);
    r.model.most_per_s = 500;
    const auto result = r.go();
    // And a bucket of a tenth of a second's at the begin.
    CHECK(static_cast<double>(gets(result).ok_count) == doctest::Approx(10'050).epsilon(0.001));
    CHECK(all_of(gets(result)) == 40'000);
    REQUIRE(gets(result).errors.size() == 1);
    CHECK(gets(result).errors.front().status == op_status::slow_down);
}

TEST_CASE("service_model_that_stalls_shows_in_what_was_due_meanwhile") {
    theory_run r("{open: {rate: 1000, arrivals: constant, max_in_flight: 10000}}", "measure: 70s");
    r.model.latency = load::time_distribution::constant(1 * ms);
    r.model.stall_every_ns = 5 * second;
    r.model.stall_ns = 2 * second;
    const auto result = r.go();
    // Two of seven seconds' operations wait for what is left of the stall: 0 to 2 s, equally often.
    for (const double p : {75.0, 90.0, 95.0}) {
        CAPTURE(p);
        const double longer = (100 - p) / 100 * 7 / 2;
        CHECK(static_cast<double>(gets(result).response.value_at_percentile(p)) / 1e9 ==
              doctest::Approx(2 * (1 - longer)).epsilon(0.01));
    }
    CHECK(gets(result).response.value_at_percentile(70) == doctest::Approx(1 * ms).epsilon(0.01));
}

TEST_CASE("service_model_ends_what_takes_longer_than_the_time_out") {
    theory_run r("{open: {rate: 1000, max_in_flight: 1000}}", "measure: 20s");
    r.model.latency = load::time_distribution::pareto(1 * ms, 1.5);
    r.timeout_ns = 100 * ms;
    const auto result = r.go();
    const auto all = static_cast<double>(all_of(gets(result)));
    const double share = std::pow(100.0, -1.5);
    const double sigma = std::sqrt(all * share * (1 - share));
    CHECK(std::abs(static_cast<double>(gets(result).failed_count) - all * share) < 4 * sigma);
    CHECK(gets(result).response.max() <= 100 * ms);
    CHECK(gets(result).failed.max() == doctest::Approx(100 * ms).epsilon(0.001));
}

TEST_CASE("service_model_is_cut_off_in_the_middle_of_an_hour") {
    theory_run r("{closed: {users: 4}}", "measure: 5s, drain: 1s");
    r.model.latency = load::time_distribution::constant(3600 * second);
    const std::int64_t began_ns = monotonic_ns();
    const auto result = r.go();
    CHECK(gets(result).ok_count == 0);
    double lasted_s = 0;
    for (const auto& p : result.phases)
        lasted_s += p.duration_s;
    CHECK(lasted_s < 8);
    CHECK(monotonic_ns() - began_ns < 3600 * second);
}

TEST_CASE("service_model_takes_no_time_for_cleanup") {
    theory_run r("{closed: {users: 1}}", "measure: 5s");
    r.plan.phase.prepare = true;
    r.plan.phase.cleanup = true;
    r.model.latency = load::time_distribution::constant(10 * ms);
    r.model.failing = 0.5;
    const auto result = r.go(1);
    CHECK(result.problem.empty());
    CHECK(result.left_behind == 0);
}

TEST_CASE("service_model_time_stands_still_in_a_stall") {
    const engine::stalled_time t(100, 10);
    CHECK(t.end_of(0, 50) == 50);
    CHECK(t.end_of(0, 100) == 100);
    CHECK(t.end_of(0, 101) == 111);
    CHECK(t.end_of(99, 2) == 111);
    CHECK(t.end_of(100, 1) == 111);
    CHECK(t.end_of(105, 1) == 111);
    CHECK(t.end_of(105, 0) == 110);
    CHECK(t.end_of(110, 0) == 110);
    CHECK(t.end_of(110, 100) == 210);
    CHECK(t.end_of(0, 1000) == 1090);
    CHECK(t.end_of(0, 1001) == 1101);
    // Against a clock that is moved on step by step.
    for (std::int64_t at = 0; at < 350; ++at) {
        for (std::int64_t work = 1; work < 250; work += 7) {
            std::int64_t now = at;
            std::int64_t left = work;
            while (left > 0) {
                if (now % 110 < 100) --left;
                ++now;
            }
            REQUIRE(t.end_of(at, work) == now);
        }
    }
    const engine::stalled_time none;
    CHECK(none.end_of(7, 3) == 10);
}
