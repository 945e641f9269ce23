#include <doctest/doctest.h>

#include <chopsticks/report/cluster_sample.hpp>
#include <chopsticks/report/html.hpp>
#include <chopsticks/report/over_time.hpp>
#include <cmath>

#include "../../../src/report/cluster.hpp"
#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::report;
using results::json;

namespace {

json sample_at(double t_s, const char* health, int pgs_bad, int up) {
    json out = {{"t_s", t_s},
                {"health", health},
                {"checks", json::object()},
                {"osds", {{"known", 3}, {"up", up}, {"in", 3}}},
                {"pgs", {{"active+clean", 32 - pgs_bad}, {"active+clean+scrubbing", 0}}},
                {"osd_commit", {{"mean_ms", 1.0}, {"max_ms", 4.0}, {"max_osd", 2}}},
                {"osd_apply", nullptr},
                {"osd_cpus", {{"10", 0.5}, {"2", 1.5}}}};
    if (pgs_bad > 0) out["pgs"]["active+undersized+degraded"] = pgs_bad;
    if (pgs_bad > 0) out["checks"]["OSD_DOWN"] = "1 osds down";
    return out;
}

json document_of(json samples, json silences = json::array()) {
    json out;
    out["cluster"] = {{"problem", nullptr},       {"samples", std::move(samples)},
                      {"sample_every_s", 1.0},    {"silences", std::move(silences)},
                      {"changes", json::array()}, {"after", json::object()}};
    out["environment"]["ceph"] = {{"fsid", "f"},
                                  {"health_before", "HEALTH_OK"},
                                  {"health_after", "HEALTH_OK"},
                                  {"osds", {{"known", 3}, {"up", 3}, {"in", 3}}}};
    return out;
}

time_charts axis_of(std::size_t seconds) {
    time_charts out;
    for (std::size_t i = 0; i < seconds; ++i)
        out.t_s.push_back(static_cast<double>(i) + 0.5);
    return out;
}

std::vector<double> values_of(const time_charts& charts, const std::string& id,
                              const std::string& name) {
    for (const time_chart& chart : charts.charts) {
        if (chart.id != id) continue;
        for (const line& one : chart.lines) {
            if (one.name == name) return one.values;
        }
    }
    return {};
}

const table* table_of(const section& of, const std::string& caption) {
    for (const block& one : of.blocks) {
        const auto* found = std::get_if<table>(&one);
        if (found != nullptr && found->caption == caption) return found;
    }
    return nullptr;
}

}  // namespace

TEST_CASE("samples_of_a_cluster_are_on_the_points_of_the_load") {
    time_charts charts = axis_of(4);
    add_cluster_charts(
        charts, document_of({sample_at(0.1, "HEALTH_OK", 0, 3), sample_at(1.1, "HEALTH_WARN", 8, 2),
                             sample_at(1.9, "HEALTH_WARN", 4, 2),
                             // None falls in the third second: the one before holds.
                             sample_at(3.1, "HEALTH_OK", 0, 3)}));
    CHECK(values_of(charts, "cluster-osds", "down") == std::vector<double>{0, 1, 1, 0});
    CHECK(values_of(charts, "cluster-pgs", "not active+clean") == std::vector<double>{0, 8, 4, 0});
    CHECK(values_of(charts, "cluster-pgs", "degraded").size() == 4);
    // What never was has no line, and what nothing is known of no chart.
    CHECK(values_of(charts, "cluster-pgs", "backfill").empty());
    CHECK(values_of(charts, "cluster-pgs", "scrub").empty());
    CHECK(values_of(charts, "cluster-osd-latency", "commit, slowest")[0] == 4);
    CHECK(values_of(charts, "cluster-osd-latency", "apply, slowest").empty());
    for (const time_chart& chart : charts.charts) {
        CHECK(chart.id != "cluster-clients");
        CHECK(chart.of_cluster);
        // By number, not by letter.
        if (chart.id == "cluster-osd-cpus") CHECK(chart.lines.front().name == "osd.2");
    }
}

