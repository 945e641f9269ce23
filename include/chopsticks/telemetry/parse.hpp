#pragma once
/// \file
/// Readers of what the kernel tells in text, without I/O: each takes the content of one file and
/// gives what it found, or nothing when the text is not what the kernel writes. Formats: proc(5)
/// and the kernel's Documentation/filesystems/proc.rst. All functions are pure; any thread.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace chopsticks::telemetry {

/// CPU time of a process or thread.
struct cpu_times {
    std::int64_t user_ns = 0;
    std::int64_t system_ns = 0;
};

/// /proc/[pid]/stat or /proc/[pid]/task/[tid]/stat: utime and stime. `ticks_per_s` is
/// sysconf(_SC_CLK_TCK). The command name may hold anything, blanks and parentheses included.
std::optional<cpu_times> parse_task_stat(std::string_view text, long ticks_per_s);

/// Who a line of /proc/[pid]/stat is about.
struct task_identity {
    std::string name;                 ///< the command's, at most 15 characters; no arguments
    std::uint64_t started_ticks = 0;  ///< since boot: with the number it tells a task for good
};
/// The same files: comm and starttime.
std::optional<task_identity> parse_task_identity(std::string_view text);

/// Where a process is among the control groups: /proc/[pid]/cgroup. Paths begin with "/"; empty:
/// not there.
struct cgroup_paths {
    std::string unified;  ///< cgroup v2
    std::string cpu;      ///< the v1 hierarchy of the controller `cpu`
};
cgroup_paths parse_cgroup(std::string_view text);

/// How a control group's CPU quota kept its threads from running, since the group was made.
struct cpu_throttle {
    std::uint64_t periods = 0;  ///< of the quota; 0: there is none
    std::uint64_t throttled_periods = 0;
    std::int64_t throttled_ns = 0;  ///< summed over CPUs
};
/// cpu.stat of cgroup v1 (throttled_time) or v2 (throttled_usec). None where it says nothing of
/// quotas, as that of the root does.
std::optional<cpu_throttle> parse_cpu_stat(std::string_view text);

/// Resident memory of /proc/[pid]/status.
struct memory_use {
    std::uint64_t rss_bytes = 0;      ///< VmRSS
    std::uint64_t rss_max_bytes = 0;  ///< VmHWM
};
std::optional<memory_use> parse_status(std::string_view text);

/// CPU time of the whole host since boot, in ticks: the "cpu" line of /proc/stat.
struct host_cpu {
    std::uint64_t busy = 0;   ///< user, nice, system, irq, softirq
    std::uint64_t idle = 0;   ///< idle, iowait
    std::uint64_t steal = 0;  ///< taken by other guests of the hypervisor
};
std::optional<host_cpu> parse_proc_stat(std::string_view text);

/// One network interface since it came up.
struct nic_counters {
    std::uint64_t rx_bytes = 0;
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_dropped = 0;
    std::uint64_t tx_bytes = 0;
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_dropped = 0;
};
/// /proc/net/dev: interface -> counters. Lines that make no sense are left out.
std::optional<std::map<std::string, nic_counters>> parse_net_dev(std::string_view text);

/// TCP of the network namespace since boot.
struct tcp_counters {
    std::uint64_t segments_out = 0;     ///< Tcp OutSegs
    std::uint64_t retransmits = 0;      ///< Tcp RetransSegs
    std::uint64_t failed_connects = 0;  ///< Tcp AttemptFails
    std::uint64_t resets_in = 0;        ///< Tcp EstabResets
};
/// /proc/net/snmp.
std::optional<tcp_counters> parse_snmp(std::string_view text);

/// One value of a file in the layout of /proc/net/snmp and /proc/net/netstat (a line of names, then
/// a line of values, both behind the same "<table>:"), e.g. ("TcpExt", "TCPTimeouts").
std::optional<std::uint64_t> parse_net_table(std::string_view text, std::string_view table,
                                             std::string_view name);

/// /proc/meminfo: MemTotal in bytes.
std::optional<std::uint64_t> parse_meminfo_total(std::string_view text);

/// /proc/cpuinfo: the first processor's model, from the words different architectures use.
std::optional<std::string> parse_cpu_model(std::string_view text);

/// /proc/cpuinfo: CPU number -> its clock in MHz now, of those that say (x86 does, most ARM do
/// not).
std::map<int, double> parse_cpu_mhz(std::string_view text);

/// /proc/sys/net/ipv4/ip_local_port_range: first and last ephemeral port.
std::optional<std::array<unsigned, 2>> parse_port_range(std::string_view text);

}  // namespace chopsticks::telemetry
