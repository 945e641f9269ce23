#pragma once
/// \file
/// What a group does before and after its load: making its initial data, removing what it made.

#include <atomic>
#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "work_source.hpp"

namespace chopsticks::engine {

/// The sessions of one group on one core that do so, each one operation after the other, which is
/// repeated until it is done. What they work on the source says. Belongs to the core, except where
/// a comment says otherwise.
class housekeepers {
  public:
    enum class duty : std::uint8_t { prepare, clean };

    /// What is referred to outlives it. \param seed of their back-off
    housekeepers(runtime::reactor& loop, core_driver& driver, work_source& source,
                 const scenario::group& group, std::uint64_t seed);

    /// Begins with so many sessions; `done` is called at the end.
    void start(duty what, unsigned sessions, std::function<void()> done);
    /// Ends it early; `done` is still called. Without `cut`, what is in flight may end: a put that
    /// is cut off may still be carried out, after cleanup has removed its object.
    void stop(bool cut);
    /// Ends what is in flight.
    void cancel() noexcept;

    /// \name Progress; read by the main thread
    /// \{
    std::atomic<std::uint64_t> progress_done{0};
    std::atomic<std::uint64_t> progress_failed{0};  ///< attempts
    std::atomic<std::int64_t> last_success_ns{0};   ///< monotonic; 0: none yet
    /// \}

    /// The last failure; empty once something has succeeded since.
    const std::string& last_failure() const noexcept { return last_failure_; }
    /// Why not all of it was done: the first failure that no patience mends, or the last of all.
    const std::string& why_not() const noexcept {
        return problem_.empty() ? last_failure_ : problem_;
    }

  private:
    /// An operation of the workload, for its parameters' defaults but for what the group's reads
    /// need (scenario::prepare_step).
    struct chore {
        const scenario::catalogue::operation* row = nullptr;
        std::unique_ptr<bound_step> bound;
    };
    /// How an operation ended that is repeated.
    enum class insisted : std::uint8_t { done, refused, stopped };

    chore make_chore(std::string_view operation_name);
    chore make_preparing_chore();
    runtime::task<void> run(duty what, std::size_t number);
    /// Repeats an operation in session `number` until it succeeds, is refused for a reason that
    /// time does not mend, or all are told to stop.
    runtime::task<insisted> insist(std::size_t number, const operation& op, const chore& of);
    runtime::task<void> prepare_some(std::size_t number);
    runtime::task<void> clean_some(std::size_t number);
    /// Removes what the batch holds with one operation. What that is not said to have removed goes
    /// to one_by_one_.
    runtime::task<void> clean_batch(std::size_t number, std::vector<batch_subject>& batch);
    runtime::task<void> clean_one(std::size_t number, const batch_subject& subject,
                                  work_source::leftover_kind what);
    /// How many subjects one session takes at a time; 1: the target removes one by one.
    std::size_t batch_size() const;

    runtime::reactor& loop_;
    core_driver& driver_;
    work_source& source_;
    const scenario::group& group_;
    const scenario::catalogue::workload& workload_;
    random_stream random_;  // no choice of the load hangs on it
    chore making_;
    chore removing_;
    chore removing_several_;  // nothing in it: one by one
    chore removing_containers_;
    std::vector<batch_subject> one_by_one_;  // to be removed, by any session
    unsigned batches_ = 0;                   // under way
    std::vector<std::unique_ptr<session>> sessions_;
    std::size_t alive_ = 0;
    std::function<void()> done_;
    bool stop_ = false;
    std::uint64_t refused_in_row_ = 0;
    std::string last_failure_;
    std::string problem_;
};

}  // namespace chopsticks::engine
