#include <algorithm>
#include <array>
#include <chopsticks/core/units.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <filesystem>

#include "cluster.hpp"
#include "curves.hpp"
#include "describing.hpp"
#include "overlay.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;
using results::result_file;

namespace {

/// Results that are read for one page.
constexpr std::size_t runs_of_a_side = 64;

/// Effects of one drawing.
constexpr std::size_t effects_most = 60;

tone tone_of_verdict(const std::string& said) {
    if (said == "regressed") return tone::bad;
    if (said == "improved" || said == "equivalent" || said == "passed") return tone::good;
    return said == "suspect" ? tone::warn : tone::plain;
}

std::optional<double> number_if_known(const json& object, const char* key) {
    const json& value = member(object, key);
    if (!value.is_number()) return std::nullopt;
    return value.get<double>();
}

std::string figure_name(const json& row) {
    const std::string operation = text_of(row, "operation");
    return text_of(row, "figure") + (operation.empty() ? "" : " of " + operation);
}

cell side_cell(const json& row, const char* key) {
    const std::string of_unit = text_of(row, "unit");
    const auto value = number_if_known(row, key);
    if (!value) return {.text = "-"};
    const std::string text = of_unit == "ns"            ? value_text(unit::ms, *value / 1e6)
                             : of_unit == "bytes_per_s" ? value_text(unit::bytes_per_s, *value)
                             : of_unit == "share"       ? percent_text(*value, 2)
                                                        : value_text(unit::per_s, *value);
    return {.text = text, .value = value};
}

cell change_cell(const json& row, const char* key) {
    const auto value = number_if_known(row, key);
    if (!value) return {.text = "not known"};
    // Of so few runs that the interval says "anything", no digits.
    if (*value > 9.995) return {.text = ">+999%", .value = value};
    return {.text = percent_text(*value, 1, true), .value = value};
}

effect effect_of(const json& row) {
    effect out;
    out.name = text_of(row, "figure");
    out.change = number_if_known(row, "change");
    out.low = number_if_known(row, "low");
    out.high = number_if_known(row, "high");
    out.margin = results::number(row, "margin");
    out.said = text_of(row, "verdict");
    out.as = tone_of_verdict(out.said);
    return out;
}

effect_chart effects_of(const std::string& id, const json& rows, const std::string& title) {
    effect_chart out{.id = id,
                     .title = title,
                     .note =
                         "new over base, with 95 % intervals; shaded: what does not matter; "
                         "without an end: it is beyond"};
    for (const json& row : rows) {
        if (out.effects.size() < effects_most) out.effects.push_back(effect_of(row));
    }
    return out;
}

/// A drawing for each operation: what one varies by is not what another does.
void add_effects(const json& rows, section& to) {
    std::vector<std::pair<std::string, json>> by_operation;
    for (const json& row : rows) {
        const std::string operation = text_of(row, "operation");
        const auto there = std::find_if(by_operation.begin(), by_operation.end(),
                                        [&](const auto& one) { return one.first == operation; });
        if (there == by_operation.end()) {
            if (by_operation.size() == 20) continue;
            by_operation.emplace_back(operation, json::array({row}));
        } else {
            there->second.push_back(row);
        }
    }
    std::size_t number = 0;
    for (const auto& [operation, of_it] : by_operation) {
        to.blocks.emplace_back(
            effects_of("effects-" + std::to_string(++number), of_it,
                       operation.empty() ? "Changes, all operations" : "Changes of " + operation));
    }
}

/// What none would decide has none.
cell more_runs_cell(const json& row) {
    cell out = count_cell(row, "more_runs");
    if (results::count(row, "more_runs") == 0) out.text = "-";
    // As far as it is looked for.
    if (results::count(row, "more_runs") >= 100) out.text = "over 100";
    return out;
}

table rows_table(const json& rows, const std::string& caption) {
    table out{.caption = caption,
              .header = {"Figure", "base", "new", "change", "from", "to", "p", "margin", "verdict",
                         "more runs needed"}};
    for (const json& row : rows) {
        const std::string said = text_of(row, "verdict");
        const auto p = number_if_known(row, "p");
        out.rows.push_back(
            {{.text = figure_name(row)},
             side_cell(row, "base"),
             side_cell(row, "new"),
             change_cell(row, "change"),
             change_cell(row, "low"),
             change_cell(row, "high"),
             p ? cell{.text = results::decimal(*p, 3), .value = p} : cell{.text = "-"},
             number_cell(row, "margin", unit::share),
             words(said, tone_of_verdict(said)),
             more_runs_cell(row)});
    }
    return out;
}

void add_gates(table& to, const json& gates, const std::string& where) {
    for (const json& gate : gates) {
        const std::string said = text_of(gate, "result");
        to.rows.push_back({{.text = where + text_of(gate, "text")},
                           words(figure_name(gate)),
                           number_cell(gate, "limit", unit::share),
                           {.text = results::decimal(results::number(gate, "p"), 3),
                            .value = results::number(gate, "p")},
                           words(said, tone_of_verdict(said))});
    }
}

table gates_table() {
    return {.caption = "Gates", .header = {"Gate", "figure", "may get worse by", "p", "result"}};
}

void add_verdicts(const json& document, page& out) {
    const std::string result = text_of(document, "result");
    bool any_bad = false;
    bool any_good = false;
    for (const json& row : member(document, "rows")) {
        any_bad = any_bad || text_of(row, "verdict") == "regressed";
        any_good = any_good || text_of(row, "verdict") == "improved";
    }
    const tone as = !result.empty() ? tone_of_verdict(result)
                    : any_bad       ? tone::bad
                    : any_good      ? tone::good
                                    : tone::plain;
    const std::string label = result == "passed"      ? "PASSED"
                              : result == "regressed" ? "REGRESSED"
                              : !result.empty()       ? "CANNOT TELL"
                                                      : "COMPARED";
    out.verdicts.push_back({as == tone::plain && !result.empty() ? tone::warn : as, label,
                            text_of(document, "sentence")});
    std::size_t told = 0;
    const json& forced = member(document, "forced");
    for (const json& why : forced) {
        if (!why.is_string() || ++told > 8) continue;
        out.verdicts.push_back({tone::bad, "NOT COMPARABLE", why.get<std::string>()});
    }
    if (forced.size() > 8)
        out.verdicts.push_back(
            {tone::bad, "NOT COMPARABLE", "and " + counted(forced.size() - 8, "more reason")});
}

void add_differences(const json& document, section& to) {
    table out{.caption = "What is not the same on both sides", .header = {"What", "base", "new"}};
    for (const json& one : member(document, "differences")) {
        out.rows.push_back({{.text = text_of(one, "what")},
                            words(text_of(one, "base")),
                            words(text_of(one, "new"))});
    }
    if (out.rows.empty()) {
        to.blocks.emplace_back(
            paragraph{"Machines, versions, targets and settings of both sides are the same."});
    }
    add_table(to, std::move(out));
}

/// Results that the document names, where they are.
struct side {
    std::vector<std::string> paths;
    std::vector<std::string> absent;
};

side side_of(const result_file& document, const char* key) {
    side out;
    for (const json& name : member(document.document, key)) {
        if (!name.is_string() || out.paths.size() + out.absent.size() == runs_of_a_side) continue;
        const auto path = file_beside(document.path, name.get<std::string>());
        if (path) {
            out.paths.push_back(*path);
        } else {
            out.absent.push_back(name.get<std::string>());
        }
    }
    return out;
}

void say_absent(const side& base, const side& now, section& to) {
    std::vector<std::string> all = base.absent;
    all.insert(all.end(), now.absent.begin(), now.absent.end());
    if (all.empty()) return;
    std::string names;
    for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), 6); ++i)
        names += (i == 0 ? "" : ", ") + all[i];
    if (all.size() > 6) names += " and " + std::to_string(all.size() - 6) + " more";
    to.blocks.emplace_back(paragraph{
        "Not shown, since they are neither in the comparison's folder nor below it by the path it "
        "has of them: " +
        names + "."});
}

