#include "channel.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <cstdlib>
#include <new>

#include "judge.hpp"

namespace chopsticks::rbd {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr int events_per_poll = 16;  // librbd puts an array of so many on its stack

}  // namespace

bool io_buffer::reserve(std::size_t bytes) {
    if (bytes <= capacity_) return false;
    const std::size_t rounded = (bytes + page_bytes - 1) / page_bytes * page_bytes;
    data_.reset(static_cast<char*>(std::aligned_alloc(page_bytes, rounded)));
    if (data_ == nullptr) throw std::bad_alloc();
    capacity_ = rounded;
    return true;
}

channel::channel() {
    wake_.fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHOPSTICKS_ASSERT(wake_.fd >= 0);
}

channel::~channel() {
    ::close(wake_.fd);
}

void channel::push(flight& f) noexcept {
    flight* head = ended_.load(std::memory_order_relaxed);
    do {
        f.next = head;
    } while (!ended_.compare_exchange_weak(head, &f, std::memory_order_release,
                                           std::memory_order_relaxed));
    // Whoever finds the list empty wakes the core; what follows rides along until the core has
    // taken the list. `f` may be gone by now, the channel is not.
    if (head != nullptr) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.fd, &one, sizeof one);
}

void channel::collect() {
    // Once: whatever is pushed from now on finds the list empty and wakes the core again.
    flight* list = ended_.exchange(nullptr, std::memory_order_acquire);
    flight* in_order = nullptr;
    while (list != nullptr) {
        flight* after = list->next;
        list->next = in_order;
        in_order = list;
        list = after;
    }
    while (in_order != nullptr) {
        flight& f = *in_order;
        in_order = f.next;
        finish(f);
    }
}

void channel::finish(flight& f) {
    landed();
    if (f.abandoned) {
        // Only the books are left to be kept.
        engine::outcome unread;
        conclude(f, unread);
        give_back(f);
        return;
    }
    std::exchange(f.waiter, nullptr).resume();
}

flight& channel::take() {
    if (idle_.empty()) {
        flights_.push_back(std::make_unique<flight>());
        flights_.back()->home = this;
        idle_.reserve(flights_.size());
        return *flights_.back();
    }
    flight& f = *idle_.back();
    idle_.pop_back();
    f.abandoned = false;
    return f;
}

void channel::attach(runtime::reactor& loop) {
    loop_ = &loop;
    CHOPSTICKS_ASSERT(loop.add(wake_));
    listening_ = listen();
}

void channel::detach() noexcept {
    if (loop_ == nullptr) return;
    loop_->remove(wake_);
    listening_ = listener();
    loop_ = nullptr;
}

listener channel::listen() {
    for (;;) {
        co_await runtime::reactor::readable(wake_);
        // The descriptor is never read: watched by edges, each write to it wakes, and its counter
        // has room for more writes than will ever be.
        wake_.readable = false;
        collect();
    }
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
    listening_ = listener();
    loop_ = nullptr;
}

listener image_events::listen() {
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
