#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/scenario/slo.hpp>

#include "../../support/contains.hpp"
#include "sample.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;

namespace {

std::string report_of(const json& doc) {
    terminal_options options;
    options.width = 80;
    return render_report(doc, {}, options);
}

std::string report_of(const run_document& doc, int width = 80, bool color = false) {
    terminal_options options;
    options.width = width;
    options.color = color;
    return render_report(to_json_without_intervals(doc), {"/tmp/r.json", "/tmp/r.jsonl"}, options);
}

std::size_t widest_line(const std::string& text) {
    std::size_t out = 0;
    std::size_t start = 0;
    while (start < text.size()) {
        const std::size_t end = std::min(text.find('\n', start), text.size());
        out = std::max(out, end - start);
        start = end + 1;
    }
    return out;
}

/// The words of the first line that starts with `name`.
std::vector<std::string> row_of(const std::string& report, const std::string& name) {
    std::vector<std::string> out;
    std::size_t at = report.find("\n" + name + " ");
    if (at == std::string::npos) return out;
    ++at;
    const std::string line = report.substr(at, report.find('\n', at) - at);
    std::size_t start = 0;
    while ((start = line.find_first_not_of(' ', start)) != std::string::npos) {
        const std::size_t end = std::min(line.find(' ', start), line.size());
        out.push_back(line.substr(start, end - start));
        start = end;
    }
    return out;
}

}  // namespace

TEST_CASE("report_has_a_row_per_operation_and_a_total") {
    const std::string out = report_of(sample::document());
    CHECK(row_of(out, "s3/get") ==
          std::vector<std::string>{"s3/get", "21000", "0", "700.0", "107.3"});
    CHECK(row_of(out, "s3/put")[2] == "600");
    CHECK(row_of(out, "total")[1] == "29400");
    CHECK(contains(out, "Response time"));
    for (const char* const heading : {"mean", "p50", "p90", "p99", "p99.9", "max"}) {
        CHECK(contains(out, heading));
    }
}

TEST_CASE("report_fits_80_columns_and_uses_more_when_it_has_them") {
    const std::string narrow = report_of(sample::document(), 80);
    CHECK(widest_line(narrow) < 80);
    const std::string wide = report_of(sample::document(), 120);
    CHECK(widest_line(wide) < 120);
    CHECK_FALSE(contains(wide, "Response time"));
    CHECK(row_of(wide, "s3/get").size() == 5 + 6 * 2);
}

TEST_CASE("report_of_a_narrow_terminal_lacks_columns_but_never_the_failures") {
    for (const int width : {40, 60, 72}) {
        CAPTURE(width);
        const std::string out = report_of(sample::document(), width);
        // A URL is not broken: it is there to be copied.
        for (std::size_t at = 0; at < out.size();) {
            const std::size_t end = out.find('\n', at);
            const std::string line = out.substr(at, end - at);
            at = end + 1;
            if (contains(line, "http://") || contains(line, "/tmp/")) continue;
            CAPTURE(line);
            CHECK(line.size() < static_cast<std::size_t>(width));
        }
        CHECK(row_of(out, "s3/put")[2] == "600");
        CHECK(contains(out, "failed"));
        CHECK(contains(out, "p99"));
        CHECK(contains(out, "Errors: 600 of 30000"));
    }
    CHECK(report_of(sample::document(), 20) == report_of(sample::document(), 40));
}

TEST_CASE("report_of_block_devices_has_no_word_of_connections") {
    run_document doc = sample::document();
    doc.generator.connections = {};
    CHECK_FALSE(contains(report_of(doc), "connections"));
    doc.generator.connections.connect_failures = 3;
    CHECK(contains(report_of(doc, 120), "0 connections and 3 that failed"));
}

TEST_CASE("problems_are_one_line_each_and_no_objective_that_was_met") {
    run_document doc({{"s3/get"}, {"http://a"}});
    slo_outcome missed;
    missed.objective = scenario::parse_slo("p99(get) < 1ms");
    missed.met = false;
    doc.slo.objectives.push_back(missed);
    missed.objective = scenario::parse_slo("max < 1s");
    missed.met = true;
    doc.slo.objectives.push_back(missed);
    doc.run.warnings.emplace_back("a warning");
    doc.run.verdicts.target = target_verdict::missed_objective;
    doc.validity.valid = false;
    doc.validity.reasons = {std::string(300, 'x'), "second"};
    const auto lines = verdict_problems(to_json_without_intervals(doc));
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "invalid: " + std::string(300, 'x'));
    CHECK(lines[1] == "invalid: second");
    CHECK(contains(lines[2], "SLO MISSED"));
    CHECK(contains(lines[2], "p99(get) < 1ms"));
}

