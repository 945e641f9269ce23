// What is printed of a comparison.

#include <doctest/doctest.h>

#include <chopsticks/compare/report.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/text.hpp>

#include "runs.hpp"

using namespace chopsticks;
using namespace compare::simulated;
using compare::compare_runs;
using compare::report_format;

namespace {

compare::report_of_runs slower(std::size_t n, double factor, const char* gate = nullptr) {
    random_stream random(91);
    const auto base = make_side(random, n, {}, 0.01);
    const auto now = make_side(random, n, {.level = std::log(factor), .started_s = 100}, 0.01);
    compare::options how;
    if (gate != nullptr) how.gates.push_back(compare::parse_gate(gate));
    compare::report_of_runs out;
    out.found = compare_runs(base, now, how);
    return out;
}

std::string text_of(const compare::report_of_runs& report, int width = 80, bool color = false) {
    results::terminal_options terminal;
    terminal.width = width;
    terminal.color = color;
    return render(report, report_format::table, terminal);
}

/// Wherever lines were broken.
bool contains(const std::string& text, const std::string& words) {
    std::string flat = text;
    for (char& c : flat)
        c = c == '\n' ? ' ' : c;
    return flat.find(words) != std::string::npos;
}

void check_width(const std::string& text, std::size_t width) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        CAPTURE(text.substr(at, end - at));
        CHECK(results::columns(text.substr(at, end - at)) < width);
        at = end + 1;
    }
}

}  // namespace

TEST_CASE("report_begins_with_one_sentence") {
    CHECK(text_of(slower(6, 1.3)).starts_with("The new side regressed in "));
    CHECK(text_of(slower(6, 0.7)).starts_with("The new side improved in "));
    CHECK(text_of(slower(1, 1.3)).starts_with("One run on a side: "));
    CHECK(contains(text_of(slower(1, 1.3)), "is not known, so nothing is shown"));
    const std::string failed = text_of(slower(6, 1.3, "p99(get) +5%"));
    CHECK(failed.starts_with("Regressed: 1 of 1 gate, p99 of s3/get +"));
    CHECK(contains(failed, "p99(get) +5% s3/get: regressed"));
    CHECK(text_of(slower(6, 1.0, "p99(get) +15%")).starts_with("Passed: the gate"));
    CHECK(text_of(slower(1, 1.0, "p99(get) +5%")).starts_with("Inconclusive: 1 of 1 gate"));
}

TEST_CASE("report_fits_the_terminal_and_has_colour_only_there") {
    auto report = slower(6, 1.3, "p99(get) +5%");
    report.differences.push_back({"environment.kernel", std::string(200, 'x'), "Linux"});
    report.forced.push_back(
        "a.json was interrupted, and what comes after it is longer than a line "
        "of eighty columns can hold");
    check_width(text_of(report), 80);
    check_width(text_of(report, 60), 60);
    CHECK_FALSE(contains(text_of(report), "\x1b"));
    CHECK(contains(text_of(report, 80, true), "\x1b[31m"));
    CHECK(contains(text_of(report), "environment.kernel"));
    CHECK(contains(text_of(report), "FORCED      a.json was interrupted"));
    // At 80 columns the interval is there.
    CHECK(contains(text_of(report), "95% interval"));
    CHECK(contains(text_of(report), "fewer than 10 operations beyond it"));
}

TEST_CASE("report_in_markdown_is_a_table") {
    auto report = slower(6, 1.3, "p99(get) +5%");
    report.differences.push_back({"run.notes", "a|b", "none"});
    const std::string text = render(report, report_format::markdown, {});
    CHECK(contains(text,
                   "| operation | figure | base | new | change | 95% interval | p | verdict |"));
    CHECK(contains(text, "| run.notes | a\\|b | none |"));
    CHECK(contains(text, "**regressed**"));
    CHECK(contains(text, "| p99(get) +5% | s3/get | regressed |"));
}

TEST_CASE("report_as_json_has_it_all") {
    const auto report = slower(6, 1.3, "p99(get) +5%");
    const results::json j = to_json(report);
    CHECK(j["kind"] == "chopsticks-comparison");
    CHECK(j["result"] == "regressed");
    CHECK(j["gates"][0]["operation"] == "s3/get");
    CHECK(j["rows"].size() == report.found.rows.size());
    CHECK(j["rows"][0]["operation"] == "s3/get");
    CHECK(j["rows"][0]["base_runs"].size() == 6);
    CHECK(to_json(slower(1, 1.0))["result"].is_null());
    // What is not known is null, never a number.
    auto unknown = slower(6, 1.3);
    unknown.found.rows[0].change = {};
    CHECK(to_json(unknown)["rows"][0]["low"].is_null());
}

TEST_CASE("report_of_sweeps_says_where_the_curves_part") {
    random_stream random(92);
    compare::options how;
    how.only = compare::figures_of_curves();
    how.total_only = true;
    compare::report_of_sweeps report;
    for (int rate = 1000; rate <= 4000; rate += 1000) {
        const double factor = rate >= 3000 ? 1.4 : 1.0;
        const auto base = make_side(random, 5, {}, 0.01);
        const auto now = make_side(random, 5, {.level = std::log(factor), .started_s = 100}, 0.01);
        report.found.points.push_back(
            {"rate=" + std::to_string(rate), compare_runs(base, now, how)});
    }
    CHECK(report.found.part() == 2);
    CHECK(sentence(report.found).starts_with("The curves part at rate=3000: p"));
    CHECK(to_json(report)["parts_at"] == "rate=3000");
    check_width(render(report, report_format::table, {}), 80);
    CHECK(contains(render(report, report_format::markdown, {}), "| rate=3000 | p99 |"));
    report.found.points.resize(2);
    CHECK_FALSE(report.found.part());
    CHECK(sentence(report.found).starts_with("The curves do not part at any of 2 points"));
}

