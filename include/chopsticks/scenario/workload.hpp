#pragma once
/// \file
/// How a workload describes itself: its drivers, operations and their parameters, what each
/// operation does, and how its part of the workload config is read. The parser checks scenarios
/// against it and copies from it, the engine follows it, `list` and the documentation print it.
/// Whoever makes the program adds each description to the catalogue (catalogue.hpp) once.

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/reader.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/scenario/subject.hpp>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

namespace chopsticks::scenario {
class workload_settings;
}  // namespace chopsticks::scenario

namespace chopsticks::scenario::catalogue {

// What a parameter's value may be. These only drivers read, from step::values.
struct flag_value {
    bool standard = false;
    /// What it makes of the operation's use where it is set; unstated: that stays.
    subject_use when_set = subject_use::unstated;
};
struct count_value {
    std::uint64_t standard;
    std::uint64_t least;
    std::uint64_t most;
};
struct size_value {
    std::uint64_t standard;
    std::uint64_t least;
};
struct word_value {
    std::vector<std::string_view> words;  ///< the first is the standard one
};
/// A text of a form that its workload knows.
struct text_value {
    std::string_view standard;
    std::string_view wanted;  ///< the form, for messages: "CLASS.METHOD"
    bool (*fits)(std::string_view text);
};
// These the engine follows; each has its member of step.
struct range_value {};  ///< step::range_bytes
/// step::batch. Of operations that remove objects; what it may be, and is where nothing is said.
/// Cleanup removes with such an operation, where a workload has one: up to `most` at a time, and
/// what it is not said to have removed with workload::clean_with.
struct batch_value {
    std::uint32_t standard;
    std::uint32_t most;
};
struct block_value {};    ///< step::block
struct pattern_value {};  ///< step::pattern
struct offsets_value {};  ///< step::offsets
struct align_value {};    ///< step::align_bytes
struct pieces_value {};   ///< step::pieces
using parameter_value =
    std::variant<flag_value, count_value, size_value, word_value, text_value, range_value,
                 batch_value, block_value, pattern_value, offsets_value, align_value, pieces_value>;

struct parameter {
    std::string_view name;
    std::string_view type;           ///< for people: "size", "count", "true or false"
    std::string_view default_value;  ///< for people; as a new step has it
    std::string_view description;
    parameter_value value;
    std::string_view shown_as = {};  ///< its key in a result, if that is not its name
};

/// Whether recorded operations can be repeated by this one.
struct replay_rule {
    std::string_view kind = {};     ///< what recordings call it; empty: it cannot be replayed
    bool unasked = false;           ///< also by a replay that names no tasks
    std::string_view why_not = {};  ///< if it cannot be replayed: the reason, for the user
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
    static constexpr std::uint16_t by_position = UINT16_MAX;

    /// Its position in workload::operations, which is what it is unless the row says another.
    std::uint16_t code = by_position;
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
    bool calibrated = false;     ///< `calibrate` measures what its requests cost
    bool takes_options = false;  ///< reads workload_settings::driver_options
    /// Before a run, and where files are only checked: throws config_error for options that cannot
    /// work. Null: there is nothing to check before the driver is made.
    void (*check)(const workload_settings& of) = nullptr;
    std::string_view from = {};  ///< the plug-in's file; empty: it comes with the program
    bool runs_programs = false;  ///< of the machine that it is on
};

/// What some drivers of a workload do and others do not: a line of a table for people.
struct driver_feature {
    std::string_view name;
    std::vector<std::string_view> drivers;  ///< those that do it
};

/// What a workload reads its settings from; valid during the call.
struct settings_source {
    /// The keys of the file as a whole. Who asks for one here makes it known.
    map_reader& file;
    /// The workload's own keys: those of `NAME: {...}`, or of the file where they may stand there.
    /// The caller refuses those that nobody asked for.
    map_reader& keys;
    workload_config& out;  ///< takes warnings, and keys that are known and have no meaning
};

/// How a workload's part of the workload config is read.
struct settings_rule {
    /// Throws config_error.
    std::unique_ptr<workload_settings> (*read)(const settings_source& from);
    /// How one begins, for messages.
    std::string_view example;
    /// Its keys, if they may also stand at the top of the file, without `NAME: {...}` around them.
    /// Of one workload at most, which then has the file's `driver` too.
    std::vector<std::string_view> top_keys = {};
};

/// A workload as its own module describes it.
struct workload {
    std::string_view name;
    std::string_view description;
    subject_shape shape;
    std::vector<driver> drivers;  ///< the first is the default
    std::vector<driver_feature> features = {};
    std::vector<operation> operations;
    std::string_view prepare_with;  ///< the operation that makes the initial data
    std::string_view clean_with;    ///< that removes an object; empty: of extents, which are kept
    std::string_view clean_container_with;  ///< that removes a container; empty: none is made
    std::string_view container;             ///< what a container is called: "bucket"
    settings_rule settings;
    std::string_view from = {};  ///< the plug-in's file; empty: it comes with the program

    /// The row with this use, of its own or by a parameter; null: none.
    const operation* that_does(subject_use use) const;
};

}  // namespace chopsticks::scenario::catalogue
