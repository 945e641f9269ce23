#pragma once
/// \file
/// A scenario says what is done, a workload config to whom. Both are plain structs, filled and
/// checked by parse.hpp, written by the main thread before the cores start and only read
/// afterwards. All times are nanoseconds, all sizes bytes.

#include <chopsticks/load/arrival.hpp>
#include <chopsticks/load/popularity.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <chopsticks/load/size_distribution.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <chopsticks/scenario/subject.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chopsticks::scenario {

/// How the bytes of an object compress: 1 = not at all, 2 = to half, ...
struct content_options {
    double compression_ratio = 1.0;
};

/// The objects a group works on. Keys, sizes and contents are functions of an index and the seed.
struct data_set {
    std::string prefix = "chopsticks/";  ///< all keys start with it; the run adds its own id
    std::uint64_t objects = 1000;        ///< made by the prepare phase
    load::size_distribution size = load::size_distribution::fixed(64 * 1024);
    load::popularity popularity;
    content_options content;
    bool verify = false;  ///< compare every byte read with what was written
    /// Not empty: a named, kept data set that later runs may read. Nothing of it is deleted or
    /// overwritten.
    std::string reuse;
};

/// The blocks of a group that works on extents: which part of the images, what they hold.
struct block_options {
    std::uint64_t extent_bytes = 0;  ///< of each image, from its start; 0 = all of it
    /// Write all of it before the load. Reading blocks that were never written measures nothing.
    bool prefill = true;
    std::uint64_t prefill_bytes = 4ULL << 20;  ///< of one write of the prefill
    bool verify = false;  ///< every block carries where and when it was written, with a checksum
    std::uint64_t verify_bytes = 4096;  ///< of such a block: a power of two from 512
    content_options content;
};

/// How a step goes through the blocks of its core's part of the images.
enum class offset_pattern : std::uint8_t {
    sequential,         ///< each user by itself, from a place of its own
    sequential_shared,  ///< all users of a core together, one after the other
    random,             ///< uniform, Zipf or hot set: step::offsets
};

/// The value of a parameter that only drivers read: of a flag, a count or size, a word.
using driver_value = std::variant<bool, std::uint64_t, std::string>;

/// Such a parameter of a step.
struct driver_parameter {
    std::string_view name;      ///< of the operation's row, which outlives the step
    std::string_view shown_as;  ///< its key in a result
    driver_value value;
    driver_value standard;  ///< what it is where the scenario says nothing of it
};

/// One step of a task.
/// A parameter that the operation does not have keeps its default; the parser refuses to set it.
struct step {
    std::string op;          ///< "get", "put", ...
    std::uint16_t code = 0;  ///< position in catalogue::workload::operations
    /// As the operation's row and the parameters say.
    subject_use use = subject_use::unstated;
    payload carries = payload::none;  ///< as the row says
    /// The requests it is made of, each of which is recorded by itself; empty: it is one.
    std::vector<std::string_view> parts;
    /// What only drivers read, in the order of the operation's row (catalogue::plain_step).
    std::vector<driver_parameter> values;

    // Of objects.
    std::uint64_t range_bytes = 0;  ///< of a read: length of a range at a random offset; 0 = whole

    std::uint32_t batch = 1;  ///< of a removal: objects at a time, where there are as many

    // Of extents.
    load::size_distribution block = load::size_distribution::fixed(4096);  ///< bytes per I/O
    offset_pattern pattern = offset_pattern::random;
    load::popularity offsets;       ///< random: of places `align` bytes apart
    std::uint64_t align_bytes = 0;  ///< of random offsets; 0 = the greatest block size
    std::uint32_t pieces = 1;       ///< buffers per I/O: scatter-gather

    /// The value of one of `values`, which the operation's row says to have such a one. They are
    /// searched: for whoever binds a step, once.
    bool flag(std::string_view parameter) const;
    std::uint64_t number(std::string_view parameter) const;
    const std::string& word(std::string_view parameter) const;
    /// A value of the kind that it has already.
    void set(std::string_view parameter, driver_value value);
};

/// A weighted choice of a user: one operation, or a sequence on one object.
struct task {
    std::string name;  ///< for sequences; the operation's name otherwise
    double weight = 1;
    std::vector<step> steps;
};

enum class think_kind : std::uint8_t { none, constant, uniform, exponential };

struct think_time {
    think_kind kind = think_kind::none;
    std::int64_t min_ns = 0;   ///< uniform
    std::int64_t max_ns = 0;   ///< uniform
    std::int64_t mean_ns = 0;  ///< constant, exponential
};

