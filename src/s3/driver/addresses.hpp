#pragma once
/// \file
/// From the config to addresses to connect to and writers of requests. Main thread.

#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/workload/endpoint_url.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <string>
#include <vector>

#include "connection.hpp"

namespace chopsticks::s3 {

/// The config's endpoints. Throws config_error: not a URL, or http beside https.
std::vector<endpoint_url> endpoint_urls(const settings& config);

/// All addresses of all of them, in the resolver's order; of a name that is loopback alone, those
/// at which somebody listens, if at any. Throws config_error.
std::vector<target_address> find_addresses(const settings& config,
                                           const std::vector<endpoint_url>& urls);

/// What a writer for one endpoint needs, without made buckets.
request_options writer_options(const settings& config, const endpoint_url& url,
                               const std::string& key_prefix);

}  // namespace chopsticks::s3
