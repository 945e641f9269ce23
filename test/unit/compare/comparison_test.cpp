// Verdicts of simulated runs whose difference is known.

#include <doctest/doctest.h>

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/core/error.hpp>

#include "runs.hpp"

using namespace chopsticks;
using namespace compare::simulated;
using compare::compare_runs;
using compare::figure;
using compare::figure_kind;
using compare::gate_result;
using compare::interleaved;
using compare::verdict;
using doctest::Approx;

namespace {

const figure throughput{figure_kind::throughput};
const figure p50{figure_kind::percentile, 50};
const figure p99{figure_kind::percentile, 99};
const figure p999{figure_kind::percentile, 99.9};
const figure errors{figure_kind::error_rate};

compare::options gated(std::initializer_list<const char*> gates) {
    compare::options out;
    for (const char* const one : gates)
        out.gates.push_back(compare::parse_gate(one));
    return out;
}

}  // namespace

TEST_CASE("comparison_of_a_slower_side_regresses") {
    random_stream random(61);
    const auto base = make_side(random, 6, {}, 0.01);
    const auto now = make_side(random, 6, {.level = std::log(1.15), .started_s = 100}, 0.01);
    const auto found = compare_runs(base, now, gated({"p99(get) +5%", "throughput -2%"}));
    CHECK_FALSE(found.paired);
    CHECK_FALSE(found.within_run);
    const auto& slower = row_of(found, p99);
    CHECK(slower.said == verdict::regressed);
    CHECK(slower.share_changed() == Approx(0.15).epsilon(0.2));
    CHECK(slower.share().low < 0.15);
    CHECK(slower.share().high > 0.15);
    CHECK(slower.test == compare::test_kind::permutation);
    CHECK(slower.p == Approx(2.0 / 924));
    CHECK(slower.more_runs == 0);
    CHECK(row_of(found, throughput).said == verdict::equivalent);
    CHECK(found.gates[0].result == gate_result::regressed);
    CHECK(found.gates[1].result == gate_result::passed);
    // The other way round it is better, which no gate minds.
    const auto back = compare_runs(now, base, gated({"p99(get) +5%"}));
    CHECK(row_of(back, p99).said == verdict::improved);
    CHECK(back.gates[0].result == gate_result::passed);
    CHECK(row_of(back, p99).change.value == Approx(-slower.change.value));
}

TEST_CASE("comparison_leaves_out_what_the_target_of_a_side_does_not_have") {
    random_stream random(61);
    const auto base = make_side(random, 6, {}, 0.01);
    auto now = make_side(random, 6, {.started_s = 100}, 0.01);
    const auto tell = [&] {
        for (const compare::disparity& one : compare::disparities(base, now))
            if (one.what == operation) return one.base + "; " + one.now;
        return std::string();
    };
    CHECK(tell().empty());
    for (results::result_file& run : now) {
        results::operation_figures& f = run.operations.front();
        f.errors = {{"unsupported", 501, 0, "NotImplemented", 10, ""}};
        f.failed = 10;
    }
    // Some of it was served: errors, which are compared.
    CHECK_FALSE(compare_runs(base, now, {}).rows.empty());
    CHECK(tell().empty());
    for (results::result_file& run : now) {
        run.operations.front().ok = 0;
        run.operations.front().rate_per_s = 0;
    }
    // All together are compared nevertheless: that work is lost is not hidden.
    const auto without = compare_runs(base, now, {});
    REQUIRE_FALSE(without.rows.empty());
    for (const compare::row& one : without.rows)
        CHECK(one.operation.empty());
    CHECK(tell() == "served; not supported by the target (60 of 60 answers)");
    // No gate passes for want of the operation.
    const auto found = compare_runs(base, now, gated({"throughput(get) -2%"}));
    REQUIRE(found.gates.size() == 1);
    CHECK(found.gates[0].result == gate_result::regressed);
}

TEST_CASE("comparison_of_sides_alike_is_equivalent_where_that_is_shown") {
    random_stream random(62);
    const auto base = make_side(random, 8, {}, 0.01);
    const auto now = make_side(random, 8, {.started_s = 100}, 0.01);
    const auto found = compare_runs(base, now, gated({"p50 +5%", "error_rate +0.1%"}));
    CHECK(row_of(found, p50).said == verdict::equivalent);
    CHECK(row_of(found, throughput).said == verdict::equivalent);
    CHECK(row_of(found, errors).said == verdict::equivalent);
    CHECK(row_of(found, errors, "").change.value == 0);
    for (const auto& one : found.gates)
        CHECK(one.result == gate_result::passed);
    // Without a service time that differs, there is none in the table.
    for (const auto& one : found.rows)
        CHECK_FALSE(one.what.service);
}

