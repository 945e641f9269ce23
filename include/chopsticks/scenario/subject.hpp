#pragma once
/// \file
/// What the operations of a workload work on, and what each does to it: all that the engine, the
/// reader of recordings and the results know of an operation. The catalogue's rows say it; the
/// parser copies it into groups and steps.

#include <cstdint>

namespace chopsticks::scenario {

/// What the operations of a workload work on.
enum class subject_shape : std::uint8_t {
    objects,  ///< a population of named things, made and removed: `data` of a group
    extents,  ///< places in a few large things that stay: `blocks` of a group
};

/// What one operation does to its subject.
enum class subject_use : std::uint8_t {
    unstated,          ///< nobody has said; no step of a run has it
    none,              ///< needs no subject
    read,              ///< an object that is there
    amend,             ///< an object that is there and keeps its content: all else may change
    make,              ///< a new object
    rewrite,           ///< an object that is there, with its next version
    remove,            ///< an object that is there; gone afterwards
    make_container,    ///< a new container of objects (a bucket)
    amend_container,   ///< a container that the run made: how it is set up
    remove_container,  ///< a container that the run made
    read_extent,       ///< a place of an extent, which stays as it is
    change_extent,     ///< a place of an extent
    whole_extent,      ///< an extent as a whole, no place of it
};

/// Whose bytes an operation moves.
enum class payload : std::uint8_t {
    none,      ///< nobody's: its messages only
    sent,      ///< the subject's, to the target
    received,  ///< the subject's, from the target
};

/// Bytes of an extent are chosen for it.
constexpr bool has_place(subject_use use) noexcept {
    return use == subject_use::read_extent || use == subject_use::change_extent;
}

constexpr bool is_of_extents(subject_use use) noexcept {
    return has_place(use) || use == subject_use::whole_extent;
}

constexpr bool is_of_containers(subject_use use) noexcept {
    return use == subject_use::make_container || use == subject_use::amend_container ||
           use == subject_use::remove_container;
}

/// Changes which objects there are, or what they hold.
constexpr bool changes_objects(subject_use use) noexcept {
    return use == subject_use::make || use == subject_use::rewrite || use == subject_use::remove;
}

/// Works on an object that has to be there.
constexpr bool needs_object(subject_use use) noexcept {
    return use == subject_use::read || use == subject_use::amend || use == subject_use::rewrite ||
           use == subject_use::remove;
}

}  // namespace chopsticks::scenario
