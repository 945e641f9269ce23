#pragma once
/// \file
/// The parts of a scenario, each read from its map.

#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/reader.hpp>

namespace chopsticks::scenario {

load::size_distribution read_size_distribution(const field& f);
load::popularity read_popularity(const field& f);
data_set read_data(const field& f);
content_options read_content(const field& f);
block_options read_blocks(const field& f);
load::size_distribution read_block(const field& f);
std::uint64_t read_align(const field& f);
/// One I/O is one buffer in memory per user.
constexpr std::uint64_t block_limit = 256ULL << 20;
/// Bytes of one I/O at most: up to block_limit.
std::uint64_t read_block_limit(const field& f);
std::vector<task> read_tasks(const field& f, const catalogue::workload& workload);
think_time read_think_time(const field& f);
/// `load` of a group.
void read_load(const field& f, group& g);
/// `late` of `m`, if it is there.
void read_late(map_reader& m, open_load& out);
/// `load.replay`: a file, or a map. \param blocks of block devices, not of objects
open_load read_replay(const field& f, bool blocks);
/// The tasks of a replay that names none: every operation that can be repeated.
std::vector<task> replay_tasks(const catalogue::workload& workload);
void check_replay_tasks(const group& g, const field& tasks);
/// \param f the group
void check_block_replay(const group& g, const field& f);

/// A whole group; what is allowed but perhaps not meant goes to `warnings`.
group read_group(const field& f, std::vector<std::string>& warnings);

/// What the tasks of a group do to its data set: refuses what cannot work.
void check_tasks(const group& g, const field& tasks, std::vector<std::string>& warnings);

/// The same for groups of block devices.
void check_block_tasks(const group& g, const field& tasks);
void warn_of_unfilled_reads(const group& g, std::vector<std::string>& warnings);

}  // namespace chopsticks::scenario
