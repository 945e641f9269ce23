// Several sides of one plan in one table.

#include <doctest/doctest.h>

#include <chopsticks/compare/sides.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "runs.hpp"

using namespace chopsticks;
using namespace compare::simulated;
using compare::side;
using compare::side_figures;

namespace {

constexpr double mebibyte = 1 << 20;

std::vector<results::result_file> driver_runs(std::size_t n, double rate_per_s, double cpu_us,
                                              std::uint64_t seed) {
    random_stream random(seed);
    run_plan plan;
    plan.rate_per_s = rate_per_s;
    plan.started_s = static_cast<std::int64_t>(seed) * 100'000;
    auto all = make_side(random, n, plan, 0.01);
    for (results::result_file& run : all) {
        const double seconds = cpu_us / 1e6 * static_cast<double>(run.total.ok);
        run.document["generator"] = {
            {"cpu_seconds", {{"user", seconds / 4}, {"system", seconds * 3 / 4}}},
            {"rss_bytes_max", 900 * mebibyte}};
        run.document["health"] = {{"rss_bytes_max", 40 * mebibyte}};
    }
    return all;
}

std::string drawn(const compare::report_of_sides& report, int width) {
    results::terminal_options terminal;
    terminal.width = width;
    return render(report, terminal);
}

std::string drawn(const std::vector<side>& all, int width) {
    return drawn(compare::report_of_sides{compare::figures_of(all, {}), {}}, width);
}

/// As it is read back from its file.
compare::report_of_sides read_again(const compare::report_of_sides& report) {
    results::result_file file;
    file.path = "drivers.json";
    file.kind = results::document_kind::drivers;
    file.document = to_json(report);
    return compare::read_report_of_sides(file);
}

}  // namespace

