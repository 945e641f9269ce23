#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "drawing.hpp"
#include "svg.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

constexpr double canvas_width = 960;
constexpr double area_left = 74;
constexpr double area_right = canvas_width - 24;
constexpr double area_top = 10;
constexpr double area_bottom = 310;

std::string line_classes(const curve& one, std::size_t number) {
    return "line l" + std::to_string(number % 12 + 1) + (one.dashed ? " dashed" : "");
}

std::string dot_classes(const curve& one, std::size_t number) {
    switch (one.as) {
        case tone::good:
            return "good";
        case tone::bad:
            return "bad";
        case tone::warn:
            return "neutral";
        case tone::plain:
            break;
    }
    return "f" + std::to_string(number % 12 + 1);
}

/// Points of a curve: what is beyond can be told apart no more.
constexpr std::size_t points_most = 2000;

bool can_be_drawn(const curve_chart& chart, const point& one) {
    if (!std::isfinite(one.x) || !std::isfinite(one.y)) return false;
    return (chart.y.divided == scale::linear || one.y > 0) &&
           (chart.x.divided == scale::linear || one.x > 0);
}

void draw_curve(svg& out, const curve_chart& chart, const curve& one, std::size_t number,
                const axis_scale& x, const axis_scale& y) {
    std::string path;
    for (const point& at : std::span(one.points).first(std::min(one.points.size(), points_most))) {
        if (!can_be_drawn(chart, at)) continue;
        path += (path.empty() ? "M" : "L") + coordinate(x.at(at.x)) + " " + coordinate(y.at(at.y));
    }
    if (one.joined) out.path(path, line_classes(one, number));
    if (!one.dots) return;
    for (const point& at : std::span(one.points).first(std::min(one.points.size(), points_most))) {
        if (!can_be_drawn(chart, at)) continue;
        std::string said = shown_text(one.name);
        if (!at.label.empty()) said += ", " + shown_text(at.label);
        said += ": " + value_text(chart.x.of, at.x) + ", " + value_text(chart.y.of, at.y);
        out.circle(x.at(at.x), y.at(at.y), 4, dot_classes(one, number), said);
    }
}

struct box {
    double left, top, right, bottom;

    bool holds(double x, double y) const { return x > left && x < right && y > top && y < bottom; }
    bool meets(const box& other) const {
        return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }
};

/// What words must not lie on: other words, dots, curves.
class taken_room {
  public:
    void add(const box& one) { boxes_.push_back(one); }
    void add_line(double x, double y, double to_x, double to_y) {
        const double steps = std::ceil(std::hypot(to_x - x, to_y - y) / 4);
        for (double i = 0; i <= steps; ++i) {
            const double share = steps > 0 ? i / steps : 0;
            places_.push_back({x + share * (to_x - x), y + share * (to_y - y)});
        }
    }
    bool is_free(const box& one) const {
        return std::none_of(boxes_.begin(), boxes_.end(),
                            [&](const box& other) { return other.meets(one); }) &&
               std::none_of(places_.begin(), places_.end(),
                            [&](const auto& at) { return one.holds(at.first, at.second); });
    }

  private:
    std::vector<box> boxes_;
    std::vector<std::pair<double, double>> places_;
};

taken_room room_of_curves(const curve_chart& chart, const axis_scale& x, const axis_scale& y) {
    constexpr double dot = 4;
    taken_room out;
    for (const limit& one : chart.places)
        out.add_line(x.at(one.value), area_top, x.at(one.value), area_bottom);
    for (const curve& one : chart.curves) {
        const point* before = nullptr;
        for (const point& at :
             std::span(one.points).first(std::min(one.points.size(), points_most))) {
            if (!can_be_drawn(chart, at)) continue;
            const double px = x.at(at.x);
            const double py = y.at(at.y);
            if (one.dots) out.add({px - dot, py - dot, px + dot, py + dot});
            if (one.joined && before != nullptr)
                out.add_line(x.at(before->x), y.at(before->y), px, py);
            before = &at;
        }
    }
    return out;
}

/// The points' own words, beside them where there is room. All have them on hovering, and in a
/// table.
void label_points(svg& out, const curve_chart& chart, const axis_scale& x, const axis_scale& y) {
    constexpr double column = 6.3;  // at most, of the small font
    constexpr double height = 12;
    constexpr std::pair<bool, bool> sides[] = {
        {false, false}, {false, true}, {true, false}, {true, true}};
    if (chart.curves.empty() || chart.curves.front().points.size() > 30) return;
    taken_room taken = room_of_curves(chart, x, y);
    for (const point& at : chart.curves.front().points) {
        if (at.label.empty() || at.label.size() > 24 || !can_be_drawn(chart, at)) continue;
        const double width = column * static_cast<double>(at.label.size());
        const double px = x.at(at.x);
        const double py = y.at(at.y);
        // Right or left of it, above or below.
        for (const auto& [to_left, below] : sides) {
            const double left = to_left ? px - 7 - width : px + 7;
            const double base = below ? py + 14 : py - 6;
            const box words{left, base - height + 2, left + width, base + 2};
            const bool inside = words.left > area_left && words.right < canvas_width &&
                                words.top > area_top && words.bottom < area_bottom;
            if (!inside || !taken.is_free(words)) continue;
            out.text(to_left ? px - 7 : px + 7, base, shown_text(at.label), "small",
                     to_left ? "end" : "start");
            taken.add(words);
            break;
        }
    }
}

}  // namespace

