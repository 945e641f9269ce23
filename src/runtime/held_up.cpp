#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/runtime/held_up.hpp>

namespace chopsticks::runtime {

namespace {

constexpr std::int64_t stopped_floor_ns = 2'000'000;
constexpr std::int64_t wake_up_ns = 20'000;

}  // namespace

std::optional<sched_times> parse_schedstat(std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    sched_times out;
    const auto ran = std::from_chars(text.data(), end, out.ran_ns);
    if (ran.ec != std::errc{} || ran.ptr == end || *ran.ptr != ' ') return std::nullopt;
    const auto queued = std::from_chars(ran.ptr + 1, end, out.queued_ns);
    if (queued.ec != std::errc{} || queued.ptr == end || *queued.ptr != ' ') return std::nullopt;
    const auto slices = std::from_chars(queued.ptr + 1, end, out.slices);
    if (slices.ec != std::errc{}) return std::nullopt;
    return out;
}

held_up_figures judge(const stretch& s) noexcept {
    held_up_figures out;
    const std::int64_t queued_ns = std::max<std::int64_t>(s.queued_ns.value_or(0), 0);
    out.queued_ns = std::max<std::int64_t>(queued_ns - s.slices * wake_up_ns, 0);
    // Some of the time in the queue may have been part of a sleep that an event ended: what is
    // stopped for is rather told too short than too long.
    const std::int64_t beyond = s.wall_ns - s.waited_ns - s.cpu_ns - queued_ns;
    if (beyond >= stopped_floor_ns) out.stopped_ns = beyond;
    out.longest_ns = out.lost_ns();
    return out;
}

held_up_watch::~held_up_watch() {
    if (schedstat_ >= 0) ::close(schedstat_);
}

void held_up_watch::begin(std::int64_t now_ns) noexcept {
    schedstat_ = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    looked_ns_ = now_ns;
    waited_ns_ = 0;
    cpu_ns_ = thread_cpu_ns();
    times_ = read_times();
}

void held_up_watch::look(std::int64_t now_ns) noexcept {
    const std::int64_t cpu_ns = thread_cpu_ns();
    const std::optional<sched_times> times = read_times();
    stretch s;
    s.wall_ns = now_ns - looked_ns_;
    s.waited_ns = waited_ns_;
    s.cpu_ns = cpu_ns - cpu_ns_;
    if (times && times_) {
        s.queued_ns = times->queued_ns - times_->queued_ns;
        s.slices = times->slices - times_->slices;
    }
    const held_up_figures lost = judge(s);
    figures_.add(lost);
    looked_ns_ = now_ns;
    waited_ns_ = 0;
    cpu_ns_ = cpu_ns;
    times_ = times;
}

held_up_figures held_up_watch::take() noexcept {
    held_up_figures out = figures_;
    figures_.longest_ns = 0;
    return out;
}

std::optional<sched_times> held_up_watch::read_times() const noexcept {
    if (schedstat_ < 0) return std::nullopt;
    char text[96];
    const ssize_t length = ::pread(schedstat_, text, sizeof text, 0);
    if (length <= 0) return std::nullopt;
    return parse_schedstat({text, static_cast<std::size_t>(length)});
}

}  // namespace chopsticks::runtime
