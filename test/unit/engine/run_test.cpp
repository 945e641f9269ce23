#include <doctest/doctest.h>

#include <chopsticks/engine/run.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cmath>
#include <thread>

#include "../../support/bound_steps.hpp"
#include "model_run.hpp"

TEST_CASE("run_closed_loop_counts_are_consistent_and_nothing_is_left") {
    model_run r(yaml("{closed: {users: 8}}"));
    r.state.delay_ns = 200'000;
    const auto result = r.go();
    REQUIRE(result.problem.empty());
    CHECK(r.state.wrong == 0);
    CHECK(model_run::failed(result.measured) == 0);
    CHECK(model_run::ok(result.measured) > 100);
    // Everything that was issued ended, and every interval's operations are in one of the two sums.
    CHECK(r.seen.interval_ok == model_run::ok(result.measured) + model_run::ok(result.warmup));
    CHECK(r.seen.interval_issued == r.seen.interval_ok);
    CHECK(result.groups[0].issued == model_run::ok(result.measured));
    CHECK(result.groups[0].completed == result.groups[0].issued);
    CHECK(r.seen.numbers_grow);
    CHECK(result.prepared == 200);
    CHECK(r.state.objects.empty());
    CHECK(result.left_behind == 0);
    CHECK(r.state.opened == 1);
    CHECK(r.state.closed == 1);
    CHECK(result.measure_s == doctest::Approx(0.3));
}

TEST_CASE("run_without_cleanup_leaves_exactly_what_it_says_is_alive") {
    model_run r(yaml("{closed: {users: 8}}"));
    r.plan.phase.cleanup = false;
    r.state.delay_ns = 100'000;
    const auto result = r.go();
    CHECK(r.state.objects.size() == result.alive[0]);
    CHECK(result.left_behind >= result.alive[0]);
    REQUIRE(result.left.size() == 1);
    CHECK(result.left[0].exact == (result.left_behind == result.alive[0]));
    CHECK(r.state.closed == 0);
}

TEST_CASE("run_same_seed_chooses_the_same_operations") {
    std::vector<std::vector<std::uint64_t>> runs;
    for (int i = 0; i < 2; ++i) {
        model_run r(yaml("{closed: {users: 1}}", "stop: {operations: 300}\n"));
        std::vector<std::uint64_t> order;
        r.state.fail = [&order](const engine::operation& op, engine::outcome&) {
            order.push_back(test::code_of(op) * 1'000'000'000ULL + op.object);
            return false;
        };
        // One helper and no warm-up: nothing but the seed decides the order.
        r.plan.phase.prepare_concurrency = 1;
        r.plan.phase.warmup_ns = 0;
        r.plan.phase.measure_ns = 20'000'000'000;
        r.go(1);
        runs.push_back(order);
    }
    CHECK(runs[0].size() > 500);
    CHECK(runs[0] == runs[1]);
}

TEST_CASE("run_failures_are_in_no_throughput_and_no_latency") {
    model_run r(yaml("{closed: {users: 8}}"));
    r.state.delay_ns = 100'000;
    std::uint64_t n = 0;
    bool loading = false;
    r.seen.at_phase = [&](engine::phase p) {
        const std::lock_guard lock(r.state.mutex);
        loading = p == engine::phase::warmup || p == engine::phase::measure;
    };
    r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
        if (!loading || ++n % 4 != 0) return false;
        out.fail(op_status::slow_down, "SlowDown", "busy");
        out.native = native_code::of_http(503);
        out.bytes = op.size;
        return true;
    };
    const auto result = r.go();
    const std::uint64_t failed = model_run::failed(result.measured);
    CHECK(failed > 20);
    std::uint64_t rows = 0;
    for (const auto& f : result.measured.by_operation) {
        CHECK(f.response.count() == f.ok_count);
        CHECK(f.service.count() == f.ok_count);
        CHECK(f.failed.count() == f.failed_count);
        for (const auto& e : f.errors) {
            CHECK(e.status == op_status::slow_down);
            CHECK(e.native == native_code::of_http(503));
            CHECK(e.code == "SlowDown");
            rows += e.count;
        }
    }
    CHECK(rows == failed);
    const auto& get = result.measured.by_operation[0];
    CHECK(get.bytes == get.ok_count * 4096);
    // Failed puts were repeated and failed deletes too: reads never met a hole.
    CHECK(r.state.wrong == 0);
    CHECK(r.state.objects.empty());
}

