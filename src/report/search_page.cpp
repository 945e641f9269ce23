#include <chopsticks/core/units.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/results/figure_text.hpp>
#include <chopsticks/results/json_reading.hpp>

#include "cluster.hpp"
#include "curves.hpp"
#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;
using results::result_file;

namespace {

tone tone_of_trial(const json& trial) {
    if (results::flag(trial, "generator_limited")) return tone::warn;
    return tone_of_figures(member(trial, "figures"));
}

verdict verdict_of_search(const json& document) {
    const json& found = member(document, "result");
    const auto rate = [&](const char* key) { return results::rate(results::number(found, key)); };
    const bool has_lower = member(found, "lower_per_s").is_number();
    const bool has_upper = member(found, "upper_per_s").is_number();
    std::string text = has_lower ? "at least " + rate("lower_per_s") + " per second"
                                 : "no rate that holds the objectives is known";
    if (has_upper) {
        text +=
            std::string("; ") + rate("upper_per_s") + " per second " +
            (results::flag(found, "upper_is_generator") ? "is more than the generator can tell of"
                                                        : "is too much");
    }
    if (has_lower)
        text += results::flag(found, "validated") ? "; a longer run confirmed it"
                                                  : "; no longer run confirmed it";
    return {has_lower ? results::flag(found, "validated") ? tone::good : tone::warn : tone::bad,
            "HIGHEST RATE", text};
}

table rates_table(const json& document) {
    table out{.caption = "Rates that were tried",
              .header = {"Rate", "it is", "trials", "invalid trials", "load", "work piled up"}};
    for (const json& one : member(document, "rates")) {
        const std::string is = text_of(one, "is");
        out.rows.push_back({number_cell(one, "rate_per_s", unit::per_s), words(is),
                            count_cell(one, "trials"), count_cell(one, "invalid_trials"),
                            number_cell(one, "load_s", unit::seconds),
                            words(results::flag(one, "growing") ? "yes" : "no")});
    }
    return out;
}

table trials_table(const json& document) {
    table out{.caption = "Trials, in order of time", .header = {"Trial", "kind", "rate"}};
    out.header.insert(out.header.end(), series_header().begin(), series_header().end());
    for (const json& trial : member(document, "trials")) {
        std::vector<cell> row = {
            {.text = "trial " + std::to_string(results::count(trial, "number"))},
            words(text_of(trial, "kind")),
            // A probe has no rate.
            results::number(trial, "rate_per_s") > 0 ? number_cell(trial, "rate_per_s", unit::per_s)
                                                     : cell{.text = "-"}};
        std::vector<cell> rest = series_row(member(trial, "figures"));
        if (const std::string problem = text_of(trial, "problem"); !problem.empty())
            rest[0] = words(problem, tone::warn);
        row.insert(row.end(), rest.begin(), rest.end());
        out.rows.push_back(std::move(row));
    }
    return out;
}

curve_chart trials_chart(const json& document) {
    curve_chart out = latency_over_throughput("trials", "99th percentile of the response time");
    out.note = "each trial; the interval of the highest rate is between the lines";
    curve held{.name = "objectives held", .dots = true, .joined = false, .as = tone::good};
    curve missed{.name = "an objective missed", .dots = true, .joined = false, .as = tone::bad};
    curve limited{
        .name = "the generator was the limit", .dots = true, .joined = false, .as = tone::warn};
    for (const json& trial : member(document, "trials")) {
        const json& figures = member(trial, "figures");
        if (!figures.is_object()) continue;
        const tone as = tone_of_trial(trial);
        curve& to = as == tone::good ? held : as == tone::bad ? missed : limited;
        to.points.push_back({results::number(figures, "rate_per_s"),
                             results::number(figures, "p99_ns") / 1e6,
                             "trial " + std::to_string(results::count(trial, "number"))});
    }
    for (curve* one : {&held, &missed, &limited}) {
        if (!one->points.empty()) out.curves.push_back(std::move(*one));
    }
    const json& found = member(document, "result");
    if (member(found, "lower_per_s").is_number())
        out.places.push_back({results::number(found, "lower_per_s"), "holds"});
    if (member(found, "upper_per_s").is_number()) {
        out.places.push_back(
            {results::number(found, "upper_per_s"),
             results::flag(found, "upper_is_generator") ? "generator's limit" : "too much"});
    }
    return out;
}

}  // namespace

page describe_search(const result_file& document) {
    const json& found = document.document;
    page out;
    out.title = "Highest rate of " + text_of(found, "scenario");
    out.facts =
        text_of(found, "started") + ", seed " + std::to_string(results::count(found, "seed"));
    for (const json& one : member(found, "objectives")) {
        if (one.is_string()) out.facts += ", " + one.get<std::string>();
    }
    out.facts += ", " + results::decimal(results::number(found, "spent_s"), 0) + " s";
    out.verdicts.push_back(verdict_of_search(found));
    if (results::flag(found, "interrupted"))
        out.verdicts.push_back(
            {tone::warn, "INTERRUPTED", "the search was ended before it was done"});
    const std::optional<result_file> first = first_run_of(document, "trials");
    section summary{.id = "summary", .title = "Latency over throughput"};
    curve_chart chart = trials_chart(found);
    if (first) chart.limits = latency_limits(first->document);
    if (!chart.curves.empty()) summary.blocks.emplace_back(std::move(chart));
    add_table(summary, rates_table(found));
    add_table(summary, trials_table(found));
    out.sections.push_back(std::move(summary));
    out.sections.push_back(cluster_of_series(document, "trials", first));
    add_configuration_of_series(out, document, first);
    return out;
}

}  // namespace chopsticks::report
