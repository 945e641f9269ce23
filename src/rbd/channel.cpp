#include "channel.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>

#include "judge.hpp"

namespace chopsticks::rbd {

namespace {

constexpr int events_per_poll = 16;  // librbd puts an array of so many on its stack

}  // namespace

void flight::settle() {
    // Only the books are left to be kept.
    engine::outcome unread;
    conclude(*this, unread);
    books().give_back(*this);
}

image_events::~image_events() {
    if (watch_.fd >= 0) ::close(watch_.fd);
}

int image_events::enable(rbd_image_t of) {
    image_ = of;
    watch_.fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (watch_.fd < 0) return -errno;
    return rbd_set_image_notification(of, watch_.fd, EVENT_TYPE_EVENTFD);
}

void image_events::attach(runtime::reactor& loop, channel& home) {
    loop_ = &loop;
    home_ = &home;
    CHOPSTICKS_ASSERT(loop.add(watch_));
    listening_ = listen();
}

void image_events::detach() noexcept {
    if (loop_ == nullptr) return;
    loop_->remove(watch_);
    listening_ = ceph::listener();
    loop_ = nullptr;
}

ceph::listener image_events::listen() {
    for (;;) {
        co_await runtime::reactor::readable(watch_);
        // Never read, as the channel's own.
        watch_.readable = false;
        drain();
    }
}

void image_events::drain() {
    rbd_completion_t ended[events_per_poll];
    for (;;) {
        const int count = rbd_poll_io_events(image_, ended, events_per_poll);
        if (count <= 0) return;
        const std::int64_t now = monotonic_ns();
        for (int i = 0; i < count; ++i) {
            flight& f = *static_cast<flight*>(rbd_aio_get_arg(ended[i]));
            f.result = rbd_aio_get_return_value(ended[i]);
            f.done_ns = now;
            rbd_aio_release(ended[i]);
            if (f.home == home_) {
                home_->finish(f);
            } else {
                f.home->push(f);
            }
        }
    }
}

}  // namespace chopsticks::rbd
