// Rows: the effect of each figure, its error, and what that says.

#include <algorithm>
#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/compare/holm.hpp>
#include <chopsticks/compare/permutation.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/random.hpp>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "figures.hpp"
#include "run_series.hpp"

namespace chopsticks::compare {

namespace {

constexpr double confidence = 0.95;
constexpr double significant = 0.05;
/// Fewer pairs have so few degrees of freedom that pairing costs more than it gains.
constexpr std::size_t pairs_least = 4;

/// A figure of all runs of a side.
struct side {
    std::vector<run_figure> runs;
    std::vector<double> values;  ///< on the scale of row::change
    /// How far each value is known within its run; freedom 0: not known.
    std::vector<estimate> within;
    double own_variance = 0;  ///< of a value, as far as it is known within runs; 0: not known
    double inflation = 1;
};

/// Orders runs by their start.
std::vector<std::size_t> by_start(runs all) {
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(all[a].started_ns, a) < std::pair(all[b].started_ns, b);
    });
    return order;
}

class comparer {
  public:
    comparer(runs base, runs now, const options& how) : base_(base), new_(now), how_(how) {
        out_.base_runs = base.size();
        out_.new_runs = now.size();
        out_.within_run = base.size() == 1 || now.size() == 1;
        out_.paired =
            how.pairs && !out_.within_run && base.size() >= pairs_least && interleaved(base, now);
        order_[0] = by_start(base);
        order_[1] = by_start(now);
    }

    comparison go() {
        // All operations together are the one, where there is one.
        const bool one_operation = base_.front().operations.size() == 1 &&
                                   new_.front().operations.size() == 1 &&
                                   !is_left_out(base_.front().operations.front().name);
        const bool total_gated = std::any_of(how_.gates.begin(), how_.gates.end(),
                                             [](const gate& one) { return one.is_about(""); });
        if (!one_operation || total_gated || how_.total_only) add_rows("");
        if (!how_.total_only || !how_.gates.empty()) {
            for (const results::operation_figures& one : base_.front().operations) {
                if (is_left_out(one.name)) continue;
                add_rows(one.name);
                // Of the requests that it is made of, each behind it.
                for (const results::operation_figures& part : base_.front().operation_parts)
                    if (part.part_of == one.name) add_rows(part.name);
            }
        }
        for (row& one : out_.rows)
            judge(one);
        judge_gates();
        return std::move(out_);
    }

  private:
    std::vector<figure> figures_of(const std::string& operation) const {
        std::vector<figure> out;
        if (!how_.only.empty()) {
            if (!how_.total_only || operation.empty()) out = how_.only;
        } else {
            out = {{figure_kind::throughput}, {figure_kind::bandwidth}, {figure_kind::mean}};
            for (const double percentile : {50.0, 95.0, 99.0, 99.9})
                out.push_back({figure_kind::percentile, percentile});
            bool alike = true;
            for (const runs all : {base_, new_}) {
                for (const results::result_file& run : all)
                    alike = alike && response_is_service(run, operation);
            }
            if (!alike) {
                out.push_back({figure_kind::mean, 0, true});
                for (const double percentile : {50.0, 95.0, 99.0, 99.9})
                    out.push_back({figure_kind::percentile, percentile, true});
            }
            out.push_back({figure_kind::error_rate});
        }
        for (const gate& one : how_.gates) {
            if (one.is_about(operation) &&
                std::find(out.begin(), out.end(), one.what) == out.end()) {
                out.push_back(one.what);
            }
        }
        return out;
    }

    void add_rows(const std::string& operation) {
        const std::vector<figure> wanted = figures_of(operation);
        for (const bool service : {false, true})
            read_percentile_errors(operation, service, wanted);
        for (const figure& what : wanted) {
            side sides[2];
            const bool of_base = gather(base_, 0, operation, what, sides[0]);
            const bool of_new = gather(new_, 1, operation, what, sides[1]);
            if (!of_base && !of_new) continue;
            row& one = out_.rows.emplace_back();
            one.operation = operation;
            one.what = what;
            one.margin = how_.margin.of(what);
            fill(one, sides[0], sides[1]);
            one.dead = is_dead_since(operation);
        }
    }

