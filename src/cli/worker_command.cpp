// A worker of a Locust master: runs are made as the master says, the figures go there too.

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/crc32c.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/output_lock.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

#include "command.hpp"
#include "execution.hpp"
#include "load_so_far.hpp"
#include "worker_desk.hpp"

namespace chopsticks::cli {

namespace {

struct worker_arguments {
    run_arguments run;
    std::string master_host = "127.0.0.1";
    unsigned master_port = 5557;
    std::string master_lost = "go-on";
    std::uint64_t most_users = 1000;
    std::vector<std::string> allowed;
};

std::vector<scenario::reach_kind> allowed_of(const worker_arguments& a) {
    std::vector<scenario::reach_kind> out;
    using scenario::reach_kind;
    for (const reach_kind kind :
         {reach_kind::plugins, reach_kind::programs, reach_kind::files, reach_kind::credentials}) {
        if (std::find(a.allowed.begin(), a.allowed.end(), name(kind)) != a.allowed.end())
            out.push_back(kind);
    }
    return out;
}

/// What the master says is not said here.
void refuse_masters_options(const run_arguments& a) {
    const auto refuse = [](bool given, const char* option, const char* why) {
        if (given) throw config_error(std::string(option) + ": " + why);
    };
    const char* const users = "a worker has as many users as its master says";
    refuse(a.users.has_value(), "--users", users);
    refuse(a.spawn_rate.has_value(), "--spawn-rate", users);
    refuse(a.duration.has_value(), "--duration", "a worker's load ends when its master says so");
    refuse(a.until_confident.has_value(), "--until-confident",
           "a worker's load ends when its master says so");
}

/// "<host>_<random>": what stands before the first "_" tells Locust which workers share a host.
std::string worker_name() {
    std::string host = telemetry::describe_host().host;
    std::replace(host.begin(), host.end(), '_', '-');
    std::random_device device;
    char text[40];
    std::snprintf(text, sizeof text, "_%08x%08x%08x%08x", device(), device(), device(), device());
    return (host.empty() ? "worker" : host.substr(0, 64)) + text;
}

std::string text_of_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// One number for a scenario as it was understood: the same in all processes of a world.
std::string digest_of(const scenario::scenario& s) {
    results::json all = results::to_json(s);
    all.erase("file");
    const std::string text = results::dump(all);
    char out[16];
    std::snprintf(out, sizeof out, "%08x", crc32c(0, {text.data(), text.size()}));
    return out;
}

std::uint64_t users_most_of(const scenario::group& g, std::uint64_t most) {
    return g.open ? 0 : std::max<std::uint64_t>(most, scenario::users_most(g.closed));
}

/// The phases of a world's run on this process, as the master lets them begin. What another
/// process has to be waited for is the master's business.
class phased_run {
  public:
    /// \param scenario_digest of the scenario as it was understood
    phased_run(worker_desk& desk, const world_plan& plan, std::string scenario_digest)
        : desk_(desk), leads_(plan.leads()), scenario_digest_(std::move(scenario_digest)) {}

    engine::run_result carry_out(engine::run_options& options) {
        options.process_died = &died_;
        const std::string problem = engine::world_problem(options);
        desk_.say_phase("planned", {{"problem", problem}, {"scenario", scenario_digest_}});
        if (!problem.empty()) return not_begun(options, problem);
        const char* const first = leads_ ? "open" : "join";
        const auto go = desk_.wait_for_go(first);
        if (!go) return not_begun(options, "the run was given up before it began");
        std::vector<engine::target_state> found;
        if (!leads_) found = targets_from_json(go->value("targets", json()), options.groups.size());
        const std::unique_ptr<engine::run> one = engine::make_run(options, stop_level);
        const bool up = leads_ ? one->open() : one->join(found);
        desk_.say_phase(first, leads_ && up
                                   ? json{{"ok", up}, {"targets", targets_to_json(one->targets())}}
                                   : json{{"ok", up}});
        if (up) {
            if (prepare(*one)) load(*one);
            desk_.load_ended();
            desk_.say_phase("drain", {{"ok", true}});
            const auto clean = desk_.wait_for_go("clean", true);
            if (clean && clean->value("died", json()) == true) died_.store(true);
            one->clean();
            desk_.say_phase("clean", {{"ok", true}});
        } else {
            desk_.load_ended();
        }
        // What exists once goes last: the leader waits for all others.
        desk_.wait_for_go("close", true);
        one->close();
        return one->finish();
    }

  private:
    engine::run_result not_begun(const engine::run_options& options, const std::string& why) {
        desk_.load_ended();
        engine::run_result out(engine::make_layout(options.groups));
        out.problem = why;
        out.target_problem = true;
        return out;
    }

    bool prepare(engine::run& one) {
        if (!desk_.wait_for_go("prepare")) return false;
        bool ok = one.prepare();
        desk_.say_phase("prepare", {{"ok", ok}});
        if (!ok || !leads_) return ok;
        if (!desk_.wait_for_go("seal")) return false;
        ok = one.seal();
        desk_.say_phase("seal", {{"ok", ok}});
        return ok;
    }

