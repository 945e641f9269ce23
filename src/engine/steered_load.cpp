#include "steered_load.hpp"

#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <utility>

namespace chopsticks::engine {

namespace {

/// So long before something else is wanted the cores are told, so that what is due then by the plan
/// until then has not been begun.
constexpr std::int64_t change_notice_ns = 10'000'000;

}  // namespace

steered_load::steered_load(steering& run) : run_(run), control_(*run.options.control) {
    CHOPSTICKS_ASSERT(control_.groups() == run.options.groups.size());
}

std::vector<group_wish> steered_load::wanted() const {
    std::vector<group_wish> all(run_.options.groups.size());
    for (std::size_t g = 0; g < all.size(); ++g) {
        if (run_.options.groups[g].group->open) {
            all[g].rate_share = control_.wanted_rate_share(g);
        } else {
            all[g].users = control_.wanted_users(g);
        }
    }
    return all;
}

bool steered_load::wants_any(const std::vector<group_wish>& all) const noexcept {
    for (const group_wish& one : all) {
        if (one != group_wish()) return true;
    }
    return false;
}

bool steered_load::wait_for_first() {
    steering::patience waited(run_);
    while (!run_.stopping() && !finished()) {
        if (wants_any(wanted())) return true;
        if (waited.due()) waited.tell("for users, or a rate, to be wanted", 0);
        run_.pace.wait_until(monotonic_ns() + poll_step_ns);
    }
    return false;
}

void steered_load::begin(std::int64_t start_ns, collector& sink) {
    start_ns_ = start_ns;
    for (const group_setup& setup : run_.options.groups) {
        const auto& open = setup.group->open;
        planned_.push_back(open ? std::make_unique<planned>(scenario::rate_plan(*open, 0))
                                : nullptr);
    }
    told_.resize(planned_.size());
    std::vector<group_wish> all = wanted();
    sink.load_changes(start_ns, start_ns, wants_any(all));
    tell(start_ns, std::move(all));
}

void steered_load::look(std::int64_t now_ns, collector& sink) {
    std::vector<group_wish> all = wanted();
    if (all == told_) return;
    const std::int64_t at_ns = now_ns + change_notice_ns;
    sink.load_changes(now_ns, at_ns, wants_any(all));
    tell(at_ns, std::move(all));
}

void steered_load::tell(std::int64_t at_ns, std::vector<group_wish> all) {
    for (const auto& w : run_.workers) {
        worker* const core = w.get();
        core->loop().post([core, at_ns, all] { core->steer(at_ns, all); });
    }
    const double since_ns = static_cast<double>(at_ns - start_ns_);
    for (std::size_t g = 0; g < all.size(); ++g) {
        const bool first = at_ns == start_ns_;
        if (planned_[g] && (first || all[g] != told_[g])) {
            const unsigned cores = run_.options.cores;
            const unsigned world = run_.options.world_cores();
            planned_[g]->due.change(since_ns, share_of_plan(all[g], cores, world));
        }
        if (all[g] == told_[g]) continue;
        if (figures_.changes.size() == steered_figures::changes_most) {
            ++figures_.changes_dropped;
            continue;
        }
        const double share = static_cast<double>(all[g].rate_share) / load_control::whole_rate;
        figures_.changes.push_back({since_ns / 1e9, g, all[g].users, share});
    }
    told_ = std::move(all);
}

steered_figures steered_load::figures(const std::vector<std::int64_t>& measured_to_ns) {
    const double own = static_cast<double>(run_.options.cores) / run_.options.world_cores();
    figures_.planned_tasks.assign(planned_.size(), 0);
    for (std::size_t g = 0; g < planned_.size(); ++g) {
        figures_.users_cut.push_back(control_.users_cut(g));
        if (!planned_[g]) continue;
        const auto to_ns = static_cast<double>(measured_to_ns[g] - start_ns_);
        figures_.planned_tasks[g] = planned_[g]->due.area_at(to_ns) * own;
    }
    return std::move(figures_);
}

}  // namespace chopsticks::engine
