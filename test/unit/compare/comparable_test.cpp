// What is refused, and what is told.

#include <doctest/doctest.h>

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/core/error.hpp>

#include "runs.hpp"

using namespace chopsticks;
using namespace compare::simulated;

namespace {

struct sides {
    std::vector<results::result_file> base;
    std::vector<results::result_file> now;

    explicit sides(std::size_t n = 2) {
        random_stream random(81);
        const run_plan plan = {.seconds = 2, .operations = 5};
        base = make_side(random, n, plan, 0);
        now = make_side(random, n, {.seconds = 2, .operations = 5, .started_s = 100}, 0);
    }

    std::vector<std::string> refused() const { return compare::refusals(base, now); }
};

bool has(const std::vector<std::string>& all, const std::string& words) {
    for (const std::string& one : all) {
        if (one.find(words) != std::string::npos) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("refusals_of_runs_of_one_scenario_are_none") {
    CHECK(sides().refused().empty());
}

TEST_CASE("refusals_name_a_run_that_an_objective_ended") {
    sides s;
    CHECK(s.refused().empty());
    s.now[1].aborted = true;
    CHECK(has(s.refused(), "ended early"));
}

TEST_CASE("refusals_name_what_was_other_work") {
    sides s;
    auto& group = s.now[1].document["scenario"]["groups"][0];
    SUBCASE("rate") {
        group["load"]["open"]["rate_per_s"] = 1200.0;
        CHECK(has(s.refused(), "groups[0].load.open.rate_per_s: 1000.0 in"));
        CHECK(has(s.refused(), "1200.0 here"));
    }
    SUBCASE("arrivals") {
        group["load"]["open"]["arrivals"] = "constant";
        CHECK(has(s.refused(), "arrivals: poisson in"));
    }
    SUBCASE("sizes") {
        group["data"]["size"]["mean_bytes"] = 8192.0;
        CHECK(has(s.refused(), "groups[0].data.size.mean_bytes"));
    }
    SUBCASE("closed instead of open") {
        group["load"] = {{"closed", {{"users", 5}}}};
        CHECK(has(s.refused(), "groups[0].load.closed.users: not told in"));
    }
    SUBCASE("length") {
        s.now[1].document["scenario"]["phases"]["measure_s"] = 60.0;
        CHECK(has(s.refused(), "phases.measure_s"));
    }
    SUBCASE("no scenario at all") {
        s.now[1].document.erase("scenario");
        CHECK(has(s.refused(), "did other work"));
    }
    CHECK(s.refused().size() == 1);
    CHECK(has(s.refused(), s.now[1].path));
}

TEST_CASE("refusals_leave_alone_what_is_not_the_work") {
    sides s;
    for (auto& run : s.now) {
        auto& scenario = run.document["scenario"];
        scenario["name"] = "other";
        scenario["groups"][0]["data"]["prefix"] = "elsewhere/";
        scenario["phases"]["drain_s"] = 60.0;
        scenario["phases"]["steady_within_s"] =
            0.0;  // a build that tells it, and one that does not
    }
    CHECK(s.refused().empty());
    const auto told = compare::disparities(s.base, s.now);
    REQUIRE(told.size() == 3);
    CHECK(told[0].what == "scenario.groups[0].data.prefix");
    CHECK(told[0].now == "elsewhere/");
    CHECK(told[1].what == "scenario.name");
    CHECK(told[2].what == "scenario.phases.drain_s");
}

TEST_CASE("clusters_that_differ_are_told_first") {
    sides s;
    const results::json pool = {{"size", 3}, {"pg_num", 128}, {"device_class", "ssd"}};
    for (auto* all : {&s.base, &s.now}) {
        for (auto& run : *all) {
            run.document["environment"]["ceph"] = {{"version", "16.2.15"},
                                                   {"pools", {{"bench", pool}}}};
            run.document["scenario"]["name"] = all == &s.base ? "a" : "b";
        }
    }
    s.now[0].document["environment"]["ceph"]["version"] = "17.2.7";
    for (auto& run : s.now)
        run.document["environment"]["ceph"]["pools"]["bench"]["device_class"] = "hdd";
    CHECK(s.refused().empty());
    const auto told = compare::disparities(s.base, s.now);
    REQUIRE(told.size() == 3);
    CHECK(told[0].what == "environment.ceph.pools.bench.device_class");
    CHECK(told[0].base == "ssd");
    CHECK(told[0].now == "hdd");
    CHECK(told[1].what == "environment.ceph.version");
    CHECK(told[1].now == "16.2.15, 17.2.7");
    CHECK(told[2].what == "scenario.name");
}

TEST_CASE("run_that_watched_no_cluster_is_as_one_that_could_not") {
    sides s;
    for (auto& run : s.now)
        run.document["environment"]["ceph"] = nullptr;
    CHECK(compare::disparities(s.base, s.now).empty());
}

TEST_CASE("refusals_of_runs_that_say_nothing_of_the_target") {
    sides s;
    SUBCASE("invalid") {
        s.base[0].valid = false;
        s.base[0].reasons = {"core 0 was busy"};
        CHECK(has(s.refused(), "is invalid: core 0 was busy"));
    }
    SUBCASE("interrupted") {
        s.base[0].interrupted = true;
        CHECK(has(s.refused(), "was interrupted"));
    }
    SUBCASE("ended early") {
        s.base[0].problem = "the target was away";
        CHECK(has(s.refused(), "ended early: the target was away"));
    }
    SUBCASE("nothing measured") {
        s.base[0].duration_s = 0;
        CHECK(has(s.refused(), "measured nothing"));
    }
    CHECK(s.refused().size() == 1);
}

TEST_CASE("runs_of_another_format_are_compared_and_that_is_told") {
    sides s;
    for (results::result_file& run : s.now)
        run.version = 2;
    CHECK(s.refused().empty());
    const auto told = compare::disparities(s.base, s.now);
    REQUIRE(told.size() == 1);
    CHECK(told[0].what == "schema_version");
    CHECK(told[0].now == "2");
}

TEST_CASE("a_run_that_is_given_twice_under_another_id_is_the_same_run") {
    sides s;
    CHECK_NOTHROW(compare::check_distinct(s.base, s.now));
    s.now[1].started_ns = s.base[0].started_ns;
    CHECK_NOTHROW(compare::check_distinct(s.base, s.now));
    s.now[1].total = s.base[0].total;
    CHECK_THROWS_WITH_AS(compare::check_distinct(s.base, s.now),
                         doctest::Contains("are the same run"), config_error);
}

TEST_CASE("merged_results_are_held_against_what_they_were_made_of") {
    sides s;
    const auto part = [](const results::result_file& of) {
        results::json out;
        out["run"] = {{"id", of.run_id}, {"started_ns", of.started_ns}};
        out["total"]["response"]["hdr"] = of.total.response.hdr;
        out["total"]["service"]["hdr"] = of.total.service.hdr;
        return out;
    };
    // A run of the base is a part of a new one.
    s.now[0].document["parts"] = results::json::array({part(s.base[0]), part(s.now[0])});
    CHECK_THROWS_WITH_AS(compare::check_distinct(s.base, s.now),
                         doctest::Contains("have the same run in them"), config_error);
    s.now[0].document["parts"][0]["run"]["id"] = "another id";
    CHECK_THROWS_AS(compare::check_distinct(s.base, s.now), config_error);
    // Two hosts put twice the load of one.
    CHECK(has(s.refused(), "has the load of 2 runs together"));
}

TEST_CASE("refusals_of_another_use_of_seeds") {
    sides s(3);
    CHECK(s.refused().empty());
    for (std::size_t i = 0; i < 3; ++i)
        s.now[i].seed = i;
    CHECK(has(s.refused(), "seeds are the same for all runs of the base, another for each run of"));
    // Of one run there is nothing to see.
    s.base.resize(1);
    CHECK(s.refused().empty());
}

TEST_CASE("check_distinct_refuses_a_run_that_is_there_twice") {
    sides s;
    CHECK_NOTHROW(compare::check_distinct(s.base, s.now));
    s.now[0].run_id = s.base[1].run_id;
    CHECK_THROWS_AS(compare::check_distinct(s.base, s.now), config_error);
}

TEST_CASE("disparities_are_of_sides") {
    sides s;
    s.base[0].document["environment"]["kernel"] = "Linux 6.6";
    s.now[1].document["environment"]["kernel"] = "Linux 6.6";
    // Both sides have both kernels.
    CHECK(compare::disparities(s.base, s.now).empty());
    s.now[0].document["environment"]["kernel"] = "Linux 6.6";
    s.now[0].document["groups"]["s3"]["driver"] = "curl";
    s.now[1].document["workload"]["other"] = {{"rbd", {{"cache", "true"}}}};
    const auto told = compare::disparities(s.base, s.now);
    REQUIRE(told.size() == 3);
    CHECK(told[0].what == "environment.kernel");
    CHECK(told[0].base == "Linux 6.1, Linux 6.6");
    CHECK(told[0].now == "Linux 6.6");
    CHECK(told[1].what == "groups.s3.driver");
    CHECK(told[1].now == "curl, native");
    CHECK(told[2].what == "workload.other.rbd.cache");
    CHECK(told[2].base == "not told");
}

TEST_CASE("disparities_take_the_old_name_of_the_native_driver_for_it") {
    sides s;
    for (auto& run : s.base)
        run.document["groups"]["s3"]["driver"] = "beast";
    // The driver that is called so today.
    REQUIRE(compare::disparities(s.base, s.now).size() == 1);
    for (auto& run : s.base)
        run.started_ns = 1'795'000'000'000'000'000;
    CHECK(compare::disparities(s.base, s.now).empty());
}

TEST_CASE("disparities_of_hostile_documents_are_printable") {
    sides s;
    s.now[0].document["environment"]["kernel"] = "\x1b[31mred\xff";
    s.now[0].document["environment"]["\x1b]0;x"] = 1;
    s.now[0].document["groups"] = results::json::array({1, nullptr, "x"});
    s.now[0].document["run"] = {{"notes", 7}};
    for (const auto& one : compare::disparities(s.base, s.now)) {
        CHECK(one.what.find('\x1b') == std::string::npos);
        CHECK(one.now.find('\x1b') == std::string::npos);
        CHECK(one.now.find('\xff') == std::string::npos);
    }
}
