#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "ceph/beside/findings.hpp"

using namespace chopsticks::ceph::beside;

namespace {

/// 2026-11-28T12:00:00Z
constexpr std::int64_t noon_ns = 1'795'867'200'000'000'000;

/// A load of one operation, an interval a second.
class simulated {
  public:
    void interval(double p99_ms, std::uint64_t ok = 1000, double offered = 16) {
        load_interval one{second_, 1, phase, {}};
        one.operations.push_back(
            {"disks/read", ok, static_cast<std::int64_t>(p99_ms * 1e6), offered});
        one.held_up_share = held_up;
        rule.add(one);
        second_ += 1;
    }
    void calm(int intervals) {
        for (int i = 0; i < intervals; ++i)
            interval(2.0 + 0.1 * (i % 3));
    }
    void happens(const char* text, double unseen_s = 8, bool relieves = false) {
        rule.add(std::vector<cause>{{second_ - 1, second_, unseen_s, text, relieves}});
    }
    /// What began; what ended is in `ends`.
    std::vector<std::string> found() {
        rule.finish();
        std::vector<std::string> out;
        for (const finding& one : rule.take())
            (one.of_end ? ends : out).push_back(one.text);
        return out;
    }
    std::vector<std::string> ends;

    finding_rule rule{noon_ns};
    std::string phase = "measure";
    double held_up = 0;

  private:
    double second_ = 0;
};

}  // namespace

TEST_CASE("finding_joins_a_rise_with_what_the_cluster_began_then") {
    simulated s;
    s.calm(10);
    s.happens("24 PGs began to backfill");
    s.interval(9.8);
    s.calm(5);
    CHECK(s.found() == std::vector<std::string>{
                           "p99(disks/read) rose from 2.10 ms to 9.80 ms at 12:00:10 UTC, when 24 "
                           "PGs began to backfill"});
}

TEST_CASE("finding_has_the_time_at_which_its_effect_began") {
    simulated s;
    s.calm(10);
    s.happens("osd.0 went down", 25);
    s.interval(0, 0);
    s.interval(0, 0);
    s.calm(5);
    s.rule.finish();
    const std::vector<finding> found = s.rule.take();
    REQUIRE(found.size() == 2);
    CHECK(found[0].start_s == 10);
    CHECK_FALSE(found[0].of_end);
    CHECK(found[1].start_s == 12);
    CHECK(found[1].of_end);
    CHECK(found[0].text ==
          "disks/read fell from 1.00k/s to 0/s at 12:00:10 UTC, when osd.0 went down");
}

TEST_CASE("what_was_bad_by_chance_hides_no_finding") {
    // Not over when the OSD goes: three calm intervals end it.
    for (const int since : {2, 3, 5}) {
        for (const bool rate : {false, true}) {
            simulated s;
            s.calm(10);
            rate ? s.interval(2, 300) : s.interval(90);
            s.calm(since);
            s.happens("osd.0 went down", 0);
            for (int i = 0; i < 8; ++i)
                s.interval(0, 0);
            s.happens("osd.0 came up again", 0, true);
            s.interval(900, 1400);
            s.calm(5);
            const std::string at = std::to_string(11 + since);
            INFO(since, " ", rate);
            CHECK(s.found() ==
                  std::vector<std::string>{"disks/read fell from 1.00k/s to 0/s at 12:00:" + at +
                                           " UTC, when osd.0 went down"});
            CHECK(s.ends.size() == 1);
        }
    }
}

TEST_CASE("one_bad_interval_among_the_usual_ones_hides_no_finding") {
    // Too few were before it for it to be out of bounds.
    for (const std::uint64_t served : {0, 300}) {
        simulated s;
        s.calm(2);
        s.interval(900, served);
        s.calm(4);
        s.happens("osd.0 went down");
        s.interval(90, 0);
        s.interval(90, 0);
        s.calm(5);
        CHECK(s.found() ==
              std::vector<std::string>{
                  "disks/read fell from 1.00k/s to 0/s at 12:00:07 UTC, when osd.0 went down"});
    }
}