TEST_CASE("gates_are_held_at_every_point_of_a_sweep") {
    random_stream random(93);
    compare::options how;
    how.only = compare::figures_of_curves();
    how.total_only = true;
    how.gates = {compare::parse_gate("p50(get) +15%"), compare::parse_gate("throughput -50%")};
    compare::report_of_sweeps report;
    const auto add = [&](int rate, double factor) {
        const auto base = make_side(random, 5, {}, 0.01);
        const auto now = make_side(random, 5, {.level = std::log(factor), .started_s = 100}, 0.01);
        report.found.points.push_back(
            {"rate=" + std::to_string(rate), compare_runs(base, now, how)});
    };
    add(1000, 1.0);
    add(2000, 1.0);
    report.found.adjust();
    CHECK(report.found.result() == compare::gate_result::passed);
    CHECK(sentence(report.found) == "Passed: all 4 gates, nothing is worse than allowed.");

    // A point that the new side could not do is no pass.
    report.found.of_one.of_base = {"rate=9000"};
    CHECK(report.found.result() == compare::gate_result::undecided);
    CHECK(contains(sentence(report.found), "where the new side has no run: rate=9000."));
    CHECK(to_json(report)["result"] == "inconclusive");
    CHECK(contains(render(report, report_format::markdown, {}), "| rate=9000 |  | no run of"));

    // One that only the new side did is nothing to be worse than.
    report.found.of_one = {{}, {"rate=9000"}};
    CHECK(report.found.result() == compare::gate_result::passed);

    add(3000, 1.4);
    report.found.adjust();
    CHECK(report.found.result() == compare::gate_result::regressed);
    CHECK(
        sentence(report.found).starts_with("Regressed: 1 of 6 gates, at rate=3000 p50 of s3/get"));
    const auto j = to_json(report);
    CHECK(j["points"][2]["gates"][0]["result"] == "regressed");
    CHECK(j["points"][2]["gates"][1]["operation"] == "");
    const std::string text = render(report, report_format::table, {});
    CHECK(contains(text, "p50(get) +15% at rate=3000, s3/get: regressed"));
    check_width(text, 80);
}

TEST_CASE("gates_of_many_points_are_adjusted_together") {
    // Just shown of one point; of forty it would be chance.
    compare::comparison shown;
    shown.rows.resize(1);
    shown.rows[0].said = compare::verdict::regressed;
    shown.gates.push_back({.asked = {}, .row = 0, .result = compare::gate_result::regressed});
    shown.gates[0].p_alone = 0.02;
    compare::comparison* alone[] = {&shown};
    adjust_gates(alone);
    CHECK(shown.gates[0].p == doctest::Approx(0.02));
    CHECK(result_of(shown.gates) == compare::gate_result::regressed);

    compare::curves many;
    for (int i = 0; i < 40; ++i) {
        compare::comparison point = shown;
        if (i > 0) {
            point.rows[0].said = compare::verdict::equivalent;
            point.gates[0].result = compare::gate_result::passed;
            point.gates[0].p_alone = 0.9;
        }
        many.points.push_back({std::to_string(i), point});
    }
    many.adjust();
    CHECK(many.points[0].found.gates[0].p == doctest::Approx(0.8));
    CHECK(many.points[0].found.rows[0].said == compare::verdict::inconclusive);
    CHECK(many.result() == compare::gate_result::undecided);
}

TEST_CASE("sweep_points_are_those_of_both") {
    const auto sweep = [](const std::string& path, std::initializer_list<const char*> rates,
                          const char* file = "r.json") {
        results::result_file out;
        out.path = path;
        out.kind = results::document_kind::sweep;
        out.document["points"] = results::json::array();
        for (const char* const rate : rates) {
            for (int repeat = 1; repeat <= 2; ++repeat) {
                out.document["points"].push_back(
                    {{"settings", {{"groups.0.rate", rate}}}, {"file", file}, {"status", "done"}});
            }
        }
        return out;
    };
    auto base = sweep("a/sweep.json", {"1", "2", "3"});
    const auto now = sweep("b/sweep.json", {"2", "3", "4"});
    base.document["points"][4]["status"] = "failed";
    const auto points = compare::common_points(base, now);
    REQUIRE(points.size() == 2);
    CHECK(points[0].settings == "rate=2");
    CHECK(points[0].base == std::vector<std::string>{"a/r.json", "a/r.json"});
    CHECK(points[1].base.size() == 1);
    const auto alone = compare::points_of_one(base, now);
    CHECK(alone.of_base == std::vector<std::string>{"rate=1"});
    CHECK(alone.of_new == std::vector<std::string>{"rate=4"});
    CHECK_THROWS_AS(compare::common_points(base, sweep("c", {"9"})), config_error);
    // A document from elsewhere leads to no other file.
    CHECK_THROWS_AS(compare::common_points(base, sweep("c", {"2"}, "../../etc/passwd")),
                    config_error);
    base.document["points"] = 7;
    CHECK_THROWS_AS(compare::common_points(base, now), config_error);
}