TEST_CASE("run_counts_what_the_target_does_not_have_under_a_status_of_its_own") {
    model_run r(yaml("{closed: {users: 8}}"));
    r.state.delay_ns = 100'000;
    std::uint64_t n = 0;
    bool loading = false;
    r.seen.at_phase = [&](engine::phase p) {
        const std::lock_guard lock(r.state.mutex);
        loading = p == engine::phase::warmup || p == engine::phase::measure;
    };
    // A liar: it has the operation for one half of the requests. Drivers do not know the status.
    r.state.fail = [&](const engine::operation&, engine::outcome& out) {
        if (!loading || ++n % 2 != 0) return false;
        if (n % 4 == 0) {
            out.fail(op_status::server_error, "NotImplemented", "not here");
            out.native = native_code::of_http(501);
        } else {
            out.fail(op_status::io_error, "EOPNOTSUPP", "not here");
            out.native = native_code::of_errno(EOPNOTSUPP);
        }
        return true;
    };
    const auto result = r.go();
    CHECK(model_run::failed(result.measured) > 20);
    for (const auto& f : result.measured.by_operation) {
        CHECK(f.unsupported_count() == f.failed_count);
        CHECK(f.failed.count() == f.failed_count);
        for (const auto& e : f.errors)
            CHECK(e.status == op_status::unsupported);
    }
    CHECK(r.state.objects.empty());
}

TEST_CASE("run_open_loop_keeps_the_rate_and_counts_from_the_intended_time") {
    model_run r(yaml("{open: {rate: 2000, arrivals: constant, max_in_flight: 64}}"));
    const auto result = r.go();
    const auto& load = result.groups[0];
    CHECK(load.intended == 600);
    CHECK(load.intended == load.issued);
    CHECK(load.shed == 0);
    CHECK(load.backlog == 0);
    CHECK(result.schedule_lag[0].count() == load.intended);
}

TEST_CASE("run_open_loop_slow_target_shows_waiting_in_response_and_not_in_service") {
    // Two at a time, 20 ms each: 100 per second can be done of the 400 that are due.
    model_run r(
        yaml("{open: {rate: 400, max_in_flight: 2, queue_limit: 20}}", "", "      - {op: get}\n"));
    r.state.delay_ns = 20'000'000;
    const auto result = r.go(1);
    const auto& load = result.groups[0];
    CHECK(load.shed > 0);
    CHECK(load.backlog > 0);
    CHECK(load.backlog_age_max_ns > 0);
    // What was due in the phase was begun (at the latest when it ended), dropped, or still waits.
    // Work due before the phase, but begun in it, is counted with the phase that it was due in.
    CHECK(load.intended == load.issued + load.shed + load.backlog);
    const auto& get = result.measured.by_operation[0];
    CHECK(get.service.value_at_percentile(50) < 40'000'000);
    CHECK(get.response.value_at_percentile(50) > 60'000'000);
    CHECK(get.send_lag.value_at_percentile(50) > 40'000'000);
}

TEST_CASE("run_stop_by_operations_is_exact_on_all_cores") {
    for (const char* load : {"{closed: {users: 7}}", "{open: {rate: 20000, max_in_flight: 16}}"}) {
        model_run r(yaml(load, "stop: {operations: 1234}\n"));
        r.plan.phase.measure_ns = 20'000'000'000;
        const auto result = r.go(2);
        CHECK(result.groups[0].issued == 1234);
        CHECK(result.measure_s < 10);
    }
}

TEST_CASE("run_stop_by_bytes_ends_the_measure_phase") {
    model_run r(yaml("{closed: {users: 4}}", "stop: {bytes: 4MiB}\n", "      - {op: get}\n"));
    r.plan.phase.measure_ns = 20'000'000'000;
    r.state.delay_ns = 50'000;
    const auto result = r.go(2);
    CHECK(result.measure_s < 10);
    // Never less than asked for; more by what was in flight at most.
    CHECK(result.measured.by_operation[0].bytes >= 4ULL << 20);
    CHECK(result.measured.by_operation[0].bytes < 5ULL << 20);
}

TEST_CASE("run_stop_by_operations_ends_though_a_core_has_no_users") {
    model_run r(yaml("{closed: {users: 1}}", "stop: {operations: 50}\n"));
    r.plan.phase.measure_ns = 20'000'000'000;
    const auto result = r.go(2);
    CHECK(result.groups[0].issued == 50);
    CHECK(result.measure_s < 10);
}