TEST_CASE("report_of_long_names_puts_them_above_their_figures") {
    const std::string name(60, 'x');
    run_document doc({{name + "/get", "b/put"}, {"http://a"}});
    stats::recorder recorder(doc.layout);
    stats::sample s;
    s.intended_ns = 1;
    s.sent_ns = 2;
    s.done_ns = 4'000'000'000;
    s.bytes = 5'000'000'000'000;
    for (int i = 0; i < 100; ++i)
        recorder.record(s);
    recorder.add_to(doc.figures);
    doc.run.duration_s = 0.001;
    const std::string out = report_of(doc);
    CHECK(widest_line(out) < 80);
    CHECK(contains(out, "\n" + name + "/get\n"));
}

TEST_CASE("report_says_what_was_intended_issued_shed_and_left_waiting") {
    const std::string out = report_of(sample::document(), 160);
    CHECK(contains(out,
                   "intended 30013 (1000.0/s), issued 30000 (1000.0/s), completed 29998, "
                   "cut off at the end 2, shed 0, still waiting at the end 13"));
    CHECK(contains(out, "32 users"));
}

TEST_CASE("report_shows_stages_in_a_table_of_their_own") {
    const std::string out = report_of(sample::document(), 100);
    CHECK(contains(out, "Stage "));
    CHECK(contains(out, "20.0 s"));
    run_document none = sample::document();
    none.stages.clear();
    CHECK_FALSE(contains(report_of(none, 100), "Stage"));
}

TEST_CASE("report_of_a_closed_loop_has_no_open_loop_line") {
    run_document doc = sample::document();
    doc.groups.erase(doc.groups.begin());
    doc.groups[0].load.in_flight_max = 32;
    const std::string out = report_of(doc);
    CHECK_FALSE(contains(out, "Open loop"));
    CHECK(contains(out, "Closed loop 32 users, most in flight 32"));
}

TEST_CASE("report_of_both_loops_tells_the_open_ones_tasks_without_the_closed_ones") {
    run_document doc = sample::document();
    doc.groups[1].load.issued = 11'336;
    doc.groups[1].load.intended = 11'336;
    doc.groups[1].load.in_flight_max = 32;
    const std::string out = report_of(doc, 160);
    CHECK(contains(out, "issued 30000 (1000.0/s)"));
    CHECK(contains(out, "most in flight 256"));
    CHECK(contains(out, "Closed loop 32 users, most in flight 32"));
}

TEST_CASE("report_says_what_was_not_answered_and_marks_what_that_leaves_open") {
    CHECK_FALSE(contains(report_of(sample::document(), 160), "Unanswered"));
    run_document doc = sample::document();
    stats::figures& f = doc.figures.by_operation[0];
    f.shed = 400;
    f.unfinished = 100'000;
    f.waited.record_n(7'000'000'000, 100'000);
    const std::string out = report_of(doc, 160);
    CHECK(contains(out, "Unanswered  100400 of "));
    CHECK(contains(out, "400 shed, 100000 unfinished when the load ended"));
    CHECK(contains(out, ">7.00 s"));
}

TEST_CASE("report_marks_percentiles_of_too_few_values") {
    run_document doc = sample::document();
    stats::figures few(3);
    few.ok_count = 5;
    few.response.record_n(5'000'000, 5);
    doc.figures.by_operation[0] = few;
    CHECK(contains(report_of(doc, 160), "5.00 ms?"));
}

TEST_CASE("report_tells_outages_beyond_the_limit_from_when_to_when") {
    run_document doc = sample::document();
    CHECK(contains(report_of(doc, 160), "longest time without a success 152 ms (s3)"));
    doc.groups[0].silence.outages = {{22, 3}, {27.5, 1.25}};
    doc.groups[0].silence.outage_s = 4.25;
    doc.groups[0].silence.outage_share = 4.25 / 30;
    const std::string out = report_of(doc, 160);
    CHECK(contains(out, "OUTAGE"));
    CHECK(contains(out, "Group s3 gave no success from 22.00 to 25.0 s, from 27.50 to 28.8 s"));
    doc.scenario.limits.outage = 0.5;
    CHECK_FALSE(contains(report_of(doc, 160), "OUTAGE"));
}

