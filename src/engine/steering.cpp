#include "steering.hpp"

#include <algorithm>

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

bool steering::wait_until(std::int64_t at_ns, const std::string& what) {
    patience waited(*this);
    for (std::int64_t now = monotonic_ns(); now < at_ns && !stopping(); now = monotonic_ns()) {
        if (waited.due()) waited.tell(what, waited.elapsed_ns() + at_ns - now);
        pace.wait_until(std::min(now + poll_step_ns, at_ns));
    }
    return !stopping();
}

void steering::patience::tell(const std::string& what, std::int64_t most_ns) {
    if (!due()) return;
    told_ns_ += second_ns;
    if (run_.options.watcher == nullptr) return;
    wait_state w;
    w.when = run_.now();
    w.what = what.empty() ? "for the target's answer" : what;
    w.elapsed_s = static_cast<double>(elapsed_ns()) / 1e9;
    w.most_s = static_cast<double>(most_ns) / 1e9;
    run_.options.watcher->on_wait(w);
}

}  // namespace chopsticks::engine
