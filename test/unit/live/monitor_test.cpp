#include <doctest/doctest.h>

#include <chopsticks/live/monitor.hpp>
#include <chopsticks/results/json.hpp>

#include "../../support/contains.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::live;
using results::json;

namespace {

watched_run run_of_two() {
    watched_run out;
    out.run_id = "r1";
    out.scenario = "mixed";
    out.version = "0.1.0";
    out.groups = {{"a", "s3", "native"}, {"b", "rbd", "librbd"}};
    out.names = {{"a/get", "b/write"}, {"http://x"}};
    out.names.driver_figures = {
        {"a", {"reused", "requests", stats::figure_kind::counter, "reused connections"}}};
    out.error_limit = 0.01;
    return out;
}

/// An interval of 10 gets of 1 ms that were due, and one failure with each of the codes.
void add_interval(run_monitor& to, const watched_run& run, double t_s,
                  const std::vector<std::string>& codes, double duration_s = 0.5,
                  const json& cluster = {}) {
    stats::recorder recorder(run.names);
    for (int i = 0; i < 10; ++i) {
        stats::sample s;
        s.bytes = s.size = 4096;
        s.done_ns = 1'000'000;
        s.sent_ns = 1000;
        recorder.record(s);
    }
    stats::totals figures(run.names, 2);
    recorder.add_to(figures);
    for (const std::string& code : codes) {
        figures.by_operation[0].add_errors({op_status::server_error, {}, code, 1, "x"});
        ++figures.by_operation[0].failed_count;
    }
    auto drivers = stats::make_values(run.names.driver_figures, 2);
    drivers[0].count = 4;
    results::interval one;
    one.t_s = t_s;
    one.duration_s = duration_s;
    one.phase = "measure";
    one.figures = &figures;
    one.of_drivers = &drivers;
    one.cores_busy = {0.25, 0.5};
    std::vector<stats::load_figures> load(2);
    load[0].intended = 20;
    load[0].in_flight_max = 3;
    one.load = load[0];
    to.add(one, load, {{"p99(get) < 20ms", true, "1 ms"}}, cluster);
}

json state_from(const run_monitor& monitor, std::uint64_t interval) {
    run_monitor::known_state known;
    known.intervals = interval;
    return json::parse(monitor.state(known));
}

}  // namespace

TEST_CASE("monitor_counts_over_the_whole_run") {
    const watched_run run = run_of_two();
    run_monitor monitor;
    monitor.begin(run);
    monitor.enter("warmup", 1);
    add_interval(monitor, run, 0, {});
    monitor.enter("measure", 10);
    add_interval(monitor, run, 0.5, {"SlowDown"});
    monitor.mark({3, {}, stats::event_source::annotate, "osd out"});
    const std::string text = monitor.metrics(false);
    const std::string get = R"({driver="native",group="a",operation="get",workload="s3",)";
    CHECK(contains(text, "chopsticks_operations_total" + get + "success=\"true\"} 20\n"));
    CHECK(contains(text, "chopsticks_operations_total" + get + "success=\"false\"} 1\n"));
    CHECK(contains(text,
                   "chopsticks_operation_duration_seconds_count" + get + "success=\"true\"} 20\n"));
    CHECK(contains(text, "chopsticks_operation_duration_seconds_bucket" + get +
                             "success=\"true\",le=\"0.0001\"} 0\n"));
    CHECK(contains(
        text, "chopsticks_failures_total" + get + "class=\"server_error\",code=\"SlowDown\"} 1\n"));
    CHECK(contains(text, "chopsticks_operation_size_bytes_bucket" + get +
                             "success=\"true\",le=\"4096\"} 20\n"));
    CHECK(contains(text, "chopsticks_intended_rate{group=\"a\"} 40\n"));
    CHECK(contains(text, "chopsticks_in_flight{group=\"a\"} 3\n"));
    CHECK(contains(text, "chopsticks_phase{phase=\"measure\"} 1\n"));
    CHECK(contains(text, "chopsticks_phase{phase=\"warmup\"} 0\n"));
    CHECK(contains(text, "chopsticks_events_total{source=\"annotate\"} 1\n"));
    CHECK(contains(text, "chopsticks_objective_met{objective=\"p99(get) < 20ms\"} 1\n"));
    CHECK(contains(text, "chopsticks_generator_core_busy{core=\"1\"} 0.5\n"));
    CHECK(contains(
        text,
        "chopsticks_driver_events_total{figure=\"reused\",group=\"a\",unit=\"requests\"} 8\n"));
    monitor.end({"kept_up", "fine", "nothing", 0, "r.json"});
    const std::string last = monitor.metrics(false);
    CHECK(contains(last, "chopsticks_phase{phase=\"done\"} 1\n"));
    // Levels are of a load; counts stay.
    CHECK(contains(last, "chopsticks_in_flight{group=\"a\"} 0\n"));
    CHECK(contains(last, "chopsticks_operations_total" + get + "success=\"true\"} 20\n"));
}

