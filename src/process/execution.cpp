#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/process/execution.hpp>
#include <cstring>
#include <utility>

namespace chopsticks::process {

namespace {

constexpr std::size_t read_at_once = 256 * 1024;
constexpr std::size_t written_iovecs = 256;
/// Where the system cannot tell of an end it is looked for so often.
constexpr std::int64_t look_every_ns = 5'000'000;

}  // namespace

std::vector<stats::driver_figure> execution_figures::declared() {
    using kind = stats::figure_kind;
    return {
        {"programs", "programs", kind::counter, "programs started, one for each operation"},
        {"programs_killed", "programs", kind::counter,
         "of these, those that were ended: their time was over, or the run was"},
        {"program_cpu", "us", kind::counter,
         "CPU time of programs that have ended, and of what they waited for themselves"},
        {"program_start", "ns", kind::timer,
         "from asking the system for a process until it had become the program (exec): before "
         "service time, in response time"},
        {"program_turn", "ns", kind::timer,
         "how long operations waited because as many programs as may ran: in response time alone"},
    };
}

execution_figures::execution_figures()
    : meters(declared()),
      programs(meters.counter(0)),
      killed(meters.counter(1)),
      cpu(meters.counter(2)),
      starts(meters.timer(3)),
      turns(meters.timer(4)) {}

launcher::launcher(runtime::reactor& loop, std::uint32_t most, execution_figures& figures)
    : loop_(loop),
      most_(most),
      figures_(figures),
      buffer_(read_at_once),
      iovecs_(written_iovecs),
      stamps_(written_iovecs) {}

bool launcher::enter(execution& who) noexcept {
    who.has_place_ = running_ < most_;
    if (who.has_place_) {
        ++running_;
        return true;
    }
    who.next_ = nullptr;
    who.queued_ = true;
    (first_ == nullptr ? first_ : last_->next_) = &who;
    last_ = &who;
    return false;
}

void launcher::leave() noexcept {
    if (first_ == nullptr) {
        --running_;
        return;
    }
    // The place goes to whoever waits longest.
    execution& next = *first_;
    first_ = next.next_;
    next.queued_ = false;
    next.has_place_ = true;
    next.resume();
}

void launcher::forget(execution& who) noexcept {
    execution* before = nullptr;
    for (execution* one = first_; one != &who; one = one->next_)
        before = one;
    (before == nullptr ? first_ : before->next_) = who.next_;
    if (last_ == &who) last_ = before;
    who.queued_ = false;
}

execution::execution(launcher& of) : of_(of) {
    of_.loop_.add(static_cast<runtime::deadline&>(*this));
}

execution::~execution() {
    if (queued_) of_.forget(*this);
    for (runtime::fd_watch* one : {&input_, &output_, &errors_, &process_})
        unwatch(*one);
    of_.loop_.remove(static_cast<runtime::deadline&>(*this));
}

runtime::task<void> execution::perform(std::int64_t until_ns) {
    how = end::none;
    started_ns = first_byte_ns = done_ns = 0;
    output = taken = written_ = 0;
    wait_status = 0;
    killed_ = false;
    kept.clear();
    ended.clear();
    why.clear();
    errors.clear();
    const std::int64_t asked_ns = monotonic_ns();
    due_ns = until_ns;
    if (!of_.enter(*this)) {
        struct awaiter {
            execution* self;
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> who) const noexcept { self->parked_ = who; }
            void await_resume() const noexcept {}
        };
        co_await awaiter{this};  // coroutine-safe: a pointer
    }
    // Its time was over before its turn.
    if (!has_place_) co_return;
    of_.figures_.turns.record(monotonic_ns() - asked_ns);
    if (how == end::none && start()) {
        co_await run();
        reap();
    }
    due_ns = 0;
    if (done_ns == 0) done_ns = monotonic_ns();
    of_.leave();
}

bool execution::start() {
    const std::int64_t asked_ns = monotonic_ns();
    why = child_.start(plan);
    if (why.empty()) {
        // It has become the program by now: until then posix_spawn waits.
        started_ns = monotonic_ns();
        of_.figures_.starts.record(started_ns - asked_ns);
        of_.figures_.programs.add();
        const bool all = watch(output_, child_.output()) && watch(errors_, child_.errors()) &&
                         (child_.process() < 0 || watch(process_, child_.process())) &&
                         (body.bytes == 0 || watch(input_, child_.input()));
        if (body.bytes == 0) child_.close_input();
        if (all) return true;
        why = "its pipes cannot be watched: " + std::string(std::strerror(errno));
        reap();
    }
    how = end::not_started;
    return false;
}

