// What sweeps and searches say of repeats, of invalid runs, and of rates that were not confirmed.

#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/verdicts.hpp>
#include <string>

#include "scratch.hpp"

using namespace chopsticks;
using results::json;
using results::point_status;
using scratch = results::sample::scratch_directory;

namespace {

results::point_figures figures(double rate, std::int64_t latency_ns, bool valid = true) {
    stats::histogram response(3);
    response.record_n(latency_ns, 100);
    results::point_figures out;
    out.rate_per_s = rate;
    out.bytes_per_s = rate * 10;
    out.ok = 100;
    out.failed = 1;
    out.shed = 2;
    out.backlog_at_end = 3;
    out.mean_ns = static_cast<double>(latency_ns);
    out.p50_ns = out.p99_ns = out.p999_ns = out.max_ns = latency_ns;
    out.response = results::to_json(response);
    out.valid = valid;
    if (!valid) out.reasons = {"Core 0 was kept from running."};
    return out;
}

results::swept_point point(std::size_t index, const char* rate, results::point_status status,
                           const std::optional<results::point_figures>& f = std::nullopt) {
    results::swept_point out;
    out.plan = {index, {rate}, 1};
    out.file = "p.json";
    out.status = status;
    if (status == point_status::done) out.exit_status = 0;
    out.figures = f;
    return out;
}

results::sweep_document sweep_of_three() {
    results::sweep_document doc;
    doc.identity = {{"--seed", "1"}};
    doc.scenario = "swept";
    doc.started = "2026-11-22T15:04:05.123Z";
    doc.repeat = 3;
    doc.axes = {{"rate", {"100", "200"}}};
    doc.points = {point(0, "100", point_status::done, figures(90, 1'000'000)),
                  point(1, "100", point_status::done, figures(100, 3'000'000)),
                  point(2, "100", point_status::done, figures(500, 9'000'000, false)),
                  point(3, "200", point_status::done, figures(198, 2'000'000)),
                  point(4, "200", point_status::failed),
                  point(5, "200", point_status::pending)};
    return doc;
}

/// Wherever lines were broken.
bool has(const std::string& text, const std::string& part) {
    std::string one_line;
    for (const char c : text) {
        const bool space = c == ' ' || c == '\n';
        if (!space || one_line.empty() || one_line.back() != ' ') one_line += space ? ' ' : c;
    }
    return one_line.find(part) != std::string::npos;
}

results::find_max_document searched() {
    results::find_max_document doc;
    doc.scenario = "highest";
    doc.objectives = {"p99(get) < 20ms"};
    doc.result.lower_per_s = 1300;
    doc.result.missed_per_s = 1500;
    doc.result.finish = search::finish::failed;
    return doc;
}

results::search_trial validation(double rate) {
    results::search_trial out;
    out.plan.kind = search::trial_kind::validation;
    out.plan.rate = rate;
    out.figures = figures(rate, 1'000'000);
    return out;
}

std::string render(const results::find_max_document& doc) {
    return results::render_find_max(doc, "f.json", {});
}

}  // namespace

TEST_CASE("aggregate_is_of_the_valid_runs_alone_and_adds_histograms_up") {
    const auto all = results::aggregate_repeats(sweep_of_three());
    REQUIRE(all.size() == 2);
    const results::point_aggregate& first = all[0];
    CHECK(first.values.front() == "100");
    CHECK(first.runs == 3);
    CHECK(first.valid_runs == 2);
    CHECK(first.ok == 200);
    CHECK(first.failed == 2);
    CHECK(first.shed == 4);
    CHECK(first.backlog_at_end == 6);
    REQUIRE(first.rate_per_s);
    CHECK(first.rate_per_s->median == 95);
    CHECK(first.rate_per_s->mean == 95);
    CHECK(first.rate_per_s->stddev.value() == doctest::Approx(7.0711));
    CHECK(first.rate_per_s->min == 90);
    CHECK(first.rate_per_s->max == 100);
    const auto merged = results::read_histogram(first.response);
    REQUIRE(merged.has_value());
    CHECK(merged->count() == 200);
    // Not the mean of the runs' percentiles.
    CHECK(merged->value_at_percentile(50) == doctest::Approx(1'000'000).epsilon(0.001));
    CHECK(merged->value_at_percentile(51) == doctest::Approx(3'000'000).epsilon(0.001));
    // One run has no spread.
    CHECK(all[1].runs == 1);
    CHECK(all[1].rate_per_s->median == 198);
    CHECK_FALSE(all[1].rate_per_s->stddev);
}

