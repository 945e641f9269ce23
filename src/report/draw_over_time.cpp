#include <algorithm>
#include <cmath>
#include <map>

#include "drawing.hpp"
#include "svg.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

constexpr double drawing_width = 960;
constexpr double plot_left = 74;
constexpr double plot_right = drawing_width - 14;
constexpr double plot_top = 8;

double plot_height(const time_chart& chart) {
    return chart.strip ? 90 : 190;
}

/// The axis of all charts of a page: what points and spans cover.
axis_scale time_axis_of(const time_charts& all) {
    value_range range;
    for (const double at : all.t_s)
        range.add(at);
    for (const time_span& span : all.spans) {
        range.add(span.from_s);
        range.add(span.to_s);
    }
    if (range.empty()) return {scale::linear, 0, 1, plot_left, plot_right};
    return {scale::linear, std::min(0.0, range.least()), range.most(), plot_left, plot_right};
}

/// A box as part of a path. Spans and marks are in every chart of a page, and there may be
/// hundreds.
std::string box(double left, double top, double right, double height) {
    return "M" + coordinate(left) + " " + coordinate(top) + "H" + coordinate(right) + "v" +
           coordinate(height) + "H" + coordinate(left) + "z";
}

void draw_spans(svg& out, const std::vector<time_span>& spans, const axis_scale& x, double top,
                double height) {
    std::size_t stage = 0;
    std::string phases;
    std::string stages[2];
    for (const time_span& span : spans) {
        const double left = std::clamp(x.at(span.from_s), plot_left, plot_right);
        const double right = std::clamp(x.at(span.to_s), plot_left, plot_right);
        if (right <= left) continue;
        if (span.stage) {
            stages[++stage % 2] += box(left, top, right, height);
        } else if (span.name != "measure") {
            phases += box(left, top, right, height);
        }
    }
    out.path(phases, "phase");
    out.path(stages[1], "stage-a");
    out.path(stages[0], "stage-b");
}

void name_spans(svg& out, const std::vector<time_span>& spans, const axis_scale& x, double top) {
    for (const time_span& span : spans) {
        const double left = std::clamp(x.at(span.from_s), plot_left, plot_right);
        const double right = std::clamp(x.at(span.to_s), plot_left, plot_right);
        const std::string name = shown_text(span.name);
        if (static_cast<double>(name.size()) * 6.2 + 6 < right - left)
            out.text(left + 3, top + (span.stage ? 25 : 12), name, "small");
    }
}

/// The worse, the higher: colours alone are not seen by all.
double height_of(const time_band& band) {
    return band.as == tone::good ? 3 : band.as == tone::bad ? 9 : 6;
}

void draw_bands(svg& out, const std::vector<time_band>& bands, const axis_scale& x, double top,
                double bottom, bool of_cluster) {
    std::map<std::string, std::string> stripes;
    std::string silences;
    double named_to = plot_left;
    for (const time_band& band : bands) {
        const double left = std::clamp(x.at(band.from_s), plot_left, plot_right);
        const double right = std::clamp(x.at(band.to_s), plot_left, plot_right);
        if (right <= left) continue;
        const double high = height_of(band);
        stripes[std::string("band-") + band_class(band)] += box(left, bottom - high, right, high);
        if (!of_cluster) continue;
        if (band.silence) silences += box(left, top, right, bottom - top);
        // What is as it should be needs no words.
        const std::string name = shown_text(band.name);
        if (band.as == tone::good || left < named_to) continue;
        const double width = static_cast<double>(name.size()) * 6.2 + 6;
        if (left + width > plot_right) continue;
        out.text(left + 3, top + 25, name, "small");
        named_to = left + width;
    }
    out.path(silences, "silence");
    for (const auto& [classes, path] : stripes)
        out.path(path, classes);
}

