#include <doctest/doctest.h>

#include "canned.hpp"
#include "ceph/beside/record.hpp"

using namespace chopsticks;
using namespace chopsticks::ceph::beside;

namespace {

sample at_second(double t_s, bool osd_is_down = false) {
    sample s;
    read_status(canned::all()[osd_is_down ? "status_osd_down" : "status"], s);
    s.t_s = t_s;
    if (osd_is_down) s.down = {0};
    return s;
}

sample with_pgs(double t_s, std::map<std::string, std::uint64_t> pgs) {
    sample s = at_second(t_s);
    s.pgs_total = 0;
    for (const auto& [state, count] : pgs)
        s.pgs_total += count;
    s.pgs = std::move(pgs);
    return s;
}

std::vector<std::string> texts(const std::vector<stats::event_mark>& marks) {
    std::vector<std::string> out;
    for (const stats::event_mark& m : marks) {
        char head[80];
        std::snprintf(head, sizeof head, "%g", m.start_s);
        out.push_back(std::string(name(m.source)) + " " + head);
        if (m.end_s) {
            std::snprintf(head, sizeof head, " to %g", *m.end_s);
            out.back() += head;
        }
        out.back() += ": " + m.text;
    }
    return out;
}

}  // namespace

TEST_CASE("cluster_that_stays_as_it_is_has_no_events") {
    record r(1);
    for (int i = 0; i < 100; ++i)
        r.add(at_second(i));
    r.finish(100);
    CHECK(r.take_marks().empty());
    CHECK(r.silences().empty());
    CHECK(r.samples().size() == 100);
    CHECK(r.every_s() == 1);
}

TEST_CASE("osd_that_goes_down_and_comes_up_is_told") {
    record r(1);
    for (int i = 0; i < 10; ++i)
        r.add(at_second(i, i >= 3 && i < 7));
    r.finish(10);
    CHECK(texts(r.take_marks()) ==
          std::vector<std::string>{
              "ceph 3: HEALTH_OK -> HEALTH_WARN: OSD_DOWN (1 osds down); OSD_HOST_DOWN (1 host (1 "
              "osds) down); OSD_ROOT_DOWN (1 root (1 osds) down)",
              "ceph 7: HEALTH_WARN -> HEALTH_OK: OSD_DOWN, OSD_HOST_DOWN, OSD_ROOT_DOWN no more",
              "ceph 3 to 7: osd.0 was down", "ceph 3 to 6: up to 41 PGs were stale"});
}

TEST_CASE("osd_that_goes_down_under_load_is_a_finding") {
    record r(1);
    for (int i = 0; i < 20; ++i) {
        const bool down = i >= 10 && i < 14;
        r.add(at_second(i, down));
        load_interval one{static_cast<double>(i), 1, "measure", {}};
        one.operations.push_back({"disks/read", down ? 0U : 1000U, 2'000'000, 16});
        r.add(one);
    }
    r.finish(20);
    std::vector<std::string> findings;
    for (const stats::event_mark& m : r.take_marks()) {
        if (m.source == stats::event_source::finding) findings.push_back(m.text);
    }
    // What follows tells the end.
    REQUIRE(!findings.empty());
    findings.resize(1);
    CHECK(findings ==
          std::vector<std::string>{"disks/read fell from 1.00k/s to 0/s at 00:00:10 UTC, when "
                                   "osd.0 went down, 41 PGs became stale"});
}

TEST_CASE("work_that_pauses_is_one_span") {
    record r(1);
    for (int i = 0; i < 40; ++i) {
        const bool scrubs = i >= 5 && i < 20 && i % 3 == 0;
        r.add(with_pgs(i, {{"active+clean", 40},
                           {scrubs ? "active+clean+scrubbing" : "active+clean+laggy", 1}}));
    }
    r.finish(40);
    CHECK(texts(r.take_marks()) == std::vector<std::string>{"ceph 6 to 18: 1 PG was scrubbing"});
}

TEST_CASE("states_are_told_by_their_words") {
    record r(1);
    r.add(with_pgs(0, {{"active+clean", 32}}));
    r.add(with_pgs(1, {{"active+remapped+backfilling", 24},
                       {"active+remapped+backfill_wait", 3},
                       {"active+recovering+degraded", 2},
                       {"active+clean+scrubbing+deep", 1},
                       {"peering", 2}}));
    r.finish(2);
    CHECK(texts(r.take_marks()) ==
          std::vector<std::string>{
              "ceph 1 to 2: up to 24 PGs were backfilling", "ceph 1 to 2: 1 PG was deep-scrubbing",
              "ceph 1 to 2: up to 2 PGs were degraded", "ceph 1 to 2: up to 2 PGs were inactive",
              "ceph 1 to 2: up to 2 PGs were peering", "ceph 1 to 2: up to 2 PGs were recovering"});
}

TEST_CASE("what_the_cluster_did_before_the_load_is_no_cause") {
    record r(1);
    for (int i = 0; i < 20; ++i) {
        r.add(with_pgs(i, {{"active+remapped+backfilling", 24}}));
        load_interval one{static_cast<double>(i), 1, "measure", {}};
        one.operations.push_back({"disks/read", 1000, i == 10 ? 90'000'000 : 2'000'000, 16});
        r.add(one);
    }
    r.finish(20);
    CHECK(texts(r.take_marks()) ==
          std::vector<std::string>{"ceph 0 to 20: up to 24 PGs were backfilling"});
}

TEST_CASE("silence_lasts_from_what_was_asked_to_the_next_answer") {
    record r(1);
    r.add(at_second(11));
    r.silent(12, "no answer in time");
    r.silent(15, "no answer in time");
    r.add(at_second(18.5));
    r.silent(20, "no answer yet");
    r.finish(30);
    REQUIRE(r.silences().size() == 2);
    CHECK(r.silences()[0].start_s == 12);
    CHECK(r.silences()[0].end_s == 18.5);
    CHECK(r.silences()[0].problem == "no answer in time");
    CHECK(r.silences()[1].start_s == 20);
    CHECK_FALSE(r.silences()[1].end_s);
}

TEST_CASE("silence_is_no_event_of_the_cluster") {
    record r(1);
    r.add(at_second(1));
    r.silent(2, "x");
    r.add(at_second(9));
    r.finish(10);
    CHECK(r.take_marks().empty());
}

TEST_CASE("samples_and_silences_are_bounded") {
    record r(1);
    for (int i = 0; i < 10'000; ++i) {
        r.add(at_second(i));
        r.silent(i + 0.5, "x");
    }
    CHECK(r.samples().size() <= record::samples_most);
    CHECK(r.samples().size() > record::samples_most / 2 - 1);
    CHECK(r.every_s() == 16);
    for (std::size_t i = 0; i < r.samples().size(); ++i)
        CHECK(r.samples()[i].t_s == static_cast<double>(i) * 16);
    CHECK(r.silences().size() == record::silences_most);
    CHECK(r.silences_dropped() == 10'000 - record::silences_most);
}
