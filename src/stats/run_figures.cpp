#include <algorithm>
#include <chopsticks/stats/run_figures.hpp>

namespace chopsticks::stats {

namespace {

template <typename Value>
void add_if_known(std::optional<Value>& sum, const std::optional<Value>& more) noexcept {
    if (more) sum = sum.value_or(0) + *more;
}

}  // namespace

void load_figures::add(const load_figures& other) noexcept {
    intended += other.intended;
    issued += other.issued;
    skipped += other.skipped;
    completed += other.completed;
    cancelled += other.cancelled;
    queued += other.queued;
    shed += other.shed;
    shed_late += other.shed_late;
    backlog += other.backlog;
    backlog_age_max_ns = std::max(backlog_age_max_ns, other.backlog_age_max_ns);
    in_flight_max += other.in_flight_max;
    users += other.users;
    intended_rate_per_s += other.intended_rate_per_s;
    add_if_known(users_wanted, other.users_wanted);
    add_if_known(rate_wanted_per_s, other.rate_wanted_per_s);
}

}  // namespace chopsticks::stats