runtime::task<void> execution::run() {
    struct awaiter {
        execution* self;
        bool await_ready() const noexcept { return self->is_ready(); }
        void await_suspend(std::coroutine_handle<> who) const noexcept { self->listen(who); }
        void await_resume() const noexcept { self->listen(nullptr); }
    };
    while (!has_ended()) {
        if (input_.fd >= 0 && input_.writable) write_some();
        bool more = output_.fd >= 0 && output_.readable && read_some();
        if (errors_.readable) {
            const bool whole = errors.read_from(errors_.fd);
            errors_.readable = !whole;
            more = more || !whole;
        }
        if (more) {
            // One that writes without end is not all that the core has to do.
            co_await of_.loop_.yield();
        } else if (process_.fd >= 0) {
            co_await awaiter{this};  // coroutine-safe: a pointer
        } else {
            co_await of_.loop_.sleep_until(monotonic_ns() + look_every_ns);
            output_.readable = errors_.readable = input_.writable = true;
        }
    }
    if (done_ns == 0) done_ns = monotonic_ns();
    // What it leaves behind writes no more; what it wrote itself is in the pipes.
    child_.signal(SIGKILL);
    while (how == end::none && output_.fd >= 0 && read_some())
        co_await of_.loop_.yield();
    errors.read_from(errors_.fd);
    if (how == end::none) how = end::ended;
}

bool execution::has_ended() noexcept {
    return process_.fd >= 0 ? process_.readable : child_.has_ended();
}

bool execution::is_ready() const noexcept {
    return process_.readable || (output_.fd >= 0 && output_.readable) || errors_.readable ||
           (input_.fd >= 0 && input_.writable);
}

/// All that may happen wakes the same coroutine, once.
void execution::listen(std::coroutine_handle<> who) noexcept {
    parked_ = who;
    input_.writer = output_.reader = errors_.reader = process_.reader = who;
}

void execution::resume() noexcept {
    if (!parked_) return;
    const std::coroutine_handle<> who = parked_;
    listen(nullptr);
    of_.loop_.make_ready(who);
}

bool execution::watch(runtime::fd_watch& one, int fd) noexcept {
    one.fd = fd;
    if (of_.loop_.add(one)) return true;
    one.fd = -1;
    return false;
}

void execution::unwatch(runtime::fd_watch& one) noexcept {
    if (one.fd >= 0) of_.loop_.remove(one);
    one = runtime::fd_watch();
}

void execution::write_some() noexcept {
    while (written_ < body.bytes) {
        const auto piece = body.content->gather(body.key, body.offset + written_,
                                                body.bytes - written_, of_.iovecs_, of_.stamps_);
        const ssize_t wrote =
            ::writev(input_.fd, of_.iovecs_.data(), static_cast<int>(piece.iovecs));
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0 && errno == EAGAIN) {
            input_.writable = false;
            return;
        }
        // It reads no more; what it makes of that is its own business.
        if (wrote <= 0) break;
        written_ += static_cast<std::uint64_t>(wrote);
    }
    unwatch(input_);
    child_.close_input();
}

/// False: all that is there was read, or no more is to be.
bool execution::read_some() noexcept {
    for (unsigned pieces = 0; pieces < 8; ++pieces) {
        const ssize_t got = ::read(output_.fd, of_.buffer_.data(), of_.buffer_.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) {
            output_.readable = false;
            return false;
        }
        if (got > 0) take(static_cast<std::size_t>(got));
        if (got > 0 && how != end::too_long) continue;
        unwatch(output_);
        return false;
    }
    return true;
}

void execution::take(std::size_t bytes) noexcept {
    if (first_byte_ns == 0) first_byte_ns = monotonic_ns();
    output += bytes;
    if (reader != nullptr) {
        reader->take({of_.buffer_.data(), bytes});
    } else if (kept.size() < most_kept) {
        kept.append(of_.buffer_.data(), std::min(bytes, most_kept - kept.size()));
    }
    if (output <= most_output + output_excess || how != end::none) return;
    how = end::too_long;
    done_ns = monotonic_ns();
    kill();
}

void execution::kill() noexcept {
    if (!killed_) of_.figures_.killed.add();
    killed_ = true;
    child_.signal(SIGKILL);
}

void execution::reap() noexcept {
    taken = written_ - child_.unread();
    for (runtime::fd_watch* one : {&input_, &output_, &errors_, &process_})
        unwatch(*one);
    ended = child_.kill();
    wait_status = child_.wait_status();
    of_.figures_.cpu.add(static_cast<std::uint64_t>(child_.spent_ns() / 1000));
}

void execution::cancel() noexcept {
    if (how != end::none || due_ns == 0) return;
    how = end::cancelled;
    done_ns = monotonic_ns();
    if (queued_) {
        of_.forget(*this);
        due_ns = 0;
        resume();
    } else if (child_.is_started()) {
        kill();
    }
}

void execution::expired() {
    if (how == end::none) {
        how = end::timed_out;
        done_ns = monotonic_ns();
        if (queued_) {
            of_.forget(*this);
            resume();
        } else if (child_.is_started()) {
            of_.figures_.killed.add();
            killed_ = true;
            child_.signal(SIGTERM);
            due_ns = done_ns + grace_ns;
        }
        return;
    }
    child_.signal(SIGKILL);
}

}  // namespace chopsticks::process
