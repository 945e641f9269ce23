#include "housekeeping.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>

namespace chopsticks::engine {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
/// Asking what is left is for the report, and must not take longer than the run.
constexpr std::int64_t count_most_ns = 60 * second_ns;

}  // namespace

bool housekeeping::open_targets() {
    CHOPSTICKS_ASSERT(run_.options.leads());
    opened_ = true;
    run_.enter(phase::open);
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        targets_.emplace_back();  // is open from here on, whatever comes of it
        target_state& state = targets_.back();
        state = run_.ask_driver(g, &core_driver::open_target, 1);
        if (state.problem.empty()) state.problem = share_out(g, state);
        if (state.problem.empty()) {
            worker& first = *run_.workers.front();
            std::string note = ask(first, [&] { return first.groups()[g]->popularity_note(); });
            if (!note.empty()) state.notes.push_back(std::move(note));
        }
        for (const std::string& note : state.notes) {
            run_.result.notes.push_back(note);
            if (run_.options.watcher != nullptr) run_.options.watcher->on_note(note);
        }
        for (const std::string& warning : state.warnings) {
            run_.result.target_warnings.push_back(warning);
            if (run_.options.watcher != nullptr) run_.options.watcher->on_warning(warning);
        }
        run_.result.images.push_back(state.images);
        if (!state.problem.empty()) return refuse(state.problem);
    }
    return true;
}

bool housekeeping::join_targets(const std::vector<target_state>& found) {
    CHOPSTICKS_ASSERT(found.size() == run_.options.groups.size());
    run_.enter(phase::open);
    for (std::size_t g = 0; g < found.size(); ++g) {
        targets_.push_back(found[g]);
        const auto join = [&](core_driver& on) { return on.join_target(found[g]); };
        std::string problem = run_.ask_driver<std::string>(g, join, 1);
        if (problem.empty()) problem = share_out(g, found[g]);
        if (!problem.empty()) return refuse(problem);
    }
    return true;
}

bool housekeeping::refuse(const std::string& problem) {
    if (run_.stopping()) return false;
    run_.result.problem = problem;
    run_.result.target_problem = true;
    return false;
}

std::string housekeeping::share_out(std::size_t group, const target_state& state) {
    const scenario::group& plan = *run_.options.groups[group].group;
    std::string problem = source_problem(plan, state, run_.options.world_cores());
    if (!problem.empty()) return problem;
    for (auto& w : run_.workers)
        ask(*w, [&] { w->groups()[group]->source().open(state); });
    return {};
}

bool housekeeping::makes_data(std::size_t group) const {
    return run_.options.plan->phase.prepare && !targets_[group].data_ready;
}

void housekeeping::start_helpers(bool preparing, std::atomic<unsigned>& running) {
    const unsigned share =
        std::max(1U, run_.options.plan->phase.prepare_concurrency / run_.options.world_cores());
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        if (preparing && !makes_data(g)) {
            for (auto& w : run_.workers) {
                ask(*w, [&] { w->groups()[g]->source().adopt(); });
            }
            continue;
        }
        for (auto& w : run_.workers) {
            const auto to_prepare = [&] { return w->groups()[g]->source().to_prepare(); };
            if (preparing && ask(*w, to_prepare) == 0) continue;
            ++running;
            ask(*w, [&] {
                const auto done = [&running, this] {
                    running.fetch_sub(1);
                    run_.pace.wake();
                };
                using duty = housekeepers::duty;
                w->groups()[g]->keepers().start(preparing ? duty::prepare : duty::clean, share,
                                                done);
            });
        }
    }
}

void housekeeping::stop_helpers(bool cut) {
    for (auto& w : run_.workers) {
        ask(*w, [&] {
            for (auto& g : w->groups())
                g->keepers().stop(cut);
        });
    }
}

std::int64_t housekeeping::last_success_ns(std::int64_t began_ns) const {
    std::int64_t last_ns = began_ns;
    for (const auto& w : run_.workers) {
        for (const auto& g : w->groups()) {
            const auto& success_ns = g->keepers().last_success_ns;
            last_ns = std::max(last_ns, success_ns.load(std::memory_order_relaxed));
        }
    }
    return last_ns;
}

