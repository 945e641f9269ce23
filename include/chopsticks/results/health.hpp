#pragma once
/// \file
/// The generator's health as the result tells it. Plain structs, filled by cli; what the system did
/// not tell is none, and null in the document.

#include <chopsticks/results/json.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <chopsticks/stats/run_figures.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::results {

/// One interface towards the targets.
struct nic_health {
    double rx_bytes_per_s = 0;
    double tx_bytes_per_s = 0;
    std::optional<double> line_bytes_per_s;  ///< none: it has no line (loopback, virtual)
    std::optional<double> utilisation;       ///< of the busier direction, mean; 0 to 1
    std::optional<double> utilisation_max;   ///< of one sample
    double at_limit_share = 0;               ///< of the time, over the scenario's limits.line_rate
};

/// What kept the cores from running, and who had the CPUs.
struct held_up_health {
    double share = 0;             ///< of the time of the core that lost most; 0 to 1
    std::int64_t longest_ns = 0;  ///< at once
    std::string by = "nothing";   ///< engine::name(held_up_by)
    stats::cpu_contention cpus;
};

/// A calibration of this very host and build that the run is held against.
struct calibration_use {
    std::string file;
    std::string made;       ///< UTC
    double used_share = 0;  ///< of what the run's cores can do by it; see calibration.hpp
};

/// Over the measure phase.
struct health_figures {
    double connects_per_s = 0;
    double tls_handshakes_per_s = 0;
    stats::histogram loop_turns{2};   ///< lengths of the loops' turns that did something
    stats::histogram loop_timers{2};  ///< from when a sleeper was due to when it was woken
    std::optional<std::uint64_t> connections_max;  ///< towards the targets, of all processes
    std::optional<std::uint64_t> tcp_retransmits;  ///< of these connections
    stats::histogram rtt{2};                       ///< theirs; each counts once per sample
    std::uint64_t ports_in_all = 0;                ///< 0: unknown
    std::optional<std::uint64_t> ports_left_min;
    std::optional<std::uint64_t> open_fds_max;
    std::uint64_t fds_limit = 0;
    std::map<std::string, nic_health> nics;
    held_up_health held_up;
    std::optional<double> steal_share;
    std::optional<double> steal_share_max;
    std::optional<double> host_busy_share;
    std::optional<double> cpu_mhz_mean;
    std::optional<double> cpu_mhz_min;
    std::optional<std::uint64_t> rss_bytes_max;
    std::uint64_t clock_steps = 0;
    std::int64_t clock_step_ns = 0;  ///< the greatest, with its sign
    std::uint64_t samples = 0;
    double sampling_cpu_s = 0;       ///< CPU time that taking them cost
    std::int64_t sample_max_ns = 0;  ///< CPU time of the dearest
    std::optional<calibration_use> calibration;
};

/// Of one interval: the loops' lateness and connections exactly of it, the rest from the last
/// sample that was taken when it ended.
struct interval_health {
    double connects_per_s = 0;
    double tls_handshakes_per_s = 0;
    std::int64_t loop_turn_p99_ns = 0;
    std::int64_t loop_turn_max_ns = 0;
    std::int64_t timer_lag_p99_ns = 0;
    double held_up_share = 0;  ///< of the core that was kept from running most
    std::int64_t held_up_max_ns = 0;
    std::optional<double> steal_share;
    std::optional<double> cpu_mhz;
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> open_fds;
    std::optional<std::uint64_t> switches_voluntary;
    std::optional<std::uint64_t> switches_involuntary;
    std::optional<std::uint64_t> connections;
    std::optional<std::uint64_t> ports_left;
    std::optional<std::uint64_t> tcp_retransmits;
    std::optional<std::int64_t> rtt_p50_ns;
    std::optional<std::int64_t> rtt_max_ns;
    double nic_bytes_per_s = 0;             ///< both directions, all interfaces to the targets
    std::optional<double> nic_utilisation;  ///< of the fullest
    std::int64_t clock_step_ns = 0;
};

json to_json(const health_figures& h);
json to_json(const interval_health& h);

/// One line of at most 79 columns for the screen while a run goes: what is not known, and what does
/// not fit any more, is left out.
std::string format_health(const interval_health& h);

/// The report's line of a result's `health`, without its label: facts separated by commas.
std::string describe_health(const json& health);

}  // namespace chopsticks::results