TEST_CASE("comparison_of_runs_that_vary_is_inconclusive_and_says_how_many_more") {
    random_stream random(63);
    const auto base = make_side(random, 4, {}, 0.10);
    const auto now = make_side(random, 4, {.level = 0.05, .started_s = 100}, 0.10);
    const auto found = compare_runs(base, now, gated({"p50(s3/get) +5%"}));
    const auto& one = row_of(found, p50);
    CHECK(one.said == verdict::inconclusive);
    CHECK(one.more_runs > 4);
    CHECK(found.gates[0].result == gate_result::undecided);
}

TEST_CASE("comparison_of_single_runs_is_suspect_at_most") {
    random_stream random(64);
    const auto base = make_side(random, 1, {}, 0);
    const auto now = make_side(random, 1, {.level = std::log(1.5), .started_s = 100}, 0);
    const auto found = compare_runs(base, now, gated({"p50 +5%", "throughput -2%"}));
    CHECK(found.within_run);
    const auto& slower = row_of(found, p50);
    CHECK(slower.said == verdict::suspect);
    CHECK(slower.test == compare::test_kind::within_run);
    CHECK(slower.share().low > 0.4);
    CHECK(slower.share().high < 0.6);
    CHECK(row_of(found, throughput).said == verdict::inconclusive);
    CHECK(row_of(found, throughput).change.freedom > 0);
    for (const auto& one : found.rows) {
        CHECK(one.said != verdict::regressed);
        CHECK(one.said != verdict::improved);
        CHECK(one.said != verdict::equivalent);
        CHECK(one.more_runs == 0);
    }
    for (const auto& one : found.gates)
        CHECK(one.result == gate_result::undecided);
}

TEST_CASE("comparison_of_short_single_runs_knows_no_error") {
    random_stream random(65);
    const auto base = make_side(random, 1, {.seconds = 20}, 0);
    const auto now = make_side(random, 1, {.level = 1, .seconds = 20, .started_s = 100}, 0);
    const auto found = compare_runs(base, now, {});
    const auto& one = row_of(found, p50);
    CHECK(one.said == verdict::inconclusive);
    CHECK(one.test == compare::test_kind::none);
}

TEST_CASE("comparison_is_reproducible_by_its_seed") {
    random_stream random(66);
    const auto base = make_side(random, 1, {}, 0);
    const auto now = make_side(random, 1, {.started_s = 100}, 0);
    const double once = row_of(compare_runs(base, now, {}), p99).change.standard_error;
    CHECK(row_of(compare_runs(base, now, {}), p99).change.standard_error == once);
    compare::options other;
    other.seed = 2;
    CHECK(row_of(compare_runs(base, now, other), p99).change.standard_error != once);
}

TEST_CASE("comparison_of_a_thin_tail_says_nothing") {
    random_stream random(67);
    const auto base = make_side(random, 6, {}, 0.01);
    const auto now = make_side(random, 6, {.level = 1, .started_s = 100}, 0.01);
    const auto found = compare_runs(base, now, {});
    // 4,000 operations: four are beyond p99.9, forty beyond p99.
    CHECK(row_of(found, p999).thin);
    CHECK(row_of(found, p999).said == verdict::inconclusive);
    CHECK(row_of(found, p999).more_runs == 0);
    CHECK_FALSE(row_of(found, p99).thin);
    CHECK(row_of(found, p99).said == verdict::regressed);
}

TEST_CASE("comparison_of_lower_bounds_says_only_what_they_allow") {
    random_stream random(68);
    auto base = make_side(random, 6, {}, 0.01);
    auto now = make_side(random, 6, {.level = 0.5, .started_s = 100}, 0.01);
    now[2].operations[0].response.at_least = {"p99_ns", "max_ns"};
    // The new side is slower still than it says.
    auto found = compare_runs(base, now, gated({"p99(get) +5%"}));
    CHECK(row_of(found, p99).said == verdict::regressed);
    CHECK(row_of(found, p99).lower_bound);
    CHECK(row_of(found, p50).said == verdict::regressed);
    CHECK_FALSE(row_of(found, p50).lower_bound);
    CHECK(found.gates[0].result == gate_result::regressed);
    // Faster than a base whose figure is not less: still faster. Than a bound of its own: unknown.
    CHECK(row_of(compare_runs(now, base, {}), p99).said == verdict::improved);
    base[0].operations[0].response.at_least = {"p99_ns"};
    found = compare_runs(now, base, gated({"p99(get) +5%"}));
    CHECK(row_of(found, p99).said == verdict::inconclusive);
    CHECK(found.gates[0].result == gate_result::undecided);
}