void housekeeping::tell_progress(std::uint64_t total, std::int64_t began_ns,
                                 std::int64_t give_up_ns) {
    const std::int64_t now_ns = monotonic_ns();
    progress p;
    p.when = run_.now();
    p.total = total;
    p.elapsed_s = static_cast<double>(now_ns - began_ns) / 1e9;
    p.patience_left_s = static_cast<double>(std::max<std::int64_t>(0, give_up_ns - now_ns)) / 1e9;
    for (auto& w : run_.workers) {
        ask(*w, [&] {
            for (auto& g : w->groups()) {
                const housekeepers& keepers = g->keepers();
                p.done += keepers.progress_done.load(std::memory_order_relaxed);
                p.failed += keepers.progress_failed.load(std::memory_order_relaxed);
                if (p.last_failure.empty()) p.last_failure = keepers.last_failure();
            }
        });
    }
    run_.options.watcher->on_progress(p);
}

housekeeping::helpers_end housekeeping::run_helpers(bool preparing, std::uint64_t total) {
    const scenario::phases& plan = run_.options.plan->phase;
    const std::int64_t began_ns = monotonic_ns();
    std::int64_t patience_ns = preparing ? plan.prepare_patience_ns : plan.cleanup_patience_ns;
    std::atomic<unsigned> running{0};
    start_helpers(preparing, running);
    helpers_end how = helpers_end::done;
    bool cut_off = false;
    std::int64_t cut_at_ns = 0;
    std::int64_t reported_ns = began_ns;
    // Nobody prepares for a load that whoever steers has ended.
    const auto stopped = [&] {
        return run_.stopping() ||
               (preparing && run_.options.control != nullptr && run_.options.control->finished());
    };
    std::int64_t interrupted_at_ns = stopped() ? began_ns : 0;
    while (running.load() > 0) {
        run_.pace.wait_until(monotonic_ns() + poll_step_ns);
        const std::int64_t now_ns = monotonic_ns();
        if (stopped()) {
            if (interrupted_at_ns == 0) interrupted_at_ns = now_ns;
            patience_ns = std::min(patience_ns, run_.interrupted_patience_ns());
        }
        const std::int64_t give_up_ns =
            std::max(last_success_ns(began_ns), interrupted_at_ns) + patience_ns;
        if (how == helpers_end::done) {
            const bool stop_now = preparing ? stopped() : run_.aborting();
            if (stop_now || now_ns >= give_up_ns) {
                how = stop_now ? helpers_end::interrupted : helpers_end::gave_up;
                // A put that is cut off may yet be carried out, after cleanup; a delete may.
                cut_at_ns = now_ns;
                if (preparing) cut_at_ns += std::min(plan.drain_ns, run_.interrupted_patience_ns());
                stop_helpers(false);
            }
        } else if (!cut_off && (run_.aborting() || now_ns >= cut_at_ns)) {
            cut_off = true;
            stop_helpers(true);
        }
        if (run_.options.watcher == nullptr || now_ns - reported_ns < second_ns) continue;
        reported_ns = now_ns;
        tell_progress(total, began_ns, how == helpers_end::done ? give_up_ns : cut_at_ns);
    }
    if (stopped()) run_.wait_ended(how == helpers_end::gave_up || cut_off);
    return how;
}

bool housekeeping::prepare() {
    run_.enter(phase::prepare);
    std::uint64_t total = 0;
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        if (!makes_data(g)) continue;
        for (auto& w : run_.workers)
            total += ask(*w, [&] { return w->groups()[g]->source().to_prepare(); });
    }
    const helpers_end how = run_helpers(true, total);
    std::uint64_t missing = 0;
    std::string why;
    for (auto& w : run_.workers) {
        ask(*w, [&] {
            for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
                const group_core& group = *w->groups()[g];
                if (makes_data(g)) missing += group.source().missing();
                run_.result.prepared += group.keepers().progress_done.load();
                if (why.empty()) why = group.keepers().why_not();
            }
        });
    }
    run_.result.prepare_failed = missing;
    if (how == helpers_end::interrupted) return false;
    if (missing > 0) {
        run_.result.problem =
            "prepare: " + std::to_string(missing) + " of " + std::to_string(total) +
            " writes failed: " + why +
            (how == helpers_end::gave_up
                 ? "; none succeeded for " +
                       format_duration(run_.options.plan->phase.prepare_patience_ns) +
                       " (phases.prepare.patience)"
                 : "");
        return false;
    }
    return true;
}

