#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/process/program.hpp>
#include <cstring>

namespace chopsticks::process {

namespace {

constexpr std::size_t heard_bytes = 256 * 1024;
constexpr std::size_t told_iovecs = 256;

/// Between two starts: doubled for each that came to nothing.
constexpr std::int64_t first_pause_ns = 100'000'000;
constexpr std::int64_t longest_pause_ns = 5'000'000'000;
/// From when its output has ended until it has: interpreters close it before they are done.
constexpr std::int64_t last_words_ns = 1'000'000'000;
constexpr std::int64_t cpu_every_ns = 1'000'000'000;
/// Beyond the time-out of an operation that nobody waits for any more.
constexpr std::int64_t least_patience_ns = 5'000'000'000;

std::unique_ptr<runtime::task<void>> started(runtime::task<void> work) {
    auto out = std::make_unique<runtime::task<void>>(std::move(work));
    out->await_suspend(std::noop_coroutine()).resume();
    return out;
}

}  // namespace

std::vector<stats::driver_figure> program_figures::declared(const greeting& of) {
    using kind = stats::figure_kind;
    std::vector<stats::driver_figure> out = {
        {"program_starts", "starts", kind::counter,
         "of the driver's programs beyond the first of each: they had ended, or were ended"},
        {"program_cpu", "us", kind::counter,
         "CPU time of the driver's programs, looked at each second"},
    };
    out.insert(out.end(), of.figures.begin(), of.figures.end());
    return out;
}

program_figures::program_figures(const std::vector<stats::driver_figure>& all)
    : meters(all), starts(meters.counter(0)), cpu(meters.counter(1)) {
    for (std::size_t i = 2; i < all.size(); ++i) {
        const bool gauge = all[i].kind == stats::figure_kind::gauge;
        counters.push_back(gauge ? nullptr : &meters.counter(i));
        gauges.push_back(gauge ? &meters.gauge(i) : nullptr);
    }
}

program::program(runtime::reactor& loop, const program_plan& plan, program_figures& figures)
    : loop_(loop),
      plan_(plan),
      figures_(figures),
      buffer_(heard_bytes),
      iovecs_(told_iovecs),
      stamps_(told_iovecs) {
    lines_.reserve(2 * most_line_bytes);
    loop_.add(static_cast<runtime::deadline&>(*this));
    due_ns = 1;
}

program::~program() {
    close_input();
    child_.wait(monotonic_ns() + end_grace_ns);
    child_.kill();
    loop_.remove(static_cast<runtime::deadline&>(*this));
}

void program::start() {
    open();
    living_ = started(live());
    writing_ = started(write_out());
}

void program::wait_for_words() const noexcept {
    if (open_ && !ready_) wait_for(child_.output(), POLLIN, ready_by_ns_);
}

void program::close_input() noexcept {
    close();
    child_.close_input();
}

bool program::open() {
    breach_.clear();
    dead_ = ready_ = false;
    deaf_ns_ = 0;
    filled_ = 0;
    body_left_ = 0;
    body_of_ = no_slot;
    told_.assign(plan_.expected.figures.size(), 0);
    errors_.clear();
    cpu_ns_ = 0;
    ready_by_ns_ = monotonic_ns() + plan_.start_ns;
    breach_ = child_.start(plan_.child);
    if (!breach_.empty()) return false;
    input_.fd = child_.input();
    output_.fd = child_.output();
    if (!loop_.add(input_)) {
        breach_ = "its pipes cannot be watched: " + std::string(std::strerror(errno));
        return false;
    }
    if (!loop_.add(output_)) {
        loop_.remove(input_);
        breach_ = "its pipes cannot be watched: " + std::string(std::strerror(errno));
        return false;
    }
    open_ = true;
    // An empty pipe has room for it. Who has ended already is found out by its output.
    const ssize_t wrote = ::write(input_.fd, plan_.hello.data(), plan_.hello.size());
    if (wrote >= 0 && static_cast<std::size_t>(wrote) < plan_.hello.size()) {
        breach_ = "it did not take its first line";
    }
    return true;
}

void program::close() noexcept {
    if (!open_) return;
    open_ = ready_ = false;
    // Whoever is in the middle of a line to it sees that there is nobody any more.
    loop_.wake(input_);
    loop_.remove(input_);
    loop_.remove(output_);
}

runtime::task<void> program::live() {
    while (true) {
        if (open_) co_await hear();
        co_await end_of_process();
        count_cpu();
        errors_.read_from(child_.errors());
        close();
        const bool broken = !breach_.empty();
        const std::string ended = child_.kill();
        std::string why = "the driver program: " + (broken ? breach_ : ended);
        const std::string line = errors_.last_line(plan_.secrets);
        if (!line.empty()) why += ": " + line;
        forget_levels();
        end_all(broken ? call::end::broken : call::end::lost, why);
        if (starts_ == plan_.restarts) {
            gone_ = why + " (started " + std::to_string(starts_ + 1) + " times, and no more)";
            while (first_ != no_slot) {
                call& waiting = *slots_[first_].who;
                waiting.why = gone_;
                release(first_);
                waiting.finish(call::end::gone);
            }
            co_return;
        }
        const std::int64_t pause_ns =
            std::min(first_pause_ns << std::min(fruitless_, 6U), longest_pause_ns);
        ++fruitless_;
        const std::int64_t until_ns = monotonic_ns() + pause_ns;
        while (monotonic_ns() < until_ns)
            co_await loop_.sleep_until(until_ns);
        ++starts_;
        figures_.starts.add();
        open();
    }
}

runtime::task<void> program::hear() {
    for (unsigned pieces = 0; breach_.empty();) {
        const std::size_t room = buffer_.size() - filled_;
        const ssize_t got = ::read(output_.fd, buffer_.data() + filled_, room);
        if (got == 0) co_return;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno != EAGAIN) {
            breach_ = "its output cannot be read: " + std::string(std::strerror(errno));
            co_return;
        }
        if (got > 0) {
            filled_ += static_cast<std::size_t>(got);
            if (!consume()) co_return;
            // One that writes without end is not all that the core has to do.
            if (++pieces % 8 == 0) co_await loop_.yield();
            if (static_cast<std::size_t>(got) == room || output_.hung_up) continue;
        }
        output_.readable = false;
        if (dead_ && got < 0) co_return;
        if (!dead_) co_await loop_.readable(output_);
    }
}