TEST_CASE("aggregate_finds_the_repeats_of_a_point_wherever_they_are") {
    // All points are run, then all again.
    results::sweep_document doc = sweep_of_three();
    doc.points = {
        point(0, "100", point_status::done, figures(90, 1'000'000)),
        point(1, "200", point_status::done, figures(198, 2'000'000)),
        point(2, "100", point_status::done, figures(100, 3'000'000)),
        point(3, "200", point_status::done, figures(202, 2'000'000)),
    };
    const auto all = results::aggregate_repeats(doc);
    REQUIRE(all.size() == 2);
    CHECK(all[0].values.front() == "100");
    CHECK(all[0].runs == 2);
    CHECK(all[0].rate_per_s->median == 95);
    CHECK(all[1].runs == 2);
    CHECK(all[1].rate_per_s->stddev.value() == doctest::Approx(2.8284));
}

TEST_CASE("aggregate_counts_what_got_no_answer_among_the_slowest") {
    results::sweep_document doc = sweep_of_three();
    doc.points = {point(0, "100", point_status::done, figures(100, 1'000'000)),
                  point(1, "100", point_status::done, figures(100, 1'000'000))};
    // Ten of a hundred and ten: beyond every histogram, so that nothing bounds the p95.
    for (results::swept_point& p : doc.points)
        p.figures->shed_late = 8;
    const json shed = results::aggregate_repeats(doc)[0].response;
    CHECK(shed["at_least"] ==
          json({"max_ns", "mean_ns", "p95_ns", "p9999_ns", "p999_ns", "p99_ns"}));
    CHECK(has(results::render_sweep(doc, "s.json", {}), ">1.00 ms"));
    // What was a lower bound in one run is one of all.
    for (results::swept_point& p : doc.points) {
        p.figures->shed = 0;
        p.figures->shed_late = 0;
        p.figures->response["at_least"] = json::array();
    }
    CHECK(results::aggregate_repeats(doc)[0].response["at_least"] == json::array());
    doc.points[1].figures->response["at_least"].push_back("p50_ns");
    CHECK(results::aggregate_repeats(doc)[0].response["at_least"] == json({"p50_ns"}));
}

TEST_CASE("aggregate_of_no_valid_run_is_nothing_and_of_no_repeats_neither") {
    results::sweep_document doc = sweep_of_three();
    for (results::swept_point& p : doc.points) {
        if (p.figures) p.figures->valid = false;
    }
    const auto all = results::aggregate_repeats(doc);
    CHECK(all[0].valid_runs == 0);
    CHECK_FALSE(all[0].rate_per_s);
    CHECK(all[0].response.is_null());
    doc.repeat = 1;
    CHECK(results::aggregate_repeats(doc).empty());
    // A run of an earlier version has no histogram: what is left of the others is not the whole.
    results::sweep_document old = sweep_of_three();
    old.points[0].figures->response = nullptr;
    CHECK(results::aggregate_repeats(old)[0].response.is_null());
    CHECK(results::aggregate_repeats(old)[0].rate_per_s->median == 95);
    old.points[0].figures->response = "rubbish";
    CHECK(results::aggregate_repeats(old)[0].response.is_null());
}

TEST_CASE("sweep_that_is_read_back_is_written_the_same_also_of_an_earlier_version") {
    results::sweep_document doc = sweep_of_three();
    doc.points[0].figures->shed_late = 4;
    doc.points[0].figures->unfinished = 5;
    doc.points[0].figures->outage_share = 0.25;
    doc.points[0].figures->at_least = {"max_ns"};
    doc.points[0].figures->slo = {{"p99(get) < 20ms", "ns", 31e6, false},
                                  {"error_rate < 1%", "share", std::nullopt, false}};
    doc.points[0].left_behind = {"an object"};
    doc.points[3].figures->response = nullptr;
    doc.points[4].problem = "no way in";
    doc.points[4].exit_status = 2;
    doc.points[4].cooled_down = false;
    doc.points[5].status = point_status::interrupted;
    const scratch dir;
    const json written = results::to_json(doc);
    std::ofstream(dir / "sweep.json") << written.dump(2);
    const results::sweep_document read = results::read_sweep(dir / "sweep.json");
    CHECK(results::to_json(read).dump() == written.dump());
    CHECK(read.axes == doc.axes);
    CHECK(read.points[4].status == point_status::failed);
}

