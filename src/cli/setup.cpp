#include "setup.hpp"

#include <sched.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/plugin/load.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/slo.hpp>
#include <chopsticks/scenario/target.hpp>
#include <cmath>
#include <random>

#include "cluster_beside.hpp"
#include "plugins.hpp"
#include "target_options.hpp"
#include "workloads.hpp"

namespace chopsticks::cli {

using scenario::subject_shape;

namespace {

/// Descriptors beside the connections: standard streams, files, two per core's loop, the embedded
/// endpoint's loop, and some to spare for libraries.
constexpr std::uint64_t descriptors_base = 40;
constexpr std::uint64_t descriptors_per_core = 5;
/// One connection to a cluster: its threads' own, and sockets to monitors and OSDs, whose number
/// nobody knows before.
constexpr std::uint64_t descriptors_per_cluster = 200;
/// One that only asks monitors and the manager.
constexpr std::uint64_t descriptors_of_watch = 60;
/// Exact in the doubles that readers of JSON make of numbers.
constexpr double seed_most = 9007199254740991;
/// The most memory the embedded endpoint takes for objects.
constexpr std::uint64_t embedded_memory_bytes = 4ULL << 30;

std::uint64_t random_word() {
    std::random_device device;
    return static_cast<std::uint64_t>(device()) << 32 | device();
}

runtime::idle_mode idle_of(const std::string& text, bool by_library) {
    if (text == "spin") return runtime::idle_mode::spin;
    if (text == "sleep") return runtime::idle_mode::sleep;
    if (text == "hybrid") return runtime::idle_mode::hybrid;
    // A cluster's I/O is done by a library's threads, which need the CPU that a spinning core would
    // keep: at half of what librbd can do, response times were a hundred times as long.
    return by_library ? runtime::idle_mode::sleep : runtime::idle_mode::hybrid;
}

}  // namespace

std::vector<int> usable_cpus() {
    cpu_set_t set;
    std::vector<int> cpus;
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
            if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
        }
    }
    if (cpus.empty()) cpus.push_back(-1);
    return cpus;
}

void add_run_options(CLI::App& command, run_arguments& a) {
    command
        .add_option("-f,--scenario,--locustfile", a.scenario_file,
                    "Scenario: what is done. A YAML file, the name of one that comes with the "
                    "program (chopsticks list), or - for standard input")
        ->required()
        ->type_name("FILE");
    command.add_option("-u,--users", a.users, "Users of a closed loop, over all groups")
        ->type_name("N");
    command
        .add_option("-r,--spawn-rate", a.spawn_rate,
                    "Users started per second (default: all at once)")
        ->type_name("R");
    command
        .add_option("-t,--duration,--run-time", a.duration,
                    "Length of the measure phase: 90s, 5m, 1h30m")
        ->type_name("TIME");
    command.add_option("--rate", a.rate, "Open loop: operations per second, done or not")
        ->type_name("OPS_PER_S");
    command
        .add_option("--until-confident", a.until_confident,
                    "Ends the measure phase once the throughput is known so well: 1%")
        ->type_name("SHARE");
    command.add_option("--cores", a.cores, "Event loops, one per core (default: all there are)")
        ->type_name("N")
        ->check(CLI::Range(1U, 1024U));
    command.add_option("--seed", a.seed, "Makes the run repeatable (default: drawn, and reported)")
        ->type_name("N");
    command.add_option("--idle", a.idle, "What an idle core does until something is due")
        ->check(CLI::IsMember({"auto", "spin", "hybrid", "sleep"}))
        ->capture_default_str();
    command.add_flag("--embedded", a.embedded, "Run against an S3 endpoint inside this process");
    command
        .add_option("--embedded-faults", a.embedded_faults,
                    "Faults that the embedded endpoint injects, as serve --faults takes them")
        ->type_name("SPEC");
    add_target_options(command, a);
    command
        .add_option("--slo", a.slos,
                    "Service level objective: 'p99(get) < 20ms', 'error_rate < 0.1%'; adds to the "
                    "scenario's")
        ->type_name("TEXT")
        ->allow_extra_args(false);
    command.add_flag("--no-cluster", a.no_cluster,
                     "Asks no Ceph cluster how it does beside the load");
    command.add_flag("--headless", a.headless,
                     "Accepted for Locust's sake; there is no other mode");
}