runtime::task<void> program::end_of_process() {
    if (!child_.is_started() || !breach_.empty()) co_return;
    const std::int64_t until_ns = monotonic_ns() + last_words_ns;
    while (!child_.has_ended()) {
        const std::int64_t now_ns = monotonic_ns();
        if (now_ns >= until_ns) {
            breach_ = "it closed its standard output and went on";
            co_return;
        }
        co_await loop_.sleep_until(now_ns + 5'000'000);
    }
}

void program::break_off(std::string why) noexcept {
    if (!breach_.empty() || !open_) return;
    breach_ = std::move(why);
    loop_.wake(output_);
}

void program::expired() {
    due_ns = 1;
    const std::int64_t now_ns = monotonic_ns();
    errors_.read_from(child_.errors());
    if (!open_) return;
    if (!dead_ && child_.has_ended()) {
        dead_ = true;
        loop_.wake(output_);
    }
    if (!ready_ && deaf_ns_ == 0 && now_ns > ready_by_ns_) {
        break_off("it was not ready " + format_duration(plan_.start_ns) + " after its start");
    }
    // Of one that has closed its input nobody may ever ask anything: the pipe tells.
    if (deaf_ns_ == 0 && input_.hung_up) deaf_ns_ = now_ns;
    if (deaf_ns_ != 0 && now_ns > deaf_ns_ + last_words_ns) {
        break_off("it closed its standard input and went on");
    }
    look_at_overdue(now_ns);
    if (now_ns - cpu_asked_ns_ >= cpu_every_ns) {
        cpu_asked_ns_ = now_ns;
        count_cpu();
    }
}

void program::look_at_overdue(std::int64_t now_ns) noexcept {
    if (abandoned_ == 0) return;
    for (const slot& s : slots_) {
        if (s.is != slot::state::abandoned || s.answer_by_ns > now_ns) continue;
        break_off("it did not answer an operation within twice its time-out");
        return;
    }
}

void program::count_cpu() noexcept {
    const std::int64_t now_ns = child_.cpu_ns();
    if (now_ns <= cpu_ns_) return;
    // Whole microseconds; the rest is for the next time.
    const std::int64_t us = (now_ns - cpu_ns_) / 1000;
    figures_.cpu.add(static_cast<std::uint64_t>(us));
    cpu_ns_ += us * 1000;
}

void program::forget_levels() noexcept {
    for (std::size_t i = 0; i < told_.size(); ++i) {
        if (figures_.gauges[i] != nullptr && told_[i] != 0) figures_.gauges[i]->add(-told_[i]);
        told_[i] = 0;
    }
}

void program::begin(call& c) {
    if (!gone_.empty()) {
        c.why = gone_;
        c.finish(call::end::gone);
        return;
    }
    if (unused_.empty()) {
        CHOPSTICKS_ASSERT(slots_.size() < most_slots);
        unused_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    const std::uint32_t index = unused_.back();
    unused_.pop_back();
    slot& s = slots_[index];
    s.who = &c;
    s.most_body = c.most_body;
    ++s.generation;
    s.is = slot::state::queued;
    s.before = last_;
    s.next = no_slot;
    (last_ == no_slot ? first_ : slots_[last_].next) = index;
    last_ = index;
    c.slot_ = index;
    kick();
}

void program::unlink(std::uint32_t index) noexcept {
    const slot& s = slots_[index];
    (s.before == no_slot ? first_ : slots_[s.before].next) = s.next;
    (s.next == no_slot ? last_ : slots_[s.next].before) = s.before;
}

void program::give_up(call& c, call::end as) noexcept {
    slot& s = slots_[c.slot_];
    s.who = nullptr;
    if (s.is == slot::state::queued) {
        release(c.slot_);
    } else {
        s.is = slot::state::abandoned;
        s.answer_by_ns = monotonic_ns() + std::max(plan_.operation_ns, least_patience_ns);
        ++abandoned_;
    }
    c.finish(as);
}

void program::release(std::uint32_t index) noexcept {
    slot& s = slots_[index];
    if (s.is == slot::state::queued) {
        unlink(index);
    } else {
        if (s.is == slot::state::abandoned) --abandoned_;
        --under_way_;
        kick();
    }
    s.is = slot::state::free;
    s.who = nullptr;
    unused_.push_back(index);
}

void program::end_all(call::end as, const std::string& why) noexcept {
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
        slot& s = slots_[index];
        if (s.is == slot::state::free || s.is == slot::state::queued) continue;
        call* const who = s.who;
        release(index);
        if (who == nullptr) continue;
        who->why = why;
        who->finish(as);
    }
}

}  // namespace chopsticks::process