TEST_CASE("run_stop_by_operations_ends_though_users_think") {
    model_run r(yaml("{closed: {users: 6, think_time: 30s}}", "stop: {operations: 3}\n"));
    r.plan.phase.warmup_ns = 0;
    r.plan.phase.measure_ns = 20'000'000'000;
    const auto result = r.go(2);
    CHECK(result.groups[0].issued == 3);
    CHECK(result.measure_s < 10);
}

TEST_CASE("run_stop_by_bytes_ends_groups_that_transfer_none_and_open_loops") {
    model_run r(
        "name: t\nseed: 3\ngroups:\n"
        "  - {name: a, workload: s3, data: {objects: 50, size: 4KiB}, tasks: [{op: get}],"
        " load: {open: {rate: 50000, max_in_flight: 4, queue_limit: 100000}}}\n"
        "  - {name: b, workload: s3, data: {objects: 50, size: 1KiB}, tasks: [{op: head}],"
        " load: {closed: {users: 2}}}\n"
        "stop: {bytes: 1MiB}\nphases: {warmup: 0s, measure: 20s}\n");
    // 40,000 per second can be done, so that there is always something in flight and a queue.
    r.state.delay_ns = 100'000;
    const auto result = r.go(2);
    CHECK(result.measure_s < 10);
    CHECK(result.measured.by_operation[0].bytes >= 1ULL << 20);
    CHECK(result.measured.by_operation[0].bytes <= (1ULL << 20) + 4 * 4096);
    const auto& load = result.groups[0];
    CHECK(load.intended == load.issued + load.shed + load.backlog);
}

TEST_CASE("run_interrupted_in_the_warm_up_measures_nothing") {
    // No delay: operations begin all the time, also while the cores are being told.
    model_run r(yaml("{closed: {users: 16}}"));
    r.plan.phase.warmup_ns = 60'000'000'000;
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::warmup) r.stop = 1;
    };
    const auto result = r.go();
    CHECK(result.interrupted);
    CHECK(result.measure_s == 0);
    CHECK(model_run::ok(result.measured) == 0);
    CHECK(result.groups[0].issued == 0);
    CHECK(model_run::ok(result.warmup) == r.seen.interval_ok);
    CHECK(r.state.objects.empty());
}

TEST_CASE("run_interrupted_while_the_target_does_not_answer_at_all") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.state.hang_open = true;
    std::thread interrupt([&] {
        while (r.state.opened == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        r.stop = 1;
        // What open_target made is removed; that may hang as well, and the second time ends it.
        while (r.state.closed == 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        r.stop = 2;
    });
    const auto result = r.go();
    interrupt.join();
    CHECK(result.interrupted);
    CHECK(result.problem.empty());
    CHECK_FALSE(result.target_problem);
    CHECK(r.state.executed == 0);
}

TEST_CASE("run_interrupted_while_measuring_drains_and_cleans_up") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.plan.phase.measure_ns = 60'000'000'000;
    r.state.delay_ns = 1'000'000;
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::measure) r.later(200'000'000, [&] { r.stop = 1; });
    };
    const auto result = r.go();
    CHECK(result.interrupted);
    // A signal is looked for every 20 ms.
    CHECK(result.measure_s >= 0.18);
    CHECK(result.measure_s <= 0.23);
    CHECK(model_run::ok(result.measured) > 0);
    CHECK(r.state.objects.empty());
}

TEST_CASE("run_that_saw_enough_ends_its_load_early_and_is_not_interrupted") {
    model_run r(yaml("{open: {rate: 2000}}"));
    r.plan.phase.measure_ns = 60'000'000'000;
    std::atomic<bool> enough{false};
    r.options.end_load = &enough;
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::measure) r.later(300'000'000, [&] { enough = true; });
    };
    const auto result = r.go();
    CHECK_FALSE(result.interrupted);
    CHECK(result.problem.empty());
    CHECK(result.measure_s == doctest::Approx(0.31).epsilon(0.1));
    CHECK(result.left_behind == 0);
    std::uint64_t completed = 0;
    for (const auto& g : result.groups)
        completed += g.completed;
    CHECK(completed > 0);
    // Rates are those of the time that was measured.
    CHECK(model_run::ok(result.measured) + model_run::failed(result.measured) == completed);
}

TEST_CASE("run_hung_target_ends_after_the_drain_and_the_hung_are_time_outs") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.plan.phase.drain_ns = 100'000'000;
    r.plan.phase.cleanup = false;
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::measure) r.state.hang = true;
    };
    const auto result = r.go();
    CHECK(model_run::failed(result.measured) + model_run::failed(result.warmup) == 4);
    CHECK_FALSE(result.interrupted);
}

