#include <doctest/doctest.h>

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/core/error.hpp>
#include <string>

using namespace chopsticks;
using compare::figure_kind;
using compare::parse_gate;
using doctest::Approx;

TEST_CASE("gate_reads_what_people_write") {
    const auto one = parse_gate("  p99(get) +5% ");
    CHECK(one.text == "p99(get) +5%");
    CHECK(one.operation == "get");
    CHECK(one.what.kind == figure_kind::percentile);
    CHECK(one.what.percentile == 99);
    CHECK_FALSE(one.what.service);
    CHECK(one.limit == Approx(0.05));
    CHECK(parse_gate("throughput -2%").limit == Approx(0.02));
    CHECK(parse_gate("throughput -2%").operation.empty());
    CHECK(parse_gate("bandwidth(front/put) - 1.5 %").operation == "front/put");
    CHECK(parse_gate("error_rate(get)+0.1%").limit == Approx(0.001));
    CHECK(parse_gate("service(p99.9(get)) +10%").what.service);
    CHECK(parse_gate("service(p99.9(get)) +10%").what.percentile == 99.9);
    CHECK(parse_gate("service(p99.9(get)) +10%").operation == "get");
    CHECK(parse_gate("response(mean) +0%").limit == 0);
    CHECK(parse_gate("p99(s3/multi-part) +5%").operation == "s3/multi-part");
    CHECK(parse_gate("service(p99) +10%").what.name() == "service(p99)");
    CHECK(parse_gate("p99.99999(get) +10%").what.name() == "p99.99999");
    CHECK(parse_gate("p99.9(get) +10%").what.name() == "p99.9");
}

TEST_CASE("gate_is_about_an_operation_of_all_groups_or_of_one") {
    CHECK(parse_gate("p99(get) +5%").is_about("s3/get"));
    CHECK(parse_gate("p99(get) +5%").is_about("other/get"));
    CHECK_FALSE(parse_gate("p99(get) +5%").is_about("s3/forget"));
    CHECK_FALSE(parse_gate("p99(get) +5%").is_about(""));
    CHECK(parse_gate("p99(s3/get) +5%").is_about("s3/get"));
    CHECK_FALSE(parse_gate("p99(s3/get) +5%").is_about("other/get"));
    CHECK(parse_gate("p99 +5%").is_about(""));
    CHECK_FALSE(parse_gate("p99 +5%").is_about("s3/get"));
}

TEST_CASE("gate_refuses_the_rest_with_what_would_be_right") {
    const auto refused = [](const std::string& text) -> std::string {
        try {
            parse_gate(text);
        } catch (const config_error& e) {
            return e.what();
        }
        return "taken";
    };
    const auto says = [&](const std::string& text, const std::string& words) {
        CAPTURE(text);
        CAPTURE(refused(text));
        CHECK(refused(text).find(words) != std::string::npos);
    };
    says("", "allows no change");
    says("p99", "allows no change");
    says("+5%", "is not of the form");
    says("p99(get +5%", "is not of the form");
    says("p99() +5%", "is not of the form");
    says("p99(get) -5%", "by how much it may grow: +5%");
    says("throughput +5%", "by how much it may shrink: -2%");
    says("p99 +5", "no change in percent");
    says("p99 +%", "no change in percent");
    says("p99 +1e999%", "no change in percent");
    says("p99 +nan%", "no change in percent");
    says("throughput -100%", "no change in percent");
    says("p100 +5%", "no percentile");
    says("p0 +5%", "no percentile");
    says("troughput -5%", "throughput");
    says("max +5%", "nothing that is compared");
    says("service(throughput) -5%", "has no service or response time");
    says("p99(a b) +5%", "is no operation");
}

TEST_CASE("gates_of_a_file_are_one_a_line") {
    const auto all =
        compare::parse_gates("# nightly\n\np99(get) +5%  # reads\r\nthroughput -2%", "gates.txt");
    REQUIRE(all.size() == 2);
    CHECK(all[1].text == "throughput -2%");
    CHECK_THROWS_WITH(compare::parse_gates("p99 +5%\np99 5%\n", "g"),
                      doctest::Contains("g:2: gate \"p99 5%\""));
    CHECK_THROWS_WITH(compare::parse_gates("# none\n", "g"), doctest::Contains("no gate in it"));
}