TEST_CASE("silence_of_a_cluster_is_a_gap_and_a_band") {
    time_charts charts = axis_of(6);
    const json silences =
        json::array({{{"start_s", 1.2}, {"end_s", 4.1}, {"problem", "no answer in time"}},
                     {{"start_s", 5.0}, {"end_s", nullptr}, {"problem", "no answer yet"}}});
    add_cluster_charts(
        charts, document_of({sample_at(0.5, "HEALTH_OK", 0, 3), sample_at(4.1, "HEALTH_ERR", 0, 3)},
                            silences));
    const std::vector<double> down = values_of(charts, "cluster-osds", "down");
    REQUIRE(down.size() == 6);
    CHECK(down[0] == 0);
    for (const std::size_t silent : {1, 2, 3, 5})
        CHECK(std::isnan(down[silent]));
    CHECK(down[4] == 0);
    REQUIRE(charts.bands.size() == 4);
    CHECK(charts.bands[0].name == "HEALTH_OK");
    CHECK(charts.bands[0].to_s == 1.2);
    CHECK(charts.bands[1].silence);
    CHECK(charts.bands[2].as == tone::bad);
    CHECK(charts.bands[2].to_s == 5);
    CHECK(charts.bands[3].to_s == 5.5);
}

TEST_CASE("no_sample_is_no_line_however_long_ago_the_last_one_was") {
    time_charts charts = axis_of(5);
    // Braces alone are a list of one to one compiler, and its member to another.
    add_cluster_charts(charts, document_of(json::array({sample_at(0.5, "HEALTH_OK", 0, 3)})));
    const std::vector<double> down = values_of(charts, "cluster-osds", "down");
    REQUIRE(down.size() == 5);
    CHECK(down[1] == 0);
    CHECK(std::isnan(down[2]));
    CHECK(std::isnan(down[4]));
}

TEST_CASE("page_says_first_how_the_cluster_was_and_what_was_found") {
    json document =
        document_of({sample_at(0.5, "HEALTH_OK", 0, 3), sample_at(1.5, "HEALTH_WARN", 8, 2),
                     sample_at(2.5, "HEALTH_WARN", 4, 2), sample_at(3.5, "HEALTH_OK", 0, 3)});
    document["run"] = {
        {"started_ns", 1'795'867'200'000'000'000},
        {"phases",
         {{{"name", "prepare"}, {"started_s", 0.0}}, {{"name", "measure"}, {"started_s", 10.0}}}}};
    time_charts charts = axis_of(5);
    add_cluster_charts(charts, document);
    charts.marks = {{1, 3.0, "ceph", "osd.1 was down"},
                    {1, std::nullopt, "finding", "gets fell when osd.1 went down"}};
    const std::vector<verdict> said = cluster_verdicts(document, charts);
    REQUIRE(said.size() == 2);
    CHECK(said[0].as == tone::warn);
    CHECK(said[0].text ==
          "HEALTH_OK before the run, HEALTH_OK after it; 1 OSD was down from 0:01.5 (12:00:11 UTC) "
          "to 0:03.5 (12:00:13 UTC); not HEALTH_OK from 0:01.5 to 0:03.5 (OSD_DOWN), and "
          "HEALTH_OK again from 0:03.5 on. Times count from when the load began, at 12:00:10 UTC");
    CHECK(said[1].text == "0:01 (mark 2): gets fell when osd.1 went down");
    const section shown = cluster_section(document, charts);
    const table* health = table_of(shown, "Health over time");
    REQUIRE(health != nullptr);
    REQUIRE(health->rows.size() == 3);
    CHECK(health->rows[1][3].text == "OSD_DOWN (1 osds down)");
}

