#pragma once
/// \file
/// The workloads that this program has. They are added once at its start, before the first scenario
/// is parsed, and stay; from then on any thread may read.

#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <cstdint>
#include <deque>
#include <string_view>

namespace chopsticks::scenario::catalogue {

/// Main thread, before other threads start. config_error if there is one of that name, or a second
/// whose keys may stand at the top of the workload config.
void add(workload described);

/// One more driver of a workload that is there; as `add`. Whoever holds a row of a driver of that
/// workload looks it up again.
void add_driver(std::string_view workload, const driver& described);

/// In the order in which they were added.
const std::deque<workload>& workloads();

/// The workload whose keys may stand at the top of the workload config; null: none has such.
const workload* at_top();

/// Null if there is none of that name.
const workload* find_workload(std::string_view name);
const operation* find_operation(const workload& in, std::string_view name);
const driver* find_driver(const workload& in, std::string_view name);

/// The row that was added of what a workload says of itself: it has the drivers of plug-ins too. As
/// it is given where none was added.
const workload& as_added(const workload& described);

/// What a step of this group does. The parser has found both.
const workload& workload_of(const group& g);
const operation& operation_of(const group& g, const step& s);

/// A step with the operation's name, code, use and parts, and all parameters at their defaults.
step plain_step(const operation& op);

/// The operation's name for a code, "?" if there is none. For messages.
std::string_view operation_name(const workload& in, std::uint16_t code);

}  // namespace chopsticks::scenario::catalogue