TEST_CASE("what_held_up_the_generator_is_no_effect") {
    for (const double held_up : {0.9, 0.1}) {
        simulated s;
        s.calm(10);
        s.happens("24 PGs began to backfill");
        s.held_up = held_up;
        s.interval(900, 80);
        s.held_up = 0;
        s.calm(5);
        CHECK(s.found().size() == (held_up > 0.5 ? 0 : 1));
    }
}

TEST_CASE("effect_with_breaks_is_one_finding") {
    simulated s;
    s.calm(10);
    s.happens("osd.0 went down", 0);
    s.interval(90);
    s.calm(1);
    s.interval(0, 0);
    s.calm(2);
    s.interval(0, 0);
    s.calm(5);
    CHECK(s.found() == std::vector<std::string>{
                           "p99(disks/read) rose from 2.10 ms to 90.0 ms, and its rate fell from "
                           "1.00k/s to 0/s at 12:00:10 UTC, when osd.0 went down"});
    CHECK(s.ends.size() == 1);
}

TEST_CASE("end_of_an_effect_is_told_with_what_the_cluster_did_then") {
    for (const int outage : {4, 20, 50}) {
        // 50: long after what is usual has become another thing.
        simulated s;
        s.calm(10);
        s.happens("osd.0 went down", 25);
        for (int i = 0; i < outage; ++i)
            s.interval(0, 0);
        s.happens("osd.0 came up again", 0, true);
        // What had waited is answered.
        s.interval(900, 1400);
        s.interval(2, 990);
        s.calm(5);
        const auto began = s.found();
        REQUIRE(s.ends.size() == 1);
        const std::string at = std::to_string(11 + outage);
        const std::string clock = outage == 50 ? "12:01:01" : "12:00:" + at;
        CHECK(s.ends[0].find("disks/read was back at ") == 0);
        CHECK(s.ends[0].find(", p99 2.") != std::string::npos);
        CHECK(s.ends[0].find(", at " + clock + " UTC, " + std::to_string(outage + 1) +
                             ".0 s after that began, when osd.0 came up again") !=
              std::string::npos);
    }
}

TEST_CASE("end_of_an_effect_has_no_cause_that_is_far_away") {
    simulated s;
    s.calm(10);
    s.happens("osd.0 went down", 25);
    s.happens("osd.9 came up again", 0, true);
    for (int i = 0; i < 15; ++i)
        s.interval(0, 0);
    s.calm(5);
    s.found();
    REQUIRE(s.ends.size() == 1);
    CHECK(s.ends[0].find(", 15.0 s after that began") + 25 == s.ends[0].size());
}

TEST_CASE("effect_that_does_not_end_is_told_so") {
    SUBCASE("with the load") {
        simulated s;
        s.calm(10);
        s.happens("osd.0 went down", 25);
        for (int i = 0; i < 12; ++i)
            s.interval(0, 0);
        s.found();
        CHECK(s.ends == std::vector<std::string>{
                            "disks/read was not back yet when the load ended, at 12:00:22 UTC, "
                            "12.0 s after that began"});
    }
    SUBCASE("with the phase") {
        simulated s;
        s.calm(10);
        s.happens("osd.0 went down", 25);
        for (int i = 0; i < 12; ++i)
            s.interval(0, 0);
        s.phase = "drain";
        s.interval(0, 0);
        s.found();
        CHECK(s.ends == std::vector<std::string>{
                            "disks/read was not back yet when the phase measure ended, at 12:00:22 "
                            "UTC, 12.0 s after that began"});
    }
    SUBCASE("but not where another load began") {
        simulated s;
        s.calm(10);
        s.happens("osd.0 went down", 25);
        for (int i = 0; i < 4; ++i)
            s.interval(0, 0);
        for (int i = 0; i < 12; ++i)
            s.interval(0, 0, 64);
        s.found();
        CHECK(s.ends.empty());
    }
}

TEST_CASE("effect_without_a_cause_is_no_finding") {
    simulated s;
    s.calm(10);
    s.interval(50, 100);
    s.calm(20);
    CHECK(s.found().empty());
}