std::string draw(const curve_chart& chart) {
    svg out(canvas_width, area_bottom + 64);
    value_range of_x;
    value_range of_y;
    for (const curve& one : chart.curves) {
        for (const point& at : one.points) {
            if (!can_be_drawn(chart, at)) continue;
            of_x.add(at.x);
            of_y.add(at.y);
        }
    }
    for (const limit& one : chart.limits)
        of_y.add(one.value);
    for (const limit& one : chart.places)
        of_x.add(one.value);
    const axis_scale x = of_x.on(chart.x.divided, area_left, area_right, true);
    const axis_scale y = of_y.on(chart.y.divided, area_bottom, area_top, true);
    for (const tick& one : y.ticks(chart.y.of, 6)) {
        out.line(area_left, y.at(one.value), area_right, y.at(one.value), "grid");
        if (!one.label.empty())
            out.text(area_left - 6, y.at(one.value) + 4, one.label, "small", "end");
    }
    for (const tick& one : x.ticks(chart.x.of, 9)) {
        out.line(x.at(one.value), area_top, x.at(one.value), area_bottom + 4, "grid");
        out.text(x.at(one.value), area_bottom + 17, one.label, "small", "middle");
    }
    out.line(area_left, area_bottom, area_right, area_bottom, "axis");
    out.line(area_left, area_top, area_left, area_bottom, "axis");
    out.text(area_right, area_bottom + 34, chart.x.title, "small", "end");
    std::vector<legend_entry> entries;
    for (std::size_t i = 0; i < chart.curves.size(); ++i) {
        const curve& one = chart.curves[i];
        draw_curve(out, chart, one, i, x, y);
        entries.push_back({shown_text(one.name),
                           one.joined ? line_classes(one, i) : dot_classes(one, i), !one.joined});
    }
    label_points(out, chart, x, y);
    for (const limit& one : chart.limits) {
        out.line(area_left, y.at(one.value), area_right, y.at(one.value), "limit");
        out.text(area_left + 6, y.at(one.value) - 4, shown_text(one.name), "limit-text");
    }
    for (const limit& one : chart.places) {
        const double at = x.at(one.value);
        out.line(at, area_top, at, area_bottom, "mark");
        // Of two that are close the lower one has its words on its other side.
        const bool crowded =
            std::any_of(chart.places.begin(), chart.places.end(), [&](const limit& other) {
                return other.value > one.value && x.at(other.value) - at < 90;
            });
        const bool to_the_left = crowded || at > area_right - 180;
        out.text(to_the_left ? at - 4 : at + 4, area_top + 12, shown_text(one.name), "mark-text",
                 to_the_left ? "end" : "start");
    }
    out.legend(area_left, area_bottom + 54, entries);
    return out.finish(chart.id, chart.title,
                      chart.y.title + " over " + chart.x.title + ", " +
                          std::to_string(chart.curves.size()) + " curves; " +
                          value_text(chart.y.of, of_y.least()) + " to " +
                          value_text(chart.y.of, of_y.most()) + ".");
}

std::string draw(const effect_chart& chart) {
    constexpr double row_height = 26;
    constexpr double names_width = 250;
    constexpr double words_width = 170;
    const double height = area_top + row_height * static_cast<double>(chart.effects.size());
    svg out(canvas_width, height + 30);
    // Intervals may be far wider than any change: what is within twice the changes is seen.
    double most = 0.02;
    for (const effect& one : chart.effects) {
        most = std::max(most, one.margin * 1.5);
        if (one.change && std::isfinite(*one.change)) most = std::max(most, std::abs(*one.change));
    }
    double seen = most;
    for (const effect& one : chart.effects) {
        for (const std::optional<double>& end : {one.low, one.high}) {
            if (end && std::isfinite(*end))
                seen = std::max(seen, std::min(std::abs(*end), 2 * most));
        }
    }
    const double left = names_width;
    const double right = canvas_width - words_width;
    const axis_scale x(scale::linear, -seen * 1.05, seen * 1.05, left, right);
    const auto within = [&](double share) { return std::clamp(x.at(share), left, right); };
    for (const tick& one : x.ticks(unit::share, 7)) {
        out.line(x.at(one.value), area_top, x.at(one.value), height, "grid");
        out.text(x.at(one.value), height + 16, percent_text(one.value, seen < 0.05 ? 1 : 0, true),
                 "small", "middle");
    }
    double middle = area_top + row_height / 2;
    for (const effect& one : chart.effects) {
        const double from = within(-one.margin);
        out.rectangle(from, middle - 9, within(one.margin) - from, 18, "margin",
                      "changes within " + percent_text(one.margin) + " do not matter");
        out.text(left - 8, middle + 4, shown_text(one.name), "", "end");
        const std::string classes = one.as == tone::good  ? "good"
                                    : one.as == tone::bad ? "bad"
                                                          : "neutral";
        if (one.change) {
            const double low = within(one.low.value_or(-1e9));
            const double high = within(one.high.value_or(1e9));
            out.line(low, middle, high, middle, classes + " line");
            const auto end_at = [&](const std::optional<double>& end, double at) {
                if (end && x.holds(*end))
                    out.line(at, middle - 5, at, middle + 5, classes + " line");
            };
            end_at(one.low, low);
            end_at(one.high, high);
            out.circle(within(*one.change), middle, 4.5, classes,
                       shown_text(one.name) + " " + percent_text(*one.change, 1, true));
            out.text(right + 8, middle + 4,
                     percent_text(*one.change, 1, true) + " " + shown_text(one.said), "small");
        } else {
            out.text(right + 8, middle + 4, shown_text(one.said), "small");
        }
        middle += row_height;
    }
    out.line(x.at(0), area_top, x.at(0), height, "axis");
    return out.finish(chart.id, chart.title,
                      "Changes of " + std::to_string(chart.effects.size()) +
                          " figures with their 95 % confidence intervals; the table has the same "
                          "numbers.");
}

}  // namespace chopsticks::report
