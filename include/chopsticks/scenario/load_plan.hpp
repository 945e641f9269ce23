#pragma once
/// \file
/// What a group's `load` means as functions of time. Pure functions of plain values.

#include <chopsticks/load/level_curve.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::scenario {

/// Length of a group's stages; 0: it has none.
std::int64_t stages_ns(const group& g) noexcept;
/// Of the group whose stages last longest.
std::int64_t stages_ns(const std::vector<group>& groups) noexcept;

/// Where the parts of a measure phase of `measure_ns` end that figures are kept apart by, counted
/// from its start: the ends of all groups' stages, in order. The last one is `measure_ns`. Empty:
/// no group has stages.
std::vector<std::int64_t> stage_ends_ns(const std::vector<group>& groups, std::int64_t measure_ns);

/// The highest level the plan reaches, ramp and warm-up included.
double rate_most(const open_load& load) noexcept;
std::uint32_t users_most(const closed_load& load) noexcept;

/// Multiplies all levels; users are rounded to whole ones.
void scale(open_load& load, double factor);
void scale(closed_load& load, double factor);

/// How long the ramp phase of a group is: until the users of its warm-up have started.
double ramp_s(const group& g) noexcept;
/// Of the group whose ramp is longest.
double ramp_s(const std::vector<group>& groups) noexcept;

/// Where the measure phase begins at the latest, from the start of the load: behind the longest
/// ramp and the warm-up. What the plans below count from.
std::int64_t measure_begins_ns(const scenario& s) noexcept;

/// Tasks per second over the load. \param measure_from_ns where the measure phase begins, from the
/// start of the load
load::rate_curve rate_plan(const open_load& load, std::int64_t measure_from_ns);

/// Users over the load. User n (from 0) is active while the level is at least n + 1.
load::level_curve user_plan(const closed_load& load, std::int64_t measure_from_ns);

/// Whether the group works on blocks as its tasks describe them. A replay of recorded places and
/// lengths has no use for that.
bool uses_task_blocks(const group& g) noexcept;

/// Why the spawn rate cannot give a stage its users; empty: it can.
std::string spawn_problem(const closed_load& load);

/// What is wrong with all groups' stages together; empty: nothing.
std::string stages_problem(const scenario& s);

}  // namespace chopsticks::scenario