TEST_CASE("comparison_of_interleaved_runs_is_of_pairs") {
    // The cluster gets slower by 4 % from pair to pair, of which the pairs know nothing.
    random_stream random(69);
    std::vector<results::result_file> base;
    std::vector<results::result_file> now;
    for (int i = 0; i < 8; ++i) {
        run_plan plan;
        plan.level = 0.04 * i;
        // A B B A A B B A ...
        plan.started_s = 100 * i + (i % 2 == 0 ? 0 : 50);
        base.push_back(make_run(random, plan));
        plan.level += 0.12;
        plan.started_s = 100 * i + (i % 2 == 0 ? 50 : 0);
        now.push_back(make_run(random, plan));
    }
    // The order on the command line does not matter.
    std::swap(base[1], base[6]);
    CHECK(interleaved(base, now));
    auto found = compare_runs(base, now, {});
    CHECK(found.paired);
    CHECK(row_of(found, p50).test == compare::test_kind::signs);
    CHECK(row_of(found, p50).said == verdict::regressed);
    // One base run more, all of them first: not interleaved, and the drift hides it.
    for (auto& run : now)
        run.started_ns += 10'000'000'000'000;
    CHECK_FALSE(interleaved(base, now));
    found = compare_runs(base, now, {});
    CHECK_FALSE(found.paired);
    CHECK(row_of(found, p50).said == verdict::inconclusive);
    now.pop_back();
    CHECK_FALSE(interleaved(base, now));
}

TEST_CASE("comparison_of_error_rates_is_of_differences") {
    random_stream random(70);
    const auto base = make_side(random, 5, {}, 0.01);
    const auto now = make_side(random, 5, {.failed = 400, .started_s = 100}, 0.01);
    const auto found = compare_runs(base, now, gated({"error_rate(get) +0.5%"}));
    const auto& one = row_of(found, errors);
    CHECK(one.base == 0);
    CHECK(one.now == Approx(0.0099).epsilon(0.02));
    CHECK(one.share_changed() == Approx(0.0099).epsilon(0.02));
    CHECK(one.said == verdict::regressed);
    CHECK(found.gates[0].result == gate_result::regressed);
}

TEST_CASE("comparison_of_a_run_without_success_knows_no_change") {
    random_stream random(74);
    const auto base = make_side(random, 5, {}, 0.01);
    auto now = make_side(random, 5, {.started_s = 100}, 0.01);
    now[3].operations[0].rate_per_s = 0;
    const auto found = compare_runs(base, now, gated({"throughput(get) -2%"}));
    const auto& one = row_of(found, throughput);
    CHECK(std::isnan(one.change.value));
    CHECK(one.said == verdict::inconclusive);
    CHECK(one.share().high == std::numeric_limits<double>::infinity());
    CHECK(found.gates[0].result == gate_result::undecided);
    // All of them failed: no latency at all, which is no fault of the gate.
    now[3].operations[0].response = {};
    now[3].operations[0].failed = 40'000;
    now[3].operations[0].ok = 0;
    const auto failed = compare_runs(base, now, gated({"p99(get) +5%", "error_rate(get) +1%"}));
    CHECK(failed.gates[0].result == gate_result::undecided);
    CHECK(failed.rows[failed.gates[0].row].new_runs[3] == 0);
    CHECK(failed.gates[1].result != gate_result::passed);
}

