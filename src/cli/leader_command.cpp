// A Locust master for workers of ours, started for those who do not want to know about it.

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/crc32c.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/process/child.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/portable.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "command.hpp"
#include "locustfiles.hpp"
#include "setup.hpp"
#include "target_options.hpp"

namespace chopsticks::cli {

namespace {

struct leader_arguments {
    std::string scenario_file;
    std::string workload_file;
    unsigned expect_workers = 1;
    std::optional<std::string> workers_wait;
    bool describe = false;
    bool send_secrets = false;
    bool page = false;
    bool only_summary = false;
    std::string bind_host = "127.0.0.1";
    unsigned bind_port = 5557;
    std::string web_host = "127.0.0.1";
    unsigned web_port = 8089;
    std::optional<std::string> users;
    std::optional<std::string> spawn_rate;
    std::optional<std::string> duration;
    std::optional<std::string> seed;
    std::string output = ".";
    std::string csv;
    std::string locust = "locust";
    // What Locust's operator for Kubernetes starts a master with, and is so in any case.
    bool begins = true;
    bool deals_again = true;
    std::string quits_after;
};

run_arguments run_arguments_of(const leader_arguments& a) {
    run_arguments out;
    out.scenario_file = a.scenario_file;
    out.workload_file = a.workload_file;
    out.duration = a.duration;
    out.seed = a.seed;
    return out;
}

results::json describe(const leader_arguments& a, const run_setup& setup) {
    const scenario::scenario& s = setup.scenario;
    results::json groups = results::json::array();
    for (const scenario::group& g : s.groups) {
        groups.push_back({{"name", g.name},
                          {"open", g.open.has_value()},
                          {"users", g.open ? 1 : scenario::users_most(g.closed)}});
    }
    results::json out = {{"groups", groups},
                         {"scenario", s.source},
                         {"scenario_name", std::filesystem::path(s.file).filename().string()},
                         {"config", nullptr},
                         {"config_name", ""}};
    if (!a.workload_file.empty()) {
        std::ifstream in(a.workload_file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>()};
        out["config"] = scenario::portable(text, a.workload_file, [&](std::string_view key) {
            return !a.send_secrets && speaks_of_a_secret(key);
        });
        out["config_name"] = std::filesystem::path(a.workload_file).filename().string();
    }
    return out;
}

/// Where the locustfile lies for Locust, which takes no other than one with such a name. What lies
/// beside it is of the same program: another one's leader may be at work.
std::string place_locustfile() {
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    const char* const home = std::getenv("HOME");
    std::filesystem::path folder;
    if (cache != nullptr && *cache == '/') {
        folder = cache;
    } else if (home != nullptr && *home == '/') {
        folder = std::filesystem::path(home) / ".cache";
    } else {
        throw config_error("leader: the locustfile needs a place: set HOME or XDG_CACHE_HOME");
    }
    std::uint32_t digest = 0;
    for (const shipped_file& one : locustfiles())
        digest = crc32c(digest, {one.text.data(), one.text.size()});
    char name[32];
    std::snprintf(name, sizeof name, "locust-%08x", digest);
    folder = folder / "chopsticks" / name;
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    for (const shipped_file& one : locustfiles()) {
        const std::string problem = results::write_file((folder / one.name).string(), one.text);
        if (!problem.empty()) throw config_error(problem);
    }
    return (folder / "chopsticks_locustfile.py").string();
}

/// Locust says of some of it nothing that helps. What it can listen on otherwise, it says itself.
void refuse_used(const std::string& host, unsigned port, const char* option) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE;
    addrinfo* first = nullptr;
    const bool everywhere = host.empty() || host == "*";
    if (::getaddrinfo(everywhere ? nullptr : host.c_str(), std::to_string(port).c_str(), &wanted,
                      &first) != 0)
        throw config_error(std::string("leader: ") + option + ": there is no address of \"" + host +
                           "\"");
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(first, &::freeaddrinfo);
    const int handle = ::socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (handle < 0) return;
    // As the one that will listen.
    const int yes = 1;
    ::setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool refused = ::bind(handle, found->ai_addr, found->ai_addrlen) != 0;
    refused = refused || ::listen(handle, 1) != 0;
    const int why = errno;
    ::close(handle);
    if (!refused) return;
    throw config_error("leader: " + host + ":" + std::to_string(port) + ": " + std::strerror(why) +
                       (why == EADDRINUSE ? std::string("; is another master running? Choose with ")
                                          : std::string("; choose another with ")) +
                       option);
}

void set_environment(const char* name, const std::string& value) {
    if (!value.empty()) ::setenv(name, value.c_str(), 1);
}

/// What the scenario comes to: its users, one of each open loop and worker besides.
std::uint64_t users_of(const scenario::scenario& s, unsigned workers) {
    std::uint64_t out = 0;
    for (const scenario::group& g : s.groups)
        out += g.open ? workers : scenario::users_most(g.closed);
    return out;
}

/// Locust counts whole ones.
std::int64_t seconds_of_wait(const leader_arguments& a) {
    const auto ns = parse_duration(*a.workers_wait);
    constexpr std::int64_t second_ns = 1'000'000'000;
    if (!ns || *ns < second_ns)
        throw config_error("--expect-workers-max-wait: \"" + *a.workers_wait +
                           "\" is no duration of a second or more; write 30s, 5m");
    return *ns / second_ns;
}

int lead(const leader_arguments& a) {
    const run_setup setup(run_arguments_of(a), false);
    if (a.describe) {
        const std::string text = results::dump(describe(a, setup)) + "\n";
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? exit_ok
                                                                               : exit_errors;
    }
    const scenario::scenario& s = setup.scenario;
    if (const std::string why = engine::steering_problem(s); !why.empty()) throw config_error(why);
    results::check_output(a.output + "/result.json");
    if (process::find_program(a.locust).empty()) {
        throw config_error(
            "leader: there is no program \"" + a.locust +
            "\": the leader is a Locust master. Install it with `apt install python3-locust` or "
            "`pip install locust` (2.12 or later), or say where it is: --locust PROGRAM");
    }
    refuse_used(a.bind_host, a.bind_port, "--master-bind-port");
    if (a.page) refuse_used(a.web_host, a.web_port, "--web-port");
    std::vector<std::string> words = {a.locust,
                                      "-f",
                                      place_locustfile(),
                                      "--master",
                                      "--master-bind-host",
                                      a.bind_host,
                                      "--master-bind-port",
                                      std::to_string(a.bind_port)};
    const auto add = [&](const char* option, const std::string& value) {
        words.emplace_back(option);
        words.push_back(value);
    };
    const std::string users = a.users ? *a.users : std::to_string(users_of(s, a.expect_workers));
    add("-u", users);
    add("-r", a.spawn_rate ? *a.spawn_rate : users);
    if (!a.csv.empty()) add("--csv", a.csv);
    if (a.only_summary) words.emplace_back("--only-summary");
    if (a.page) {
        add("--web-host", a.web_host);
        add("--web-port", std::to_string(a.web_port));
    } else {
        words.emplace_back("--headless");
    }
    add("--expect-workers", std::to_string(a.expect_workers));
    if (a.workers_wait) add("--expect-workers-max-wait", std::to_string(seconds_of_wait(a)));
    set_environment("CHOPSTICKS_SCENARIO", a.scenario_file);
    set_environment("CHOPSTICKS_WORKLOAD_CONFIG", a.workload_file);
    set_environment("CHOPSTICKS_SEND_SECRETS", a.send_secrets ? "1" : "");
    set_environment("CHOPSTICKS_SEED", a.seed ? *a.seed : "");
    set_environment("CHOPSTICKS_OUTPUT", a.output);
    std::error_code error;
    set_environment("CHOPSTICKS_PROGRAM",
                    std::filesystem::read_symlink("/proc/self/exe", error).string());
    if (s.phase.measure_given) {
        set_environment("CHOPSTICKS_DURATION_S",
                        std::to_string(static_cast<double>(s.phase.measure_ns) / 1e9));
    }
    std::vector<char*> arguments;
    for (std::string& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::fflush(nullptr);
    ::execvp(a.locust.c_str(), arguments.data());
    throw config_error("leader: " + a.locust + " cannot be run: " + std::strerror(errno));
}

}  // namespace

void add_leader_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("leader", "Starts a Locust master for workers on many machines");
    auto a = std::make_shared<leader_arguments>();
    command
        ->add_option("-f,--scenario,--locustfile", a->scenario_file,
                     "Scenario: a YAML file, or the name of one that comes with the program")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("--workload-config", a->workload_file,
                     "Workload config for workers that have none of their own; it is sent without "
                     "its secrets")
        ->type_name("FILE");
    command->add_flag("--send-secrets", a->send_secrets,
                      "With them: they go over the network in open text");
    command->add_option("--expect-workers", a->expect_workers, "Begins when so many are there")
        ->type_name("N")
        ->check(CLI::Range(1U, 512U))
        ->capture_default_str();
    command
        ->add_option("--expect-workers-max-wait", a->workers_wait,
                     "Gives up when they are not there after so long (default: never)")
        ->type_name("TIME");
    command->add_flag("--page", a->page, "With Locust's page, where the load is started");
    command->add_option("--web-host", a->web_host, "Where the page is served")
        ->type_name("HOST")
        ->capture_default_str();
    command->add_option("--web-port", a->web_port, "Its port")
        ->type_name("PORT")
        ->check(CLI::Range(1U, 65535U))
        ->capture_default_str();
    command
        ->add_option("--master-bind-host,--leader-bind-host", a->bind_host,
                     "Address that workers connect to. Nobody who can reach it is asked who he is")
        ->type_name("HOST")
        ->capture_default_str();
    command
        ->add_option("--master-bind-port,--leader-bind-port,--master-port", a->bind_port,
                     "Its port")
        ->type_name("PORT")
        ->check(CLI::Range(1U, 65535U))
        ->capture_default_str();
    command
        ->add_option("-u,--users", a->users,
                     "Users over all workers (default: the scenario's, and one of each open loop "
                     "for each worker)")
        ->type_name("N");
    command
        ->add_option("-r,--spawn-rate", a->spawn_rate,
                     "Users started per second (default: all at once)")
        ->type_name("R");
    command
        ->add_option("-t,--duration,--run-time", a->duration,
                     "Length of the load (default: the scenario's `measure`; without any, until it "
                     "is stopped)")
        ->type_name("TIME");
    command->add_option("--seed", a->seed, "Makes the run repeatable")->type_name("N");
    command->add_option("--output", a->output, "Folder for what comes of each run")
        ->type_name("FOLDER")
        ->capture_default_str();
    command->add_option("--csv", a->csv, "Also Locust's own CSV files")->type_name("PREFIX");
    command->add_option("--locust", a->locust, "The program to start")
        ->type_name("PROGRAM")
        ->capture_default_str();
    command->add_flag("--only-summary", a->only_summary,
                      "Without Locust's table of statistics every other second");
    command->add_flag("--headless,--autostart", a->begins,
                      "Accepted: without --page it begins by itself");
    command
        ->add_option("--autoquit", a->quits_after, "Accepted: without --page it ends with the load")
        ->type_name("SECONDS");
    command->add_flag("--enable-rebalancing", a->deals_again,
                      "Accepted: users of a worker that is lost go to the others");
    command->add_flag("--describe", a->describe,
                      "Only prints what chopsticks_locustfile.py wants to know of the scenario");
    command->footer(
        "Examples:\n"
        "  chopsticks leader -f mixed --workload-config config/s3.yaml --expect-workers 4 -t 5m "
        "\\\n"
        "      --master-bind-host 10.0.0.1\n"
        "  chopsticks leader -f mixed --expect-workers 4 --page\n"
        "chopsticks run --leader ... is the same.\n"
        "Exit status: that of the merged result, as of `run`; 2 bad usage, or no Locust.");
    command->callback([a, &result] { result = lead(*a); });
}

std::vector<std::string> by_role(std::vector<std::string> words) {
    if (words.size() < 2 || (words[1] != "run" && !words[1].starts_with("-"))) return words;
    for (const auto& [option, command] :
         {std::pair("--worker", "worker"), {"--leader", "leader"}, {"--master", "leader"}}) {
        const auto at = std::find(words.begin() + 1, words.end(), option);
        if (at == words.end()) continue;
        words.erase(at);
        if (words.size() > 1 && words[1] == "run") {
            words[1] = command;
        } else {
            words.insert(words.begin() + 1, command);
        }
        break;
    }
    return words;
}

}  // namespace chopsticks::cli
