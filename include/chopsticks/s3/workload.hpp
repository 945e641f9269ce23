#pragma once
/// \file
/// The workload `s3`: what can be asked of an object store, and what of a driver.

#include <chopsticks/scenario/workload.hpp>
#include <cstdint>

namespace chopsticks::s3 {

/// Codes of the operations: scenario::step::code and engine::operation::code.
enum s3_operation : std::uint16_t {
    s3_put = 0,
    s3_get = 1,
    s3_head = 2,
    s3_delete = 3,
    s3_list = 4,
    s3_create_bucket = 5,
    s3_head_bucket = 6,
    s3_delete_bucket = 7,
};

/// For the catalogue of a program that has this workload. Constant; any thread.
const scenario::catalogue::workload& describe_workload();

}  // namespace chopsticks::s3
