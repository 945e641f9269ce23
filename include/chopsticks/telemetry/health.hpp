#pragma once
/// \file
/// The generator watched while it works: a thread of its own takes a sample once per interval, and
/// what a span of the run was like is made from the samples in it. No core takes part in it.

#include <chopsticks/stats/histogram.hpp>
#include <chopsticks/telemetry/contention.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <chopsticks/telemetry/snapshot.hpp>
#include <chopsticks/telemetry/tcp.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace chopsticks::telemetry {

/// Wall clock - monotonic clock, nanoseconds: constant but when somebody sets the clock, since the
/// kernel slews both alike. The error is that of the narrowest of a few readings.
std::int64_t read_clock_offset();

/// What to watch.
struct sampler_options {
    std::int64_t interval_ns = 1'000'000'000;
    std::vector<int> cpus;    ///< that the cores are pinned to; empty: any
    std::vector<peer> peers;  ///< the targets
    std::string proc = "/proc";
    std::string sys = "/sys";
    std::function<std::int64_t()> clock_offset = read_clock_offset;
};

/// One interface over one sample.
struct nic_rate {
    double rx_bytes_per_s = 0;
    double tx_bytes_per_s = 0;
    /// Of the line's rate, of the busier direction, as the interface counts its bytes. None where
    /// the interface has no rate (loopback, most virtual ones).
    std::optional<double> utilisation;
};

/// The time from one sample to the next. What the system does not tell is none.
struct health_sample {
    double duration_s = 0;
    std::optional<double> steal_share;  ///< of the host's CPU time, 0 to 1
    std::optional<double> host_busy_share;
    std::optional<double> cpu_mhz;  ///< mean of the cores' CPUs, at the sample's end
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> open_fds;
    std::optional<std::uint64_t> switches_voluntary;  ///< of the process
    std::optional<std::uint64_t> switches_involuntary;
    std::map<std::string, nic_rate> nics;      ///< that lead to the targets
    std::optional<std::uint64_t> connections;  ///< established, towards the targets
    std::optional<std::uint64_t> ports_left;   ///< ephemeral, towards the fullest target
    std::optional<std::uint64_t> retransmits;  ///< of the connections towards the targets
    std::optional<std::int64_t> rtt_p50_ns;    ///< over connections, as the kernel smooths it
    std::optional<std::int64_t> rtt_max_ns;
    std::int64_t clock_step_ns = 0;  ///< how far the wall clock was set
    std::int64_t cost_ns = 0;        ///< CPU time this sample took
};

/// One interface over a span.
struct nic_summary {
    nic_counters moved;
    std::optional<double> speed_bytes_per_s;
    std::optional<double> utilisation_max;  ///< of the samples
    /// Share of the samples, by time, in which it was used for more than the limit given.
    double at_limit_share = 0;
};

/// A span of the run.
struct health_summary {
    change over;  ///< from its begin to its end
    contention cpus;
    std::uint64_t samples = 0;
    std::int64_t cost_ns = 0;      ///< CPU time of all samples
    std::int64_t cost_max_ns = 0;  ///< of the dearest
    std::optional<double> steal_share_max;
    std::optional<double> cpu_mhz_mean;
    std::optional<double> cpu_mhz_min;
    std::optional<std::uint64_t> rss_bytes_max;
    std::optional<std::uint64_t> open_fds_max;
    std::uint64_t fds_limit = 0;
    std::map<std::string, nic_summary> nics;
    std::uint64_t ports_in_all = 0;  ///< of the ephemeral range; 0: unknown
    std::optional<std::uint64_t> ports_left_min;
    std::optional<std::uint64_t> connections_max;
    std::optional<std::uint64_t> retransmits;
    stats::histogram rtt{2};  ///< every connection in every sample counts once
    std::uint64_t clock_steps = 0;
    std::int64_t clock_step_ns = 0;  ///< the greatest, with its sign
};

/// Interfaces that lead to the peers, and what they are made of (the members of a bond, the card
/// under a VLAN). Without peers: all that are hardware.
std::vector<std::string> interfaces_towards(const std::vector<peer>& peers,
                                            const std::string& sys = "/sys");

/// Bytes per second of an interface's line; none where the kernel has none or makes one up (veth).
std::optional<double> line_rate(const std::string& nic, const std::string& sys = "/sys");

/// Adds samples up to a summary. Pure but for the histogram; one thread.
class health_sum {
  public:
    /// `nic_limit`: above this utilisation a sample counts as "at the limit".
    explicit health_sum(double nic_limit) : nic_limit_(nic_limit) {}
    void add(const health_sample& one, const std::vector<std::int64_t>& rtt_ns);
    health_summary take(const change& over);

  private:
    double nic_limit_;
    health_summary sum_;
    double mhz_seconds_ = 0;
    double mhz_over_s_ = 0;
    double seconds_ = 0;
    std::map<std::string, double> at_limit_s_;
};

/// Takes the samples. Any thread may ask it; it never blocks a core.
class health_sampler {
  public:
    explicit health_sampler(const sampler_options& options, double nic_limit = 1.0);
    ~health_sampler();
    health_sampler(const health_sampler&) = delete;
    health_sampler& operator=(const health_sampler&) = delete;

    /// The last sample.
    health_sample latest() const;
    /// A span begins; an earlier one is forgotten.
    void begin();
    /// The span ends: what it was like. Later calls give the same.
    health_summary end();

  private:
    health_sampler(sampler_options options, double nic_limit, const host_description& host);
    void work();
    void sample();
    void look_at_processes(const change& moved, std::int64_t now_ns);
    contention contention_since_begin();

    sampler_options options_;
    double nic_limit_;
    tcp_watch tcp_;
    std::uint64_t ports_in_all_;
    std::vector<std::string> nics_;
    std::map<std::string, double> speeds_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stop_ = false;
    bool within_ = false;
    snapshot previous_;
    snapshot begun_;
    std::int64_t offset_ns_ = 0;
    std::int64_t next_tcp_ns_ = 0;
    std::optional<tcp_state> last_tcp_;
    health_sample latest_;
    health_sum sum_;
    cpu_users processes_;
    cpu_users threads_;
    std::int64_t next_scan_ns_ = 0;
    std::optional<cpu_throttle> throttle_begun_;
    health_summary ended_;
    std::thread thread_;
};

}  // namespace chopsticks::telemetry
