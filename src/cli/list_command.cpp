#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdio>
#include <filesystem>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

namespace fs = std::filesystem;

/// Where scenarios may lie: given, here, beside the source tree's binary.
fs::path scenario_directory(const std::string& given) {
    if (!given.empty()) return given;
    std::error_code ignored;
    fs::path here = "scenarios";
    if (fs::is_directory(here, ignored)) return here;
    const fs::path self = fs::read_symlink("/proc/self/exe", ignored);
    fs::path beside = self.parent_path().parent_path() / "scenarios";
    return fs::is_directory(beside, ignored) ? beside : fs::path();
}

void print_scenarios(const std::string& given) {
    const fs::path directory = scenario_directory(given);
    if (directory.empty()) {
        std::printf("Scenarios: none found here; name their folder with --scenarios DIR\n");
        return;
    }
    std::error_code failed;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(directory, failed)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    if (failed) {
        throw config_error(directory.string() + ": " + failed.message() +
                           "; name a folder of scenarios with --scenarios DIR");
    }
    std::sort(files.begin(), files.end());
    std::printf("Scenarios in %s\n", directory.c_str());
    for (const fs::path& file : files) {
        std::string about;
        try {
            about = scenario::load_scenario(file.string()).description;
        } catch (const config_error& error) {
            about = std::string("cannot be used: ") + error.what();
        }
        std::replace(about.begin(), about.end(), '\n', ' ');
        std::printf("  %-24s %s\n", file.stem().c_str(), about.c_str());
    }
}

std::string library_text() {
    return rbd::librbd_built_in()
               ? " (" + rbd::librbd_version() + ")"
               : " (not in this program: install librbd-dev, configure and build again)";
}

void print_catalogue() {
    for (const auto& w : scenario::catalogue::workloads()) {
        std::printf("\nWorkload %.*s: %.*s\n", static_cast<int>(w.name.size()), w.name.data(),
                    static_cast<int>(w.description.size()), w.description.data());
        std::printf("  drivers\n");
        for (const auto& d : w.drivers) {
            std::printf("    %-16.*s %.*s%s\n", static_cast<int>(d.name.size()), d.name.data(),
                        static_cast<int>(d.description.size()), d.description.data(),
                        d.name == "librbd" ? library_text().c_str() : "");
        }
        std::printf("  operations and their parameters\n");
        for (const auto& o : w.operations) {
            std::printf("    %-16.*s %.*s\n", static_cast<int>(o.name.size()), o.name.data(),
                        static_cast<int>(o.description.size()), o.description.data());
            for (const auto& p : o.parameters) {
                std::printf("      %-14.*s %.*s, default %.*s: %.*s\n",
                            static_cast<int>(p.name.size()), p.name.data(),
                            static_cast<int>(p.type.size()), p.type.data(),
                            static_cast<int>(p.default_value.size()), p.default_value.data(),
                            static_cast<int>(p.description.size()), p.description.data());
            }
        }
    }
}

}  // namespace

void add_list_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("list", "Shows scenarios, workloads, drivers and operations");
    auto directory = std::make_shared<std::string>();
    command->add_option("--scenarios", *directory, "Folder of scenarios")->type_name("DIR");
    command->footer("Examples:\n  chopsticks list\n  chopsticks list --scenarios my/scenarios");
    command->callback([directory, &result] {
        print_scenarios(*directory);
        print_catalogue();
        result = exit_ok;
    });
}

}  // namespace chopsticks::cli