bool housekeeping::seal() {
    for (std::size_t g = 0; opened_ && g < run_.options.groups.size(); ++g) {
        if (!makes_data(g)) continue;
        // Images that were not filled are not to be taken for filled ones.
        const scenario::group& group = *run_.options.groups[g].group;
        const bool extents = group.shape == scenario::subject_shape::extents;
        if (extents && !group.blocks.prefill) continue;
        const std::string failed = run_.ask_driver(g, &core_driver::seal_data, 1);
        if (failed.empty()) continue;
        if (!run_.stopping()) run_.result.problem = failed;
        return false;
    }
    return true;
}

void housekeeping::drain() {
    run_.enter(phase::drain);
    steering::patience waited(run_);
    const std::int64_t began_ns = monotonic_ns();
    const std::int64_t drain_ns = run_.options.plan->phase.drain_ns;
    std::uint64_t users_before = UINT64_MAX;
    std::int64_t moved_ns = began_ns;  // when a user ended last, or the run was interrupted
    bool interrupted = false;
    bool cancelled = false;
    for (;;) {
        std::uint64_t users = 0;
        std::uint64_t flying = 0;
        for (auto& w : run_.workers) {
            users += ask(*w, [&] {
                flying += w->in_flight();
                return w->users_alive();
            });
        }
        if (users == 0) break;
        const std::int64_t now_ns = monotonic_ns();
        if (users < users_before || (run_.stopping() && !interrupted)) moved_ns = now_ns;
        interrupted = interrupted || run_.stopping();
        users_before = users;
        std::int64_t most_ns = drain_ns;
        if (interrupted) {
            most_ns = std::min(most_ns, moved_ns - began_ns + run_.interrupted_patience_ns());
        }
        const bool expired = now_ns - began_ns >= most_ns;
        if (!cancelled && (expired || run_.aborting())) {
            cancelled = true;
            for (auto& w : run_.workers)
                ask(*w, [&] { w->cancel_all(expired); });
        }
        if (waited.due())
            waited.tell("for " + counted(flying, "operation") + " in flight", most_ns);
        run_.pace.wait_until(monotonic_ns() + 1'000'000);
    }
    if (interrupted) run_.wait_ended(cancelled);
    for (auto& w : run_.workers)
        ask(*w, [&] { w->finish_intervals(); });
}

housekeeping::account housekeeping::account_of(std::size_t group) {
    account out;
    for (auto& w : run_.workers) {
        ask(*w, [&] {
            const auto one = w->groups()[group]->source().left();
            out.objects += one.subjects;
            out.containers += one.containers;
        });
    }
    return out;
}

write_account housekeeping::writes_of(std::size_t group) {
    write_account out;
    for (auto& w : run_.workers) {
        const write_account one = ask(*w, [&] { return w->groups()[group]->driver().writes(); });
        out.versions += one.versions;
        out.unanswered += one.unanswered;
    }
    return out;
}

void housekeeping::warn_of_late_writes(std::size_t group) {
    const group_setup& setup = run_.options.groups[group];
    const std::uint64_t unanswered = writes_of(group).unanswered;
    if (unanswered == 0) return;
    const bool one = unanswered == 1;
    run_.result.end_warnings.push_back(
        counted(unanswered, "put") + (one ? " was" : " were") +
        " never answered: the target may still carry " + (one ? "it" : "them") +
        " out, after this run has looked what is left below " + setup.place +
        (setup.remove_with.empty() ? "" : "; to look again: " + setup.remove_with));
}

void housekeeping::warn_of_lost_leader(std::size_t group) {
    const group_setup& setup = run_.options.groups[group];
    run_.result.end_warnings.push_back(
        "the process that opened " + setup.place +
        " is gone, and this one took its place: what was made there beside the objects of the data "
        "set (a mark, a bucket), and what that process had put last, may still be there" +
        (setup.remove_with.empty() ? "" : "; to look: " + setup.remove_with));
}

