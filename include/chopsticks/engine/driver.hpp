#pragma once
/// \file
/// The contract between the engine and whatever executes operations. A driver is three objects:
/// `driver` (one per group and run, main thread), `core_driver` (one per core, lives on that core)
/// and `session` (one per user: what one user needs to have one operation at a time in flight). The
/// engine knows no driver; cli hands it the ones it needs.

#include <chopsticks/core/error.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/runtime/task.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <chopsticks/stats/run_figures.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace chopsticks::scenario {
struct step;
}

namespace chopsticks::engine {

/// A step as the driver that executes it likes to have it: what to do, with all parameters. Made by
/// core_driver::bind, for the sessions of that core driver alone. Constant; belongs to the core.
class bound_step {
  public:
    virtual ~bound_step() = default;
};

struct outcome;

/// One of the requests that an operation is made of.
struct operation_part {
    std::uint16_t number = 0;  ///< index into scenario::step::parts
    /// When it could begin: what it had to wait for was done. 0: when the operation was due.
    std::int64_t due_ns = 0;
};

/// Who is told what became of the parts of an operation. On the session's core.
class part_sink {
  public:
    /// A part has ended; before its operation does. `out` is that of the part alone: the
    /// operation's own is of all of it, and is not made up from these.
    virtual void ended(const operation_part& part, const outcome& out) noexcept = 0;

  protected:
    ~part_sink() = default;
};

/// One of several subjects of an operation.
struct batch_subject {
    std::uint64_t object = 0;
    std::uint32_t version = 0;
    bool done = false;  ///< the session says so where the operation as a whole has failed
};

/// One measured piece of work, chosen by the engine. A view struct: it is copied into coroutine
/// frames.
struct operation {
    const bound_step* step = nullptr;  ///< what to do; outlives the operation
    std::uint64_t object = 0;          ///< what to do it to: index of the object, or of the extent
    std::uint64_t size = 0;            ///< bytes of the whole object
    std::uint64_t offset = 0;          ///< first byte of a part
    std::uint64_t length = 0;          ///< bytes of a part; 0 = the whole object
    /// Not empty: it works on all of these, of which `object` is the first.
    std::span<batch_subject> batch;
    part_sink* parts = nullptr;  ///< told of its parts while it is under way; null: nobody asks
    std::uint32_t version = 0;   ///< of the content
    bool cleaning = false;  ///< of cleanup: nobody measures it, the driver may look before it leaps
};
static_assert(std::is_trivially_destructible_v<operation>);

/// What became of it. Filled by the session; all times are monotonic_ns.
struct outcome {
    op_status status = op_status::ok;
    std::uint16_t endpoint = 0;      ///< index into driver::endpoints()
    native_code native;              ///< HTTP status or errno, also of successes where known
    std::uint32_t retries = 0;       ///< attempts beyond the first
    std::uint64_t bytes = 0;         ///< body bytes acknowledged
    std::int64_t sent_ns = 0;        ///< just before the first byte was handed to the kernel
    std::int64_t first_byte_ns = 0;  ///< when the first byte of the response had arrived; 0 = none
    std::int64_t done_ns = 0;        ///< when the last byte of the response had arrived
    char code[48] = {};      ///< the wire's word for the failure, e.g. "NoSuchKey"; NUL-terminated
    char example[160] = {};  ///< one line for a person, no secret in it; NUL-terminated

    /// Makes this a failure. Texts are cut to their arrays.
    void fail(op_status why, std::string_view wire_code, std::string_view text) noexcept;
};
static_assert(std::is_trivially_destructible_v<outcome>);

/// What an answer to one operation says of the target.
enum class support : std::uint8_t {
    has_it,       ///< it was done
    unsupported,  ///< the target says that it has no such thing
    refused,      ///< it does not let us: credentials, permissions, a clock that is wrong
    unknown,      ///< anything else
};

/// What one user needs. Belongs to its core; used by one operation at a time.
class session {
  public:
    virtual ~session() = default;

    /// Does one operation. Never throws; a failure is in the outcome. Both references outlive the
    /// coroutine. Nothing is allocated once the session is warm.
    virtual runtime::task<void> execute(const operation& op, outcome& out) = 0;

    /// Makes an operation in flight end soon with op_status::cancelled and closes what is open.
    virtual void cancel() noexcept = 0;

    /// Where the next operation goes: outcome::endpoint of it, unless the driver moves.
    virtual std::size_t endpoint() const noexcept { return 0; }
};

/// Of one core since the start; read by the collector at interval ends, on the owning core.
using driver_counters = stats::connection_figures;
using stats::leftover;
using stats::opened_image;
using stats::wrong_data;

// What a driver counts of its own.
using stats::driver_figure;
using stats::driver_meters;
using stats::figure_counter;
using stats::figure_gauge;
using stats::figure_kind;
using stats::level_over_cores;
using figure_timer = stats::histogram;

/// What open_target found.
struct target_state {
    std::string problem;      ///< not empty: the one message for the user; the run does not start
    bool data_ready = false;  ///< the (reused) data set is complete; prepare has nothing to do
    /// Block devices: bytes of each image, in the order of operation::object. Empty for objects.
    std::vector<std::uint64_t> extents;
    std::vector<opened_image> images;   ///< block devices that exist, in that order
    std::vector<std::string> notes;     ///< for the user and the result, e.g. options that differ
    std::vector<std::string> warnings;  ///< what makes figures mean something else; as notes
};

/// What the operations of one core have asked the target to write, load or not.
struct write_account {
    /// Of the run's own objects: puts and deletes that were sent. Where the target keeps what is
    /// overwritten and deleted, there is at most one version or delete marker of each.
    std::uint64_t versions = 0;
    /// Puts that were sent and never answered: the target may carry them out at any time.
    std::uint64_t unanswered = 0;
};

/// What a target that was asked says of what a run left.
struct left_count {
    bool known = false;           ///< false: it gave no whole answer
    std::vector<leftover> items;  ///< empty: nothing of the run's engine-counted objects is there
};

/// A driver on one core. Core 0 is the first of the run's world: what runs there runs once, however
/// many processes the run has.
class core_driver {
  public:
    virtual ~core_driver() = default;
    virtual std::unique_ptr<session> make_session() = 0;

