#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/merge.hpp>
#include <functional>

#include "../../support/contains.hpp"
#include "sample.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;

namespace {

/// What is recorded for the totals, the stages and the intervals alike: `count` operations, of
/// which some are shed and some unfinished. With `of` above 1, only every `of`th, from `first`.
void record_share(stats::recorder& recorder, std::uint64_t seed, std::size_t first,
                  std::size_t of) {
    random_stream random(seed);
    for (std::size_t i = 0; i < 3000; ++i) {
        const auto ns = static_cast<std::int64_t>(1e6 * std::exp(random.normal()));
        if (i % of != first) continue;
        const auto op = static_cast<std::uint16_t>(i % 3);
        if (i % 53 == 7) {
            recorder.unfinished(op, ns * 3, false);
            continue;
        }
        if (i % 91 == 5) {
            recorder.shed(op);
            continue;
        }
        if (i % 17 == 3) {
            stats::failure f;
            f.op = op;
            f.status = i % 2 == 0 ? op_status::timeout : op_status::slow_down;
            if (i % 2 != 0) f.native = native_code::of_http(503);
            f.done_ns = ns;
            recorder.record(f);
            continue;
        }
        stats::sample s;
        s.op = op;
        s.endpoint = static_cast<std::uint16_t>(i % 2);
        s.size = i % 5 == 0 ? 4096 : 1 << 20;
        s.bytes = s.size;
        s.sent_ns = ns / 100;
        s.first_byte_ns = ns / 2;
        s.done_ns = ns;
        recorder.record(s);
        if (op != 1) continue;
        s.op = 0;
        recorder.record_part(s);
    }
}

/// A run, or a share of the same run.
run_document document_of(const std::string& id, std::size_t first, std::size_t of) {
    run_document doc = sample::document(10);
    doc.run.id = id;
    doc.layout.parts = {{"s3/put.last", 1}};
    doc.figures = stats::totals(doc.layout, 3);
    stats::recorder recorder(doc.layout);
    record_share(recorder, 1, first, of);
    recorder.add_to(doc.figures);
    for (stats::stage_figures& stage : doc.stages) {
        stage.figures = stats::totals(doc.layout, 3);
        recorder.add_to(stage.figures);
    }
    doc.intervals.clear();
    for (std::uint64_t i = 0; i < 5; ++i) {
        stats::recorder second(doc.layout);
        record_share(second, 100 + i, first, of);
        stats::totals figures(doc.layout, 2);
        second.add_to(figures);
        interval one;
        one.t_s = static_cast<double>(i);
        one.duration_s = 1;
        one.phase = i == 0 ? "warmup" : "measure";
        one.figures = &figures;
        one.load.issued = 10;
        one.load.intended = 20;
        one.cores_busy = {0.5};
        doc.intervals.push_back(to_line(one, doc.layout));
    }
    return doc;
}

result_file loaded(const run_document& doc) {
    return parse_file(to_text(doc), doc.run.id + ".json");
}

/// Two thirds and a third of one run.
std::vector<result_file> shares() {
    std::vector<result_file> out;
    for (std::size_t i = 0; i < 3; ++i)
        out.push_back(loaded(document_of(std::string(1, static_cast<char>('a' + i)), i, 3)));
    return out;
}

/// Means and deviations of parts that were rounded, to what is left of them.
void check_same(const json& a, const json& b, const std::string& where) {
    CAPTURE(where);
    if (a.is_object() && b.is_object()) {
        for (const auto& [key, value] : a.items()) {
            REQUIRE_MESSAGE(b.contains(key), where << "/" << key);
            check_same(value, b[key], where + "/" + key);
        }
        CHECK(a.size() == b.size());
    } else if (a.is_number_float() && b.is_number()) {
        CHECK(a.get<double>() == doctest::Approx(b.get<double>()).epsilon(1e-9));
    } else if (where.ends_with("/errors")) {
        // In the order in which they were seen.
        REQUIRE(a.size() == b.size());
        for (const json& row : a)
            CHECK(std::find(b.begin(), b.end(), row) != b.end());
    } else {
        CHECK(a == b);
    }
}

std::string refusal_of(const std::vector<result_file>& parts) {
    try {
        merge(parts);
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

std::vector<result_file> pair_with(const std::function<void(run_document&)>& change) {
    run_document other = document_of("b", 1, 2);
    change(other);
    std::vector<result_file> out;
    out.push_back(loaded(document_of("a", 0, 2)));
    out.push_back(loaded(other));
    return out;
}

}  // namespace

TEST_CASE("merge_of_the_parts_of_a_run_is_the_whole_to_the_bucket") {
    const json whole = to_json(document_of("whole", 0, 1));
    const json merged = json::parse(merge(shares()).text);
    for (const char* const key : {"operations", "total", "by_endpoint"})
        check_same(whole[key], merged[key], key);
    CHECK(merged["operations"]["s3/put.last"]["part_of"] == "s3/put");
    for (std::size_t s = 0; s < 2; ++s) {
        check_same(whole["stages"][s]["operations"], merged["stages"][s]["operations"], "stage");
        check_same(whole["stages"][s]["total"], merged["stages"][s]["total"], "stage");
    }
    REQUIRE(merged["intervals"].size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        const json& one = merged["intervals"][i];
        check_same(whole["intervals"][i]["operations"], one["operations"], "interval");
        CHECK(one["t_s"] == i);
        CHECK(one["phase"] == (i == 0 ? "warmup" : "measure"));
        CHECK(one["parts"] == 3);
        CHECK(one["load"]["issued"] == 30);
        CHECK(one["load"]["achieved_share"] == 0.5);
        CHECK(one["cores_busy"].size() == 3);
    }
}

TEST_CASE("merge_keeps_what_operations_are_made_of_in_no_total") {
    std::vector<result_file> parts;
    for (const char* const id : {"a", "b"}) {
        run_document doc = sample::document(10);
        doc.run.id = id;
        doc.layout.parts = {{"s3/put.data", 1}};
        doc.figures = stats::totals(doc.layout, 3);
        stats::recorder recorder(doc.layout);
        stats::sample s;
        s.done_ns = 5000;
        recorder.record_part(s);
        recorder.add_to(doc.figures);
        doc.stages.clear();
        parts.push_back(loaded(doc));
    }
    const json merged = merge(parts).document;
    CHECK(merged["operations"]["s3/put.data"]["ok"] == 2);
    CHECK(merged["operations"]["s3/put.data"]["part_of"] == "s3/put");
    CHECK(merged["operations"]["s3/put"]["ok"] == 0);
    CHECK(merged["total"]["ok"] == 0);
}

TEST_CASE("merged_result_loads_like_any_other_and_names_its_parts") {
    const merged_result merged = merge(shares());
    const result_file read = parse_file(merged.text, "m.json");
    CHECK(read.kind == document_kind::run);
    CHECK(read.valid);
    CHECK(read.duration_s == 30);
    const bool same = read.document == merged.document;
    CHECK(same);
    REQUIRE(read.parts().size() == 3);
    CHECK(read.parts()[1]["run"]["id"] == "b");
    CHECK(read.parts()[1]["offset_s"] == 0);
    CHECK(read.parts()[1]["total"] == loaded(document_of("b", 1, 3)).document["total"]);
    CHECK(read.load.intended == 3 * 30'013);
    CHECK(read.groups()["s3"]["pacing"].is_null());
    CHECK(read.generator()["cores"].size() == 6);
    CHECK(read.generator()["nic"]["eth0"]["rx_bytes"] == 3'000'000);
    CHECK(read.health()["ports"]["left_min"] == 27'975);
    CHECK(read.health()["loop_turns"]["count"] == 3003);
    CHECK(read.health()["cpu"]["steal_share"] == 0.004);
    const std::string lines = render_parts(merged.document, 80);
    CHECK(contains(lines, "bench-1"));
    CHECK(contains(lines, "0.000 s"));
}

TEST_CASE("merge_is_the_same_in_any_order_and_in_any_steps") {
    const std::string at_once = merge(shares()).text;
    std::vector<result_file> turned = shares();
    std::swap(turned[0], turned[2]);
    CHECK(merge(turned).text == at_once);
    std::vector<result_file> steps = shares();
    std::vector<result_file> two;
    two.push_back(parse_file(
        [&] {
            std::vector<result_file> first;
            first.push_back(std::move(steps[0]));
            first.push_back(std::move(steps[1]));
            return merge(first).text;
        }(),
        "ab.json"));
    two.push_back(std::move(steps[2]));
    const json stepwise = json::parse(merge(two).text);
    const json all = json::parse(at_once);
    CHECK(stepwise["run"]["id"] == all["run"]["id"]);
    CHECK(stepwise["parts"] == all["parts"]);
    check_same(all["operations"], stepwise["operations"], "operations");
    check_same(all["intervals"][3]["operations"], stepwise["intervals"][3]["operations"], "3");
}

TEST_CASE("merge_puts_intervals_together_by_the_wall_clock") {
    const merged_result merged =
        merge(pair_with([](run_document& doc) { doc.run.started_ns += 2'300'000'000; }));
    const json all = json::parse(merged.text);
    CHECK(all["parts"][0]["offset_s"] == 0);
    CHECK(all["parts"][1]["offset_s"] == 2.3);
    std::vector<std::string> seen;
    for (const json& one : all["intervals"]) {
        seen.push_back(one["phase"].get<std::string>() + " " + one["t_s"].dump() + " " +
                       one["parts"].dump());
    }
    // The warm-up of the one meets the measure phase of the other: kept apart.
    CHECK(seen == std::vector<std::string>{"warmup 0.0 1", "measure 1.0 1", "measure 2.0 1",
                                           "warmup 2.3 1", "measure 3.0 2", "measure 4.0 2",
                                           "measure 5.3 1", "measure 6.3 1"});
    // 27.7 of 30 s together are enough; the phases span both.
    CHECK(all["validity"]["valid"] == true);
    CHECK(all["run"]["phases"][2]["duration_s"] == 32.3);
}

TEST_CASE("merge_has_the_events_of_all_parts_on_the_axis_of_its_intervals") {
    // The second part began 1.5 s later: what both tell of 3 s after the first one's beginning.
    const auto parts = pair_with([](run_document& doc) {
        doc.run.started_ns += 1'500'000'000;
        doc.events = {};
        doc.events.add({1.5, 2.5, stats::event_source::ceph, "osd.3 down"});
        doc.events.add_dropped(7);
    });
    const json merged = json::parse(merge(parts).text);
    REQUIRE(merged["events"].size() == 3);
    const json& last = merged["events"][2];
    CHECK(last["start_s"] == 3.0);
    CHECK(last["end_s"] == 4.0);
    CHECK(last["text"] == "osd.3 down");
    CHECK(merged["events_dropped"] == 7);
}

TEST_CASE("merge_keeps_what_each_part_saw_of_the_cluster") {
    const json merged = json::parse(merge(pair_with([](run_document& doc) {
                                        doc.cluster = {{"client", "client.admin"}};
                                    })).text);
    CHECK(merged["cluster"].is_null());
    int seen = 0;
    for (const json& part : merged["parts"])
        seen += part["cluster"].is_object() ? 1 : 0;
    CHECK(seen == 1);
}

TEST_CASE("merge_of_parts_that_did_not_measure_together_is_not_valid") {
    const merged_result merged =
        merge(pair_with([](run_document& doc) { doc.run.started_ns += 20'000'000'000; }));
    CHECK(merged.document["validity"]["valid"] == false);
    CHECK(contains(merged.document["validity"]["reasons"][0].get<std::string>(),
                   "for only 10.0 of 30.0 s"));
    CHECK(merged.document["run"]["verdicts"]["generator"] == "was_limit");
}

TEST_CASE("merge_takes_over_what_made_a_part_bad") {
    const merged_result merged = merge(pair_with([](run_document& doc) {
        doc.validity = {false, {"core 0 was 99% busy"}};
        doc.run.verdicts = {generator_verdict::was_limit, target_verdict::failed,
                            left_verdict::something};
        doc.run.interrupted = true;
        doc.environment.host = "bench-2";
        doc.data.left = {{"object", "b/x", 3, true, ""}};
    }));
    const json& doc = merged.document;
    CHECK(doc["validity"]["reasons"][0] == "bench-2 (b): core 0 was 99% busy");
    CHECK(doc["run"]["verdicts"]["target"] == "failed");
    CHECK(doc["run"]["verdicts"]["left_behind"] == "something");
    CHECK(doc["run"]["exit_status"] == 130);
    CHECK(doc["data"]["left"].size() == 1);
}

TEST_CASE("merge_refuses_what_is_not_a_part_of_the_same_load") {
    CHECK(contains(refusal_of({}), "2 to 512 results"));
    CHECK(contains(refusal_of(pair_with([](run_document& doc) { doc.run.id = "a"; })),
                   "run a is in it twice"));
    CHECK(contains(
        refusal_of(pair_with([](run_document& doc) { doc.scenario.groups[0].open->rate = 2000; })),
        "not the same scenario: groups/0/load/open/rate_per_s: 1000.0 and 2000.0"));
    CHECK(contains(refusal_of(pair_with([](run_document& doc) { doc.run.interval_s = 2; })),
                   "intervals of different lengths"));
    CHECK(contains(refusal_of(pair_with([](run_document& doc) { doc.workload.driver = "beast"; })),
                   "not the same driver"));
    CHECK(refusal_of(pair_with([](run_document& doc) {
              doc.scenario.seed = 5;
              doc.scenario.file = "elsewhere.yaml";
          })).empty());
    // The same run under another id.
    std::vector<result_file> renamed = shares();
    renamed.push_back(renamed[0]);
    renamed.back().run_id = "other";
    renamed.back().document["run"]["id"] = "other";
    CHECK(contains(refusal_of(renamed), "is in it twice, also as"));
    std::vector<result_file> nested;
    nested.push_back(parse_file(merge(shares()).text, "m.json"));
    nested.push_back(loaded(document_of("c", 2, 3)));
    CHECK(contains(refusal_of(nested), "run c is in it twice"));
}