/// Numbers of marks that would overlap are one: "3-5".
void draw_marks(svg& out, const std::vector<time_mark>& marks, const axis_scale& x, double top,
                double bottom, double text_bottom) {
    std::size_t number = 0;
    std::string boxes;
    std::string lines;
    struct {
        std::size_t first = 0;
        std::size_t last = 0;
        double left = 0;

        std::string name() const {
            const std::string from = std::to_string(first);
            return first == last ? from : from + "-" + std::to_string(last);
        }
        double right() const { return left + 6 + 7 * static_cast<double>(name().size()); }
    } label;
    const auto write = [&] {
        if (label.first == 0) return;
        const bool fits = label.right() <= plot_right;
        out.text(fits ? label.left + 3 : plot_right - 2, text_bottom, label.name(), "mark-text",
                 fits ? "start" : "end");
    };
    for (const time_mark& mark : marks) {
        ++number;
        const double from = x.at(mark.start_s);
        const double to = x.at(mark.end_s.value_or(mark.start_s));
        if (!(to >= plot_left && from <= plot_right)) continue;
        const double left = std::max(from, plot_left);
        if (to > left) boxes += box(left, top, std::min(to, plot_right), bottom - top);
        lines += "M" + coordinate(left) + " " + coordinate(top) + "V" + coordinate(bottom);
        if (label.first != 0 && label.last + 1 == number && left < label.right()) {
            label.last = number;
            continue;
        }
        write();
        label = {number, number, left};
    }
    write();
    out.path(boxes, "mark-span");
    out.path(lines, "mark");
}

/// A line of at most two points in each column: the lowest and the highest of what falls there, in
/// the order in which they came.
std::string path_of(const std::vector<double>& t_s, const std::vector<double>& values,
                    bool logarithmic, const axis_scale& x, const axis_scale& y, int columns) {
    const double column_width = (plot_right - plot_left) / columns;
    std::string out;
    bool pen_down = false;
    double last_x = 0;
    double last_y = 0;
    const auto go = [&](double to_x, double to_y) {
        // Relative and of one decimal each: half the bytes. What was rounded away is not added up.
        const double round_x = std::round(to_x * 10) / 10;
        const double round_y = std::round(to_y * 10) / 10;
        if (!pen_down) {
            out += "M" + coordinate(round_x) + " " + coordinate(round_y);
        } else {
            out += "l" + coordinate(round_x - last_x) + " " + coordinate(round_y - last_y);
        }
        pen_down = true;
        last_x = round_x;
        last_y = round_y;
    };
    for (std::size_t i = 0; i < values.size();) {
        if (!std::isfinite(values[i]) || (logarithmic && values[i] <= 0)) {
            // A point alone is seen, too.
            if (pen_down && out.rfind('M') > out.rfind('l') + 1) out += "h.5";
            pen_down = false;
            ++i;
            continue;
        }
        const double column_end = x.at(t_s[i]) + column_width;
        std::size_t lowest = i;
        std::size_t highest = i;
        std::size_t end = i;
        while (end < values.size() && std::isfinite(values[end]) &&
               !(logarithmic && values[end] <= 0) && x.at(t_s[end]) < column_end) {
            if (values[end] < values[lowest]) lowest = end;
            if (values[end] > values[highest]) highest = end;
            ++end;
        }
        const std::size_t first = std::min(lowest, highest);
        const std::size_t second = std::max(lowest, highest);
        go(x.at(t_s[first]), y.at(values[first]));
        if (second != first) go(x.at(t_s[second]), y.at(values[second]));
        i = std::max(end, i + 1);
    }
    if (out.find('l') == std::string::npos && !out.empty()) out += "h2";
    return out;
}

std::string classes_of(std::size_t number) {
    return "line l" + std::to_string(number % 12 + 1);
}

void draw_time_axis(svg& out, const axis_scale& x, double bottom) {
    for (const tick& one : x.ticks(unit::seconds, 10)) {
        out.line(x.at(one.value), bottom, x.at(one.value), bottom + 4, "axis");
        out.text(x.at(one.value), bottom + 16, one.label, "small",
                 x.at(one.value) > plot_right - 12 ? "end" : "middle");
    }
    out.line(plot_left, bottom, plot_right, bottom, "axis");
}

}  // namespace