run_setup::run_setup(const run_arguments& a, bool start_target, const run_change& change) {
    refuse_secrets(a);
    started_wall_ns = wall_ns();
    std::vector<scenario::override_value> overrides;
    for (const std::string& set : a.sets)
        overrides.push_back(scenario::parse_override(set));
    if (a.until_confident) overrides.push_back({"stop.confident", *a.until_confident});
    load_plugins(a.plugins, a.workload_file, overrides);
    scenario = scenario::load_scenario(a.scenario_file, overrides);
    workload = scenario::load_workload_config(a.workload_file, overrides);
    scenario::check_together(scenario, workload);
    for (const std::string_view name : workloads())
        check_driver(name, scenario::driver_of(workload, name), settings_of(name));
    warnings = scenario.warnings;
    warnings.insert(warnings.end(), workload.warnings.begin(), workload.warnings.end());
    for (const auto& [key, why] : workload.ignored) {
        warnings.push_back(workload.file + ": " + key + " is ignored: " + why);
    }
    if (a.duration) {
        const auto duration = parse_duration(*a.duration);
        if (!duration || *duration <= 0) {
            throw config_error("--duration: \"" + *a.duration +
                               "\" is not a duration; write 90s, 5m, 1h30m");
        }
        scenario.phase.measure_ns = *duration;
        scenario.phase.measure_given = true;
        const std::int64_t stages_ns = scenario::stages_ns(scenario.groups);
        if (stages_ns > *duration) {
            warnings.push_back("--duration " + *a.duration + " cuts the stages, which last " +
                               format_duration(stages_ns));
        } else if (stages_ns > 0 && stages_ns < *duration) {
            warnings.push_back("--duration " + *a.duration + " is longer than the stages: after " +
                               format_duration(stages_ns) + " the last level holds");
        }
    }
    if (a.seed) {
        const double seed = number_of(*a.seed, "--seed");
        if (seed < 0 || seed > seed_most || seed != std::floor(seed)) {
            throw config_error("--seed: \"" + *a.seed + "\" is not a whole number from 0 to " +
                               std::to_string(static_cast<std::uint64_t>(seed_most)));
        }
        scenario.seed = static_cast<std::uint64_t>(seed);
    }
    if (scenario.seed == 0) scenario.seed = random_word() >> 12;  // exact in JSON's doubles
    for (const std::string& text : a.slos) {
        try {
            scenario.slos.push_back(scenario::parse_slo(text));
            scenario::check_slo(scenario.slos.back(), scenario.groups);
        } catch (const config_error& error) {
            throw config_error(std::string("--slo: ") + error.what());
        }
    }
    run_id = results::make_run_id(started_wall_ns, random_word());
    world_id = run_id;
    apply_users(a);
    apply_rate(a);
    if (change.apply) change.apply(scenario, workload);
    if (change.interval_ns) options.interval_ns = *change.interval_ns;
    look_at_recordings();
    choose_cores(a);
    set_target(a, start_target);
    cluster = cluster_of(*this, a.no_cluster);
    if (cluster.given && !cluster.off && !ceph::beside::can_ask()) {
        warnings.push_back(
            "no cluster is watched beside the load: librados is not in this program; install "
            "librados-dev, run meson setup --reconfigure BUILD_DIR and build again");
    }
    options.plan = &scenario;
    options.end_load = &enough;
    options.seed = scenario.seed;
    make_plan();
    const bool by_library = first_of(subject_shape::extents) != nullptr;
    options.idle = idle_of(a.idle, by_library || needs.cluster_connections > 0);
}

void run_setup::set_target(const run_arguments& a, bool start_target) {
    apply_target(workload, a);
    if (a.embedded && !a.endpoints.empty()) {
        throw config_error("--embedded and --endpoint: give one of them");
    }
    if (!a.embedded_faults.empty() && !a.embedded) {
        throw config_error(
            "--embedded-faults: only the embedded endpoint has them; add --embedded");
    }
    bool embeds = false;
    for (const std::string_view name : workloads()) {
        const scenario::target_rule& rule = target_of(name);
        scenario::workload_settings& to = *workload.settings.find(name)->second;
        embeds |= rule.embed != nullptr;
        if (is_dummy(name)) {
            if (rule.send_nothing == nullptr) continue;
            scenario::foreign_call(name, "target.send_nothing", [&] { rule.send_nothing(to); });
        } else if (a.embedded && rule.embed != nullptr) {
            scenario::foreign_call(name, "target.embed",
                                   [&] { embed_target(a, rule, to, start_target); });
        } else if (start_target && rule.complete != nullptr) {
            const std::vector<std::string> more =
                scenario::foreign_call(name, "target.complete", [&] { return rule.complete(to); });
            warnings.insert(warnings.end(), more.begin(), more.end());
        }
    }
    if (!a.embedded || embeds) return;
    throw config_error(
        "--embedded: is an S3 endpoint, and this scenario has no S3 groups; to try it without "
        "a cluster: --set workload." +
        std::string(workloads().front()) + ".driver=dummy");
}

