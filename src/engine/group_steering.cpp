// What a group on a core does where somebody outside says how much of it there is to be.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <utility>

#include "group_core.hpp"
#include "popularity_law.hpp"
#include "worker.hpp"

namespace chopsticks::engine {

void group_core::steer(std::int64_t at_ns, const group_wish& wanted) {
    wish_ = wanted;
    const unsigned own_cores = owner_.shared().options->cores;
    if (!open_loop_) {
        want_users(dealt(wanted.users, owner_.own_number(), own_cores));
    } else if (due_from_) {
        const double share = share_of_plan(wanted, own_cores, owner_.cores());
        due_from_->change(at_ns, share);
        pacing_->change(at_ns - owner_.times().start_ns, share);
    }
    resting_ = open_loop_ ? wanted.rate_share == 0 : users_wanted_ == 0;
    if (resting_) look_for_rest();
}

void group_core::want_users(std::size_t users) {
    users = std::min(users, users_.size());
    if (users_wanted_ != SIZE_MAX && users < users_wanted_) owner_.shared().operations.share_all();
    const std::size_t before = std::min(std::exchange(users_wanted_, users), users_.size());
    // Who thinks between two tasks need not wait until that is over to be gone, or back.
    for (std::size_t i = users; i < before; ++i) {
        if (users_[i].pausing) set_active(users_[i], false);
    }
    for (std::size_t i = before; i < users; ++i) {
        user& u = users_[i];
        if (u.waiting) {
            owner_.loop().make_ready(std::exchange(u.waiting, nullptr));
        } else if (u.pausing) {
            set_active(u, true);
        }
    }
}

void group_core::change_active(user& u) noexcept {
    u.active = !u.active;
    if (u.active) {
        ++users_active_;
        if (control_ != nullptr) control_->user_came(index_);
    } else {
        --users_active_;
        if (control_ != nullptr) control_->user_left(index_);
    }
}

void group_core::look_for_rest() noexcept {
    if (in_flight_ == 0 && due_.empty()) records_.rest(monotonic_ns());
}

void group_core::tell_wanted(load_figures& of) const noexcept {
    if (!open_loop_) {
        of.users_wanted = users_wanted_;
        return;
    }
    const double share =
        static_cast<double>(wish_.rate_share) / static_cast<double>(load_control::whole_rate);
    of.rate_wanted_per_s = plan_.open->rate * share / owner_.shared().options->cores;
}

}  // namespace chopsticks::engine
