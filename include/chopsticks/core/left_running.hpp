#pragma once
/// \file
/// Threads that nobody waits for any more.

#include <atomic>

namespace chopsticks {

/// Set by who leaves threads in calls that cannot be taken back. The process then ends without
/// taking down what such threads use: libraries' static objects among it.
inline std::atomic<bool> threads_left_running{false};

}  // namespace chopsticks
