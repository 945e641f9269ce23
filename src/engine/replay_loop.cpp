// What recorded operations become here; that they are due the dispatcher sees to.

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chrono>
#include <thread>
#include <utility>

#include "worker.hpp"

namespace chopsticks::engine {

using scenario::subject_use;

namespace {

/// Keys that a core remembers as put.
constexpr std::size_t keys_remembered = 65536;
/// How long the load waits for a slow disk before it begins.
constexpr std::int64_t prime_most_ns = 30'000'000'000;

}  // namespace

replay_work::replay_work(const scenario::group& group, trace::replay_lane& from, unsigned cores)
    : lane(from),
      plan_(*group.open->replay),
      objects_(group.data.objects),
      cores_(cores),
      seen_(group.shape == scenario::subject_shape::objects ? keys_remembered : 0) {}

std::vector<trace::replay_kind> replay_kinds(const scenario::group& group) {
    const auto dealt = [](subject_use use) {
        switch (use) {
            case subject_use::none:
            case subject_use::make_container:
            case subject_use::remove_container:
                return trace::dealing::in_turn;
            case subject_use::read:
            case subject_use::make:
            case subject_use::rewrite:
            case subject_use::remove:
                return trace::dealing::by_key;
            case subject_use::read_extent:
            case subject_use::change_extent:
                return trace::dealing::by_place;
            case subject_use::whole_extent:
                return trace::dealing::by_extent;
            case subject_use::unstated:
                break;
        }
        CHOPSTICKS_ASSERT(!"a step that the parser has read");
        return trace::dealing::in_turn;
    };
    std::vector<trace::replay_kind> out;
    for (const scenario::task& t : group.tasks) {
        const scenario::step& s = t.steps.front();
        const scenario::catalogue::operation& row = scenario::catalogue::operation_of(group, s);
        CHOPSTICKS_ASSERT(row.can_be_replayed());
        out.push_back({std::string(row.replay.kind), dealt(s.use)});
    }
    return out;
}

void start_replays(const std::vector<group_setup>& groups, const std::atomic<int>& stop_level) {
    for (const group_setup& setup : groups) {
        if (setup.replay != nullptr) setup.replay->start();
    }
    const std::int64_t limit_ns = monotonic_ns() + prime_most_ns;
    for (const group_setup& setup : groups) {
        while (setup.replay != nullptr && !setup.replay->primed() && stop_level.load() == 0 &&
               monotonic_ns() < limit_ns) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

void stop_replays(const std::vector<group_setup>& groups) {
    for (const group_setup& setup : groups) {
        if (setup.replay != nullptr) setup.replay->stop();
    }
}

std::int64_t replay_end_ns(const std::vector<group_setup>& groups, std::int64_t start_ns) {
    std::int64_t end_ns = 0;
    for (const group_setup& setup : groups) {
        const std::int64_t one = setup.replay != nullptr ? setup.replay->end_ns() : -1;
        if (one < 0) return INT64_MAX;
        end_ns = std::max(end_ns, start_ns + one + 1);
    }
    return end_ns;
}

/// Reads go to the data set, which nothing changes: by the recorded key or by popularity. Puts add
/// objects beside it, or rewrite one of those when their key was put before; deletes take the
/// oldest of those.
bool group_core::claim_recorded(const user& u, subject_use use, claim& c) {
    const std::uint64_t key = u.planned.key;
    switch (use) {
        case subject_use::read:
            c.how = claim::kind::read;
            return replay_->plan().keys == scenario::replay_source::recorded
                       ? objects_.begin_read_protected(replay_->position_of(key), c.ref)
                       : objects_.begin_read_protected(random_, c.ref);
        case subject_use::make:
        case subject_use::rewrite:
            if ((replay_->put_before(key) || use == subject_use::rewrite) &&
                objects_.begin_overwrite(c.ref)) {
                c.how = claim::kind::overwrite;
                return true;
            }
            c.how = claim::kind::put;
            return objects_.begin_put(c.ref);
        case subject_use::remove:
            replay_->forget(key);
            c.how = claim::kind::remove;
            return objects_.begin_delete(c.ref);
        case subject_use::make_container:
            c.how = claim::kind::put;
            return containers_.begin_put(c.ref);
        case subject_use::remove_container:
            c.how = claim::kind::remove;
            return containers_.begin_delete(c.ref);
        case subject_use::none:
            c.how = claim::kind::none;
            return true;
        case subject_use::unstated:
        case subject_use::read_extent:
        case subject_use::change_extent:
        case subject_use::whole_extent:
            break;
    }
    CHOPSTICKS_ASSERT(!"a step of objects");
    return false;
}

bool group_core::begin_recorded_block(const user& u, const prepared_step& step, operation& op) {
    const auto number = static_cast<std::size_t>(&u - users_.data());
    bool moved = false;
    if (!blocks_->choose_recorded(step.number, number, replay_->plan(), u.planned, random_, op,
                                  moved)) {
        return false;
    }
    if (moved) replay_->lane.note_moved();
    return true;
}

void group_core::size_recorded(const user& u, const prepared_step& step, const claim& c,
                               operation& op) noexcept {
    const scenario::replay_load& plan = replay_->plan();
    const trace::planned_operation& p = u.planned;
    const bool recorded = plan.sizes == scenario::replay_source::recorded;
    if (c.how == claim::kind::put || c.how == claim::kind::overwrite) {
        if (recorded) op.size = std::min(p.size, plan.size_limit);
        return;
    }
    if (!step.receives || !recorded || p.length == 0) return;
    if (p.length >= op.size) return;
    op.length = p.length;
    op.offset = p.offset == trace::unknown_offset ? random_.below(op.size - op.length + 1)
                                                  : std::min(p.offset, op.size - op.length);
}

}  // namespace chopsticks::engine
