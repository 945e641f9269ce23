#pragma once
/// \file
/// An object that is put in parts: several requests, some of them side by side, that are one
/// operation.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/task.hpp>
#include <chopsticks/s3/protocol/multipart.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "request_lane.hpp"

namespace chopsticks::s3 {

/// What becomes of an upload whose parts are there.
enum class upload_end : std::uint8_t {
    completed,
    refused,  ///< its completion has to be; then it is given up
    aborted,  ///< its parts are listed, and it is given up
    left,     ///< its parts are listed; whoever cleans up finds it
};

/// How an object is cut into parts, and what is done with them.
struct upload_plan {
    /// Of the requests, in the order of the workload's names of parts: the one that begins it,
    /// those for its parts, the one when these are there, the one that gives it up.
    const operation_row* rows[4] = {};
    std::uint64_t part_bytes = 0;   ///< of each but the last; 0: not in parts
    std::uint32_t concurrency = 1;  ///< parts on their way at a time, each on its own connection
    upload_end end = upload_end::completed;
    const object_fields* fields = nullptr;  ///< of the object; null: nothing is said
    bool copies = false;  ///< the service has the content of the parts: of the object itself

    std::uint64_t parts_of(std::uint64_t size) const noexcept {
        return size == 0 ? 1 : (size - 1) / part_bytes + 1;
    }
};

/// Uploads of one session, one at a time: begins it, sends its parts, completes it or not. One
/// whose part fails is given up with the target, unless there is no time left for that; what the
/// target still has of it then is found when the run is cleaned up. Once warm it allocates for
/// longer ids and for more parts only. Belongs to its core.
class multipart_upload {
  public:
    /// The first lane is open; as many parts are on their way as there are lanes. Ends when nothing
    /// is under way on any. Tells op.parts of each request, by its position among the workload's
    /// names of parts.
    runtime::task<void> carry_out(const engine::operation& op, const upload_plan& plan,
                                  std::span<const std::unique_ptr<request_lane>> lanes,
                                  engine::outcome& out);

  private:
    enum part_kind : std::uint16_t { create, send, finish, abort };

    /// What each of its requests asks about.
    asked about_upload() const;
    /// Sends parts until there are none, or one has failed.
    runtime::task<void> send_parts(request_lane& lane);
    runtime::task<void> send_parts_beside(request_lane& lane);
    /// One of the requests; what became of it stays in `part`.
    runtime::task<void> request(part_kind kind, request_lane& lane, std::int64_t due_ns,
                                engine::outcome& part);
    /// All parts are there. What became of it stays in `last`; the upload is over, or is to stay,
    /// where that is ok.
    runtime::task<void> end(request_lane& lane, engine::outcome& last);
    runtime::task<void> give_up(request_lane& lane);

    // Of the upload in hand.
    const engine::operation* op_ = nullptr;
    const upload_plan* plan_ = nullptr;
    std::string id_;
    std::vector<part_tag> tags_;
    std::string body_;
    std::uint64_t parts_ = 0;
    std::uint64_t next_ = 0;
    std::int64_t ready_ns_ = 0;  // since when parts could be sent
    std::int64_t due_ns_ = 0;    // when the operation's time is over
    engine::outcome failed_;     // the first part that did
    std::size_t beside_ = 0;     // lanes at work beside the first
    std::coroutine_handle<> waiting_;
};

}  // namespace chopsticks::s3
