#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace chopsticks::load {

namespace {

constexpr double unending = std::numeric_limits<double>::infinity();

/// Area of a line from its start: level a, slope b, after u nanoseconds.
double line_area(double a, double b, double u) noexcept {
    return b == 0 ? a * u : u * (a + b * u / 2);
}

}  // namespace

rate_curve::rate_curve(level_curve levels, modulation around) : around_(around) {
    using kind = modulation::kind;
    if (around_.how != kind::none) {
        CHOPSTICKS_ASSERT(around_.period_ns > 0);
        CHOPSTICKS_ASSERT(around_.share >= 0 && around_.share <= 1);
        CHOPSTICKS_ASSERT(around_.share > 0 || around_.how == kind::sine);
    }
    double area = 0;
    for (const level_curve::piece& p : levels.pieces()) {
        part next{p, area};
        next.line.level /= 1e9;
        next.line.slope_per_ns /= 1e9;
        if (around_.how == kind::sine) {
            const double turns = (p.start_ns - around_.origin_ns) / around_.period_ns;
            next.sine_start = sine_at(next, p.start_ns, window_start(std::floor(turns))).part;
        }
        parts_.push_back(next);
        if (p.end_ns < unending) area += area_within(next, p.end_ns);
    }
}

double rate_curve::window_start(double number) const noexcept {
    return around_.origin_ns + number * around_.period_ns;
}

rate_curve::sine_values rate_curve::sine_at(const part& p, double t_ns,
                                            double window_ns) const noexcept {
    // By parts: the integral of (a + b u) sin(w t) is b sin(w t) / w^2 - (a + b u) cos(w t) / w.
    // Times count from their own period, so that the sine's argument stays small.
    const double w = 2 * std::numbers::pi / around_.period_ns;
    const double u = t_ns - p.line.start_ns;
    const double level = p.line.level + p.line.slope_per_ns * u;
    const double x = w * (t_ns - window_ns);
    const double sine = std::sin(x);
    sine_values out;
    out.part = (p.line.slope_per_ns * sine / w - level * std::cos(x)) / w;
    out.area =
        line_area(p.line.level, p.line.slope_per_ns, u) + around_.share * (out.part - p.sine_start);
    out.rate = level * (1 + around_.share * sine);
    return out;
}

double rate_curve::area_within(const part& p, double t_ns) const noexcept {
    const double start = p.line.start_ns;
    const double a = p.line.level;
    const double b = p.line.slope_per_ns;
    const double u = t_ns - start;
    const double plain = line_area(a, b, u);
    if (around_.how == modulation::kind::none || u <= 0) return plain;
    const double period = around_.period_ns;
    const double first = std::floor((start - around_.origin_ns) / period);
    const double last = std::floor((t_ns - around_.origin_ns) / period);
    if (around_.how == modulation::kind::sine) {
        return sine_at(p, t_ns, window_start(last)).area;
    }
    const double on = around_.share * period;
    const auto within = [&](double number, double low, double high) {
        const double begin = std::max(window_start(number), low);
        const double end = std::min(window_start(number) + on, high);
        return end > begin ? line_area(a, b, end - start) - line_area(a, b, begin - start) : 0;
    };
    double sum = within(first, start, t_ns);
    if (last > first) sum += within(last, start, t_ns);
    if (const double whole = last - first - 1; whole > 0) {
        // Windows in between: each is its width times the line's level at its middle, and these
        // levels are an arithmetic series.
        const double middle = window_start((first + last) / 2) + on / 2;
        sum += whole * on * (a + b * (middle - start));
    }
    return sum / around_.share;
}

double rate_curve::count(double t_ns) const noexcept {
    const part* at = &parts_.front();
    for (const part& p : parts_) {
        if (p.line.start_ns <= t_ns) at = &p;
    }
    return at->area + area_within(*at, t_ns);
}

double rate_curve::rate(double t_ns) const noexcept {
    const part* at = &parts_.front();
    for (const part& p : parts_) {
        if (p.line.start_ns <= t_ns) at = &p;
    }
    const double level =
        1e9 * (at->line.level + at->line.slope_per_ns * (t_ns - at->line.start_ns));
    if (around_.how == modulation::kind::none) return level;
    const double turns = (t_ns - around_.origin_ns) / around_.period_ns;
    const double turn = turns - std::floor(turns);
    if (around_.how == modulation::kind::burst) {
        return turn < around_.share ? level / around_.share : 0;
    }
    return level * (1 + around_.share * std::sin(2 * std::numbers::pi * turn));
}

rate_curve::cursor::cursor(const rate_curve& curve) noexcept : curve_(&curve) {
    ended_ = !advance();
}

