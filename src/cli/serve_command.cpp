#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

struct serve_arguments {
    endpoint::endpoint_options options;
    std::string memory = "1GiB";
    std::string faults;
    std::string users_file;
    std::string dialect = "aws";
    bool fast_etag = false;
    bool drop_bodies = false;
    std::string secret_key;  ///< always refused
};

/// A file, because every user of this machine can read a command line.
std::vector<endpoint::endpoint_user> read_users(const std::string& path) {
    std::ifstream in(path);
    if (!in) throw config_error("--users: " + path + " cannot be read");
    std::vector<endpoint::endpoint_user> users;
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
        std::istringstream words(line);
        endpoint::endpoint_user user;
        std::string more;
        if (!(words >> user.access_key) || user.access_key.starts_with('#')) continue;
        if (!(words >> user.secret_key) || words >> more) {
            throw config_error("--users: " + path + ":" + std::to_string(number) +
                               ": write an access key, a blank and its secret key");
        }
        users.push_back(std::move(user));
    }
    if (in.bad()) throw config_error("--users: " + path + " cannot be read");
    return users;
}

int serve(serve_arguments& a) {
    if (!a.secret_key.empty()) {
        throw config_error(
            "--secret-key: a secret is not taken on the command line, where every user of this "
            "machine could read it; set AWS_SECRET_ACCESS_KEY");
    }
    const auto memory = parse_size(a.memory);
    if (!memory) throw config_error("--memory: \"" + a.memory + "\" is not a size; write 4GiB");
    a.options.memory_cap_bytes = *memory;
    if (const char* secret = std::getenv("AWS_SECRET_ACCESS_KEY"); secret != nullptr) {
        a.options.secret_key = secret;
    }
    if (!a.users_file.empty()) a.options.more_users = read_users(a.users_file);
    if (a.dialect == "ceph") a.options.answers = endpoint::dialect::ceph;
    if (a.fast_etag) a.options.etag = endpoint::etag_kind::fast;
    a.options.keep_bodies = !a.drop_bodies;
    if (!a.faults.empty()) a.options.injected = endpoint::parse_faults(a.faults);
    // One per connection, and how many there will be the clients decide.
    telemetry::raise_descriptor_limit(telemetry::current_descriptor_limit().hard);
    endpoint::server server(a.options);
    server.start();
    catch_signals();
    std::printf("listening on %s\n", server.url().c_str());
    std::printf("access key %s, secret key %s, region %s, at most %s of objects; Ctrl-C ends it\n",
                a.options.access_key.c_str(),
                std::getenv("AWS_SECRET_ACCESS_KEY") != nullptr ? "from AWS_SECRET_ACCESS_KEY"
                                                                : "chopsticks-secret",
                a.options.region.c_str(), format_size(a.options.memory_cap_bytes).c_str());
    std::fflush(stdout);
    while (stop_level.load() == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server.stop();
    const endpoint::counters c = server.count();
    std::printf("served %llu requests on %llu connections; %llu objects are gone with it\n",
                static_cast<unsigned long long>(c.requests),
                static_cast<unsigned long long>(c.connections),
                static_cast<unsigned long long>(c.objects));
    return exit_ok;
}

}  // namespace

void add_serve_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand("serve", "Runs the embedded S3 endpoint alone, in memory");
    auto a = std::make_shared<serve_arguments>();
    a->options.port = 9000;
    command->add_option("--address", a->options.address, "Address to listen on")
        ->capture_default_str();
    command->add_option("--port", a->options.port, "Port; 0 takes a free one")
        ->capture_default_str();
    command->add_option("--threads", a->options.threads, "Event loops")
        ->check(CLI::Range(1U, 256U))
        ->capture_default_str();
    command->add_option("--access-key", a->options.access_key, "The access key it lets in")
        ->capture_default_str();
    command
        ->add_option("--users", a->users_file,
                     "More users: lines of an access key and its secret key")
        ->type_name("FILE");
    command->add_option("--region", a->options.region, "The region it says it is")
        ->capture_default_str();
    command
        ->add_option("--dialect", a->dialect,
                     "Whose answers it gives where Amazon's S3 and Ceph's differ")
        ->check(CLI::IsMember({"aws", "ceph"}))
        ->capture_default_str();
    command->add_option("--memory", a->memory, "The most that objects may take")
        ->capture_default_str();
    command->add_option("--tls-cert", a->options.tls_certificate_file, "PEM certificate: https")
        ->type_name("FILE");
    command->add_option("--tls-key", a->options.tls_key_file, "PEM key")->type_name("FILE");
    command->add_flag("--fast-etag", a->fast_etag, "ETags that are no MD5: less CPU per put");
    command->add_flag("--drop-bodies", a->drop_bodies, "Keep sizes only; gets answer zeros");
    command
        ->add_option("--faults", a->faults,
                     "Misbehave: \"latency:exponential=5ms,op=get;error:rate=0.01,status=503\"")
        ->type_name("SPEC");
    command->add_option("--secret-key", a->secret_key)->group("");
    command->footer(
        "Examples:\n"
        "  chopsticks serve --port 9000\n"
        "  chopsticks serve --faults 'latency:fixed=20ms,op=put;error:rate=0.01,status=503'\n"
        "The secret key is taken from AWS_SECRET_ACCESS_KEY (default: chopsticks-secret).");
    command->callback([a, &result] { result = serve(*a); });
}

}  // namespace chopsticks::cli