    /// What a target does not have cannot be compared. A gate on it is judged nevertheless: that an
    /// operation is gone must not let it pass.
    bool is_left_out(const std::string& operation) const {
        const bool gated = std::any_of(how_.gates.begin(), how_.gates.end(),
                                       [&](const gate& one) { return one.is_about(operation); });
        return !gated && is_unserved(base_, new_, operation);
    }

    bool is_dead_since(const std::string& operation) const {
        const auto dead = [&](const results::result_file& run) { return is_dead(run, operation); };
        const auto alive = [&](const results::result_file& run) {
            const auto rate = figure_of(run, operation, {figure_kind::throughput});
            return rate && rate->value > 0;
        };
        return std::all_of(base_.begin(), base_.end(), alive) &&
               std::all_of(new_.begin(), new_.end(), dead);
    }

    /// Of an error rate, that it is 1 now does not mean that it was far from it.
    static bool is_worse_dead(const row& one) {
        if (!one.dead || one.what.kind != figure_kind::error_rate) return one.dead;
        return *std::max_element(one.base_runs.begin(), one.base_runs.end()) + one.margin < 1;
    }

    /// A bootstrap gives all percentiles of a run and clock at once.
    void read_percentile_errors(const std::string& operation, bool service,
                                const std::vector<figure>& wanted) {
        percentiles_[service].clear();
        for (const figure& one : wanted) {
            if (one.kind == figure_kind::percentile && one.service == service)
                percentiles_[service].push_back(one.percentile);
        }
        for (const int which : {0, 1}) {
            auto& errors = errors_[which][service];
            errors.clear();
            if (percentiles_[service].empty()) continue;
            for (const results::result_file& run : which == 0 ? base_ : new_) {
                const std::uint64_t seed =
                    mix64(mix64(how_.seed, static_cast<std::uint64_t>(run.started_ns)), service);
                errors.push_back(
                    percentiles_within(run, operation, service, percentiles_[service], seed));
            }
        }
    }

    estimate within_of(const results::result_file& run, int which, std::size_t index,
                       const std::string& operation, const figure& what, side& to) const {
        if (what.kind == figure_kind::percentile) {
            const auto& known = percentiles_[what.service];
            const auto at = std::find(known.begin(), known.end(), what.percentile);
            return errors_[which][what.service][index]
                          [static_cast<std::size_t>(at - known.begin())];
        }
        const series_estimate found = figure_within(run, operation, what);
        to.inflation = std::max(to.inflation, found.inflation);
        return found.mean;
    }

