#include "svg.hpp"

#include <algorithm>
#include <chopsticks/report/html.hpp>
#include <cmath>
#include <cstdio>

#include "words.hpp"

namespace chopsticks::report {

namespace {

/// Of text of 12 pixels; legends are laid out by it.
constexpr double character_width = 6.8;

double round_step(double rough) {
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= rough * 0.999) return factor * power;
    }
    return 10 * power;
}

double time_step(double rough) {
    constexpr double steps[] = {0.1, 0.2, 0.5, 1,    2,    5,    10,    15,    30,    60,   120,
                                300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400};
    for (const double step : steps) {
        if (step >= rough) return step;
    }
    return 86400 * std::ceil(rough / 86400);
}

}  // namespace

std::string coordinate(double value) {
    if (!std::isfinite(value) || std::abs(value) > 1e6) return "0";
    const double tenth = std::round(value * 10) / 10;
    char text[32];
    if (tenth == std::round(tenth)) {
        std::snprintf(text, sizeof text, "%d", static_cast<int>(tenth));
    } else {
        std::snprintf(text, sizeof text, "%.1f", tenth);
    }
    return text;
}

axis_scale::axis_scale(scale divided, double from, double to, double first_pixel, double last_pixel)
    : divided_(divided), from_(from), to_(to), first_pixel_(first_pixel), last_pixel_(last_pixel) {
    if (divided_ == scale::linear) {
        if (!(to_ > from_)) to_ = from_ + std::max(1.0, std::abs(from_) * 1e-6);
        return;
    }
    if (!(from_ > 0)) from_ = to_ > 0 ? to_ / 10 : 1;
    if (!(to_ > from_)) to_ = from_ * 10;
}

double axis_scale::place_of(double value) const {
    if (divided_ == scale::linear) return (value - from_) / (to_ - from_);
    if (value <= 0) return 0;
    return std::log(value / from_) / std::log(to_ / from_);
}

double axis_scale::at(double value) const {
    return first_pixel_ + place_of(value) * (last_pixel_ - first_pixel_);
}

bool axis_scale::holds(double value) const {
    return value >= from_ && value <= to_;
}

std::vector<tick> axis_scale::ticks(unit of, int wanted) const {
    std::vector<tick> out;
    if (divided_ == scale::linear) {
        const double rough = (to_ - from_) / wanted;
        const double step = of == unit::seconds ? time_step(rough) : round_step(rough);
        for (double n = std::ceil(from_ / step); n * step <= to_ * (1 + 1e-9) && out.size() < 50;
             ++n)
            out.push_back({n * step, axis_text(of, n * step)});
        return out;
    }
    if (divided_ == scale::percentile) {
        out.push_back({2, "50%"});
        for (double at = 1; at <= to_ * 1.001; at *= 10)
            out.push_back({at, percentile_text(at)});
        return out;
    }
    const double decades = std::log10(to_ / from_);
    const double every = std::max(1.0, std::ceil(decades / wanted));
    double exponent = std::floor(std::log10(from_));
    for (; exponent <= std::log10(to_) + 1e-9 && out.size() < 50; exponent += every) {
        for (const double factor : {1.0, 2.0, 5.0}) {
            const double value = factor * std::pow(10, exponent);
            if (value < from_ * 0.999 || value > to_ * 1.001) continue;
            const bool named = factor == 1 || decades < 2.1;
            if (factor != 1 && decades > 4) continue;
            out.push_back({value, named ? axis_text(of, value) : std::string()});
        }
    }
    return out;
}

void value_range::add(double value) {
    if (!std::isfinite(value)) return;
    least_ = std::min(least_, value);
    most_ = std::max(most_, value);
    if (value > 0) least_positive_ = std::min(least_positive_, value);
}

