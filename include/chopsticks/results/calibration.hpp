#pragma once
/// \file
/// What a machine can generate, as `chopsticks calibrate` found it, and what share of that a run
/// used.

#include <chopsticks/results/document.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::results {

/// One core under one kind of operation for a while.
struct calibrated_load {
    std::uint64_t object_bytes = 0;
    double ops_per_s = 0;
    double bytes_per_s = 0;
    double busy_share = 0;  ///< of the core; below 1 the endpoint was the limit
    std::uint64_t operations = 0;
    std::int64_t busy_ns = 0;

    /// What the core would do if it were busy all the time.
    double full_ops_per_s() const noexcept {
        return busy_ns > 0 ? static_cast<double>(operations) * 1e9 / static_cast<double>(busy_ns)
                           : 0;
    }
    double ns_per_operation() const noexcept {
        const double rate = full_ops_per_s();
        return rate > 0 ? 1e9 / rate : 0;
    }
};

/// A small and a large object: the cost of a request and that of a byte follow.
struct calibrated_operation {
    calibrated_load small;
    calibrated_load large;

    double ns_per_byte() const noexcept;
    double ns_per_request() const noexcept;
};

struct calibrated_timer {
    std::string idle;  ///< spin, hybrid, sleep
    stats::histogram lag{2};
};

struct calibrated_rate {
    double rate_per_s = 0;
    double achieved = 0;  ///< issued / due
    stats::histogram lag{2};
};

struct calibration {
    std::int64_t made_ns = 0;  ///< wall clock
    results::environment where;
    double held_up_share = 0;      ///< of a core's time, in the trial that lost most; accepted
    calibrated_load dummy;         ///< one core
    unsigned cores = 1;            ///< of the next
    double dummy_cores_per_s = 0;  ///< operations per second of all cores at once
    calibrated_operation get;
    calibrated_operation put;
    std::vector<calibrated_timer> timers;
    std::vector<calibrated_rate> rates;
};

json to_json(const calibration& c);

/// At most 79 columns.
std::string render_calibration(const json& document);

/// $XDG_CACHE_HOME/chopsticks/calibration.json, or below ~/.cache; empty where neither is known.
std::string default_calibration_path();

/// Writes it to `path`, whose directories are made. Empty, or what failed.
std::string write_calibration(const std::string& path, const calibration& c);

/// What share of the generator's power the run used, by the calibration in `path`: the time that
/// its operations cost there, per request and per byte, of the time its cores had. None where there
/// is no calibration, it is of another host, kernel, CPU, version or build, or it knows nothing of
/// what the run did (TLS, hashed payloads, verified contents, block devices, other drivers).
std::optional<calibration_use> cite_calibration(const std::string& path, const run_document& doc);

}  // namespace chopsticks::results
