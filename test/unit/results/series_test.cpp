// What sweeps and searches say of repeats, of invalid runs, and of rates that were not confirmed.

#include <doctest/doctest.h>

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/series.hpp>
#include <string>

using namespace chopsticks;
using results::json;

namespace {

json figures(double rate, std::int64_t latency_ns, bool valid = true) {
    stats::histogram response(3);
    response.record_n(latency_ns, 100);
    json out;
    out["rate_per_s"] = rate;
    out["bytes_per_s"] = rate * 10;
    out["ok"] = 100;
    out["failed"] = 1;
    out["shed"] = 2;
    out["backlog_at_end"] = 3;
    for (const char* key : {"mean_ns", "p50_ns", "p99_ns", "p999_ns", "max_ns"})
        out[key] = latency_ns;
    out["response"] = results::to_json(response);
    out["valid"] = valid;
    out["reasons"] = json::array();
    if (!valid) out["reasons"].push_back("Core 0 was kept from running.");
    out["slo"] = json::array();
    return out;
}

json point(std::size_t index, const char* rate, const char* status, const json& f) {
    json out;
    out["index"] = index;
    out["settings"]["rate"] = rate;
    out["status"] = status;
    out["figures"] = f;
    return out;
}

json sweep_of_three() {
    json doc;
    doc["scenario"] = "swept";
    doc["repeat"] = 3;
    doc["axes"] = {{{"name", "rate"}, {"values", {"100", "200"}}}};
    doc["points"] = {point(0, "100", "done", figures(90, 1'000'000)),
                     point(1, "100", "done", figures(100, 3'000'000)),
                     point(2, "100", "done", figures(500, 9'000'000, false)),
                     point(3, "200", "done", figures(198, 2'000'000)),
                     point(4, "200", "failed", nullptr),
                     point(5, "200", "pending", nullptr)};
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

json search() {
    json doc;
    doc["scenario"] = "highest";
    doc["objectives"] = {"p99(get) < 20ms"};
    doc["rates"] = json::array();
    doc["trials"] = json::array();
    doc["interrupted"] = false;
    doc["result"] = {{"lower_per_s", 1300.0}, {"upper_per_s", 1500.0}, {"width", 0.154},
                     {"validated", false},    {"finish", "failed"},    {"settled", true}};
    return doc;
}

json validation(double rate) {
    json out;
    out["kind"] = "validation";
    out["rate_per_s"] = rate;
    out["problem"] = nullptr;
    out["figures"] = figures(rate, 1'000'000);
    return out;
}

std::string render(const json& doc) {
    return results::render_find_max(doc, "f.json", {});
}

}  // namespace

TEST_CASE("aggregate_is_of_the_valid_runs_alone_and_adds_histograms_up") {
    const json all = results::aggregate_repeats(sweep_of_three());
    REQUIRE(all.size() == 2);
    const json& first = all[0];
    CHECK(first["settings"]["rate"] == "100");
    CHECK(first["runs"] == 3);
    CHECK(first["valid_runs"] == 2);
    CHECK(first["ok"] == 200);
    CHECK(first["failed"] == 2);
    CHECK(first["shed"] == 4);
    CHECK(first["backlog_at_end"] == 6);
    CHECK(first["rate_per_s"]["median"] == 95);
    CHECK(first["rate_per_s"]["mean"] == 95);
    CHECK(first["rate_per_s"]["stddev"].get<double>() == doctest::Approx(7.0711));
    CHECK(first["rate_per_s"]["min"] == 90);
    CHECK(first["rate_per_s"]["max"] == 100);
    const auto merged = results::read_histogram(first["response"]);
    REQUIRE(merged.has_value());
    CHECK(merged->count() == 200);
    // Not the mean of the runs' percentiles.
    CHECK(merged->value_at_percentile(50) == doctest::Approx(1'000'000).epsilon(0.001));
    CHECK(merged->value_at_percentile(51) == doctest::Approx(3'000'000).epsilon(0.001));
    // One run has no spread.
    CHECK(all[1]["runs"] == 1);
    CHECK(all[1]["rate_per_s"]["median"] == 198);
    CHECK(all[1]["rate_per_s"]["stddev"].is_null());
}

TEST_CASE("aggregate_finds_the_repeats_of_a_point_wherever_they_are") {
    // All points are run, then all again.
    json doc = sweep_of_three();
    doc["points"] = {
        point(0, "100", "done", figures(90, 1'000'000)),
        point(1, "200", "done", figures(198, 2'000'000)),
        point(2, "100", "done", figures(100, 3'000'000)),
        point(3, "200", "done", figures(202, 2'000'000)),
    };
    const json all = results::aggregate_repeats(doc);
    REQUIRE(all.size() == 2);
    CHECK(all[0]["settings"]["rate"] == "100");
    CHECK(all[0]["runs"] == 2);
    CHECK(all[0]["rate_per_s"]["median"] == 95);
    CHECK(all[1]["runs"] == 2);
    CHECK(all[1]["rate_per_s"]["stddev"].get<double>() == doctest::Approx(2.8284));
}

TEST_CASE("aggregate_counts_what_got_no_answer_among_the_slowest") {
    json doc = sweep_of_three();
    doc["points"] = {point(0, "100", "done", figures(100, 1'000'000)),
                     point(1, "100", "done", figures(100, 1'000'000))};
    // Ten of a hundred and ten: beyond every histogram, so that nothing bounds the p95.
    for (json& p : doc["points"])
        p["figures"]["shed_late"] = 8;
    const json shed = results::aggregate_repeats(doc)[0]["response"];
    CHECK(shed["at_least"] ==
          json({"max_ns", "mean_ns", "p95_ns", "p9999_ns", "p999_ns", "p99_ns"}));
    doc["aggregates"] = results::aggregate_repeats(doc);
    CHECK(has(results::render_sweep(doc, "s.json", {}), ">1.00 ms"));
    // What was a lower bound in one run is one of all.
    for (json& p : doc["points"]) {
        p["figures"]["shed"] = p["figures"]["shed_late"] = 0;
        p["figures"]["response"]["at_least"] = json::array();
    }
    CHECK(results::aggregate_repeats(doc)[0]["response"]["at_least"] == json::array());
    doc["points"][1]["figures"]["response"]["at_least"].push_back("p50_ns");
    CHECK(results::aggregate_repeats(doc)[0]["response"]["at_least"] == json({"p50_ns"}));
}

TEST_CASE("aggregate_of_no_valid_run_is_nothing_and_of_no_repeats_neither") {
    json doc = sweep_of_three();
    for (json& p : doc["points"]) {
        if (p["figures"].is_object()) p["figures"]["valid"] = false;
    }
    const json all = results::aggregate_repeats(doc);
    CHECK(all[0]["valid_runs"] == 0);
    CHECK(all[0]["rate_per_s"].is_null());
    CHECK(all[0]["response"].is_null());
    doc["repeat"] = 1;
    CHECK(results::aggregate_repeats(doc).empty());
    // A run of an earlier version has no histogram: what is left of the others is not the whole.
    json old = sweep_of_three();
    old["points"][0]["figures"].erase("response");
    CHECK(results::aggregate_repeats(old)[0]["response"].is_null());
    CHECK(results::aggregate_repeats(old)[0]["rate_per_s"]["median"] == 95);
    old["points"][0]["figures"]["response"] = "rubbish";
    CHECK(results::aggregate_repeats(old)[0]["response"].is_null());
}

TEST_CASE("sweep_table_has_the_aggregates_and_the_reasons_of_invalid_runs") {
    json doc = sweep_of_three();
    doc["aggregates"] = results::aggregate_repeats(doc);
    const std::string text = results::render_sweep(doc, "sweep.json", {});
    CHECK(has(text, "95.00 +-7.4%"));
    CHECK(has(text, "2 of 3"));
    CHECK(has(text, "Point 3"));
    CHECK(has(text, "Core 0 was kept from running."));
    CHECK_FALSE(has(results::render_sweep(json::object(), "", {}), "Medians"));
}

TEST_CASE("find_max_rate_that_was_not_confirmed_is_not_called_at_least") {
    json doc = search();
    CHECK_FALSE(has(render(doc), "at least"));
    CHECK(has(render(doc), "1300.0/s met them in short trials"));
    CHECK(has(render(doc), "not confirmed by a longer run"));
    json failed = validation(1300);
    failed["problem"] = "connection refused";
    doc["trials"] = {validation(1100), failed};
    CHECK(has(render(doc), "confirm it failed: connection refused"));
    json missed = validation(1300);
    missed["figures"]["slo"] = {
        {{"text", "p99(get) < 20ms"}, {"unit", "ns"}, {"value", 31e6}, {"met", false}}};
    doc["trials"] = json::array({missed});
    CHECK(has(render(doc), "missed p99(get) < 20ms: 31.0 ms"));
    json limited = validation(1300);
    limited["figures"] = figures(1300, 1'000'000, false);
    limited["generator_limited"] = true;
    doc["trials"] = json::array({limited});
    CHECK(has(render(doc), "Core 0 was kept from running."));
    doc["result"]["validated"] = true;
    CHECK(has(render(doc), "at least 1300.0/s (confirmed by a longer run)"));
}

TEST_CASE("find_max_trial_of_a_limited_generator_says_why") {
    json t = validation(1300);
    t["kind"] = "search";
    t["figures"] = figures(1300, 1'000'000, false);
    t["generator_limited"] = true;
    CHECK(has(results::format_trial(t), "generator was the limit"));
    CHECK(has(results::format_trial(t), "Core 0 was kept from running."));
}
