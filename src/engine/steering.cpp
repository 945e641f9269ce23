#include "steering.hpp"

namespace chopsticks::engine {

void steering::enter(phase p) {
    const std::int64_t now = monotonic_ns();
    if (phase_ != phase::done) {
        result.phases.back().duration_s = static_cast<double>(now - phase_started_ns_) / 1e9;
    }
    phase_ = p;
    phase_started_ns_ = now;
    if (p == phase::done) return;
    result.phases.push_back(phase_span{p, static_cast<double>(now - started_ns_) / 1e9, 0});
    if (options.watcher != nullptr) options.watcher->on_phase(p);
}

}  // namespace chopsticks::engine