/// The runs of both sides, one after the other: tables, and lines over time.
class both_sides {
  public:
    both_sides() : base_("response time, base", false), now_("response time, new", true) {}

    void add(const std::string& path, bool is_base) {
        result_file one = results::load_result(path);
        const std::string name = std::string(is_base ? "base " : "new ") +
                                 std::filesystem::path(path).filename().string();
        runs_.rows.push_back(run_row(name, one));
        add_cluster_row(clusters_, name, one.document);
        together_.add(name, one);
        side_sum& of = is_base ? base_ : now_;
        of.times.add(one.total.response.decode());
        if (!of.first) {
            one.intervals.clear();
            of.first = std::move(one);
        }
    }

    void finish(page& out) {
        if (runs_.rows.empty()) return;
        section distribution{.id = "percentiles", .title = "Distribution"};
        std::vector<curve> curves;
        for (side_sum* of : {&base_, &now_}) {
            curve one = percentile_curve(of->name, of->times);
            one.dashed = of->dashed;
            curves.push_back(std::move(one));
        }
        curve_chart chart = percentile_chart("percentiles", std::move(curves));
        chart.note = "of all operations and runs of a side, histograms added up; " + chart.note;
        if (!chart.curves.empty()) distribution.blocks.emplace_back(std::move(chart));
        out.over_time = together_.take();
        section over_time{.id = "time", .title = "Over time"};
        constexpr std::array<std::string_view, 4> all = {"throughput", "latency", "errors",
                                                         "cluster-"};
        add_time_charts(over_time, out.over_time, all);
        section runs{.id = "runs", .title = "Runs"};
        add_table(runs, std::move(runs_));
        add_table(runs, std::move(clusters_));
        out.sections.push_back(std::move(distribution));
        out.sections.push_back(std::move(over_time));
        out.sections.push_back(std::move(runs));
        section configurations{.id = "configuration", .title = "Configurations"};
        if (base_.first && now_.first) {
            std::optional<listing> differs = difference_of(*base_.first, *now_.first);
            if (differs) configurations.blocks.emplace_back(std::move(*differs));
        }
        for (side_sum* of : {&base_, &now_}) {
            if (!of->first) continue;
            configurations.blocks.emplace_back(
                paragraph{std::string(of->dashed ? "New" : "Base") + ", by its first run:"});
            for (block& one : configuration_of(*of->first).blocks)
                configurations.blocks.push_back(std::move(one));
        }
        out.sections.push_back(std::move(configurations));
    }

