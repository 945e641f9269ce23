#pragma once
/// \file
/// The parts of a scenario, each read from its map.

#include <chopsticks/scenario/catalogue.hpp>

#include "reader.hpp"

namespace chopsticks::scenario {

load::size_distribution read_size_distribution(const field& f);
load::popularity read_popularity(const field& f);
data_set read_data(const field& f);
std::vector<task> read_tasks(const field& f, const catalogue::workload& workload);
think_time read_think_time(const field& f);

/// A whole group; what is allowed but perhaps not meant goes to `warnings`.
group read_group(const field& f, std::vector<std::string>& warnings);

/// What the tasks of a group do to its data set: refuses what cannot work.
void check_tasks(const group& g, const field& tasks, std::vector<std::string>& warnings);

}  // namespace chopsticks::scenario
