#include <algorithm>
#include <bit>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/population.hpp>

namespace chopsticks::load {

namespace {

/// Ordinals of own objects begin here: no window gets that far, and times 4096 cores it is still
/// below 2^64.
constexpr std::uint64_t own_base = 1ULL << 48;

std::vector<double> shares_of(const population_options& o) {
    if (!o.read_shares.empty()) return o.read_shares;
    return std::vector<double>(o.cores, 1.0 / o.cores);
}

std::uint64_t common_of(const population_options& o) {
    return o.unchanging ? o.initial_objects : o.protected_objects;
}

// Nodes per operation that may be in flight. Something new is begun only while fewer than
// max_in_flight + 1 objects are owed the same mutation; those in flight may then all fail: 2 each
// for puts, rewrites and own objects. Deletes are also owed to what a begin_delete passes over:
// those in use (1) and those not made yet (2): 4 with its own failures. And 1 for what is in
// flight.
constexpr std::size_t nodes_per_operation = 11;

}  // namespace

population::population(const population_options& options)
    : core_(options.core),
      cores_(options.cores),
      initial_(dealt_share(options.initial_objects, options.core, options.cores)),
      initial_in_all_(options.initial_objects),
      protected_(dealt_share(options.protected_objects, options.core, options.cores)),
      clean_protected_(options.clean_protected),
      max_in_flight_(options.max_in_flight),
      common_(common_of(options)),
      picker_(options.keys, mix64(options.seed, options.core), options.core, shares_of(options)),
      all_(options.keys, options.seed),
      low_(protected_),
      cursor_(protected_),
      nodes_(nodes_per_operation * options.max_in_flight + 8) {
    CHOPSTICKS_ASSERT(options.cores > 0 && options.cores <= 4096);
    CHOPSTICKS_ASSERT(options.core < options.cores);
    CHOPSTICKS_ASSERT(options.max_in_flight > 0);
    CHOPSTICKS_ASSERT(options.initial_objects < own_base);
    CHOPSTICKS_ASSERT(options.protected_objects <= options.initial_objects);
    // In sequence each core begins elsewhere, or all would walk through the set side by side.
    if (options.keys.kind == popularity_kind::sequential) start_ = common_ / cores_ * core_;
    const std::size_t buckets = std::bit_ceil(2 * nodes_.size());
    buckets_.assign(buckets, nil);
    bucket_shift_ = 64 - static_cast<unsigned>(std::bit_width(buckets - 1));
    for (std::uint32_t id = 0; id < nodes_.size(); ++id)
        nodes_[id].next = id + 1;
    nodes_.back().next = nil;
    free_ = 0;
}

// --- What is where

std::uint64_t population::index_of(std::uint64_t ordinal) const noexcept {
    return ordinal * cores_ + core_;
}

std::uint64_t population::ordinal_of(std::uint64_t index) const noexcept {
    CHOPSTICKS_ASSERT(index % cores_ == core_);
    return index / cores_;
}

/// Protected objects that were made.
std::uint64_t population::front() const noexcept {
    return std::min(protected_, high_);
}

/// Objects in the part of the window that may change.
std::uint64_t population::back() const noexcept {
    return high_ > low_ ? high_ - low_ : 0;
}

std::uint32_t population::version_of(std::uint64_t ordinal) const noexcept {
    if (ordinal < protected_ || ordinal >= own_base) return 0;
    return rounds_ + (ordinal < cursor_ ? 1 : 0);
}

bool population::in_window(std::uint64_t ordinal) const noexcept {
    return ordinal < high_ && (ordinal < protected_ || ordinal >= low_);
}

/// Left behind by the window: to be deleted, or deleted.
bool population::retired(std::uint64_t ordinal) const noexcept {
    return ordinal >= protected_ && ordinal < low_;
}

bool population::readable(std::uint64_t ordinal) const noexcept {
    if (!in_window(ordinal)) return false;
    const std::uint32_t id = find(ordinal);
    return id == nil || (nodes_[id].busy == mutation::none && nodes_[id].owed == mutation::none);
}

bool population::free_for_overwrite(std::uint32_t id) const noexcept {
    return id == nil || (nodes_[id].busy == mutation::none && nodes_[id].readers == 0);
}

bool population::free_for_delete(std::uint32_t id) const noexcept {
    return free_for_overwrite(id) && (id == nil || !nodes_[id].fresh);
}

/// True if an object between low_ and high_ fits. Looks at no more objects than there are nodes:
/// a window that is larger has objects without a node, which are free for anything.
template <typename Free>
bool population::any_in_back(Free free) const noexcept {
    if (back() > used_) return true;
    for (std::uint64_t ordinal = low_; ordinal < high_; ++ordinal) {
        if (free(find(ordinal))) return true;
    }
    return false;
}

// --- Initial set

void population::adopt_initial() noexcept {
    CHOPSTICKS_ASSERT(high_ == 0 && used_ == 0);
    high_ = initial_;
    confirmed_ = initial_;
}

bool population::begin_prepare(object_ref& object) noexcept {
    if (failed_in_row_ > 3 * max_in_flight_ + 20) return false;
    if (repeat_now(mutation::put) || (high_ >= initial_ && list_of(mutation::put).head != nil)) {
        object = repeat(mutation::put);
        return true;
    }
    if (high_ >= initial_) return false;
    object = make_next();
    return true;
}

// --- Reads

object_ref population::add_reader(std::uint64_t ordinal) noexcept {
    CHOPSTICKS_ASSERT(in_flight_ < max_in_flight_);
    std::uint32_t id = find(ordinal);
    if (id == nil) id = add(ordinal);
    ++nodes_[id].readers;
    ++in_flight_;
    return {index_of(ordinal), version_of(ordinal)};
}

object_ref population::read_common(std::uint64_t index) noexcept {
    CHOPSTICKS_ASSERT(in_flight_ < max_in_flight_);
    ++in_flight_;
    return {index, 0};
}

void population::fit_slots(std::uint64_t n) noexcept {
    // An object keeps its slot (its ordinal modulo the slots) while others come and go, and the one
    // that takes its place after its death inherits its popularity: hot objects stay hot. Therefore
    // the number of slots follows the size of the window only when they are far apart. A slot
    // without an object is drawn again.
    if (n > slots_) {
        slots_ = slots_ == 0 ? n : n + n / 16;
    } else if (slots_ - n > n / 4) {
        slots_ = n;
    }
}

bool population::begin_read(random_stream& random, object_ref& object) noexcept {
    if (common_ > 0 && confirmed_ < initial_) return false;
    const std::uint64_t n = common_ == initial_in_all_ && high_ == initial_ ? 0 : back();
    if (n == 0 && common_ == 0) return false;
    fit_slots(n);
    for (int attempt = 0; attempt < 8; ++attempt) {
        std::uint64_t slot = 0;
        if (common_ > 0) {
            const std::uint64_t places = common_ + slots_ * cores_;
            std::uint64_t position = all_.pick(random, places);
            if (start_ > 0) position = (position + start_) % places;
            if (position < common_) {
                object = read_common(position);
                return true;
            }
            slot = (position - common_) / cores_;
        } else {
            // As many as the initial objects left it: then it knows the world to the last one.
            const std::uint64_t world = slots_ == initial_ ? initial_in_all_ : slots_ * cores_;
            slot = picker_.pick(random, slots_, world);
        }
        const std::uint64_t first = low_ % slots_;
        const std::uint64_t ordinal = low_ + (slot >= first ? slot - first : slot + slots_ - first);
        if (!readable(ordinal)) continue;
        object = add_reader(ordinal);
        return true;
    }
    // Few objects, and most of them busy: take the next one that is not.
    const std::uint64_t start = n > 0 ? random.below(n) : 0;
    const std::uint64_t steps = std::min<std::uint64_t>(n, std::uint64_t{used_} + 1);
    for (std::uint64_t i = 0; i < steps; ++i) {
        const std::uint64_t ordinal = low_ + (start + i) % n;
        if (!readable(ordinal)) continue;
        object = add_reader(ordinal);
        return true;
    }
    return false;
}

bool population::begin_read_protected(std::uint64_t position, object_ref& object) noexcept {
    const std::uint64_t n = front();
    if (n == 0) return false;
    object = read_common(index_of(position % n));
    return true;
}

bool population::begin_read_protected(random_stream& random, object_ref& object) noexcept {
    if (common_ == 0 || confirmed_ < initial_) return false;
    object = read_common((all_.pick(random, common_) + start_) % common_);
    return true;
}

bool population::begin_read_again(const object_ref& object) noexcept {
    if (object.index < common_) {
        read_common(object.index);
        return true;
    }
    const std::uint64_t ordinal = ordinal_of(object.index);
    if (!readable(ordinal) || version_of(ordinal) != object.version) return false;
    add_reader(ordinal);
    return true;
}

void population::end_read(const object_ref& object) noexcept {
    if (object.index < common_) {
        CHOPSTICKS_ASSERT(in_flight_ > 0);
        --in_flight_;
        return;
    }
    const std::uint32_t id = find(ordinal_of(object.index));
    CHOPSTICKS_ASSERT(id != nil && nodes_[id].readers > 0);
    CHOPSTICKS_ASSERT(in_flight_ > 0);
    --nodes_[id].readers;
    --in_flight_;
    settle(id);
}

// --- Puts

object_ref population::make_next() noexcept {
    const std::uint32_t id = add(high_++);
    nodes_[id].fresh = true;
    ++unready_;
    return begin(id, mutation::put);
}

bool population::begin_put(object_ref& object) noexcept {
    object = repeat_now(mutation::put) ? repeat(mutation::put) : make_next();
    return true;
}

void population::end_put(const object_ref& object, bool ok) noexcept {
    const std::uint32_t id = end(object, mutation::put);
    failed_in_row_ = ok ? 0 : failed_in_row_ + 1;
    if (ok) {
        made(id);
    } else if (nodes_[id].owed == mutation::none) {
        owe(id, mutation::put);
    }
    settle(id);
}

// --- Rewrites

/// Moves the cursor past the next object and returns its node, nil if it has none. From here on the
/// object's version is one more; the caller has it rewritten or owes it.
std::uint32_t population::pass_cursor() noexcept {
    cursor_ = std::max(cursor_, low_);
    if (cursor_ >= high_) {
        cursor_ = low_;
        ++rounds_;
    }
    return find(cursor_++);
}

bool population::begin_overwrite(object_ref& object) noexcept {
    node_list& ready = list_of(mutation::overwrite);
    if (!repeat_now(mutation::overwrite) &&
        any_in_back([this](std::uint32_t id) { return free_for_overwrite(id); })) {
        for (;;) {
            std::uint32_t id = pass_cursor();
            if (free_for_overwrite(id)) {
                if (id == nil) id = add(cursor_ - 1);
                object = begin(id, mutation::overwrite);
                return true;
            }
            owe(id, mutation::overwrite);
        }
    }
    if (ready.head != nil) {
        object = repeat(mutation::overwrite);
        return true;
    }
    // All are in use. The next in turn gets no new readers, so that its turn comes; one at a time,
    // however often this is called.
    if (back() > 0 && ready.owed == 0) owe(pass_cursor(), mutation::overwrite);
    return false;
}

void population::end_overwrite(const object_ref& object, bool ok) noexcept {
    const std::uint32_t id = end(object, mutation::overwrite);
    if (ok) {
        made(id);
    } else if (nodes_[id].owed == mutation::none) {
        owe(id, mutation::overwrite);
    }
    settle(id);
}

// --- Deletes

/// Takes the oldest object out of the window and returns its node, nil if it has none.
std::uint32_t population::retire_oldest() noexcept {
    const std::uint32_t id = find(low_++);
    if (id != nil && nodes_[id].fresh) {
        --unready_;
        ++retired_fresh_;
    }
    return id;
}

bool population::begin_delete(object_ref& object) noexcept {
    node_list& ready = list_of(mutation::remove);
    if (!repeat_now(mutation::remove) &&
        any_in_back([this](std::uint32_t id) { return free_for_delete(id); })) {
        for (;;) {
            std::uint32_t id = retire_oldest();
            if (free_for_delete(id)) {
                if (id == nil) id = add(low_ - 1);
                object = begin(id, mutation::remove);
                return true;
            }
            // One that is not made yet is first made, then deleted (see settle).
            if (!nodes_[id].fresh) owe(id, mutation::remove);
        }
    }
    if (ready.head != nil) {
        object = repeat(mutation::remove);
        return true;
    }
    if (back() > 0 && ready.owed == 0 && retired_fresh_ == 0) {
        const std::uint32_t id = retire_oldest();
        if (!nodes_[id].fresh) owe(id, mutation::remove);
    }
    return false;
}

void population::end_delete(const object_ref& object, bool ok) noexcept {
    const std::uint32_t id = end(object, mutation::remove);
    if (ok) {
        erase(id);
    } else {
        owe(id, mutation::remove);
        settle(id);
    }
}

// --- Own objects

bool population::begin_own(object_ref& object) noexcept {
    object = repeat_now(mutation::own) ? repeat(mutation::own)
                                       : begin(add(own_base + own_made_++), mutation::own);
    return true;
}

void population::end_own(const object_ref& object, bool gone) noexcept {
    const std::uint32_t id = end(object, mutation::own);
    if (!gone) owe(id, mutation::own);
    settle(id);
}

// --- Counts and cleanup

std::uint64_t population::alive() const noexcept {
    return front() + back() - unready_;
}

std::vector<double> population::read_masses() const {
    if (common_ > 0) return {};
    owned_picker whole = picker_;
    std::vector<std::uint64_t> counts;
    for (std::uint64_t core = 0; core < cores_; ++core)
        counts.push_back(dealt_share(initial_in_all_, core, cores_));
    whole.set_counts(std::move(counts));
    return whole.masses();
}

std::uint64_t population::existing() const noexcept {
    std::uint64_t count = alive();
    for (const node& n : nodes_) {
        if (n.used && retired(n.ordinal) && !n.fresh && !n.removal_begun) ++count;
    }
    return count;
}

bool population::next_leftover(object_ref& object) noexcept {
    // First the window, then the nodes of those outside; leftover_ counts through both.
    const std::uint64_t first = front_to_clean();
    const std::uint64_t window = first + back();
    for (; leftover_ < window + nodes_.size(); ++leftover_) {
        std::uint64_t ordinal = leftover_ < first ? leftover_ : low_ + (leftover_ - first);
        if (leftover_ >= window) {
            const node& n = nodes_[leftover_ - window];
            if (!n.used || !(retired(n.ordinal) || n.ordinal >= own_base)) continue;
            ordinal = n.ordinal;
        }
        object = {index_of(ordinal), version_of(ordinal)};
        ++leftover_;
        return true;
    }
    return false;
}

std::uint64_t population::leftovers() const noexcept {
    const std::uint64_t window = front_to_clean() + back();
    std::uint64_t count = leftover_ < window ? window - leftover_ : 0;
    for (std::uint64_t i = leftover_ < window ? 0 : leftover_ - window; i < nodes_.size(); ++i) {
        const node& n = nodes_[i];
        if (n.used && (retired(n.ordinal) || n.ordinal >= own_base)) ++count;
    }
    return count;
}

}  // namespace chopsticks::load
