#include <doctest/doctest.h>

#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/service_model.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <string>

using namespace chopsticks;

namespace {

scenario::service_model read(const std::string& options) {
    const auto config = scenario::parse_workload_config(
        "driver: dummy\ndriver_options: " + options + "\n", "w.yaml", {});
    return scenario::read_service_model(*config.find("s3"));
}

std::string refusal(const std::string& options) {
    try {
        read(options);
    } catch (const config_error& e) {
        return e.what();
    }
    return "nothing was refused";
}

bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    return true;
}

}  // namespace

TEST_CASE("service_model_reads_each_distribution") {
    for (const char* text : {"2ms", "uniform(1ms, 3ms)", "exponential(2ms)", "lognormal(2ms, 0.5)",
                             "pareto(1ms, 2.5)"}) {
        CHECK(read("{latency: '" + std::string(text) + "'}").latency.describe() == text);
    }
    CHECK(read("{latency: ' exponential( 2ms ) '}").latency.describe() == "exponential(2ms)");
}

TEST_CASE("service_model_reads_what_else_it_does") {
    const auto m = read(
        "{latency: 1ms, servers: 8, bytes_per_s: 100MiB, most_per_s: 5000,"
        " failing: 1%, failure: timeout, stall_every: 30s, stall: 2s, seed: 9}");
    CHECK(m.servers == 8);
    CHECK(m.bytes_per_s == 100 << 20);
    CHECK(m.most_per_s == 5000);
    CHECK(m.failing == doctest::Approx(0.01));
    CHECK(m.failure == op_status::timeout);
    CHECK(m.stall_every_ns == 30'000'000'000);
    CHECK(m.stall_ns == 2'000'000'000);
    CHECK(m.seed == 9);
    CHECK_FALSE(m.is_idle());
    CHECK(read("{}").is_idle());
    CHECK(read("{seed: 4}").is_idle());
}

TEST_CASE("service_model_is_not_made_of_the_options_of_a_driver_around_it") {
    scenario::catalogue::add_driver("s3",
                                    {.name = "around", .description = "d", .takes_options = true});
    const auto config = scenario::parse_workload_config(
        "driver: around\ndriver_options: {fail_every: 3}\n", "w.yaml", {});
    CHECK(scenario::read_service_model(*config.find("s3")).is_idle());
}

TEST_CASE("service_model_says_what_is_wrong_and_where") {
    contains(refusal("{latency: normal(2ms)}"), "lognormal(2ms, 0.5)");
    contains(refusal("{latency: 'exponential(2ms, 3)'}"), "must be a duration, uniform(1ms, 3ms)");
    contains(refusal("{latency: exponential(soon)}"),
             "`driver_options.latency` must be a duration");
    contains(refusal("{latency: 'uniform(3ms, 1ms)'}"), "ends before it begins");
    contains(refusal("{latency: 'pareto(1ms, 1)'}"), "driver_options.latency");
    contains(refusal("{latency: 2h}"), "at most 1h");
    contains(refusal("{latency: )}"), "w.yaml");
    contains(refusal("{servers: 4}"), "say how long one operation takes");
    contains(refusal("{failure: timeout}"), "add `failing: 1%`");
    contains(refusal("{failing: 1%, failure: weather}"), "connection_lost");
    contains(refusal("{stall: 2s}"), "stall_every: 30s");
    contains(refusal("{stall_every: 2s}"), "stands alone");
    contains(refusal("{sevrers: 4}"), "servers");
}
