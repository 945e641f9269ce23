#include "service_station.hpp"

#include <algorithm>
#include <functional>

namespace chopsticks::engine {

namespace {

/// How much of a second's tokens may come at once.
constexpr double burst_s = 0.1;

}  // namespace

std::int64_t stalled_time::end_of(std::int64_t at_ns, std::int64_t work_ns) const noexcept {
    if (every_ns_ == 0) return at_ns + work_ns;
    // Of each period `every` + `stall` the last part is lost; what comes in it begins behind it.
    const std::int64_t period_ns = every_ns_ + stall_ns_;
    std::int64_t periods = at_ns / period_ns;
    std::int64_t worked_ns = at_ns % period_ns;
    if (worked_ns > every_ns_) {
        ++periods;
        worked_ns = 0;
    }
    worked_ns += work_ns;
    // What ends with a stall's beginning is done before it.
    const std::int64_t more = worked_ns > 0 ? (worked_ns - 1) / every_ns_ : 0;
    return (periods + more) * period_ns + (worked_ns - more * every_ns_);
}

service_station::service_station(const scenario::service_model& model)
    : most_per_s_(model.most_per_s),
      time_(model.stall_every_ns, model.stall_ns),
      free_ns_(model.servers, INT64_MIN),
      tokens_(std::max(1.0, burst_s * model.most_per_s)) {}

void service_station::begin(std::int64_t now_ns) {
    origin_ns_.store(now_ns, std::memory_order_relaxed);
}

std::int64_t service_station::end_of(std::int64_t begin_ns, std::int64_t work_ns) const noexcept {
    const std::int64_t origin_ns = origin_ns_.load(std::memory_order_relaxed);
    return origin_ns + time_.end_of(std::max<std::int64_t>(0, begin_ns - origin_ns), work_ns);
}

bool service_station::has_token(std::int64_t now_ns) {
    const double most = std::max(1.0, burst_s * most_per_s_);
    if (tokens_at_ns_ > 0 && now_ns > tokens_at_ns_) {
        const double passed_s = static_cast<double>(now_ns - tokens_at_ns_) / 1e9;
        tokens_ = std::min(most, tokens_ + passed_s * most_per_s_);
    }
    tokens_at_ns_ = std::max(tokens_at_ns_, now_ns);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
}

service_station::verdict service_station::take(std::int64_t now_ns, std::int64_t work_ns) {
    if (most_per_s_ <= 0 && free_ns_.empty()) return {end_of(now_ns, work_ns), false};
    const std::lock_guard lock(mutex_);
    if (most_per_s_ > 0 && !has_token(now_ns)) return {now_ns, true};
    if (free_ns_.empty()) return {end_of(now_ns, work_ns), false};
    // First come, first served: the server that is free first takes it, then or now.
    std::pop_heap(free_ns_.begin(), free_ns_.end(), std::greater<>());
    std::int64_t& server_ns = free_ns_.back();
    const std::int64_t end_ns = end_of(std::max(now_ns, server_ns), work_ns);
    server_ns = end_ns;
    std::push_heap(free_ns_.begin(), free_ns_.end(), std::greater<>());
    return {end_ns, false};
}

}  // namespace chopsticks::engine
