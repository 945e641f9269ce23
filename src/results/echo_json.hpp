#pragma once
/// \file
/// The workload's echo as JSON.

#include <chopsticks/results/document.hpp>

namespace chopsticks::results {

json echo_json(const workload_echo& w);

}  // namespace chopsticks::results
