#pragma once
/// \file
/// Service level objectives as people write them: `p99(get) < 20ms`. Pure; any thread.

#include <chopsticks/scenario/scenario.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

/// Reads one objective, strictly:
///
///     pN(OP) < TIME          N from above 0 to below 100: p50, p99, p99.9
///     mean(OP) < TIME, max(OP) < TIME
///     error_rate(OP) < SHARE     0.1% or 0.001; failed, shed or unfinished
///     shed_rate(OP) < SHARE      due, and never begun
///     unfinished(OP) < SHARE     due, and not answered when the load ended
///     throughput(OP) > RATE      operations per second: 1000, 1000/s
///     bandwidth(OP) > SIZE/s     100MiB/s
///
/// OP is an operation (`get`: of all groups), one of a group (`front/get`), or is left out with its
/// parentheses (all operations together). `<=` and `>=` also. A latency is response time;
/// `service(p99(get)) < 20ms` is service time. Throws config_error without a place: the text, what
/// is wrong with it, and what would be right.
slo parse_slo(std::string_view text);

/// Throws config_error if the objective is about an operation that no task of the groups uses; it
/// names the nearest.
void check_slo(const slo& objective, const std::vector<group>& groups);

}  // namespace chopsticks::scenario