void run_setup::embed_target(const run_arguments& a, const scenario::target_rule& rule,
                             scenario::workload_settings& to, bool start_target) {
    endpoint::endpoint_options e;
    e.access_key = "embedded";
    e.secret_key = std::to_string(random_word());
    e.etag = endpoint::etag_kind::fast;
    e.memory_cap_bytes = embedded_memory_bytes;
    e.injected = endpoint::parse_faults(a.embedded_faults);
    // Runs of different seeds meet different draws, unless the faults say which.
    if (a.embedded_faults.find("seed") == std::string::npos) e.injected.seed = scenario.seed;
    scenario::embedded_target at{"http://127.0.0.1", e.access_key, e.secret_key};
    e.region = rule.embed(to, at);
    if (!start_target) return;
    embedded = std::make_unique<endpoint::server>(e);
    embedded->start();
    at.url = embedded->url();
    rule.embed(to, at);
}

void run_setup::choose_cores(const run_arguments& a) {
    const std::vector<int> cpus = usable_cpus();
    std::uint64_t users = 0;
    for (const auto& g : scenario.groups)
        users += g.open ? g.open->max_in_flight : scenario::users_most(g.closed);
    auto cores = static_cast<unsigned>(cpus.size());
    // The embedded endpoint needs CPU as well; what it takes from the cores would be their
    // lateness.
    if (a.embedded) cores = std::max(1U, cores / 2);
    cores = static_cast<unsigned>(std::min<std::uint64_t>(cores, users));
    if (a.cores) cores = *a.cores;
    options.cores = std::max(1U, cores);
    for (const std::string_view name : workloads()) {
        const scenario::extents_plan extents = extents_of(name);
        if (!extents.one_core_each || options.cores <= extents.count) continue;
        if (a.cores) {
            throw config_error("--cores " + std::to_string(*a.cores) + ": " +
                               extents.one_core_advice);
        }
        options.cores = static_cast<unsigned>(extents.count);
    }
    if (options.cores > cpus.size()) {
        warnings.push_back("--cores " + std::to_string(options.cores) + ": there are only " +
                           std::to_string(cpus.size()) + " CPUs; the cores are not pinned");
        return;
    }
    if (cpus.front() < 0) return;
    // From the end: CPU 0 usually serves the interrupts.
    options.cpus.assign(cpus.end() - options.cores, cpus.end());
}

void run_setup::make_plan() {
    std::uint64_t sessions = 0;
    std::uint64_t connecting_groups = 0;
    for (const scenario::group& g : scenario.groups) {
        if (g.shape == subject_shape::extents) {
            plan_blocks(g);
        } else if (scenario.phase.prepare) {
            needs.prepare_operations += g.data.objects;
            needs.prepare_bytes += static_cast<double>(g.data.objects) * g.data.size.mean();
        }
        const std::uint64_t to_cluster = scenario::foreign_call(
            g.workload, "cluster_connections of the settings",
            [&] { return settings_of(g.workload).cluster_connections(options.cores); });
        const bool sends = !is_dummy(g.workload);
        if (sends) needs.cluster_connections += to_cluster;
        if (sends && to_cluster == 0 && g.shape == subject_shape::objects) {
            ++connecting_groups;
            sessions += g.open ? g.open->max_in_flight : scenario::users_most(g.closed);
        }
        if (g.open) {
            const auto measure_ns = static_cast<double>(scenario.phase.measure_ns);
            double operations = scenario::rate_plan(*g.open, 0).count(measure_ns);
            const auto& look = surveys[static_cast<std::size_t>(&g - scenario.groups.data())];
            if (look && !g.open->replay->loop) {
                operations = std::min(operations, static_cast<double>(look->operations));
            }
            needs.operations += operations;
        }
    }
    needs.ramp_s = scenario::ramp_s(scenario.groups);
    if (scenario.stop.operations > 0)
        needs.operations = static_cast<double>(scenario.stop.operations);
    needs.connections = sessions;
    // Prepare and cleanup have sessions of their own, at least one per core, for all groups at
    // once.
    const bool helpers = scenario.phase.prepare || scenario.phase.cleanup;
    const std::uint64_t per_group =
        std::max<std::uint64_t>(scenario.phase.prepare_concurrency, options.cores) + 1;
    const std::uint64_t at_once = sessions + (helpers ? per_group * connecting_groups : 0);
    needs.descriptors = descriptors_base + descriptors_per_core * options.cores +
                        needs.cluster_connections * descriptors_per_cluster +
                        (cluster.off ? 0 : descriptors_of_watch) + at_once * (embedded ? 2 : 1);
}

