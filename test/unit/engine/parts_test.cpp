// Operations that are made of several requests: each is recorded beside its operation, and counted
// in nothing else.

#include <doctest/doctest.h>

#include <chopsticks/engine/run.hpp>

#include "../../support/bound_steps.hpp"
#include "model_run.hpp"

namespace {

constexpr std::int64_t us = 1'000;

/// A put is a `begin` that always succeeds, and an `end` that ends as the put does.
void tell_parts(const engine::operation& op, const engine::outcome& out) {
    if (op.parts == nullptr) return;
    engine::outcome begin;
    begin.sent_ns = out.sent_ns;
    begin.first_byte_ns = begin.done_ns = out.sent_ns + 10 * us;
    op.parts->ended({0}, begin);
    engine::outcome end = out;
    end.sent_ns = begin.done_ns + 5 * us;
    op.parts->ended({1, begin.done_ns}, end);
}

std::uint64_t ended(const stats::figures& f) {
    return f.ok_count + f.failed_count;
}

}  // namespace

TEST_CASE("parts_of_an_operation_are_recorded_beside_it_and_in_no_sum") {
    for (const char* load : {"{closed: {users: 8}}", "{open: {rate: 4000, max_in_flight: 16}}"}) {
        model_run r(yaml(load));
        REQUIRE(r.plan.groups[0].tasks[1].steps[0].op == "put");
        r.plan.groups[0].tasks[1].steps[0].parts = {"begin", "end"};
        r.state.at_end = tell_parts;
        std::atomic<int> puts{0};
        r.state.fail = [&](const engine::operation& op, engine::outcome& out) {
            if (op.parts == nullptr || ++puts % 7 != 0) return false;
            out.fail(op_status::slow_down, "SlowDown", "too fast");
            out.native = native_code::of_http(503);
            return true;
        };
        const auto result = r.go();
        REQUIRE(result.names.operations ==
                std::vector<std::string>{"s3/get", "s3/put", "s3/delete"});
        REQUIRE(result.names.parts.size() == 2);
        CHECK(result.names.parts[0].name == "s3/put.begin");
        CHECK(result.names.parts[1].name == "s3/put.end");
        CHECK(result.names.parts[0].of == 1);
        CHECK(result.names.parts[1].of == 1);

        const stats::figures& put = result.measured.by_operation[1];
        const stats::figures& begin = result.measured.by_part[0];
        const stats::figures& end = result.measured.by_part[1];
        CHECK(put.ok_count > 20);
        CHECK(put.failed_count > 2);
        CHECK(begin.failed_count == 0);
        // Those of the warm-up are apart, by when each part was due.
        const auto& before = result.warmup;
        CHECK(begin.ok_count + before.by_part[0].ok_count ==
              ended(put) + ended(before.by_operation[1]));
        CHECK(end.ok_count + before.by_part[1].ok_count ==
              put.ok_count + before.by_operation[1].ok_count);
        CHECK(end.failed_count + before.by_part[1].failed_count ==
              put.failed_count + before.by_operation[1].failed_count);
        REQUIRE(end.errors.size() == 1);
        CHECK(end.errors[0].code == "SlowDown");
        CHECK(end.errors[0].native == native_code::of_http(503));

        // A part's time begins when it could begin: for the first that is when the operation was
        // due, for the second when the first was done.
        CHECK(begin.service.max() == 10 * us);
        CHECK(begin.send_lag.max() >= put.send_lag.max());
        CHECK(end.send_lag.max() == 5 * us);
        CHECK(end.response.max() < put.response.max());

        // No part is an operation of the load.
        std::uint64_t operations = 0;
        for (const stats::figures& f : result.measured.by_operation)
            operations += ended(f);
        CHECK(operations == result.groups[0].completed);
        CHECK(ended(result.measured.by_endpoint[0]) == operations);
        CHECK(r.seen.interval_ok == model_run::ok(result.measured) + model_run::ok(before));
    }
}

TEST_CASE("parts_are_asked_of_the_load_alone_and_of_those_operations_that_have_some") {
    model_run r(yaml("{closed: {users: 4}}"));
    r.plan.groups[0].tasks[1].steps[0].parts = {"begin", "end"};
    std::atomic<std::uint64_t> asked{0};
    std::atomic<std::uint64_t> wrong{0};
    r.state.at_end = [&](const engine::operation& op, const engine::outcome&) {
        if (op.parts == nullptr) return;
        ++asked;
        if (test::step_of(op).parts.empty() || op.cleaning) ++wrong;
    };
    const auto result = r.go(1);
    CHECK(asked == ended(result.measured.by_operation[1]) + ended(result.warmup.by_operation[1]));
    CHECK(wrong == 0);
    CHECK(result.prepared == 200);
    CHECK(ended(result.measured.by_part[0]) == 0);
}