TEST_CASE("cause_without_an_effect_is_no_finding") {
    simulated s;
    s.calm(10);
    s.happens("24 PGs began to backfill");
    s.calm(20);
    CHECK(s.found().empty());
}

TEST_CASE("cause_and_effect_far_from_each_other_are_no_finding") {
    SUBCASE("the effect came too late") {
        simulated s;
        s.calm(10);
        s.happens("8 PGs began to recover");
        s.calm(6);
        s.interval(50);
        s.calm(5);
        CHECK(s.found().empty());
    }
    SUBCASE("the cluster told of it too late") {
        simulated s;
        s.calm(10);
        s.interval(50);
        s.calm(10);
        s.happens("8 PGs began to recover");
        s.calm(5);
        CHECK(s.found().empty());
    }
    SUBCASE("and was over when the cluster told of it") {
        simulated s;
        s.calm(10);
        s.interval(50);
        s.calm(20);
        s.happens("osd.3 went down", 25);
        s.calm(5);
        CHECK(s.found().empty());
    }
}

TEST_CASE("osd_that_died_in_silence_explains_what_lasted_until_it_was_missed") {
    simulated s;
    s.calm(10);
    for (int i = 0; i < 20; ++i)
        s.interval(2, 300);
    s.happens("osd.3 went down", 25);
    s.calm(5);
    CHECK(s.found() == std::vector<std::string>{
                           "disks/read fell from 1.00k/s to 300/s at 12:00:10 UTC, 20.0 s before "
                           "the cluster told: osd.3 went down"});
}

TEST_CASE("effect_a_while_after_its_cause_says_so") {
    simulated s;
    s.calm(10);
    s.happens("8 PGs began to recover");
    s.calm(4);
    s.interval(50);
    s.calm(5);
    const auto found = s.found();
    REQUIRE(found.size() == 1);
    CHECK(found[0].find("at 12:00:14 UTC, 4.0 s after 8 PGs began to recover") !=
          std::string::npos);
}

TEST_CASE("nearest_of_several_causes_is_told") {
    simulated s;
    s.calm(10);
    s.happens("1 PG began to scrub");
    s.calm(3);
    s.interval(50);
    s.happens("osd.0 went down", 25);
    s.calm(5);
    const auto found = s.found();
    REQUIRE(found.size() == 1);
    CHECK(found[0].find("when osd.0 went down") != std::string::npos);
    CHECK(found[0].find("scrub") == std::string::npos);
}

TEST_CASE("cause_behind_the_nearest_is_told_with_it") {
    // An OSD says that it goes, and serves for a moment more.
    simulated s;
    s.calm(10);
    s.happens("osd.0 went down", 25);
    s.calm(1);
    s.happens("49 PGs became stale");
    s.interval(0, 0);
    s.interval(0, 0);
    const auto found = s.found();
    REQUIRE(found.size() == 1);
    CHECK(found[0] ==
          "disks/read fell from 1.00k/s to 0/s at 12:00:11 UTC, when 49 PGs became stale, osd.0 "
          "went down");
}

TEST_CASE("what_one_look_showed_is_told_together") {
    simulated s;
    s.calm(10);
    s.rule.add(std::vector<cause>{{9, 10, 25, "osd.0 went down"},
                                  {9, 10, 8, "a"},
                                  {9, 10, 8, "b"},
                                  {9, 10, 8, "c"},
                                  {9, 10, 8, "d"}});
    s.interval(50, 200);
    s.calm(5);
    const auto found = s.found();
    REQUIRE(found.size() == 1);
    CHECK(found[0] ==
          "p99(disks/read) rose from 2.10 ms to 50.0 ms, and its rate fell from 1.00k/s to 200/s "
          "at 12:00:10 UTC, when osd.0 went down, a, b, and 2 more");
}

TEST_CASE("finding_between_looks_that_are_far_apart_says_how_far") {
    simulated s;
    s.calm(10);
    s.interval(50);
    s.calm(4);
    s.rule.add(std::vector<cause>{{0, 15, 8, "osd.0 went down"}});
    s.calm(3);
    const auto found = s.found();
    REQUIRE(found.size() == 1);
    CHECK(found[0].find("at 12:00:10 UTC, in the 15.0 s in which osd.0 went down") !=
          std::string::npos);
}