std::string draw(const time_charts& all, const time_chart& chart, int columns) {
    const double height = plot_height(chart);
    const double bottom = plot_top + height;
    svg out(drawing_width, bottom + 44);
    const axis_scale x = time_axis_of(all);
    value_range range;
    for (const line& one : chart.lines) {
        for (const double value : one.values)
            range.add(value);
    }
    for (const limit& one : chart.limits)
        range.add(one.value);
    // Room for the names of bands.
    value_range tall = range;
    if (chart.of_cluster && !range.empty()) tall.add(range.most() * 1.45);
    const axis_scale y =
        tall.on(chart.logarithmic ? scale::logarithmic : scale::linear, bottom, plot_top, true);
    draw_spans(out, all.spans, x, plot_top, height);
    for (const tick& one : y.ticks(chart.of, chart.strip ? 3 : 5)) {
        out.line(plot_left, y.at(one.value), plot_right, y.at(one.value), "grid");
        if (!one.label.empty())
            out.text(plot_left - 6, y.at(one.value) + 4, one.label, "small", "end");
    }
    draw_time_axis(out, x, bottom);
    std::vector<legend_entry> entries;
    for (std::size_t i = 0; i < chart.lines.size(); ++i) {
        const line& one = chart.lines[i];
        out.path(path_of(all.t_s, one.values, chart.logarithmic, x, y, columns), classes_of(i));
        entries.push_back({shown_text(one.name), classes_of(i)});
    }
    name_spans(out, all.spans, x, plot_top);
    draw_bands(out, all.bands, x, plot_top, bottom, chart.of_cluster);
    draw_marks(out, all.marks, x, plot_top, bottom, bottom - (all.bands.empty() ? 4 : 12));
    for (const limit& one : chart.limits) {
        out.line(plot_left, y.at(one.value), plot_right, y.at(one.value), "limit");
        out.text(plot_right - 4, y.at(one.value) - 4, shown_text(one.name), "limit-text", "end");
    }
    out.legend(plot_left, bottom + 36, entries);
    std::string said = chart.title + " over time";
    if (!all.t_s.empty()) said += ", from " + clock_text(x.from()) + " to " + clock_text(x.to());
    if (!range.empty())
        said += "; between " + value_text(chart.of, range.least()) + " and " +
                value_text(chart.of, range.most());
    said += "; lines:";
    for (const legend_entry& one : entries)
        said += " " + one.name + ",";
    said.back() = '.';
    return out.finish(chart.id, chart.title, said);
}

std::string draw(const heat_map& map, const std::vector<time_span>& spans) {
    constexpr double height = 210;
    const double bottom = plot_top + height;
    svg out(drawing_width, bottom + 26);
    if (map.t_s.size() < 2 || map.edges_ms.size() < 2) return {};
    // The same axis as that of the lines above it, which also covers the phases.
    value_range range;
    for (const double at : map.t_s)
        range.add(at);
    for (const time_span& span : spans)
        range.add(span.to_s);
    const axis_scale x(scale::linear, std::min(0.0, range.least()), range.most(), plot_left,
                       plot_right);
    // Room above for the names of phases.
    const axis_scale y(scale::logarithmic, map.edges_ms.front(), map.edges_ms.back(), bottom,
                       plot_top + 30);
    draw_spans(out, spans, x, plot_top, height);
    name_spans(out, spans, x, plot_top);
    // One path for each colour, of cells that are joined along time.
    for (int level = 1; level <= 8; ++level) {
        std::string path;
        for (std::size_t row = 0; row + 1 < map.edges_ms.size(); ++row) {
            const double top = std::round(y.at(map.edges_ms[row + 1]));
            const double low = std::round(y.at(map.edges_ms[row]));
            for (std::size_t from = 0; from < map.levels.size();) {
                std::size_t to = from;
                while (to < map.levels.size() && map.levels[to][row] == level)
                    ++to;
                if (to == from) {
                    ++from;
                    continue;
                }
                const double left = std::round(x.at(map.t_s[from]) * 10) / 10;
                const double right = std::round(x.at(map.t_s[to]) * 10) / 10;
                path += "M" + coordinate(left) + " " + coordinate(top) + "h" +
                        coordinate(right - left) + "v" + coordinate(low - top) + "h" +
                        coordinate(left - right) + "z";
                from = to;
            }
        }
        out.path(path, "h" + std::to_string(level));
    }
    for (const tick& one : y.ticks(unit::ms, 5)) {
        out.line(plot_left - 4, y.at(one.value), plot_left, y.at(one.value), "axis");
        if (!one.label.empty())
            out.text(plot_left - 6, y.at(one.value) + 4, one.label, "small", "end");
    }
    draw_time_axis(out, x, bottom);
    out.line(plot_left, plot_top, plot_left, bottom, "axis");
    double at = plot_left;
    out.text(at, bottom + 36, "few", "small");
    at += 26;
    for (int level = 1; level <= 8; ++level, at += 16)
        out.rectangle(at, bottom + 27, 16, 10, "h" + std::to_string(level));
    out.text(at + 5, bottom + 36, "most operations", "small");
    out.grow_to(bottom + 44);
    return out.finish(map.id, map.title,
                      "How many operations took how long, over time; latencies from " +
                          value_text(unit::ms, map.edges_ms.front()) + " to " +
                          value_text(unit::ms, map.edges_ms.back()) + ".");
}

}  // namespace chopsticks::report