    /// Prepares a step of the group's tasks, of prepare or of cleanup for its operations on this
    /// core. Once for each, before the first of them; `what` need not outlive the call.
    virtual std::unique_ptr<bound_step> bind(const scenario::step& what) = 0;

    virtual driver_counters counters() const noexcept { return {}; }

    /// What this core counts driver::figures() with, made of these very declarations; null: it
    /// counts none. The same object at each call. On its core; the engine takes what has come at
    /// the load's beginning and at the ends of intervals.
    virtual driver_meters* meters() noexcept { return nullptr; }

    /// Run on core 0 before anything else: is the target there, does it let us in, is the name
    /// free? Makes what the run needs (the bucket).
    virtual runtime::task<target_state> open_target() = 0;

    /// Run in place of open_target on the first core of each other process of the run's world, with
    /// what that found: gets ready to work on the same target. Makes nothing that would have to be
    /// removed; nothing else that is said to run on core 0 is run there. Returns an empty string,
    /// or why this process cannot take part.
    virtual runtime::task<std::string> join_target(const target_state&) {
        co_return "the target of a group cannot be shared by several processes with this driver";
    }

    /// Run on core 0 after the prepare phase made all objects: marks a kept data set as complete.
    /// Returns an empty string, or what went wrong.
    virtual runtime::task<std::string> seal_data() = 0;

    /// Run on core 0 after cleanup, also if open_target had a problem: removes what that made.
    /// Returns what could not be removed. Without a cleanup phase only where `holds_open`.
    virtual runtime::task<std::string> close_target() = 0;
    /// Whether what open_target opened stays open, and others take it for used, until close_target.
    /// On core 0.
    virtual bool holds_open() const noexcept { return false; }

    /// Run on core 0 after the drain: reads what the load wrote and never read, where the scenario
    /// asks for verification, so that found_wrong() knows of it. Returns an empty string, or why
    /// not all of it was read.
    virtual runtime::task<std::string> check_data() { co_return std::string(); }

    /// Makes whichever of these is under way on this core end soon, with a problem: a target
    /// that does not answer must not hold up an interrupted run for as long as its time-outs are.
    virtual void cancel_control() noexcept {}

    /// What the control call under way is waiting for, and how long at most, for a person: "for
    /// the lock of image rbd/a, held by client.4711, at most 35 s more". Empty: nothing in
    /// particular. From any thread; the control calls are those of core 0.
    virtual std::string waiting() const { return {}; }

    /// How many parts of control calls have succeeded so far: what was listed, or removed. An
    /// interrupted run gives up a call that does not get on, and goes on with one that does. From
    /// any thread; never less than before.
    virtual std::uint64_t control_steps() const noexcept { return 0; }

    /// What this run made outside of the engine's own count (images, buckets of its own) and is
    /// still there, as far as the driver knows without asking the target. On core 0, at any time
    /// between control calls, also after one was given up or never made.
    virtual std::vector<leftover> left_behind() const { return {}; }

    /// What there is to know of removing that later, for the user; empty: nothing. On core 0.
    virtual std::string removal_note() const { return {}; }

    /// Of this core so far. On its core.
    virtual write_account writes() const noexcept { return {}; }
    /// Whether the target keeps, or may keep, what is overwritten and deleted. On core 0.
    virtual bool keeps_versions() const noexcept { return false; }

    /// Run on core 0 after a cleanup that did not get through, and where versions are kept and
    /// there was none: asks the target which of the objects that the engine counts are still there.
    virtual runtime::task<left_count> count_left() { co_return left_count(); }

    /// What was found wrong on this core so far. On its core.
    virtual wrong_data found_wrong() const { return {}; }
};

/// What a group of a run executes its operations with.
class driver {
  public:
    virtual ~driver() = default;

    /// Targets that figures are kept apart for; at least one. Constant after construction.
    virtual const std::vector<std::string>& endpoints() const noexcept = 0;

    /// Network addresses that operations go to, as "address:port": what the generator's health is
    /// watched towards. Empty: none, or not known. Constant after construction.
    virtual std::vector<std::string> peers() const { return {}; }

    /// File descriptors one session keeps open.
    virtual std::uint64_t descriptors_per_session() const noexcept { return 1; }

    /// What it counts beside the figures that each driver has: in the result, the intervals and
    /// what is shown of a run they stand under the group's name. At most driver_figures_max, of
    /// different names; what is wrong with them (stats::problem_with) ends the run before it
    /// begins. Constant after construction.
    virtual const std::vector<driver_figure>& figures() const noexcept {
        static const std::vector<driver_figure> none;
        return none;
    }

    /// Whether several processes can work on one target: its core drivers have a join_target of
    /// their own. Constant after construction.
    virtual bool shares_target() const noexcept { return false; }

    /// What the answer to an operation says of the target, for whoever asks before a run what
    /// it has. Any thread.
    virtual support support_of(const outcome& out) const noexcept;

    /// Called once per core, on that core, before its first operation. \param core its number in
    /// the run's world
    virtual std::unique_ptr<core_driver> make_core(runtime::reactor& reactor, unsigned core) = 0;
};

}  // namespace chopsticks::engine