    void load(engine::run& one) {
        const auto go = desk_.wait_for_go("load");
        if (!go) return;
        // At an instant of this machine's wall clock.
        std::int64_t start_ns = monotonic_ns() + engine::load_notice_ns;
        if (go->contains("start_wall_s") && (*go)["start_wall_s"].is_number()) {
            const double in_s =
                (*go)["start_wall_s"].get<double>() - static_cast<double>(wall_ns()) / 1e9;
            constexpr double most_s = 60;
            if (in_s > 0 && in_s < most_s)
                start_ns =
                    std::max(start_ns, monotonic_ns() + static_cast<std::int64_t>(in_s * 1e9));
        }
        desk_.say_phase("load", {{"ok", true}});
        if (one.load(start_ns)) one.drain();
    }

    worker_desk& desk_;
    bool leads_;
    std::string scenario_digest_;
    std::atomic<bool> died_{false};  ///< another process of the world
};

/// Sees the intervals of the run on their way to the master.
struct interval_teller final : engine::observer {
    explicit interval_teller(worker_desk& to) : desk(to) {}
    void on_interval(const engine::interval& one) override {
        desk.add(one, names);
        so_far->add(one);
        if (so_far->is_due()) desk.say_so_far(*so_far);
    }

    worker_desk& desk;
    stats::layout names;
    std::optional<load_so_far> so_far;
};

class worker {
  public:
    worker(const worker_arguments& a, const std::vector<std::string>& command_line)
        : a_(a),
          command_line_(command_line),
          cores_(a.run.cores ? *a.run.cores : static_cast<unsigned>(usable_cpus().size())),
          desk_(cores_, a.master_lost == "stop" ? without_master::stop : without_master::go_on,
                a.run.quiet) {}

    int work();

  private:
    void make(const json* data);
    void make_planned(const json* data, const world_plan& plan);

