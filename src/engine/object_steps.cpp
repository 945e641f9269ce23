// What a step of a task works on, and how that is given back.

#include <chopsticks/core/assert.hpp>

#include "worker.hpp"

namespace chopsticks::engine {

using scenario::subject_use;

bool group_core::begin_block(const user& u, const prepared_step& step, sequence_state& state,
                             operation& op) {
    if (blocks_ == nullptr) return false;
    if (replay_) return begin_recorded_block(u, step, op);
    if (step.use == subject_use::whole_extent && !state.has_place) {
        return blocks_->choose_image(random_, op);
    }
    if (!state.has_place) {
        const auto number = static_cast<std::size_t>(&u - users_.data());
        if (!blocks_->choose(step.number, number, random_, op)) return false;
        state.has_place = true;
        state.place = {op.object, op.offset, op.length};
        return true;
    }
    op.object = state.place.image;
    if (step.use == subject_use::whole_extent) return true;
    op.offset = state.place.offset;
    op.length = state.place.length;
    op.version = blocks_->next_version();
    return true;
}

bool group_core::begin_step(const user& u, const prepared_step& step, sequence_state& state,
                            claim& c, operation& op) {
    const scenario::step& s = *step.what;
    const subject_use use = step.use;
    c.use = use;
    op.step = step.bound;
    if (scenario::is_of_extents(use)) return begin_block(u, step, state, op);
    const bool of_containers = scenario::is_of_containers(use);
    c.from = of_containers ? &containers_ : &objects_;
    const bool on_own = state.own && use != subject_use::none && !of_containers;
    bool found = true;
    if (replay_) {
        found = claim_recorded(u, use, c);
    } else if (on_own) {
        c.how = claim::kind::own;
        c.ref = state.object;
    } else {
        switch (use) {
            case subject_use::none:
                c.how = claim::kind::none;
                break;
            case subject_use::read:
                c.how = claim::kind::read;
                if (state.has_object) {
                    c.ref = state.object;
                    found = objects_.begin_read_again(c.ref);
                } else {
                    found = objects_.begin_read(random_, c.ref);
                }
                break;
            case subject_use::make:
            case subject_use::make_container:
                c.how = claim::kind::put;
                found = c.from->begin_put(c.ref);
                break;
            case subject_use::rewrite:
                c.how = claim::kind::overwrite;
                found = objects_.begin_overwrite(c.ref);
                break;
            case subject_use::remove:
            case subject_use::remove_container:
                c.how = claim::kind::remove;
                found = c.from->begin_delete(c.ref);
                break;
            case subject_use::unstated:
            case subject_use::read_extent:
            case subject_use::change_extent:
            case subject_use::whole_extent:
                CHOPSTICKS_ASSERT(!"a step of objects");
        }
    }
    if (!found) return false;
    op.object = c.how == claim::kind::none ? random_() : c.ref.index;
    op.version = c.ref.version;
    if (c.from == &objects_ && c.how != claim::kind::none) {
        op.size = object_size(plan_, data_seed_, op.object);
        if (s.range_bytes > 0 && s.range_bytes < op.size) {
            op.length = s.range_bytes;
            op.offset = random_.below(op.size - op.length + 1);
        }
        if (replay_) size_recorded(u, step, c, op);
    }
    return true;
}

void group_core::end_step(const claim& c, sequence_state& state, bool ok) {
    switch (c.how) {
        case claim::kind::none:
            return;
        case claim::kind::read:
            c.from->end_read(c.ref);
            break;
        case claim::kind::put:
            c.from->end_put(c.ref, ok);
            break;
        case claim::kind::overwrite:
            c.from->end_overwrite(c.ref, ok);
            break;
        case claim::kind::remove:
            c.from->end_delete(c.ref, ok);
            break;
        case claim::kind::own:
            // A put that failed may still have been stored, a delete that failed may not have been.
            if (c.use == subject_use::make) state.gone = false;
            if (c.use == subject_use::remove && ok) state.gone = true;
            return;
    }
    if (c.from != &objects_ || c.how == claim::kind::remove || !ok) return;
    state.has_object = true;
    state.object = c.ref;
}

}  // namespace chopsticks::engine
