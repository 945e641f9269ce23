#include "fault_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace chopsticks;
using namespace chopsticks::endpoint;

namespace {

std::string shapes(fault_plan& plan, int requests, std::string_view op = "get") {
    std::string out;
    for (int i = 0; i < requests; ++i) {
        const fault_decision d = plan.on_request(op);
        out += d.shape == nullptr ? '.' : name(d.shape->kind)[0];
    }
    return out;
}

/// The mean time in an M/M/c queue. Source: Kleinrock, "Queueing Systems", volume 1, section 3.5
/// (Erlang's C formula).
double mmc_sojourn(int servers, double arrival_rate, double service_rate) {
    const double offered = arrival_rate / service_rate;
    double term = 1;
    double sum = 1;
    for (int k = 1; k < servers; ++k) {
        term *= offered / k;
        sum += term;
    }
    term *= offered / servers;
    const double waiting = term / (1 - offered / servers);
    const double wait_chance = waiting / (sum + waiting);
    return wait_chance / (servers * service_rate - arrival_rate) + 1 / service_rate;
}

}  // namespace

TEST_CASE("fault_plan_same_seed_gives_same_faults") {
    const faults f = parse_faults("seed=5;error:rate=0.3;reset:rate=0.1;latency:exponential=1ms");
    fault_plan first(f);
    fault_plan second(f);
    faults other = f;
    other.seed = 6;
    fault_plan third(other);
    std::string a, b, c;
    for (int i = 0; i < 300; ++i) {
        const fault_decision x = first.on_request("get");
        const fault_decision y = second.on_request("get");
        CHECK(x.delay_ns == y.delay_ns);
        CHECK(x.fired == y.fired);
        a += x.shape == nullptr ? '.' : name(x.shape->kind)[0];
        b += y.shape == nullptr ? '.' : name(y.shape->kind)[0];
    }
    c = shapes(third, 300);
    CHECK(a == b);
    CHECK(a != c);
}

TEST_CASE("fault_plan_rates_are_kept") {
    fault_plan plan(parse_faults("error:rate=0.2"));
    const std::string got = shapes(plan, 20000);
    const auto errors = static_cast<double>(std::count(got.begin(), got.end(), 'e'));
    // Five standard deviations of a binomial.
    CHECK(std::abs(errors - 4000) < 5 * std::sqrt(20000 * 0.2 * 0.8));
    fault_plan never(parse_faults("error:rate=0"));
    CHECK(shapes(never, 1000) == std::string(1000, '.'));
    fault_plan always(parse_faults("error:rate=1"));
    CHECK(shapes(always, 1000) == std::string(1000, 'e'));
}

TEST_CASE("fault_plan_counted_rules_fire_where_they_should") {
    fault_plan every(parse_faults("error:every=3"));
    CHECK(shapes(every, 9) == "..e..e..e");
    fault_plan after(parse_faults("error:after=2"));
    CHECK(shapes(after, 5) == "..eee");
    fault_plan limited(parse_faults("error:after=1,limit=2"));
    CHECK(shapes(limited, 5) == ".ee..");
    fault_plan both(parse_faults("error:every=2,after=1,limit=2"));
    CHECK(shapes(both, 8) == "..e.e...");
}

TEST_CASE("fault_plan_first_rule_that_fires_shapes") {
    fault_plan plan(parse_faults("reset:every=2;error:every=1"));
    CHECK(shapes(plan, 4) == "erer");
}

TEST_CASE("fault_plan_operations_are_kept_apart") {
    fault_plan plan(parse_faults("error:op=put,every=2"));
    CHECK(shapes(plan, 4, "get") == "....");
    CHECK(shapes(plan, 4, "put") == ".e.e");
    CHECK(shapes(plan, 2, "get") == "..");
}

TEST_CASE("fault_plan_slowness_comes_with_other_faults") {
    fault_plan plan(parse_faults("latency:fixed=2ms;latency:fixed=3ms;drip;close;error"));
    const fault_decision d = plan.on_request("get");
    CHECK(d.delay_ns == 5'000'000);
    CHECK(d.drip != nullptr);
    CHECK(d.close);
    REQUIRE(d.shape != nullptr);
    CHECK(d.shape->kind == fault_kind::error);
    CHECK(d.fired == 5);
}

TEST_CASE("fault_plan_connection_rules_are_about_connections_only") {
    fault_plan plan(parse_faults("stall_accept:every=2;reset_accept:every=3"));
    CHECK(shapes(plan, 3) == "...");
    CHECK_FALSE(plan.on_connection().has_value());
    CHECK(plan.on_connection() == fault_kind::stall_accept);
    // The second rule was asked twice so far: once the first one fired, it was not.
    CHECK_FALSE(plan.on_connection().has_value());
    CHECK(plan.on_connection() == fault_kind::stall_accept);
    CHECK(plan.on_connection() == fault_kind::reset_accept);
}

TEST_CASE("delays_have_their_means") {
    random_stream random(3);
    const auto mean = [&](const char* text) {
        const faults f = parse_faults(text);
        double sum = 0;
        constexpr int n = 100'000;
        for (int i = 0; i < n; ++i)
            sum += static_cast<double>(draw(f.rules[0].delay, random));
        return sum / n / 1e6;
    };
    CHECK(mean("latency:fixed=2ms") == doctest::Approx(2));
    CHECK(mean("latency:min=1ms,max=3ms") == doctest::Approx(2).epsilon(0.01));
    CHECK(mean("latency:exponential=2ms") == doctest::Approx(2).epsilon(0.02));
    // The mean of a lognormal is its median times exp(sigma^2 / 2).
    CHECK(mean("latency:median=2ms,sigma=0.5") ==
          doctest::Approx(2 * std::exp(0.125)).epsilon(0.02));
}

TEST_CASE("virtual_queue_serves_in_order") {
    virtual_queue one(1);
    CHECK(one.arrive(0, 10) == 10);
    CHECK(one.arrive(0, 10) == 20);
    CHECK(one.arrive(15, 10) == 30);
    CHECK(one.arrive(100, 10) == 110);
    virtual_queue two(2);
    CHECK(two.arrive(0, 10) == 10);
    CHECK(two.arrive(0, 30) == 30);
    CHECK(two.arrive(0, 5) == 15);
    CHECK(two.arrive(0, 5) == 20);
    CHECK(two.arrive(20, 5) == 25);
}

TEST_CASE("virtual_queue_is_an_mmc_queue") {
    // Poisson arrivals at 80 % of what the servers can do.
    for (const int servers : {1, 2, 8}) {
        CAPTURE(servers);
        const double service_rate = 1e-6;
        const double arrival_rate = 0.8 * servers * service_rate;
        random_stream random(static_cast<std::uint64_t>(servers));
        virtual_queue queue(static_cast<std::uint32_t>(servers));
        double now = 0;
        double sum = 0;
        constexpr int n = 1'000'000;
        for (int i = 0; i < n; ++i) {
            now += random.exponential() / arrival_rate;
            const auto at = static_cast<std::int64_t>(now);
            const auto service = static_cast<std::int64_t>(random.exponential() / service_rate);
            sum += static_cast<double>(queue.arrive(at, service) - at);
        }
        CHECK(sum / n ==
              doctest::Approx(mmc_sojourn(servers, arrival_rate, service_rate)).epsilon(0.03));
    }
}
