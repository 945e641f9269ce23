#include "findings.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <cmath>
#include <cstdio>
#include <functional>
#include <utility>

namespace chopsticks::ceph::beside {

namespace {

/// Causes and effects that wait for each other: more of them at a time is a cluster that flaps.
constexpr std::size_t waiting_most = 256;
constexpr std::size_t operations_most = 256;
/// Causes that one sentence names.
constexpr std::size_t causes_told = 3;
/// Closer than this is "when".
constexpr double at_once_s = 2;

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// "12:03:10"
std::string time_of_day(std::int64_t wall_ns) {
    const civil_time t = to_civil(wall_ns / 1'000'000'000);
    char text[40];
    std::snprintf(text, sizeof text, "%02d:%02d:%02d UTC", t.hour, t.minute, t.second);
    return text;
}

std::string per_s(double rate) {
    return format_count(rate) + "/s";
}

std::string seconds(double s) {
    char text[40];
    std::snprintf(text, sizeof text, "%.1f s", s);
    return text;
}

/// The extreme of all but one, which may be chance. \pre two or more
template <typename Before>
double second(std::vector<double> of, Before before) {
    std::nth_element(of.begin(), of.begin() + 1, of.end(), before);
    return of[1];
}

template <typename Queue>
void drop_oldest(Queue& of) {
    while (of.size() > waiting_most)
        of.pop_front();
}

}  // namespace

bool finding_rule::begins(watch& of, bool out_of_bounds) {
    if (of.bad == 0) {
        if (!out_of_bounds) return false;
        of = {1, 0};
        return true;
    }
    ++of.bad;
    const bool again = out_of_bounds && of.calm > 0;
    of.calm = out_of_bounds ? 0 : of.calm + 1;
    if (of.calm == calm_least) of = {};
    return again;
}

void finding_rule::add(const load_interval& one) {
    if (one.phase != phase_) leave_lasting("the phase " + phase_ + " ended");
    now_s_ = std::max(now_s_, one.start_s + one.duration_s);
    // While users are added everything changes, and with a phase what counts may.
    if (one.phase != phase_) {
        phase_ = one.phase;
        operations_.clear();
    }
    if (one.phase == "ramp" || one.duration_s <= 0) return;
    if (one.held_up_share > held_up_most) return match();
    for (const load_point& point : one.operations) {
        if (!operations_.contains(point.operation) && operations_.size() == operations_most)
            continue;
        judge(one, point, operations_[point.operation]);
    }
    match();
}

void finding_rule::judge(const load_interval& in, const load_point& point, operation_state& state) {
    const auto ok = static_cast<double>(point.ok);
    const level now{point.ok >= ok_least ? static_cast<double>(point.p99_ns) : 0.0,
                    ok / in.duration_s, ok, point.offered / in.duration_s};
    std::vector<double> p99s;
    std::vector<double> rates;
    std::vector<double> counts;
    std::vector<double> offers;
    for (const level& one : state.baseline) {
        if (one.p99_ns > 0) p99s.push_back(one.p99_ns);
        rates.push_back(one.ok_per_s);
        counts.push_back(one.ok);
        offers.push_back(one.offered);
    }
    if (!offers.empty()) {
        // A load that is another one explains itself. Arrivals vary by chance.
        const double usual = median(offers);
        const double chance = 4 * std::sqrt(std::max(usual * in.duration_s, 0.0)) / in.duration_s;
        if (std::abs(now.offered - usual) > 0.2 * usual + chance) {
            state = {};
            state.baseline.push_back(now);
            std::erase_if(lasting_,
                          [&](const effect& e) { return e.operation == point.operation; });
            return;
        }
    }
    for (effect& e : effects_) {
        if (e.operation == point.operation) follow(e, in, now);
    }
    for (effect& e : lasting_) {
        if (e.operation != point.operation) continue;
        follow(e, in, now);
        if (e.is_over) tell_end(e);
    }
    std::erase_if(lasting_, [](const effect& e) { return e.is_over; });
    bool risen = false;
    bool fallen = false;
    double usual_p99 = 0;
    double usual_rate = 0;
    if (p99s.size() >= baseline_least && now.p99_ns > 0) {
        usual_p99 = median(p99s);
        risen = now.p99_ns > rise_of_median * usual_p99 &&
                now.p99_ns > rise_of_most * second(p99s, std::greater<>{});
    }
    if (rates.size() >= baseline_least && median(counts) >= static_cast<double>(ok_least)) {
        usual_rate = median(rates);
        fallen = now.ok_per_s < fall_of_median * usual_rate &&
                 now.ok_per_s < fall_of_least * second(rates, std::less<>{});
    }
    for (effect& e : effects_) {
        if (e.operation != point.operation || !e.holds) continue;
        e.holds = risen || fallen;
        if (e.holds) e.held_s = in.start_s + in.duration_s;
    }
    // What follows within one is part of it: the p99 of what had waited for an OSD.
    const bool in_effect = (state.p99.bad > 0 || state.rate.bad > 0) && lasts(point.operation);
    std::string text;
    std::string fall;
    if (begins(state.p99, risen) && !in_effect) {
        text = "p99(" + point.operation + ") rose from " + format_latency(std::llround(usual_p99)) +
               " to " + format_latency(point.p99_ns);
    }
    if (begins(state.rate, fallen)) {
        fall = " fell from " + per_s(usual_rate) + " to " + per_s(now.ok_per_s);
        if (!in_effect || !worsen(point.operation, fall, usual_rate)) {
            text += text.empty() ? point.operation : std::string(", and its rate");
            text += fall;
        } else {
            fall.clear();
        }
    }
    if (!text.empty()) {
        const double end_s = in.start_s + in.duration_s;
        effects_.push_back({.start_s = in.start_s,
                            .end_s = end_s,
                            .held_s = end_s,
                            .operation = point.operation,
                            .text = std::move(text),
                            .fall = std::move(fall),
                            .usual_per_s = usual_rate,
                            .usual_p99_ns = p99s.size() >= baseline_least ? median(p99s) : 0.0});
        drop_oldest(effects_);
    }
    if (state.p99.bad > effect_most || state.rate.bad > effect_most) state = {};
    if (state.p99.bad > 0 || state.rate.bad > 0) return;
    state.baseline.push_back(now);
    if (state.baseline.size() > baseline_most) state.baseline.pop_front();
}

bool finding_rule::worsen(const std::string& operation, const std::string& fall,
                          double usual_per_s) {
    for (effect& e : effects_) {
        if (e.operation != operation || !e.holds) continue;
        e.add_fall(fall, usual_per_s);
        return true;
    }
    const auto is_one = [&](const effect& e) { return e.operation == operation && !e.is_over; };
    const auto told_of_it = [&](const effect& e) { return is_one(e) && !e.fall.empty(); };
    if (std::any_of(lasting_.begin(), lasting_.end(), told_of_it)) return true;
    // That it was slow is told already, and ends with what is told now.
    std::erase_if(lasting_, is_one);
    return false;
}

void finding_rule::effect::add_fall(const std::string& more, double per_s_before) {
    if (more.empty() || !fall.empty()) return;
    text += ", and its rate" + more;
    fall = more;
    usual_per_s = per_s_before;
}

bool finding_rule::lasts(const std::string& operation) const {
    // What no cause is known of lasts as long as it holds: by chance it was there before, too, and
    // is not to hide what is caused.
    const auto holds = [&](const effect& e) { return e.operation == operation && e.holds; };
    const auto is_one = [&](const effect& e) { return e.operation == operation && !e.is_over; };
    return std::any_of(effects_.begin(), effects_.end(), holds) ||
           std::any_of(lasting_.begin(), lasting_.end(), is_one);
}

void finding_rule::take_in_later(effect& told) {
    const auto is_part = [&](const effect& e) {
        return e.operation == told.operation && e.start_s >= told.start_s &&
               (!told.is_over || e.start_s < told.back_s);
    };
    for (const effect& e : effects_) {
        if (is_part(e)) told.add_fall(e.fall, e.usual_per_s);
    }
    std::erase_if(effects_, is_part);
}

void finding_rule::follow(effect& e, const load_interval& in, const level& now) {
    if (e.is_over || in.start_s <= e.start_s) return;
    const bool is_slow = e.usual_p99_ns > 0 && now.p99_ns > rise_of_median * e.usual_p99_ns;
    if (is_slow || now.ok_per_s < fall_of_median * e.usual_per_s) {
        e.calm = 0;
        return;
    }
    if (e.calm++ == 0) e.back_s = in.start_s;
    if (e.calm < calm_least) return;
    e.is_over = true;
    e.end = e.operation + " was back at " + per_s(now.ok_per_s);
    if (now.p99_ns > 0) e.end += ", p99 " + format_latency(std::llround(now.p99_ns));
}

void finding_rule::tell_end(const effect& e) {
    if (told_ == findings_most) return;
    ++told_;
    const std::int64_t at_ns = load_began_ns_ + std::llround(e.back_s * 1e9);
    std::string text = e.end + ", at " + time_of_day(at_ns) + ", " + seconds(e.back_s - e.start_s) +
                       " after that began";
    const cause* nearest = nullptr;
    for (const cause& one : causes_) {
        const bool may_be = one.relieves && one.seen_s > e.start_s &&
                            one.seen_s >= e.back_s - relief_s &&
                            one.seen_s <= e.back_s + static_cast<double>(calm_least);
        if (may_be) nearest = &one;
    }
    if (nearest != nullptr) {
        const double since = e.back_s - nearest->seen_s;
        text += since > at_once_s ? ", and " + seconds(since) + " after " : ", when ";
        text += nearest->text;
    }
    found_.push_back({e.back_s, std::move(text), true});
}

void finding_rule::leave_lasting(const std::string& what) {
    for (const effect& e : lasting_) {
        if (told_ == findings_most) break;
        ++told_;
        const std::int64_t at_ns = load_began_ns_ + std::llround(now_s_ * 1e9);
        found_.push_back({now_s_,
                          e.operation + " was not back yet when " + what + ", at " +
                              time_of_day(at_ns) + ", " + seconds(now_s_ - e.start_s) +
                              " after that began",
                          true});
    }
    lasting_.clear();
}

void finding_rule::add(const std::vector<cause>& seen) {
    for (const cause& one : seen) {
        now_s_ = std::max(now_s_, one.seen_s);
        causes_.push_back(one);
    }
    drop_oldest(causes_);
    match();
}

bool finding_rule::near(const effect& e, const cause& one) {
    if (e.start_s > one.seen_s + late_s || e.end_s < one.after_s - one.unseen_s) return false;
    // Before the cluster knew: chance, unless it lasted.
    return e.end_s >= one.after_s - at_once_s || e.held_s >= one.after_s - at_once_s;
}

void finding_rule::match() {
    for (std::size_t i = 0; i < effects_.size();) {
        std::vector<const cause*> of;
        const bool settled = finished_ || now_s_ >= effects_[i].end_s + settle_s;
        for (const cause& one : causes_) {
            if (settled && near(effects_[i], one)) of.push_back(&one);
        }
        if (of.empty()) {
            ++i;
            continue;
        }
        effect e = std::move(effects_[i]);
        effects_.erase(effects_.begin() + static_cast<std::ptrdiff_t>(i));
        take_in_later(e);
        if (told_ == findings_most) continue;
        found_.push_back({e.start_s, sentence(e, of)});
        ++told_;
        if (e.is_over) {
            tell_end(e);
        } else if (lasting_.size() < waiting_most) {
            lasting_.push_back(std::move(e));
        }
    }
    // What can no longer meet anything that is yet to come.
    constexpr double forget_s = 60;
    while (!effects_.empty() && effects_.front().end_s < now_s_ - forget_s)
        effects_.pop_front();
    while (!causes_.empty() && causes_.front().seen_s < now_s_ - forget_s)
        causes_.pop_front();
}

std::string finding_rule::sentence(const effect& e, const std::vector<const cause*>& of) const {
    // The nearest says when; what is as near for all that looks can tell is named with it, and
    // others of the same look: placement groups are stale a moment after an OSD went down.
    const auto distance = [&](const cause* one) {
        if (e.start_s > one->seen_s) return e.start_s - one->seen_s;
        return e.end_s < one->after_s ? one->after_s - e.end_s : 0.0;
    };
    const cause* const first = *std::min_element(
        of.begin(), of.end(),
        [&](const cause* a, const cause* b) { return distance(a) < distance(b); });
    std::string what = first->text;
    std::size_t told = 1;
    std::size_t more = 0;
    for (const cause* one : of) {
        if (one == first) continue;
        if (one->seen_s != first->seen_s && distance(one) > at_once_s) continue;
        if (told < causes_told) {
            what += ", " + one->text;
            ++told;
        } else {
            ++more;
        }
    }
    if (more > 0) what += ", and " + std::to_string(more) + " more";
    const std::int64_t at_ns = load_began_ns_ + std::llround(e.start_s * 1e9);
    std::string out = e.text + " at " + time_of_day(at_ns) + ", ";
    const double away = distance(first);
    const double looked_s = first->seen_s - first->after_s;
    if (away <= 0 && looked_s > 2 * at_once_s)
        return out + "in the " + seconds(looked_s) + " in which " + what;
    if (away <= at_once_s) return out + "when " + what;
    if (e.start_s > first->seen_s) return out + seconds(away) + " after " + what;
    return out + seconds(first->seen_s - e.start_s) + " before the cluster told: " + what;
}

void finding_rule::finish() {
    finished_ = true;
    match();
    leave_lasting("the load ended");
}

std::vector<finding> finding_rule::take() {
    return std::exchange(found_, {});
}

}  // namespace chopsticks::ceph::beside
