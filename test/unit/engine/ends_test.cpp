// Prepare and cleanup against targets that fail, and what a run says is left.

#include <doctest/doctest.h>

#include <chopsticks/engine/run.hpp>

#include "../../support/bound_steps.hpp"
#include "model_run.hpp"

namespace {

using test::name_of;

constexpr std::int64_t ms = 1'000'000;

std::string gets() {
    return yaml("{closed: {users: 2}}", "", "      - {op: get}\n");
}

void fail_with(engine::outcome& out, op_status why, int http, const char* code) {
    out.fail(why, code, code);
    if (http > 0) out.native = native_code::of_http(http);
}

/// One at a time, or of several.
bool removes(const engine::operation& op) {
    return test::step_of(op).use == scenario::subject_use::remove;
}

/// Operations of this name fail, `times` of them; "delete" stands for every removal.
auto failing(std::string_view name, std::uint64_t times, op_status why, int http,
             const char* word) {
    return [=, n = std::uint64_t{0}](const engine::operation& op, engine::outcome& out) mutable {
        const bool meant = name == "delete" ? removes(op) : name_of(op) == name;
        if (!meant || n >= times) return false;
        ++n;
        fail_with(out, why, http, word);
        return true;
    };
}

}  // namespace

TEST_CASE("ends_prepare_outlasts_an_outage") {
    for (const op_status why : {op_status::slow_down, op_status::server_error,
                                op_status::connect_failed, op_status::timeout}) {
        model_run r(gets());
        r.plan.phase.prepare_concurrency = 16;
        // Each of 16 helpers fails eight times in a row: more than six attempts outlast.
        r.state.fail = failing("put", 128, why, 503, "SlowDown");
        const auto result = r.go();
        CHECK(result.problem.empty());
        CHECK(result.prepared == 200);
        CHECK(result.prepare_failed == 0);
        CHECK(model_run::ok(result.measured) > 0);
        CHECK(result.left.empty());
    }
}

TEST_CASE("ends_prepare_that_is_refused_ends_at_once") {
    model_run r(gets());
    std::uint64_t puts = 0;
    r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
        if (name_of(op) != "put") return false;
        ++puts;
        fail_with(out, op_status::client_error, 403, "AccessDenied");
        return true;
    };
    const auto result = r.go();
    CHECK(result.problem.find("AccessDenied") != std::string::npos);
    CHECK(result.problem.find("patience") == std::string::npos);
    // Three times for each of 64 helpers at most.
    CHECK(puts <= 192);
    CHECK(result.prepare_failed == 200);
}

TEST_CASE("ends_prepare_gives_up_after_its_patience") {
    model_run r(gets());
    r.plan.phase.prepare_patience_ns = 300 * ms;
    r.state.fail = failing("put", UINT64_MAX, op_status::server_error, 500, "broken");
    const auto result = r.go();
    CHECK(result.problem.find("200 of 200") != std::string::npos);
    CHECK(result.problem.find("broken") != std::string::npos);
    CHECK(result.problem.find("phases.prepare.patience") != std::string::npos);
}

TEST_CASE("ends_helpers_leave_an_endpoint_that_does_not_answer") {
    model_run r(gets());
    // Those of the users are among the first, and those that prepare begins with.
    r.state.dead_sessions = 2 + 64;
    const auto result = r.go();
    CHECK(result.prepared == 200);
    CHECK(r.state.objects.empty());
}

TEST_CASE("ends_cleanup_outlasts_an_outage") {
    model_run r(gets());
    r.plan.phase.prepare_concurrency = 16;
    r.state.fail = failing("delete", 128, op_status::connection_lost, 0, "reset");
    const auto result = r.go();
    CHECK(r.state.objects.empty());
    CHECK(result.left.empty());
    CHECK(result.left_behind == 0);
    CHECK(result.cleanup_problem.empty());
}

TEST_CASE("ends_cleanup_that_gives_up_asks_the_target_what_is_left") {
    for (const bool answers : {true, false}) {
        model_run r(gets());
        r.plan.phase.cleanup_patience_ns = 300 * ms;
        std::uint64_t deleted = 0;
        // Half of what fails is carried out nevertheless: no account of ours can be exact.
        r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
            if (!removes(op) || ++deleted < 50) return false;
            if (deleted % 2 == 0) r.state.objects.erase(op.object);
            fail_with(out, op_status::timeout, 0, "no answer");
            return true;
        };
        if (answers) {
            r.state.count_left = [&] {
                engine::left_count c;
                c.known = true;
                const std::lock_guard lock(r.state.mutex);
                engine::leftover one;
                one.kind = "object";
                one.name = "m/";
                one.count = r.state.objects.size();
                c.items.push_back(one);
                return c;
            };
        }
        const auto result = r.go();
        REQUIRE(result.left.size() == 1);
        CHECK(result.left[0].exact == answers);
        CHECK(result.left_behind == result.left[0].count);
        if (answers) {
            CHECK(result.left_behind == r.state.objects.size());
        } else {
            CHECK(result.left_behind >= r.state.objects.size());
            CHECK(result.left_behind <= 200);
        }
        CHECK(result.cleanup_problem.find("no answer") != std::string::npos);
        CHECK(result.cleanup_problem.find("phases.cleanup.patience") != std::string::npos);
    }
}

