#include "versions.hpp"

#include <algorithm>

namespace chopsticks::endpoint {

version_stack::pointer version_stack::find(std::string_view version) const {
    if (latest_ && latest_->version_name() == version) return latest_;
    for (const pointer& o : older_) {
        if (o->version_name() == version) return o;
    }
    return nullptr;
}

void version_stack::push(pointer made) {
    if (latest_) older_.push_back(std::move(latest_));
    latest_ = std::move(made);
}

version_stack::pointer version_stack::take(std::string_view version) {
    pointer out;
    if (latest_ && latest_->version_name() == version) {
        out = std::exchange(latest_, nullptr);
        if (!older_.empty()) {
            latest_ = std::move(older_.back());
            older_.pop_back();
        }
        return out;
    }
    const auto at = std::find_if(older_.begin(), older_.end(),
                                 [&](const pointer& o) { return o->version_name() == version; });
    if (at == older_.end()) return out;
    out = std::move(*at);
    older_.erase(at);
    return out;
}

version_stack::pointer version_stack::replace(pointer changed) {
    const auto name = changed->version_name();
    if (latest_ && latest_->version_name() == name) {
        return std::exchange(latest_, std::move(changed));
    }
    for (pointer& o : older_) {
        if (o->version_name() == name) return std::exchange(o, std::move(changed));
    }
    return nullptr;
}

std::vector<version_stack::pointer> version_stack::list(std::string_view after) const {
    std::vector<pointer> out;
    if (latest_) out.push_back(latest_);
    out.insert(out.end(), older_.rbegin(), older_.rend());
    if (after.empty()) return out;
    const auto at = std::find_if(out.begin(), out.end(),
                                 [&](const pointer& o) { return o->version_name() == after; });
    if (at != out.end()) out.erase(out.begin(), at + 1);
    return out;
}

}  // namespace chopsticks::endpoint
