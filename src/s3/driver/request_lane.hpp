#pragma once
/// \file
/// One connection of a session, and the request that is under way on it.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/task.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "answer_sink.hpp"
#include "connection.hpp"
#include "core_state.hpp"

namespace chopsticks::s3 {

/// What ended a request is what ended the operation that it is one of. Times and bytes stay.
void end_as(const engine::outcome& part, engine::outcome& out) noexcept;

/// One request at a time, of the load or not. Belongs to its core; outlives what is under way.
class request_lane {
  public:
    request_lane(core_state& core, const target_address& target);

    /// What the next request asks for. Its owner sets it, and leaves it alone until the answer has
    /// been judged. perform() adds what follows from it: hash, Expect, ETag, the body that the row
    /// makes.
    asked what;

    connection& link() noexcept { return *link_; }
    const connection& link() const noexcept { return *link_; }
    answer_sink& sink() noexcept { return sink_; }

    /// Whether a request can be sent without opening the connection first.
    bool is_ready() noexcept { return link_->is_open() && !link_->is_stale(); }
    /// Opens it and counts that. False: `out` says why not. `whole`: receives what failed uncut,
    /// for control requests. The time-out is that of connecting, then that of an operation.
    runtime::task<bool> open(engine::outcome& out, std::string* whole = nullptr);
    /// Sends a request and judges its answer, which is in sink() then. Adds to out.bytes.
    runtime::task<void> perform(const operation_row& row, engine::outcome& out);
    /// perform() as one of the requests that `op` is made of: opens the connection if it has to be,
    /// and tells op.parts. `until_ns`: the operation's time-out, which a new connection has too; 0:
    /// that of an operation of its own.
    runtime::task<void> perform_part(const operation_row& row, const engine::operation& op,
                                     engine::operation_part which, std::int64_t until_ns,
                                     engine::outcome& part);
    /// Nothing is under way: the connection is kept for as long as an idle one is.
    void rest() noexcept;

  private:
    /// Number of the bucket which the request is about.
    std::size_t bucket_for(const operation_row& row) const noexcept;
    void count_for_user(const operation_row& row, const engine::outcome& out,
                        std::uint64_t bytes) noexcept;
    /// That of this bucket.
    request_writer& writer_for(const operation_row& row) noexcept;
    exchange_job render(const operation_row& row, engine::outcome& out);
    std::string_view payload_hash(const operation_row& row);
    void set_condition(const operation_row& row);
    void note_etag(const operation_row& row, const answer& a);
    void judge_answer(const operation_row& row, engine::outcome& out);
    bool etag_is_right(const operation_row& row, const answer& a);

    core_state& core_;
    std::unique_ptr<connection> link_;
    answer_sink sink_;
    bool fresh_ = true;          ///< nothing was sent on the connection yet
    std::int64_t until_ns_ = 0;  ///< of the part under way
    char hash_hex_[64];
    char etag_[etag_texts::most_bytes];
    std::string body_;  ///< of requests whose row makes it
};

}  // namespace chopsticks::s3
