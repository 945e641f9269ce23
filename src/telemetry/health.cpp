#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/telemetry/health.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cmath>
#include <cstdlib>

#include <chopsticks/telemetry/read_text.hpp>

namespace chopsticks::telemetry {

namespace {

/// The wall clock cannot be read at the same moment as the monotonic one; what is below this is
/// that, and not a step.
constexpr std::int64_t step_floor_ns = 1'000'000;
/// Looking at the sockets may take this share of a CPU; with very many of them it is done less
/// often than once per sample.
constexpr std::int64_t tcp_cost_divisor = 100;
/// And so may looking at the host's processes, which is done only while others use this much of one
/// CPU: where nobody does, there is nobody to name.
constexpr double others_floor = 0.1;
constexpr std::size_t users_named = 3;

/// Mean clock of the CPUs, from cpufreq or, where there is none, from /proc/cpuinfo.
std::optional<double> read_mhz(const sampler_options& o) {
    double sum = 0;
    std::size_t found = 0;
    for (const int cpu : o.cpus) {
        const auto khz = read_text(o.sys + "/devices/system/cpu/cpu" + std::to_string(cpu) +
                                   "/cpufreq/scaling_cur_freq");
        const double value = khz ? std::strtod(khz->c_str(), nullptr) : 0;
        if (value <= 0) continue;
        sum += value / 1000;
        ++found;
    }
    if (found == 0) {
        const auto text = read_text(o.proc + "/cpuinfo");
        if (!text) return std::nullopt;
        for (const auto& [cpu, mhz] : parse_cpu_mhz(*text)) {
            if (!o.cpus.empty() && std::find(o.cpus.begin(), o.cpus.end(), cpu) == o.cpus.end()) {
                continue;
            }
            sum += mhz;
            ++found;
        }
    }
    if (found == 0) return std::nullopt;
    return sum / static_cast<double>(found);
}

template <typename T>
void keep_max(std::optional<T>& most, const std::optional<T>& value) {
    if (value && (!most || *value > *most)) most = value;
}

template <typename T>
void keep_min(std::optional<T>& least, const std::optional<T>& value) {
    if (value && (!least || *value < *least)) least = value;
}

}  // namespace

std::int64_t read_clock_offset() {
    std::int64_t best = 0;
    std::int64_t narrowest = INT64_MAX;
    for (int i = 0; i < 5; ++i) {
        const std::int64_t before = monotonic_ns();
        const std::int64_t wall = wall_ns();
        const std::int64_t after = monotonic_ns();
        if (after - before >= narrowest) continue;
        narrowest = after - before;
        best = wall - (before + narrowest / 2);
    }
    return best;
}

void health_sum::add(const health_sample& one, const std::vector<std::int64_t>& rtt_ns) {
    ++sum_.samples;
    sum_.cost_ns += one.cost_ns;
    sum_.cost_max_ns = std::max(sum_.cost_max_ns, one.cost_ns);
    seconds_ += one.duration_s;
    keep_max(sum_.steal_share_max, one.steal_share);
    keep_min(sum_.cpu_mhz_min, one.cpu_mhz);
    if (one.cpu_mhz) {
        mhz_seconds_ += *one.cpu_mhz * one.duration_s;
        mhz_over_s_ += one.duration_s;
    }
    keep_max(sum_.rss_bytes_max, one.rss_bytes);
    keep_max(sum_.open_fds_max, one.open_fds);
    keep_min(sum_.ports_left_min, one.ports_left);
    keep_max(sum_.connections_max, one.connections);
    if (one.retransmits) sum_.retransmits = sum_.retransmits.value_or(0) + *one.retransmits;
    for (const std::int64_t rtt : rtt_ns)
        sum_.rtt.record(rtt);
    for (const auto& [name, rate] : one.nics) {
        nic_summary& nic = sum_.nics[name];
        keep_max(nic.utilisation_max, rate.utilisation);
        if (rate.utilisation.value_or(0) > nic_limit_) at_limit_s_[name] += one.duration_s;
    }
    if (std::abs(one.clock_step_ns) >= step_floor_ns) {
        ++sum_.clock_steps;
        if (std::abs(one.clock_step_ns) > std::abs(sum_.clock_step_ns)) {
            sum_.clock_step_ns = one.clock_step_ns;
        }
    }
}

health_summary health_sum::take(const change& over) {
    health_summary out = std::move(sum_);
    out.over = over;
    if (mhz_over_s_ > 0) out.cpu_mhz_mean = mhz_seconds_ / mhz_over_s_;
    for (auto& [name, nic] : out.nics) {
        const auto moved = over.nics.find(name);
        if (moved != over.nics.end()) nic.moved = moved->second;
        if (seconds_ > 0) nic.at_limit_share = at_limit_s_[name] / seconds_;
    }
    return out;
}

health_sampler::health_sampler(const sampler_options& options, double nic_limit)
    : health_sampler(options, nic_limit, describe_host(options.proc, options.sys)) {}

health_sampler::health_sampler(sampler_options options, double nic_limit,
                               const host_description& host)
    : options_(std::move(options)),
      nic_limit_(nic_limit),
      tcp_(options_.peers, host.port_first, host.port_last),
      ports_in_all_(host.port_last > 0 ? host.port_last - host.port_first + 1 : 0),
      nics_(interfaces_towards(options_.peers, options_.sys)),
      sum_(nic_limit),
      processes_(::getpid()) {
    for (const std::string& nic : nics_) {
        if (const auto speed = line_rate(nic, options_.sys)) speeds_[nic] = *speed;
    }
    offset_ns_ = options_.clock_offset();
    previous_ = take({{}, options_.proc});
    last_tcp_ = tcp_.look();
    thread_ = std::thread([this] { work(); });
}

health_sampler::~health_sampler() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void health_sampler::work() {
    ::pthread_setname_np(::pthread_self(), "sampler");
    std::unique_lock lock(mutex_);
    std::int64_t due_ns = monotonic_ns() + options_.interval_ns;
    for (;;) {
        const auto left = std::chrono::nanoseconds(due_ns - monotonic_ns());
        if (wake_.wait_for(lock, left, [this] { return stop_; })) return;
        sample();
        due_ns = std::max(due_ns + options_.interval_ns, monotonic_ns());
    }
}

void health_sampler::sample() {
    const std::int64_t cpu_before = thread_cpu_ns(::pthread_self()).value_or(0);
    health_sample one;
    const std::int64_t offset = options_.clock_offset();
    one.clock_step_ns = offset - offset_ns_;
    offset_ns_ = offset;
    snapshot now = take({{}, options_.proc});
    const change moved = difference(previous_, now);
    one.duration_s = moved.duration_s;
    one.steal_share = moved.host_steal_share;
    one.host_busy_share = moved.host_busy_share;
    one.rss_bytes = now.rss_bytes;
    one.open_fds = now.open_fds;
    one.switches_voluntary = moved.switches_voluntary;
    one.switches_involuntary = moved.switches_involuntary;
    one.cpu_mhz = read_mhz(options_);
    for (const std::string& name : nics_) {
        const auto nic = moved.nics.find(name);
        if (nic == moved.nics.end() || moved.duration_s <= 0) continue;
        nic_rate rate;
        rate.rx_bytes_per_s = static_cast<double>(nic->second.rx_bytes) / moved.duration_s;
        rate.tx_bytes_per_s = static_cast<double>(nic->second.tx_bytes) / moved.duration_s;
        if (const auto speed = speeds_.find(name); speed != speeds_.end()) {
            rate.utilisation = std::max(rate.rx_bytes_per_s, rate.tx_bytes_per_s) / speed->second;
        }
        one.nics[name] = rate;
    }
    bool looked = false;
    if (now.at_ns >= next_tcp_ns_) {
        const std::int64_t before = thread_cpu_ns(::pthread_self()).value_or(0);
        last_tcp_ = tcp_.look();
        looked = last_tcp_.has_value();
        const std::int64_t cost = thread_cpu_ns(::pthread_self()).value_or(0) - before;
        next_tcp_ns_ = now.at_ns + cost * tcp_cost_divisor;
    }
    if (last_tcp_) {
        one.connections = last_tcp_->established;
        if (ports_in_all_ > 0) {
            one.ports_left = ports_in_all_ - std::min(ports_in_all_, last_tcp_->ports_used);
        }
        if (looked) one.retransmits = last_tcp_->retransmits;
        std::vector<std::int64_t>& rtt = last_tcp_->rtt_ns;
        if (!rtt.empty()) {
            const auto middle = rtt.begin() + static_cast<std::ptrdiff_t>(rtt.size() / 2);
            std::nth_element(rtt.begin(), middle, rtt.end());
            one.rtt_p50_ns = *middle;
            one.rtt_max_ns = *std::max_element(rtt.begin(), rtt.end());
        }
    }
    look_at_processes(moved, now.at_ns);
    previous_ = std::move(now);
    one.cost_ns = thread_cpu_ns(::pthread_self()).value_or(0) - cpu_before;
    if (within_) {
        static const std::vector<std::int64_t> none;
        sum_.add(one, looked ? last_tcp_->rtt_ns : none);
    }
    latest_ = std::move(one);
}

/// The processes of the host, where others than this one use its CPUs.
void health_sampler::look_at_processes(const change& moved, std::int64_t now_ns) {
    if (now_ns < next_scan_ns_ || !moved.host_busy_s || !moved.cpu_user_s) return;
    const double others_s = *moved.host_busy_s - *moved.cpu_user_s - *moved.cpu_system_s;
    if (others_s < others_floor * moved.duration_s) return;
    const std::int64_t before = thread_cpu_ns(::pthread_self()).value_or(0);
    processes_.look(read_tasks(options_.proc));
    const std::int64_t cost = thread_cpu_ns(::pthread_self()).value_or(0) - before;
    next_scan_ns_ = now_ns + cost * tcp_cost_divisor;
}

contention health_sampler::contention_since_begin() {
    contention out;
    const change over = difference(begun_, previous_);
    out.host_busy_s = over.host_busy_s;
    if (over.cpu_user_s) out.process_s = *over.cpu_user_s + *over.cpu_system_s;
    threads_.look(read_tasks(options_.proc + "/self/task"));
    out.threads = threads_.top(users_named);
    if (processes_.has_looked()) processes_.look(read_tasks(options_.proc));
    out.processes = processes_.top(users_named);
    const auto now = read_throttle(options_.proc, options_.sys);
    if (now && throttle_begun_ && now->throttled_ns >= throttle_begun_->throttled_ns) {
        out.throttled = cpu_throttle{now->periods - throttle_begun_->periods,
                                     now->throttled_periods - throttle_begun_->throttled_periods,
                                     now->throttled_ns - throttle_begun_->throttled_ns};
    }
    return out;
}

health_sample health_sampler::latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
}

void health_sampler::begin() {
    const std::lock_guard lock(mutex_);
    next_scan_ns_ = 0;
    processes_.forget();
    threads_.forget();
    sample();  // what came before the span ends here
    threads_.look(read_tasks(options_.proc + "/self/task"));
    throttle_begun_ = read_throttle(options_.proc, options_.sys);
    begun_ = previous_;
    sum_ = health_sum(nic_limit_);
    within_ = true;
}

health_summary health_sampler::end() {
    const std::lock_guard lock(mutex_);
    if (!within_) return ended_;
    sample();
    within_ = false;
    ended_ = sum_.take(difference(begun_, previous_));
    ended_.cpus = contention_since_begin();
    ended_.ports_in_all = ports_in_all_;
    ended_.fds_limit = current_descriptor_limit().soft;
    for (auto& [name, nic] : ended_.nics) {
        if (const auto speed = speeds_.find(name); speed != speeds_.end()) {
            nic.speed_bytes_per_s = speed->second;
        }
    }
    return ended_;
}

}  // namespace chopsticks::telemetry