/// Users that each do one task after the other.
struct closed_load {
    std::uint32_t users = 1;  ///< until the stages begin, and without stages
    double spawn_rate = 0;    ///< users started per second; 0 = all at once
    /// Over the measure phase; levels are users. Growth without a ramp keeps to `spawn_rate`.
    std::vector<load::stage> stages;
    think_time think;
};

enum class replay_format : std::uint8_t { automatic, chopsticks, rgw, s3_access_log };
enum class replay_source : std::uint8_t { recorded, data_set };

/// A recorded load: what is due, and when, is read from a file.
struct replay_load {
    std::string file;
    replay_format format = replay_format::automatic;
    double speed = 1;  ///< the recording's gaps are divided by it
    /// Reads: the object that the recorded key stands for, or one by the data set's popularity.
    replay_source keys = replay_source::recorded;
    /// Puts and parts: the recorded size, or that of the data set.
    replay_source sizes = replay_source::recorded;
    std::uint64_t size_limit = 1ULL << 30;  ///< of recorded sizes; what is larger is cut to it
    bool loop = false;                      ///< begin again at the end
    std::string group;                      ///< of an operation log: this group only
    /// Of recorded time: how far from its place in the order of time an operation may stand.
    std::int64_t sort_window_ns = 10'000'000'000;
};

/// Work that is due whether or not earlier work is done.
struct open_load {
    double rate = 0;  ///< tasks per second; until the stages begin, and without stages
    load::arrival_kind arrivals = load::arrival_kind::poisson;
    std::vector<load::stage> stages;  ///< over the measure phase; levels are tasks per second
    load::modulation around;          ///< of the rate; its origin is the measure phase's start
    /// Due work that waited for so long is shed when it could begin; 0: it is done however late.
    std::int64_t late_limit_ns = 0;
    std::uint32_t max_in_flight = 256;  ///< connections, and operations, at a time
    std::uint32_t queue_limit = 10000;  ///< due work that may wait; beyond it is shed and counted
    std::optional<replay_load> replay;  ///< set: due as recorded; `rate` is its mean then
};

struct group {
    std::string name;      ///< unique in the scenario; first part of the operation names in results
    std::string workload;  ///< a name of the catalogue
    subject_shape shape = subject_shape::objects;  ///< of the workload
    data_set data;                                 ///< of objects
    block_options blocks;                          ///< of extents
    std::vector<task> tasks;
    std::optional<open_load> open;  ///< set: open loop; otherwise `closed` counts
    closed_load closed;
};

struct phases {
    bool prepare = true;
    std::uint32_t prepare_concurrency = 64;  ///< connections in prepare and cleanup, all cores
    /// How long prepare goes on without any success; cleanup likewise.
    std::int64_t prepare_patience_ns = 300'000'000'000;
    std::int64_t cleanup_patience_ns = 300'000'000'000;
    std::int64_t warmup_ns = 2'000'000'000;  ///< at least
    bool warmup_given = false;
    /// Not 0: the warm-up goes on until the throughput is steady (stats::find_truncation), for so
    /// long in all at most.
    std::int64_t steady_within_ns = 0;
    std::int64_t measure_ns = 30'000'000'000;
    /// Otherwise it is as long as the longest group's stages, or as a replay's recording.
    bool measure_given = false;
    std::int64_t drain_ns = 30'000'000'000;  ///< how long operations in flight at the end may take
    bool cleanup = true;
};

/// Ends the measure phase early; 0 = not a condition. Counted over all groups and cores.
struct stop_conditions {
    std::uint64_t operations = 0;
    std::uint64_t bytes = 0;
    /// Until the throughput is known to such a relative half-width (stats::confidence_watch); the
    /// length of the measure phase stays the most.
    double confidence = 0;
};

struct timeouts {
    std::int64_t connect_ns = 5'000'000'000;
    std::int64_t operation_ns = 60'000'000'000;
    /// An open connection that was not used for so long is closed.
    std::int64_t idle_ns = 30'000'000'000;
};

/// What an objective is about.
enum class slo_metric : std::uint8_t {
    percentile,
    mean,
    max,
    error_rate,  ///< failed, shed or unfinished, of what was due
    shed_rate,   ///< of what was due
    unfinished,  ///< of what was due
    throughput,
    bandwidth
};

