#pragma once
/// \file
/// What librbd's completions bring home to the core that owns the user.

#include <rbd/librbd.h>
#include <sys/uio.h>

#include <chopsticks/ceph/channel.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <cstdint>
#include <vector>

#include "ack_ring.hpp"
#include "block_table.hpp"

namespace chopsticks::rbd {

class channel;
struct image;
using ceph::io_buffer;

/// What a flight does.
struct flight_kind {
    std::uint16_t code = 0;    ///< of the catalogue
    std::uint32_t pieces = 1;  ///< buffers to scatter to or gather from
};

/// One asynchronous block operation.
struct flight final : ceph::flight {
    void settle() override;
    /// The channel it is of.
    channel& books() const noexcept;

    image* on = nullptr;
    engine::operation op;
    flight_kind kind;            ///< a copy: the flight may outlive the step of its operation
    std::uint64_t mismatch = 0;  ///< compare_and_write: where
    io_buffer out;               ///< what is written
    io_buffer expected;          ///< compare_and_write: what must stand there
    io_buffer in;                ///< what is read
    std::vector<iovec> pieces;
    std::vector<block_table::write_mark> writes;
    std::vector<block_table::read_mark> reads;
};

/// Of one core, with what its flights are told and have found.
class channel final : public ceph::channel_of<flight> {
  public:
    /// Acknowledged writes are told to this ring from now on; it outlives the channel's use.
    void tell(ack_ring& ring) noexcept { acknowledged_ = &ring; }
    /// Null: nobody is told.
    ack_ring* acknowledged() const noexcept { return acknowledged_; }
    /// What was found wrong on this core.
    engine::wrong_data& found_wrong() noexcept { return found_wrong_; }

  private:
    ack_ring* acknowledged_ = nullptr;
    engine::wrong_data found_wrong_;
};

inline channel& flight::books() const noexcept {
    return static_cast<channel&>(*home);
}

/// Drains the event descriptor of one image on one core, for completion_way::eventfd. What other
/// cores submitted is pushed to their channels.
class image_events {
  public:
    image_events() = default;
    ~image_events();
    image_events(const image_events&) = delete;
    image_events& operator=(const image_events&) = delete;

    /// Asks librbd to tell; 0 or -errno. On the thread that opens the image, before any I/O.
    int enable(rbd_image_t of);
    // On the core's thread:
    void attach(runtime::reactor& loop, channel& home);
    void detach() noexcept;

  private:
    ceph::listener listen();
    void drain();

    rbd_image_t image_ = nullptr;
    runtime::reactor* loop_ = nullptr;
    channel* home_ = nullptr;
    runtime::fd_watch watch_;
    ceph::listener listening_;
};

}  // namespace chopsticks::rbd
