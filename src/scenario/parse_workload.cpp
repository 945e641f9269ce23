// A workload config: each workload reads its own part, which nobody else understands.

#include <algorithm>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/text.hpp>
#include <filesystem>

#include "yaml.hpp"

namespace chopsticks::scenario {

namespace {

using catalogue::workload;

/// Of every workload that has a driver with options of its own.
constexpr std::string_view options_key = "driver_options";

bool may_stand_at_top(const workload& w, std::string_view key) {
    const std::vector<std::string_view>& keys = w.settings.top_keys;
    if (key == options_key) return true;
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Files may be nested (`NAME: {...}`) or flat; an override means the same in both.
std::string path_in(const value& root, const workload* top, std::string_view path) {
    if (top == nullptr) return std::string(path);
    const std::string own = std::string(top->name) + ".";
    const bool nested = root.find(top->name) != nullptr;
    const std::string_view first = path.substr(0, path.find('.'));
    if (nested && may_stand_at_top(*top, first)) return own + std::string(path);
    if (!nested && path.starts_with(own)) return std::string(path.substr(own.size()));
    return std::string(path);
}

/// A map of scalars; each driver knows what they mean. \param of whose drivers' names may stand
/// there, with a map for that driver alone; null: none
value read_options(const field& f, const workload* of) {
    const map_reader m(f, "write {fail_every: 100, delay: 5ms}");
    for (const auto& e : f.raw().entries) {
        if (e.content.is_scalar()) continue;
        const field own(e.content, m.path(e.key));
        if (of == nullptr || find_driver(*of, e.key) == nullptr) own.wrong("a text or number", "");
        read_options(own, nullptr);
    }
    return f.raw();
}

/// Those for this driver, without the names of drivers.
value options_for(std::string_view driver, const value& all) {
    value out = all;
    std::erase_if(out.entries, [](const auto& e) { return !e.content.is_scalar(); });
    const value* const own = all.find(driver);
    if (own == nullptr || own->is_scalar()) return out;
    for (const auto& e : own->entries) {
        std::erase_if(out.entries, [&](const auto& of_all) { return of_all.key == e.key; });
        out.entries.push_back(e);
    }
    return out;
}

/// `plugins`, as paths from here.
std::vector<std::string> read_plugins(map_reader& m, const std::string& file) {
    std::vector<std::string> out;
    const auto list = m.find("plugins");
    if (!list) return out;
    const std::filesystem::path folder = std::filesystem::path(file).parent_path();
    for (const field& one : list->list("write [\"./my_driver.so\"]"))
        out.push_back((folder / one.text()).lexically_normal().string());
    return out;
}

workload_settings& read_part(const workload& w, map_reader& file, map_reader& keys,
                             workload_config& out) {
    auto& into = out.settings[std::string(w.name)];
    into =
        foreign_call(w.name, "settings.read", [&] { return w.settings.read({file, keys, out}); });
    if (!into) {
        throw config_error("plug-in " + std::string(w.from) + ": settings.read of the workload " +
                           std::string(w.name) + " made none");
    }
    if (const auto options = keys.find(options_key)) {
        into->driver_options = read_options(*options, &w);
    }
    return *into;
}

/// Only a driver that has some takes them: nobody else would say which of them are wrong.
void choose_options(workload_config& config) {
    for (const auto& [name, settings] : config.settings) {
        if (settings->driver_options.entries.empty()) continue;
        const auto* const driver =
            find_driver(*catalogue::find_workload(name), driver_of(config, name));
        if (driver == nullptr) continue;
        settings->driver_options = options_for(driver->name, settings->driver_options);
        if (settings->driver_options.entries.empty() || driver->takes_options) continue;
        fail(settings->driver_options.where,
             "`driver_options`: the driver " + std::string(driver->name) + " of the workload " +
                 name + " has none",
             "remove them, name the driver that they are for, or write them below its name: "
             "`driver_options: {NAME: {...}}`");
    }
}

bool holds_secret(const std::string& workload, const workload_settings& of) {
    return foreign_call(workload, "hold_secret of the settings", [&] { return of.hold_secret(); });
}

/// Whether an override says a secret: alone, it makes settings that hold one.
bool is_secret(const override_value& set) {
    if (!set.path.starts_with("workload.")) return false;
    try {
        const workload_config alone = parse_workload_config("", "", {set});
        return std::any_of(alone.settings.begin(), alone.settings.end(),
                           [](const auto& one) { return holds_secret(one.first, *one.second); });
    } catch (const config_error&) {
        // What is wrong with it is told where all of them are read.
        return false;
    }
}

void refuse_secrets(const std::vector<override_value>& overrides) {
    for (const override_value& set : overrides) {
        if (!is_secret(set)) continue;
        throw config_error("--set " + set.path +
                           ": a secret is not taken on the command line, where every user of this "
                           "machine could read it; write it to the workload config");
    }
}

/// The part of a workload whose keys stand in `NAME: {...}` only.
void read_nested(const workload& w, map_reader& file, workload_config& out) {
    const auto part = file.find(w.name);
    map_reader keys(part ? &part->raw() : nullptr, std::string(w.name),
                    std::string(w.settings.example));
    read_part(w, file, keys, out).given = part.has_value();
    keys.finish();
}

/// The part of the one whose keys may also stand at the top.
void read_top(const workload& w, const value& root, map_reader& file, workload_config& out) {
    const auto part = file.find(w.name);
    const auto own = std::find_if(root.entries.begin(), root.entries.end(),
                                  [&](const auto& e) { return may_stand_at_top(w, e.key); });
    if (!part) {
        read_part(w, file, file, out).given = own != root.entries.end();
    } else {
        const std::string name(w.name);
        if (own != root.entries.end()) {
            fail(own->where, "\"" + own->key + "\" stands beside `" + name + "`",
                 "move it into `" + name + "`");
        }
        map_reader keys(*part);
        read_part(w, file, keys, out).given = true;
        keys.finish();
    }
    out.driver = out.find(w.name)->driver;
}

/// The file with what replaces parts of it.
value overridden_document(const std::string& text, const std::string& file,
                          const std::vector<override_value>& overrides) {
    const workload* const top = catalogue::at_top();
    check_text(text, file);
    value root = parse_document(text, file);
    for (const override_value& o : overrides) {
        constexpr std::string_view mark = "workload.";
        if (o.path.rfind(mark, 0) != 0) continue;
        check_text(o.value, "--set " + o.path);
        apply_override(root, o, path_in(root, top, std::string_view(o.path).substr(mark.size())));
    }
    return root;
}

}  // namespace

std::vector<std::string> plugins_of(const std::string& path,
                                    const std::vector<override_value>& overrides) {
    const std::string text = path.empty() ? std::string() : read_text(path, "workload config");
    const value root = overridden_document(text, path, overrides);
    map_reader m(&root, "", "");
    return read_plugins(m, path);
}

workload_config parse_workload_config(std::string text, std::string file,
                                      const std::vector<override_value>& overrides) {
    const workload* const top = catalogue::at_top();
    const value root = overridden_document(text, file, overrides);
    workload_config out;
    out.file = std::move(file);
    map_reader m(&root, "", top != nullptr ? std::string(top->settings.example) : "");
    for (const workload& w : catalogue::workloads()) {
        if (&w != top) read_nested(w, m, out);
    }
    if (top != nullptr) read_top(*top, root, m, out);
    out.plugins = read_plugins(m, out.file);
    if (const auto cluster = m.find("cluster")) out.cluster = cluster->raw();
    m.finish();
    choose_options(out);
    return out;
}

workload_config load_workload_config(const std::string& path,
                                     const std::vector<override_value>& overrides) {
    refuse_secrets(overrides);
    if (path.empty()) return parse_workload_config("", "", overrides);
    workload_config out =
        parse_workload_config(read_text(path, "workload config"), path, overrides);
    const bool secret = std::any_of(out.settings.begin(), out.settings.end(), [](const auto& one) {
        return holds_secret(one.first, *one.second);
    });
    if (secret && readable_by_others(path)) {
        out.warnings.push_back(warning_of_readable_secret(path));
    }
    return out;
}

std::string_view driver_of(const workload_config& config, std::string_view workload) {
    const workload_settings* const own = config.find(workload);
    if (own != nullptr && !own->driver.empty()) return own->driver;
    // What sends nothing for one workload and loads a cluster with the other surprises.
    if (config.driver == "dummy") return "dummy";
    const auto* entry = catalogue::find_workload(workload);
    return entry != nullptr ? entry->drivers.front().name : std::string_view();
}

void check_together(scenario& plan, const workload_config& config) {
    for (group& g : plan.groups) {
        const workload& of = catalogue::workload_of(g);
        const std::string_view driver = driver_of(config, g.workload);
        if (find_driver(of, driver) == nullptr) {
            std::string all;
            for (const auto& one : of.drivers)
                all += (all.empty() ? "" : ", ") + std::string(one.name);
            throw config_error("the workload " + g.workload + " has no driver " +
                               std::string(driver) + ": name one of its own, `" + g.workload +
                               ": {driver: NAME}` (" + all + ")");
        }
        const auto* const own = config.find(g.workload);
        if (own == nullptr) continue;
        foreign_call(g.workload, "check of the settings", [&] { own->check(g, plan.warnings); });
    }
}

void workload_settings::check(group&, std::vector<std::string>&) const {}

}  // namespace chopsticks::scenario
