#include <doctest/doctest.h>

#include <chopsticks/results/calibration.hpp>
#include <chopsticks/results/write.hpp>

#include "sample.hpp"
#include "scratch.hpp"

using namespace chopsticks;
using namespace chopsticks::results;

namespace {

/// A core that takes 10 us per request and 0.1 ns per byte of a get, twice that of a put, and 1 us
/// per operation of the dummy driver.
calibration made() {
    calibration c;
    c.made_ns = 1'795'359'845'123'000'000;
    c.where = sample::document(100).environment;
    const auto load = [](std::uint64_t bytes, double ns_per_request, double ns_per_byte) {
        calibrated_load l;
        l.object_bytes = bytes;
        l.operations = 1'000'000;
        l.busy_ns = std::llround(1e6 * (ns_per_request + ns_per_byte * static_cast<double>(bytes)));
        l.busy_share = 0.5;
        l.ops_per_s = l.full_ops_per_s() / 2;
        l.bytes_per_s = l.ops_per_s * static_cast<double>(bytes);
        return l;
    };
    c.dummy = load(0, 1'000, 0);
    c.cores = 2;
    c.dummy_cores_per_s = 1.9e6;
    c.get = {load(1024, 10'000, 0.1), load(4 << 20, 10'000, 0.1)};
    c.put = {load(1024, 20'000, 0.2), load(4 << 20, 20'000, 0.2)};
    c.timers.push_back({"hybrid", stats::histogram(2)});
    c.timers.back().lag.record(60'000);
    c.rates.push_back({1000, 0.9999, stats::histogram(2)});
    return c;
}

/// 30,000 gets of 4 KiB and 1,000 puts in 30 s on two cores.
run_document simple_run() {
    run_document doc = sample::document(100);
    doc.figures = stats::totals(doc.layout, 3);
    doc.figures.by_operation[0].ok_count = 30'000;
    doc.figures.by_operation[0].bytes = 30'000 * 4096;
    doc.figures.by_operation[1].ok_count = 900;
    doc.figures.by_operation[1].failed_count = 100;
    return doc;
}

}  // namespace

TEST_CASE("calibration_tells_the_cost_of_a_request_from_that_of_a_byte") {
    const calibration c = made();
    CHECK(c.get.ns_per_request() == doctest::Approx(10'000).epsilon(0.001));
    CHECK(c.get.ns_per_byte() == doctest::Approx(0.1).epsilon(0.001));
    CHECK(c.get.small.full_ops_per_s() == doctest::Approx(2 * c.get.small.ops_per_s));
    // A large object that seems cheaper than a small one is noise, not a negative cost.
    calibrated_operation odd{c.get.large, c.get.small};
    CHECK(odd.ns_per_byte() >= 0);
    CHECK(calibrated_operation{}.ns_per_request() == 0);
}

TEST_CASE("calibration_says_what_share_of_the_cores_time_a_run_took") {
    const sample::scratch_directory dir;
    const std::string path = dir / "deep/er/calibration.json";
    CHECK(write_calibration(path, made()).empty());
    const run_document doc = simple_run();
    const auto used = cite_calibration(path, doc);
    REQUIRE(used.has_value());
    const double expected_ns = 30'000 * (10'000 + 0.1 * 4096) + 1'000 * 20'000;
    CHECK(used->used_share == doctest::Approx(expected_ns / (2 * 30e9)).epsilon(0.001));
    CHECK(used->file == path);
    CHECK(used->made == "2026-11-22T15:04:05.123Z");
}

TEST_CASE("calibration_is_not_cited_for_what_it_does_not_know") {
    const sample::scratch_directory dir;
    const std::string path = dir / "calibration.json";
    CHECK(write_calibration(path, made()).empty());
    REQUIRE(cite_calibration(path, simple_run()).has_value());
    CHECK_FALSE(cite_calibration(dir / "none.json", simple_run()).has_value());
    CHECK_FALSE(cite_calibration("", simple_run()).has_value());
    const auto refused = [&](auto change) {
        run_document doc = simple_run();
        change(doc);
        return !cite_calibration(path, doc).has_value();
    };
    CHECK(refused([](run_document& d) { d.environment.host = "another"; }));
    CHECK(refused([](run_document& d) { d.environment.kernel = "another"; }));
    CHECK(refused([](run_document& d) { d.environment.cpu_model = "another"; }));
    CHECK(refused([](run_document& d) { d.environment.version = "another"; }));
    CHECK(refused([](run_document& d) { d.environment.build_type = "debug"; }));
    CHECK(refused([](run_document& d) { d.groups[0].as_calibrated = false; }));
    CHECK(refused([](run_document& d) { d.scenario.groups[0].data.verify = true; }));
    // Rubbish is no calibration.
    for (const char* text : {"", "{", "[]", "{\"kind\": \"chopsticks-calibration\"}"}) {
        CHECK(write_file(path, text).empty());
        CHECK_FALSE(cite_calibration(path, simple_run()).has_value());
    }
}

TEST_CASE("calibration_is_a_table_of_80_columns") {
    const std::string table = render_calibration(to_json(made()));
    CHECK(table.find("signed get, 1 KiB") != std::string::npos);
    CHECK(table.find("99.99 %") != std::string::npos);
    std::size_t begin = 0;
    while (begin < table.size()) {
        const std::size_t end = table.find('\n', begin);
        CHECK(end - begin < 80);
        begin = end + 1;
    }
}
