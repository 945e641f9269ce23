#include <doctest/doctest.h>

#include <chopsticks/results/document.hpp>
#include <chopsticks/results/read.hpp>

#include "sample.hpp"

using namespace chopsticks;
using namespace chopsticks::results;

namespace {

run_document empty_document() {
    return run_document({{"s3/get"}, {"http://a"}});
}

/// A text without closing quotes' worth of doubt: the whole document as it would be on disk.
bool mentions(const run_document& doc, const std::string& word) {
    return to_text(doc).find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("document_counts_and_rates_come_from_the_figures_and_the_measured_time") {
    const json doc = to_json_without_intervals(sample::document());
    const json& get = doc["operations"]["s3/get"];
    const json& put = doc["operations"]["s3/put"];
    CHECK(get["ok"] == 21'000);
    CHECK(get["rate_per_s"] == 700.0);
    CHECK(put["ok"] == 5'400);
    CHECK(put["failed"] == 600);
    CHECK(put["skipped"] == 1);
    CHECK(put["rate_per_s"] == 180.0);
    CHECK(doc["operations"]["s3/list"]["bytes_per_s"] == 3'000 * 12'000 / 30.0);
    CHECK(doc["total"]["ok"] == 29'400);
    CHECK(doc["total"]["failed"] == 600);
    CHECK(doc["total"]["response"]["count"] == 29'400);
    CHECK(doc["total"]["failed_response"]["count"] == 600);
}

TEST_CASE("document_percentiles_are_those_of_the_encoded_histogram") {
    const json doc = to_json_without_intervals(sample::document());
    const json& response = doc["operations"]["s3/get"]["response"];
    const auto decoded = read_histogram(response);
    REQUIRE(decoded.has_value());
    CHECK(decoded->count() == 21'000);
    CHECK(response["p50_ns"] == decoded->value_at_percentile(50));
    CHECK(response["p999_ns"] == decoded->value_at_percentile(99.9));
    CHECK(response["min_ns"] <= response["p50_ns"]);
    CHECK(response["p50_ns"] < response["p99_ns"]);
    CHECK(response["p99_ns"] <= response["max_ns"]);
}

TEST_CASE("document_size_classes_and_endpoints_add_up_to_the_operation") {
    const json doc = to_json_without_intervals(sample::document());
    std::uint64_t by_size = 0;
    const json& classes = doc["operations"]["s3/get"]["by_size_class"];
    CHECK(classes.size() == 2);
    for (const json& one : classes)
        by_size += one["ok"].get<std::uint64_t>();
    CHECK(by_size == 21'000);
    std::uint64_t by_endpoint = 0;
    for (const json& one : doc["by_endpoint"]) {
        by_endpoint += one["ok"].get<std::uint64_t>() + one["failed"].get<std::uint64_t>();
    }
    CHECK(by_endpoint == 30'000);
}

TEST_CASE("document_parts_stand_beside_their_operation_and_in_no_total") {
    stats::layout names = sample::names();
    names.parts = {{"s3/put.last", 1}};
    run_document doc(names);
    doc.run.duration_s = 10;
    stats::recorder recorder(names);
    stats::sample s;
    s.op = 1;
    s.bytes = s.size = 500;
    s.done_ns = 1'000;
    recorder.record(s);
    s.op = 0;
    for (int i = 0; i < 20; ++i)
        recorder.record_part(s);
    recorder.add_to(doc.figures);
    const json out = to_json_without_intervals(doc);
    const json& part = out["operations"]["s3/put.last"];
    CHECK(part["part_of"] == "s3/put");
    CHECK(part["ok"] == 20);
    CHECK(part["rate_per_s"] == 2.0);
    CHECK(part["by_size_class"] == json::object());
    CHECK(out["operations"].size() == 4);
    CHECK_FALSE(out["operations"]["s3/put"].contains("part_of"));
    CHECK(out["operations"]["s3/put"]["ok"] == 1);
    CHECK(out["total"]["ok"] == 1);
    CHECK(out["by_endpoint"]["http://10.0.0.1:8000"]["ok"] == 1);
    interval one;
    one.figures = &doc.figures;
    CHECK(json::parse(to_line(one, names))["operations"].size() == 1);
}

TEST_CASE("document_errors_are_kept_by_kind") {
    const json doc = to_json_without_intervals(sample::document());
    const json& errors = doc["operations"]["s3/put"]["errors"];
    REQUIRE(errors.size() == 2);
    for (const json& error : errors) {
        CHECK(error["count"] == 300);
        if (error["class"] == "slow_down") {
            CHECK(error["http_status"] == 503);
            CHECK(error["errno"] == 0);
            CHECK(error["s3_code"] == "SlowDown");
        } else {
            CHECK(error["class"] == "connection_lost");
            CHECK(error["http_status"] == 0);
        }
    }
}

TEST_CASE("document_has_an_errno_where_it_is_one_and_not_as_an_http_status") {
    run_document doc({{"rbd/write"}, {"rbd"}});
    stats::error_row row;
    row.status = op_status::timeout;
    row.native = native_code::of_errno(110);
    row.count = 1;
    doc.figures.by_operation[0].errors.push_back(row);
    row.native = native_code::of_http(110);
    doc.figures.by_operation[0].errors.push_back(row);
    const json errors = to_json_without_intervals(doc)["operations"]["rbd/write"]["errors"];
    REQUIRE(errors.size() == 2);
    CHECK(errors[0]["errno"] == 110);
    CHECK(errors[0]["http_status"] == 0);
    CHECK(errors[1]["errno"] == 0);
    CHECK(errors[1]["http_status"] == 110);
}

TEST_CASE("document_of_a_run_that_measured_nothing_has_zero_rates_and_empty_histograms") {
    run_document doc = empty_document();
    doc.run.duration_s = 0;
    const json out = to_json(doc);
    CHECK(out["operations"]["s3/get"]["rate_per_s"] == 0.0);
    CHECK(out["operations"]["s3/get"]["response"]["count"] == 0);
    CHECK(out["operations"]["s3/get"]["response"]["hdr"] == "");
    CHECK(out["load"]["issued_rate_per_s"] == 0.0);
    CHECK(out["intervals"].empty());
    const auto histogram = read_histogram(out["total"]["response"]);
    REQUIRE(histogram.has_value());
    CHECK(histogram->count() == 0);
}

TEST_CASE("document_figures_that_are_not_finite_never_become_null") {
    run_document doc = empty_document();
    doc.load.intended_rate_per_s = std::nan("");
    doc.run.throughput.mean = HUGE_VAL;
    const json out = to_json(doc);
    CHECK(out["load"]["intended_rate_per_s"] == 0.0);
    CHECK(out["run"]["throughput"]["mean_per_s"] == 0.0);
}

TEST_CASE("document_shares_of_a_core_are_between_0_and_1") {
    run_document doc = empty_document();
    doc.generator.cores = {stats::core_figures(), sample::core(1003, 1001, 0, 0, 0)};
    doc.generator.cores[1].held_up.stopped_ns = 1'500'000'000;
    doc.generator.cores[1].drain_ns = 2'000'000'000;
    doc.generator.cpus = {3};
    const json cores = to_json(doc)["generator"]["cores"];
    CHECK(cores[0]["cpu"] == 3);
    CHECK(cores[0]["busy_share"] == 0.0);
    CHECK(cores[0]["held_up_share"] == 0.0);
    CHECK(cores[1]["cpu"].is_null());
    CHECK(cores[1]["busy_share"] == 1.0);
    CHECK(cores[1]["cpu_share"] == 1.0);
    CHECK(cores[1]["held_up_share"] == 0.5);
    CHECK(cores[1]["stopped_s"] == 1.5);
}

TEST_CASE("document_what_the_system_did_not_tell_is_null") {
    const json out = to_json(empty_document());
    CHECK(out["environment"]["cpu_model"].is_null());
    CHECK(out["environment"]["memory_bytes"].is_null());
    CHECK(out["generator"]["rss_bytes_max"].is_null());
    CHECK(out["generator"]["cpu_seconds"]["user"].is_null());
    CHECK(out["run"]["problem"].is_null());
    CHECK(out["run"]["warmup_cut"]["steady"].is_null());
}

TEST_CASE("document_text_parses_back_to_the_same_document") {
    const run_document doc = sample::document();
    const std::string text = to_text(doc);
    CHECK(json::parse(text) == to_json(doc));
    CHECK(text.ends_with("}\n"));
    // One line per interval, so that grep and diff work on them.
    std::size_t lines = 0;
    for (std::size_t at = text.find("\n    {\"t_s\":"); at != std::string::npos;
         at = text.find("\n    {\"t_s\":", at + 1)) {
        ++lines;
    }
    CHECK(lines == doc.intervals.size());
}

TEST_CASE("document_texts_that_are_no_utf8_are_mended_instead_of_losing_the_result") {
    run_document doc = empty_document();
    stats::recorder recorder(doc.layout);
    stats::failure f;
    f.status = op_status::server_error;
    f.native = native_code::of_http(500);
    f.code = "\xff\xfe";
    f.example = "cut in the middle of \xc3";
    f.intended_ns = 1;
    f.done_ns = 2;
    recorder.record(f);
    recorder.add_to(doc.figures);
    doc.scenario.source = "\x80";
    doc.run.command_line = {"chopsticks", "\xf0\x9f"};
    const json out = json::parse(to_text(doc));
    CHECK(out["operations"]["s3/get"]["errors"][0]["example"] ==
          "cut in the middle of \xef\xbf\xbd");
    stats::totals figures(doc.layout, 2);
    recorder.add_to(figures);
    interval one;
    one.figures = &figures;
    CHECK(json::parse(to_line(one, doc.layout))["operations"].size() == 1);
}

TEST_CASE("document_holds_no_secret") {
    const run_document doc = sample::document();
    const auto* const given =
        scenario::find_echoed<bool>(doc.workload.at_top.at("s3"), "session_token_given");
    CHECK((given != nullptr && *given));
    CHECK_FALSE(mentions(doc, sample::secret));
    CHECK_FALSE(mentions(doc, "me:pass"));
    CHECK(mentions(doc, "AKIAIOSFODNN7EXAMPLE"));
    CHECK(mentions(doc, "http://10.0.0.2\""));
}

TEST_CASE("document_endpoint_figures_of_a_url_with_a_password_do_not_show_it") {
    run_document doc({{"s3/get"}, {"http://" + std::string("me:") + "pass@host:80"}});
    CHECK_FALSE(mentions(doc, "pass"));
    CHECK(to_json(doc)["by_endpoint"].contains("http://host:80"));
}

TEST_CASE("redact_hides_values_in_all_spellings") {
    const auto out = redact({"chopsticks", "run", "--secret-key", "S1", "--secret-key=S2", "--set",
                             "workload.s3.secret_key=S3", "--set=workload.s3.session_token=S4",
                             "--Session-Token", "S5", "AWS_SECRET_ACCESS_KEY=S6", "-f", "x.yaml",
                             "--endpoint=http://u:S7@h:80/b", "--access-key", "AKIA"});
    std::string all;
    for (const std::string& argument : out)
        all += argument + " ";
    for (const char* secret : {"S1", "S2", "S3", "S4", "S5", "S6", "S7"}) {
        CHECK_MESSAGE(all.find(secret) == std::string::npos, all);
    }
    CHECK(out.size() == 16);
    CHECK(out[3] == "(redacted)");
    CHECK(out[6] == "workload.s3.secret_key=(redacted)");
    CHECK(out[12] == "x.yaml");
    CHECK(out[13] == "--endpoint=http://h:80/b");
    CHECK(out[15] == "AKIA");
}

TEST_CASE("redact_of_an_option_that_ends_the_line_leaves_it") {
    CHECK(redact({"chopsticks", "--secret-key"}).back() == "--secret-key");
    CHECK(redact({}).empty());
}

TEST_CASE("user_information_is_cut_out_of_urls_only") {
    CHECK(without_user_information("http://a:b@h:80/x") == "http://h:80/x");
    CHECK(without_user_information("https://a:b@c@[::1]:8000") == "https://[::1]:8000");
    CHECK(without_user_information("http://a:b@h,http://c:d@i") == "http://h,http://i");
    CHECK(without_user_information("http://h/a@b") == "http://h/a@b");
    CHECK(without_user_information("me@example.com") == "me@example.com");
    CHECK(without_user_information("://") == "://");
}

TEST_CASE("interval_line_leaves_out_idle_operations_and_has_no_line_end") {
    const stats::layout names = sample::names();
    stats::recorder recorder(names);
    stats::sample s;
    s.op = 1;
    s.bytes = 500;
    s.intended_ns = 10;
    s.sent_ns = 20;
    s.done_ns = 1'020;
    recorder.record(s);
    stats::totals figures(names, 2);
    recorder.add_to(figures);
    interval one;
    one.t_s = 3;
    one.duration_s = 0.5;
    one.phase = "measure";
    one.figures = &figures;
    one.cores_busy = {0.25};
    const std::string line = to_line(one, names);
    CHECK(line.find('\n') == std::string::npos);
    const json out = json::parse(line);
    REQUIRE(out["operations"].size() == 1);
    CHECK(out["operations"]["s3/put"]["rate_per_s"] == 2.0);
    CHECK(out["operations"]["s3/put"]["bytes_per_s"] == 1000.0);
    CHECK(out["cores_busy"][0] == 0.25);
    const auto service = read_histogram(out["operations"]["s3/put"]["service"]);
    REQUIRE(service.has_value());
    CHECK(service->significant_digits() == 2);
}

TEST_CASE("interval_line_has_the_share_achieved_and_null_where_nothing_was_due") {
    const stats::totals figures(sample::names(), 2);
    interval one;
    one.phase = "measure";
    one.figures = &figures;
    one.load.users = 7;
    one.load.users_wanted = 9;
    one.load.rate_wanted_per_s = 12.5;
    json load = json::parse(to_line(one, sample::names()))["load"];
    CHECK(load["achieved_share"].is_null());
    CHECK(load["users"] == 7);
    CHECK(load["users_wanted"] == 9);
    CHECK(load["rate_wanted_per_s"] == 12.5);
    one.load.intended = 200;
    one.load.issued = 150;
    one.load.shed_late = 50;
    load = json::parse(to_line(one, sample::names()))["load"];
    CHECK(load["achieved_share"] == 0.75);
    CHECK(load["shed_late"] == 50);
}

TEST_CASE("document_stages_and_pacing_are_those_of_the_run") {
    const json doc = to_json_without_intervals(sample::document(3000));
    REQUIRE(doc["stages"].size() == 2);
    const json& second = doc["stages"][1];
    CHECK(second["start_s"] == 10.0);
    CHECK(second["duration_s"] == 20.0);
    CHECK(second["load"]["shed_late"] == 7);
    // Rates are over the stage, not over the run.
    CHECK(second["operations"]["s3/get"]["ok"] == 1400);
    CHECK(second["operations"]["s3/get"]["rate_per_s"] == 70.0);
    CHECK(second["total"]["ok"].get<int>() + second["total"]["failed"].get<int>() == 2000);
    CHECK(doc["groups"]["users"]["pacing"].is_null());
    const json& pacing = doc["groups"]["s3"]["pacing"];
    CHECK(pacing["arrivals"] == "poisson");
    CHECK(pacing["planned_gaps"]["count"] == 30'000);
    CHECK(pacing["planned_gaps"]["mean"].get<double>() == doctest::Approx(1).epsilon(0.03));
    CHECK(pacing["planned_gaps"]["variation"].get<double>() == doctest::Approx(1).epsilon(0.03));
    CHECK(pacing["planned_gaps"]["p_value"].get<double>() > 0.001);
}

TEST_CASE("document_tells_the_length_of_its_intervals_and_of_those_of_the_run") {
    run_document doc = empty_document();
    doc.run.interval_s = 0.5;
    CHECK(to_json(doc)["run"]["interval_s"] == 0.5);
    CHECK(to_json(doc)["run"]["intervals_joined"] == 1);
    doc.run.intervals_joined = 8;
    CHECK(to_json(doc)["run"]["interval_s"] == 4.0);
    CHECK(to_json(doc)["run"]["intervals_joined"] == 8);
}

TEST_CASE("scenario_echo_tells_open_from_closed_and_names_parameters_that_were_set") {
    const json out = to_json(sample::plan());
    const json& open = out["groups"][0];
    CHECK(open["load"]["open"]["rate_per_s"] == 1000.0);
    CHECK(open["load"]["open"]["arrivals"] == "poisson");
    CHECK_FALSE(open["load"].contains("closed"));
    CHECK(open["tasks"][2]["steps"][0]["pages"] == 3);
    CHECK_FALSE(open["tasks"][0]["steps"][0].contains("pages"));
    CHECK(open["data"]["size"]["max_bytes"] == 1 << 20);
    const json& closed = out["groups"][1]["load"]["closed"];
    CHECK(closed["users"] == 32);
    CHECK(closed["think_time"]["max_ns"] == 3'000'000);
    CHECK(out["phases"]["measure_s"] == 30.0);
}

TEST_CASE("scenario_echo_tells_how_a_load_changes_over_time") {
    scenario::scenario plan = sample::plan();
    scenario::open_load& open = *plan.groups[0].open;
    open.stages.push_back({.duration_ns = 10'000'000'000, .level = 500, .ramp_ns = 2'000'000'000});
    open.around.how = load::modulation::kind::sine;
    open.around.period_ns = 30e9;
    open.around.share = 0.25;
    open.late_limit_ns = 1'500'000'000;
    plan.groups[1].closed.stages.push_back(
        {.duration_ns = 4'000'000'000, .level = 8, .ramp_ns = 0});
    const json out = to_json(plan);
    const json& echo = out["groups"][0]["load"]["open"];
    CHECK(echo["stages"] ==
          json::parse(R"([{"duration_s":10.0,"rate_per_s":500.0,"ramp_s":2.0}])"));
    CHECK(echo["modulation"] == "sine");
    CHECK(echo["period_s"] == 30.0);
    CHECK(echo["modulated_share"] == 0.25);
    CHECK(echo["late_limit_s"] == 1.5);
    CHECK(out["groups"][1]["load"]["closed"]["stages"] ==
          json::parse(R"([{"duration_s":4.0,"users":8.0,"ramp_s":0.0}])"));
}

TEST_CASE("histogram_that_was_tampered_with_is_refused") {
    stats::histogram h;
    h.record_n(1'000'000, 10);
    json object = to_json(h);
    REQUIRE(read_histogram(object).has_value());
    object["count"] = 11;
    CHECK(read_histogram(object).has_error());
    object["count"] = 10;
    object["hdr"] = object["hdr"].get<std::string>().substr(0, 20);
    CHECK(read_histogram(object).has_error());
    object["hdr"] = "";
    CHECK(read_histogram(object).has_error());
    CHECK(read_histogram(json::object()).has_error());
    CHECK(read_histogram(json("text")).has_error());
}
