#include "joined_interval.hpp"

#include <algorithm>
#include <cmath>

#include "driver_figures.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

/// What a member of an interval's health becomes over time: from its value over `before_s` and that
/// over the `more_s` after it, both known numbers.
json later_health(std::string_view key, const json& was, double before_s, const json& now,
                  double more_s) {
    const auto a = was.get<double>();
    const auto b = now.get<double>();
    if (key.ends_with("_per_s") || key.ends_with("share") || key == "nic_utilisation" ||
        key == "cpu_mhz") {
        const double all_s = before_s + more_s;
        return all_s > 0 ? json(rounded((a * before_s + b * more_s) / all_s)) : now;
    }
    if (key.starts_with("switches_") || key == "tcp_retransmits") {
        return was.get<std::uint64_t>() + now.get<std::uint64_t>();
    }
    if (key == "ports_left") return a < b ? was : now;
    if (key == "clock_step_ns") return std::abs(a) > std::abs(b) ? was : now;
    return a > b ? was : now;
}

}  // namespace

void joined_interval::add(const interval& one) {
    if (one.figures != nullptr) {
        for (std::size_t i = 0; i < names_.operations.size(); ++i)
            sum_.by_operation[i].add(one.figures->by_operation.at(i));
    }
    if (one.of_drivers != nullptr) stats::add_later(of_drivers_, *one.of_drivers);
    add_rest(one.t_s, one.duration_s, one.phase, one.load, one.cores_busy, to_json(one.health));
}

void joined_interval::add(const interval_figures& one, const std::string& file) {
    for (const operation_figures& f : one.operations) {
        const auto at = std::find(names_.operations.begin(), names_.operations.end(), f.name);
        if (at == names_.operations.end()) continue;
        add_up(sum_.by_operation[static_cast<std::size_t>(at - names_.operations.begin())], f,
               file);
    }
    for (const interval_driver_figure& f : one.driver_figures) {
        const std::size_t at = figure_index(names_.driver_figures, f.group, f.name);
        if (at == names_.driver_figures.size()) continue;
        of_drivers_[at].add_later(value_of(f.value, names_.driver_figures[at], 2, file));
    }
    add_rest(one.t_s, one.duration_s, one.phase, one.load, one.cores_busy, one.health);
}

void joined_interval::add_rest(double t_s, double duration_s, const std::string& phase,
                               const stats::load_figures& load,
                               const std::vector<double>& cores_busy, const json& health) {
    if (phase_.empty()) {
        t_s_ = t_s;
        phase_ = phase;
    }
    const std::uint64_t in_flight = std::max(load_.in_flight_max, load.in_flight_max);
    load_.add(load);
    load_.in_flight_max = in_flight;
    load_.users = load.users;
    load_.users_wanted = load.users_wanted;
    load_.rate_wanted_per_s = load.rate_wanted_per_s;
    load_.backlog = load.backlog;
    busy_s_.resize(std::max(busy_s_.size(), cores_busy.size()));
    for (std::size_t i = 0; i < cores_busy.size(); ++i)
        busy_s_[i] += cores_busy[i] * duration_s;
    if (!health_.is_object()) {
        health_ = health;
    } else if (health.is_object()) {
        for (const auto& [key, value] : health.items()) {
            json& sum = health_[key];
            if (value.is_number() && sum.is_number()) {
                sum = later_health(key, sum, duration_s_, value, duration_s);
            } else if (!value.is_null()) {
                sum = value;
            }
        }
    }
    duration_s_ += duration_s;
}

json joined_interval::as_json() const {
    interval out;
    out.t_s = t_s_;
    out.duration_s = duration_s_;
    out.phase = phase_;
    out.figures = &sum_;
    out.of_drivers = &of_drivers_;
    out.load = load_;
    for (const double busy_s : busy_s_)
        out.cores_busy.push_back(duration_s_ > 0 ? std::min(1.0, busy_s / duration_s_) : 0);
    json line = interval_json(out, names_);
    if (health_.is_object()) line["health"] = health_;
    return line;
}

std::int64_t span_number(double t_s, double length_s) noexcept {
    // What begins on the grid may be written a little before it.
    const double at = t_s / length_s + 1e-3;
    return std::abs(at) < 1e15 ? static_cast<std::int64_t>(std::floor(at)) : 0;
}

std::vector<interval_figures> lengthened(const std::vector<interval_figures>& from, double length_s,
                                         const stats::layout& names, const std::string& file) {
    std::vector<interval_figures> out;
    for (std::size_t i = 0; i < from.size();) {
        joined_interval sum(names);
        const std::int64_t number = span_number(from[i].t_s, length_s);
        const std::string& phase = from[i].phase;
        for (; i < from.size() && from[i].phase == phase &&
               span_number(from[i].t_s, length_s) == number;
             ++i)
            sum.add(from[i], file);
        const place at{nullptr, "intervals"};
        out.push_back(read_interval(json::parse(dump(sum.as_json())), at, file));
    }
    return out;
}

}  // namespace chopsticks::results
