#include "success_gaps.hpp"

#include <algorithm>
#include <functional>

namespace chopsticks::engine {

namespace {

/// No shorter gap is an outage, whatever the target's pace: a pause of its garbage collector is
/// none.
constexpr std::int64_t outage_least_ns = 1'000'000'000;
/// Gaps of random arrivals are that much longer than the median once in a thousand.
constexpr std::int64_t outage_medians = 10;

double seconds(std::int64_t ns) noexcept {
    return static_cast<double>(ns) / 1e9;
}

/// The median of all gaps, of which only the long ones are known. 0: it is shorter than those.
std::int64_t median_gap(std::vector<std::int64_t>& lengths, std::uint64_t successes) {
    const std::uint64_t middle = successes / 2;
    if (successes < 2 || middle >= lengths.size()) return 0;
    const auto at = lengths.begin() + static_cast<std::ptrdiff_t>(middle);
    std::nth_element(lengths.begin(), at, lengths.end(), std::greater<>());
    return *at;
}

}  // namespace

success_gap gap_log::until(std::int64_t to_ns) const noexcept {
    const std::int64_t wanted_ns =
        wanted_ns_ == 0 ? to_ns : std::clamp(wanted_ns_, last_ns_, to_ns);
    return {last_ns_, wanted_ns, to_ns};
}

void gap_log::add(std::int64_t to_ns) noexcept {
    while (gaps_.size() == places) {
        shortest_ns_ *= 2;
        std::erase_if(gaps_, [this](const success_gap& gap) {
            return gap.to_ns - gap.from_ns < shortest_ns_;
        });
    }
    if (to_ns - last_ns_ >= shortest_ns_) gaps_.push_back(until(to_ns));
}

std::vector<success_gap> gap_log::gaps() const {
    std::vector<success_gap> out = gaps_;
    out.push_back(until(INT64_MAX));
    return out;
}

void core_gaps::add(const gap_log& core) {
    cores_.push_back(core.gaps());
}

std::vector<success_gap> core_gaps::together() const {
    std::vector<success_gap> out;
    if (cores_.empty()) return out;
    // The gap of each core that may still overlap with those of the others.
    std::vector<std::size_t> at(cores_.size(), 0);
    for (;;) {
        success_gap shared{INT64_MIN, INT64_MAX, INT64_MAX};
        std::size_t first_to_end = 0;
        for (std::size_t c = 0; c < cores_.size(); ++c) {
            const success_gap& gap = cores_[c][at[c]];
            shared.from_ns = std::max(shared.from_ns, gap.from_ns);
            // One core that wants something is enough.
            if (gap.wanted_ns < gap.to_ns)
                shared.wanted_ns = std::min(shared.wanted_ns, gap.wanted_ns);
            if (gap.to_ns < shared.to_ns) {
                shared.to_ns = gap.to_ns;
                first_to_end = c;
            }
        }
        if (shared.from_ns < shared.to_ns) {
            shared.wanted_ns = std::clamp(shared.wanted_ns, shared.from_ns, shared.to_ns);
            out.push_back(shared);
        }
        // The last gap of every core has no end.
        if (shared.to_ns == INT64_MAX) return out;
        ++at[first_to_end];
    }
}

namespace {

/// The p99 of the service time without those that gaps made slow: of all that was under way in a
/// gap one may have been slow of itself, the others waited with it. Or else an outage that stops
/// more than a hundredth of the operations would be its own excuse.
std::int64_t usual_p99(const stats::histogram& service, std::uint64_t gaps,
                       std::uint64_t in_flight) {
    const std::uint64_t held = gaps * (in_flight > 0 ? in_flight - 1 : 0);
    if (service.count() <= held) return 0;
    const double left = static_cast<double>(service.count() - held);
    return service.value_at_percentile(99 * left / static_cast<double>(service.count()));
}

}  // namespace

silence_figures silence_between(const core_gaps& gaps, std::int64_t from_ns, std::int64_t to_ns,
                                std::uint64_t successes, const stats::histogram& service,
                                std::uint64_t in_flight, std::int64_t held_up_ns) {
    silence_figures out;
    std::vector<success_gap> within;
    std::vector<std::int64_t> lengths;
    for (success_gap gap : gaps.together()) {
        if (gap.to_ns <= from_ns || gap.from_ns >= to_ns) continue;
        // Only what lies between two successes says how often they come.
        if (gap.from_ns >= from_ns && gap.to_ns <= to_ns)
            lengths.push_back(gap.to_ns - gap.from_ns);
        gap.from_ns = std::max({gap.from_ns, gap.wanted_ns, from_ns});
        gap.to_ns = std::min(gap.to_ns, to_ns);
        if (gap.from_ns >= gap.to_ns) continue;
        out.longest_s = std::max(out.longest_s, seconds(gap.to_ns - gap.from_ns));
        within.push_back(gap);
    }
    // Before and behind the time in which nothing ran there is the wait for an answer.
    const std::int64_t own_ns = held_up_ns + held_up_ns / 4;
    const std::int64_t usual_ns =
        std::max({outage_least_ns, outage_medians * median_gap(lengths, successes), own_ns});
    const auto long_gaps = static_cast<std::uint64_t>(
        std::count_if(within.begin(), within.end(),
                      [&](const success_gap& gap) { return gap.to_ns - gap.from_ns > usual_ns; }));
    const std::int64_t longest_ns = std::max(usual_ns, usual_p99(service, long_gaps, in_flight));
    out.allowed_s = seconds(longest_ns);
    for (const success_gap& gap : within) {
        const std::int64_t length_ns = gap.to_ns - gap.from_ns;
        if (length_ns <= longest_ns) continue;
        out.outage_s += seconds(length_ns);
        out.outages.push_back({seconds(gap.from_ns - from_ns), seconds(length_ns)});
    }
    if (to_ns > from_ns) out.outage_share = out.outage_s / seconds(to_ns - from_ns);
    return out;
}

}  // namespace chopsticks::engine
