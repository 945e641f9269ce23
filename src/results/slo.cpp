#include <chopsticks/core/units.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/stats/response_times.hpp>
#include <cmath>
#include <cstdio>

namespace chopsticks::results {

namespace {

bool is_about(const scenario::slo& objective, const std::string& operation) {
    if (objective.op.empty()) return true;
    const std::size_t slash = operation.find('/');
    if (operation.compare(slash + 1, std::string::npos, objective.op) != 0) return false;
    return objective.group.empty() || operation.compare(0, slash, objective.group) == 0;
}

template <typename F>
void for_each_figures(const scenario::slo& objective, const stats::totals& figures,
                      const stats::layout& names, F f) {
    for (std::size_t i = 0; i < names.operations.size(); ++i) {
        if (is_about(objective, names.operations[i])) f(figures.by_operation[i], i);
    }
}

}  // namespace

namespace {

/// Whether it is about an operation that the target said it does not have, and never served: no
/// figure of it is one of the target's speed.
bool has_unserved(const scenario::slo& objective, const stats::totals& figures,
                  const stats::layout& names) {
    bool unserved = false;
    for_each_figures(objective, figures, names, [&](const stats::figures& f, std::size_t) {
        unserved = unserved || (f.ok_count == 0 && f.unsupported_count() > 0);
    });
    return unserved;
}

}  // namespace

std::string_view unit_of(const scenario::slo& objective) noexcept {
    if (objective.is_latency()) return "ns";
    if (objective.is_share()) return "share";
    return objective.metric == scenario::slo_metric::throughput ? "ops_per_s" : "bytes_per_s";
}

std::string format_slo_value(std::string_view unit, double value) {
    if (unit == "ns") return format_latency(std::llround(value));
    if (unit == "bytes_per_s") return format_bandwidth(value);
    if (unit == "ops_per_s") return format_count(value) + "/s";
    char text[40];
    std::snprintf(text, sizeof text, "%.3g%%", value * 100);
    return text;
}

namespace {

/// Of several operations: of their histograms added up.
std::optional<stats::bounded> response_value(const scenario::slo& objective,
                                             const stats::totals& figures,
                                             const stats::layout& names) {
    using metric = scenario::slo_metric;
    stats::response_times all;
    for_each_figures(objective, figures, names,
                     [&](const stats::figures& f, std::size_t) { all.add(f); });
    if (all.count() == 0) return std::nullopt;
    if (objective.metric == metric::max) return all.max();
    return objective.metric == metric::mean ? all.mean() : all.percentile(objective.percentile);
}

/// Only what was sent has a service time.
std::optional<stats::bounded> service_value(const scenario::slo& objective,
                                            const stats::totals& figures,
                                            const stats::layout& names) {
    using metric = scenario::slo_metric;
    stats::histogram all(3);
    for_each_figures(objective, figures, names,
                     [&](const stats::figures& f, std::size_t) { all.add(f.service); });
    if (all.count() == 0) return std::nullopt;
    const double value = objective.metric == metric::mean
                             ? all.sum() / static_cast<double>(all.count())
                         : objective.metric == metric::max
                             ? static_cast<double>(all.max())
                             : static_cast<double>(all.value_at_percentile(objective.percentile));
    return stats::bounded{value, value};
}

}  // namespace

std::optional<stats::bounded> slo_value(const scenario::slo& objective,
                                        const stats::totals& figures, const stats::layout& names,
                                        double duration_s, const std::vector<double>& measured_s) {
    if (has_unserved(objective, figures, names)) return std::nullopt;
    if (objective.is_latency()) {
        return objective.service ? service_value(objective, figures, names)
                                 : response_value(objective, figures, names);
    }
    const slo_ratio r = ratio_of(objective, figures, names, duration_s, measured_s);
    if (r.whole <= 0) return std::nullopt;
    return stats::bounded{r.part / r.whole, r.part / r.whole};
}

slo_ratio ratio_of(const scenario::slo& objective, const stats::totals& figures,
                   const stats::layout& names, double duration_s,
                   const std::vector<double>& measured_s) {
    using metric = scenario::slo_metric;
    slo_ratio out;
    if (objective.at_least()) out.whole = duration_s;
    for_each_figures(objective, figures, names, [&](const stats::figures& f, std::size_t i) {
        // What came in a shorter time would have been more in all of it.
        const bool shorter = i < measured_s.size() && measured_s[i] > 0;
        const double whole_time = shorter ? duration_s / measured_s[i] : 1;
        const stats::histogram& h = objective.service ? f.service : f.response;
        const auto ok = static_cast<double>(f.ok_count);
        const auto failed = static_cast<double>(f.failed_count);
        const auto shed = static_cast<double>(f.shed);
        const auto unfinished = static_cast<double>(f.unfinished);
        // Never answered, or not known when: none of it is known to be within the limit.
        const double late = objective.service ? 0 : static_cast<double>(f.shed + f.waited.count());
        switch (objective.metric) {
            case metric::percentile:
            case metric::max: {
                const auto within = h.count_at_or_below(static_cast<std::int64_t>(objective.limit));
                out.part += static_cast<double>(h.count() - within) + late;
                out.whole += static_cast<double>(h.count()) + late;
                break;
            }
            case metric::mean:
                out.part += h.sum() + (objective.service ? 0 : f.waited.sum());
                out.whole += static_cast<double>(h.count()) + late - (objective.service ? 0 : shed);
                break;
            case metric::error_rate:
                out.part += failed + shed + unfinished;
                out.whole += ok + failed + shed + unfinished;
                break;
            case metric::shed_rate:
                out.part += shed;
                out.whole += ok + failed + shed + unfinished;
                break;
            case metric::unfinished:
                out.part += unfinished;
                out.whole += ok + failed + shed + unfinished;
                break;
            case metric::throughput:
                out.part += ok * whole_time;
                break;
            case metric::bandwidth:
                out.part += static_cast<double>(f.bytes) * whole_time;
                break;
        }
    });
    return out;
}

double ratio_limit(const scenario::slo& objective) noexcept {
    if (objective.metric == scenario::slo_metric::percentile) {
        return 1 - objective.percentile / 100;
    }
    return objective.metric == scenario::slo_metric::max ? 0 : objective.limit;
}

std::vector<slo_outcome> judge(const std::vector<scenario::slo>& objectives,
                               const stats::totals& figures, const stats::layout& names,
                               double duration_s, const std::vector<double>& measured_s) {
    std::vector<slo_outcome> out;
    for (const scenario::slo& one : objectives) {
        slo_outcome outcome;
        outcome.objective = one;
        if (const auto value = slo_value(one, figures, names, duration_s, measured_s)) {
            outcome.value = value->least;
            outcome.at_least = value->at_least();
            outcome.met = one.allows(outcome.at_least ? value->most : value->least);
        }
        out.push_back(std::move(outcome));
    }
    return out;
}

slo_tracker::slo_tracker(std::vector<scenario::slo> objectives, const stats::layout& names)
    : objectives_(std::move(objectives)), names_(names), sum_(names, 3) {}

void slo_tracker::add(const stats::totals& figures, double duration_s) {
    if (empty()) return;
    sum_.add(figures);
    measured_s_ += duration_s;
    before_ = std::move(outcomes_);
    outcomes_ = judge(objectives_, sum_, names_, measured_s_);
}

std::size_t slo_tracker::missed() const noexcept {
    std::size_t n = 0;
    for (const slo_outcome& one : outcomes_)
        n += one.value && !one.met ? 1 : 0;
    return n;
}

std::vector<std::string> slo_tracker::changes() const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
        const slo_outcome& now = outcomes_[i];
        if (!now.value) continue;
        const bool known = i < before_.size() && before_[i].value;
        if (known && before_[i].met == now.met) continue;
        out.push_back(std::string("SLO ") + (now.met ? "met" : "missed") +
                      " so far: " + now.objective.text + " (" +
                      format_slo_value(unit_of(now.objective), *now.value) + ")");
    }
    return out;
}

}  // namespace chopsticks::results
