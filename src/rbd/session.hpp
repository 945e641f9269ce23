#pragma once
/// \file
/// One user's operations on images, one at a time.

#include <chopsticks/load/content.hpp>

#include "judge.hpp"

namespace chopsticks::rbd {

/// What the sessions of one core share.
struct core_state {
    runtime::reactor* loop = nullptr;
    channel* home = nullptr;
    std::shared_ptr<world> shared;
    const load::content* content = nullptr;
    std::int64_t timeout_ns = 0;
    bool by_callback = true;
    std::uint64_t next_unique = 0;
    engine::driver_counters counters;
};

/// A step as the sessions carry it out.
struct rbd_step final : engine::bound_step {
    explicit rbd_step(const scenario::step& what) : kind{what.code, what.pieces} {}

    flight_kind kind;
};

class librbd_session final : public engine::session {
  public:
    explicit librbd_session(core_state& core) : core_(core), wait_(*core.loop) {}

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override;
    void cancel() noexcept override { wait_.cancel(); }

  private:
    /// Sends `f`, which is loaded up, and waits. False: it never left, or nobody waits any more;
    /// `out` then is a failure, and `f` is not the session's any more.
    runtime::task<bool> fly(flight& f, engine::outcome& out);
    /// Reads what compare_and_write is to find, into `f.expected`.
    runtime::task<bool> look(flight& f, engine::outcome& out);

    core_state& core_;
    ceph::flight_wait wait_;
};

}  // namespace chopsticks::rbd
