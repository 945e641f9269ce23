#pragma once
/// \file
/// Who asks radosgw how full the buckets of a load are: `rgw_admin` in the section `cluster` of a
/// workload config. Main thread.

#include <chopsticks/scenario/document.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::ceph::beside {

struct rgw_admin {
    std::string endpoint;  ///< "http://rgw1:7480"
    std::string access_key;
    std::string secret_key;  ///< never printed, never in a result; empty: nobody gave it yet
    std::string path = "/admin";
    std::string tenant;                ///< of the buckets; empty: none
    std::vector<std::string> buckets;  ///< at least one
};

/// Reads it from the section, which may be null, absent or no map; none: it is not there. What it
/// does not say is as the settings of the load show it. Throws config_error.
std::optional<rgw_admin> read_rgw_admin(const scenario::value& section,
                                        const scenario::echo_fields& of_load);

}  // namespace chopsticks::ceph::beside
