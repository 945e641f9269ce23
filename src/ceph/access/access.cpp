#include <algorithm>
#include <chopsticks/ceph/access.hpp>
#include <chopsticks/core/suggest.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/text.hpp>

namespace chopsticks::ceph {

namespace {

using scenario::fail;
using scenario::field;
using scenario::has_control_characters;

void read_options(const field& f, access& out) {
    const char* const example = "write {rbd_op_threads: 1}: options by their Ceph names";
    if (!f.raw().is_map()) f.wrong("a map of options", example);
    for (const auto& e : f.raw().entries) {
        const field option(e.content, f.name() + "." + e.key);
        if (e.key == "key" || e.key.find("passw") != std::string::npos ||
            e.key.find("secret") != std::string::npos) {
            fail(e.where, "`" + option.name() + "` is a secret",
                 "write `keyring: PATH`, or the option into Ceph's own configuration");
        }
        const bool plain = e.key.find_first_not_of(
                               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789_") == std::string::npos;
        if (!plain) {
            fail(e.where, "\"" + e.key.substr(0, 64) + "\" is no name of an option", example);
        }
        if (!e.content.is_scalar()) option.wrong("a text or number", example);
        if (has_control_characters(e.content.text)) {
            option.refuse("contains a control character", "");
        }
        out.options[e.key] = e.content.text;
    }
}

}  // namespace

std::string name_text(const field& f) {
    std::string text = f.text();
    if (text.find_first_of("/@") != std::string::npos || has_control_characters(text) ||
        text.size() > 200) {
        f.refuse("is no name of one thing: " + f.raw().found(),
                 "at most 200 characters without '/' and '@'; pool, namespace and snapshot have "
                 "keys of their own");
    }
    return text;
}

std::string path_text(const field& f) {
    std::string path = f.text();
    if (has_control_characters(path)) f.refuse("contains a control character", "");
    return path;
}

std::string driver_text(const field& f, const scenario::catalogue::workload& described) {
    const scenario::catalogue::workload& of = scenario::catalogue::as_added(described);
    std::string name = f.text();
    std::vector<std::string_view> names;
    for (const auto& d : of.drivers)
        names.push_back(d.name);
    if (scenario::catalogue::find_driver(of, name) == nullptr) {
        f.refuse("names no driver of the workload " + std::string(of.name) + ": \"" + name + "\"",
                 suggestion(name, names));
    }
    return name;
}

std::string joined(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items)
        out += (out.empty() ? "" : ", ") + item;
    return out;
}

void read_access(scenario::map_reader& keys, access& out) {
    if (const auto p = keys.find("conf_file")) out.conf_file = path_text(*p);
    if (const auto c = keys.find("cluster")) out.cluster = name_text(*c);
    if (const auto c = keys.find("client")) {
        out.client = name_text(*c);
        if (out.client.rfind("client.", 0) == 0) {
            c->refuse("begins with \"client.\"", "write the id alone: " + out.client.substr(7));
        }
    }
    if (const auto k = keys.find("keyring")) out.keyring = path_text(*k);
    if (const auto t = keys.find("operation_timeout"))
        out.operation_timeout_ns = t->duration(1'000'000);
    if (const auto o = keys.find("options")) read_options(*o, out);
}

void echo_access(const access& of, scenario::echo_fields& out) {
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) out.emplace_back(key, value);
    };
    add("conf_file", of.conf_file);
    add("cluster", of.cluster);
    add("client", of.client);
    add("keyring", of.keyring);
    add("operation_timeout", format_duration(of.operation_timeout_ns));
    for (const auto& [name, value] : of.options)
        out.emplace_back("options." + name, value);
}

void take_echoed(const scenario::echo_fields& echoed, std::string_view key, std::string& into) {
    const auto* const found = scenario::find_echoed<std::string>(echoed, key);
    if (found != nullptr && !found->empty()) into = *found;
}

void find_access(const scenario::echo_fields& echoed, access& out) {
    take_echoed(echoed, "conf_file", out.conf_file);
    take_echoed(echoed, "cluster", out.cluster);
    take_echoed(echoed, "client", out.client);
    take_echoed(echoed, "keyring", out.keyring);
}

}  // namespace chopsticks::ceph