TEST_CASE("monitor_counts_what_a_phase_left_of_an_interval_and_does_not_show_its_rates") {
    const watched_run run = run_of_two();
    run_monitor monitor;
    monitor.begin(run);
    monitor.enter("measure", 10);
    add_interval(monitor, run, 0, {});
    add_interval(monitor, run, 0.5, {}, 0.001);
    CHECK(state_from(monitor, 0)["intervals"].size() == 1);
    CHECK(state_from(monitor, 0)["ok"] == 20);
    CHECK(contains(monitor.metrics(false), "chopsticks_intended_rate{group=\"a\"} 40\n"));
}

TEST_CASE("monitor_shows_the_cluster_of_each_interval_and_nothing_that_is_too_old") {
    watched_run run = run_of_two();
    run.cluster_every_s = 1;
    run_monitor monitor;
    monitor.begin(run);
    monitor.enter("measure", 10);
    add_interval(monitor, run, 0, {});
    const json sample = {{"health", "HEALTH_WARN"},
                         {"checks", {{"OSD_DOWN", "1 osds down"}}},
                         {"osds", {{"known", 3}, {"up", 2}, {"in", 3}}},
                         {"pgs", {{"active+clean", 30}, {"active+undersized", 2}}},
                         {"recovery", {{"bytes_per_s", 7.5}}},
                         {"osd_commit", {{"mean_ms", 1.0}, {"max_ms", 4.0}, {"max_osd", 2}}},
                         {"osd_apply", nullptr},
                         {"osd_cpus", {{"0", 0.5}, {"1", 0.25}}}};
    add_interval(monitor, run, 1, {}, 1, sample);
    json state = json::parse(monitor.state({}));
    const json told = {"HEALTH_WARN", 1.0, 0.0, 2.0, 7.5, 4.0, nullptr, 0.75};
    CHECK(state["intervals"][0].back().is_null());
    CHECK(state["intervals"][1].back() == told);
    CHECK(state["cluster"] == json({{"health", "HEALTH_WARN"},
                                    {"complaints", "OSD_DOWN (1 osds down)"},
                                    {"told_s", 2.0},
                                    {"answers", true}}));
    // It holds until the next is due.
    add_interval(monitor, run, 2, {}, 1);
    add_interval(monitor, run, 3, {}, 1);
    state = json::parse(monitor.state({}));
    CHECK(state["intervals"][2].back() == told);
    CHECK(state["intervals"][3].back().is_null());
    CHECK(state["cluster"]["answers"] == false);
}

TEST_CASE("monitor_shows_no_numbers_of_a_cluster_that_tells_none") {
    watched_run run = run_of_two();
    run.cluster_every_s = 1;
    run_monitor monitor;
    monitor.begin(run);
    monitor.enter("measure", 10);
    add_interval(monitor, run, 0, {}, 1,
                 {{"health", 7}, {"osds", "x"}, {"pgs", {1, 2}}, {"osd_cpus", {"a"}}});
    const json state = json::parse(monitor.state({}));
    CHECK(state["intervals"][0].back() ==
          json({"", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr}));
}

TEST_CASE("monitor_has_metrics_before_the_run_has_begun") {
    const run_monitor monitor;
    CHECK(contains(monitor.metrics(false), "chopsticks_phase{phase=\"open\"} 1\n"));
    CHECK(state_from(monitor, 0)["intervals"].empty());
}

TEST_CASE("monitor_keeps_failures_of_a_target_that_makes_up_codes_bounded") {
    const watched_run run = run_of_two();
    run_monitor monitor;
    monitor.begin(run);
    std::vector<std::string> codes;
    for (int i = 0; i < 1000; ++i)
        codes.push_back("Made" + std::to_string(i));
    add_interval(monitor, run, 0, codes);
    const auto failures = [&] {
        std::size_t rows = 0;
        std::uint64_t sum = 0;
        const std::string text = monitor.metrics(false);
        const std::string name = "\nchopsticks_failures_total{";
        for (std::size_t at = text.find(name); at != std::string::npos;
             at = text.find(name, at + 1)) {
            ++rows;
            const std::size_t end = text.find('\n', at + 1);
            sum += std::stoull(text.substr(text.rfind(' ', end), end));
        }
        return std::pair(rows, sum);
    };
    CHECK(failures() == std::pair<std::size_t, std::uint64_t>(33, 1000));
    add_interval(monitor, run, 0.5, {"Made7", "MadeAnew"});
    CHECK(failures() == std::pair<std::size_t, std::uint64_t>(33, 1002));
    CHECK(contains(monitor.metrics(false), "code=\"Made7\"} 2\n"));
}

