// Shared objects on their way into the catalogue.

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/plugin/guarded_driver.hpp>
#include <chopsticks/plugin/load.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstring>

#include "elf_file.hpp"

namespace chopsticks::plugin {

namespace {

constexpr const char* symbol_name = "chopsticks_plugin";

[[noreturn]] void refuse_plugin(std::string_view file, const std::string& problem,
                                const std::string& mend = {}) {
    throw config_error("plug-in " + std::string(file) + ": " + problem +
                       (mend.empty() ? "" : "; " + mend));
}

struct known_file {
    dev_t device;
    ino_t number;
};

std::deque<loaded_plugin>& all_loaded() {
    static std::deque<loaded_plugin> all;
    return all;
}

/// Whether it is a file that was loaded before; then all is done.
bool is_known(const std::string& file) {
    static std::deque<known_file> seen;
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) refuse_plugin(file, std::strerror(errno));
    if (!S_ISREG(found.st_mode)) refuse_plugin(file, "is no file");
    const bool known = std::any_of(seen.begin(), seen.end(), [&](const known_file& one) {
        return one.device == found.st_dev && one.number == found.st_ino;
    });
    if (!known) seen.push_back({found.st_dev, found.st_ino});
    return known;
}

std::string text_in(const char* array, std::size_t size) {
    return {array, ::strnlen(array, size)};
}

/// Whether its objects are laid out as ours are. Reads what cannot move alone until it is sure.
void check_build(const std::string& file, const declaration& of) {
    static constexpr build_id ours;
    static constexpr const char* again =
        "build it again with the headers of this program (pkg-config chopsticks)";
    if (of.magic != declaration_magic) {
        refuse_plugin(file, std::string(symbol_name) + " in it is no declaration of a plug-in",
                      "define it as chopsticks/plugin/plugin.hpp shows");
    }
    const build_id& theirs = of.built_for;
    if (theirs.contract != ours.contract ||
        text_in(theirs.chopsticks, sizeof theirs.chopsticks) != ours.chopsticks) {
        refuse_plugin(
            file,
            "was built for Chopsticks " + text_in(theirs.chopsticks, sizeof theirs.chopsticks) +
                " (plug-in contract " + std::to_string(theirs.contract) + "), and this is " +
                ours.chopsticks + " (plug-in contract " + std::to_string(ours.contract) + ")",
            again);
    }
    if (theirs.fact_count != ours.fact_count) {
        refuse_plugin(file,
                      "was built with other headers of the same version: it states " +
                          std::to_string(theirs.fact_count) + " facts of its build, and this is " +
                          "a program of " + std::to_string(ours.fact_count),
                      again);
    }
    for (std::size_t i = 0; i < ours.facts.size(); ++i) {
        const build_fact& their = theirs.facts[i];
        const std::string what = text_in(their.what, sizeof their.what);
        if (what != ours.facts[i].what) {
            refuse_plugin(file,
                          "was built with other headers of the same version: it states \"" + what +
                              "\", and this program \"" + ours.facts[i].what + "\"",
                          again);
        }
        if (their.value == ours.facts[i].value) continue;
        refuse_plugin(file,
                      "was built in another way: " + what + " is " + std::to_string(their.value) +
                          " there and " + std::to_string(ours.facts[i].value) + " here",
                      std::string(again) + " and the compiler that made it");
    }
}

/// Runs a function of the plug-in, or one that does. \param what for messages
template <typename Call>
auto guarded(std::string_view file, const char* what, Call&& call) {
    try {
        return call();
    } catch (const config_error& error) {
        refuse_plugin(file, error.what());
    } catch (...) {
        refuse_plugin(file, std::string(what) + " threw an exception: " + caught_text());
    }
}

void add_all(const loaded_plugin& from) {
    for (const provided_workload& one : from.content->workloads) {
        if (one.describe == nullptr || one.make_driver == nullptr) {
            refuse_plugin(from.file, "a workload of it has no describe or no make_driver");
        }
        scenario::catalogue::workload described =
            guarded(from.file, "describe", [&] { return one.describe(); });
        described.from = from.file;
        for (scenario::catalogue::driver& d : described.drivers)
            d.from = from.file;
        guarded(from.file, "its workload", [&] { scenario::catalogue::add(std::move(described)); });
    }
    for (const provided_driver& one : from.content->drivers) {
        if (one.row.name.empty()) refuse_plugin(from.file, "a driver of it has no name");
        if (one.make == nullptr) {
            refuse_plugin(from.file, "its driver " + std::string(one.row.name) +
                                         " has no function to make it");
        }
        scenario::catalogue::driver row = one.row;
        row.from = from.file;
        guarded(from.file, "its driver",
                [&] { scenario::catalogue::add_driver(one.workload, row); });
    }
}

}  // namespace

void load(const std::string& file) {
    if (is_known(file)) return;
    // With a slash: the name of a file, not one to look for in the system's folders.
    const std::string path = file.find('/') == std::string::npos ? "./" + file : file;
    const std::string missing = missing_bytes(path);
    if (!missing.empty()) refuse_plugin(file, missing, "copy or build it again");
    void* const code =
        guarded(file, "its start", [&] { return ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL); });
    if (code == nullptr) {
        refuse_plugin(file, std::string("cannot be loaded: ") + ::dlerror(),
                      "it has to be a shared object that was built for this program");
    }
    const void* const found = ::dlsym(code, symbol_name);
    if (found == nullptr) {
        refuse_plugin(file, std::string("has no symbol ") + symbol_name,
                      "define it as chopsticks/plugin/plugin.hpp shows");
    }
    const auto& content = *static_cast<const declaration*>(found);
    check_build(file, content);
    if (content.workloads.empty() && content.drivers.empty()) {
        refuse_plugin(file, "brings neither a driver nor a workload");
    }
    all_loaded().push_back({file, &content});
    add_all(all_loaded().back());
}

const std::deque<loaded_plugin>& loaded() {
    return all_loaded();
}

std::unique_ptr<engine::driver> make_driver(engine::make_driver_function* make,
                                            const engine::driver_request& wanted,
                                            std::string_view file) {
    auto inner = guarded(file, "make_driver", [&] { return make(wanted); });
    if (!inner) refuse_plugin(file, "make_driver made no driver");
    if (inner->endpoints().empty()) refuse_plugin(file, "its driver names no endpoint");
    return make_guarded_driver(std::move(inner), file);
}

}  // namespace chopsticks::plugin
