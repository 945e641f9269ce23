#pragma once
/// \file
/// From options to a run that is ready to start: files read, overrides applied, credentials found,
/// the plan made. Shared by `run` and `validate`.

#include <atomic>
#include <chopsticks/ceph/beside/settings.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <chopsticks/scenario/target.hpp>
#include <chopsticks/trace/replay.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"

namespace chopsticks::cli {

/// What the command line may say of a run; as typed.
struct run_arguments {
    std::string scenario_file;
    std::string workload_file;
    std::optional<std::string> users;
    std::optional<std::string> spawn_rate;
    std::optional<std::string> duration;
    std::optional<std::string> rate;
    std::optional<std::string> until_confident;
    std::optional<unsigned> cores;
    std::optional<std::string> seed;
    std::string output;
    std::string op_log;
    bool embedded = false;
    std::string embedded_faults;
    std::vector<std::string> endpoints;
    std::string access_key;
    std::string bucket;
    std::vector<std::string> sets;
    std::vector<std::string> slos;
    std::vector<std::string> plugins;
    std::string idle = "auto";
    std::string secret_key;     ///< always refused
    std::string session_token;  ///< always refused
    bool headless = false;
    bool quiet = false;
    bool no_cluster = false;
};

/// CPUs the process may run on; one of -1 where the kernel does not say.
std::vector<int> usable_cpus();

/// Options that `run` and `validate` have in common.
void add_run_options(CLI::App& command, run_arguments& a);

/// What a run will need.
struct plan {
    std::uint64_t prepare_operations = 0;
    double prepare_bytes = 0;
    std::uint64_t connections = 0;
    std::uint64_t cluster_connections = 0;  ///< to Ceph
    double operations = 0;  ///< of the measure phase; 0: as many as the target can do
    std::uint64_t descriptors = 0;
    double ramp_s = 0;
};

/// The number that an option was given as. Throws config_error that names `option`.
double number_of(const std::string& text, const char* option);

/// What a series makes of one of its runs beyond what options say.
struct run_change {
    /// Changes what is done, after the options and before anything is planned. May be empty.
    std::function<void(scenario::scenario&, const scenario::workload_config&)> apply;
    std::optional<std::int64_t> interval_ns;  ///< none: as always
};

/// A run that is ready to start, and is not changed from here on. Not movable: its parts refer to
/// each other.
class run_setup {
  public:
    /// Throws config_error. `start_target`: starts the embedded endpoint and resolves names;
    /// otherwise everything is only checked.
    run_setup(const run_arguments& arguments, bool start_target, const run_change& change = {});
    run_setup(const run_setup&) = delete;

    /// Makes the drivers; resolves names, reads CA files.
    void make_drivers();

    /// The workloads of the groups, each once, in the catalogue's order.
    std::vector<std::string_view> workloads() const;
    const scenario::workload_settings& settings_of(std::string_view workload) const;
    scenario::extents_plan extents_of(std::string_view workload) const;
    /// Whether its driver sends nothing.
    bool is_dummy(std::string_view workload) const;
    /// Whether its requests cost what `calibrate` measured.
    bool is_as_calibrated(std::string_view workload) const;
    /// The workload config and the plug-ins, as a result shows them.
    results::workload_echo workload_echo() const;
    /// The first group that works on such subjects; null: none does.
    const scenario::group* first_of(scenario::subject_shape shape) const;

    scenario::scenario scenario;
    scenario::workload_config workload;
    ceph::beside::settings cluster;  ///< that is watched beside the load
    engine::run_options options;
    std::unique_ptr<endpoint::server> embedded;
    std::vector<std::unique_ptr<engine::driver>> drivers;
    std::vector<std::optional<trace::recording_survey>> surveys;  ///< by group
    std::vector<std::unique_ptr<trace::replay_feed>> feeds;       ///< by group; null: no recording
    std::vector<std::string> warnings;
    std::atomic<bool> enough{false};  ///< raised: the load ends early, see engine::run_options
    std::string run_id;
    /// What names, on the target, whatever the run makes: all processes of a world have the same.
    /// That of the world's leader, which is run_id where there is no other process.
    std::string world_id;
    std::int64_t started_wall_ns = 0;
    plan needs;

  private:
    void apply_users(const run_arguments& arguments);
    void apply_rate(const run_arguments& arguments);
    void set_target(const run_arguments& arguments, bool start_target);
    void embed_target(const run_arguments& arguments, const scenario::target_rule& rule,
                      scenario::workload_settings& to, bool start_target);
    void choose_cores(const run_arguments& arguments);
    void look_at_recordings();
    void make_feeds();
    void make_plan();
    void plan_blocks(const scenario::group& group);
    /// What the keys of a group's objects begin with, but those of a kept data set.
    std::string run_prefix(const scenario::group& group) const;
};

}  // namespace chopsticks::cli
