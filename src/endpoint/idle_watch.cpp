#include "idle_watch.hpp"

namespace chopsticks::endpoint {

void watched::begin_watch() noexcept {
    is_watched_ = true;
    next_ = watch_.first_;
    if (next_ != nullptr) next_->previous_ = this;
    watch_.first_ = this;
}

watched::~watched() {
    if (!is_watched_) return;
    if (next_ != nullptr) next_->previous_ = previous_;
    (previous_ != nullptr ? previous_->next_ : watch_.first_) = next_;
}

void watched::wait_for(waiting what) noexcept {
    waiting_ = what;
    since_ns_ = watch_.now_ns_;
}

void idle_watch::sweep(std::int64_t now_ns) noexcept {
    now_ns_ = now_ns;
    for (watched* w = first_; w != nullptr; w = w->next_) {
        if (w->waiting_ == watched::waiting::nothing) continue;
        const bool head = w->waiting_ == watched::waiting::head;
        if (head && !w->has_begun()) {
            w->since_ns_ = now_ns;
            continue;
        }
        // A wait that began before the first sweep counts from it.
        if (w->since_ns_ == 0) w->since_ns_ = now_ns;
        if (now_ns - w->since_ns_ < (head ? limits_.head_ns : limits_.body_ns)) continue;
        w->waiting_ = watched::waiting::nothing;
        w->expire();
    }
}

}  // namespace chopsticks::endpoint
