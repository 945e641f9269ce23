#pragma once
/// \file
/// What can be asked of which workload: its drivers, operations and their parameters. The parser
/// checks scenarios against it, `list` and the documentation print it. A new workload is one more
/// entry in src/scenario/catalogue.cpp.

#include <cstdint>
#include <string_view>
#include <vector>

namespace chopsticks::scenario::catalogue {

/// Codes of the S3 operations: step::code, and engine::operation::code of the workload `s3`.
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

/// Codes of the RBD operations: step::code, and engine::operation::code of the workload `rbd`.
enum rbd_operation : std::uint16_t {
    rbd_read = 0,
    rbd_write = 1,
    rbd_flush = 2,
    rbd_discard = 3,
    rbd_write_zeroes = 4,
    rbd_writesame = 5,
    rbd_compare_and_write = 6,
};

struct parameter {
    std::string_view name;
    std::string_view type;  ///< "size", "count", "true or false"
    std::string_view default_value;
    std::string_view description;
};

struct operation {
    std::uint16_t code;  ///< its position in workload::operations
    std::string_view name;
    std::string_view description;
    std::vector<parameter> parameters;
};

struct driver {
    std::string_view name;
    std::string_view description;
};

struct workload {
    std::string_view name;
    std::string_view description;
    std::vector<driver> drivers;  ///< the first is the default
    std::vector<operation> operations;
};

/// All workloads. Constant; any thread.
const std::vector<workload>& workloads();

/// Null if there is none of that name.
const workload* find_workload(std::string_view name);
const operation* find_operation(const workload& in, std::string_view name);
const driver* find_driver(const workload& in, std::string_view name);

/// The operation's name for a code, "?" if there is none. For messages and results.
std::string_view operation_name(std::string_view workload_name, std::uint16_t code);

}  // namespace chopsticks::scenario::catalogue
