#pragma once
/// \file
/// What the driver `dummy` of any workload does in place of a target: a model whose truth is known
/// beforehand, so that what a run says of it can be checked.

#include <chopsticks/core/error.hpp>
#include <chopsticks/load/time_distribution.hpp>
#include <chopsticks/scenario/document.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <cstdint>

namespace chopsticks::scenario {

/// A station of `servers` that are equally fast, and one queue before it, first come first served.
/// Of all cores of the process together.
struct service_model {
    load::time_distribution latency;  ///< how long one operation is served
    std::uint64_t bytes_per_s = 0;    ///< its bytes are served besides, at this rate; 0: at once
    std::uint32_t servers = 0;        ///< operations served at a time; 0: any number
    /// Not 0: operations that come faster are refused at once with op_status::slow_down (a bucket
    /// of a tenth of a second's tokens).
    double most_per_s = 0;
    double failing = 0;  ///< share of those served that fail, each by itself, at their end
    op_status failure = op_status::server_error;
    /// Not 0: after each such span nothing is served for `stall_ns`.
    std::int64_t stall_every_ns = 0;
    std::int64_t stall_ns = 0;
    std::uint64_t seed = 1;

    /// Nothing takes any time, nothing fails: what shows what the generator itself can do.
    bool is_idle() const noexcept {
        return latency.mean_ns() <= 0 && bytes_per_s == 0 && most_per_s <= 0 && failing <= 0 &&
               stall_ns == 0;
    }
};

/// What `driver_options` make of the driver `dummy`. config_error for what they do not understand.
/// Where the settings name another driver, which has one of these inside, they are that one's: it
/// is idle.
service_model read_service_model(const workload_settings& of);

namespace catalogue {

/// The row of the driver `dummy` in a workload's description.
driver dummy_driver(bool calibrated);

}  // namespace catalogue

}  // namespace chopsticks::scenario
