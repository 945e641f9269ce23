#pragma once
/// \file
/// Which objects of one core are alive, and which of them may be touched now, in memory that is
/// bounded by the operations in flight and never by the number of objects.

#include <chopsticks/core/random.hpp>
#include <chopsticks/load/owned_picker.hpp>
#include <chopsticks/load/popularity.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::load {

/// One object and the exact content it has (or is to get): size and bytes are functions of these.
struct object_ref {
    std::uint64_t index = 0;    ///< over all cores; names the object
    std::uint32_t version = 0;  ///< how its content was made
};

struct population_options {
    unsigned core = 0;
    unsigned cores = 1;                   ///< core c of N owns the indices local * N + c
    std::uint64_t initial_objects = 0;    ///< of all cores; indices [0, initial_objects)
    std::uint64_t protected_objects = 0;  ///< indices below are never deleted or overwritten
    bool clean_protected = false;         ///< next_leftover gives the protected ones too
    /// begin_put, begin_overwrite and begin_delete are never called: the initial objects stay as
    /// they are.
    bool unchanging = false;
    /// Share of the reads that each core makes; empty: all as many.
    std::vector<double> read_shares = {};
    std::uint32_t max_in_flight = 1;  ///< begun and not ended at a time, on this core, all kinds
    popularity keys;
    std::uint64_t seed = 0;
};

/// The objects of one core. Belongs to that core. Memory is taken by the constructor, none later
/// (about 700 bytes for each of max_in_flight).
/// With a million objects and a thousand reads in flight, beginning and ending a read takes 30 ns,
/// with Zipf 120 ns; a put and a delete 45 ns. Every begin_* that returned true must be ended by
/// its end_* before the next phase; begin_* that returns false changed nothing that needs an end
/// and means: no suitable object now; do something else or wait until an operation has ended.
///
/// What it promises, provided that the target is correct:
///  - A read is given only an object whose content is known and that nobody writes, rewrites or
///    deletes until end_read: it never finds nothing, and never another version.
///  - A mutation that failed may or may not have happened. Its object is read by nobody until a
///    repetition has succeeded. begin_* hands out repetitions and new objects in turn, so that one
///    key that always fails does not stand in the way of the others. Repetitions are harmless: the
///    same content, or the removal of what may be gone.
///  - Only objects that exist are deleted, repetitions apart.
///  - What never changes (protected objects; all, where nothing is changed) belongs to nobody:
///  every
///    core reads all of it, by the law over all of it. That takes for granted that all cores have
///    made (or adopted) their initial objects before any of them begins to read.
///  - A mutation never waits for ever: an object that is passed over because it is being read is
///    given to no further reader, and comes first as soon as its readers are done.
///
/// How: objects are numbered in the order of their making; those alive are a window [low, high) of
/// numbers (and the protected ones below). Puts extend it above, deletes take the oldest from
/// below, rewrites go round it in turn, so that the version of an object is (rounds completed +
/// whether the round has passed it). Only exceptions are stored: objects in use, and those whose
/// mutation is owed.
///
/// What it cannot exclude: a target that carries out a write it has reported as failed (or that
/// timed out) after a later write of the same object.
class population {
  public:
    explicit population(const population_options& options);

    /// Takes the whole initial set as present with version 0, without prepare: a kept data set, or
    /// a target that has an answer for every key. Before anything was begun.
    void adopt_initial() noexcept;

    /// Prepare phase: the next initial object to be put; end with end_put. False when all were
    /// handed out (failed ones again, until `max_in_flight` * 3 of them were repeated), so that a
    /// loop of this ends in any case; then remaining_to_prepare() tells whether the set is
    /// complete.
    bool begin_prepare(object_ref& object) noexcept;

    /// Initial objects whose put has not succeeded yet.
    std::uint64_t remaining_to_prepare() const noexcept { return initial_ - confirmed_; }

    /// An object to read, by popularity.
    bool begin_read(random_stream& random, object_ref& object) noexcept;

    /// A protected object: number `position` of this core's, modulo how many there are, or one of
    /// all cores' by popularity. Puts, rewrites and deletes never touch these. End with end_read.
    bool begin_read_protected(std::uint64_t position, object_ref& object) noexcept;
    bool begin_read_protected(random_stream& random, object_ref& object) noexcept;

    /// This very object again (a later step of a sequence): false if it was meanwhile deleted,
    /// rewritten, or is about to be. Right after end_put(object, true) or end_read(object) it is
    /// true unless a mutation is owed. End with end_read.
    bool begin_read_again(const object_ref& object) noexcept;

    void end_read(const object_ref& object) noexcept;

    /// An object to make.
    bool begin_put(object_ref& object) noexcept;
    void end_put(const object_ref& object, bool ok) noexcept;

    /// An existing object to rewrite with the version given in `object`.
    bool begin_overwrite(object_ref& object) noexcept;
    void end_overwrite(const object_ref& object, bool ok) noexcept;

    /// The oldest object that nobody reads.
    bool begin_delete(object_ref& object) noexcept;
    void end_delete(const object_ref& object, bool ok) noexcept;

    /// An object that only the caller knows, for a sequence that puts, reads and deletes it: no
    /// other operation is ever given it, and the window stays as it is. Index numbers lie far above
    /// those of the window. `gone`: its delete succeeded, or nothing was ever sent.
    bool begin_own(object_ref& object) noexcept;
    void end_own(const object_ref& object, bool gone) noexcept;

    /// Objects that exist and are not about to be deleted, own ones not counted.
    std::uint64_t alive() const noexcept;

    /// Share of the popularity of the initial objects that each core owns. Where it is unlike its
    /// share of the reads, the law does not hold. Empty: the objects are common, and it holds.
    /// Allocates.
    std::vector<double> read_masses() const;

