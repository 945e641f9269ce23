#pragma once
/// \file
/// Finding what lies below a prefix in a pool and namespace. RADOS has no folders: all names of the
/// namespace are listed. Blocks.

#include <rados/librados.h>

#include <chopsticks/core/waiting_note.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace chopsticks::rados {

/// Calls `found` with each name that begins with `prefix`, until it returns false. 0, or -errno.
int list_names(rados_ioctx_t at, std::string_view prefix,
               const std::function<bool(const std::string& name)>& found);

struct sweep_figures {
    std::uint64_t found = 0;  ///< shown to be a run's by their names
    std::uint64_t removed = 0;
    std::uint64_t foreign = 0;  ///< below the prefix, and no names that a run gives
    std::string foreign_example;
    std::string problem;  ///< the first failure; for a person

    void add(const sweep_figures& more);
};

/// Asked before each name, with what was done so far; true ends a sweep.
using sweep_stop = std::function<bool(const sweep_figures&)>;

/// Finds, and removes if told so, the objects of a run or of a data set below `prefix`.
sweep_figures sweep(rados_ioctx_t at, const std::string& prefix, bool remove,
                    const sweep_stop& stop);

}  // namespace chopsticks::rados