TEST_CASE("comparison_of_a_side_that_is_dead_regresses_whatever_is_gated") {
    random_stream random(75);
    for (const std::size_t runs : {1U, 5U}) {
        CAPTURE(runs);
        const auto base = make_side(random, runs, {}, 0.01);
        auto now = make_side(random, runs, {.started_s = 100}, 0.01);
        const auto kill = [](results::operation_figures& f) {
            f.failed = f.ok;
            f.ok = f.bytes = 0;
            f.rate_per_s = f.bytes_per_s = 0;
            f.response = f.service = {};
        };
        for (results::result_file& run : now) {
            kill(run.total);
            kill(run.operations[0]);
            for (results::interval_figures& one : run.intervals)
                kill(one.operations[0]);
        }
        const auto found = compare_runs(base, now,
                                        gated({"p99(get) +5%", "throughput(get) -2%",
                                               "bandwidth(get) -2%", "error_rate(get) +1%"}));
        for (const compare::gate_outcome& one : found.gates) {
            CAPTURE(one.asked.text);
            CHECK(one.result == gate_result::regressed);
            CHECK(found.rows[one.row].dead);
        }
        // Dead on both sides: nothing became worse, and there is nothing to gate.
        CHECK_THROWS_AS(compare_runs(now, now, gated({"p99(get) +5%"})), config_error);
        // Nothing was due.
        for (results::result_file& run : now)
            run.operations[0].failed = 0;
        for (const compare::gate_outcome& one :
             compare_runs(base, now, gated({"p99(get) +5%"})).gates)
            CHECK(one.result == gate_result::undecided);
    }
}

TEST_CASE("comparison_has_the_requests_that_an_operation_is_made_of") {
    random_stream random(76);
    auto base = make_side(random, 5, {}, 0.01);
    auto now = make_side(random, 5, {.started_s = 100}, 0.01);
    for (auto* const side : {&base, &now}) {
        for (results::result_file& run : *side) {
            results::operation_figures part = run.operations[0];
            part.name += ".last";
            part.part_of = operation;
            run.operation_parts.push_back(part);
        }
    }
    const auto found = compare_runs(base, now, gated({"p99(get.last) +50%"}));
    const auto& one = row_of(found, {figure_kind::percentile, 99}, "s3/get.last");
    CHECK(one.change.freedom > 0);
    CHECK(one.share_changed() ==
          Approx(row_of(found, {figure_kind::percentile, 99}).share_changed()));
    REQUIRE(found.gates.size() == 1);
    CHECK(found.gates[0].result == gate_result::passed);
}

TEST_CASE("comparison_gates_are_held_to_holm") {
    // One figure that just regresses by itself, and nine gates of which it is one.
    random_stream random(71);
    const auto base = make_side(random, 6, {}, 0.03);
    const auto now = make_side(random, 6, {.level = 0.12, .started_s = 100}, 0.03);
    const auto alone = compare_runs(base, now, gated({"p50(get) +5%"}));
    const auto nine =
        compare_runs(base, now,
                     gated({"p50(get) +5%", "p50 +500%", "p95 +500%", "p99 +500%", "mean +500%",
                            "throughput -50%", "error_rate +5%", "bandwidth -50%", "p75 +500%"}));
    CHECK(alone.gates[0].p > 0);
    CHECK(nine.gates[0].p == Approx(9 * alone.gates[0].p));
    // A percentile that no table has gets its row.
    CHECK(row_of(nine, {figure_kind::percentile, 75}, "").said != verdict::regressed);
}

TEST_CASE("comparison_gate_about_no_operation_is_refused") {
    random_stream random(72);
    const auto base = make_side(random, 2, {}, 0.01);
    const auto now = make_side(random, 2, {.started_s = 100}, 0.01);
    CHECK_THROWS_WITH_AS(compare_runs(base, now, gated({"p99(put) +5%"})),
                         "gate \"p99(put) +5%\": the runs have no such figure; operations are "
                         "s3/get",
                         config_error);
}

TEST_CASE("comparison_of_runs_alike_regresses_no_more_often_than_it_says") {
    random_stream random(73);
    compare::options how;
    how.only = {p50, p99};
    how.total_only = true;
    how.margin.latency = 1e-6;  // whatever differs from nothing
    constexpr int times = 60;
    int changed = 0;
    int held = 0;
    for (int i = 0; i < times; ++i) {
        const run_plan plan = {.seconds = 30, .operations = 40};
        const auto base = make_side(random, 5, plan, 0.02);
        run_plan later = plan;
        later.started_s = 100;
        const auto found = compare_runs(base, make_side(random, 5, later, 0.02), how);
        for (const figure& one : how.only) {
            const auto& of = row_of(found, one, "");
            changed += of.said == verdict::regressed || of.said == verdict::improved ? 1 : 0;
            const auto range = of.change.at(0.95);
            held += range.low <= 0 && 0 <= range.high ? 1 : 0;
        }
    }
    CHECK(changed <= 0.07 * 2 * times);
    CHECK(held >= 0.93 * 2 * times);
}