    /// False: no run of the side has anything of the figure. Where single runs have none, e.g. for
    /// want of a success, the change is not known.
    bool gather(runs all, int which, const std::string& operation, const figure& what,
                side& to) const {
        bool any = false;
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto found = figure_of(all[i], operation, what);
            any = any || found.has_value();
            if (!found) found.emplace();
            to.runs.push_back(*found);
            const bool share = what.kind == figure_kind::error_rate;
            to.values.push_back(share ? found->value : std::log(found->value));
            // Between runs, what a run knows of itself counts for percentiles and error rates only,
            // whose values can be alike by chance.
            if (!out_.within_run && what.kind != figure_kind::percentile) {
                to.own_variance += found->own_variance / static_cast<double>(all.size());
                continue;
            }
            to.within.push_back(within_of(all[i], which, i, operation, what, to));
            const double error = to.within.back().standard_error;
            if (to.within.back().freedom > 0)
                to.own_variance += error * error / static_cast<double>(all.size());
        }
        return any;
    }

    /// What a single run knows of its figure, or the mean of several.
    static estimate known(const side& s) {
        if (s.values.size() > 1) return mean_of(s.values, s.own_variance);
        estimate out = s.within.front();
        out.value = s.values.front();
        // One error more or less would be within chance, however even the intervals are.
        out.standard_error = std::max(out.standard_error, std::sqrt(s.runs.front().own_variance));
        return out;
    }

    void fill(row& one, const side& base, const side& now) const {
        const bool share = one.what.kind == figure_kind::error_rate;
        for (const run_figure& f : base.runs)
            one.base_runs.push_back(f.value);
        for (const run_figure& f : now.runs)
            one.new_runs.push_back(f.value);
        for (const side* const s : {&base, &now}) {
            for (const run_figure& f : s->runs) {
                one.thin = one.thin || f.thin;
                one.lower_bound = one.lower_bound || f.lower_bound;
            }
            const double mean = std::accumulate(s->values.begin(), s->values.end(), 0.0) /
                                static_cast<double>(s->values.size());
            (s == &base ? one.base : one.now) = share ? mean : std::exp(mean);
        }
        one.inflation = std::max(base.inflation, now.inflation);
        permutation_test exact;
        if (out_.paired) {
            std::vector<double> apart;
            for (std::size_t i = 0; i < base.values.size(); ++i)
                apart.push_back(now.values[order_[1][i]] - base.values[order_[0][i]]);
            one.change = mean_of(apart, base.own_variance + now.own_variance);
            exact = permute_signs(apart);
            one.test = test_kind::signs;
        } else {
            one.change = difference(known(base), known(now));
            exact = permute(base.values, now.values);
            one.test = test_kind::permutation;
        }
        // A run without any success has no logarithm of it.
        if (!std::isfinite(one.change.value)) one.change = {std::nan(""), 0, 0};
        one.p = exact.p;
        if (out_.within_run || !exact.exact || exact.least > significant) {
            one.p = one.change.p_apart(0);
            one.test = out_.within_run ? test_kind::within_run : test_kind::t;
        }
        if (!(one.change.freedom > 0)) {
            one.p = 1;
            one.test = test_kind::none;
        }
    }

    /// The change with worse as more.
    static estimate worse(const row& one) {
        estimate out = one.change;
        if (one.what.more_is_better()) out.value = -out.value;
        return out;
    }

    void judge(row& one) const {
        const estimate change = worse(one);
        const double bound = to_scale(one.what, one.margin);
        const interval range = change.at(confidence);
        one.said = verdict::inconclusive;
        one.more_runs = 0;
        if (is_worse_dead(one)) {
            one.said = verdict::regressed;
            return;
        }
        if (one.thin) return;
        if (out_.within_run) {
            if (range.low > bound || range.high < -bound) one.said = verdict::suspect;
            return;
        }
        const bool apart = one.p <= significant;
        if (range.low > bound && apart) {
            one.said = verdict::regressed;
        } else if (range.high < -bound && apart) {
            one.said = verdict::improved;
        } else if (range.low > -bound && range.high < bound && !one.lower_bound) {
            one.said = verdict::equivalent;
        } else {
            const auto runs_now = static_cast<unsigned>(std::min(out_.base_runs, out_.new_runs));
            const double nearest = change.value < 0 ? -bound : bound;
            one.more_runs = std::max(
                1U, values_to_decide(change, nearest, runs_now, runs_now + runs_most) - runs_now);
        }
        const bool of_new_alone = one.said == verdict::regressed && !bound_on(base_, one);
        const bool of_base_alone = one.said == verdict::improved && !bound_on(new_, one);
        if (one.lower_bound && !of_new_alone && !of_base_alone) {
            one.said = verdict::inconclusive;
            one.more_runs = 0;
        }
    }

    static bool bound_on(runs all, const row& one) {
        return std::any_of(all.begin(), all.end(), [&](const results::result_file& run) {
            const auto found = figure_of(run, one.operation, one.what);
            return found && found->lower_bound;
        });
    }

    void judge_gates() {
        for (const gate& asked : how_.gates) {
            bool about_something = false;
            for (std::size_t i = 0; i < out_.rows.size(); ++i) {
                row& one = out_.rows[i];
                if (!(one.what == asked.what) || !asked.is_about(one.operation)) continue;
                about_something = true;
                one.margin = asked.limit;
                judge(one);
                out_.gates.push_back({asked, i});
            }
            if (!about_something) refuse_gate(asked);
        }
        for (gate_outcome& one : out_.gates) {
            const row& about = out_.rows[one.row];
            const double limit = to_scale(about.what, one.asked.limit);
            one.p_alone = is_worse_dead(about) ? 0 : worse(about).p_above(limit);
            if (about.said == verdict::regressed) one.result = gate_result::regressed;
            const bool shown = worse(about).at(confidence).high < limit && !out_.within_run &&
                               !about.thin && !(about.lower_bound && bound_on(new_, about));
            if (shown) one.result = gate_result::passed;
        }
        comparison* const alone[] = {&out_};
        adjust_gates(alone);
    }

    [[noreturn]] void refuse_gate(const gate& asked) const {
        std::string names;
        for (const auto* const all : {&base_.front().operations, &base_.front().operation_parts}) {
            for (const results::operation_figures& one : *all)
                names += (names.empty() ? "" : ", ") + one.name;
        }
        throw config_error("gate \"" + asked.text +
                           "\": the runs have no such figure; operations " + "are " + names);
    }

    runs base_;
    runs new_;
    const options& how_;
    comparison out_;
    std::vector<std::size_t> order_[2];
    std::vector<double> percentiles_[2];               ///< by clock: response, service
    std::vector<std::vector<estimate>> errors_[2][2];  ///< by side and clock: by run, percentile
};

}  // namespace

