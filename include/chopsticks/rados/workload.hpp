#pragma once
/// \file
/// The workload `rados`: what can be asked of an object of a RADOS pool, and what of a driver.

#include <chopsticks/scenario/workload.hpp>
#include <cstdint>

namespace chopsticks::rados {

/// Codes of the operations: scenario::step::code and engine::operation::code.
enum object_operation : std::uint16_t {
    object_write_full = 0,
    object_read = 1,
    object_stat = 2,
    object_remove = 3,
    object_write = 4,
    object_cmpext = 5,
    object_append = 6,
    object_truncate = 7,
    object_zero = 8,
    object_omap_set = 9,
    object_omap_get = 10,
    object_omap_list = 11,
    object_xattr_set = 12,
    object_xattr_get = 13,
    object_exec = 14,
    object_compound_write = 15,
    object_compound_read = 16,
};

/// For the catalogue of a program that has this workload. Constant; any thread.
const scenario::catalogue::workload& describe_workload();

}  // namespace chopsticks::rados