void housekeeping::note_left(std::size_t group) {
    const group_setup& setup = run_.options.groups[group];
    const account ours = account_of(group);
    worker& front = *run_.workers.front();
    // The driver that opened the target knows it, and counts for all processes.
    const bool leads = opened_;
    const std::uint64_t versions =
        leads && ask(front, [&] { return front.groups()[group]->driver().keeps_versions(); })
            ? writes_of(group).versions
            : 0;
    left_count found;
    // Of versions there is no account that says which are there still.
    // What a process that died has put is in no account either.
    const std::atomic<bool>* const died = run_.options.process_died;
    const bool lost = leads && cleaned_ && died != nullptr && died->load();
    const bool asks = leads && ((ours.objects > 0 && cleaned_) || versions > 0 || lost);
    if (asks && !run_.aborting()) {
        found = run_.ask_driver(group, &core_driver::count_left, 2, count_most_ns);
    }
    if (lost && !found.known) {
        run_.result.end_warnings.push_back(
            "a process of this run died, and the target did not say what of its is left below " +
            setup.place +
            (setup.remove_with.empty() ? "" : "; to look and remove: " + setup.remove_with));
    }
    if ((ours.objects > 0 || versions > 0) && !found.known) {
        leftover one;
        one.kind = versions > 0 ? "object version" : "object";
        one.name = setup.place;
        one.count = std::max(versions, ours.objects);
        // Where the fate of no operation is unknown.
        one.exact = versions == 0 && !cleaned_ && group < run_.result.alive.size() &&
                    ours.objects == run_.result.alive[group];
        found.items.push_back(std::move(one));
    }
    if (ours.containers > 0) {
        leftover one;
        const auto& workload = scenario::catalogue::workload_of(*setup.group);
        const auto* const maker = workload.that_does(scenario::subject_use::make_container);
        CHOPSTICKS_ASSERT(maker != nullptr);
        one.kind = workload.container;
        one.name = "made by " + std::string(maker->name);
        one.count = ours.containers;
        one.exact = false;
        found.items.push_back(std::move(one));
    }
    if (leads) {
        for (leftover& one :
             ask(front, [&] { return front.groups()[group]->driver().left_behind(); })) {
            found.items.push_back(std::move(one));
        }
        std::string note =
            ask(front, [&] { return front.groups()[group]->driver().removal_note(); });
        std::vector<std::string>& warnings = run_.result.end_warnings;
        if (!note.empty() && std::find(warnings.begin(), warnings.end(), note) == warnings.end()) {
            warnings.push_back(std::move(note));
        }
    }
    for (leftover& one : found.items) {
        if (one.remove_with.empty()) one.remove_with = setup.remove_with;
        run_.result.left_behind += one.count;
        run_.result.left.push_back(std::move(one));
    }
}

void housekeeping::clean() {
    std::uint64_t total = 0;
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        std::uint64_t alive = 0;
        for (auto& w : run_.workers) {
            alive += ask(*w, [&] { return w->groups()[g]->source().existing(); });
        }
        run_.result.alive.push_back(alive);
        const account ours = account_of(g);
        total += ours.objects + ours.containers;
    }
    if (!run_.options.plan->phase.cleanup || run_.aborting()) return;
    run_.enter(phase::cleanup);
    cleaned_ = true;
    const helpers_end how = run_helpers(false, total);
    std::string why;
    std::uint64_t left = 0;
    for (std::size_t g = 0; g < run_.options.groups.size(); ++g) {
        const account ours = account_of(g);
        left += ours.objects + ours.containers;
        for (auto& w : run_.workers) {
            ask(*w, [&] {
                if (why.empty()) why = w->groups()[g]->keepers().why_not();
            });
        }
    }
    if (left == 0) return;
    run_.result.cleanup_problem = why;
    if (how != helpers_end::gave_up) return;
    // Without an answer there is no reason.
    if (!why.empty()) run_.result.cleanup_problem += "; ";
    run_.result.cleanup_problem +=
        run_.stopping() ? "nothing could be removed after the interruption"
                        : "nothing could be removed for " +
                              format_duration(run_.options.plan->phase.cleanup_patience_ns) +
                              " (phases.cleanup.patience)";
}

void housekeeping::close_targets() {
    // The first one made what all use (the bucket), and can remove it when the others are gone.
    for (std::size_t g = targets_.size(); g-- > 0;) {
        if (run_.aborting() || !opened_) continue;
        worker& front = *run_.workers.front();
        const bool holds = ask(front, [&] { return front.groups()[g]->driver().holds_open(); });
        if (!run_.options.plan->phase.cleanup && !holds) continue;
        const std::string kept = run_.ask_driver(g, &core_driver::close_target, 2);
        if (run_.result.cleanup_problem.empty()) run_.result.cleanup_problem = kept;
    }
    for (std::size_t g = 0; g < targets_.size(); ++g) {
        if (run_.options.leads() && !opened_) warn_of_lost_leader(g);
        note_left(g);
        warn_of_late_writes(g);
    }
}

}  // namespace chopsticks::engine
