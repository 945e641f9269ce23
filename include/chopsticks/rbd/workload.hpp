#pragma once
/// \file
/// The workload `rbd`: what can be asked of an image, and what of a driver.

#include <chopsticks/scenario/workload.hpp>
#include <cstdint>

namespace chopsticks::rbd {

/// Codes of the operations: scenario::step::code and engine::operation::code.
enum block_operation : std::uint16_t {
    block_read = 0,
    block_write = 1,
    block_flush = 2,
    block_discard = 3,
    block_write_zeroes = 4,
    block_writesame = 5,
    block_compare_and_write = 6,
};

/// For the catalogue of a program that has this workload. Constant; any thread.
const scenario::catalogue::workload& describe_workload();

}  // namespace chopsticks::rbd