TEST_CASE("sweep_that_is_none_or_lacks_a_member_is_refused") {
    const scratch dir;
    const auto refused = [&](const json& document) {
        std::ofstream(dir / "sweep.json") << document.dump();
        CHECK_THROWS_AS(results::read_sweep(dir / "sweep.json"), config_error);
    };
    CHECK_THROWS_AS(results::read_sweep(dir / "nothing.json"), config_error);
    const json whole = results::to_json(sweep_of_three());
    refused(json::array());
    for (const char* key : {"kind", "schema_version", "seed", "axes", "points"}) {
        json less = whole;
        less.erase(key);
        refused(less);
    }
    json other = whole;
    other["points"][0]["figures"]["rate_per_s"] = "fast";
    refused(other);
}

TEST_CASE("sweep_comes_to_the_worst_of_its_points") {
    results::sweep_document doc = sweep_of_three();
    CHECK(results::exit_status_of(doc) == results::exit_errors);  // points failed, or were not run
    doc.points.resize(4);
    CHECK(results::exit_status_of(doc) == results::exit_ok);
    doc.points[1].exit_status = results::exit_left_behind;
    CHECK(results::exit_status_of(doc) == results::exit_left_behind);
    doc.points[2].exit_status = results::exit_invalid;
    CHECK(results::exit_status_of(doc) == results::exit_invalid);
    // Of a point, not of the sweep.
    doc.points[3].exit_status = results::exit_usage;
    CHECK(results::exit_status_of(doc) == results::exit_errors);
    doc.interrupted = true;
    CHECK(results::exit_status_of(doc) == results::exit_interrupted);
}

TEST_CASE("search_comes_to_what_it_found") {
    results::find_max_document doc = searched();
    CHECK(results::exit_status_of(doc) == results::exit_errors);
    doc.result.finish = search::finish::found;
    CHECK(results::exit_status_of(doc) == results::exit_ok);
    doc.trials = {validation(1300)};
    doc.trials[0].left_behind = true;
    CHECK(results::exit_status_of(doc) == results::exit_left_behind);
    doc.result.finish = search::finish::none;
    CHECK(results::exit_status_of(doc) == results::exit_errors);
    doc.result.generator_per_s = 1600;
    CHECK(results::exit_status_of(doc) == results::exit_invalid);
    // The upper bound stays the target's as long as that is the lower of the two.
    CHECK_FALSE(results::to_json(doc)["result"]["upper_is_generator"].get<bool>());
    CHECK(results::to_json(doc)["result"]["upper_per_s"] == 1500);
    doc.result.generator_per_s = 1400;
    CHECK(results::to_json(doc)["result"]["upper_is_generator"].get<bool>());
    CHECK(results::to_json(doc)["result"]["upper_per_s"] == 1400);
    doc.interrupted = true;
    CHECK(results::exit_status_of(doc) == results::exit_interrupted);
}

TEST_CASE("sweep_table_has_the_aggregates_and_the_reasons_of_invalid_runs") {
    const std::string text = results::render_sweep(sweep_of_three(), "sweep.json", {});
    CHECK(has(text, "95.00 +-7.4%"));
    CHECK(has(text, "2 of 3"));
    CHECK(has(text, "Point 3"));
    CHECK(has(text, "Core 0 was kept from running."));
    CHECK_FALSE(has(results::render_sweep({}, "", {}), "Medians"));
}

TEST_CASE("find_max_rate_that_was_not_confirmed_is_not_called_at_least") {
    results::find_max_document doc = searched();
    CHECK_FALSE(has(render(doc), "at least"));
    CHECK(has(render(doc), "1300.0/s met them in short trials"));
    CHECK(has(render(doc), "not confirmed by a longer run"));
    results::search_trial failed = validation(1300);
    failed.problem = "connection refused";
    doc.trials = {validation(1100), failed};
    CHECK(has(render(doc), "confirm it failed: connection refused"));
    results::search_trial missed = validation(1300);
    missed.figures->slo = {{"p99(get) < 20ms", "ns", 31e6, false}};
    doc.trials = {missed};
    CHECK(has(render(doc), "missed p99(get) < 20ms: 31.0 ms"));
    results::search_trial limited = validation(1300);
    limited.figures = figures(1300, 1'000'000, false);
    limited.generator_limited = true;
    doc.trials = {limited};
    CHECK(has(render(doc), "Core 0 was kept from running."));
    doc.result.validated = true;
    CHECK(has(render(doc), "at least 1300.0/s (confirmed by a longer run)"));
}

TEST_CASE("find_max_trial_of_a_limited_generator_says_why") {
    results::search_trial t = validation(1300);
    t.plan.kind = search::trial_kind::search;
    t.figures = figures(1300, 1'000'000, false);
    t.generator_limited = true;
    CHECK(has(results::format_trial(t), "generator was the limit"));
    CHECK(has(results::format_trial(t), "Core 0 was kept from running."));
}
