// Figures, changes and whole comparisons in words.

#include "words.hpp"

#include <algorithm>
#include <chopsticks/compare/report.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <cstdio>
#include <limits>

namespace chopsticks::compare {

namespace {

using results::decimal;

std::string signed_text(double value, int decimals) {
    char out[64];
    std::snprintf(out, sizeof out, "%+.*f", decimals, value);
    return out;
}

/// A change as a number without its unit.
std::string bare(const figure& what, double change) {
    const double percent = 100 * change;
    return signed_text(percent, what.kind == figure_kind::error_rate ? 2
                                : std::abs(percent) < 999.5          ? 1
                                                                     : 0);
}

std::size_t count(const comparison& found, verdict v) {
    return static_cast<std::size_t>(std::count_if(found.rows.begin(), found.rows.end(),
                                                  [&](const row& one) { return one.said == v; }));
}

/// The row of a verdict that changed most against its margin.
const row* most_changed(const comparison& found, verdict v) {
    const row* out = nullptr;
    double most = -1;
    for (const row& one : found.rows) {
        if (one.said != v) continue;
        // Of what is dead no change is known, and none is greater.
        const double times = one.dead ? std::numeric_limits<double>::infinity()
                                      : std::abs(one.change.value) / std::max(one.margin, 1e-6);
        if (times <= most) continue;
        most = times;
        out = &one;
    }
    return out;
}

std::string with_range(const row& one) {
    if (one.dead) return about(one) + ": none succeeded on the new side";
    return about(one) + " " + change_text(one.what, one.share_changed()) +
           " (95%: " + range_text(one) + ")";
}

/// A gate, its row, and at which point of a sweep.
struct held_gate {
    const gate_outcome* outcome;
    const row* about;
    std::string at;
};

std::vector<held_gate> held_gates(const comparison& found, const std::string& at = {}) {
    std::vector<held_gate> out;
    for (const gate_outcome& one : found.gates)
        out.push_back({&one, &found.rows[one.row], at});
    return out;
}

std::string gates_sentence(const std::vector<held_gate>& all, const std::string& missing = {}) {
    const std::string of_all = " of " + counted(all.size(), "gate");
    const auto told = [&](const char* word, gate_result r) -> std::string {
        const auto is = [&](const held_gate& g) { return g.outcome->result == r; };
        const auto first = std::find_if(all.begin(), all.end(), is);
        if (first == all.end()) return {};
        return word + std::to_string(std::count_if(all.begin(), all.end(), is)) + of_all + ", " +
               (first->at.empty() ? "" : "at " + first->at + " ") + with_range(*first->about) +
               " where " + first->outcome->asked.text + " is allowed.";
    };
    std::string out = told("Regressed: ", gate_result::regressed);
    if (!out.empty()) return out;
    out = told("Inconclusive: ", gate_result::undecided);
    if (!missing.empty()) {
        return (out.empty() ? "Inconclusive:" : out) +
               " No gate could be held where the new side "
               "has no run: " +
               missing + ".";
    }
    if (!out.empty()) return out;
    return "Passed: " +
           (all.size() == 1 ? std::string("the gate") : "all " + counted(all.size(), "gate")) +
           ", nothing is worse than allowed.";
}

std::string single_run_sentence(const comparison& found) {
    const std::size_t suspects = count(found, verdict::suspect);
    // As far as single runs can: nothing works any more.
    if (const row* const dead = most_changed(found, verdict::regressed)) {
        return "The new side regressed: " + with_range(*dead) + ".";
    }
    std::string out = "One run on a side: ";
    if (suspects == 0) {
        out += "no figure is suspect";
    } else {
        const row& most = *most_changed(found, verdict::suspect);
        out += counted(suspects, "figure") + (suspects == 1 ? " is" : " are") +
               " suspect, most of all " + with_range(most);
    }
    return out +
           "; how much runs differ from each other is not known, so nothing is shown. Repeat them.";
}

std::string verdict_text(const row& one) {
    std::string out(name(one.said));
    if (one.said == verdict::suspect) out += one.change.value < 0 ? " -" : " +";
    return out;
}

/// With what a reader should know of it.
std::string marked(const row& one, double value) {
    return (one.lower_bound ? ">" : "") + value_text(one.what, value) + (one.thin ? "?" : "");
}

/// "512.1 to 606.3"
std::string mean_range(const figure& what, const interval& range) {
    return value_text(what, range.low) + " to " + value_text(what, range.high);
}

}  // namespace

std::string change_text(const figure& what, double change) {
    if (!std::isfinite(change)) return "-";
    return bare(what, change) + (what.kind == figure_kind::error_rate ? " pp" : "%");
}

std::string range_text(const row& one) {
    const interval range = one.share();
    if (!std::isfinite(range.low) || !std::isfinite(range.high)) return "not known";
    // Of so few runs that the interval says "anything", no digits.
    const bool anything = one.what.kind != figure_kind::error_rate && range.high > 9.995;
    return bare(one.what, range.low) + " to " +
           (anything ? std::string(">+999") : bare(one.what, range.high));
}

std::string value_text(const figure& what, double value) {
    if (what.is_latency() && value == 0) return "-";
    switch (what.kind) {
        case figure_kind::error_rate:
            return decimal(100 * value, 2) + "%";
        case figure_kind::bandwidth:
            value /= 1e6;
            [[fallthrough]];
        case figure_kind::throughput:
            return decimal(value, value < 99.95 ? 2 : value < 9999.5 ? 1 : 0);
        default:
            return format_latency(std::llround(value));
    }
}

std::string label(const figure& what) {
    switch (what.kind) {
        case figure_kind::throughput:
            return "ops/s";
        case figure_kind::bandwidth:
            return "MB/s";
        case figure_kind::error_rate:
            return "errors";
        default:
            break;
    }
    figure of_response = what;
    of_response.service = false;
    return of_response.name() + (what.service ? " service" : "");
}

std::string about(const row& one) {
    std::string out = label(one.what);
    return one.operation.empty() ? out : out + " of " + results::printable(one.operation);
}

std::string listed(const std::vector<std::string>& all) {
    std::string out;
    for (const std::string& one : all)
        out += (out.empty() ? "" : "; ") + one;
    return out;
}

std::vector<std::string> cells(const row& one, const std::string& first) {
    const bool tested = one.test != test_kind::none;
    return {first,
            marked(one, one.base),
            marked(one, one.now),
            change_text(one.what, one.share_changed()),
            range_text(one),
            tested ? decimal(one.p, 3) : "-",
            verdict_text(one)};
}

std::vector<std::string> cells(const row& one, const figure_spread& of, const std::string& first) {
    return {first, marked(one, one.base),
            std::isfinite(of.mean.high) ? mean_range(one.what, of.mean) : "-",
            std::isfinite(of.vary) ? change_text(one.what, of.vary).substr(1) : "-",
            one.thin ? "-" : change_text(one.what, of.regressed_at)};
}

std::string sentence(const run_spread& found) {
    const std::size_t made = found.itself.base_runs;
    const row& first = found.itself.rows.front();
    const figure_spread& spread = found.rows.front();
    std::string out =
        counted(made, "run") + ": " + value_text(first.what, first.base) + " " + label(first.what);
    if (made < 2) return out + "; how much runs differ from each other is not known. Repeat it.";
    if (!std::isfinite(spread.vary)) return out + ".";
    return out + " (95%: " + mean_range(first.what, spread.mean) + "), which varies by " +
           change_text(first.what, spread.vary).substr(1) + " from run to run.";
}

std::string how(const comparison& found) {
    std::string out =
        counted(found.base_runs, "run") + " against " + std::to_string(found.new_runs);
    if (found.paired) out += ", in pairs";
    if (found.within_run) {
        out += "; errors are of the intervals within a run only";
    } else {
        out += "; 95% intervals, a run is the unit";
    }
    return out;
}

std::vector<std::string> head() {
    return {"Operation, figure", "base", "new", "change", "95% interval", "p", "verdict"};
}

std::string sentence(const comparison& found) {
    if (!found.gates.empty()) return gates_sentence(held_gates(found));
    if (found.within_run) return single_run_sentence(found);
    const std::size_t all = found.rows.size();
    const std::size_t worse = count(found, verdict::regressed);
    const std::size_t better = count(found, verdict::improved);
    const std::size_t same = count(found, verdict::equivalent);
    std::string out;
    if (worse > 0) {
        out = "The new side regressed in " + std::to_string(worse) + " of " +
              counted(all, "figure") + ", most of all " +
              with_range(*most_changed(found, verdict::regressed));
    } else if (better > 0) {
        out = "The new side improved in " + std::to_string(better) + " of " +
              counted(all, "figure") + ", most of all " +
              with_range(*most_changed(found, verdict::improved));
    } else if (same == all) {
        return "The sides are equivalent: all " + counted(all, "figure") +
               " are within their margins.";
    } else {
        return "No change is shown: " + std::to_string(same) + " of " + counted(all, "figure") +
               " are equivalent, " + std::to_string(all - same) + " inconclusive.";
    }
    if (worse > 0) out += "; improved " + std::to_string(better);
    return out + ", equivalent " + std::to_string(same) + ", inconclusive " +
           std::to_string(all - worse - better - same) + ".";
}

std::string sentence(const curves& found) {
    if (found.gated()) {
        std::vector<held_gate> all;
        for (const curve_point& point : found.points) {
            for (held_gate& one : held_gates(point.found, point.settings))
                all.push_back(std::move(one));
        }
        return gates_sentence(all, listed(found.of_one.of_base));
    }
    const auto at = found.part();
    const bool single = std::any_of(found.points.begin(), found.points.end(),
                                    [](const curve_point& p) { return p.found.within_run; });
    const std::string caution =
        single ? " Points have one run on a side, so this is suspect and not shown: sweep with "
                 "--repeat."
               : "";
    if (!at) {
        return "The curves do not part at any of " + counted(found.points.size(), "point") +
               " as far as these runs show." + caution;
    }
    const curve_point& point = found.points[*at];
    const row* most = nullptr;
    for (const verdict v : {verdict::regressed, verdict::suspect, verdict::improved}) {
        if (most == nullptr) most = most_changed(point.found, v);
    }
    return "The curves part at " + point.settings + ": " + with_range(*most) + "." + caution;
}

}  // namespace chopsticks::compare
