#include "target_options.hpp"

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/scenario/target.hpp>
#include <iterator>

#include "plugins.hpp"
#include "workloads.hpp"

namespace chopsticks::cli {

void add_target_options(CLI::App& command, run_arguments& a) {
    command
        .add_option("--workload-config", a.workload_file,
                    "Workload config: to whom it is done (YAML)")
        ->type_name("FILE");
    command
        .add_option("-H,--endpoint,--host", a.endpoints,
                    "http://host:port or https://...; may be given again")
        ->type_name("URL")
        ->allow_extra_args(false);
    command
        .add_option("--access-key", a.access_key, "Access key (its secret: AWS_SECRET_ACCESS_KEY)")
        ->type_name("K");
    command.add_option("--bucket", a.bucket, "Bucket (made if it is not there)")->type_name("B");
    command
        .add_option("--set", a.sets,
                    "Replaces a value of the scenario, or with workload.* of the workload config")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false);
    add_plugin_option(command, a.plugins);
    // Known, so that the refusal can say why.
    command.add_option("--secret-key", a.secret_key)->group("");
    command.add_option("--session-token", a.session_token)->group("");
}

namespace {

/// In names of what is a secret, whoever has such a key.
constexpr std::string_view secret_words[] = {"secret",     "token",      "password",
                                             "passphrase", "credential", "private_key"};
constexpr const char* elsewhere_advice =
    " is not taken on the command line, where every user of this machine could read it; write it "
    "to the workload config";

}  // namespace

bool speaks_of_a_secret(std::string_view key) noexcept {
    return std::any_of(
        std::begin(secret_words), std::end(secret_words),
        [&](std::string_view word) { return key.find(word) != std::string_view::npos; });
}

/// Names the reason instead of using the secret: it would be in the process list and the shell's
/// history for all to read.
void refuse_secrets(const run_arguments& a) {
    const char* advice =
        " is not taken on the command line, where every user of this machine could read it; set "
        "AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or write it to the workload config or "
        "~/.aws/credentials";
    if (!a.secret_key.empty()) throw config_error(std::string("--secret-key: a secret") + advice);
    if (!a.session_token.empty()) {
        throw config_error(std::string("--session-token: a secret") + advice);
    }
    for (const std::string& set : a.sets) {
        const std::string path = set.substr(0, set.find('='));
        for (const std::string_view word : secret_words) {
            if (path.find(word) == std::string::npos) continue;
            // S3's own have more places; a driver of a plug-in has the workload config alone.
            const bool of_s3 =
                (word == "secret" || word == "token") && path.find("cluster.") == std::string::npos;
            throw config_error("--set " + path + ": a secret" +
                               (of_s3 ? advice : elsewhere_advice));
        }
    }
}

void apply_target(scenario::workload_config& workload, const run_arguments& a) {
    const scenario::target_arguments typed{a.endpoints, a.access_key, a.bucket};
    for (const auto& [name, settings] : workload.settings) {
        const auto apply = target_of(name).apply;
        if (apply == nullptr) continue;
        scenario::foreign_call(name, "target.apply",
                               [&, to = settings.get()] { apply(*to, typed); });
    }
}

}  // namespace chopsticks::cli