TEST_CASE("ends_cleanup_removes_all_that_is_not_locked") {
    model_run r(gets());
    r.state.fail = [](const engine::operation& op, engine::outcome& out) {
        if (!removes(op) || op.object % 50 != 0) return false;
        fail_with(out, op_status::client_error, 403, "locked");
        return true;
    };
    const auto result = r.go();
    CHECK(r.state.objects.size() == 4);
    CHECK(result.left_behind == 4);
    CHECK(result.cleanup_problem == "locked");
}

TEST_CASE("ends_cleanup_removes_by_itself_what_an_operation_on_several_left") {
    model_run r(gets());
    r.plan.phase.prepare_concurrency = 2;
    std::uint64_t singles = 0;
    r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
        if (!removes(op)) return false;
        if (op.batch.empty()) ++singles;
        if (op.batch.empty() || op.object % 50 != 0) return false;
        fail_with(out, op_status::server_error, 500, "of this one alone");
        return true;
    };
    const auto result = r.go();
    CHECK(r.state.objects.empty());
    CHECK(result.left.empty());
    CHECK(singles == 4);
}

TEST_CASE("ends_cleanup_that_is_denied_everything_asks_only_some") {
    model_run r(gets());
    r.plan.phase.prepare_concurrency = 4;
    std::uint64_t deletes = 0;
    r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
        if (!removes(op)) return false;
        if (op.batch.empty()) ++deletes;
        fail_with(out, op_status::client_error, 403, "denied");
        return true;
    };
    const auto result = r.go();
    CHECK(result.left_behind == 200);
    CHECK(deletes <= 2 * 3 * (16 + 2));
}

TEST_CASE("ends_stopped_twice_names_objects_and_what_the_driver_made") {
    model_run r(gets());
    r.plan.phase.measure_ns = 60'000 * ms;
    r.state.left_behind.push_back({"image", "pool/a", 1, true, "rbd rm pool/a"});
    r.seen.at_phase = [&](engine::phase p) {
        if (p == engine::phase::measure) r.stop = 2;
    };
    const auto result = r.go();
    CHECK(result.interrupted);
    REQUIRE(result.left.size() == 2);
    CHECK(result.left[0].kind == "object");
    CHECK(result.left[0].count == 200);
    CHECK(result.left[0].exact);
    CHECK(result.left[1].name == "pool/a");
    CHECK(result.left_behind == 201);
}

TEST_CASE("ends_interrupted_against_a_target_that_hangs_within_half_a_minute") {
    model_run r(gets());
    r.plan.phase.measure_ns = 600'000 * ms;
    r.plan.phase.drain_ns = 600'000 * ms;
    r.plan.phase.prepare_concurrency = 2;
    r.state.hang_step_ns = 100 * ms;
    r.seen.at_phase = [&](engine::phase p) {
        if (p != engine::phase::measure) return;
        r.state.hang = true;
        r.state.hang_open = true;
        r.stop = 1;
    };
    const auto result = r.go(1);
    CHECK(result.interrupted);
    double ends_s = 0;
    for (const auto& p : result.phases) {
        if (p.when == engine::phase::drain) CHECK(p.duration_s == doctest::Approx(15).epsilon(0.1));
        if (p.when >= engine::phase::drain) ends_s += p.duration_s;
    }
    CHECK(ends_s < 31);
    // Every second a line that says for what and how long at most.
    CHECK(r.seen.waits.size() >= 18);
    CHECK(r.seen.waits.front().what == "for 2 operations in flight");
    CHECK(r.seen.waits.front().most_s == doctest::Approx(15).epsilon(0.1));
    CHECK(result.left_behind == 200);
    CHECK_FALSE(result.left[0].exact);
}

TEST_CASE("ends_interrupted_removal_that_gets_on_goes_on_and_one_that_does_not_is_given_up") {
    for (const bool tells : {true, false}) {
        CAPTURE(tells);
        model_run r(gets());
        r.plan.phase.measure_ns = 600'000 * ms;
        // A minute in all, and never more than 10 s without a success.
        r.state.hang_step_ns = 10'000 * ms;
        r.state.close_steps = 6;
        r.state.tells_steps = tells;
        r.seen.at_phase = [&](engine::phase p) {
            if (p == engine::phase::measure) r.stop = 1;
        };
        const auto result = r.go(1);
        CHECK(result.interrupted);
        CHECK(result.cleanup_problem == (tells ? "" : "cancelled"));
    }
}

TEST_CASE("ends_cleanup_tells_every_second_how_it_fares") {
    model_run r(gets());
    r.plan.phase.prepare_concurrency = 2;
    r.plan.phase.cleanup_patience_ns = 60'000 * ms;
    std::int64_t dead_ns = 0;
    r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
        if (!removes(op)) return false;
        if (dead_ns == 0) dead_ns = monotonic_ns();
        // As long as a server needs that is started again.
        if (monotonic_ns() - dead_ns > 20'000 * ms) return false;
        fail_with(out, op_status::connect_failed, 0, "nobody listens");
        return true;
    };
    const auto result = r.go(1);
    CHECK(r.state.objects.empty());
    CHECK(result.left.empty());
    REQUIRE(r.seen.progress.size() >= 18);
    const engine::progress& p = r.seen.progress[9];
    CHECK(p.when == engine::phase::cleanup);
    CHECK(p.total == 200);
    CHECK(p.done == 0);
    CHECK(p.last_failure == "nobody listens");
    CHECK(p.patience_left_s == doctest::Approx(50).epsilon(0.1));
}
