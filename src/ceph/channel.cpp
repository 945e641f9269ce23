#include <sys/eventfd.h>
#include <unistd.h>

#include <chopsticks/ceph/channel.hpp>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <cstdio>
#include <new>

namespace chopsticks::ceph {

namespace {

constexpr std::size_t page_bytes = 4096;

}  // namespace

const std::vector<engine::driver_figure>& channel_figures::declared() {
    using kind = engine::figure_kind;
    static const std::vector<engine::driver_figure> all = {
        {"completion_wait", "ns", kind::timer,
         "from when the library had ended an operation to when its core took it; in no latency"},
        {"wakeups", "wakeups", kind::counter,
         "times that completions woke a core: those of one batch do so once"},
        {"late_completions", "operations", kind::counter,
         "operations that the library ended when nobody waited any more"},
        {"abandoned", "operations", kind::gauge,
         "operations that timed out or were cancelled and that the library has not ended"},
    };
    return all;
}

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
    std::int64_t now_ns = 0;
    if (figures_ != nullptr && list != nullptr) {
        figures_->wakeups.add();
        now_ns = monotonic_ns();
    }
    while (list != nullptr) {
        flight* after = list->next;
        list->next = in_order;
        in_order = list;
        list = after;
    }
    while (in_order != nullptr) {
        flight& f = *in_order;
        in_order = f.next;
        if (figures_ != nullptr) figures_->completion_wait.record(now_ns - f.done_ns);
        finish(f);
    }
}

void channel::finish(flight& f) {
    landed();
    if (f.abandoned) {
        if (figures_ != nullptr) {
            figures_->late.add();
            figures_->abandoned.add(-1);
        }
        f.settle();
        return;
    }
    std::exchange(f.waiter, nullptr).resume();
}

void channel::attach(runtime::reactor& loop, channel_figures* figures) {
    loop_ = &loop;
    figures_ = figures;
    CHOPSTICKS_ASSERT(loop.add(wake_));
    listening_ = listen();
}

void channel::detach() noexcept {
    if (loop_ == nullptr) return;
    loop_->remove(wake_);
    listening_ = listener();
    loop_ = nullptr;
    figures_ = nullptr;
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

flight_wait::flight_wait(runtime::reactor& loop) : loop_(loop) {
    loop_.add(static_cast<runtime::deadline&>(*this));
}

flight_wait::~flight_wait() {
    CHOPSTICKS_ASSERT(flying_ == nullptr);
    loop_.remove(static_cast<runtime::deadline&>(*this));
}

void flight_wait::begin(flight& f, std::int64_t until_ns) noexcept {
    flying_ = &f;
    ending_ = ending::came;
    due_ns = until_ns;
    f.home->launched();
}

void flight_wait::call_off() noexcept {
    due_ns = 0;
    std::exchange(flying_, nullptr)->home->landed();
}

void flight_wait::abandon(ending why) noexcept {
    if (flying_ == nullptr || !flying_->waiter) return;
    ending_ = why;
    // The library cannot take an operation back: the flight with its buffers stays until it comes
    // home.
    flight& f = *std::exchange(flying_, nullptr);
    f.abandoned = true;
    f.home->given_up();
    loop_.make_ready(std::exchange(f.waiter, nullptr));
}

void conclude_abandoned(flight_wait::ending how, const char* what,
                        engine::driver_counters& counters, engine::outcome& out) noexcept {
    out.done_ns = monotonic_ns();
    char text[sizeof out.example];
    std::snprintf(text, sizeof text, "%s: not ended after %lld ms", what,
                  static_cast<long long>((out.done_ns - out.sent_ns) / 1'000'000));
    if (how == flight_wait::ending::timed_out) {
        ++counters.timeouts;
        out.fail(op_status::timeout, "operation_timeout", text);
    } else {
        out.fail(op_status::cancelled, "cancelled", text);
    }
}

}  // namespace chopsticks::ceph