  private:
    struct side_sum {
        side_sum(std::string of_name, bool is_dashed)
            : name(std::move(of_name)), dashed(is_dashed) {}
        std::string name;
        bool dashed;
        stats::histogram times{3};
        std::optional<result_file> first;
    };

    side_sum base_;
    side_sum now_;
    overlay together_;
    table runs_ = runs_table("Runs, all operations together");
    table clusters_ = cluster_runs_table();
};

page page_of_runs(const result_file& document) {
    const json& found = document.document;
    page out;
    out.title = "Comparison of runs";
    out.facts = counted(member(found, "base_files").size(), "run") + " of the base, " +
                counted(member(found, "new_files").size(), "new run");
    if (results::flag(found, "paired")) out.facts += ", in pairs";
    if (results::flag(found, "within_run"))
        out.facts += ", one run on a side: its intervals stand for others";
    add_verdicts(found, out);
    section effects{.id = "effects", .title = "What changed"};
    table gates = gates_table();
    add_gates(gates, member(found, "gates"), "");
    add_table(effects, std::move(gates));
    add_effects(member(found, "rows"), effects);
    add_table(effects, rows_table(member(found, "rows"), "All figures"));
    out.sections.push_back(std::move(effects));
    section differences{.id = "differences", .title = "What differs"};
    add_differences(found, differences);
    const side base = side_of(document, "base_files");
    const side now = side_of(document, "new_files");
    say_absent(base, now, differences);
    out.sections.push_back(std::move(differences));
    both_sides all;
    for (const std::string& path : base.paths)
        all.add(path, true);
    for (const std::string& path : now.paths)
        all.add(path, false);
    all.finish(out);
    return out;
}

