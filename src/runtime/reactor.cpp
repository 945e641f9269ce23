#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>

namespace chopsticks::runtime {

namespace {

constexpr std::uint64_t wake_token = ~0ULL;
constexpr std::int64_t context_poll_ns = 200'000;
constexpr std::int64_t never = INT64_MAX;
constexpr int batch_events = 256;

/// epoll_wait with a time-out in nanoseconds; rounds up to milliseconds on kernels before 5.11.
int wait_events(int epoll_fd, epoll_event* events, std::int64_t timeout_ns) {
    if (timeout_ns <= 0) return ::epoll_wait(epoll_fd, events, batch_events, 0);
    static const bool has_ns = [] {
        epoll_event unused;
        timespec none{0, 0};
        const int probe = ::epoll_create1(EPOLL_CLOEXEC);
        const bool works = ::epoll_pwait2(probe, &unused, 1, &none, nullptr) == 0;
        ::close(probe);
        return works;
    }();
    if (has_ns) {
        const timespec timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
        return ::epoll_pwait2(epoll_fd, events, batch_events, &timeout, nullptr);
    }
    const auto ms =
        static_cast<int>(std::min<std::int64_t>((timeout_ns + 999'999) / 1'000'000, 1000));
    return ::epoll_wait(epoll_fd, events, batch_events, ms);
}

/// As many as epoll gives the loop at once. Asio's own poll() ends when nothing is ready any more,
/// which a busy target can put off for as long as it likes, and with it every time-out and signal.
std::size_t poll_some(boost::asio::io_context& context) {
    std::size_t count = 0;
    while (count < batch_events && context.poll_one() > 0)
        ++count;
    return count;
}

/// Runs handlers that are ready. `has_work`: whether there will be others.
std::size_t run_handlers(boost::asio::io_context& context, bool& has_work) {
    context.restart();
    const std::size_t count = poll_some(context);
    // It is stopped exactly when it found no work outstanding.
    has_work = !context.stopped();
    return count;
}

/// CPU time of the calling thread.
std::int64_t thread_cpu_ns() noexcept {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

/// Waits in an io_context: for its own descriptors, and for those of a loop.
class context_wait {
  public:
    /// `epoll_fd`: the loop's; readable when one of its descriptors is.
    context_wait(boost::asio::io_context& context, int epoll_fd)
        : context_(context), alarm_(context), own_(context) {
        const int fd = ::fcntl(epoll_fd, F_DUPFD_CLOEXEC, 0);
        boost::system::error_code ignored;
        if (fd < 0) return;
        own_.assign(fd, ignored);
        if (!own_.is_open()) ::close(fd);
    }

    /// Waits for a handler to become ready, and runs it and others that are. A timer of Asio's
    /// ends the wait: the time-outs of its own waits are whole milliseconds. Returns whether there
    /// was any handler besides that timer's.
    bool wait(std::int64_t timeout_ns) {
        if (!own_.is_open()) {
            // For want of a descriptor: the loop's own are looked at after a while.
            timeout_ns = std::min(timeout_ns, context_poll_ns);
        } else if (!listens_) {
            listens_ = true;
            own_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            [this](const boost::system::error_code&) { listens_ = false; });
        }
        alarm_.expires_after(std::chrono::nanoseconds(timeout_ns));
        alarm_.async_wait([](const boost::system::error_code&) {});
        context_.restart();
        std::size_t count = context_.run_one();
        alarm_.cancel();
        // The timer's is among them now, cancelled or not.
        count += poll_some(context_);
        return count > 1;
    }

  private:
    boost::asio::io_context& context_;
    boost::asio::steady_timer alarm_;
    boost::asio::posix::stream_descriptor own_;
    bool listens_ = false;
};

}  // namespace

std::string_view name(idle_mode idle) noexcept {
    switch (idle) {
        case idle_mode::spin:
            return "spin";
        case idle_mode::hybrid:
            return "hybrid";
        case idle_mode::sleep:
            return "sleep";
    }
    return "?";
}

reactor::reactor(unsigned core, int cpu, idle_mode idle)
    : core_(core), cpu_(cpu), idle_(idle), context_(1) {
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    wake_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHOPSTICKS_ASSERT(epoll_fd_ >= 0);
    CHOPSTICKS_ASSERT(wake_fd_ >= 0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = wake_token;
    CHOPSTICKS_ASSERT(::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
    ready_.resize(1024);
    sleepers_.reserve(1024);
}

reactor::~reactor() {
    ::close(wake_fd_);
    ::close(epoll_fd_);
}

void reactor::request_stop() {
    {
        const std::lock_guard lock(posted_mutex_);
        stop_ = true;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
    if (place_.on_virtual_clock()) place_.wake();
}

void reactor::post(std::function<void()> work) {
    {
        const std::lock_guard lock(posted_mutex_);
        posted_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
    if (place_.on_virtual_clock()) place_.wake();
}

void reactor::set_up_thread() const {
    char name[16];
    std::snprintf(name, sizeof name, "core-%u", core_);
    ::pthread_setname_np(::pthread_self(), name);
    // The default slack of 50 us would be lateness of every timer.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    if (cpu_ < 0) return;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<std::size_t>(cpu_), &cpus);
    // A container may forbid it; the run then goes on unpinned.
    ::pthread_setaffinity_np(::pthread_self(), sizeof cpus, &cpus);
}

void reactor::run() {
    set_up_thread();
    started_ns_ = monotonic_ns();
    std::int64_t now = started_ns_;
    next_sweep_ns_ = now + sweep_ns;
    held_up_.begin(now);
    std::optional<context_wait> in_context;  // from when there is first something to wait for
    while (!stopping_) {
        turn_ns_ = now;
        bool worked = run_sleepers(now);
        std::int64_t pump_due = never;
        for (pump* p : pumps_)
            pump_due = std::min(pump_due, p->run_due(now));
        worked |= run_ready();
        if (pump_due <= now) worked = true;
        const bool sweeps = now >= next_sweep_ns_;
        if (sweeps) sweep(now);
        // With a sweep also for work of Asio's that was begun since, by whatever the loop did.
        if (context_has_work_ || sweeps) {
            worked |= run_handlers(context_, context_has_work_) > 0;
            context_polled_ns_ = monotonic_ns();
        }

        std::int64_t busy_since = now;
        const std::int64_t timeout = worked || ready_count_ > 0 ? 0 : until_next(now, pump_due);
        if (timeout > 0 && context_has_work_ && !place_.on_virtual_clock()) {
            if (!in_context) in_context.emplace(context_, epoll_fd_);
            const std::int64_t cpu_before_ns = thread_cpu_ns();
            worked = in_context->wait(timeout);
            // What the handlers took is work, not waiting.
            const std::int64_t cpu_ns = thread_cpu_ns() - cpu_before_ns;
            turn_ns_ = woke_ns_ = monotonic_ns();
            busy_since = woke_ns_ - cpu_ns;
            held_up_.waited(std::clamp<std::int64_t>(woke_ns_ - now - cpu_ns, 0, timeout));
            worked |= poll_descriptors(0);
        } else if (timeout > 0) {
            worked = poll_descriptors(timeout);
            busy_since = woke_ns_;
            held_up_.waited(std::min(woke_ns_ - now, timeout));
        } else {
            worked |= poll_descriptors(0);
        }
        now = monotonic_ns();
        if (worked) {
            const std::int64_t turn = now - busy_since;
            figures_.busy_ns += turn;
            figures_.turns += 1;
            figures_.longest_ns = std::max(figures_.longest_ns, turn);
            lag_.turns.record(turn);
        }
    }
    place_.retire();
}

std::int64_t reactor::until_next(std::int64_t now, std::int64_t pump_due) const noexcept {
    // On a clock that moves only when nobody does anything, to spin would be for ever.
    const bool sleeps = place_.on_virtual_clock();
    if (idle_ == idle_mode::spin && !sleeps) return 0;
    std::int64_t due = pump_due;
    if (!sleepers_.empty()) due = std::min(due, sleepers_.front().due);
    // Spinning is for what is due, not for housekeeping.
    if (idle_ == idle_mode::hybrid && due != never && !sleeps) due -= spin_ns;
    due = std::min(due, next_sweep_ns_);
    if (context_has_work_ && sleeps) due = std::min(due, context_polled_ns_ + context_poll_ns);
    return std::max<std::int64_t>(due - now, 0);
}

bool reactor::run_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(posted_mutex_);
        work.swap(posted_);
        stopping_ = stop_;
    }
    for (auto& f : work)
        f();
    poll_context();
    return true;
}

void reactor::poll_context() {
    run_handlers(context_, context_has_work_);
    context_polled_ns_ = monotonic_ns();
}

void reactor::add_sleeper(std::int64_t due_ns, std::coroutine_handle<> coroutine) {
    const auto later = [](const sleeper& a, const sleeper& b) {
        return a.due != b.due ? a.due > b.due : a.order > b.order;
    };
    sleepers_.push_back(sleeper{due_ns, sleeper_order_++, coroutine});
    std::push_heap(sleepers_.begin(), sleepers_.end(), later);
}

bool reactor::run_sleepers(std::int64_t now) {
    const auto later = [](const sleeper& a, const sleeper& b) {
        return a.due != b.due ? a.due > b.due : a.order > b.order;
    };
    bool worked = false;
    while (!sleepers_.empty() && sleepers_.front().due <= now) {
        std::pop_heap(sleepers_.begin(), sleepers_.end(), later);
        const std::coroutine_handle<> coroutine = sleepers_.back().coroutine;
        lag_.timers.record(now - sleepers_.back().due);
        sleepers_.pop_back();
        make_ready(coroutine);
        worked = true;
    }
    return worked;
}

void reactor::wake_sleepers() {
    for (const sleeper& s : sleepers_)
        make_ready(s.coroutine);
    sleepers_.clear();
}

void reactor::make_ready(std::coroutine_handle<> coroutine) {
    if (ready_count_ == ready_.size()) {
        std::vector<std::coroutine_handle<>> larger(ready_.size() * 2);
        for (std::size_t i = 0; i < ready_count_; ++i) {
            larger[i] = ready_[(ready_head_ + i) & (ready_.size() - 1)];
        }
        ready_ = std::move(larger);
        ready_head_ = 0;
    }
    ready_[(ready_head_ + ready_count_) & (ready_.size() - 1)] = coroutine;
    ++ready_count_;
}

bool reactor::run_ready() {
    // Only what is ready now: a user that never waits must not keep the others from the network.
    std::size_t count = ready_count_;
    const bool worked = count > 0;
    while (count-- > 0) {
        const std::coroutine_handle<> coroutine = ready_[ready_head_];
        ready_head_ = (ready_head_ + 1) & (ready_.size() - 1);
        --ready_count_;
        coroutine.resume();
    }
    return worked;
}

bool reactor::poll_descriptors(std::int64_t timeout_ns) {
    epoll_event events[batch_events];
    if (timeout_ns > 0 && place_.on_virtual_clock()) {
        place_.wait_until(monotonic_ns() + timeout_ns);
        woke_ns_ = monotonic_ns();
        timeout_ns = 0;
    }
    const int count = wait_events(epoll_fd_, events, timeout_ns);
    if (timeout_ns > 0) turn_ns_ = woke_ns_ = monotonic_ns();
    for (int i = 0; i < count; ++i) {
        const std::uint64_t token = events[i].data.u64;
        if (token == wake_token) {
            run_posted();
            continue;
        }
        const slot& s = slots_[static_cast<std::uint32_t>(token)];
        // The descriptor may have been closed by an earlier event of this batch.
        if (s.generation != token >> 32 || s.watch == nullptr) continue;
        fd_watch& watch = *s.watch;
        const std::uint32_t what = events[i].events;
        if (what & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) watch.readable = true;
        if (what & (EPOLLOUT | EPOLLHUP | EPOLLERR)) watch.writable = true;
        if (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) watch.hung_up = true;
        const std::coroutine_handle<> reader = watch.readable ? watch.reader : nullptr;
        const std::coroutine_handle<> writer = watch.writable ? watch.writer : nullptr;
        if (reader) {
            if (watch.writer == reader) watch.writer = nullptr;
            watch.reader = nullptr;
            reader.resume();
        }
        if (writer && writer != reader) {
            if (watch.reader == writer) watch.reader = nullptr;
            watch.writer = nullptr;
            writer.resume();
        }
    }
    return count > 0;
}

bool reactor::add(fd_watch& watch) {
    CHOPSTICKS_ASSERT(watch.fd >= 0);
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.push_back(slot{nullptr, 1});
    }
    const std::uint32_t index = free_slots_.back();
    slot& s = slots_[index];
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = static_cast<std::uint64_t>(s.generation) << 32 | index;
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, watch.fd, &event) != 0) return false;
    free_slots_.pop_back();
    s.watch = &watch;
    watch.slot = index;
    watch.readable = watch.writable = watch.hung_up = false;
    return true;
}

void reactor::remove(fd_watch& watch) noexcept {
    slot& s = slots_[watch.slot];
    CHOPSTICKS_ASSERT(s.watch == &watch);
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, watch.fd, nullptr);
    s.watch = nullptr;
    // The token's upper half has 32 bits; ~0 would make the token that of the wake descriptor.
    s.generation = s.generation + 1 == 0xffffffff ? 1 : s.generation + 1;
    free_slots_.push_back(watch.slot);
}

void reactor::wake(fd_watch& watch) {
    const std::coroutine_handle<> reader = std::exchange(watch.reader, nullptr);
    const std::coroutine_handle<> writer = std::exchange(watch.writer, nullptr);
    if (reader) make_ready(reader);
    if (writer && writer != reader) make_ready(writer);
}

void reactor::add(deadline& d) {
    d.position_ = deadlines_.size();
    deadlines_.push_back(&d);
}

void reactor::remove(deadline& d) noexcept {
    CHOPSTICKS_ASSERT(deadlines_[d.position_] == &d);
    deadlines_[d.position_] = deadlines_.back();
    deadlines_[d.position_]->position_ = d.position_;
    deadlines_.pop_back();
}

void reactor::add(pump& p) {
    pumps_.push_back(&p);
}

void reactor::remove(pump& p) noexcept {
    std::erase(pumps_, &p);
}

void reactor::sweep(std::int64_t now) {
    next_sweep_ns_ = now + sweep_ns;
    held_up_.look(now);
    // By index: expired() may add or remove deadlines.
    for (std::size_t i = 0; i < deadlines_.size(); ++i) {
        deadline* d = deadlines_[i];
        if (d->due_ns == 0 || d->due_ns > now) continue;
        d->due_ns = 0;
        d->expired();
    }
}

loop_figures reactor::take_figures() noexcept {
    loop_figures out = figures_;
    const std::int64_t now = monotonic_ns();
    out.total_ns = now - started_ns_;
    held_up_.look(now);
    out.held_up = held_up_.take();
    figures_.longest_ns = 0;
    return out;
}

void reactor::take_lag(lag_figures& out) noexcept {
    out = lag_;
    lag_ = {};
}

}  // namespace chopsticks::runtime
