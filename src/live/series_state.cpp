#include <chopsticks/results/text.hpp>

#include "monitor_contents.hpp"

namespace chopsticks::live {

namespace {

using results::json;

constexpr const char* trial_states[] = {"done", "failed", "interrupted"};

json row_of_trial(const watched_trial& trial, const trial_outcome& outcome) {
    json out{{"number", trial.number},
             {"what", trial.what},
             {"state", outcome.state},
             {"problem", outcome.problem},
             {"result_file", outcome.result_file}};
    out["exit_status"] = outcome.exit_status ? json(*outcome.exit_status) : json(nullptr);
    out["figures"] = nullptr;
    if (const auto& f = outcome.counted) {
        out["figures"] = {{"rate_per_s", f->rate_per_s},
                          {"p50_s", static_cast<double>(f->p50_ns) / 1e9},
                          {"p99_s", static_cast<double>(f->p99_ns) / 1e9},
                          {"failed", f->failed},
                          {"unanswered", f->unanswered}};
    }
    return out;
}

}  // namespace

json state_of(const observed_series& series, std::uint64_t known) {
    json out;
    // A text: JSON's numbers are doubles.
    out["id"] = std::to_string(series.id);
    out["kind"] = series.what.kind;
    out["scenario"] = series.what.scenario;
    out["planned"] = series.what.planned ? json(*series.what.planned) : json(nullptr);
    out["trial"] = nullptr;
    if (series.trial)
        out["trial"] = {{"number", series.trial->number}, {"what", series.trial->what}};
    out["waiting"] = series.waiting;
    out["exit_status"] = series.exit_status ? json(*series.exit_status) : json(nullptr);
    // A page of an earlier process may know of more.
    const std::size_t from = known > series.ended.size() ? 0 : static_cast<std::size_t>(known);
    out["from"] = from;
    out["ended"] = json::array();
    for (std::size_t i = from; i < series.ended.size(); ++i)
        out["ended"].push_back(row_of_trial(series.ended[i].first, series.ended[i].second));
    return out;
}

std::vector<metric_family> metrics_of(const observed_series& series) {
    std::vector<metric_family> out;
    const auto add = [&out](const char* name, const char* help, metric_kind kind) -> auto& {
        metric_family& family = out.emplace_back();
        family.name = name;
        family.help = help;
        family.kind = kind;
        return family.all;
    };
    add("chopsticks_series_info", "The series of runs; always 1.", metric_kind::gauge)
        .push_back(
            {{{"scenario", results::printable(series.what.scenario)}, {"series", series.what.kind}},
             1,
             {}});
    if (series.what.planned) {
        add("chopsticks_trials_planned", "Runs that the series will have.", metric_kind::gauge)
            .push_back({{}, static_cast<double>(*series.what.planned), {}});
    }
    auto& ended =
        add("chopsticks_trials_total", "Runs of the series that ended.", metric_kind::counter);
    for (const char* const state : trial_states) {
        double count = 0;
        for (const auto& [trial, outcome] : series.ended)
            count += outcome.state == state ? 1 : 0;
        ended.push_back({{{"state", state}}, count, {}});
    }
    auto& now = add("chopsticks_trial_info", "The run of the series that is under way; 1.",
                    metric_kind::gauge);
    if (series.trial) {
        now.push_back({{{"trial", std::to_string(series.trial->number)},
                        {"what", results::printable(series.trial->what)}},
                       1,
                       {}});
    }
    return out;
}

}  // namespace chopsticks::live
