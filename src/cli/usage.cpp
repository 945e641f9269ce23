#include "usage.hpp"

#include <algorithm>
#include <chopsticks/core/suggest.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

std::vector<std::string> names_of_commands(const CLI::App& app) {
    std::vector<std::string> out;
    for (const CLI::App* const command : app.get_subcommands({}))
        out.push_back(command->get_name());
    return out;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
    for (const CLI::App* const command : app.get_subcommands({})) {
        if (command->get_name() == name) return command;
    }
    return nullptr;
}

std::vector<std::string_view> views_of(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

int unknown_command(const CLI::App& app, const std::string& word) {
    const std::vector<std::string> names = names_of_commands(app);
    std::fprintf(stderr, "chopsticks: there is no command \"%s\"; %s\n", word.c_str(),
                 suggestion(word, views_of(names)).c_str());
    return exit_usage;
}

/// "--name" of "--name=value".
std::string name_of(const std::string& option) {
    return option.substr(0, option.find('='));
}

/// What a command calls its options, as they are typed.
std::vector<std::string> names_of_options(const CLI::App& command) {
    std::vector<std::string> out;
    for (const CLI::Option* const option : command.get_options()) {
        if (option->get_group().empty()) continue;
        for (const std::string& name : option->get_lnames())
            out.push_back("--" + name);
        for (const std::string& name : option->get_snames())
            out.push_back("-" + name);
    }
    return out;
}

bool is_option(const std::string& word) {
    return word.size() > 1 && word[0] == '-';
}

/// The value is left out: it may be a secret behind a misspelt name.
std::string about_option(const CLI::App& command, const std::string& name) {
    const std::string_view hint = foreign_option_hint(name);
    if (!hint.empty()) return "there is no option " + name + " here: " + std::string(hint);
    std::string out = "there is no option " + name;
    const std::vector<std::string> names = names_of_options(command);
    const std::string near = name.size() <= 64 ? nearest(name, views_of(names)) : std::string();
    // Single letters are all near each other.
    if (near.size() > 2 && name.size() > 2) out += "; did you mean " + near + "?";
    return out;
}

int refuse_extras(const CLI::App& app, const CLI::App& command, const std::string& see) {
    bool after_option = false;
    std::size_t told = 0;
    for (const std::string& word : app.remaining(true)) {
        if (!is_option(word)) {
            // What follows an unknown option is its value.
            if (!after_option) {
                std::fprintf(stderr, "chopsticks: \"%s\" is not expected here; see %s\n",
                             word.c_str(), see.c_str());
                ++told;
            }
            after_option = false;
            continue;
        }
        after_option = word.find('=') == std::string::npos;
        if (++told > 10) continue;
        std::fprintf(stderr, "chopsticks: %s; see %s\n",
                     about_option(command, name_of(word)).c_str(), see.c_str());
    }
    return exit_usage;
}

}  // namespace

std::string version_text() {
    const telemetry::build_description build = telemetry::describe_build();
    std::string out = "chopsticks " + build.version + "\n";
    out += "Boost " + build.boost + ", " + build.openssl + ", " +
           (rbd::librbd_built_in() ? rbd::librbd_version() : std::string("no librbd")) + "\n";
    out += build.compiler + ", build type " + build.build_type;
    return out;
}

int answer_first_words(const CLI::App& app, const std::vector<std::string>& command_line) {
    if (command_line.size() < 2) {
        std::fprintf(stderr,
                     "chopsticks: which command? A first try without any server: chopsticks run -f "
                     "quickstart --embedded; all commands: chopsticks --help\n");
        return exit_usage;
    }
    const std::string& first = command_line[1];
    if (first == "version") {
        std::printf("%s\n", version_text().c_str());
        return exit_ok;
    }
    if (first == "help") {
        if (command_line.size() == 2) {
            std::fputs(app.help().c_str(), stdout);
            return exit_ok;
        }
        const CLI::App* const command = find_command(app, command_line[2]);
        if (command == nullptr) return unknown_command(app, command_line[2]);
        std::fputs(command->help("chopsticks").c_str(), stdout);
        return exit_ok;
    }
    if (!is_option(first)) {
        return find_command(app, first) != nullptr ? -1 : unknown_command(app, first);
    }
    const std::vector<std::string> own = names_of_options(app);
    if (std::find(own.begin(), own.end(), first) != own.end()) return -1;
    const CLI::App& run = *find_command(app, "run");
    const std::vector<std::string> of_run = names_of_options(run);
    const std::string name = name_of(first);
    const bool scenario = name == "-f" || name == "--scenario" || name == "--locustfile";
    if (std::find(of_run.begin(), of_run.end(), name) != of_run.end()) {
        const bool value = scenario && name == first && command_line.size() > 2;
        std::fprintf(stderr,
                     "chopsticks: a command comes first; did you mean chopsticks run %s%s%s%s?\n",
                     name.c_str(), value ? " " : "", value ? command_line[2].c_str() : "",
                     command_line.size() > (value ? 3U : 2U) ? " ..." : "");
        return exit_usage;
    }
    const bool foreign = !foreign_option_hint(name).empty();
    std::fprintf(stderr, "chopsticks: %s; see chopsticks %s--help\n",
                 about_option(foreign ? run : app, name).c_str(), foreign ? "run " : "");
    return exit_usage;
}

int refuse(const CLI::App& app, const CLI::ParseError& error) {
    // "--help" and "--version" come as errors too; they are answers.
    if (error.get_exit_code() == 0) return app.exit(error);
    const auto chosen = app.get_subcommands();
    const CLI::App& command = chosen.empty() ? app : *chosen.front();
    const std::string see =
        "chopsticks " + (chosen.empty() ? std::string() : command.get_name() + " ") + "--help";
    // CLI11 lists them from the last to the first.
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        return refuse_extras(app, command, see);
    }
    std::string what = error.what();
    if (what.starts_with("--scenario is required")) {
        what =
            "which scenario? Give a file or the name of one that comes with the program: "
            "-f mixed (chopsticks list shows them)";
    }
    std::fprintf(stderr, "chopsticks: %s; see %s\n", what.c_str(), see.c_str());
    return exit_usage;
}

}  // namespace chopsticks::cli