TEST_CASE("run_target_that_refuses_never_starts") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.state.open_problem = "no such thing";
    const auto result = r.go();
    CHECK(result.problem == "no such thing");
    CHECK(result.target_problem);
    CHECK(r.state.executed == 0);
    // It may have made something before it found the problem.
    CHECK(r.state.closed == 1);
}

TEST_CASE("run_prepare_that_cannot_write_says_how_many_and_why") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.plan.phase.prepare_concurrency = 2;
    r.plan.phase.prepare_patience_ns = 200'000'000;
    r.state.fail = [](const engine::operation& op, engine::outcome& out) {
        if (test::code_of(op) != 0) return false;
        out.fail(op_status::server_error, "InternalError", "the disk is gone");
        out.native = native_code::of_http(500);
        return true;
    };
    const auto result = r.go(1);
    CHECK(result.problem.find("the disk is gone") != std::string::npos);
    CHECK(result.problem.find("200") != std::string::npos);
    CHECK_FALSE(result.target_problem);
    CHECK(model_run::ok(result.measured) == 0);
}

TEST_CASE("run_sequence_that_deletes_its_own_object_leaves_none_even_when_steps_fail") {
    model_run r(
        yaml("{closed: {users: 4}}", "",
             "      - {name: cycle, steps: [{op: put}, {op: get}, {op: head}, {op: delete}]}\n"));
    std::uint64_t n = 0;
    bool loading = false;
    r.seen.at_phase = [&](engine::phase p) {
        const std::lock_guard lock(r.state.mutex);
        loading = p == engine::phase::measure;
    };
    r.state.fail = [&](const engine::operation&, engine::outcome& out) {
        if (!loading || ++n % 7 != 0) return false;
        out.fail(op_status::server_error, "InternalError", "sometimes");
        return true;
    };
    const auto result = r.go();
    CHECK(r.state.wrong == 0);
    CHECK(r.state.objects.empty());
    CHECK(result.measured.by_operation.size() == 4);
    CHECK(result.measured.by_operation[3].ok_count > 0);
}

TEST_CASE("run_bucket_operations_delete_only_what_they_made") {
    model_run r(yaml("{closed: {users: 4}}", "",
                     "      - {op: create_bucket, weight: 2}\n      - {op: head_bucket}\n"
                     "      - {op: delete_bucket}\n"));
    r.state.delay_ns = 500'000;
    const auto result = r.go();
    CHECK(model_run::ok(result.measured) > 0);
    CHECK(r.state.buckets.empty());
}

TEST_CASE("run_spawn_rate_makes_a_ramp_before_the_warm_up") {
    model_run r(yaml("{closed: {users: 5, spawn_rate: 40}}"));
    r.state.delay_ns = 100'000;
    const auto result = r.go(1);
    bool ramp = false;
    for (const auto& p : result.phases) {
        if (p.when != engine::phase::ramp) continue;
        ramp = true;
        CHECK(p.duration_s == doctest::Approx(0.1).epsilon(0.5));
    }
    CHECK(ramp);
}

TEST_CASE("run_think_time_limits_a_closed_loop") {
    model_run r(yaml("{closed: {users: 10, think_time: 20ms}}", "", "      - {op: get}\n"));
    r.plan.phase.measure_ns = 500'000'000;
    const auto result = r.go(1);
    // 10 users, 50 per second each, for half a second.
    CHECK(model_run::ok(result.measured) > 150);
    CHECK(model_run::ok(result.measured) <= 260);
}

TEST_CASE("run_two_groups_have_their_own_load_and_objects") {
    model_run r(
        "name: t\nseed: 3\ngroups:\n"
        "  - {name: a, workload: s3, data: {objects: 50, size: 1KiB}, tasks: [{op: get}],"
        " load: {closed: {users: 2}}}\n"
        "  - {name: b, workload: s3, data: {objects: 0, size: 1KiB}, tasks: [{op: list}],"
        " load: {open: {rate: 500, arrivals: constant, max_in_flight: 8}}}\n"
        "phases: {warmup: 0s, measure: 300ms}\n");
    // One map serves both here, so the groups' objects would meet if they were not told apart by
    // the driver's prefix; the second group has none.
    r.state.delay_ns = 1'000'000;
    const auto result = r.go(2);
    REQUIRE(result.names.operations == std::vector<std::string>{"a/get", "b/list"});
    CHECK(result.measured.by_operation[0].ok_count > 50);
    CHECK(result.measured.by_operation[1].ok_count == doctest::Approx(150).epsilon(0.1));
    CHECK(r.state.wrong == 0);
}