interval row::share() const {
    interval out = change.at(confidence);
    if (what.kind == figure_kind::error_rate || !std::isfinite(out.low)) return out;
    return {std::expm1(out.low), std::expm1(out.high)};
}

double row::share_changed() const {
    return what.kind == figure_kind::error_rate ? change.value : std::expm1(change.value);
}

std::string_view name(verdict v) noexcept {
    switch (v) {
        case verdict::improved:
            return "improved";
        case verdict::regressed:
            return "regressed";
        case verdict::equivalent:
            return "equivalent";
        case verdict::suspect:
            return "suspect";
        case verdict::inconclusive:
            break;
    }
    return "inconclusive";
}

std::string_view name(test_kind t) noexcept {
    switch (t) {
        case test_kind::permutation:
            return "permutation";
        case test_kind::signs:
            return "signs";
        case test_kind::t:
            return "t";
        case test_kind::within_run:
            return "within_run";
        case test_kind::none:
            break;
    }
    return "none";
}

std::string_view name(gate_result r) noexcept {
    switch (r) {
        case gate_result::passed:
            return "passed";
        case gate_result::regressed:
            return "regressed";
        case gate_result::undecided:
            break;
    }
    return "inconclusive";
}

bool interleaved(runs base, runs now) {
    if (base.size() != now.size()) return false;
    const std::vector<std::size_t> first = by_start(base);
    const std::vector<std::size_t> second = by_start(now);
    // Each pair ends before the next begins.
    for (std::size_t i = 0; i + 1 < first.size(); ++i) {
        const std::int64_t last = std::max(base[first[i]].started_ns, now[second[i]].started_ns);
        const std::int64_t next =
            std::min(base[first[i + 1]].started_ns, now[second[i + 1]].started_ns);
        if (last >= next) return false;
    }
    return true;
}

gate_result result_of(const std::vector<gate_outcome>& gates) {
    gate_result out = gate_result::passed;
    for (const gate_outcome& one : gates) {
        if (one.result == gate_result::regressed) return one.result;
        if (one.result == gate_result::undecided) out = one.result;
    }
    return out;
}

void adjust_gates(std::span<comparison* const> together) {
    std::vector<double> p;
    for (const comparison* one : together) {
        for (const gate_outcome& gate : one->gates)
            p.push_back(gate.p_alone);
    }
    const std::vector<double> adjusted = holm_adjusted(p);
    auto next = adjusted.begin();
    for (comparison* one : together) {
        for (gate_outcome& gate : one->gates) {
            gate.p = *next++;
            row& about = one->rows[gate.row];
            // Half of it on the side that is worse, as the interval has it.
            if (about.said == verdict::regressed && gate.p > significant / 2) {
                about.said = verdict::inconclusive;
                about.more_runs = 1;
            }
            const bool taken_back = about.said != verdict::regressed;
            if (gate.result == gate_result::regressed && taken_back)
                gate.result = gate_result::undecided;
        }
    }
}

comparison compare_runs(runs base, runs now, const options& how) {
    return comparer(base, now, how).go();
}

}  // namespace chopsticks::compare
