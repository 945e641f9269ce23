// The report's paragraph about the cluster.

#include <doctest/doctest.h>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/terminal.hpp>

#include "../../support/contains.hpp"
#include "cluster_sample.hpp"
#include "sample.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;

namespace {

/// Without the ends of lines, which fall where there is room.
std::string words_of_report(const json& doc) {
    terminal_options options;
    options.width = 80;
    std::string out;
    for (const char c : render_report(doc, {}, options)) {
        const bool space = c == ' ' || c == '\n';
        if (!space || (!out.empty() && out.back() != ' ')) out += space ? ' ' : c;
    }
    return out;
}

json watched() {
    run_document doc = sample::document(300);
    sample::fill_cluster(doc);
    return to_json_without_intervals(doc);
}

}  // namespace

TEST_CASE("report_tells_of_the_cluster") {
    const std::string told = words_of_report(watched());
    CHECK(contains(told,
                   "Cluster Ceph 16.2.15, HEALTH_OK before the run, HEALTH_WARN (OSD_DOWN) after "
                   "it, 12 of 12 OSDs up, 33% full, OSD commit latency up to 12.2 ms (osd.7), "
                   "silence from 12.0 s to 15.0 s (no answer in time), 29.0 s to the end (no "
                   "answer yet)"));
    CHECK(contains(told,
                   "changed over the run: health: HEALTH_OK -> HEALTH_WARN (OSD_DOWN); pool "
                   "data, objects: 1 -> 2"));
    const std::size_t finding = told.find("10.0 s: s3/get fell from 300/s to 0/s");
    const std::size_t event = told.find("10.5 s to 14.5 s: osd.3 was down");
    CHECK(finding != std::string::npos);
    CHECK(event != std::string::npos);
    CHECK(finding < event);
}

TEST_CASE("report_of_a_run_without_a_cluster_does_not_mention_one") {
    CHECK_FALSE(
        contains(words_of_report(to_json_without_intervals(sample::document(300))), "Cluster"));
}

TEST_CASE("report_says_why_nothing_is_known_of_the_cluster") {
    json doc = watched();
    doc["cluster"]["problem"] = "no monitor answered\x1b[2J";
    const std::string told = words_of_report(doc);
    CHECK(contains(told, "Cluster could not be asked: no monitor answered?[2J"));
    CHECK_FALSE(contains(told, "HEALTH_OK before"));
}

TEST_CASE("report_of_a_cluster_of_which_little_is_known_is_short_and_safe") {
    json doc = watched();
    for (const char* part : {"samples", "silences", "changes", "before", "after", "questions"}) {
        for (const json& other : {json(nullptr), json(3), json("x"), json::array({1, nullptr})}) {
            json changed = doc;
            changed["cluster"][part] = other;
            CHECK(contains(words_of_report(changed), "Cluster Ceph 16.2.15"));
        }
    }
    doc["environment"]["ceph"] = nullptr;
    doc["cluster"]["silences"] = json::array();
    CHECK(contains(words_of_report(doc), "Cluster OSD commit latency up to 12.2 ms (osd.7)"));
}

TEST_CASE("report_counts_events_beyond_those_it_shows") {
    run_document doc = sample::document(300);
    sample::fill_cluster(doc);
    for (int i = 0; i < 20; ++i)
        doc.events.add({20.0 + i, std::nullopt, stats::event_source::ceph, "x"});
    CHECK(contains(words_of_report(to_json_without_intervals(doc)),
                   "and 14 more events of the cluster in the result"));
}
