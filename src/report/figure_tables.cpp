#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/figure_text.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <tuple>

#include "describing.hpp"
#include "time_axis.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;

cell words(std::string text, tone as) {
    return {.text = std::move(text), .as = as, .words = true};
}

cell count_cell(const json& object, const char* key) {
    const json& value = member(object, key);
    if (!value.is_number()) return {.text = "-"};
    const auto number = value.get<double>();
    return {.text = value.is_number_unsigned() ? std::to_string(value.get<std::uint64_t>())
                                               : value_text(unit::count, number),
            .value = number};
}

cell number_cell(const json& object, const char* key, unit of) {
    const json& value = member(object, key);
    if (!value.is_number()) return {.text = "-"};
    const auto number = value.get<double>();
    if (of == unit::per_s) return {.text = results::rate(number), .value = number};
    return {.text = value_text(of, number), .value = number};
}

cell latency_cell(const json& histogram, const char* key) {
    const std::string text = results::latency(histogram, key);
    if (text == "-") return {.text = text};
    return {.text = text, .value = results::number(histogram, key)};
}

std::string text_of(const json& object, const char* key) {
    const json& value = member(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

namespace {

tone bad_if(bool bad) {
    return bad ? tone::bad : tone::plain;
}

cell failed_cell(const json& f) {
    cell out = count_cell(f, "failed");
    out.as = bad_if(results::count(f, "failed") > 0);
    return out;
}

const std::vector<std::string> figure_header = {"ok",  "failed", "ops/s", "bytes/s", "mean",
                                                "p50", "p90",    "p99",   "p99.9",   "max"};

std::vector<cell> figure_row(const std::string& name, const json& f) {
    const json& response = member(f, "response");
    return {{.text = name},
            count_cell(f, "ok"),
            failed_cell(f),
            number_cell(f, "rate_per_s", unit::per_s),
            number_cell(f, "bytes_per_s", unit::bytes_per_s),
            latency_cell(response, "mean_ns"),
            latency_cell(response, "p50_ns"),
            latency_cell(response, "p90_ns"),
            latency_cell(response, "p99_ns"),
            latency_cell(response, "p999_ns"),
            latency_cell(response, "max_ns")};
}

table figure_table(std::string caption, const std::string& first) {
    table out;
    out.caption = std::move(caption);
    out.header = {first};
    out.header.insert(out.header.end(), figure_header.begin(), figure_header.end());
    return out;
}

}  // namespace

table operations_table(const json& document) {
    table out = figure_table("Operations, with response times", "Operation");
    const json& operations = member(document, "operations");
    std::size_t whole = 0;
    for (const auto& [name, f] : operations.items()) {
        if (!text_of(f, "part_of").empty()) continue;
        out.rows.push_back(figure_row(name, f));
        ++whole;
        for (const auto& [part, of_part] : operations.items()) {
            if (text_of(of_part, "part_of") == name)
                out.rows.push_back(figure_row("- " + part, of_part));
        }
    }
    if (whole != 1) {
        out.rows.push_back(figure_row("all together", member(document, "total")));
        out.sums_up = true;
    }
    return out;
}

table size_classes_table(const json& document) {
    table out = figure_table("By size of the object", "Operation and size");
    for (const auto& [name, operation] : member(document, "operations").items()) {
        const json& classes = member(operation, "by_size_class");
        if (classes.size() < 2) continue;
        for (const auto& [size, f] : classes.items())
            out.rows.push_back(figure_row(name + " " + size, f));
    }
    return out;
}

table endpoints_table(const json& document) {
    table out = figure_table("By endpoint", "Endpoint");
    const json& all = member(document, "by_endpoint");
    if (all.size() < 2) return out;
    for (const auto& [url, f] : all.items())
        out.rows.push_back(figure_row(url, f));
    return out;
}

table stages_table(const json& document) {
    table out = figure_table("Stages of the measure phase", "Stage");
    out.header.insert(out.header.begin() + 1, {"from", "length", "due/s"});
    std::size_t number = 0;
    for (const json& stage : member(document, "stages")) {
        std::vector<cell> row =
            figure_row("stage " + std::to_string(++number), member(stage, "total"));
        const std::vector<cell> more = {
            number_cell(stage, "start_s", unit::seconds),
            number_cell(stage, "duration_s", unit::seconds),
            number_cell(member(stage, "load"), "intended_rate_per_s", unit::per_s)};
        row.insert(row.begin() + 1, more.begin(), more.end());
        out.rows.push_back(std::move(row));
    }
    return out;
}

table errors_table(const json& document) {
    table out{.caption = "Errors",
              .header = {"Operation", "class", "status", "errno", "code", "count", "example"}};
    for (const auto& [name, operation] : member(document, "operations").items()) {
        for (const json& error : member(operation, "errors")) {
            const auto code = [&](const char* key) {
                return results::count(error, key) == 0 ? cell{.text = "-"} : count_cell(error, key);
            };
            out.rows.push_back({{.text = name},
                                words(text_of(error, "class")),
                                code("http_status"),
                                code("errno"),
                                words(text_of(error, "s3_code")),
                                count_cell(error, "count"),
                                words(text_of(error, "example"))});
        }
    }
    std::sort(out.rows.begin(), out.rows.end(),
              [](const std::vector<cell>& a, const std::vector<cell>& b) {
                  const double of_a = a[5].value.value_or(0);
                  const double of_b = b[5].value.value_or(0);
                  return std::tie(of_b, a[0].text, a[4].text) <
                         std::tie(of_a, b[0].text, b[4].text);
              });
    return out;
}

table cores_table(const json& document) {
    table out{.caption = "Cores of the generator",
              .header = {"Core", "CPU", "busy", "on CPU", "held up", "longest", "send lag max",
                         "switches, involuntary"}};
    std::size_t number = 0;
    for (const json& core : member(member(document, "generator"), "cores")) {
        const auto ns = [&](const char* key) {
            const double value = results::number(core, key);
            return cell{.text = format_latency(std::llround(value)), .value = value};
        };
        out.rows.push_back({{.text = "core " + std::to_string(number++)},
                            count_cell(core, "cpu"),
                            number_cell(core, "busy_share", unit::share),
                            number_cell(core, "cpu_share", unit::share),
                            number_cell(core, "held_up_share", unit::share),
                            ns("held_up_max_ns"),
                            ns("lag_max_ns"),
                            count_cell(core, "switches_involuntary")});
    }
    return out;
}

table parts_table(const json& document) {
    table out = figure_table("By worker: the results that were merged", "Run");
    out.header.insert(out.header.begin() + 1, {"host", "began later by", "valid"});
    for (const json& part : member(document, "parts")) {
        std::vector<cell> row =
            figure_row(text_of(member(part, "run"), "id"), member(part, "total"));
        const bool valid = results::flag(member(part, "validity"), "valid");
        const std::vector<cell> more = {
            words(text_of(member(part, "environment"), "host")),
            {.text = results::decimal(results::number(part, "offset_s"), 3) + " s",
             .value = results::number(part, "offset_s")},
            words(valid ? "yes" : "no", valid ? tone::good : tone::bad)};
        row.insert(row.begin() + 1, more.begin(), more.end());
        out.rows.push_back(std::move(row));
    }
    return out;
}

table driver_figures_table(const json& document) {
    table out{.caption = "What drivers count of their own, in the measure phase",
              .header = {"Figure", "group", "kind", "count", "per second", "last", "least", "most",
                         "p50", "p99", "what"}};
    for (const auto& [group, figures] : member(document, "driver_figures").items()) {
        for (const auto& [name, figure] : figures.items()) {
            const json& span = member(figure, "measured");
            const bool is_timer = text_of(figure, "kind") == "timer";
            const auto level = [&](const char* key) { return count_cell(span, key); };
            std::string of_unit = text_of(figure, "unit");
            out.rows.push_back(
                {{.text = name},
                 words(group),
                 words(text_of(figure, "kind") + (of_unit.empty() ? "" : ", " + of_unit)),
                 level("count"),
                 number_cell(span, "per_s", unit::per_s),
                 level("last"),
                 is_timer ? cell{.text = "-"} : level("min"),
                 is_timer ? cell{.text = "-"} : level("max"),
                 is_timer ? latency_cell(span, "p50_ns") : cell{.text = "-"},
                 is_timer ? latency_cell(span, "p99_ns") : cell{.text = "-"},
                 words(text_of(figure, "description"))});
        }
    }
    return out;
}

table objectives_table(const json& document) {
    table out{.caption = "Objectives", .header = {"Objective", "limit", "value", "met"}};
    for (const objective& one : objectives_of(document)) {
        // As the document has them: latencies in ns.
        const double scaled_by = one.of == unit::ms ? 1e6 : 1;
        cell value{.text = "nothing of the kind was measured"};
        if (one.value) {
            value = {.text = (one.at_least ? ">" : "") + value_text(one.of, *one.value),
                     .value = *one.value * scaled_by};
        }
        out.rows.push_back({{.text = one.text},
                            {.text = value_text(one.of, one.limit), .value = one.limit * scaled_by},
                            std::move(value),
                            words(one.met ? "met" : "missed", one.met ? tone::good : tone::bad)});
    }
    return out;
}

table load_table(const json& document) {
    table out{.caption = "Load, in tasks of the measure phase",
              .header = {"Group", "loop", "users", "due", "begun", "completed", "shed", "too late",
                         "backlog at end", "most in flight", "due/s", "begun/s"}};
    const auto add = [&out](const std::string& name, const json& load, const json& group) {
        out.rows.push_back({{.text = name},
                            words(text_of(group, "loop")),
                            count_cell(group, "users"),
                            count_cell(load, "intended"),
                            count_cell(load, "issued"),
                            count_cell(load, "completed"),
                            count_cell(load, "shed"),
                            count_cell(load, "shed_late"),
                            count_cell(load, "backlog_at_end"),
                            count_cell(load, "max_in_flight"),
                            number_cell(load, "intended_rate_per_s", unit::per_s),
                            number_cell(load, "issued_rate_per_s", unit::per_s)});
    };
    const json& groups = member(document, "groups");
    for (const auto& [name, group] : groups.items())
        add(name, member(group, "load"), group);
    if (groups.size() > 1) {
        add("all together", member(document, "load"), json());
        out.sums_up = true;
    }
    return out;
}

table marks_table(const std::vector<time_mark>& marks) {
    table out{.caption = "Marks", .header = {"Number", "from", "to", "by", "what"}};
    std::size_t number = 0;
    for (const time_mark& mark : marks) {
        out.rows.push_back({{.text = std::to_string(++number)},
                            {.text = clock_text(mark.start_s), .value = mark.start_s},
                            mark.end_s ? cell{.text = clock_text(*mark.end_s), .value = mark.end_s}
                                       : cell{.text = "-"},
                            words(mark.source),
                            words(mark.text)});
    }
    return out;
}

void add_table(section& to, table of) {
    if (!of.rows.empty()) to.blocks.emplace_back(std::move(of));
}

void add_time_charts(section& to, const time_charts& all,
                     std::span<const std::string_view> beginnings) {
    for (std::size_t i = 0; i < all.charts.size(); ++i) {
        for (const std::string_view beginning : beginnings) {
            const std::string& id = all.charts[i].id;
            const bool wanted =
                beginning.ends_with('-') ? id.starts_with(beginning) : id == beginning;
            if (wanted) to.blocks.emplace_back(time_chart_place{i});
        }
    }
}

}  // namespace chopsticks::report