    const worker_arguments& a_;
    const std::vector<std::string>& command_line_;
    unsigned cores_;
    worker_desk desk_;
    int status_ = exit_ok;
};

int worker::work() {
    catch_signals();
    locust::link_options to;
    to.host = a_.master_host;
    to.port = a_.master_port;
    to.node = worker_name();
    locust::master_link link(to, desk_);
    desk_.attach(link);
    if (!a_.run.quiet) {
        std::fprintf(stderr, "Worker %s: %u %s, master %s:%u\n", to.node.c_str(), cores_,
                     cores_ == 1 ? "core" : "cores", a_.master_host.c_str(), a_.master_port);
    }
    while (true) {
        const desk_event event = desk_.wait_for_work();
        if (event.what == desk_event::kind::quit) break;
        if (event.what == desk_event::kind::plan) {
            make(&event.data);
        } else if (!a_.run.scenario_file.empty()) {
            make(nullptr);
        } else {
            desk_.on_log(
                "users are wanted, and nobody said of which scenario: use "
                "chopsticks_locustfile.py, or start the worker with -f");
        }
        if (stop_level.load() > 0) break;
    }
    link.with_session([](locust::session& talk, std::int64_t) { talk.say_quit(); });
    return stop_level.load() > 0 ? results::worse_of(status_, exit_interrupted) : status_;
}

void worker::make(const json* data) {
    world_plan plan;
    try {
        if (data != nullptr) {
            if (data->is_object() && data->contains("run") && (*data)["run"].is_string())
                plan.run = (*data)["run"].get<std::string>();
            plan = read_plan(*data, cores_);
        }
        make_planned(data, plan);
    } catch (const std::exception& error) {
        // Whatever a master's plan makes of it, the worker is there for the next one.
        std::fprintf(stderr, "chopsticks: %s\n", error.what());
        status_ = results::worse_of(status_, exit_usage);
        // Users that were wanted of it are not there.
        desk_.end();
        if (!plan.run.empty()) desk_.say_refused(plan.run, error.what());
    }
}

void worker::make_planned(const json* data, const world_plan& plan) {
    run_arguments arguments = a_.run;
    arguments.cores = cores_;
    received_files files;
    if (data != nullptr) {
        const auto allowed = allowed_of(a_);
        if (arguments.scenario_file.empty()) {
            if (plan.scenario.empty()) throw config_error("the master's plan has no scenario");
            refuse_reaches(plan.scenario, plan.scenario_name, allowed);
            arguments.scenario_file = files.keep(plan.scenario, plan.scenario_name);
        }
        if (arguments.workload_file.empty() && !plan.config.empty()) {
            refuse_reaches(plan.config, plan.config_name, allowed);
            arguments.workload_file = files.keep(plan.config, plan.config_name);
        }
        arguments.seed = std::to_string(plan.seed);
    }
    run_setup setup(arguments, true);
    if (const std::string why = engine::steering_problem(setup.scenario); !why.empty())
        throw config_error(why);
    if (setup.options.cores != cores_)
        throw config_error("this run has " + std::to_string(setup.options.cores) +
                           " cores, and the worker said " + std::to_string(cores_) +
                           "; start it with --cores " + std::to_string(setup.options.cores));
    if (data != nullptr) {
        setup.run_id = plan.run_id;
        setup.world_id = plan.world;
        setup.options.first_core = plan.first_core;
        setup.options.cores_in_all = plan.cores_in_all;
    }
    std::vector<std::uint64_t> most;
    for (const scenario::group& g : setup.scenario.groups) {
        most.push_back(users_most_of(g, a_.most_users));
        if (!g.open)
            setup.needs.descriptors +=
                (most.back() - scenario::users_most(g.closed)) * (setup.embedded ? 2 : 1);
    }
    engine::load_control control(most);
    setup.options.control = &control;
    interval_teller teller(desk_);
    phased_run phases(desk_, plan, digest_of(setup.scenario));
    execution_options how;
    how.quiet = a_.run.quiet;
    how.output = a_.run.output + (a_.run.output.empty() || a_.run.output.back() == '/' ? "" : "/") +
                 results::default_file_name(setup.scenario.name, setup.run_id);
    how.prepared = [&](const stats::layout& names) {
        teller.names = names;
        teller.so_far.emplace(names, setup.scenario.limits.core_saturated);
        return &teller;
    };
    how.carry_out = [&](engine::run_options& options) { return phases.carry_out(options); };
    // The desk lets go of the control before that goes away, however this ends.
    struct at_the_desk {
        worker_desk& desk;
        ~at_the_desk() { desk.end(); }
    };
    desk_.begin(plan, setup.scenario.groups, control);
    const at_the_desk until_the_end{desk_};
    const executed_run done = execute_run(setup, command_line_, how);
    std::string problem = done.target_problem;
    for (const std::string& line : done.left_behind)
        problem += (problem.empty() ? "" : "; ") + line;
    if (!done.where.problem.empty()) problem += (problem.empty() ? "" : "; ") + done.where.problem;
    if (!problem.empty()) std::fprintf(stderr, "chopsticks: %s\n", problem.c_str());
    status_ = results::worse_of(status_, exit_status_of(done));
    desk_.say_result(done.where.path.empty() ? std::string() : text_of_file(done.where.path),
                     problem);
    if (!done.where.path.empty() && !a_.run.quiet)
        std::fprintf(stderr, "Result: %s\n", done.where.path.c_str());
}

}  // namespace

void add_worker_command(CLI::App& app, int& result, const std::vector<std::string>& command_line) {
    auto* command =
        app.add_subcommand("worker", "Makes load as a Locust master says: one of many machines");
    auto a = std::make_shared<worker_arguments>();
    add_run_options(*command, a->run);
    command->get_option("--scenario")->required(false);
    command->add_option("--master-host,--leader-host", a->master_host, "Where the master is")
        ->type_name("HOST")
        ->capture_default_str();
    command->add_option("--master-port,--leader-port", a->master_port, "Its port for workers")
        ->type_name("PORT")
        ->check(CLI::Range(1U, 65535U))
        ->capture_default_str();
    command
        ->add_option("--master-lost", a->master_lost,
                     "What a load does whose master has been gone for a minute. The worker looks "
                     "for it in either case")
        ->check(CLI::IsMember({"go-on", "stop"}))
        ->capture_default_str();
    command
        ->add_option("--most-users", a->most_users,
                     "Users of a group that this worker can have at most; the scenario may say "
                     "more")
        ->type_name("N")
        ->check(CLI::Range(1U, 1'000'000U))
        ->capture_default_str();
    command
        ->add_option("--allow", a->allowed,
                     "What scenario and workload config that come from the master may name on this "
                     "machine: plugins, programs, files, credentials; may be given again (default: "
                     "nothing)")
        ->check(CLI::IsMember({"plugins", "programs", "files", "credentials"}))
        ->allow_extra_args(false);
    command
        ->add_option("--output", a->run.output,
                     "Folder that is there, for the result of each run (default: here)")
        ->type_name("FOLDER");
    command->add_flag("--quiet", a->run.quiet, "Only problems are printed");
    command->footer(
        "Examples:\n"
        "  chopsticks worker --master-host 10.0.0.1 --workload-config config/s3.yaml\n"
        "  chopsticks worker -f mixed --workload-config config/s3.yaml --master-lost stop\n"
        "chopsticks run --worker ... and chopsticks --worker ... are the same.\n"
        "Exit status: 0 all runs ran and were valid; otherwise that of the worst, as of `run`.");
    command->callback([a, &result, command_line] {
        refuse_masters_options(a->run);
        worker one(*a, command_line);
        result = one.work();
    });
}

}  // namespace chopsticks::cli