TEST_CASE("report_shows_errors_with_count_class_status_code_and_example") {
    const std::string out = report_of(sample::document());
    CHECK(contains(out, "Errors: 600 of 30000 operations (2.00%)"));
    CHECK(contains(out, "  300  s3/put: slow_down, HTTP 503, SlowDown\n"));
    CHECK(contains(out, "e.g. Please reduce your request rate.\n"));
    CHECK(contains(out, "  300  s3/put: connection_lost\n"));
}

TEST_CASE("report_names_an_errno_and_takes_none_for_an_http_status") {
    run_document doc({{"rbd/write"}, {"rbd"}});
    stats::error_row row;
    row.status = op_status::timeout;
    row.native = native_code::of_errno(110);
    row.code = "ETIMEDOUT";
    row.count = 1;
    doc.figures.by_operation[0].errors.push_back(row);
    json now = to_json_without_intervals(doc);
    const char* const words = "rbd/write: timeout, errno 110 (Connection timed out), ETIMEDOUT\n";
    CHECK(contains(report_of(now), words));
    // As results of before the key had it.
    json& error = now["operations"]["rbd/write"]["errors"][0];
    error["http_status"] = 110;
    error.erase("errno");
    CHECK(contains(report_of(now), words));
    error["s3_code"] = "SlowDown";
    CHECK(contains(report_of(now), "rbd/write: timeout, HTTP 110, SlowDown\n"));
}

TEST_CASE("report_counts_what_the_target_does_not_have_apart_from_errors") {
    run_document doc({{"s3/select", "rados/exec"}, {"http://a"}});
    const auto failed = [](op_status status, native_code native, const char* code) {
        stats::error_row row;
        row.status = status;
        row.native = native;
        row.code = code;
        row.count = 7;
        return row;
    };
    auto& operations = doc.figures.by_operation;
    operations[0].errors = {
        failed(op_status::unsupported, native_code::of_http(501), "NotImplemented"),
        failed(op_status::unsupported, native_code::of_http(405), "MethodNotAllowed"),
        failed(op_status::server_error, native_code::of_http(500), "InternalError")};
    operations[0].failed_count = 21;
    // As results of before the class have it.
    operations[1].errors = {
        failed(op_status::io_error, native_code::of_errno(EOPNOTSUPP), "EOPNOTSUPP")};
    operations[1].failed_count = 7;
    const std::string out = report_of(doc, 160);
    CHECK(contains(out, "Not supported: 21 of 28 operations (75.0%)\n"));
    const char* const never =
        "s3/select: not supported by the target, 14 of 21 answers (HTTP 501 NotImplemented, "
        "HTTP 405 MethodNotAllowed)\n";
    CHECK(contains(out, never));
    CHECK(contains(out, (std::string("UNSUPPORTED ") + never).c_str()));
    CHECK(contains(out, "rados/exec: not supported by the target, 7 of 7 answers (EOPNOTSUPP)\n"));
    CHECK(contains(out, "Errors: 7 of 28 operations (25.0%)\n"));
    CHECK(contains(out, "7  s3/select: server_error, HTTP 500, InternalError\n"));
    CHECK_FALSE(contains(out, "7  s3/select: unsupported"));
    const json written = to_json_without_intervals(doc);
    CHECK(written["operations"]["s3/select"]["unsupported"] == 14);
    CHECK(written["operations"]["s3/select"]["failed"] == 21);
    CHECK_FALSE(written["operations"]["rados/exec"].contains("unsupported"));

    // An operation that was done once is there, whatever it answered of other objects.
    operations[0].ok_count = 1;
    const std::string partly = report_of(doc, 160);
    CHECK(contains(partly, "s3/select: 14 of 22 answers say that the target does not support it"));
    CHECK_FALSE(contains(partly, "UNSUPPORTED s3/select"));
    // Another failure is no lack.
    operations[0].errors.clear();
    operations[1].errors[0].native = native_code::of_errno(EIO);
    operations[1].errors[0].code = "EIO";
    CHECK_FALSE(contains(report_of(doc, 160), "ot supported"));
}

TEST_CASE("report_of_a_target_that_served_nothing_says_that_no_limit_allows_it") {
    run_document doc({{"s3/select"}, {"http://a"}});
    doc.scenario.error_limit = 1;
    doc.run.verdicts.target = target_verdict::failed;
    stats::figures& select = doc.figures.by_operation[0];
    select.errors.push_back(
        {op_status::unsupported, native_code::of_http(501), "NotImplemented", 5, ""});
    select.failed_count = 5;
    CHECK(contains(report_of(doc, 160), "FAILED      the target served nothing"));
    select.ok_count = 1;
    CHECK_FALSE(contains(report_of(doc, 160), "the target served nothing"));
}