TEST_CASE("sample_that_tells_nothing_is_no_zero") {
    const cluster_figures told = figures_of_sample(sample_at(1, "HEALTH_WARN", 8, 2));
    CHECK(told.osds_down == 1);
    CHECK(told.pgs_not_clean == 8);
    CHECK(told.commit_ms == 4);
    CHECK(std::isnan(told.apply_ms));
    CHECK(told.osd_cpus == 2);
    CHECK(told.complaints == "OSD_DOWN (1 osds down)");
    for (const json& one : {json(), json::array({1}), json({{"health", 7}, {"osd_cpus", "x"}})}) {
        const cluster_figures none = figures_of_sample(one);
        CHECK(none.health.empty());
        for (const double value : {none.osds_down, none.osds_out, none.pgs_not_clean,
                                   none.recovery_bytes_per_s, none.commit_ms, none.osd_cpus})
            CHECK(std::isnan(value));
    }
}

TEST_CASE("row_of_a_run_has_the_worst_of_its_load") {
    table rows = cluster_runs_table();
    json document =
        document_of({sample_at(0.5, "HEALTH_OK", 0, 3), sample_at(1.5, "HEALTH_ERR", 8, 1),
                     sample_at(2.5, "HEALTH_WARN", 4, 2)});
    add_cluster_row(rows, "a.json", document);
    document.erase("cluster");
    add_cluster_row(rows, "b.json", document);
    REQUIRE(rows.rows.size() == 1);
    REQUIRE(rows.rows[0].size() == rows.header.size());
    CHECK(rows.rows[0][3].text == "HEALTH_ERR");
    CHECK(rows.rows[0][3].as == tone::bad);
    CHECK(rows.rows[0][5].value == 2);
    CHECK(rows.rows[0][6].value == 4);
    CHECK(rows.rows[0][8].value == 2);
}

TEST_CASE("buckets_are_told_as_they_were_before_and_after") {
    json document = document_of(json::array());
    const json full = {
        {"exists", true}, {"owner", "u"}, {"objects", 57}, {"bytes", 4096}, {"uploads", 0}};
    document["cluster"]["buckets"] = {
        {{"name", "b"}, {"before", {{"exists", false}, {"objects", 0}}}, {"after", full}},
        {{"name", "c"}, {"before", full}, {"after", nullptr}}};
    document["cluster"]["bucket_account"] = {{"agrees", false}, {"left", "50 objects"}};
    const section shown = cluster_section(document, {});
    const table* const buckets =
        table_of(shown, "Buckets of the load, before and after the run, as RGW counts them");
    REQUIRE(buckets != nullptr);
    CHECK(buckets->rows[0][1].text == "u");
    CHECK(buckets->rows[0][2].text == "no bucket -> 57");
    CHECK(buckets->rows[1][2].text == "57 -> not known");
    CHECK(bucket_account_text(document["cluster"]) ==
          "RGW's counts do not agree with what the run says that it left there (50 objects): see "
          "the finding.");
}

TEST_CASE("cluster_that_did_not_become_well_is_not_called_well") {
    const json document =
        document_of({sample_at(0.5, "HEALTH_OK", 0, 3), sample_at(1.5, "HEALTH_ERR", 8, 2)});
    time_charts charts = axis_of(5);
    add_cluster_charts(charts, document);
    const std::vector<verdict> said = cluster_verdicts(document, charts);
    REQUIRE(said.size() == 1);
    CHECK(said[0].as == tone::bad);
    CHECK(contains(said[0].text, "the last time it was asked"));
    CHECK(contains(said[0].text,
                   "1 OSD was down from 0:01.5 on, and still when the cluster was asked last, at "
                   "0:01.5"));
    CHECK(!contains(said[0].text, "again"));
}

TEST_CASE("page_of_a_run_without_a_cluster_has_no_word_of_one") {
    time_charts charts = axis_of(2);
    const json document = {{"cluster", nullptr}};
    add_cluster_charts(charts, document);
    CHECK(charts.charts.empty());
    CHECK(charts.bands.empty());
    CHECK(cluster_verdicts(document, charts).empty());
    CHECK(cluster_section(document, charts).blocks.empty());
}

