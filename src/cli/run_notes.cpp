#include "run_notes.hpp"

#include <chopsticks/core/clock.hpp>

#include "run_watcher.hpp"

namespace chopsticks::cli {

run_notes::run_notes(const std::string& what) {
    listener_.emplace(
        what, [this](stats::event_source source, const std::string& text) { take(source, text); });
}

void run_notes::take(stats::event_source source, const std::string& text) {
    const std::int64_t now_ns = monotonic_ns();
    const std::lock_guard lock(mutex_);
    if (watcher_ != nullptr) {
        watcher_->mark(source, text, now_ns, std::nullopt);
    } else if (kept_.size() < stats::event_marks::most) {
        kept_.push_back({source, text, now_ns});
    } else {
        ++more_;
    }
}

void run_notes::give_to(run_watcher& watcher) {
    const std::lock_guard lock(mutex_);
    for (const note& one : kept_)
        watcher.mark(one.source, one.text, one.at_ns, std::nullopt);
    if (more_ > 0) watcher.warn(std::to_string(more_) + " notes that came before it are left out");
    kept_.clear();
    more_ = 0;
    watcher_ = &watcher;
}

void run_notes::keep() {
    const std::lock_guard lock(mutex_);
    watcher_ = nullptr;
}

std::size_t run_notes::finish() {
    listener_.reset();
    const std::lock_guard lock(mutex_);
    watcher_ = nullptr;
    return kept_.size() + more_;
}

}  // namespace chopsticks::cli
