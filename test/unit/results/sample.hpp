#pragma once
/// \file
/// Documents as a run makes them, for the tests of what reads and prints them.

#include <chopsticks/core/random.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/slo.hpp>
#include <string>

namespace chopsticks::results::sample {

/// What must never be found in anything that is written.
inline const std::string secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

inline stats::layout names() {
    return {{"s3/get", "s3/put", "s3/list"}, {"http://10.0.0.1:8000", "http://10.0.0.2:8000"}};
}

/// What the driver of the group counts of its own, one of each kind.
inline std::vector<stats::group_figure> driver_figures() {
    using kind = stats::figure_kind;
    return {
        {"s3", {"reused", "requests", kind::counter, "requests on a used connection"}},
        {"s3", {"in_flight_bytes", "bytes", kind::gauge, "bytes under way"}},
        {"s3", {"handshake", "ns", kind::timer, "TLS handshakes"}},
        {"users",
         {"map_age", "epochs", kind::gauge, "how far behind", stats::level_over_cores::highest}}};
}

/// Values of these in some span, of one part of several.
inline stats::driver_values driver_values(std::uint64_t seed, int digits) {
    stats::driver_values out = stats::make_values(driver_figures(), digits);
    random_stream random(seed);
    out[0].count = 100 + seed;
    for (stats::driver_value* one : {&out[1], &out[3]}) {
        one->known = true;
        one->last = 20 + static_cast<double>(seed % 7);
        one->lowest = one->last - 8;
        one->highest = one->last + 16;
    }
    for (int i = 0; i < 50; ++i)
        out[2].times->record(static_cast<std::int64_t>(1e6 * random.exponential()));
    return out;
}

/// `count` operations of lognormal service times around 1 ms, every 50th put a failure.
inline void load(stats::recorder& recorder, std::uint64_t count, std::uint64_t seed) {
    random_stream random(seed);
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto op = static_cast<std::uint16_t>(i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2);
        const auto endpoint = static_cast<std::uint16_t>(i % 3 == 0);
        const std::int64_t intended_ns = 1'000'000'000 + static_cast<std::int64_t>(i) * 100'000;
        const std::int64_t sent_ns =
            intended_ns + static_cast<std::int64_t>(4'000 * random.exponential());
        const double center = op == 0 ? 900'000 : op == 1 ? 2'400'000 : 5'100'000;
        const std::int64_t done_ns =
            sent_ns + static_cast<std::int64_t>(center * std::exp(0.5 * random.normal()));
        if (op == 1 && i % 50 == 7) {
            stats::failure f;
            f.op = op;
            f.endpoint = endpoint;
            f.status = i % 100 == 7 ? op_status::slow_down : op_status::connection_lost;
            if (i % 100 == 7) f.native = native_code::of_http(503);
            f.intended_ns = intended_ns;
            f.done_ns = done_ns;
            f.code = i % 100 == 7 ? "SlowDown" : "";
            f.example = i % 100 == 7 ? "Please reduce your request rate."
                                     : "10.0.0.1:8000 closed the connection after 0 of 187 bytes";
            recorder.record(f);
            continue;
        }
        stats::sample s;
        s.op = op;
        s.endpoint = endpoint;
        s.size = op == 2 ? 0 : i % 20 < 15 ? 4096 : 1 << 20;
        s.bytes = op == 2 ? 12'000 : s.size;
        s.intended_ns = intended_ns;
        s.sent_ns = sent_ns;
        s.first_byte_ns = sent_ns + (done_ns - sent_ns) / 2;
        s.done_ns = done_ns;
        recorder.record(s);
    }
}

inline scenario::scenario plan() {
    scenario::scenario out;
    out.name = "mixed";
    out.description = "70 get, 20 put, 10 list";
    out.file = "scenarios/mixed.yaml";
    out.source = "name: mixed\ngroups: []  # \"quoted\" \xc3\xa4\n";
    scenario::group group;
    group.name = "s3";
    group.workload = "s3";
    group.data.size = load::size_distribution::uniform(4096, 1 << 20);
    for (const char* op : {"get", "put", "list"}) {
        scenario::task task;
        task.name = op;
        const auto& workload = s3::describe_workload();
        scenario::step step =
            scenario::catalogue::plain_step(*scenario::catalogue::find_operation(workload, op));
        if (task.name == "list") step.set("pages", std::uint64_t{3});
        task.steps.push_back(step);
        group.tasks.push_back(task);
    }
    scenario::open_load open;
    open.rate = 1000;
    group.open = open;
    out.groups.push_back(group);
    group.name = "users";
    group.open.reset();
    group.closed.users = 32;
    group.closed.think.kind = scenario::think_kind::uniform;
    group.closed.think.min_ns = 1'000'000;
    group.closed.think.max_ns = 3'000'000;
    out.groups.push_back(group);
    return out;
}

inline scenario::workload_config config() {
    scenario::workload_config out;
    out.file = "config/s3.yaml";
    s3::settings& s3 = s3::settings_of(out);
    s3.endpoints = {"http://10.0.0.1:8000", "http://" + std::string("me:") + "pass@10.0.0.2"};
    s3.access_key = "AKIAIOSFODNN7EXAMPLE";
    s3.secret_key = secret;
    s3.session_token = "token-" + secret;
    out.ignored["driver_config.s5cmd_path"] = "chopsticks runs no s5cmd";
    return out;
}

/// A third of the load in a first stage of 10 s, the rest in a second of 20 s.
inline void add_stages(run_document& doc, std::uint64_t operations) {
    for (const std::uint64_t thirds : {1, 2}) {
        stats::recorder recorder(doc.layout);
        load(recorder, operations * thirds / 3, 11 + thirds);
        stats::stage_figures stage(doc.layout);
        recorder.add_to(stage.figures);
        stage.start_s = thirds == 1 ? 0 : 10;
        stage.duration_s = 10.0 * static_cast<double>(thirds);
        stats::load_figures& due = stage.groups.emplace_back();
        due.intended = 10'000 * thirds;
        due.issued = 10'000 * thirds - 7;
        due.shed_late = 7;
        due.intended_rate_per_s = 1000;
        doc.stages.push_back(std::move(stage));
    }
}

/// Poisson arrivals, begun as planned.
inline arrival_figures pacing(std::uint64_t gaps) {
    arrival_figures out;
    out.law = "poisson";
    random_stream random(23);
    for (std::uint64_t i = 0; i < gaps; ++i) {
        const double gap = random.exponential();
        out.gaps.planned.record(gap);
        out.gaps.issued.record(gap);
    }
    return out;
}

/// Over a second.
inline stats::core_figures core(std::int64_t busy_ms, std::int64_t cpu_ms, std::int64_t lag_max_ns,
                                std::uint64_t voluntary, std::uint64_t involuntary) {
    stats::core_figures out;
    out.span_ns = 1'000'000'000;
    out.busy_ns = busy_ms * 1'000'000;
    out.cpu_ns = cpu_ms * 1'000'000;
    out.lag_max_ns = lag_max_ns;
    out.switches_voluntary = voluntary;
    out.switches_involuntary = involuntary;
    return out;
}

inline void fill(health_figures& h) {
    h.connects_per_s = 8.5;
    h.tls_handshakes_per_s = 8.5;
    h.loop_turns.record_n(12'000, 1000);
    h.loop_turns.record(1'200'000);
    h.loop_timers.record(3'000);
    h.connections_max = 257;
    h.tcp_retransmits = 7;
    h.rtt.record(180'000);
    h.ports_in_all = 28'232;
    h.ports_left_min = 27'975;
    h.open_fds_max = 271;
    h.fds_limit = 1024;
    h.nics["eth0"] = {1e6, 2e6, 125e6, 0.016, 0.02, 0};
    h.nics["lo"].rx_bytes_per_s = 5;
    h.steal_share = 0.004;
    h.steal_share_max = 0.01;
    h.host_busy_share = 0.6;
    h.cpu_mhz_mean = 2596;
    h.cpu_mhz_min = 2400;
    h.rss_bytes_max = 47'185'920;
    h.samples = 30;
    h.sampling_cpu_s = 0.012;
    h.sample_max_ns = 900'000;
    h.calibration = calibration_use{"/c/calibration.json", "2026-11-20T08:00:00Z", 0.31};
}

/// A run of 30 s with everything in it: open and closed loop, errors, two endpoints, intervals.
inline run_document document(std::uint64_t operations = 30'000) {
    stats::layout layout = names();
    layout.driver_figures = driver_figures();
    run_document doc(layout);
    doc.of_drivers = driver_values(8, 3);
    doc.measured_of_drivers = driver_values(3, 3);
    doc.run.id = "20261122T150405Z-abcdef3f9a2c";
    doc.run.started_ns = 1'795'359'845'123'000'000;
    doc.run.duration_s = 30.0;
    doc.run.command_line = {"chopsticks",           "run",          "-f",
                            "scenarios/mixed.yaml", "--secret-key", secret};
    doc.run.seed = 12345678901234567890ULL;
    doc.run.phases = {{"prepare", 0, 1.5}, {"warmup", 1.5, 2}, {"measure", 3.5, 30}};
    doc.run.warmup = {2.0, 0.0, std::nullopt, 2000, 3};
    doc.run.warnings = {"config/s3.yaml holds a secret and can be read by others"};
    doc.environment.host = "bench-1";
    doc.environment.kernel = "Linux 6.1.0-18-amd64";
    doc.environment.cpus_online = 2;
    doc.environment.version = "0.1.0";
    doc.scenario = plan();
    doc.workload = echo_of(config());
    stats::recorder recorder(doc.layout);
    load(recorder, operations, 7);
    recorder.skip(1);
    recorder.add_to(doc.figures);
    doc.scenario.slos = {scenario::parse_slo("p99(get) < 20ms"),
                         scenario::parse_slo("error_rate(s3/put) < 1%"),
                         scenario::parse_slo("mean(delete) < 1s")};
    doc.slo.objectives = judge(doc.scenario.slos, doc.figures, doc.layout, doc.run.duration_s);
    doc.load.intended = 30'013;
    doc.load.issued = 30'000;
    doc.load.completed = 29'998;
    doc.load.cancelled = 2;
    doc.load.backlog = 13;
    doc.load.backlog_age_max_ns = 4'200'000;
    doc.load.in_flight_max = 256;
    doc.load.intended_rate_per_s = 1000;
    add_stages(doc, operations);
    doc.data.prepared = 1000;
    doc.data.alive_before_cleanup = 1004;
    group_figures group;
    group.name = "s3";
    group.workload = "s3";
    group.driver = "native";
    group.as_calibrated = true;
    group.open_loop = true;
    group.measured_s = doc.run.duration_s;
    group.silence.longest_s = 0.152;
    group.silence.allowed_s = 1;
    group.load = doc.load;
    group.pacing = pacing(30'000);
    group.alive_before_cleanup = 1004;
    group.images = {{"rbd/a", 1 << 20, true, std::nullopt}, {"rbd/b", 2 << 20, false, 4096}};
    doc.groups.push_back(group);
    group.name = "users";
    group.open_loop = false;
    group.users = 32;
    group.load = {};
    group.pacing.reset();
    doc.groups.push_back(group);
    doc.events.add({2.5, std::nullopt, stats::event_source::annotate, "osd.3 out"});
    doc.events.add({-1.25, 4, stats::event_source::phase, "prepare: exit status 1"});
    doc.generator.cores = {core(410, 550, 310'000, 12, 3), core(870, 930, 1'200'000, 1, 0)};
    doc.generator.cpus = {0, -1};
    fill(doc.health);
    doc.generator.cpu_user_s = 12.25;
    doc.generator.cpu_system_s = 4.5;
    doc.generator.rss_bytes_max = 47'185'920;
    doc.generator.open_fds_max = 271;
    doc.generator.tcp_retransmits = 12;
    doc.generator.connections.connects = 257;
    doc.generator.connections.connect_failures = 1;
    doc.generator.connections.tls_handshakes = 257;
    doc.generator.connections.tls_resumed = 12;
    doc.generator.connections.timeouts = 3;
    doc.generator.nics["eth0"] = {1'000'000, 2'000'000, 0, 1};
    doc.generator.loop_lag.record(4'000);
    for (int i = 0; i < 3; ++i) {
        stats::recorder second(doc.layout);
        load(second, 100, static_cast<std::uint64_t>(i));
        stats::totals figures(doc.layout, 2);
        second.add_to(figures);
        interval one;
        one.t_s = 2.0 + i;
        one.duration_s = 1.0;
        one.phase = "measure";
        one.figures = &figures;
        const stats::driver_values own = driver_values(static_cast<std::uint64_t>(i), 2);
        one.of_drivers = &own;
        one.load.intended = i == 0 ? 0 : 125;
        one.load.issued = i == 0 ? 0 : 100;
        one.load.completed = 99;
        one.load.shed_late = i == 0 ? 0 : 24;
        one.load.users = 32;
        one.load.backlog = 1;
        one.load.in_flight_max = 12;
        one.cores_busy = {0.41, 0.87};
        doc.intervals.push_back(to_line(one, doc.layout));
    }
    doc.interval_file = "mixed.jsonl";
    return doc;
}

}  // namespace chopsticks::results::sample