/// Makes `now_` the period `number` of the part, or what of it lies in the part.
void rate_curve::cursor::begin(double number) noexcept {
    const part& p = curve_->parts_[part_];
    const modulation& around = curve_->around_;
    double start = p.line.start_ns;
    double end = p.line.end_ns;
    double boost = 1;
    if (around.how != modulation::kind::none) {
        const double window = curve_->window_start(number);
        double length = around.period_ns;
        if (around.how == modulation::kind::burst) {
            length *= around.share;
            boost = 1 / around.share;
        }
        start = std::max(start, window);
        end = std::min(end, window + length);
    }
    now_.start_ns = start;
    now_.end_ns = end;
    now_.rate = (p.line.level + p.line.slope_per_ns * (start - p.line.start_ns)) * boost;
    now_.slope = p.line.slope_per_ns * boost;
    // From the closed form, never from the stretch before: nothing adds up.
    now_.start_area = p.area + curve_->area_within(p, start);
    now_.end_area = end == unending ? unending
                    : end <= start  ? now_.start_area
                                    : p.area + curve_->area_within(p, end);
    window_ = number;
    entered_ = true;
}

bool rate_curve::cursor::advance() noexcept {
    const std::vector<part>& parts = curve_->parts_;
    const modulation& around = curve_->around_;
    const bool windowed = around.how != modulation::kind::none;
    while (part_ < parts.size()) {
        const level_curve::piece& line = parts[part_].line;
        const bool silent = line.level == 0 && line.slope_per_ns == 0;
        if (silent && line.end_ns == unending) return false;
        if (!entered_ && !silent) {
            begin(windowed ? std::floor((line.start_ns - around.origin_ns) / around.period_ns) : 0);
        } else if (!silent && windowed && curve_->window_start(window_ + 1) < line.end_ns) {
            begin(window_ + 1);
        } else {
            ++part_;
            entered_ = false;
            continue;
        }
        if (now_.end_area > now_.start_area) return true;
    }
    return false;
}

double rate_curve::cursor::solve_sine(double area) const noexcept {
    // Newton's method, kept between bounds that the monotonous area moves closer.
    const part& p = curve_->parts_[part_];
    const double window = curve_->window_start(window_);
    // Of an area no more is known than its rounding, of a time no more is wanted than a picosecond.
    const double rounding = 4 * std::numeric_limits<double>::epsilon() * area;
    double low = now_.start_ns;
    double high = now_.end_ns;
    double t = std::clamp(last_ns_, low, high);
    if (t == low) {
        t = low + (high - low) * (area - now_.start_area) / (now_.end_area - now_.start_area);
    }
    for (int i = 0; i < 100; ++i) {
        const sine_values at = curve_->sine_at(p, t, window);
        const double miss = p.area + at.area - area;
        if (std::abs(miss) <= rounding) break;
        (miss > 0 ? high : low) = t;
        double next = at.rate > 0 ? t - miss / at.rate : high;
        if (!(next > low && next < high)) next = low + (high - low) / 2;
        const double moved = std::abs(next - t);
        t = next;
        if (moved <= 1e-3) break;
    }
    return t;
}

double rate_curve::cursor::time_of(double area) noexcept {
    while (!ended_ && area >= now_.end_area)
        ended_ = !advance();
    if (ended_) return unending;
    const double rest = std::max(0.0, area - now_.start_area);
    double t = now_.start_ns;
    if (rest == 0) {
        // Nothing to solve, and at the start of a ramp from 0 nothing to divide by.
    } else if (curve_->around_.how == modulation::kind::sine) {
        t = solve_sine(area);
    } else if (now_.slope == 0) {
        t += rest / now_.rate;
    } else {
        // The root of rate u + slope u^2 / 2 = rest in the form that loses no digits where the
        // slope is small, nor where it is negative.
        const double under = std::max(0.0, now_.rate * now_.rate + 2 * now_.slope * rest);
        t += 2 * rest / (now_.rate + std::sqrt(under));
    }
    t = std::min(t, now_.end_ns);  // by rounding
    last_ns_ = std::max(last_ns_, t);
    return last_ns_;
}

double rate_curve::cursor::area_at(double t_ns) noexcept {
    while (!ended_ && t_ns >= now_.end_ns)
        ended_ = !advance();
    if (ended_) return curve_->count(t_ns);
    if (t_ns <= now_.start_ns) return now_.start_area;
    if (curve_->around_.how == modulation::kind::sine) {
        const part& p = curve_->parts_[part_];
        return p.area + curve_->area_within(p, t_ns);
    }
    return now_.start_area + line_area(now_.rate, now_.slope, t_ns - now_.start_ns);
}

}  // namespace chopsticks::load
