#include "load_so_far.hpp"

#include <algorithm>
#include <utility>

namespace chopsticks::cli {

namespace {

using locust::json;

/// As often as Locust's own figures come.
constexpr double so_far_every_s = 3;
constexpr int so_far_digits = 2;
/// Kinds of errors that are told apart, the most frequent ones.
constexpr std::size_t error_kinds_told = 20;

json errors_told(const stats::figures& of) {
    std::vector<std::pair<std::string, std::uint64_t>> all;
    for (const stats::error_row& row : of.errors)
        all.emplace_back(row.code.empty() ? std::string(name(row.status)) : row.code, row.count);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    json out = json::array();
    std::uint64_t others = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i >= error_kinds_told) {
            others += all[i].second;
            continue;
        }
        json one = json::array();
        one.push_back(all[i].first);
        one.push_back(all[i].second);
        out.push_back(std::move(one));
    }
    if (others > 0) {
        json one = json::array();
        one.push_back("others");
        one.push_back(others);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace

load_so_far::load_so_far(const stats::layout& names, double core_saturated)
    : operations_(names.operations),
      figures_(names, so_far_digits),
      core_saturated_(core_saturated) {}

void load_so_far::add(const engine::interval& one) {
    figures_.add(one.figures);
    cores_.resize(std::max(cores_.size(), one.cores.size()));
    for (std::size_t i = 0; i < one.cores.size(); ++i) {
        cores_[i].busy_ns += one.cores[i].busy_ns;
        cores_[i].span_ns += one.cores[i].span_ns;
    }
    seconds_ += one.duration_s;
}

bool load_so_far::is_due() const noexcept {
    return seconds_ - described_ >= so_far_every_s;
}

double load_so_far::busiest() const noexcept {
    double out = 0;
    for (const core_time& core : cores_) {
        if (core.span_ns <= 0) continue;
        out = std::max(out, static_cast<double>(core.busy_ns) / static_cast<double>(core.span_ns));
    }
    return out;
}

json load_so_far::describe(const std::string& run) {
    described_ = seconds_;
    json operations = json::object();
    for (std::size_t i = 0; i < operations_.size(); ++i) {
        const stats::figures& of = figures_.by_operation[i];
        operations[operations_[i]] = {{"ok", of.ok_count},
                                      {"failed", of.failed_count},
                                      {"bytes", of.bytes},
                                      {"response", of.response.encode()},
                                      {"send_lag", of.send_lag.encode()},
                                      {"errors", errors_told(of)}};
    }
    return {{"run", run},
            {"seconds", seconds_},
            {"busiest_core", busiest()},
            {"kept_up", busiest() <= core_saturated_},
            {"operations", std::move(operations)}};
}

}  // namespace chopsticks::cli
