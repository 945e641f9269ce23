// Runs of one side alone: how far they are apart, and what a comparison could show.

#include <doctest/doctest.h>

#include <chopsticks/compare/spread.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "runs.hpp"

using namespace chopsticks;
using namespace compare::simulated;
using compare::figure;
using compare::figure_kind;
using compare::run_spread;
using compare::spread_of;
using compare::verdict;

namespace {

std::vector<results::result_file> runs_of(std::size_t n, double deviation,
                                          const run_plan& plan = {}) {
    random_stream random(17);
    return make_side(random, n, plan, deviation);
}

const compare::figure_spread& of(const run_spread& found, const figure& what) {
    for (std::size_t i = 0; i < found.rows.size(); ++i) {
        const compare::row& one = found.itself.rows[i];
        if (one.what == what && one.operation == operation) return found.rows[i];
    }
    throw std::runtime_error("no such row: " + what.name());
}

std::vector<results::result_file> later(std::vector<results::result_file> runs, double rate_by,
                                        double latency_by) {
    for (results::result_file& run : runs) {
        run.run_id += "-later";
        // Behind all of the base, so that there are no pairs.
        run.started_ns += 10'000'000'000'000;
        for (results::operation_figures* const f : {&run.total, run.operations.data()}) {
            f->rate_per_s *= rate_by;
            f->response.mean_ns *= latency_by;
        }
    }
    return runs;
}

std::string text_of(const run_spread& found, int width = 80) {
    results::terminal_options terminal;
    terminal.width = width;
    return render(found, terminal);
}

}  // namespace

TEST_CASE("spread_is_of_the_runs_and_not_of_pairs_with_themselves") {
    const auto runs = runs_of(8, 0.06);
    const run_spread found = spread_of(runs, {});
    CHECK_FALSE(found.itself.paired);
    const auto& mean = of(found, {figure_kind::mean});
    CHECK(mean.vary > 0.02);
    CHECK(mean.vary < 0.15);
    const auto& row = row_of(found.itself, {figure_kind::mean});
    CHECK(mean.mean.low < row.base);
    CHECK(row.base < mean.mean.high);
    // Eight runs: the mean is known about three times as well as one.
    const double half = std::log(mean.mean.high / mean.mean.low) / 2;
    CHECK(half == doctest::Approx(2.365 * std::log1p(mean.vary) / std::sqrt(8)).epsilon(0.02));
}

TEST_CASE("spread_tells_from_where_on_a_comparison_says_regressed") {
    const auto runs = runs_of(6, 0.05);
    const run_spread found = spread_of(runs, {});
    const figure throughput{figure_kind::throughput};
    const figure mean{figure_kind::mean};
    const double rate_at = of(found, throughput).regressed_at;
    const double mean_at = of(found, mean).regressed_at;
    CHECK(rate_at < -0.02);
    CHECK(mean_at > 0.05);
    for (const double share : {0.99, 1.01}) {
        const auto now = later(runs, std::exp(share * std::log1p(rate_at)),
                               std::exp(share * std::log1p(mean_at)));
        const auto compared = compare::compare_runs(runs, now, {});
        REQUIRE_FALSE(compared.paired);
        CHECK((row_of(compared, throughput).said == verdict::regressed) == (share > 1));
        CHECK((row_of(compared, mean).said == verdict::regressed) == (share > 1));
    }
}

TEST_CASE("spread_of_error_rates_is_a_difference") {
    run_plan plan;
    plan.failed = 4000;
    const run_spread found = spread_of(runs_of(5, 0.02, plan), {});
    const auto& errors = of(found, {figure_kind::error_rate});
    CHECK(errors.vary < 0.01);
    CHECK(errors.regressed_at > 0.001);
    CHECK(errors.mean.low >= 0);
    const run_spread none = spread_of(runs_of(5, 0.02), {});
    CHECK(of(none, {figure_kind::error_rate}).mean.low == 0);
}

TEST_CASE("spread_of_one_run_is_not_known") {
    const run_spread found = spread_of(runs_of(1, 0), {});
    for (const auto& one : found.rows) {
        CHECK(std::isnan(one.vary));
        CHECK(std::isnan(one.regressed_at));
        CHECK_FALSE(std::isfinite(one.mean.high));
    }
    CHECK(text_of(found).starts_with("1 run: "));
    CHECK(text_of(found).find("not known") != std::string::npos);
}

TEST_CASE("spread_fits_the_terminal_and_begins_with_a_sentence") {
    const run_spread found = spread_of(runs_of(5, 0.05), {});
    CHECK(text_of(found).starts_with("5 runs: "));
    for (const int width : {80, 50, 40}) {
        const std::string text = text_of(found, width);
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            CAPTURE(text.substr(at, end - at));
            CHECK(results::columns(text.substr(at, end - at)) < static_cast<std::size_t>(width));
            at = end + 1;
        }
    }
    // Both columns at their full width, and nothing left out.
    for (const char* word : {"mean", "95% interval", "vary by", "regressed at"})
        CHECK(text_of(found).find(word) != std::string::npos);
}