/// Throughput and a latency of both sides at each point.
curve_chart overlaid_curves(const json& points, const std::string& id, const std::string& figure,
                            const std::string& title) {
    curve_chart out = latency_over_throughput(id, title);
    std::vector<load_point> sides[2];
    for (std::size_t of = 0; of < 2; ++of) {
        const char* key = of == 0 ? "base" : "new";
        curve one{.name = key, .dots = true, .dashed = of == 1};
        for (const json& point : points) {
            double rate = 0;
            double latency = 0;
            double median = 0;
            for (const json& row : member(point, "rows")) {
                if (!text_of(row, "operation").empty()) continue;
                const std::string what = text_of(row, "figure");
                if (what == "throughput") rate = results::number(row, key);
                if (what == figure) latency = results::number(row, key) / 1e6;
                if (what == "p50") median = results::number(row, key) / 1e6;
            }
            const std::string label = text_of(point, "settings");
            one.points.push_back({rate, latency, label});
            sides[of].push_back({.label = label, .rate_per_s = rate, .mean_ms = median});
        }
        out.curves.push_back(std::move(one));
        if (const auto knee = knee_of(sides[of])) {
            out.places.push_back({sides[of][*knee].rate_per_s,
                                  std::string("knee of ") + key + ": " + sides[of][*knee].label});
        }
    }
    if (!out.places.empty())
        out.note = "knee: where throughput over median response time is greatest";
    return out;
}

page page_of_sweeps(const result_file& document) {
    const json& found = document.document;
    const json& points = member(found, "points");
    page out;
    out.title = "Comparison of sweeps";
    out.facts = counted(points.size(), "point");
    if (const std::string at = text_of(found, "parts_at"); !at.empty())
        out.facts += ", the curves part at " + at;
    add_verdicts(found, out);
    section curves{.id = "effects", .title = "Latency over throughput"};
    curve_chart p99 =
        overlaid_curves(points, "curve-p99", "p99", "99th percentile of the response time");
    curve_chart p50 = overlaid_curves(points, "curve-p50", "p50", "median of the response time");
    const side base = side_of(document, "base_files");
    const side now = side_of(document, "new_files");
    std::optional<result_file> first[2];
    for (std::size_t of = 0; of < 2; ++of) {
        const side& one = of == 0 ? base : now;
        if (one.paths.empty()) continue;
        const result_file sweep = results::load_file(one.paths.front());
        if (sweep.kind == results::document_kind::sweep) first[of] = first_run_of(sweep, "points");
    }
    if (first[0]) {
        for (limit& one : latency_limits(first[0]->document)) {
            const bool of_median = one.name.find("p50") != std::string::npos;
            (of_median ? p50 : p99).limits.push_back(std::move(one));
        }
    }
    curves.blocks.emplace_back(std::move(p99));
    curves.blocks.emplace_back(std::move(p50));
    out.sections.push_back(std::move(curves));
    section each{.id = "points", .title = "What changed at each point"};
    table gates = gates_table();
    for (const json& point : points)
        add_gates(gates, member(point, "gates"), text_of(point, "settings") + ": ");
    add_table(each, std::move(gates));
    std::size_t number = 0;
    for (const json& point : points) {
        if (++number > 100) break;
        const std::string settings = text_of(point, "settings");
        effect_chart chart =
            effects_of("effects-" + std::to_string(number), member(point, "rows"), settings);
        if (!chart.effects.empty()) each.blocks.emplace_back(std::move(chart));
        add_table(each, rows_table(member(point, "rows"), settings));
    }
    out.sections.push_back(std::move(each));
    section differences{.id = "differences", .title = "What differs"};
    add_differences(found, differences);
    for (const json& one : member(found, "left_out")) {
        if (one.is_string() && differences.blocks.size() < 100)
            differences.blocks.emplace_back(
                paragraph{"One side alone has the point " + one.get<std::string>() + "."});
    }
    say_absent(base, now, differences);
    if (first[0] && first[1]) {
        if (auto differs = difference_of(*first[0], *first[1]))
            differences.blocks.emplace_back(std::move(*differs));
    }
    out.sections.push_back(std::move(differences));
    for (std::size_t of = 0; of < 2; ++of) {
        if (!first[of]) continue;
        section configuration = configuration_of(*first[of]);
        configuration.id += of == 0 ? "-base" : "-new";
        configuration.title += of == 0 ? ", base" : ", new";
        out.sections.push_back(std::move(configuration));
    }
    return out;
}

}  // namespace

page describe_comparison(const result_file& document) {
    return document.kind == results::document_kind::sweep_comparison ? page_of_sweeps(document)
                                                                     : page_of_runs(document);
}

}  // namespace chopsticks::report