axis_scale value_range::on(scale divided, double first_pixel, double last_pixel,
                           bool from_zero) const {
    if (divided == scale::linear) {
        if (empty()) return {divided, 0, 1, first_pixel, last_pixel};
        double from = from_zero ? std::min(0.0, least_) : least_;
        // Names of phases stand above.
        const double room = (most_ - from) * 0.16;
        if (from < 0) from -= room;
        return {divided, from, most_ > from ? most_ + room : from + 1, first_pixel, last_pixel};
    }
    if (empty() || !(most_ > 0)) return {divided, 1, 10, first_pixel, last_pixel};
    if (divided == scale::percentile) return {divided, 1, most_, first_pixel, last_pixel};
    const double above = std::max(1.4, std::pow(most_ / least_positive_, 0.15));
    return {divided, least_positive_ / 1.25, most_ * above, first_pixel, last_pixel};
}

void svg::line(double x1, double y1, double x2, double y2, std::string_view classes) {
    body_ += "<path class=\"" + std::string(classes) + "\" d=\"M" + coordinate(x1) + " " +
             coordinate(y1) + "L" + coordinate(x2) + " " + coordinate(y2) + "\"/>";
}

void svg::rectangle(double x, double y, double width, double height, std::string_view classes,
                    std::string_view title) {
    body_ += "<rect class=\"" + std::string(classes) + "\" x=\"" + coordinate(x) + "\" y=\"" +
             coordinate(y) + "\" width=\"" + coordinate(width) + "\" height=\"" +
             coordinate(height) + "\"";
    body_ += title.empty() ? "/>" : "><title>" + escaped(title) + "</title></rect>";
}

void svg::path(std::string_view d, std::string_view classes) {
    if (d.empty()) return;
    body_ += "<path class=\"" + std::string(classes) + "\" d=\"" + std::string(d) + "\"/>";
}

void svg::circle(double x, double y, double r, std::string_view classes, std::string_view title) {
    body_ += "<circle class=\"" + std::string(classes) + "\" cx=\"" + coordinate(x) + "\" cy=\"" +
             coordinate(y) + "\" r=\"" + coordinate(r) + "\"><title>" + escaped(title) +
             "</title></circle>";
}

void svg::text(double x, double y, std::string_view words, std::string_view classes,
               std::string_view anchor) {
    body_ += "<text";
    if (!classes.empty()) body_ += " class=\"" + std::string(classes) + "\"";
    body_ += " x=\"" + coordinate(x) + "\" y=\"" + coordinate(y) + "\"";
    if (anchor != "start") body_ += " text-anchor=\"" + std::string(anchor) + "\"";
    body_ += ">" + escaped(words) + "</text>";
}

void svg::legend(double x, double y, const std::vector<legend_entry>& entries) {
    constexpr double row_height = 18;
    double at = x;
    for (const legend_entry& one : entries) {
        const std::size_t length = std::min<std::size_t>(one.name.size(), 90);
        const double width = 30 + character_width * static_cast<double>(length);
        if (at > x && at + width > width_) {
            at = x;
            y += row_height;
        }
        if (one.dot) {
            circle(at + 9, y - 4, 4, one.classes, one.name);
        } else {
            line(at, y - 4, at + 18, y - 4, one.classes);
        }
        text(at + 23, y, one.name.size() > 90 ? one.name.substr(0, 87) + "..." : one.name, "");
        at += width + 6;
    }
    height_ = std::max(height_, y + 8);
}

std::string svg::finish(std::string_view id, std::string_view title,
                        std::string_view description) const {
    const std::string name(id);
    return "<svg class=\"drawn\" role=\"img\" viewBox=\"0 0 " + coordinate(width_) + " " +
           coordinate(height_) + "\" aria-labelledby=\"" + name + "-t " + name + "-d\">" +
           "<title id=\"" + name + "-t\">" + escaped(title) + "</title><desc id=\"" + name +
           "-d\">" + escaped(description) + "</desc>" + body_ + "</svg>";
}

}  // namespace chopsticks::report
