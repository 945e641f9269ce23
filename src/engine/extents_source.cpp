#include "extents_source.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>

#include "popularity_law.hpp"
#include "streams.hpp"

namespace chopsticks::engine {

namespace {

bool is_random(const scenario::step& s) {
    return s.pattern == scenario::offset_pattern::random;
}

std::uint64_t align_of(const scenario::step& s) {
    return s.align_bytes > 0 ? s.align_bytes : s.block.max();
}

/// What boundaries between cores are multiples of. The parser has refused groups that have none.
std::uint64_t unit_of(const scenario::group& g) {
    std::vector<std::uint64_t> units;
    if (g.blocks.verify) units.push_back(g.blocks.verify_bytes);
    for (const scenario::task& t : g.tasks) {
        for (const scenario::step& s : t.steps) {
            if (!scenario::has_place(s.use) || !scenario::uses_task_blocks(g)) continue;
            units.push_back(load::place_unit(is_random(s) ? align_of(s) : 0, s.block.max()));
        }
    }
    const std::uint64_t unit = load::common_unit(units);
    CHOPSTICKS_ASSERT(unit > 0);
    return unit;
}

/// Nobody changes a block, and nobody has to know which core's it is.
bool reads_only(const scenario::group& g) {
    if (g.blocks.verify || !scenario::uses_task_blocks(g)) return false;
    for (const scenario::task& t : g.tasks) {
        for (const scenario::step& s : t.steps) {
            if (s.use == scenario::subject_use::change_extent) return false;
        }
    }
    return true;
}

/// Places of each core.
std::vector<std::uint64_t> places_of_all(const std::vector<std::uint64_t>& extents,
                                         std::uint64_t unit, std::uint64_t align,
                                         std::uint64_t block, std::size_t cores) {
    std::vector<std::uint64_t> out;
    for (unsigned core = 0; core < cores; ++core) {
        const load::block_parts part(extents, unit, core, static_cast<unsigned>(cores));
        out.push_back(load::block_choice::count_places(part, align, block));
    }
    return out;
}

/// A size that is never rounded: "64 KiB is smaller than 64 KiB" helps nobody.
std::string exact_size(std::uint64_t bytes) {
    std::string text = format_size(bytes);
    const auto back = parse_size(text);
    if (back.has_value() && *back == bytes) return text;
    return std::to_string(bytes) + " bytes";
}

std::uint64_t greatest_block(const scenario::group& g) {
    // Recorded I/O is cut to what there is, but not to less than a sector.
    if (!scenario::uses_task_blocks(g)) return load::sector_bytes;
    std::uint64_t most = 1;
    for (const scenario::task& t : g.tasks) {
        for (const scenario::step& s : t.steps) {
            if (scenario::has_place(s.use)) most = std::max(most, s.block.max());
        }
    }
    return most;
}

}  // namespace

std::vector<std::uint64_t> used_extents(const scenario::group& g,
                                        const std::vector<std::uint64_t>& images) {
    std::vector<std::uint64_t> used = images;
    if (g.blocks.extent_bytes == 0) return used;
    for (std::uint64_t& bytes : used)
        bytes = std::min(bytes, g.blocks.extent_bytes);
    return used;
}

std::string extents_problem(const scenario::group& g, const std::vector<std::uint64_t>& images,
                            unsigned cores) {
    if (images.empty()) return "group " + g.name + ": there is no image to work on";
    const auto smallest = std::min_element(images.begin(), images.end());
    const std::string which = "group " + g.name + ": image " +
                              std::to_string(smallest - images.begin()) + " of " +
                              std::to_string(images.size()) + " (" + exact_size(*smallest) + ")";
    if (g.blocks.extent_bytes > *smallest) {
        return which + " is smaller than `blocks.extent` (" + exact_size(g.blocks.extent_bytes) +
               "); use larger images or a smaller extent";
    }
    const std::uint64_t bytes = g.blocks.extent_bytes > 0 ? g.blocks.extent_bytes : *smallest;
    const std::uint64_t block = greatest_block(g);
    if (bytes < block) {
        return which + " is smaller than a block of " + exact_size(block) +
               "; use larger images or smaller blocks";
    }
    const std::uint64_t least =
        load::block_parts::least_bytes(images.size(), unit_of(g), block, cores);
    if (bytes >= least) return {};
    return which + " is too small to be shared by " + std::to_string(cores) + " cores: they need " +
           exact_size(least) + "; use larger images, more of them, or --cores 1";
}

extents_source::extents_source(const source_options& options)
    : plan_(*options.plan),
      core_(options.core),
      users_(options.users),
      seed_(mix64(options.seed, stream_blocks)),
      random_(*options.random),
      replay_(options.replay),
      shares_(task_shares(plan_, options.cores, options.steered)),
      common_(reads_only(plan_)),
      hands_(options.users) {}

void extents_source::open(const target_state& found) {
    const auto cores = static_cast<unsigned>(shares_.size());
    extents_ = used_extents(plan_, found.extents);
    part_ = load::block_parts(extents_, unit_of(plan_), core_, cores);
    whole_ = load::block_parts(extents_, unit_of(plan_), 0, 1);
    prefill_ = load::block_sequence(part_, 0, 1, plan_.blocks.prefill_bytes);
    for (const scenario::task& t : plan_.tasks) {
        const std::size_t first = steps_.size();
        for (const scenario::step& s : t.steps) {
            CHOPSTICKS_ASSERT(scenario::is_of_extents(s.use));
            steps_.emplace_back().what = &s;
            share_out(steps_.back());
        }
        steps_[first].first = true;
    }
}

void extents_source::share_out(step_places& places) {
    const scenario::step& s = *places.what;
    const bool unused = !scenario::has_place(s.use) || !scenario::uses_task_blocks(plan_);
    const bool empty = part_.bytes() == 0 && !(common_ && is_random(s));
    if (unused || empty) return;
    const std::uint64_t block = s.block.max();
    // The same seed for all steps: what is hot for reads is hot for writes.
    if (is_random(s) && common_) {
        places.choice = load::block_choice(whole_, align_of(s), block, s.offsets, seed_);
    } else if (is_random(s)) {
        places.choice = load::block_choice(
            part_, align_of(s), block, s.offsets, mix64(seed_, core_), core_,
            places_of_all(extents_, unit_of(plan_), align_of(s), block, shares_.size()), shares_);
    } else if (s.pattern == scenario::offset_pattern::sequential_shared) {
        places.sequences.emplace_back(part_, 0, 1, block);
    } else {
        for (std::size_t u = 0; u < users_; ++u)
            places.sequences.emplace_back(part_, u, users_, block);
    }
}

std::vector<double> extents_source::masses(const std::vector<double>& shares) const {
    std::vector<double> worst;
    double most = 0;
    for (const step_places& places : steps_) {
        if (common_ || places.what == nullptr || !is_random(*places.what)) continue;
        std::vector<double> masses = places.choice.masses();
        if (masses.size() != shares.size()) continue;
        double apart = 0;
        for (std::size_t c = 0; c < shares.size(); ++c)
            apart = std::max(apart, std::abs(masses[c] - shares[c]));
        if (worst.empty() || apart > most) worst = std::move(masses);
        most = std::max(most, apart);
    }
    return worst;
}

bool extents_source::begin(std::size_t user, std::size_t step,
                           const trace::planned_operation* recorded, operation& op) {
    step_places& from = steps_[step];
    if (recorded != nullptr) return choose_recorded(from, user, *recorded, op);
    hand& h = hands_[user];
    if (from.first) h.has_place = false;
    const bool of_all = from.what->use == scenario::subject_use::whole_extent;
    if (!h.has_place) {
        if (of_all) return choose_image(op);
        if (!choose(from, user, op)) return false;
        h.has_place = true;
        h.place = {op.object, op.offset, op.length};
        return true;
    }
    op.object = h.place.image;
    if (of_all) return true;
    op.offset = h.place.offset;
    op.length = h.place.length;
    op.version = next_version();
    return true;
}

bool extents_source::choose(step_places& from, std::size_t user, operation& op) {
    const scenario::step& s = *from.what;
    if (part_.bytes() == 0 && !(common_ && is_random(s))) return false;
    const std::uint64_t length =
        s.block.min() == s.block.max() ? s.block.max() : s.block.at(random_());
    load::block_place place;
    if (is_random(s)) {
        place = from.choice.next(random_, length);
    } else {
        place = from.sequences[from.sequences.size() > 1 ? user : 0].next(length);
    }
    op.object = place.image;
    op.offset = place.offset;
    op.length = place.length;
    op.version = next_version();
    return true;
}

bool extents_source::choose_image(operation& op) {
    if (part_.bytes() == 0) return false;
    op.object = part_.pieces()[random_.below(part_.pieces().size())].image;
    return true;
}

/// What a recorded I/O stands for here: its image, place and length as far as they fit into what
/// the group uses, never beyond it. The scenario may want places or lengths as `choose` has them.
bool extents_source::choose_recorded(step_places& from, std::size_t user,
                                     const trace::planned_operation& recorded, operation& op) {
    const scenario::replay_load& plan = *plan_.open->replay;
    const bool own_place = plan.keys == scenario::replay_source::data_set;
    const bool own_length = plan.sizes == scenario::replay_source::data_set;
    const std::uint64_t image = recorded.key % extents_.size();
    bool moved = !own_place && image != recorded.key;
    if (from.what->use == scenario::subject_use::whole_extent) {
        if (own_place) return choose_image(op);
        op.object = image;
        if (moved) replay_->note_moved();
        return true;
    }
    load::block_place place{image, recorded.offset, recorded.length};
    if (own_place) {
        if (!choose(from, user, op)) return false;
        place.image = op.object;
        place.offset = op.offset;
        if (own_length) return true;
    } else {
        op.version = next_version();
        if (own_length) place.length = from.what->block.at(random_());
    }
    if (!own_length) place.length = std::min(place.length, plan.size_limit);
    place = load::fit_block(place, extents_[place.image]);
    op.object = place.image;
    op.offset = place.offset;
    op.length = place.length;
    moved |= !own_place && place.offset != recorded.offset;
    moved |= !own_length && place.length != recorded.length;
    if (moved) replay_->note_moved();
    return true;
}

std::uint64_t extents_source::to_prepare() const noexcept {
    if (!plan_.blocks.prefill) return 0;
    const std::uint64_t bytes = plan_.blocks.prefill_bytes;
    std::uint64_t writes = 0;
    for (const load::block_parts::piece& p : part_.pieces())
        writes += (p.end - p.first + bytes - 1) / bytes;
    return writes;
}

bool extents_source::next_to_prepare(operation& op) {
    if (part_.bytes() == 0 || prefill_.rounds() > 0) return false;
    const load::block_place place = prefill_.next(plan_.blocks.prefill_bytes);
    op.object = place.image;
    op.offset = place.offset;
    op.length = place.length;
    return true;
}

}  // namespace chopsticks::engine