TEST_CASE("monitor_gives_intervals_from_where_a_page_has_them") {
    const watched_run run = run_of_two();
    run_monitor monitor;
    monitor.begin(run);
    monitor.enter("measure", 10);
    for (int i = 0; i < 5; ++i)
        add_interval(monitor, run, i, {});
    json state = state_from(monitor, 0);
    CHECK(state["intervals"].size() == 5);
    CHECK(state["next"] == 5);
    CHECK(state["ok"] == 50);
    CHECK(state["end"].is_null());
    state = state_from(monitor, 3);
    CHECK(state["intervals"].size() == 2);
    CHECK(state["intervals"][0][0] == 3.0);
    CHECK(state["intervals"][0][3] == 20.0);
    CHECK(state_from(monitor, 5)["intervals"].empty());
    // What another process gave.
    CHECK(state_from(monitor, 99)["from"] == 0);
    for (std::size_t i = 5; i < run_monitor::intervals_most + 10; ++i)
        add_interval(monitor, run, static_cast<double>(i), {});
    state = state_from(monitor, 0);
    CHECK(state["intervals"].size() == run_monitor::intervals_most);
    CHECK(state["from"] == 10);
    monitor.stopping();
    monitor.end({"kept_up", "failed", "nothing", 1, "r.json"});
    state = state_from(monitor, 99999);
    CHECK(state["stopping"] == true);
    CHECK(state["end"]["target"] == "failed");
}

TEST_CASE("monitor_of_a_series_keeps_what_the_trial_before_counted") {
    run_monitor monitor;
    monitor.begin_series({"repeats", "mixed", 3});
    CHECK(state_from(monitor, 0)["series"]["planned"] == 3);
    watched_run run = run_of_two();
    const auto trial = [&](std::uint64_t number, const std::string& what) {
        monitor.begin_trial({number, what});
        run.run_id = "r" + std::to_string(number);
        monitor.begin(run);
        monitor.enter("measure", 10);
        add_interval(monitor, run, 0, {});
    };
    const auto ended = [&](const std::string& label) {
        return contains(monitor.metrics(false),
                        "chopsticks_operations_total{driver=\"native\",group=\"a\",operation="
                        "\"get\",workload=\"s3\",success=\"true\",trial=\"" +
                            label + "\"} 10\n");
    };
    trial(1, "base");
    CHECK(ended("1"));
    CHECK(contains(monitor.metrics(false), "chopsticks_phase{phase=\"measure\",trial=\"1\"} 1\n"));
    CHECK(contains(monitor.metrics(false), "chopsticks_trials_planned 3\n"));
    CHECK(contains(monitor.metrics(false), "chopsticks_trial_info{trial=\"1\",what=\"base\"} 1\n"));
    monitor.end_trial({"done", 0, "", trial_outcome::figures{20, 1000, 2000, 1, 2}, "1.json"});
    // Over, as far as it goes; the series is not.
    CHECK_FALSE(monitor.ended());
    CHECK(contains(monitor.metrics(false), "chopsticks_phase{phase=\"done\",trial=\"1\"} 1\n"));
    monitor.wait("pause of 5 s");
    CHECK(state_from(monitor, 0)["series"]["waiting"] == "pause of 5 s");
    trial(2, "new");
    CHECK(ended("1"));
    CHECK(ended("2"));
    // Levels, and the phase, are of the trial under way alone.
    CHECK_FALSE(contains(monitor.metrics(false), "chopsticks_phase{phase=\"done\",trial=\"1\"}"));
    CHECK_FALSE(contains(monitor.metrics(false), "chopsticks_in_flight{group=\"a\",trial=\"1\"}"));
    monitor.end_trial({"failed", std::nullopt, "no bucket", std::nullopt, ""});
    // A trial that could not be started changes nothing of those before it.
    monitor.begin_trial({3, "new"});
    monitor.end_trial({"failed", 2, "no bucket", std::nullopt, ""});
    CHECK(ended("2"));
    CHECK(contains(monitor.metrics(false), "chopsticks_trials_total{state=\"done\"} 1\n"));
    CHECK(contains(monitor.metrics(false), "chopsticks_trials_total{state=\"failed\"} 2\n"));
    const json state = json::parse(monitor.state({1, "r1", 1}));
    // Of another run: all of its intervals; of the trials, what is new.
    CHECK(state["from"] == 0);
    CHECK(state["intervals"].size() == 1);
    CHECK(state["series"]["from"] == 1);
    CHECK(state["series"]["ended"].size() == 2);
    CHECK(state["series"]["ended"][0]["number"] == 2);
    CHECK(state["series"]["ended"][1]["problem"] == "no bucket");
    CHECK(state["end"].is_null());
    CHECK(json::parse(monitor.state({1, "r2", 0}))["intervals"].empty());
    monitor.end_series(1);
    CHECK(monitor.ended());
    CHECK(state_from(monitor, 0)["series"]["exit_status"] == 1);
}
