#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/slo.hpp>

namespace {

using namespace chopsticks;
using scenario::parse_slo;
using scenario::slo_metric;

std::string refusal(const std::string& text) {
    try {
        parse_slo(text);
    } catch (const config_error& error) {
        return error.what();
    }
    return {};
}

TEST_CASE("slo_reads_every_metric_with_its_unit") {
    const auto p99 = parse_slo("p99(get) < 20ms");
    CHECK(p99.metric == slo_metric::percentile);
    CHECK(p99.percentile == 99);
    CHECK(p99.op == "get");
    CHECK(p99.group.empty());
    CHECK_FALSE(p99.inclusive);
    CHECK_FALSE(p99.service);
    CHECK(p99.limit == 20e6);
    const auto p999 = parse_slo("  p99.9( front/put )<=100ms ");
    CHECK(p999.percentile == doctest::Approx(99.9));
    CHECK(p999.group == "front");
    CHECK(p999.op == "put");
    CHECK(p999.inclusive);
    CHECK(p999.text == "p99.9( front/put )<=100ms");
    CHECK(parse_slo("mean(get) < 5ms").metric == slo_metric::mean);
    CHECK(parse_slo("max < 1.5s").metric == slo_metric::max);
    CHECK(parse_slo("max < 1.5s").op.empty());
    CHECK(parse_slo("error_rate < 0.1%").limit == doctest::Approx(0.001));
    CHECK(parse_slo("error_rate(put) <= 0.001").limit == doctest::Approx(0.001));
    CHECK(parse_slo("error_rate <= 0").limit == 0);
    CHECK(parse_slo("throughput(get) > 1000").limit == 1000);
    CHECK(parse_slo("throughput >= 1000/s").inclusive);
    CHECK(parse_slo("shed_rate < 1%").metric == slo_metric::shed_rate);
    CHECK(parse_slo("shed_rate(get) < 1%").limit == doctest::Approx(0.01));
    CHECK(parse_slo("unfinished(front/get) <= 0").metric == slo_metric::unfinished);
    CHECK_FALSE(parse_slo("unfinished <= 0").at_least());
    CHECK(parse_slo("bandwidth > 100MiB/s").limit == 100.0 * (1 << 20));
    CHECK(parse_slo("service(p99(get)) < 20ms").service);
    CHECK(parse_slo("service(p99) < 20ms").service);
    CHECK_FALSE(parse_slo("response(mean(get)) < 20ms").service);
}

TEST_CASE("slo_allows_what_is_on_the_good_side_of_its_limit") {
    CHECK(parse_slo("mean < 5ms").allows(4'999'999));
    CHECK_FALSE(parse_slo("mean < 5ms").allows(5'000'000));
    CHECK(parse_slo("mean <= 5ms").allows(5'000'000));
    CHECK(parse_slo("throughput > 10").allows(10.5));
    CHECK_FALSE(parse_slo("throughput > 10").allows(10));
    CHECK(parse_slo("throughput >= 10").allows(10));
    CHECK(parse_slo("error_rate <= 0").allows(0));
}

TEST_CASE("slo_refuses_what_cannot_be_meant_and_says_how_to_mend_it") {
    const struct {
        const char* text;
        const char* says;
    } wrong[] = {
        {"", "compares nothing"},
        {"p99(get)", "compares nothing"},
        {"p99(get) = 20ms", "never equals"},
        {"p99(get) == 20ms", "never equals"},
        {"p99(get < 20ms", "form metric(operation)"},
        {"p99 get) < 20ms", "form metric(operation)"},
        {"p99() < 20ms", "form metric(operation)"},
        {"p99(get) <", "form metric(operation)"},
        {"< 20ms", "form metric(operation)"},
        {"p100(get) < 20ms", "no percentile"},
        {"p0 < 20ms", "no percentile"},
        {"p99x < 20ms", "no percentile"},
        {"maen(get) < 20ms", "did you mean \"mean\""},
        {"p99(get) < 20", "with a unit"},
        {"p99(get) < -1ms", "with a unit"},
        {"p99(get) < 0ms", "above 0"},
        {"p99(get) < 20ms extra", "with a unit"},
        {"p99(get) > 20ms", "compare with <"},
        {"throughput < 20", "compare with >"},
        {"throughput > 0", "operations per second"},
        {"throughput > nan", "operations per second"},
        {"error_rate < 101%", "no share"},
        {"error_rate < 2", "no share"},
        {"error_rate < 0", "write <= 0"},
        {"error_rate < -0.1%", "no share"},
        {"shed_rate > 1%", "worse"},
        {"unfinished < 5 ops", "no share"},
        {"service(shed_rate) < 1%", "no service or response time"},
        {"bandwidth > 100MiB", "no bandwidth"},
        {"bandwidth > fast/s", "no bandwidth"},
        {"service(error_rate) < 1%", "has no service"},
        {"service(service(p99)) < 1ms", "nothing that is measured"},
        {"p99(a/b/c) < 1ms", "no operation"},
        {"p99(/get) < 1ms", "no operation"},
        {"p99(get put) < 1ms", "no operation"},
    };
    for (const auto& one : wrong) {
        CAPTURE(one.text);
        const std::string said = refusal(one.text);
        CHECK(said.find(one.says) != std::string::npos);
        CHECK(said.find(one.text) != std::string::npos);
        CAPTURE(said);
        CHECK(said.find("; ") != std::string::npos);
    }
}

TEST_CASE("slo_of_a_scenario_names_operations_that_are_there_and_the_place_if_not") {
    const std::string head =
        "groups:\n  - {name: front, workload: s3, tasks: [get, put]}\n"
        "  - {name: back, workload: s3, tasks: [list]}\n";
    const auto good = scenario::parse_scenario(
        head +
            "slo: ['p99(get) < 20ms', 'mean(back/list) < 1s', 'error_rate < 1%']\n"
            "abort_on_fail: {after: 10s}\n",
        "s.yaml");
    REQUIRE(good.slos.size() == 3);
    CHECK(good.slos[1].group == "back");
    REQUIRE(good.abort_after_ns.has_value());
    CHECK(*good.abort_after_ns == 10'000'000'000);
    const auto said = [&](const std::string& rest) {
        try {
            scenario::parse_scenario(head + rest, "s.yaml");
        } catch (const config_error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(said("slo: ['p99(got) < 20ms']\n").find("s.yaml:4:7: ") == 0);
    CHECK(said("slo: ['p99(got) < 20ms']\n").find("did you mean \"get\"") != std::string::npos);
    CHECK(said("slo: ['p99(front/list) < 20ms']\n").find("no task does") != std::string::npos);
    CHECK(said("slo: ['p99(frnt/get) < 20ms']\n").find("front/get") != std::string::npos);
    CHECK(said("slo: p99\n").find("list") != std::string::npos);
    CHECK(said("abort_on_fail: {}\n").find("after") != std::string::npos);
}

}  // namespace
