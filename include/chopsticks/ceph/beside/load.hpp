#pragma once
/// \file
/// What findings are told of the load. Plain values.

#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::ceph::beside {

/// One operation in one interval.
struct load_point {
    std::string operation;  ///< "group/read"
    std::uint64_t ok = 0;
    std::int64_t p99_ns = 0;  ///< of the response times of those; 0: there were none
    /// What was to be asked of it: operations that were due by the plan, in an open loop; users, in
    /// a closed one.
    double offered = 0;
};

/// One interval.
struct load_interval {
    double start_s = 0;  ///< since the load began
    double duration_s = 0;
    std::string phase;
    std::vector<load_point> operations;
    /// Of its time, what the core that was held up most lost: of that its figures tell.
    double held_up_share = 0;
};

}  // namespace chopsticks::ceph::beside
