// What drivers count of their own, from the document and back: nothing is lost, and what was made
// up is refused.

#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/kept_intervals.hpp>
#include <chopsticks/results/merge.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/terminal.hpp>
#include <functional>

#include "../../support/contains.hpp"
#include "sample.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;

namespace {

std::string why_refused(const json& document) {
    try {
        parse_file(document.dump(), "r.json");
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

/// That of the sample with another value at a place below driver_figures.
std::string why_refused_with(const std::string& pointer, const json& value) {
    static const json whole = to_json(sample::document(50));
    json changed = whole;
    changed[json::json_pointer("/driver_figures" + pointer)] = value;
    return why_refused(changed);
}

const driver_figure_record& figure(const result_file& file, const std::string& name) {
    for (const driver_figure_record& one : file.driver_figures) {
        if (one.of.what.name == name) return one;
    }
    FAIL("no figure " << name);
    return file.driver_figures.front();
}

/// One of several parts of a run: what is even over all of them is what all have.
run_document part_of_run(const std::string& id, std::uint64_t seed) {
    run_document doc = sample::document(10 + seed);  // no two parts did the same
    doc.run.id = id;
    doc.of_drivers = sample::driver_values(seed, 3);
    doc.measured_of_drivers = sample::driver_values(seed + 1, 3);
    doc.intervals.clear();
    for (std::uint64_t i = 0; i < 4; ++i) {
        const stats::driver_values own = sample::driver_values(seed + 10 * i, 2);
        interval one;
        one.t_s = static_cast<double>(i);
        one.duration_s = 1;
        one.phase = "measure";
        one.of_drivers = &own;
        doc.intervals.push_back(to_line(one, doc.layout));
    }
    return doc;
}

/// The whole of two such parts, as one process would have it.
run_document whole_of_run(std::uint64_t seed, std::uint64_t other) {
    run_document doc = part_of_run("whole", seed);
    stats::add_beside(doc.of_drivers, sample::driver_values(other, 3));
    stats::add_beside(doc.measured_of_drivers, sample::driver_values(other + 1, 3));
    doc.intervals.clear();
    for (std::uint64_t i = 0; i < 4; ++i) {
        stats::driver_values own = sample::driver_values(seed + 10 * i, 2);
        stats::add_beside(own, sample::driver_values(other + 10 * i, 2));
        interval one;
        one.t_s = static_cast<double>(i);
        one.duration_s = 1;
        one.phase = "measure";
        one.of_drivers = &own;
        doc.intervals.push_back(to_line(one, doc.layout));
    }
    return doc;
}

result_file merged_of(const run_document& a, const run_document& b) {
    std::vector<result_file> parts;
    parts.push_back(parse_file(to_text(a), "a.json"));
    parts.push_back(parse_file(to_text(b), "b.json"));
    return parse_file(merge(parts).text, "merged.json");
}

/// A few nanoseconds of a mean are lost where it was rounded.
void check_alike(const driver_span& a, const driver_span& b) {
    CHECK(a.kind == b.kind);
    CHECK(a.count == b.count);
    CHECK(a.known == b.known);
    CHECK(a.last == b.last);
    CHECK(a.lowest == b.lowest);
    CHECK(a.highest == b.highest);
    CHECK(a.times.hdr == b.times.hdr);
    CHECK(a.times.count == b.times.count);
    CHECK(a.times.max_ns == b.times.max_ns);
    CHECK(a.times.mean_ns == doctest::Approx(b.times.mean_ns));
}

}  // namespace

TEST_CASE("driver_figures_are_read_back_as_they_were_written") {
    const run_document doc = sample::document(50);
    const result_file read = parse_file(to_text(doc), "r.json");
    REQUIRE(read.driver_figures.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(read.driver_figures[i].of == doc.layout.driver_figures[i]);
        for (const bool measured : {true, false}) {
            const driver_span& span =
                measured ? read.driver_figures[i].measured : read.driver_figures[i].load;
            const stats::driver_value& was =
                (measured ? doc.measured_of_drivers : doc.of_drivers)[i];
            CHECK(span.kind == was.kind);
            CHECK(span.count == was.count);
            CHECK(span.known == was.known);
            CHECK(span.last == was.last);
            CHECK(span.lowest == was.lowest);
            CHECK(span.highest == was.highest);
            if (was.times) CHECK(to_json(span.times.decode()) == to_json(*was.times));
        }
    }
    // Per second of the measure phase, and of the load: 2 s of warm-up and 30 s.
    CHECK(figure(read, "reused").measured.per_s == doctest::Approx(103 / 30.0));
    CHECK(figure(read, "reused").load.per_s == doctest::Approx(108 / 32.0));
    REQUIRE(read.intervals.size() == 3);
    REQUIRE(read.intervals[2].driver_figures.size() == 4);
    CHECK(read.intervals[2].driver_figures[0].value.count == 102);
    CHECK(read.intervals[2].driver_figures[2].value.times.count == 50);
}

TEST_CASE("driver_figures_that_had_nothing_are_null_or_zero_and_absent_in_intervals") {
    stats::layout names = sample::names();
    names.driver_figures = sample::driver_figures();
    run_document doc(names);
    doc.run.id = "1";
    interval one;
    one.phase = "measure";
    one.of_drivers = &doc.of_drivers;
    doc.intervals.push_back(to_line(one, names));
    const json written = to_json(doc);
    CHECK(written["driver_figures"]["s3"]["reused"]["load"]["count"] == 0);
    CHECK(written["driver_figures"]["s3"]["in_flight_bytes"]["load"].is_null());
    CHECK(written["driver_figures"]["s3"]["handshake"]["load"]["hdr"] == "");
    CHECK_FALSE(written["intervals"][0].contains("driver_figures"));
    const result_file read = parse_file(to_text(doc), "r.json");
    CHECK_FALSE(figure(read, "in_flight_bytes").load.known);
    const std::string report = render_report(read.document, {}, {});
    CHECK_FALSE(contains(report, "Driver figures"));
    CHECK(format_driver_figures(doc.of_drivers, names.driver_figures, 1).empty());
}

TEST_CASE("merge_of_driver_figures_of_the_parts_is_the_whole") {
    const result_file merged = merged_of(part_of_run("a", 1), part_of_run("b", 4));
    const result_file whole = parse_file(to_text(whole_of_run(1, 4)), "whole.json");
    REQUIRE(merged.driver_figures.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(merged.driver_figures[i].of == whole.driver_figures[i].of);
        check_alike(merged.driver_figures[i].measured, whole.driver_figures[i].measured);
        check_alike(merged.driver_figures[i].load, whole.driver_figures[i].load);
    }
    REQUIRE(merged.intervals.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        REQUIRE(merged.intervals[i].driver_figures.size() == 4);
        for (std::size_t f = 0; f < 4; ++f)
            check_alike(merged.intervals[i].driver_figures[f].value,
                        whole.intervals[i].driver_figures[f].value);
    }
    // What each part had stays with it.
    CHECK(merged.parts()[1]["driver_figures"]["s3"]["reused"]["load"]["count"] == 104);
}

TEST_CASE("merge_leaves_out_what_parts_mean_different_things_by") {
    for (const auto& change : std::vector<std::function<void(stats::driver_figure&)>>{
             [](auto& f) { f.unit = "operations"; },
             [](auto& f) { f.kind = stats::figure_kind::gauge; }}) {
        run_document other = part_of_run("b", 4);
        change(other.layout.driver_figures[0].what);
        other.of_drivers = other.measured_of_drivers =
            stats::make_values(other.layout.driver_figures, 3);
        other.intervals.clear();
        const result_file merged = merged_of(part_of_run("a", 1), other);
        CHECK(merged.driver_figures.size() == 3);
        const json& warnings = merged.document["run"]["warnings"];
        CHECK(contains(warnings.dump(), "different things by the driver figure s3/reused"));
        for (const interval_figures& one : merged.intervals)
            CHECK(one.driver_figures.size() == 3);
    }
    // What only one of them counts is that one's.
    run_document other = part_of_run("b", 4);
    other.layout.driver_figures.clear();
    other.of_drivers.clear();
    other.measured_of_drivers.clear();
    other.intervals.clear();
    const result_file merged = merged_of(part_of_run("a", 1), other);
    CHECK(merged.driver_figures.size() == 4);
    CHECK(figure(merged, "reused").load.count == 101);
}

TEST_CASE("kept_intervals_that_are_joined_have_lost_nothing_of_drivers") {
    stats::layout names = sample::names();
    names.driver_figures = sample::driver_figures();
    for (const std::size_t count : {7U, 8U, 9U, 40U, 101U}) {
        CAPTURE(count);
        kept_intervals kept(names, 1, 8);
        stats::driver_values sum = stats::make_values(names.driver_figures, 2);
        for (std::size_t i = 0; i < count; ++i) {
            const stats::driver_values own = sample::driver_values(i, 2);
            stats::add_later(sum, own);
            interval one;
            one.t_s = static_cast<double>(i);
            one.duration_s = 1;
            one.phase = "measure";
            one.of_drivers = &own;
            kept.add(one, to_line(one, names));
        }
        run_document doc(names);
        doc.run.id = "1";
        doc.run.duration_s = 1;
        doc.run.intervals_joined = kept.joined();
        doc.intervals = kept.take();
        CHECK(doc.intervals.size() <= 8);
        const result_file read = parse_file(to_text(doc), "r.json");
        std::uint64_t events = 0;
        double lowest = 1e9;
        stats::histogram times(2);
        for (const interval_figures& one : read.intervals) {
            REQUIRE(one.driver_figures.size() == 4);
            events += one.driver_figures[0].value.count;
            lowest = std::min(lowest, one.driver_figures[1].value.lowest);
            times.add(one.driver_figures[2].value.times.decode());
        }
        CHECK(events == sum[0].count);
        CHECK(lowest == sum[1].lowest);
        CHECK(times.encode() == sum[2].times->encode());
        CHECK(read.intervals.back().driver_figures[1].value.last == sum[1].last);
    }
}

TEST_CASE("driver_figures_that_were_made_up_are_refused_with_their_place") {
    CHECK(why_refused(to_json(sample::document(50))).empty());
    const std::string s3 = "/s3";
    CHECK(contains(why_refused_with("", json::array({1})), "driver_figures is not by group"));
    CHECK(contains(why_refused_with("", 3), "driver_figures is not a list or an object"));
    CHECK(contains(why_refused_with("/s3", 3), "driver_figures.s3 is not an object"));
    CHECK(
        contains(why_refused_with("/s3/reused", "x"), "driver_figures.s3.reused is not an object"));
    CHECK(
        contains(why_refused_with("/s3/reused/kind", "meter"), "is none of counter, gauge, timer"));
    CHECK(contains(why_refused_with("/s3/reused/unit", "MB/s"), "a unit is a word"));
    CHECK(contains(why_refused_with("/s3/reused/unit", nullptr), "unit is missing"));
    CHECK(contains(why_refused_with("/s3/reused/description", "\x1b[31m"), "no description"));
    CHECK(contains(why_refused_with("/s3/handshake/unit", "ms"), "timers count in ns"));
    CHECK(contains(why_refused_with("/s3/reused/load/count", -1), "is not a count"));
    CHECK(contains(why_refused_with("/s3/reused/load/count", count_max + 1), "more than any run"));
    CHECK(contains(why_refused_with("/s3/reused/load", nullptr), "is not an object"));
    CHECK(contains(why_refused_with("/s3/in_flight_bytes/load/last", "NaN"), "is not a number"));
    CHECK(contains(why_refused_with("/s3/in_flight_bytes/load/max", 1e16), "out of range"));
    CHECK(contains(why_refused_with("/s3/in_flight_bytes/load/min", 1e6), "is above max"));
    CHECK(contains(why_refused_with("/s3/in_flight_bytes/over_cores", "mean"),
                   "neither sum nor highest"));
    CHECK(contains(why_refused_with("/s3/handshake/load/count", 51), "the file is damaged"));
    CHECK(contains(why_refused_with("/s3/handshake/measured/p99_ns", 5), "is not what hdr has"));
    CHECK(contains(why_refused_with("/s3/A name", json::object()), "is missing"));

    json whole = to_json(sample::document(50));
    json named = whole["driver_figures"]["s3"]["reused"];
    whole["driver_figures"]["s3"]["Re\x1b[2J"] = named;
    const std::string told = why_refused(whole);
    CHECK(contains(told, "a name begins with a small letter"));
    CHECK_FALSE(contains(told, "\x1b"));

    // An interval of what the head does not tell of, or of another kind.
    whole = to_json(sample::document(50));
    whole["driver_figures"]["s3"].erase("reused");
    CHECK(contains(why_refused(whole), "intervals[0].driver_figures.s3.reused is no figure that"));
    whole = to_json(sample::document(50));
    whole["intervals"][1]["driver_figures"]["s3"]["reused"] =
        whole["intervals"][1]["driver_figures"]["s3"]["handshake"];
    CHECK(contains(why_refused(whole), "intervals[1].driver_figures.s3.reused is no figure that"));

    // Too many: each would cost a merge its histograms.
    whole = to_json(sample::document(50));
    for (int i = 0; i < 1001; ++i)
        whole["driver_figures"]["s3"]["n" + std::to_string(i)] = named;
    CHECK(contains(why_refused(whole), "has more than 1000 members"));
}

TEST_CASE("driver_figures_are_shown_in_the_report_and_the_live_line") {
    const run_document doc = sample::document(50);
    const result_file read = parse_file(to_text(doc), "r.json");
    terminal_options how;
    how.width = 80;
    const std::string report = render_report(read.document, {}, how);
    CHECK(contains(report, "Driver figures"));
    CHECK(contains(report, "s3/reused"));
    CHECK(contains(report, "103 requests, 3.43/s"));
    CHECK(contains(report, "23, 15 to 39 bytes"));
    CHECK(contains(report, "50, p50 "));
    const std::string line =
        format_driver_figures(doc.measured_of_drivers, doc.layout.driver_figures, 2);
    CHECK(contains(line, "s3/reused 51.5/s, s3/in_flight_bytes 23, s3/handshake p99 "));
}