TEST_CASE("several_runs_have_a_row_for_each_cluster_that_was_watched") {
    json ill = document_of(json::array());
    ill["environment"]["ceph"]["version"] = "16.2.15";
    ill["environment"]["ceph"]["health_after"] = "HEALTH_WARN";
    ill["events"] = {{{"start_s", 1.0}, {"source", "ceph"}, {"text", "osd.1 went down"}},
                     {{"start_s", 1.0}, {"source", "finding"}, {"text", "gets fell"}},
                     {{"start_s", 9.0}, {"source", "finding"}, {"text", "puts fell"}}};
    json unasked = document_of(json::array());
    unasked["cluster"]["problem"] = "no monitor answers";
    unasked["environment"]["ceph"] = nullptr;
    table all = cluster_runs_table();
    add_cluster_row(all, "a.json", ill);
    add_cluster_row(all, "b.json", {{"cluster", nullptr}});
    add_cluster_row(all, "c.json", unasked);
    REQUIRE(all.rows.size() == 2);
    CHECK(all.rows[0].size() == all.header.size());
    CHECK(all.rows[0][1].text == "16.2.15");
    CHECK(all.rows[0][2].as == tone::plain);
    CHECK(all.rows[0][3].text == "not known");
    CHECK(all.rows[0][4].as == tone::warn);
    CHECK(all.rows[0][4].text == "HEALTH_WARN");
    CHECK(all.rows[0][9].text == "2");
    CHECK(all.rows[0][10].text == "gets fell");
    CHECK(all.rows[1][0].text == "c.json");
    CHECK(all.rows[1][2].text == "not known");
    CHECK(all.rows[1][10].text == "could not be asked: no monitor answers");
}

TEST_CASE("cluster_member_of_wrong_types_is_no_exception") {
    for (const char* const text :
         {R"({"cluster":[]})", R"({"cluster":{"samples":{"t_s":1},"silences":3}})",
          R"({"cluster":{"samples":[null,1,{"t_s":"x"},{"t_s":0.5,"health":5,"pgs":[1],)"
          R"("osd_cpus":[1],"osds":7,"checks":[2]}],"silences":[4,{"start_s":"a"}],)"
          R"("changes":{"a":1},"before":2,"after":[],"questions":{"refused":[1]},)"
          R"("client_counters":{"counters":[1]}},"environment":{"ceph":{"pools":[3],)"
          R"("osds":[1],"fsid":{}}},"groups":{"a":{"images":[1,{"features":{"b":1}}]}}})"}) {
        CAPTURE(text);
        const json document = json::parse(text);
        time_charts charts = axis_of(3);
        add_cluster_charts(charts, document);
        cluster_verdicts(document, charts);
        cluster_section(document, charts);
        table all = cluster_runs_table();
        add_cluster_row(all, "a.json", document);
        CHECK(charts.charts.empty());
    }
}

TEST_CASE("numbers_of_marks_at_one_instant_are_one_label") {
    page shown;
    shown.over_time = axis_of(100);
    shown.over_time.charts.push_back({.id = "a", .title = "a", .lines = {{"l", {}}}});
    shown.over_time.charts[0].lines[0].values.assign(100, 1.0);
    shown.over_time.marks = {{10, {}, "ceph", "x"},
                             {10, {}, "ceph", "y"},
                             {10.2, {}, "ceph", "z"},
                             {80, {}, "ceph", "w"}};
    section of{.id = "s", .title = "s"};
    of.blocks.emplace_back(time_chart_place{0});
    shown.sections.push_back(std::move(of));
    const std::string out = to_html(shown);
    CHECK(contains(out, ">1-3</text>"));
    CHECK(contains(out, ">4</text>"));
    CHECK(!contains(out, ">2</text>"));
}
