#pragma once
/// \file
/// The S3 drivers: `native`, `beast` and `curl` speak HTTP to real endpoints, `dummy` answers at
/// once.

#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <memory>
#include <string>

namespace chopsticks::s3 {

/// What a driver of one group needs. Referred-to objects outlive the driver.
struct driver_options {
    const settings* config = nullptr;  ///< credentials complete
    const scenario::group* group = nullptr;
    scenario::timeouts timeout;
    /// Where the run's own objects are: "<prefix><run id>/...". The run refuses to start if there
    /// is anything below it.
    std::string run_prefix;
    /// Not empty: where the kept data set is; objects below group->data.objects are there.
    std::string kept_prefix;
    std::string run_id;
    /// made_bucket_stem() of this run and group: what buckets of create_bucket are called.
    std::string bucket_stem;
    std::uint64_t data_seed = 0;  ///< of contents and sizes
    unsigned cores = 1;           ///< of the run's world
    bool prepares = true;         ///< the run writes the initial objects
    /// How often the run's mark is written again; a sixth of it after a failure. Far enough below
    /// the five minutes after which a run counts as dead for some to fail.
    std::int64_t mark_refresh_ns = 60'000'000'000;
};

/// The driver `native`. Resolves all endpoints' names and reads the CA file: throws config_error.
std::unique_ptr<engine::driver> make_native_driver(const driver_options& options);

/// The driver `beast`: the same on Boost.Asio and Boost.Beast, in their ordinary way; to compare
/// with. Copies every body and allocates for each request.
std::unique_ptr<engine::driver> make_beast_driver(const driver_options& options);

/// The driver `curl`: the same by libcurl's multi interface on the core's loop; HTTP/2 and proxies
/// too. Sends each request once, as the others do. As those above.
std::unique_ptr<engine::driver> make_curl_driver(const driver_options& options);

/// The driver `dummy`: every operation succeeds at once after one turn of the loop, or after
/// `delay_ns`; nothing leaves the process. For the engine's own tests and benchmarks.
std::unique_ptr<engine::driver> make_dummy_driver(std::int64_t delay_ns = 0);

/// Any of them, by its name. As those above.
std::unique_ptr<engine::driver> make_driver(const engine::driver_request& wanted);

}  // namespace chopsticks::s3