TEST_CASE("report_of_many_kinds_of_errors_shows_the_most_frequent") {
    run_document doc({{"s3/get"}, {"http://a"}});
    auto& errors = doc.figures.by_operation[0].errors;
    for (int i = 1; i <= 15; ++i) {
        stats::error_row row;
        row.status = op_status::server_error;
        row.native = native_code::of_http(500);
        row.code = "Code" + std::to_string(i);
        row.count = static_cast<std::uint64_t>(i);
        errors.push_back(row);
    }
    const std::string out = report_of(doc);
    CHECK(contains(out, "Code15\n"));
    CHECK(contains(out, "Code6\n"));
    CHECK_FALSE(contains(out, "Code5\n"));
    CHECK(contains(out, "and 5 more kinds in the result"));
    CHECK(out.find("Code15") < out.find("Code14"));
}

TEST_CASE("report_lets_nothing_of_the_target_reach_the_terminal_unchecked") {
    run_document doc({{"s3/get"}, {"http://a"}});
    stats::recorder recorder(doc.layout);
    stats::failure f;
    f.status = op_status::server_error;
    f.code = "\x1b[2J\xc2\x9b";
    f.example = "a\r\nb\x07\x7f\xff end";
    f.intended_ns = 1;
    f.done_ns = 2;
    recorder.record(f);
    recorder.add_to(doc.figures);
    const std::string out = report_of(doc);
    CHECK_FALSE(contains(out, "\x1b"));
    CHECK_FALSE(contains(out, "\r"));
    CHECK_FALSE(contains(out, "\xc2\x9b"));
    CHECK_FALSE(contains(out, "\x07"));
    CHECK(contains(out, "e.g. a??b??"));
}

TEST_CASE("report_shows_size_classes_and_endpoints_only_where_there_are_several") {
    const std::string out = report_of(sample::document());
    CHECK(contains(out, "s3/get 1B-4KiB"));
    CHECK_FALSE(contains(out, "s3/list 0"));
    CHECK(contains(out, "http://10.0.0.1:8000  66.7%"));
    run_document one({{"s3/get"}, {"http://a"}});
    const std::string small = report_of(one);
    CHECK_FALSE(contains(small, "By size"));
    CHECK_FALSE(contains(small, "Endpoint"));
    CHECK_FALSE(contains(small, "total"));
}

TEST_CASE("report_verdict_says_valid_or_every_reason_why_not") {
    run_document doc = sample::document();
    CHECK(contains(report_of(doc), "\nVALID  "));
    doc.validity = {false, {"core 1 was 97% busy", "send lag p99 was 12 ms"}};
    const std::string out = report_of(doc);
    CHECK_FALSE(contains(out, "\nVALID "));
    CHECK(contains(out, "\nINVALID     core 1 was 97% busy\n            send lag p99 was 12 ms\n"));
    CHECK(contains(report_of(doc, 80, true), "\x1b[31mINVALID\x1b[0m     core 1"));
}

TEST_CASE("report_says_when_errors_pass_the_limit_and_when_the_run_was_cut_short") {
    run_document doc = sample::document();
    CHECK(contains(report_of(doc), "FAILED      2.00% of the operations failed"));
    doc.scenario.error_limit = 0.05;
    CHECK_FALSE(contains(report_of(doc), "FAILED"));
    CHECK_FALSE(contains(report_of(doc), "INTERRUPTED"));
    doc.run.interrupted = true;
    doc.run.problem = "all connections were refused";
    doc.data.left_behind = 3;
    doc.data.left = {{"object", "s3://b/p/ID/", 3, false, "s3cmd del s3://b/p/ID/"}};
    doc.run.verdicts.left_behind = left_verdict::something;
    const std::string out = report_of(doc);
    CHECK(contains(out, "INTERRUPTED"));
    CHECK(contains(out, "Problem     all connections were refused"));
    CHECK(contains(out, "LEFT BEHIND at most 3 objects below s3://b/p/ID/"));
    CHECK(contains(out, "\n            s3cmd del s3://b/p/ID/\n"));
    CHECK_FALSE(contains(out, "CLEAN"));
}

