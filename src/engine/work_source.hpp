#pragma once
/// \file
/// What the operations of a group work on, on one core. There is one source for each shape of
/// subject (scenario::subject_shape), and the rest of the engine knows no shape: users ask for the
/// next thing to work on and give it back, prepare and cleanup likewise.
///
/// How a further shape fits, taking names in directories for one: operation::object is the number
/// of a name, and the driver computes its path, so that no table grows with their count. What is
/// done to a name is a subject_use, and `begin` and `end` keep two users from getting into each
/// other's way, as they do with objects. A directory is a container: made before the names in it,
/// given to cleanup after them. A rename leaves the number and makes the next version of it: old
/// and new path are both functions of number and version, and one claim covers both.

#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::engine {

/// Belongs to its core. Memory is taken by the constructor and by `open`, none later.
class work_source {
  public:
    virtual ~work_source() = default;

    /// What open_target found. Once, before all that follows.
    virtual void open(const target_state& found) = 0;

    /// \name Of the load
    /// Users do tasks, and a task's steps one after the other. A task ends with its last step, with
    /// one that failed, or with one that found nothing to work on. What a user has in hand until
    /// then the source remembers by the user's number.
    /// \{

    /// Claims what this step works on and fills it in: all of `op` but the step itself. False:
    /// there is nothing now, and nothing was claimed.
    /// \param user number of it on this core
    /// \param step number of it among all steps of the group's tasks, in their order
    /// \param recorded what it is to repeat; null: the load is no recording
    virtual bool begin(std::size_t user, std::size_t step, const trace::planned_operation* recorded,
                       operation& op) = 0;
    /// Gives back what the user's last `begin` claimed.
    virtual void end(std::size_t user, bool ok) = 0;
    /// \}

    /// \name Of prepare
    /// \{

    /// All that prepare would make is there already.
    virtual void adopt() noexcept = 0;
    /// How many operations it takes.
    virtual std::uint64_t to_prepare() const noexcept = 0;
    /// How many of them have not succeeded.
    virtual std::uint64_t missing() const noexcept = 0;
    /// Fills in what the next of them makes, as `begin` does. False: there is none.
    virtual bool next_to_prepare(operation& op) = 0;
    virtual void end_prepare(const operation& op, bool ok) = 0;
    /// \}

    /// \name Of cleanup
    /// \{

    enum class leftover_kind : std::uint8_t { none, subject, container };
    /// Fills in what is to be removed next, subjects before containers; none: nothing is left.
    virtual leftover_kind next_to_clean(operation& op) = 0;
    /// It was not removed, and nobody will try again.
    virtual void abandon(leftover_kind what) noexcept = 0;

    /// What may exist of this run: what cleanup would have to remove, and what it abandoned.
    struct left_figures {
        std::uint64_t subjects = 0;
        std::uint64_t containers = 0;
    };
    virtual left_figures left() const noexcept = 0;
    /// \}

    /// Subjects that exist as far as is known. For the end of a phase.
    virtual std::uint64_t existing() const noexcept = 0;

    /// Share of the popularity of what there is that each core owns, where that is least like the
    /// cores' shares of the work. Empty: nothing is chosen by popularity, or the law holds anyhow.
    virtual std::vector<double> masses(const std::vector<double>& shares) const = 0;
};

/// What a source is made from. What is referred to outlives it.
struct source_options {
    const scenario::group* plan = nullptr;
    unsigned core = 0;  ///< its number among `cores`, all cores of the run's world
    unsigned cores = 1;
    std::size_t users = 0;         ///< on this core
    std::uint32_t helpers = 0;     ///< of prepare and cleanup, on this core at most
    bool steered = false;          ///< how many of the users there are is decided meanwhile
    bool protect_initial = false;  ///< the initial data is not this run's to remove
    std::uint64_t seed = 0;        ///< of the group; the same on all cores
    std::uint64_t data_seed = 0;   ///< of sizes and contents
    /// Of the load's choices; of a source only `begin` draws from it.
    random_stream* random = nullptr;
    trace::replay_lane* replay = nullptr;  ///< null: the load is no recording
};

/// The source of the group's shape.
std::unique_ptr<work_source> make_work_source(const source_options& options);

/// Why what open_target found cannot serve the group on so many cores; empty if it can.
std::string source_problem(const scenario::group& g, const target_state& found, unsigned cores);

}  // namespace chopsticks::engine
