#include "housekeeping.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>

namespace chopsticks::engine {

bool housekeeping::open_targets() {
    run_.enter(phase::open);
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        ++opened_;
        target_state state = run_.ask_driver(g, &core_driver::open_target, 1);
        data_ready_.push_back(state.data_ready);
        for (const std::string& note : state.notes) {
            run_.result.notes.push_back(note);
            if (run_.options.watcher != nullptr) run_.options.watcher->on_note(note);
        }
        if (state.problem.empty()) state.problem = share_extents(g, state);
        if (state.problem.empty()) continue;
        if (run_.stopping()) return false;
        run_.result.problem = state.problem;
        run_.result.target_problem = true;
        return false;
    }
    return true;
}

std::string housekeeping::share_extents(std::size_t group, const target_state& state) {
    const scenario::group& plan = *run_.options.groups[group].group;
    // What has no extents has objects.
    if (plan.workload != "rbd") return {};
    std::string problem = extents_problem(plan, state.extents, run_.options.cores);
    if (!problem.empty()) return problem;
    for (auto& w : run_.workers)
        ask(*w, [&] { w->groups()[group]->set_extents(state.extents); });
    return {};
}

bool housekeeping::run_helpers(bool preparing, std::uint64_t total) {
    std::atomic<unsigned> running{0};
    const unsigned share =
        std::max(1U, run_.options.plan->phase.prepare_concurrency / run_.options.cores);
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        if (preparing && (data_ready_[g] || !run_.options.plan->phase.prepare)) {
            for (auto& w : run_.workers) {
                ask(*w, [&] { w->groups()[g]->adopt_objects(); });
            }
            continue;
        }
        for (auto& w : run_.workers) {
            if (preparing && ask(*w, [&] { return w->groups()[g]->to_prepare(); }) == 0) continue;
            ++running;
            ask(*w, [&] {
                group_core& group = *w->groups()[g];
                const auto done = [&running, this] {
                    running.fetch_sub(1);
                    run_.pace.wake();
                };
                if (preparing) {
                    group.prepare(share, done);
                } else {
                    group.clean(share, done);
                }
            });
        }
    }
    bool told_to_stop = false;
    bool cut_off = false;
    std::int64_t cut_at_ns = 0;
    std::int64_t reported_ns = monotonic_ns();
    const std::int64_t began_ns = reported_ns;
    while (running.load() > 0) {
        run_.pace.wait_until(monotonic_ns() + poll_step_ns);
        const std::int64_t now = monotonic_ns();
        const bool stop_now = preparing ? run_.stopping() : run_.aborting();
        if (stop_now && !told_to_stop) cut_at_ns = now + run_.options.plan->phase.drain_ns;
        const bool cut = told_to_stop && !cut_off && (run_.aborting() || now >= cut_at_ns);
        if ((stop_now && !told_to_stop) || cut) {
            told_to_stop = true;
            cut_off = cut;
            for (auto& w : run_.workers) {
                ask(*w, [&] {
                    for (auto& g : w->groups())
                        g->stop_helpers(cut);
                });
            }
        }
        if (run_.options.watcher == nullptr || now - reported_ns < 1'000'000'000) continue;
        reported_ns = now;
        progress p;
        p.when = run_.now();
        p.total = total;
        p.elapsed_s = static_cast<double>(now - began_ns) / 1e9;
        for (auto& w : run_.workers) {
            for (auto& g : w->groups()) {
                p.done += g->progress_done.load(std::memory_order_relaxed);
                p.failed += g->progress_failed.load(std::memory_order_relaxed);
            }
        }
        run_.options.watcher->on_progress(p);
    }
    return !told_to_stop;
}

bool housekeeping::prepare() {
    run_.enter(phase::prepare);
    std::uint64_t total = 0;
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        if (data_ready_[g] || !run_.options.plan->phase.prepare) continue;
        for (auto& w : run_.workers)
            total += ask(*w, [&] { return w->groups()[g]->to_prepare(); });
    }
    const bool complete = run_helpers(true, total);
    std::uint64_t missing = 0;
    for (auto& w : run_.workers) {
        ask(*w, [&] {
            for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
                group_core& group = *w->groups()[g];
                if (!data_ready_[g] && run_.options.plan->phase.prepare) {
                    missing += group.missing();
                }
                run_.result.prepared += group.progress_done.load();
                run_.result.prepare_failed += group.progress_failed.load();
                if (run_.result.problem.empty()) run_.result.problem = group.problem;
            }
        });
    }
    if (!complete) {
        run_.result.problem.clear();
        return false;
    }
    if (missing > 0) {
        run_.result.problem = "prepare: " + std::to_string(missing) + " of " +
                              std::to_string(total) + " writes failed: " + run_.result.problem;
        return false;
    }
    run_.result.problem.clear();  // repeated and done
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        if (data_ready_[g] || !run_.options.plan->phase.prepare) continue;
        // Images that were not filled are not to be taken for filled ones.
        const scenario::group& group = *run_.options.groups[g].group;
        if (group.workload == "rbd" && !group.blocks.prefill) continue;
        const std::string failed = run_.ask_driver(g, &core_driver::seal_data, 1);
        if (failed.empty()) continue;
        if (!run_.stopping()) run_.result.problem = failed;
        return false;
    }
    return true;
}

void housekeeping::drain() {
    run_.enter(phase::drain);
    const std::int64_t limit = monotonic_ns() + run_.options.plan->phase.drain_ns;
    bool cancelled = false;
    for (;;) {
        std::uint64_t users = 0;
        for (auto& w : run_.workers) {
            users += ask(*w, [&] { return w->users_alive(); });
        }
        if (users == 0) break;
        const bool expired = monotonic_ns() >= limit;
        if (!cancelled && (expired || run_.aborting())) {
            cancelled = true;
            for (auto& w : run_.workers)
                ask(*w, [&] { w->cancel_all(expired); });
        }
        run_.pace.wait_until(monotonic_ns() + 1'000'000);
    }
    for (auto& w : run_.workers)
        ask(*w, [&] { w->finish_intervals(); });
}

void housekeeping::clean() {
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        std::uint64_t alive = 0;
        for (auto& w : run_.workers) {
            alive += ask(*w, [&] { return w->groups()[g]->objects().existing(); });
        }
        run_.result.alive.push_back(alive);
    }
    std::uint64_t total = 0;
    for (auto& w : run_.workers) {
        total += ask(*w, [&] {
            std::uint64_t sum = 0;
            for (auto& g : w->groups())
                sum += g->leftovers();
            return sum;
        });
    }
    if (!run_.options.plan->phase.cleanup || run_.aborting()) {
        run_.result.left_behind = total;
        return;
    }
    run_.enter(phase::cleanup);
    run_helpers(false, total);
    for (auto& w : run_.workers) {
        ask(*w, [&] {
            for (auto& g : w->groups()) {
                run_.result.left_behind += g->leftovers() + g->progress_failed.load();
                if (run_.result.cleanup_problem.empty()) run_.result.cleanup_problem = g->problem;
            }
        });
    }
    if (run_.result.left_behind == 0) run_.result.cleanup_problem.clear();
}

void housekeeping::close_targets() {
    for (std::size_t g = 0; g < opened_; ++g) {
        if (!run_.options.plan->phase.cleanup || run_.aborting()) continue;
        const std::string kept = run_.ask_driver(g, &core_driver::close_target, 2);
        if (run_.result.cleanup_problem.empty()) run_.result.cleanup_problem = kept;
    }
}

}  // namespace chopsticks::engine
