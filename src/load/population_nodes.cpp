// The exceptions of a population: the set of objects in use or owed a mutation, and the lists of
// those that can be handed out.

#include <chopsticks/core/assert.hpp>
#include <chopsticks/load/population.hpp>

namespace chopsticks::load {

// --- The set of nodes

std::uint32_t population::bucket_of(std::uint64_t ordinal) const noexcept {
    return static_cast<std::uint32_t>((ordinal * 0x9e3779b97f4a7c15ULL) >> bucket_shift_);
}

std::uint32_t population::find(std::uint64_t ordinal) const noexcept {
    const auto mask = static_cast<std::uint32_t>(buckets_.size() - 1);
    for (std::uint32_t b = bucket_of(ordinal); buckets_[b] != nil; b = (b + 1) & mask) {
        if (nodes_[buckets_[b]].ordinal == ordinal) return buckets_[b];
    }
    return nil;
}

std::uint32_t population::add(std::uint64_t ordinal) noexcept {
    CHOPSTICKS_ASSERT(free_ != nil);
    const std::uint32_t id = free_;
    free_ = nodes_[id].next;
    nodes_[id] = node{};
    nodes_[id].ordinal = ordinal;
    nodes_[id].used = true;
    ++used_;
    const auto mask = static_cast<std::uint32_t>(buckets_.size() - 1);
    std::uint32_t b = bucket_of(ordinal);
    while (buckets_[b] != nil)
        b = (b + 1) & mask;
    buckets_[b] = id;
    return id;
}

void population::erase(std::uint32_t id) noexcept {
    const auto mask = static_cast<std::uint32_t>(buckets_.size() - 1);
    std::uint32_t hole = bucket_of(nodes_[id].ordinal);
    while (buckets_[hole] != id)
        hole = (hole + 1) & mask;
    // Those that follow without a gap move up if the hole lies between their own bucket and their
    // place, or they would be found no more.
    for (std::uint32_t b = (hole + 1) & mask; buckets_[b] != nil; b = (b + 1) & mask) {
        const std::uint32_t home = bucket_of(nodes_[buckets_[b]].ordinal);
        if (((b - home) & mask) >= ((b - hole) & mask)) {
            buckets_[hole] = buckets_[b];
            hole = b;
        }
    }
    buckets_[hole] = nil;
    nodes_[id].used = false;
    nodes_[id].next = free_;
    free_ = id;
    --used_;
}

// --- Mutations that are owed

population::node_list& population::list_of(mutation what) noexcept {
    CHOPSTICKS_ASSERT(what != mutation::none);
    return ready_[static_cast<std::size_t>(what) - 1];
}

/// Nobody may begin to read the object until `what` has been done; in place of what was owed
/// before.
void population::owe(std::uint32_t id, mutation what) noexcept {
    node& n = nodes_[id];
    if (n.owed == what) return;
    CHOPSTICKS_ASSERT(!n.listed);
    if (n.owed != mutation::none) --list_of(n.owed).owed;
    if (what != mutation::none) ++list_of(what).owed;
    n.owed = what;
}

void population::unlist(std::uint32_t id) noexcept {
    node& n = nodes_[id];
    if (!n.listed) return;
    node_list& l = list_of(n.owed);
    (n.previous == nil ? l.head : nodes_[n.previous].next) = n.next;
    (n.next == nil ? l.tail : nodes_[n.next].previous) = n.previous;
    n.listed = false;
}

/// Whether begin_* should repeat now rather than take a new object: every other time, and always
/// when so many are owed that memory would not suffice.
bool population::repeat_now(mutation what) noexcept {
    node_list& l = list_of(what);
    l.repeated = l.head != nil && (!l.repeated || l.owed > max_in_flight_);
    return l.repeated;
}

object_ref population::repeat(mutation what) noexcept {
    const std::uint32_t id = list_of(what).head;
    CHOPSTICKS_ASSERT(id != nil);
    return begin(id, what);
}

object_ref population::begin(std::uint32_t id, mutation what) noexcept {
    CHOPSTICKS_ASSERT(in_flight_ < max_in_flight_);
    node& n = nodes_[id];
    CHOPSTICKS_ASSERT(n.busy == mutation::none && n.readers == 0);
    unlist(id);
    owe(id, mutation::none);
    n.busy = what;
    n.removal_begun |= what == mutation::remove;
    ++in_flight_;
    return {index_of(n.ordinal), version_of(n.ordinal)};
}

std::uint32_t population::end(const object_ref& object, mutation what) noexcept {
    const std::uint32_t id = find(ordinal_of(object.index));
    CHOPSTICKS_ASSERT(id != nil && nodes_[id].busy == what);
    CHOPSTICKS_ASSERT(in_flight_ > 0);
    nodes_[id].busy = mutation::none;
    --in_flight_;
    return id;
}

/// After every end: an object that is in nobody's hands is either listed for what it is owed, or
/// forgotten.
void population::settle(std::uint32_t id) noexcept {
    node& n = nodes_[id];
    if (n.busy != mutation::none || n.readers > 0) return;
    if (retired(n.ordinal) && !n.fresh) owe(id, mutation::remove);
    if (n.owed == mutation::none) {
        erase(id);
        return;
    }
    node_list& l = list_of(n.owed);
    n.previous = l.tail;
    n.next = nil;
    (l.tail == nil ? l.head : nodes_[l.tail].next) = id;
    l.tail = id;
    n.listed = true;
}

/// The object's content is known to be there.
void population::made(std::uint32_t id) noexcept {
    node& n = nodes_[id];
    if (!n.fresh) return;
    n.fresh = false;
    if (n.ordinal < initial_) ++confirmed_;
    --(retired(n.ordinal) ? retired_fresh_ : unready_);
}

}  // namespace chopsticks::load