void run_setup::plan_blocks(const scenario::group& g) {
    const scenario::extents_plan images = extents_of(g.workload);
    // Of images that are there already, only open_target learns the size.
    const std::uint64_t extent = g.blocks.extent_bytes > 0 ? g.blocks.extent_bytes : images.bytes;
    if (scenario.phase.prepare && g.blocks.prefill) {
        const std::uint64_t writes = (extent + g.blocks.prefill_bytes - 1) / g.blocks.prefill_bytes;
        needs.prepare_operations += images.count * writes;
        needs.prepare_bytes += static_cast<double>(images.count) * static_cast<double>(extent);
    }
}

std::vector<std::string_view> run_setup::workloads() const {
    std::vector<std::string_view> out;
    for (const auto& one : scenario::catalogue::workloads()) {
        const bool used =
            std::any_of(scenario.groups.begin(), scenario.groups.end(),
                        [&](const scenario::group& g) { return g.workload == one.name; });
        if (used) out.push_back(one.name);
    }
    return out;
}

const scenario::workload_settings& run_setup::settings_of(std::string_view name) const {
    return *workload.find(name);
}

scenario::extents_plan run_setup::extents_of(std::string_view name) const {
    return scenario::foreign_call(name, "extents of the settings",
                                  [&] { return settings_of(name).extents(); });
}

bool run_setup::is_dummy(std::string_view name) const {
    return scenario::driver_of(workload, name) == "dummy";
}

bool run_setup::is_as_calibrated(std::string_view name) const {
    const auto& described = *scenario::catalogue::find_workload(name);
    const auto* const driver =
        scenario::catalogue::find_driver(described, scenario::driver_of(workload, name));
    return driver->calibrated && scenario::foreign_call(name, "as_calibrated of the settings", [&] {
               return settings_of(name).as_calibrated();
           });
}

results::workload_echo run_setup::workload_echo() const {
    results::workload_echo out = results::echo_of(workload);
    for (const plugin::loaded_plugin& one : plugin::loaded()) {
        out.plugins.push_back(
            {one.file, std::string(one.content->name), std::string(one.content->version)});
    }
    return out;
}

const scenario::group* run_setup::first_of(subject_shape shape) const {
    const auto found = std::find_if(scenario.groups.begin(), scenario.groups.end(),
                                    [&](const scenario::group& g) { return g.shape == shape; });
    return found != scenario.groups.end() ? &*found : nullptr;
}

std::string run_setup::run_prefix(const scenario::group& g) const {
    return g.data.prefix + world_id + "/" + (scenario.groups.size() > 1 ? g.name + "/" : "");
}

void run_setup::make_drivers() {
    for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
        const scenario::group& g = scenario.groups[i];
        engine::driver_request wanted;
        wanted.settings = &settings_of(g.workload);
        wanted.group = &g;
        wanted.group_number = i;
        wanted.driver = scenario::driver_of(workload, g.workload);
        wanted.timeout = scenario.timeout;
        wanted.run_id = world_id;
        wanted.run_prefix = run_prefix(g);
        wanted.data_seed = engine::data_seed(g, scenario.seed, i);
        wanted.cores = options.cores;
        wanted.prepares = scenario.phase.prepare;
        wanted.cleans = scenario.phase.cleanup;
        drivers.push_back(make_driver(wanted));
        engine::group_setup setup;
        setup.group = &g;
        setup.target = drivers.back().get();
        setup.protect_initial = !g.data.reuse.empty();
        if (g.shape == subject_shape::objects) {
            setup.place = scenario::foreign_call(g.workload, "place of the settings", [&] {
                return wanted.settings->place(wanted.run_prefix);
            });
            setup.remove_with = scenario::foreign_call(
                g.workload, "cleanup_command of the settings",
                [&] { return wanted.settings->cleanup_command(world_id, g.data.prefix); });
        }
        options.groups.push_back(setup);
    }
    make_feeds();
}

}  // namespace chopsticks::cli