TEST_CASE("sides_say_what_each_came_to_with_its_error") {
    const auto native = driver_runs(5, 1000, 20, 1);
    const auto slow = driver_runs(5, 500, 50, 2);
    const std::vector<side> all = {{"native", native}, {"slow", slow}};
    const auto found = compare::figures_of(all, {});
    REQUIRE(found.size() == 2);
    REQUIRE(found[0].rate);
    CHECK(std::exp(found[0].rate->value) == doctest::Approx(1000).epsilon(0.03));
    CHECK(found[0].rate->freedom == 4);
    CHECK(std::exp(found[0].p50->value) == doctest::Approx(1e6).epsilon(0.2));
    REQUIRE(found[1].cpu);
    CHECK(std::exp(found[1].cpu->value) == doctest::Approx(50'000).epsilon(0.001));
    // Of the load, not what earlier runs in the process took.
    CHECK(*found[0].memory_bytes == 40 * mebibyte);
    CHECK_FALSE(found[0].against_first);
    REQUIRE(found[1].against_first);
    const compare::row& change = *found[1].against_first;
    CHECK(change.share_changed() == doctest::Approx(-0.5).epsilon(0.05));
    CHECK(change.share().low < change.share_changed());
    CHECK(change.share().high < 0);
    CHECK(change.said == compare::verdict::regressed);
}

TEST_CASE("sides_of_programs_have_the_cpu_time_of_those_too") {
    auto runs = driver_runs(2, 1000, 20, 3);
    for (results::result_file& run : runs) {
        results::driver_figure_record own;
        own.of.what.name = "program_cpu";
        own.measured.count = 30 * run.total.ok;
        // Before the measure phase there was more.
        own.load.count = 90 * run.total.ok;
        run.driver_figures.push_back(own);
    }
    const auto found = compare::figures_of({{"process", runs}}, {});
    CHECK(std::exp(found[0].cpu->value) == doctest::Approx(50'000).epsilon(0.001));
    CHECK(std::exp(found[0].program_cpu->value) == doctest::Approx(30'000).epsilon(0.001));
}

TEST_CASE("sides_that_did_less_than_they_were_asked_to_are_not_alike") {
    auto honest = driver_runs(2, 1000, 20, 8);
    auto lazy = driver_runs(2, 1000, 20, 9);
    auto liar = driver_runs(2, 1000, 20, 10);
    for (auto* const all : {&honest, &lazy, &liar}) {
        for (results::result_file& run : *all) {
            run.document["run"]["warmup_cut"] = {{"ok", 100}, {"failed", 0}};
            run.document["endpoint"] = {{"requests", run.total.ok + 100}};
        }
    }
    // One leaves some undone, one says that all were done and asked for half.
    for (results::result_file& run : lazy) {
        run.total.failed = 7;
        run.total.unfinished = 4;
        run.total.shed = 1;
        run.document["endpoint"]["requests"] = run.total.ok + 107;
    }
    for (results::result_file& run : liar)
        run.document["endpoint"]["requests"] = (run.total.ok + 100) / 2;
    const auto found =
        compare::figures_of({{"honest", honest}, {"lazy", lazy}, {"liar", liar}}, {});
    CHECK(*found[0].requests == doctest::Approx(1));
    CHECK(*found[0].unasked == 0);
    CHECK(found[0].failed + found[0].undone == 0);
    CHECK(found[1].failed == 14);
    CHECK(found[1].undone == 10);
    CHECK(*found[1].unasked == 0);
    CHECK(*found[2].requests == doctest::Approx(0.5).epsilon(0.001));
    CHECK(*found[2].unasked > liar[0].total.ok / 2);
    const std::string text = drawn(compare::report_of_sides{found, {}}, 80);
    CAPTURE(text);
    CHECK(text.find("honest:") == std::string::npos);
    CHECK(text.find("lazy: 14 operations failed, 10 not done of ") != std::string::npos);
    CHECK(text.find("liar: at least ") != std::string::npos);
    CHECK(text.find("endpoint") != std::string::npos);
}

TEST_CASE("sides_are_shown_again_from_their_document") {
    auto first = driver_runs(4, 1000, 20, 11);
    auto second = driver_runs(4, 700, 35, 12);
    for (results::result_file& run : second)
        run.document["endpoint"] = {{"requests", 2 * run.total.ok}};
    compare::report_of_sides report{compare::figures_of({{"a", first}, {"b", second}}, {}),
                                    {"b-3.json is invalid: held up"}};
    const compare::report_of_sides again = read_again(report);
    for (const int width : {80, 200})
        CHECK(drawn(again, width) == drawn(report, width));
    CHECK(to_json(again)["drivers"][1]["against_first"]["verdict"] ==
          to_json(report)["drivers"][1]["against_first"]["verdict"]);
    CHECK(drawn(again, 80).find("Left out") != std::string::npos);
    results::result_file damaged;
    damaged.path = "drivers.json";
    damaged.document = to_json(report);
    damaged.document["drivers"][0].erase("ok");
    CHECK_THROWS_WITH_AS(compare::read_report_of_sides(damaged),
                         doctest::Contains("drivers.json: no comparison as this version"),
                         config_error);
}

TEST_CASE("sides_without_a_figure_or_with_one_run_claim_nothing") {
    auto one = driver_runs(1, 1000, 20, 4);
    auto dead = driver_runs(2, 1000, 20, 5);
    for (results::result_file& run : dead) {
        run.total.ok = 0;
        run.total.rate_per_s = 0;
        run.document.erase("generator");
        run.document.erase("health");
    }
    const std::vector<side> all = {{"one", one}, {"dead", dead}};
    const auto found = compare::figures_of(all, {});
    CHECK(found[0].rate->freedom == 0);
    CHECK_FALSE(found[1].rate);
    CHECK_FALSE(found[1].cpu);
    CHECK_FALSE(found[1].memory_bytes);
    const std::string text = drawn(all, 200);
    CHECK(text.find("20.0 us") != std::string::npos);
    // No error of a single run.
    CHECK(text.find("0.0%") == std::string::npos);
}

TEST_CASE("sides_fit_the_terminal_and_keep_rate_and_cpu") {
    const auto native = driver_runs(3, 12'345, 12, 6);
    const auto other = driver_runs(3, 9'876, 34, 7);
    const std::vector<side> all = {{"native", native}, {"a_driver_of_a_plug_in", other}};
    for (const int width : {60, 80, 200}) {
        const std::string text = drawn(all, width);
        CAPTURE(text);
        for (const char* word : {"ops/s", "CPU/op", "native", "a_driver_of_a_plug_in"})
            CHECK(text.find(word) != std::string::npos);
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            CHECK(results::columns(text.substr(at, end - at)) <= static_cast<std::size_t>(width));
            at = end + 1;
        }
    }
    const std::string wide = drawn(all, 200);
    CHECK(wide.find("against native") != std::string::npos);
    CHECK(wide.find("40 MiB") != std::string::npos);
}
