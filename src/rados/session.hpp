#pragma once
/// \file
/// One user's operations on objects, one at a time.

#include <chopsticks/load/content.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "world.hpp"

namespace chopsticks::rados {

/// What the sessions of one core share.
struct core_state {
    runtime::reactor* loop = nullptr;
    channel* home = nullptr;
    object_account* account = nullptr;
    std::shared_ptr<world> shared;
    const load::content* content = nullptr;
    std::int64_t timeout_ns = 0;
    unsigned core = 0;
    std::uint64_t sessions = 0;  ///< ever made
    std::uint64_t logs = 0;      ///< users' own objects, ever begun
    std::uint64_t draws = 0;     ///< of keys of maps
    engine::driver_counters counters;
};

/// A step as the sessions carry it out. What its operation has no parameter for keeps its default.
struct rados_step final : engine::bound_step {
    rados_step(const scenario::step& what, bool verifies);

    std::uint16_t code;
    scenario::subject_use use;
    bool verify;  ///< what is read is compared with what was written
    bool data = true;
    bool attribute = true;
    std::uint64_t align = 1;  ///< of ranges
    std::uint64_t keys = 0;
    std::uint64_t of = 1;
    std::uint64_t value_bytes = 0;
    std::uint64_t bytes = 0;
    std::uint64_t limit = 0;
    std::string object_class;
    std::string method;
    std::vector<char> input;
};

class librados_session final : public engine::session {
  public:
    explicit librados_session(core_state& core);

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override;
    void cancel() noexcept override { wait_.cancel(); }

  private:
    /// Sends `f`, which is loaded up, and waits. False: nobody waits any more; `out` then is a
    /// failure, and `f` is not the session's any more.
    runtime::task<bool> fly(flight& f, const rados_step& step, std::size_t at,
                            engine::outcome& out);
    /// What `step` makes of the user's own object. Must be followed by end_log.
    void load_log(flight& f, const rados_step& step);
    void end_log(bool done);

    core_state& core_;
    ceph::flight_wait wait_;
    std::uint64_t number_;  ///< on its core: sessions are made before there are connections
    std::shared_ptr<user_log> log_;  ///< null: none was asked for yet
    std::uint64_t log_size_ = 0;     ///< of it, once the operation under way has ended well
};

}  // namespace chopsticks::rados
