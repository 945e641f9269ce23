#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/shipped.hpp>
#include <cstdio>
#include <filesystem>

#include "command.hpp"
#include "plugins.hpp"
#include "workloads.hpp"

namespace chopsticks::cli {

namespace {

namespace fs = std::filesystem;

void print_scenario(std::string_view name, std::string about) {
    std::replace(about.begin(), about.end(), '\n', ' ');
    std::printf("  %-24.*s %s\n", static_cast<int>(name.size()), name.data(), about.c_str());
}

void print_shipped() {
    std::printf("Scenarios (run one with -f NAME, print it with chopsticks list --show NAME)\n");
    for (const scenario::shipped_scenario& s : scenario::shipped_scenarios()) {
        print_scenario(
            s.name, scenario::parse_scenario(std::string(s.text), std::string(s.name)).description);
    }
}

void print_folder(const fs::path& directory) {
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
    if (files.empty()) std::printf("  none: no file there ends in .yaml\n");
    for (const fs::path& file : files) {
        std::string about;
        try {
            about = scenario::load_scenario(file.string()).description;
        } catch (const config_error& error) {
            about = std::string("cannot be used: ") + error.what();
        }
        print_scenario(file.stem().string(), std::move(about));
    }
}

void show(const std::string& name) {
    const scenario::shipped_scenario* const found = scenario::find_shipped(name);
    if (found == nullptr) {
        throw config_error("--show: no scenario \"" + name + "\" comes with the program; " +
                           scenario::shipped_suggestion(name));
    }
    std::fwrite(found->text.data(), 1, found->text.size(), stdout);
}

/// Which driver does what: a column each.
void print_features(const scenario::catalogue::workload& w) {
    if (w.features.empty()) return;
    const auto cell = [&](std::string_view text, const scenario::catalogue::driver& of) {
        const bool last = &of == &w.drivers.back();
        std::printf(" %-*.*s", last ? 0 : 7, static_cast<int>(text.size()), text.data());
    };
    std::printf("  %-47s", "what its drivers do");
    for (const auto& d : w.drivers)
        cell(d.name, d);
    std::printf("\n");
    for (const auto& f : w.features) {
        std::printf("    %-45.*s", static_cast<int>(f.name.size()), f.name.data());
        for (const auto& d : w.drivers) {
            const auto found = std::find(f.drivers.begin(), f.drivers.end(), d.name);
            cell(found != f.drivers.end() ? "yes" : "-", d);
        }
        std::printf("\n");
    }
}

void print_catalogue() {
    for (const auto& w : scenario::catalogue::workloads()) {
        std::printf("\nWorkload %.*s: %.*s%s%.*s%s\n", static_cast<int>(w.name.size()),
                    w.name.data(), static_cast<int>(w.description.size()), w.description.data(),
                    w.from.empty() ? "" : " (from ", static_cast<int>(w.from.size()), w.from.data(),
                    w.from.empty() ? "" : ")");
        std::printf("  drivers\n");
        for (const auto& d : w.drivers) {
            std::printf("    %-16.*s %.*s%s\n", static_cast<int>(d.name.size()), d.name.data(),
                        static_cast<int>(d.description.size()), d.description.data(),
                        driver_note(w.name, d.name).c_str());
        }
        print_features(w);
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
    auto shown = std::make_shared<std::string>();
    auto plugins = std::make_shared<std::vector<std::string>>();
    add_plugin_option(*command, *plugins);
    command->add_option("--scenarios", *directory, "Folder of scenarios of your own")
        ->type_name("DIR");
    command
        ->add_option("NAME,--show", *shown,
                     "Prints this scenario of the program, for a file to begin with")
        ->type_name("NAME");
    command->footer(
        "Examples:\n  chopsticks list\n  chopsticks list --show mixed > my_mixed.yaml\n"
        "  chopsticks list --scenarios my/scenarios");
    command->callback([directory, shown, plugins, &result] {
        result = exit_ok;
        load_plugins(*plugins, {}, {});
        if (!shown->empty()) return show(*shown);
        directory->empty() ? print_shipped() : print_folder(*directory);
        print_catalogue();
    });
}

}  // namespace chopsticks::cli
