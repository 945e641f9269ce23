#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <set>

namespace chopsticks::stats {

namespace {

constexpr std::size_t figure_name_most = 40;
constexpr std::size_t figure_text_most = 200;

bool is_figure_word(std::string_view text) noexcept {
    const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
    return !text.empty() && text.size() <= figure_name_most && small(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return small(c) || (c >= '0' && c <= '9') || c == '_'; });
}

/// Whatever it is, on one line.
std::string shown(std::string_view text) {
    std::string out = "\"";
    for (const char c : text.substr(0, figure_name_most))
        out += c >= ' ' && c <= '~' ? c : '?';
    return out + (text.size() > figure_name_most ? "...\"" : "\"");
}

}  // namespace

std::string_view name(figure_kind kind) noexcept {
    switch (kind) {
        case figure_kind::counter:
            return "counter";
        case figure_kind::gauge:
            return "gauge";
        case figure_kind::timer:
            return "timer";
    }
    return "?";
}

std::string_view name(level_over_cores how) noexcept {
    return how == level_over_cores::sum ? "sum" : "highest";
}

std::string problem_with(const driver_figure& one) {
    if (!is_figure_word(one.name)) {
        return "a figure is called " + shown(one.name) +
               ": a name begins with a small letter and has at most " +
               std::to_string(figure_name_most) + " of a-z, 0-9 and _";
    }
    if (name(one.kind) == "?") return "figure " + one.name + " is of no known kind";
    if (one.kind == figure_kind::timer && one.unit != "ns") {
        return "timer " + one.name + " has the unit " + shown(one.unit) + ": timers count in ns";
    }
    if (!is_figure_word(one.unit)) {
        return "figure " + one.name + " has the unit " + shown(one.unit) +
               ": a unit is a word like a name, such as bytes";
    }
    const bool told = !one.description.empty() && one.description.size() <= figure_text_most &&
                      std::all_of(one.description.begin(), one.description.end(),
                                  [](char c) { return c >= ' ' && c <= '~'; });
    if (!told) {
        return "figure " + one.name + " has no description of one printable line of at most " +
               std::to_string(figure_text_most) + " characters";
    }
    return {};
}

std::string problem_with(const std::vector<driver_figure>& declared) {
    if (declared.size() > driver_figures_max) {
        return "it declares " + std::to_string(declared.size()) + " figures, " +
               std::to_string(driver_figures_max) + " are allowed";
    }
    std::set<std::string_view> names;
    for (const driver_figure& one : declared) {
        std::string problem = problem_with(one);
        if (!problem.empty()) return problem;
        if (!names.insert(one.name).second) return "two figures are called " + one.name;
    }
    return {};
}

void driver_value::add_events(const driver_value& other) noexcept {
    CHOPSTICKS_ASSERT(kind == other.kind);
    count = std::min(figure_count_max, count + other.count);
    refused = std::min(figure_count_max, refused + other.refused);
    if (times && other.times) times->add(*other.times);
}

void driver_value::add_beside(const driver_value& other) noexcept {
    add_events(other);
    if (!other.known) return;
    const auto together = [&](double a, double b) {
        if (!known) return b;
        if (over_cores == level_over_cores::highest) return std::max(a, b);
        return std::clamp(a + b, -figure_level_max, figure_level_max);
    };
    last = together(last, other.last);
    lowest = together(lowest, other.lowest);
    highest = together(highest, other.highest);
    known = true;
}

void driver_value::add_later_level(const driver_value& other) noexcept {
    if (!other.known) return;
    last = other.last;
    lowest = known ? std::min(lowest, other.lowest) : other.lowest;
    highest = known ? std::max(highest, other.highest) : other.highest;
    known = true;
}

void driver_value::clear() noexcept {
    count = refused = 0;
    known = false;
    last = lowest = highest = 0;
    if (times) times->clear();
}

void add_beside(driver_values& sum, const driver_values& other) noexcept {
    CHOPSTICKS_ASSERT(sum.size() == other.size());
    for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i].add_beside(other[i]);
}

void add_later(driver_values& sum, const driver_values& other) noexcept {
    CHOPSTICKS_ASSERT(sum.size() == other.size());
    for (std::size_t i = 0; i < sum.size(); ++i)
        sum[i].add_later(other[i]);
}

driver_meters::driver_meters(const std::vector<driver_figure>& declared) {
    for (const driver_figure& one : declared) {
        meters_.push_back({one.kind, {}, {}, nullptr});
        if (one.kind == figure_kind::timer) meters_.back().times = std::make_unique<histogram>();
    }
}

driver_meters::meter& driver_meters::of_kind(std::size_t figure, figure_kind kind) noexcept {
    CHOPSTICKS_ASSERT(figure < meters_.size() && meters_[figure].kind == kind);
    return meters_[figure];
}

figure_counter& driver_meters::counter(std::size_t figure) noexcept {
    return of_kind(figure, figure_kind::counter).counter;
}

figure_gauge& driver_meters::gauge(std::size_t figure) noexcept {
    return of_kind(figure, figure_kind::gauge).gauge;
}

histogram& driver_meters::timer(std::size_t figure) noexcept {
    return *of_kind(figure, figure_kind::timer).times;
}

void driver_meters::take(driver_value* values, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        driver_value& to = values[i];
        if (i >= meters_.size() || meters_[i].kind != to.kind) {
            to.refused = 1;
            continue;
        }
        meter& from = meters_[i];
        if (to.kind == figure_kind::counter) {
            figure_counter& c = from.counter;
            const bool goes_on = c.total_ >= c.told_ && c.total_ - c.told_ <= figure_count_max;
            to.count = goes_on ? c.total_ - c.told_ : 0;
            to.refused = goes_on ? 0 : 1;
            c.told_ = c.total_;
        } else if (to.kind == figure_kind::gauge) {
            figure_gauge& g = from.gauge;
            to.refused = std::min(figure_count_max, g.refused_);
            g.refused_ = 0;
            to.known = g.lowest_ <= g.highest_;
            if (!to.known) continue;
            to.last = g.last_;
            to.lowest = g.lowest_;
            to.highest = g.highest_;
            g.lowest_ = g.highest_ = g.last_;
        } else {
            to.times->add(*from.times);
            from.times->clear();
        }
    }
}

driver_values make_values(const std::vector<group_figure>& figures, int digits) {
    driver_values out;
    out.reserve(figures.size());
    for (const group_figure& one : figures)
        out.emplace_back(one.what, digits);
    return out;
}

}  // namespace chopsticks::stats
