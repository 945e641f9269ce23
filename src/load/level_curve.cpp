#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/level_curve.hpp>
#include <limits>

namespace chopsticks::load {

namespace {

constexpr double for_ever = std::numeric_limits<double>::infinity();

double value(const level_curve::piece& p, double t_ns) noexcept {
    // Not through the slope where there is none: infinity times 0 is no number.
    return p.slope_per_ns == 0 ? p.level : p.level + p.slope_per_ns * (t_ns - p.start_ns);
}

}  // namespace

level_curve::level_curve(double level) : pieces_{piece{0, for_ever, level, 0}} {
    CHOPSTICKS_ASSERT(level >= 0);
}

void level_curve::line_to(double level, std::int64_t duration_ns) {
    CHOPSTICKS_ASSERT(level >= 0 && duration_ns >= 0);
    piece& last = pieces_.back();
    const double before = last.level;
    const double start = last.start_ns;
    if (duration_ns == 0) {
        last.level = level;
        return;
    }
    const auto length = static_cast<double>(duration_ns);
    last.end_ns = start + length;
    last.slope_per_ns = (level - before) / length;
    pieces_.push_back(piece{start + length, for_ever, level, 0});
}

void level_curve::hold(std::int64_t duration_ns) {
    line_to(pieces_.back().level, duration_ns);
}

void level_curve::append(const std::vector<stage>& stages) {
    for (const stage& s : stages) {
        line_to(s.level, s.ramp_ns);
        hold(s.duration_ns - s.ramp_ns);
    }
}

double level_curve::at(double t_ns) const noexcept {
    for (const piece& p : pieces_) {
        if (t_ns < p.end_ns) return value(p, t_ns);
    }
    return pieces_.back().level;
}

double level_curve::first_at_least(double level, double from_ns) const noexcept {
    for (const piece& p : pieces_) {
        if (p.end_ns <= from_ns) continue;
        const double start = std::max(p.start_ns, from_ns);
        if (value(p, start) >= level) return start;
        if (p.slope_per_ns <= 0) continue;
        const double reached = p.start_ns + (level - p.level) / p.slope_per_ns;
        // The next piece begins with this one's last level.
        if (reached <= p.end_ns) return std::max(reached, start);
    }
    return for_ever;
}

}  // namespace chopsticks::load
