#pragma once
/// \file
/// A daemon's admin socket on this host.

#include <cstddef>
#include <cstdint>
#include <string>

namespace chopsticks::ceph::beside {

constexpr std::size_t admin_answer_max = std::size_t{4} << 20;

/// Asks it, e.g. "perf dump". Blocks for at most `timeout_ns`. Empty: no answer, or one that is too
/// long; then `problem` says why. Any thread.
std::string ask_admin_socket(const std::string& path, const std::string& prefix,
                             std::int64_t timeout_ns, std::string& problem);

}  // namespace chopsticks::ceph::beside