TEST_CASE("report_names_the_places_that_were_found_wrong_also_where_no_operation_met_them") {
    run_document doc = sample::document();
    doc.data.wrong = stats::wrong_data{0, 7, {}};
    CHECK_FALSE(contains(report_of(doc), "CORRUPT"));
    CHECK_FALSE(contains(report_of(doc), "Wrong data"));
    doc.data.wrong = stats::wrong_data{40, 90, {"kept-0 offset 4096: a lost write"}};
    const std::string out = report_of(doc);
    CHECK(contains(out, "CORRUPT     40 places hold other data than was written"));
    CHECK(
        contains(out, "Wrong data: 40 places\n  kept-0 offset 4096: a lost write\n  and 39 more"));
}

TEST_CASE("report_says_each_verdict_also_the_good_ones") {
    run_document doc = sample::document();
    doc.scenario.error_limit = 0.05;
    doc.slo.objectives.clear();
    const std::string out = report_of(doc);
    CHECK(contains(out, "\nTARGET OK   errors within the limit\n"));
    CHECK(contains(out, "\nVALID  "));
    CHECK(contains(out, "\nCLEAN       nothing of this run was found on the target at its end\n"));
    CHECK(verdict_problems(to_json_without_intervals(doc)).empty());
    doc.scenario.groups[0].data.reuse = "kept";
    CHECK(contains(report_of(doc), "at its end but what"));
}

TEST_CASE("report_of_a_result_from_before_there_were_verdicts_still_says_what_is_left") {
    json old = to_json_without_intervals(sample::document());
    old["run"].erase("verdicts");
    old["data"].erase("left");
    old["data"]["left_behind"] = 2;
    CHECK_NOTHROW(check_result(old, "old.json"));
    const std::string out = render_report(old, {}, terminal_options());
    CHECK(contains(out, "LEFT BEHIND 2 objects of this run may still be there"));
    CHECK_FALSE(contains(out, "CLEAN"));
    CHECK_FALSE(contains(out, "TARGET OK"));
}

TEST_CASE("report_quiet_run_names_what_makes_each_verdict_bad") {
    run_document doc = sample::document();
    doc.slo.objectives.clear();
    doc.validity = {false, {"core 1 was 97% busy"}};
    doc.run.verdicts = {generator_verdict::was_limit, target_verdict::failed,
                        left_verdict::something};
    doc.data.left = {{"image", "rbd/a", 1, true, "rbd rm rbd/a"}};
    const auto lines = verdict_problems(to_json_without_intervals(doc));
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] == "invalid: core 1 was 97% busy");
    CHECK(lines[1].starts_with("target: FAILED"));
    CHECK(lines[2] == "left behind: image rbd/a; to remove it: rbd rm rbd/a");
}

TEST_CASE("report_says_when_data_came_back_wrong_whatever_the_limit") {
    run_document doc = sample::document();
    doc.scenario.error_limit = 1;
    CHECK_FALSE(contains(report_of(doc), "CORRUPT"));
    stats::error_row row;
    row.status = op_status::corrupt;
    row.count = 2;
    doc.figures.by_operation[0].errors.push_back(row);
    CHECK(contains(report_of(doc), "CORRUPT     2 operations returned other data"));
}

TEST_CASE("report_ends_with_where_the_files_are") {
    const std::string path = "/very/long/" + std::string(200, 'p') + "/r.json";
    terminal_options options;
    const json doc = to_json_without_intervals(sample::document());
    const std::string out = render_report(doc, {path, ""}, options);
    CHECK(out.ends_with("Result      " + path + "\n"));
    CHECK_FALSE(contains(out, "Intervals"));
}

TEST_CASE("report_of_a_document_with_holes_shows_what_is_there") {
    // A result of a later minor version, or edited by hand: anything but an exception.
    json doc = to_json_without_intervals(sample::document());
    CHECK_FALSE(render_report(json::object(), {}, {}).empty());
    const json whole = doc;
    for (const auto& [key, value] : whole.items()) {
        json cut = doc;
        cut[key] = nullptr;
        CHECK_FALSE(render_report(cut, {}, {}).empty());
        cut[key] = json::array({1, "x", nullptr});
        CHECK_FALSE(render_report(cut, {}, {}).empty());
    }
    doc["operations"]["s3/get"] = json::object();
    CHECK(contains(render_report(doc, {}, {}), "s3/get"));
}

TEST_CASE("report_is_the_same_from_the_file_that_was_read_back") {
    const run_document doc = sample::document();
    CHECK(render_report(json::parse(to_text(doc)), {}, {}) ==
          render_report(to_json_without_intervals(doc), {}, {}));
}
