#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/telemetry/snapshot.hpp>

#include <chopsticks/telemetry/read_text.hpp>

namespace chopsticks::telemetry {

namespace {

std::int64_t to_ns(const timeval& t) {
    return t.tv_sec * 1'000'000'000LL + t.tv_usec * 1'000LL;
}

/// Entries of /proc/self/fd without the one that counting itself opens.
std::optional<std::uint64_t> count_descriptors(const std::string& path) {
    // Since Linux 6.2 the directory's size is their number, and thousands need not be listed.
    struct stat about{};
    if (::stat(path.c_str(), &about) == 0 && about.st_size > 0) {
        return static_cast<std::uint64_t>(about.st_size);
    }
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return std::nullopt;
    std::uint64_t entries = 0;
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] != '.') ++entries;
    }
    ::closedir(directory);
    return entries > 0 ? entries - 1 : 0;
}

template <typename Parsed>
std::optional<Parsed> read_and(std::optional<Parsed> (*parse)(std::string_view),
                               const std::string& path) {
    const auto text = read_text(path);
    if (!text) return std::nullopt;
    return parse(*text);
}

/// later - earlier, none when either is unknown or the counter went back.
template <typename Number>
std::optional<Number> minus(const std::optional<Number>& later,
                            const std::optional<Number>& earlier) {
    if (!later || !earlier || *later < *earlier) return std::nullopt;
    return *later - *earlier;
}

std::optional<nic_counters> minus(const nic_counters& later, const nic_counters& earlier) {
    if (later.rx_bytes < earlier.rx_bytes || later.tx_bytes < earlier.tx_bytes ||
        later.rx_packets < earlier.rx_packets || later.tx_packets < earlier.tx_packets ||
        later.rx_dropped < earlier.rx_dropped || later.tx_dropped < earlier.tx_dropped) {
        return std::nullopt;
    }
    return nic_counters{
        later.rx_bytes - earlier.rx_bytes,     later.rx_packets - earlier.rx_packets,
        later.rx_dropped - earlier.rx_dropped, later.tx_bytes - earlier.tx_bytes,
        later.tx_packets - earlier.tx_packets, later.tx_dropped - earlier.tx_dropped};
}

void compare_hosts(const host_cpu& earlier, const host_cpu& later, change& out) {
    // Idle and steal may go back by a few ticks when a CPU goes offline (proc(5) says so of
    // iowait).
    if (later.busy < earlier.busy || later.idle < earlier.idle || later.steal < earlier.steal)
        return;
    const auto busy = static_cast<double>(later.busy - earlier.busy);
    const auto steal = static_cast<double>(later.steal - earlier.steal);
    const double all = busy + steal + static_cast<double>(later.idle - earlier.idle);
    if (all <= 0) return;
    static const auto ticks_per_s = static_cast<double>(::sysconf(_SC_CLK_TCK));
    out.host_busy_s = busy / ticks_per_s;
    out.host_steal_s = steal / ticks_per_s;
    out.host_busy_share = busy / all;
    out.host_steal_share = steal / all;
}

}  // namespace

std::optional<std::int64_t> thread_cpu_ns(pthread_t thread) noexcept {
    clockid_t clock;
    timespec used;
    if (::pthread_getcpuclockid(thread, &clock) != 0) return std::nullopt;
    if (::clock_gettime(clock, &used) != 0) return std::nullopt;
    return used.tv_sec * 1'000'000'000LL + used.tv_nsec;
}

snapshot take(const sources& from) {
    snapshot out;
    out.at_ns = monotonic_ns();
    // First what is compared with the time: the rest of the reading takes its own time.
    out.threads_ns.reserve(from.threads.size());
    for (const pthread_t thread : from.threads)
        out.threads_ns.push_back(thread_cpu_ns(thread));
    rusage used;
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        out.process = cpu_times{to_ns(used.ru_utime), to_ns(used.ru_stime)};
        // /proc/self/status counts the switches of the main thread alone; these are of all threads.
        out.switches_voluntary = static_cast<std::uint64_t>(used.ru_nvcsw);
        out.switches_involuntary = static_cast<std::uint64_t>(used.ru_nivcsw);
        out.rss_max_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    }
    out.host = read_and(&parse_proc_stat, from.proc + "/stat");
    out.nics = read_and(&parse_net_dev, from.proc + "/net/dev");
    out.tcp = read_and(&parse_snmp, from.proc + "/net/snmp");
    if (const auto memory = read_and(&parse_status, from.proc + "/self/status")) {
        out.rss_bytes = memory->rss_bytes;
        out.rss_max_bytes = memory->rss_max_bytes;
    }
    out.open_fds = count_descriptors(from.proc + "/self/fd");
    return out;
}

change difference(const snapshot& earlier, const snapshot& later) {
    change out;
    const std::int64_t wall_ns = later.at_ns - earlier.at_ns;
    out.duration_s = static_cast<double>(wall_ns) / 1e9;
    if (earlier.process && later.process) {
        const auto user_ns = later.process->user_ns - earlier.process->user_ns;
        const auto system_ns = later.process->system_ns - earlier.process->system_ns;
        // The kernel scales the two so that their sum is right; either may step back by a tick.
        out.cpu_user_s = static_cast<double>(std::max<std::int64_t>(user_ns, 0)) / 1e9;
        out.cpu_system_s = static_cast<double>(std::max<std::int64_t>(system_ns, 0)) / 1e9;
    }
    out.threads_busy.resize(later.threads_ns.size());
    for (std::size_t i = 0; i < later.threads_ns.size(); ++i) {
        if (i >= earlier.threads_ns.size() || wall_ns <= 0) continue;
        const auto used_ns = minus(later.threads_ns[i], earlier.threads_ns[i]);
        if (!used_ns) continue;
        out.threads_busy[i] =
            std::min(1.0, static_cast<double>(*used_ns) / static_cast<double>(wall_ns));
    }
    out.rss_max_bytes = later.rss_max_bytes;
    out.open_fds = later.open_fds;
    if (earlier.open_fds && (!out.open_fds || *out.open_fds < *earlier.open_fds)) {
        out.open_fds = earlier.open_fds;
    }
    out.switches_voluntary = minus(later.switches_voluntary, earlier.switches_voluntary);
    out.switches_involuntary = minus(later.switches_involuntary, earlier.switches_involuntary);
    if (earlier.host && later.host) compare_hosts(*earlier.host, *later.host, out);
    if (earlier.nics && later.nics) {
        for (const auto& [name, counters] : *later.nics) {
            const auto before = earlier.nics->find(name);
            if (before == earlier.nics->end()) continue;
            if (const auto moved = minus(counters, before->second)) out.nics[name] = *moved;
        }
    }
    if (earlier.tcp && later.tcp) {
        const std::optional<std::uint64_t> before = earlier.tcp->retransmits;
        const std::optional<std::uint64_t> out_before = earlier.tcp->segments_out;
        out.tcp_retransmits = minus<std::uint64_t>(later.tcp->retransmits, before);
        out.tcp_segments_out = minus<std::uint64_t>(later.tcp->segments_out, out_before);
    }
    return out;
}

}  // namespace chopsticks::telemetry
