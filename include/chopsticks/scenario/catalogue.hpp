#pragma once
/// \file
/// What can be asked of which workload: its drivers, operations and their parameters, and what each
/// operation does. The parser checks scenarios against it and copies from it, the engine follows
/// it, `list` and the documentation print it. A new workload is one more entry in
/// src/scenario/catalogue.cpp.

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/scenario/subject.hpp>
#include <cstdint>
#include <string_view>
#include <variant>
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

/// Where the value of a parameter goes, and within which bounds.
struct flag_value {
    bool step::* to;
    subject_use when_set;  ///< instead of the operation's; unstated: it stays
};
struct size_value {
    std::uint64_t step::* to;
    std::uint64_t least;
};
struct count_value {
    std::uint32_t step::* to;
    std::uint32_t least;
    std::uint32_t most;
};
struct block_value {};    ///< step::block
struct pattern_value {};  ///< step::pattern
struct offsets_value {};  ///< step::offsets
struct align_value {};    ///< step::align_bytes
using parameter_value = std::variant<flag_value, size_value, count_value, block_value,
                                     pattern_value, offsets_value, align_value>;

struct parameter {
    std::string_view name;
    std::string_view type;           ///< for people: "size", "count", "true or false"
    std::string_view default_value;  ///< for people; as a new step has it
    std::string_view description;
    parameter_value value;
};

/// Whether recorded operations can be repeated by this one.
struct replay_rule {
    std::string_view kind = {};     ///< what recordings call it; empty: it cannot be replayed
    bool unasked = false;           ///< also by a replay that names no tasks
    std::string_view why_not = {};  ///< if it cannot be replayed: the reason, for the user
};

/// Whose bytes an operation moves.
enum class payload : std::uint8_t {
    none,      ///< nobody's: its messages only
    sent,      ///< the subject's, to the target
    received,  ///< the subject's, from the target
};

/// What an operation on a place of an extent asks of that place, beyond what all do.
struct place_rule {
    /// Not 0: the target does it as one step. The scenario gives one size, a power of two up to
    /// this, at multiples of itself, within one object of the extent.
    std::uint64_t one_step_most = 0;
    std::string_view unverifiable = {};  ///< not empty: why what it writes cannot be verified
};

/// A row says all that has no default here: one that leaves it out does not compile without a
/// warning.
struct operation {
    std::uint16_t code;  ///< its position in workload::operations
    std::string_view name;
    std::string_view description;
    subject_use use;  ///< unless a parameter changes it
    payload carries;
    replay_rule replay;
    std::vector<std::string_view> aliases;  ///< what other tools call it; refused with its name
    std::vector<parameter> parameters = {};
    place_rule place = {};
    /// Names of its parts, each of which is recorded by itself. Empty: it is one request.
    std::vector<std::string_view> parts = {};
    /// Failures that leave the subject as the operation was to leave it. Who repeats it until it is
    /// done, as cleanup does, takes one for done; in the figures of the load it stays a failure.
    std::vector<native_code> expected = {};

    bool can_be_replayed() const noexcept { return !replay.kind.empty(); }
};

struct driver {
    std::string_view name;
    std::string_view description;
};

struct workload {
    std::string_view name;
    std::string_view description;
    subject_shape shape;
    std::vector<driver> drivers;  ///< the first is the default
    std::vector<operation> operations;
    std::string_view prepare_with;          ///< the operation that makes the initial data
    std::string_view clean_with;            ///< that removes an object; empty: none has to be
    std::string_view clean_container_with;  ///< that removes a container; as `clean_with`
    std::string_view container;             ///< what a container is called: "bucket"

    /// The row with this use, of its own or by a parameter; null: none.
    const operation* that_does(subject_use use) const;
};

/// All workloads. Constant; any thread.
const std::vector<workload>& workloads();

/// Null if there is none of that name.
const workload* find_workload(std::string_view name);
const operation* find_operation(const workload& in, std::string_view name);
const driver* find_driver(const workload& in, std::string_view name);

/// What a step of this group does. The parser has found both.
const workload& workload_of(const group& g);
const operation& operation_of(const group& g, const step& s);

/// A step with the operation's name, code, use and parts, and all parameters at their defaults.
step plain_step(const operation& op);

/// The operation's name for a code, "?" if there is none. For messages and results.
std::string_view operation_name(std::string_view workload_name, std::uint16_t code);

}  // namespace chopsticks::scenario::catalogue
