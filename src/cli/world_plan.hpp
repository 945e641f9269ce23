#pragma once
/// \file
/// What a master's locustfile and a worker say to each other beside Locust's own messages: the plan
/// of a run, and what one process of a world has to know of another. Names and members are in
/// docs/reference/locust.md.

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/locust/message.hpp>
#include <chopsticks/scenario/reach.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace chopsticks::cli {

using locust::json;

/// A run as one worker has to make it.
struct world_plan {
    std::string run;     ///< the master's name of it
    std::string world;   ///< run id of the world's leader
    std::string run_id;  ///< of this process
    unsigned first_core = 0;
    unsigned cores_in_all = 1;
    std::string replaces;  ///< run id of a process that died, whose place this one takes; or empty
    std::uint64_t seed = 0;
    std::string scenario;  ///< text; empty: the worker's own
    std::string scenario_name;
    std::string config;  ///< text; empty: the worker's own, or none
    std::string config_name;

    /// Whether this process opens the targets, and closes them.
    bool leads() const noexcept { return first_core == 0 && replaces.empty(); }
};

/// Reads a plan. \param cores of this worker
/// Throws config_error for what is none, or not of this worker.
world_plan read_plan(const json& data, unsigned cores);

/// What opening the targets found, for the other processes of the world, and back. Throws
/// config_error for what is none of so many groups.
json targets_to_json(const std::vector<engine::target_state>& targets);
std::vector<engine::target_state> targets_from_json(const json& data, std::size_t groups);

/// Throws config_error if a text from the master reaches for what the worker's command line does
/// not allow.
void refuse_reaches(const std::string& text, const std::string& file,
                    const std::vector<scenario::reach_kind>& allowed);

/// Texts from a master as files of a folder of their own, which only this user may read, and which
/// goes away with it.
class received_files {
  public:
    received_files() = default;
    received_files(const received_files&) = delete;
    ~received_files();
    /// The path of a file with this text. \param called what its name is made of
    std::string keep(const std::string& text, const std::string& called);

  private:
    std::string folder_;
    std::vector<std::string> files_;
};

/// The most bytes of a result in one message.
constexpr std::size_t result_piece_bytes = 256U << 10;
/// The most pieces of a result: of larger ones the file here is all there is.
constexpr std::size_t result_pieces_most = 256;

/// A result's text in messages, which say how many there are; of a text that is too large, one
/// without a text that says so.
std::vector<json> result_pieces(const std::string& run, const std::string& text,
                                const std::string& problem);

}  // namespace chopsticks::cli
