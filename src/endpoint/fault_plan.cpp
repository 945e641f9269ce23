#include "fault_plan.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace chopsticks::endpoint {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

bool about_connections(fault_kind kind) noexcept {
    return kind == fault_kind::stall_accept || kind == fault_kind::reset_accept;
}

}  // namespace

std::int64_t virtual_queue::arrive(std::int64_t now_ns, std::int64_t service_ns) {
    const std::lock_guard lock(mutex_);
    std::pop_heap(free_at_.begin(), free_at_.end(), std::greater<>());
    free_at_.back() = std::max(free_at_.back(), now_ns) + service_ns;
    const std::int64_t done = free_at_.back();
    std::push_heap(free_at_.begin(), free_at_.end(), std::greater<>());
    return done;
}

fault_plan::fault_plan(faults f) : faults_(std::move(f)) {
    for (const fault& rule : faults_.rules) {
        rule_state& state = states_.emplace_back();
        if (rule.kind == fault_kind::queue) {
            state.queue = std::make_unique<virtual_queue>(std::max(rule.servers, 1U));
        }
    }
}

bool fault_plan::has(fault_kind kind) const noexcept {
    return std::any_of(faults_.rules.begin(), faults_.rules.end(),
                       [&](const fault& rule) { return rule.kind == kind; });
}

bool fault_plan::fires(std::size_t index, random_stream& random) {
    const fault& rule = faults_.rules[index];
    rule_state& state = states_[index];
    // Drawn in any case, so that what other rules draw does not depend on this one's counts.
    const double chance = random.unit();
    const std::uint64_t matched = state.matched.fetch_add(1, relaxed);
    if (matched < rule.after) return false;
    const bool due =
        rule.every != 0 ? (matched - rule.after + 1) % rule.every == 0 : chance < rule.rate;
    if (!due) return false;
    return state.fired.fetch_add(1, relaxed) < rule.limit || rule.limit == 0;
}

fault_decision fault_plan::on_request(std::string_view operation) {
    fault_decision out;
    random_stream random(mix64(faults_.seed, requests_.fetch_add(1, relaxed)));
    for (std::size_t i = 0; i < faults_.rules.size(); ++i) {
        const fault& rule = faults_.rules[i];
        if (about_connections(rule.kind)) continue;
        if (!rule.operation.empty() && rule.operation != operation) continue;
        if (!fires(i, random)) continue;
        switch (rule.kind) {
            case fault_kind::latency:
                out.delay_ns += draw(rule.delay, random);
                break;
            case fault_kind::queue:
                if (out.queue != nullptr) continue;
                out.queue = states_[i].queue.get();
                out.service_ns = draw(rule.delay, random);
                break;
            case fault_kind::drip:
                out.drip = &rule;
                break;
            case fault_kind::close:
                out.close = true;
                break;
            case fault_kind::continue_never:
                out.continue_never = true;
                break;
            case fault_kind::continue_twice:
                out.continue_twice = true;
                break;
            default:
                if (out.shape != nullptr) continue;
                out.shape = &rule;
        }
        ++out.fired;
    }
    out.random = random;
    return out;
}

std::optional<fault_kind> fault_plan::on_connection() {
    // Another stream than the requests' of the same number.
    random_stream random(mix64(~faults_.seed, connections_.fetch_add(1, relaxed)));
    for (std::size_t i = 0; i < faults_.rules.size(); ++i) {
        const fault_kind kind = faults_.rules[i].kind;
        if (about_connections(kind) && fires(i, random)) return kind;
    }
    return std::nullopt;
}

std::int64_t draw(const delay_distribution& d, random_stream& random) {
    const auto mean = static_cast<double>(d.mean_ns);
    // An hour is as good as for ever, and keeps sums of delays far from overflow.
    constexpr double longest = 3600e9;
    switch (d.kind) {
        case delay_kind::fixed:
            return d.mean_ns;
        case delay_kind::uniform:
            return d.min_ns + static_cast<std::int64_t>(random.below(
                                  static_cast<std::uint64_t>(d.max_ns - d.min_ns) + 1));
        case delay_kind::exponential:
            return static_cast<std::int64_t>(std::min(mean * random.exponential(), longest));
        case delay_kind::lognormal:
            return static_cast<std::int64_t>(
                std::min(mean * std::exp(d.sigma * random.normal()), longest));
    }
    return 0;
}

}  // namespace chopsticks::endpoint