/// A service level objective; slo.hpp reads and checks it. Response times are of all that was
/// due, but for failures.
struct slo {
    std::string text;  ///< as written
    slo_metric metric = slo_metric::percentile;
    double percentile = 0;   ///< metric percentile: above 0, below 100
    bool service = false;    ///< latency: service time instead of response time
    std::string group;       ///< empty: of all groups
    std::string op;          ///< empty: all operations together
    bool inclusive = false;  ///< the limit itself is good
    double limit = 0;        ///< ns, share from 0 to 1, operations per second, or bytes per second

    bool is_latency() const noexcept { return metric <= slo_metric::max; }
    /// A part of what was due, from 0 to 1.
    bool is_share() const noexcept {
        return metric >= slo_metric::error_rate && metric <= slo_metric::unfinished;
    }
    /// More is better: the limit is a lower one.
    bool at_least() const noexcept { return metric >= slo_metric::throughput; }
    bool allows(double value) const noexcept {
        if (inclusive && value == limit) return true;
        return at_least() ? value > limit : value < limit;
    }
};

/// Beyond which of its own limits the generator says that the figures are its own, and the run
/// is invalid. Shares are from 0 to 1.
struct health_limits {
    double core_saturated = 0.95;  ///< busy share of a core, whatever else is the case
    double core_busy = 0.9;        ///< busy share of a core while the send lag grows
    double send_lag = 0.1;         ///< open loop: p99 of the send lag, of the median service time
    std::int64_t send_lag_floor_ns = 200'000;  ///< a send lag below it is that of any timer
    double achieved = 0.99;  ///< open loop: issued of intended, where the target is not the cause
    double held_up = 0.05;   ///< of a core's time, in which it was kept from running
    std::int64_t held_up_longest_ns = 500'000'000;  ///< at once
    double steal = 0.05;      ///< of the host's CPU time, taken by the hypervisor
    double line_rate = 0.95;  ///< of an interface, in more than a tenth of the time
    double descriptors = 1;   ///< open files, of the limit
    double ports = 1;         ///< ephemeral ports in use, of the range
    double outage = 0.02;     ///< of the measure phase, without a success: the target failed
    std::int64_t clock_step_ns = 10'000'000;  ///< how far the wall clock was set at once
};

struct scenario {
    std::string name;
    std::string description;
    std::vector<group> groups;
    phases phase;
    stop_conditions stop;
    timeouts timeout;
    health_limits limits;
    double error_limit = 0;  ///< share of failed operations above which the exit status is 1
    std::vector<slo> slos;   ///< of the measure phase; exit status 1 if one is missed
    /// The time of grace from the start of the measure phase, after which a missed objective ends
    /// the load; none: it never does.
    std::optional<std::int64_t> abort_after_ns;
    std::uint64_t seed = 0;             ///< 0: drawn at the start and reported
    std::string source;                 ///< the text it was read from, for the result
    std::string file;                   ///< its path as given
    std::vector<std::string> warnings;  ///< allowed, but perhaps not meant; for the user's eyes
};

/// To whom it is done. Move-only, because the settings are.
struct workload_config {
    std::string driver;  ///< as the file's top names it; empty: it does not
    /// Of every workload that the program has, by its name.
    std::map<std::string, std::unique_ptr<workload_settings>, std::less<>> settings;
    /// Keys of the Python original that have no meaning here, each with what to do instead.
    std::map<std::string, std::string> ignored;
    std::vector<std::string> warnings;  ///< e.g. a secret in a file that others can read
    std::string file;                   ///< its path as given; empty when there was none
    /// Files of code to load, as parse.hpp has them (plugins_of).
    std::vector<std::string> plugins;
    /// What it says of a cluster to watch beside the load: who watches reads it. Null: nothing.
    value cluster;

    /// Null if nobody read any for this workload.
    const workload_settings* find(std::string_view workload) const {
        const auto found = settings.find(workload);
        return found != settings.end() ? found->second.get() : nullptr;
    }
};

/// For a workload's own code, which knows the type: its settings, made with their defaults where
/// nobody read any.
template <typename Settings>
Settings& settings_as(workload_config& config, std::string_view workload) {
    auto& one = config.settings[std::string(workload)];
    if (!one) one = std::make_unique<Settings>();
    return static_cast<Settings&>(*one);
}
template <typename Settings>
const Settings& settings_as(const workload_config& config, std::string_view workload) {
    static const Settings defaults;
    const auto* const found = config.find(workload);
    return found != nullptr ? static_cast<const Settings&>(*found) : defaults;
}

}  // namespace chopsticks::scenario
