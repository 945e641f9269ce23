#include "objects_source.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/engine/run.hpp>

#include "popularity_law.hpp"
#include "streams.hpp"

namespace chopsticks::engine {

using scenario::subject_use;

namespace {

/// Objects that a user may have in hand.
std::uint32_t most_at_a_time(const scenario::group& plan) {
    std::uint32_t most = 1;
    for (const scenario::task& t : plan.tasks) {
        for (const scenario::step& s : t.steps)
            most = std::max(most, s.batch);
    }
    return most;
}

load::population_options object_options(const source_options& o) {
    const scenario::data_set& data = o.plan->data;
    load::population_options p;
    p.core = o.core;
    p.cores = o.cores;
    p.initial_objects = data.objects;
    // A replay reads its data set only: a recorded key stands for the same object throughout.
    const bool kept = o.protect_initial || o.replay != nullptr;
    p.protected_objects = kept ? data.objects : 0;
    p.clean_protected = !o.protect_initial;
    p.max_in_flight = static_cast<std::uint32_t>(o.users) * most_at_a_time(*o.plan) + o.helpers + 1;
    p.keys = data.popularity;
    p.unchanging = is_unchanging(*o.plan);
    p.read_shares = task_shares(*o.plan, o.cores, o.steered);
    p.seed = mix64(o.seed, stream_keys);
    return p;
}

load::population_options container_options(const source_options& o) {
    load::population_options p;
    p.core = o.core;
    p.cores = o.cores;
    p.max_in_flight = static_cast<std::uint32_t>(o.users) + o.helpers + 1;
    p.seed = mix64(o.seed, stream_buckets);
    return p;
}

}  // namespace

objects_source::objects_source(const source_options& options)
    : plan_(*options.plan),
      data_seed_(options.data_seed),
      random_(*options.random),
      objects_(object_options(options)),
      containers_(container_options(options)),
      hands_(options.users) {
    for (const scenario::task& t : plan_.tasks) {
        const std::size_t first = steps_.size();
        bool puts = false;
        bool removes_own = false;
        for (const scenario::step& s : t.steps) {
            CHOPSTICKS_ASSERT(s.use != subject_use::unstated && !scenario::is_of_extents(s.use));
            puts |= s.use == subject_use::make;
            removes_own |= puts && s.use == subject_use::remove;
            const bool receives = s.carries == scenario::payload::received;
            steps_.push_back({s.use, receives, false, false, false, s.range_bytes, s.batch});
        }
        steps_[first].first = true;
        steps_[first].of_own = removes_own;
        steps_.back().last = true;
    }
    const std::uint32_t most = most_at_a_time(plan_);
    for (hand& h : hands_)
        h.batch.reserve(most > 1 ? most : 0);
    if (options.replay != nullptr) keys_.emplace(plan_, options.cores);
}

inline bool objects_source::take(hand& h, const trace::planned_operation* recorded) {
    const subject_use use = h.step->use;
    const bool of_containers = scenario::is_of_containers(use);
    h.from = of_containers ? &containers_ : &objects_;
    const bool of_objects = use != subject_use::none && !of_containers;
    if (recorded != nullptr && of_objects) return take_recorded(h, *recorded);
    if (h.own && of_objects) {
        h.how = claim::own;
        h.ref = h.object;
        return true;
    }
    switch (use) {
        case subject_use::none:
            h.how = claim::none;
            h.ref = load::object_ref();
            return true;
        case subject_use::read:
        case subject_use::amend:  // readers find the same content before, meanwhile and after
            h.how = claim::read;
            if (!h.has_object) return objects_.begin_read(random_, h.ref);
            h.ref = h.object;
            return objects_.begin_read_again(h.ref);
        case subject_use::amend_container:
            h.how = claim::read;
            return containers_.begin_read(random_, h.ref);
        case subject_use::make:
        case subject_use::make_container:
            h.how = claim::put;
            return h.from->begin_put(h.ref);
        case subject_use::rewrite:
            h.how = claim::overwrite;
            return objects_.begin_overwrite(h.ref);
        case subject_use::remove:
        case subject_use::remove_container:
            h.how = claim::remove;
            if (h.step->batch > 1) return take_several(h);
            return h.from->begin_delete(h.ref);
        case subject_use::unstated:
        case subject_use::read_extent:
        case subject_use::change_extent:
        case subject_use::whole_extent:
            break;
    }
    CHOPSTICKS_ASSERT(!"a step of objects");
    return false;
}

/// As many as there are, up to the step's number.
bool objects_source::take_several(hand& h) {
    load::object_ref ref;
    while (h.batch.size() < h.step->batch && h.from->begin_delete(ref))
        h.batch.push_back({ref.index, ref.version});
    if (h.batch.empty()) return false;
    h.ref = {h.batch.front().object, h.batch.front().version};
    return true;
}

/// Reads go to the data set, which nothing changes: by the recorded key or by popularity. Puts add
/// objects beside it, or rewrite one of those when their key was put before; deletes take the
/// oldest of those.
bool objects_source::take_recorded(hand& h, const trace::planned_operation& recorded) {
    const subject_use use = h.step->use;
    const std::uint64_t key = recorded.key;
    switch (use) {
        case subject_use::read:
        case subject_use::amend:
            h.how = claim::read;
            return plan_.open->replay->keys == scenario::replay_source::recorded
                       ? objects_.begin_read_protected(keys_->position_of(key), h.ref)
                       : objects_.begin_read_protected(random_, h.ref);
        case subject_use::make:
        case subject_use::rewrite:
            if ((keys_->put_before(key) || use == subject_use::rewrite) &&
                objects_.begin_overwrite(h.ref)) {
                h.how = claim::overwrite;
                return true;
            }
            h.how = claim::put;
            return objects_.begin_put(h.ref);
        default:
            CHOPSTICKS_ASSERT(use == subject_use::remove);
            keys_->forget(key);
            h.how = claim::remove;
            return objects_.begin_delete(h.ref);
    }
}

inline void objects_source::fill_in(hand& h, const trace::planned_operation* recorded,
                                    operation& op) {
    op.object = h.how == claim::none ? random_() : h.ref.index;
    op.version = h.ref.version;
    op.batch = h.batch;
    if (h.from != &objects_ || h.how == claim::none) return;
    op.size = object_size(plan_, data_seed_, op.object);
    if (h.step->range_bytes > 0 && h.step->range_bytes < op.size) {
        op.length = h.step->range_bytes;
        op.offset = random_.below(op.size - op.length + 1);
    }
    if (recorded != nullptr) fit_recorded(h, *recorded, op);
}

void objects_source::fit_recorded(const hand& h, const trace::planned_operation& recorded,
                                  operation& op) {
    const scenario::replay_load& plan = *plan_.open->replay;
    if (plan.sizes != scenario::replay_source::recorded) return;
    if (h.how == claim::put || h.how == claim::overwrite) {
        op.size = std::min(recorded.size, plan.size_limit);
        return;
    }
    if (!h.step->receives || recorded.length == 0 || recorded.length >= op.size) return;
    op.length = recorded.length;
    op.offset = recorded.offset == trace::unknown_offset
                    ? random_.below(op.size - op.length + 1)
                    : std::min(recorded.offset, op.size - op.length);
}

inline void objects_source::end_task(hand& h) {
    if (h.own) objects_.end_own(h.object, h.gone);
    h.own = false;
}

bool objects_source::begin(std::size_t user, std::size_t step,
                           const trace::planned_operation* recorded, operation& op) {
    const known_step& known = steps_[step];
    hand& h = hands_[user];
    if (known.first) {
        h.has_object = false;
        h.own = known.of_own && objects_.begin_own(h.object);
        h.gone = true;
    }
    h.step = &known;
    h.batch.clear();
    if (known.batch > 1 && h.own) h.batch.push_back({h.object.index, h.object.version});
    if (!take(h, recorded)) {
        end_task(h);
        return false;
    }
    fill_in(h, recorded, op);
    return true;
}

inline void objects_source::give_back(hand& h, bool ok) {
    switch (h.how) {
        case claim::none:
            return;
        case claim::read:
            h.from->end_read(h.ref);
            break;
        case claim::put:
            h.from->end_put(h.ref, ok);
            break;
        case claim::overwrite:
            h.from->end_overwrite(h.ref, ok);
            break;
        case claim::remove:
            if (h.batch.empty()) h.from->end_delete(h.ref, ok);
            for (const batch_subject& one : h.batch)
                h.from->end_delete({one.object, one.version}, ok || one.done);
            break;
        case claim::own:
            // A put that failed may still have been stored, a delete that failed may not have been.
            if (h.step->use == subject_use::make) h.gone = false;
            if (h.step->use == subject_use::remove && ok) h.gone = true;
            return;
    }
    if (h.from != &objects_ || h.how == claim::remove || !ok) return;
    h.has_object = true;
    h.object = h.ref;
}

void objects_source::end(std::size_t user, bool ok) {
    hand& h = hands_[user];
    give_back(h, ok);
    if (!ok || h.step->last) end_task(h);
}

bool objects_source::next_to_prepare(operation& op) {
    load::object_ref ref;
    if (!objects_.begin_prepare(ref)) return false;
    op.object = ref.index;
    op.version = ref.version;
    op.size = object_size(plan_, data_seed_, ref.index);
    return true;
}

void objects_source::end_prepare(const operation& op, bool ok) {
    objects_.end_put({op.object, op.version}, ok);
}

work_source::leftover_kind objects_source::next_to_clean(operation& op) {
    load::object_ref ref;
    const bool object = objects_.next_leftover(ref);
    if (!object && !containers_.next_leftover(ref)) return leftover_kind::none;
    op.object = ref.index;
    op.version = ref.version;
    return object ? leftover_kind::subject : leftover_kind::container;
}

void objects_source::abandon(leftover_kind what) noexcept {
    ++(what == leftover_kind::subject ? abandoned_.subjects : abandoned_.containers);
}

work_source::left_figures objects_source::left() const noexcept {
    return {objects_.leftovers() + abandoned_.subjects,
            containers_.leftovers() + abandoned_.containers};
}

}  // namespace chopsticks::engine
