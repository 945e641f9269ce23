#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/interval_stream.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/write.hpp>
#include <fstream>

#include "../../support/contains.hpp"
#include "sample.hpp"
#include "scratch.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;
using sample::scratch_directory;

namespace {

/// Why a text is refused; empty: it is not.
std::string refusal_of(const std::string& text) {
    try {
        parse_file(text, "r.json");
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

/// That of the sample with another value at a place.
std::string refusal_with(const char* pointer, const json& value) {
    static const json whole = to_json(sample::document(200));
    json changed = whole;
    changed[json::json_pointer(pointer)] = value;
    return refusal_of(changed.dump());
}

std::string data_file(const std::string& name) {
    return CHOPSTICKS_TEST_DATA "/" + name;
}

}  // namespace

TEST_CASE("result_file_knows_when_the_load_began") {
    // As runs write them: what comes before the load may take hours.
    run_document doc = sample::document(10);
    doc.run.phases = {{"open", 0, 0.5},      {"prepare", 0.5, 7000},  {"ramp", 7000.5, 10},
                      {"warmup", 7010.5, 5}, {"measure", 7015.5, 30}, {"drain", 7045.5, 1},
                      {"cleanup", 7046.5, 9}};
    const auto began_s = [&] {
        const result_file read = parse_file(to_text(doc), "r.json");
        return static_cast<double>(read.load_began_ns() - doc.run.started_ns) / 1e9;
    };
    CHECK(began_s() == doctest::Approx(7000.5));
    doc.run.phases.erase(doc.run.phases.begin() + 2);
    CHECK(began_s() == doctest::Approx(7010.5));
    doc.run.phases.erase(doc.run.phases.begin() + 2);
    CHECK(began_s() == doctest::Approx(7015.5));
    // Of one that never came to its load.
    doc.run.phases.erase(doc.run.phases.begin() + 1, doc.run.phases.end());
    CHECK(began_s() == 0);
}

TEST_CASE("result_file_has_every_figure_of_the_document") {
    const run_document doc = sample::document(2000);
    const json written = to_json(doc);
    const result_file read = parse_file(to_text(doc), "r.json");
    CHECK(read.kind == document_kind::run);
    CHECK(read.version == schema_version);
    CHECK(read.run_id == doc.run.id);
    CHECK(read.started_ns == doc.run.started_ns);
    CHECK(read.seed == doc.run.seed);
    CHECK(read.duration_s == 30);
    CHECK(read.valid);
    CHECK(read.load.shed == doc.load.shed);
    CHECK(read.load_began_ns() == doc.run.started_ns + 1'500'000'000);
    CHECK(read.measure_began_ns() == doc.run.started_ns + 3'500'000'000);
    CHECK(read.environment() == written["environment"]);
    CHECK(read.scenario() == written["scenario"]);
    CHECK(read.document["intervals"].empty());

    const operation_figures* const put = find(read.operations, "s3/put");
    REQUIRE(put != nullptr);
    CHECK(find(read.operations, "s3/copy") == nullptr);
    const stats::figures& expected = doc.figures.by_operation[1];
    CHECK(put->ok == expected.ok_count);
    CHECK(put->failed == expected.failed_count);
    CHECK(put->bytes == expected.bytes);
    CHECK(put->response.p99_ns == expected.response.value_at_percentile(99));
    REQUIRE(put->errors.size() == 2);
    CHECK(put->errors[0].count + put->errors[1].count == expected.failed_count);
    CHECK(put->by_size_class.size() == 2);
    CHECK(read.total.response.count == written["total"]["response"]["count"]);
    CHECK(read.by_endpoint.size() == 2);
    CHECK(read.stages.size() == 2);

    REQUIRE(read.intervals.size() == 3);
    CHECK(read.intervals[1].t_s == 3);
    CHECK(read.intervals[1].load.shed_late == 24);
    CHECK(read.intervals[1].cores_busy == std::vector<double>{0.41, 0.87});
    CHECK(read.intervals[1].health["loop_turn_p99_ns"] == 0);
    CHECK(read.intervals[1].operations.size() == 3);
}

TEST_CASE("result_file_says_that_an_objective_ended_the_run") {
    json written = to_json(sample::document(200));
    for (const bool aborted : {false, true}) {
        written["slo"]["aborted"] = aborted;
        CHECK(parse_file(written.dump(), "r.json").aborted == aborted);
    }
}

TEST_CASE("result_file_has_the_events_of_the_run") {
    run_document doc = sample::document(10);
    doc.events.add_dropped(3);
    const result_file read = parse_file(to_text(doc), "r.json");
    CHECK(read.events.list() == doc.events.list());
    REQUIRE(read.events.list().size() == 2);
    CHECK(read.events.list()[0].start_s == -1.25);
    CHECK(read.events.list()[0].end_s == 4.0);
    CHECK_FALSE(read.events.list()[1].end_s);
    CHECK(read.events.dropped() == 3);
    // What came before there were any.
    json older = to_json(doc);
    older.erase("events");
    older.erase("events_dropped");
    CHECK(parse_file(older.dump(), "r.json").events.list().empty());

    CHECK(contains(refusal_with("/events/0/source", "rumour"), "events[0].source"));
    CHECK(contains(refusal_with("/events/0/end_s", -2), "events[0].end_s is before start_s"));
    CHECK(contains(refusal_with("/events/0/text", nullptr), "events[0].text is missing"));
    const json one = {{"start_s", 1}, {"source", "ceph"}, {"text", "x"}};
    CHECK(refusal_with("/events", json(512, one)).empty());
    CHECK(contains(refusal_with("/events", json(513, one)), "events has more than 512 members"));
}

TEST_CASE("result_file_has_parts_apart_from_operations") {
    json changed = to_json(sample::document(200));
    json& operations = changed["operations"];
    operations["s3/put.last"] = operations["s3/put"];
    operations["s3/put.last"]["part_of"] = "s3/put";
    const result_file read = parse_file(changed.dump(), "r.json");
    CHECK(read.operations.size() == 3);
    REQUIRE(read.operation_parts.size() == 1);
    CHECK(read.operation_parts[0].name == "s3/put.last");
    CHECK(read.operation_parts[0].part_of == "s3/put");
    CHECK(read.operation_parts[0].ok == find(read.operations, "s3/put")->ok);
}

TEST_CASE("result_file_gives_back_the_histograms_with_exact_extremes_and_mean") {
    const run_document doc = sample::document(2000);
    const result_file read = parse_file(to_text(doc), "r.json");
    for (std::size_t i = 0; i < doc.layout.operations.size(); ++i) {
        const stats::histogram& was = doc.figures.by_operation[i].service;
        const stats::histogram now = read.operations[i].service.decode();
        CHECK(now.significant_digits() == 3);
        CHECK(to_json(now) == to_json(was));
    }
    CHECK(read.intervals[0].operations[0].response.decode().significant_digits() == 2);
}

TEST_CASE("result_file_makes_of_an_intervals_histogram_what_the_interval_does_not_tell") {
    const json written = to_json(sample::document(2000));
    const json& brief = written["intervals"][0]["operations"]["s3/get"]["service"];
    CHECK_FALSE(brief.contains("p90_ns"));
    const result_file read = parse_file(written.dump(), "r.json");
    const latency_figures& whole = find(read.intervals[0].operations, "s3/get")->service;
    const stats::histogram all = whole.decode();
    CHECK(whole.p50_ns == brief["p50_ns"]);
    CHECK(whole.max_ns == brief["max_ns"]);
    CHECK(whole.p90_ns == all.value_at_percentile(90));
    CHECK(whole.p9999_ns == all.value_at_percentile(99.99));
    CHECK(whole.min_ns == all.min());
    CHECK(whole.min_ns > 0);
    CHECK(whole.stddev_ns > 0);
    CHECK(find(read.intervals[0].operations, "s3/get")->send_lag.count == 0);
}

TEST_CASE("result_file_from_every_version_loads") {
    const result_file latest = load_result(data_file("result_v2.json"));
    CHECK(latest.version == 2);
    CHECK(latest.total.ok > 0);
    CHECK(latest.intervals.size() > 0);
    CHECK(latest.intervals_joined == 1);
    const result_file now = load_result(data_file("result_v1.json"));
    CHECK(now.version == 1);
    CHECK(now.total.ok > 0);
    CHECK(now.total.response.decode().count() == now.total.response.count);
    CHECK(now.intervals.size() > 0);
    // The first builds that wrote version 1 had no verdicts, no health, no stages.
    const result_file first = load_result(data_file("result_v1_first.json"));
    CHECK_FALSE(first.document["run"].contains("verdicts"));
    CHECK(first.total.ok == now.total.ok);
    CHECK(first.health().empty());
    CHECK(load_file(data_file("sweep_v1.json")).kind == document_kind::sweep);
    CHECK(load_file(data_file("find_max_v1.json")).kind == document_kind::find_max);
    CHECK_THROWS_WITH_AS(load_result(data_file("sweep_v1.json")), doctest::Contains("of a sweep"),
                         config_error);
    CHECK(contains(refusal_with("/schema_version", 3), "format 3"));
    CHECK(contains(refusal_with("/schema_version", 0), "format 0"));
    CHECK(contains(refusal_with("/kind", "chopsticks-sweep"), "reads format 1"));
}

TEST_CASE("result_file_cut_anywhere_is_refused_in_one_line") {
    const std::string text = to_text(sample::document(50));
    for (std::size_t size = 0; size < text.size() - 2; size += 1 + size / 97) {
        const std::string why = refusal_of(text.substr(0, size));
        CAPTURE(size);
        REQUIRE(why.starts_with("r.json: "));
        REQUIRE(why.size() < 300);
        REQUIRE(why.find('\n') == std::string::npos);
    }
    CHECK(contains(refusal_of(text.substr(0, text.find("\"environment\"") + 5)), "cut short"));
    CHECK(contains(refusal_of(text + "{}"), "not JSON: at line"));
}

TEST_CASE("result_file_that_is_hostile_costs_a_message_and_no_more") {
    const std::string head = R"({"kind": "chopsticks-result", "schema_version": 1, )";
    CHECK(contains(refusal_of(std::string(1 << 20, '[')), "nested deeper than 64 levels"));
    std::string deep = head + "\"a\": ";
    for (int i = 0; i < 100'000; ++i)
        deep += "{\"b\":";
    CHECK(contains(refusal_of(deep), "a.b.b"));
    CHECK(contains(refusal_of(head + R"("run": {"id": "a", "x": 1, "id": "b"}})"),
                   "run: \"id\" is in it twice"));
    CHECK(contains(refusal_of(head + "\"x\": NaN}"), "not JSON"));
    CHECK(contains(refusal_of(head + "\"x\": Infinity}"), "not JSON"));
    CHECK(contains(refusal_of(head + "\"x\": 1e999}"), "not JSON"));
    CHECK(contains(refusal_of(head + "\"x\": \"\xff\"}"), "not JSON"));
    CHECK(contains(refusal_of(head + "\"" + std::string(1 << 20, 'k')), "cut short"));
    CHECK(contains(refusal_of(head + "\"intervals\": [1, 2]}"), "not a list of objects"));
    std::string many = head + "\"x\": [0";
    for (int i = 0; i < 4'000'000; ++i)
        many += ",0";
    CHECK(contains(refusal_of(many + "]}"), "more than 4000000 values"));

    const scratch_directory directory;
    const std::string path = directory / "large.json";
    std::ofstream(path).close();
    REQUIRE(::truncate(path.c_str(), (std::int64_t{512} << 20) + 1) == 0);
    CHECK_THROWS_WITH_AS(load_file(path), doctest::Contains("larger than 512 MiB"), config_error);
    CHECK_THROWS_WITH_AS(load_file(directory.path()), doctest::Contains("cannot read"),
                         config_error);
    // Nobody writes into it: to open it would wait for ever.
    const std::string pipe = directory / "pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    CHECK_THROWS_WITH_AS(load_file(pipe), doctest::Contains("not a file"), config_error);
    CHECK_THROWS_WITH_AS(load_file("/dev/zero"), doctest::Contains("not a file"), config_error);
}

TEST_CASE("result_file_with_figures_that_cannot_be_is_refused_with_their_place") {
    CHECK(contains(refusal_with("/total/ok", -1), "total.ok is not a count"));
    CHECK(contains(refusal_with("/total/skipped", -1), "total.skipped is not a count"));
    CHECK(contains(refusal_with("/total/bytes", count_max + 1), "more than any run counts"));
    CHECK(contains(refusal_with("/total/bytes", 1e30), "total.bytes is not a count"));
    CHECK(contains(refusal_with("/total/rate_per_s", 1e300), "total.rate_per_s is out of range"));
    CHECK(contains(refusal_with("/total/rate_per_s", nullptr), "total.rate_per_s is not a number"));
    CHECK(contains(refusal_with("/run/started_ns", ~0ULL), "run.started_ns is out of range"));
    CHECK(contains(refusal_with("/run/interval_s", 0), "run.interval_s is out of range"));
    CHECK(contains(refusal_with("/run/phases", 5), "run.phases is not a list"));
    CHECK(contains(refusal_with("/total/response/p99_ns", -5), "total.response.p99_ns"));
    CHECK(contains(refusal_with("/total/response/max_ns", 1e15), "total.response.max_ns"));
    CHECK(contains(refusal_with("/operations/s3~1put/errors/0/count", "2"),
                   "operations.s3/put.errors[0].count is not a count"));
    CHECK(contains(refusal_with("/intervals/1/operations/s3~1get/ok", -2),
                   "intervals[1].operations.s3/get.ok is not a count"));
    CHECK(contains(refusal_with("/intervals/2/phase", 1), "intervals[2].phase is not a text"));
    CHECK(contains(refusal_with("/stages/0/total", 1), "stages[0].total is not an object"));
}

TEST_CASE("result_file_whose_histogram_is_not_that_of_its_figures_is_refused") {
    const char* const damaged = "service.hdr is no histogram of the counts beside it";
    CHECK(contains(refusal_with("/total/service/hdr", "HISTFAAAAAAA"), damaged));
    CHECK(contains(refusal_with("/total/service/hdr", ""), damaged));
    CHECK(contains(refusal_with("/total/service/count", 7), damaged));
    CHECK(contains(refusal_with("/total/service/max_ns", 1), damaged));
    CHECK(contains(refusal_with("/total/service/min_ns", 3'600'000'000'000), damaged));
    CHECK(contains(refusal_with("/total/service/mean_ns", 0.0), damaged));
    CHECK(contains(refusal_with("/total/service/over_range", 500), damaged));
    // Figures that somebody made better than their counts are.
    const char* const edited = "is not what hdr has";
    CHECK(contains(refusal_with("/total/service/p99_ns", 1000), edited));
    CHECK(contains(refusal_with("/total/service/p50_ns", 3'000'000'000), edited));
    CHECK(contains(refusal_with("/operations/s3~1put/response/p9999_ns", 1), edited));
    CHECK(contains(refusal_with("/intervals/1/operations/s3~1get/response/p99_ns", 7), edited));
    // Another program's, of more digits: far larger inflated than one of ours.
    stats::histogram fine(5);
    for (std::int64_t i = 0; i < 100'000; ++i)
        fine.record(i * 30'000'001);
    const json large = to_json(fine);
    CHECK(contains(refusal_with("/total/service", large), damaged));
}
