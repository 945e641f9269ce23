#pragma once
/// \file
/// What became of one group's operations on one core: its figures, its silences, its log.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <cstdint>
#include <vector>

#include "success_gaps.hpp"

namespace chopsticks::engine {

class worker;

/// Belongs to the core. Memory is taken by the constructor and by `begin`, none later.
class group_records {
  public:
    /// What an operation of a step is recorded as.
    struct entry {
        std::uint16_t slot = 0;   ///< index into the layout's operations
        bool has_object = false;  ///< it works on something that the log names
        std::uint16_t parts = 0;  ///< how many it has, one after the other in the layout
        std::uint16_t first_part = 0;
    };

    /// What takes the parts of one operation at a time. Belongs to the core; what it was begun with
    /// outlives it.
    class part_recorder final : public part_sink {
      public:
        /// For an operation that begins now.
        part_sink* begin(group_records& to, const entry& as, std::int64_t intended_ns) noexcept {
            to_ = &to;
            as_ = &as;
            intended_ns_ = intended_ns;
            return this;
        }
        void ended(const operation_part& part, const outcome& out) noexcept override;

      private:
        group_records* to_ = nullptr;
        const entry* as_ = nullptr;
        std::int64_t intended_ns_ = 0;
    };

    /// \param owner outlives it; records go to its recorders \param group index of it
    group_records(worker& owner, std::size_t group);

    /// The load begins; the worker knows its times.
    void begin();

    /// Before an operation. Returns the endpoint that is asked.
    std::size_t wanted(const session& by, std::int64_t intended_ns) noexcept {
        gap_logs_.front().wanted(intended_ns);
        return endpoint_in_flight_.empty() ? 0 : wanted_of_endpoint(by, intended_ns);
    }
    /// And behind it: figures and log. \param cut_off by the end of the run
    void record(const entry& as, const operation& op, const outcome& out, std::int64_t intended_ns,
                bool cut_off);
    /// Silences. \param asked what `wanted` returned \param more another task of the group is under
    /// way, or waits
    void note_gaps(const outcome& out, std::size_t asked, bool more) noexcept {
        if (out.status == op_status::ok) gap_logs_.front().success(out.done_ns, more);
        if (!endpoint_in_flight_.empty()) note_gaps_of_endpoint(out, asked);
    }

    /// Nothing of the group is due any more on this core, nor under way.
    void rest(std::int64_t at_ns) noexcept {
        for (gap_log& log : gap_logs_)
            log.rest(at_ns);
    }

    /// Successes of the group, and of each endpoint if it has several. Empty before the load.
    const std::vector<gap_log>& gap_logs() const noexcept { return gap_logs_; }

  private:
    std::size_t wanted_of_endpoint(const session& by, std::int64_t intended_ns) noexcept;
    void note_gaps_of_endpoint(const outcome& out, std::size_t asked) noexcept;
    void record_part(std::uint16_t slot, const outcome& out, std::int64_t intended_ns);
    void log(const entry& as, const operation& op, const outcome& out,
             std::int64_t intended_ns) noexcept;

    worker& owner_;
    std::size_t endpoints_;          // of the group
    std::uint16_t first_endpoint_;   // index into the layout's
    trace::op_log_lane* op_log_;     // null: no operation log
    std::vector<gap_log> gap_logs_;  // of the group; then, if there are several, of each endpoint
    std::vector<std::uint64_t> endpoint_in_flight_;  // where there are several
};

}  // namespace chopsticks::engine