TEST_CASE("rate_that_falls_behind_a_rise_is_told") {
    // The interval in which an OSD stops is slow; in those after it nothing is served.
    for (const int slow : {1, 20}) {
        simulated s;
        s.calm(10);
        s.happens("osd.0 went down", 25);
        for (int i = 0; i < slow; ++i)
            s.interval(9);
        if (slow > 1) s.happens("osd.1 went down");
        for (int i = 0; i < 8; ++i)
            s.interval(0, 0);
        const auto found = s.found();
        CAPTURE(found.back());
        REQUIRE(found.size() == (slow == 1 ? 1 : 2));
        CHECK(found[0].find("p99(disks/read) rose from 2.10 ms to 9.00 ms") == 0);
        CHECK(found.back().find(" fell from 1.00k/s to 0/s") != std::string::npos);
        CHECK(s.ends.size() == 1);
    }
}

TEST_CASE("effect_that_lasts_is_one_finding") {
    simulated s;
    s.calm(10);
    s.happens("24 PGs began to backfill");
    for (int i = 0; i < 20; ++i) {
        s.interval(9 + 0.5 * (i % 4));
        s.happens("something else");
    }
    CHECK(s.found().size() == 1);
}

TEST_CASE("load_that_was_changed_explains_itself") {
    SUBCASE("more users") {
        simulated s;
        s.calm(10);
        s.happens("24 PGs began to backfill");
        for (int i = 0; i < 5; ++i)
            s.interval(9.8, 1000, 64);
        CHECK(s.found().empty());
    }
    SUBCASE("a lower rate") {
        simulated s;
        for (int i = 0; i < 10; ++i)
            s.interval(2, 1000, 1000);
        s.happens("24 PGs began to backfill");
        for (int i = 0; i < 5; ++i)
            s.interval(2, 200, 200);
        CHECK(s.found().empty());
    }
    SUBCASE("another phase") {
        simulated s;
        s.phase = "warmup";
        s.calm(10);
        s.phase = "measure";
        s.happens("24 PGs began to backfill");
        s.interval(9.8);
        CHECK(s.found().empty());
    }
    SUBCASE("the ramp") {
        simulated s;
        s.phase = "ramp";
        s.calm(10);
        s.happens("24 PGs began to backfill");
        s.interval(9.8);
        CHECK(s.found().empty());
    }
}

TEST_CASE("few_operations_say_nothing") {
    simulated s;
    for (int i = 0; i < 10; ++i)
        s.interval(2, 5);
    s.happens("24 PGs began to backfill");
    s.interval(90, 5);
    s.interval(90, 0);
    CHECK(s.found().empty());
}

TEST_CASE("chance_alone_is_seldom_a_finding") {
    // Exponential service times: the p99 of 1000 operations varies by a tenth.
    std::mt19937_64 random(7);
    std::exponential_distribution<double> service(1);
    std::poisson_distribution<int> arrivals(1000);
    simulated s;
    std::size_t causes = 0;
    for (int i = 0; i < 2000; ++i) {
        std::vector<double> times(1000);
        for (double& t : times)
            t = service(random);
        std::nth_element(times.begin(), times.begin() + 990, times.end());
        const auto count = static_cast<std::uint64_t>(arrivals(random));
        s.interval(times[990], count, static_cast<double>(count));
        if (i % 5 == 0) {
            s.happens("1 PG began to scrub");
            ++causes;
        }
    }
    CHECK(causes == 400);
    CHECK(s.found().empty());
}

TEST_CASE("findings_are_bounded") {
    simulated s;
    for (int round = 0; round < 200; ++round) {
        s.calm(12);
        s.happens("24 PGs began to backfill");
        s.interval(50);
    }
    // Beginnings and ends together.
    const std::size_t began = s.found().size();
    CHECK(began + s.ends.size() == finding_rule::findings_most);
}
