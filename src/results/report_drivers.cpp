#include "report_drivers.hpp"

#include <algorithm>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/terminal.hpp>
#include <utility>
#include <vector>

#include "report_words.hpp"

namespace chopsticks::results {

namespace {

/// Of counts and levels: "812", "12.3k", "-1.5k".
std::string amount(double value) {
    return value < 0 ? "-" + format_count(-value) : format_count(value);
}

bool is_empty(const json& span) {
    return !span.is_object() || (span.contains("count") && count(span, "count") == 0);
}

/// \param unit of counts and levels
std::string span_words(const json& span, const std::string& unit) {
    if (span.contains("hdr")) {
        return whole(count(span, "count")) + ", p50 " + latency(span, "p50_ns") + ", p99 " +
               latency(span, "p99_ns") + ", max " + latency(span, "max_ns");
    }
    if (span.contains("last")) {
        return amount(number(span, "last")) + ", " + amount(number(span, "min")) + " to " +
               amount(number(span, "max")) + " " + unit;
    }
    return whole(count(span, "count")) + " " + unit + ", " + amount(number(span, "per_s")) + "/s";
}

}  // namespace

std::string driver_figure_lines(const json& document, std::size_t width) {
    std::vector<std::pair<std::string, std::string>> rows;
    std::size_t widest = 0;
    for (const auto& [group, figures] : member(document, "driver_figures").items()) {
        for (const auto& [figure, told] : figures.items()) {
            const json& load = member(told, "load");
            if (is_empty(load)) continue;
            const json& measured = member(told, "measured");
            const std::string unit = text(told, "unit");
            rows.emplace_back(printable(group) + "/" + printable(figure),
                              is_empty(measured) ? span_words(load, unit) + " (outside of it)"
                                                 : span_words(measured, unit));
            widest = std::max(widest, columns(rows.back().first));
        }
    }
    if (rows.empty()) return {};
    std::string out = "\nDriver figures, of the measure phase\n";
    const bool beside = 2 * widest < width;
    for (const auto& [name, words] : rows) {
        if (!beside) out += std::string(cut(name, width)) + "\n";
        out += paragraph(beside ? name : "", beside ? widest + 2 : 4, words, width);
    }
    return out;
}

std::string format_driver_figures(const stats::driver_values& values,
                                  const std::vector<stats::group_figure>& figures,
                                  double duration_s) {
    std::string out;
    bool several = false;
    for (const stats::group_figure& one : figures)
        several = several || one.group != figures.front().group;
    for (std::size_t i = 0; i < values.size() && i < figures.size(); ++i) {
        const stats::driver_value& value = values[i];
        std::string told;
        if (value.kind == stats::figure_kind::counter && value.count > 0 && duration_s > 0) {
            told = amount(static_cast<double>(value.count) / duration_s) + "/s";
        } else if (value.kind == stats::figure_kind::gauge && value.known) {
            told = amount(value.last);
        } else if (value.kind == stats::figure_kind::timer && value.times->count() > 0) {
            told = "p99 " + format_latency(value.times->value_at_percentile(99));
        } else {
            continue;
        }
        const stats::group_figure& of = figures[i];
        out += (out.empty() ? "" : ", ") + (several ? of.group + "/" : std::string()) +
               of.what.name + " " + told;
    }
    return out;
}

}  // namespace chopsticks::results