    /// Objects that exist as far as is known, own ones not counted: alive(), and those that are to
    /// be deleted and for which no delete was ever begun. Walks all exceptions: for the end of a
    /// phase.
    std::uint64_t existing() const noexcept;

    /// Operations begun and not ended.
    std::uint32_t in_flight() const noexcept { return in_flight_; }

    /// Cleanup: every object that may exist, one after the other, those of unknown fate and those
    /// in flight included; protected ones only if
    /// population_options::clean_protected says so. To be called when nothing else is begun any
    /// more; the caller repeats a delete that failed.
    bool next_leftover(object_ref& object) noexcept;

    /// How many next_leftover will still give.
    std::uint64_t leftovers() const noexcept;

    /// Objects about which something is stored now; at most capacity().
    std::uint32_t exceptions() const noexcept { return used_; }
    std::uint32_t capacity() const noexcept { return static_cast<std::uint32_t>(nodes_.size()); }

  private:
    enum class mutation : std::uint8_t { none, put, overwrite, remove, own };

    /// What is stored of an object that is in use or owed a mutation.
    struct node {
        std::uint64_t ordinal = 0;
        std::uint32_t readers = 0;
        mutation busy = mutation::none;  ///< in flight
        mutation owed = mutation::none;  ///< to be done before anybody may read it again
        bool fresh = false;              ///< its first put has not succeeded yet
        bool listed = false;             ///< stands in a list of ready_
        bool used = false;               ///< stands for an object at all
        bool removal_begun = false;      ///< a delete was handed out at some time
        std::uint32_t previous = 0;
        std::uint32_t next = 0;
    };
    /// Nodes that can be handed out at once, the one that waits longest first.
    struct node_list {
        std::uint32_t head = nil;
        std::uint32_t tail = nil;
        std::uint32_t owed = 0;  ///< all nodes that are owed this mutation, those in use included
        bool repeated = false;   ///< the last one handed out was from here
    };
    static constexpr std::uint32_t nil = ~0U;

    std::uint64_t index_of(std::uint64_t ordinal) const noexcept;
    std::uint64_t ordinal_of(std::uint64_t index) const noexcept;
    std::uint64_t front() const noexcept;
    std::uint64_t front_to_clean() const noexcept { return clean_protected_ ? front() : 0; }
    std::uint64_t back() const noexcept;
    std::uint32_t version_of(std::uint64_t ordinal) const noexcept;
    bool in_window(std::uint64_t ordinal) const noexcept;
    bool retired(std::uint64_t ordinal) const noexcept;
    bool readable(std::uint64_t ordinal) const noexcept;
    bool free_for_overwrite(std::uint32_t id) const noexcept;
    bool free_for_delete(std::uint32_t id) const noexcept;
    template <typename Free>
    bool any_in_back(Free free) const noexcept;

    std::uint32_t bucket_of(std::uint64_t ordinal) const noexcept;
    std::uint32_t find(std::uint64_t ordinal) const noexcept;
    std::uint32_t add(std::uint64_t ordinal) noexcept;
    void erase(std::uint32_t id) noexcept;

    node_list& list_of(mutation what) noexcept;
    void owe(std::uint32_t id, mutation what) noexcept;
    void unlist(std::uint32_t id) noexcept;
    bool repeat_now(mutation what) noexcept;
    object_ref repeat(mutation what) noexcept;
    object_ref begin(std::uint32_t id, mutation what) noexcept;
    std::uint32_t end(const object_ref& object, mutation what) noexcept;
    void settle(std::uint32_t id) noexcept;
    void made(std::uint32_t id) noexcept;
    object_ref make_next() noexcept;
    object_ref add_reader(std::uint64_t ordinal) noexcept;
    object_ref read_common(std::uint64_t index) noexcept;
    void fit_slots(std::uint64_t n) noexcept;
    std::uint32_t pass_cursor() noexcept;
    std::uint32_t retire_oldest() noexcept;

    unsigned core_;
    std::uint64_t cores_;
    std::uint64_t initial_;         ///< of this core
    std::uint64_t initial_in_all_;  ///< of all cores
    std::uint64_t protected_;       ///< of this core
    bool clean_protected_;
    std::uint32_t max_in_flight_;
    std::uint64_t common_;     ///< indices below are read by all cores, since nobody changes them
    owned_picker picker_;      ///< of what the core owns
    std::uint64_t start_ = 0;  ///< where a sequence through all of it begins
    picker all_;               ///< of what is common, and this core's share of the rest

    std::uint64_t low_;
    std::uint64_t high_ = 0;
    std::uint64_t cursor_;             ///< of rewrites: the next in turn
    std::uint32_t rounds_ = 0;         ///< of rewrites, completed
    std::uint64_t slots_ = 0;          ///< the picker's n: objects in the window, or some more
    std::uint64_t own_made_ = 0;       ///< own objects ever begun
    std::uint64_t confirmed_ = 0;      ///< initial objects whose put succeeded
    std::uint64_t unready_ = 0;        ///< fresh objects in the window
    std::uint64_t retired_fresh_ = 0;  ///< fresh objects that the window has left behind
    std::uint32_t failed_in_row_ = 0;  ///< puts
    std::uint32_t in_flight_ = 0;

    std::vector<node> nodes_;
    std::vector<std::uint32_t> buckets_;  ///< ordinal to node: open addressing, linear probing
    unsigned bucket_shift_;
    std::uint32_t free_;  ///< head of the unused nodes, linked by `next`
    std::uint32_t used_ = 0;
    node_list ready_[4];  ///< by mutation, see list_of
    std::uint64_t leftover_ = 0;
};

}  // namespace chopsticks::load
