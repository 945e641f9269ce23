#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/reach.hpp>
#include <optional>

#include "yaml.hpp"

namespace chopsticks::scenario {

namespace {

struct reaching_key {
    std::string_view name;
    reach_kind kind;
};

/// Keys whose values are not always paths. What ends in "_file" is a file in any case, and what has
/// "plugin" in it code that some library loads.
constexpr reaching_key reaching_keys[] = {
    {"plugins", reach_kind::plugins},
    {"program", reach_kind::programs},
    {"programs", reach_kind::programs},
    {"command", reach_kind::programs},
    {"commands", reach_kind::programs},
    {"argv", reach_kind::programs},
    {"python", reach_kind::programs},
    {"file", reach_kind::files},
    {"replay", reach_kind::files},
    {"keyring", reach_kind::files},
    {"rgw_socket", reach_kind::files},
    {"options", reach_kind::files},
    {"profile", reach_kind::credentials},
    {"credentials_file", reach_kind::credentials},
    {"credential_command", reach_kind::credentials},
    {"credential_process", reach_kind::credentials},
};

bool is_path(std::string_view text) {
    return text.starts_with('/') || text.starts_with('~') || text.starts_with("./") ||
           text.starts_with("file:") || text == ".." || text.find("../") != std::string_view::npos;
}

/// What a driver of this name comes to, of whatever workload; none: the program's own code.
std::optional<reach_kind> driver_reach(std::string_view named) {
    std::optional<reach_kind> out;
    for (const catalogue::workload& w : catalogue::workloads()) {
        const catalogue::driver* const row = catalogue::find_driver(w, named);
        if (row == nullptr) continue;
        if (row->runs_programs) return reach_kind::programs;
        if (!row->from.empty()) out = reach_kind::plugins;
    }
    return out;
}

/// By the key alone, and by the word beside it.
std::optional<reach_kind> reach_of(const value::entry& one) {
    for (const reaching_key& key : reaching_keys) {
        if (one.key == key.name) return key.kind;
    }
    if (one.key.ends_with("_file")) return reach_kind::files;
    if (one.key.find("plugin") != std::string::npos) return reach_kind::plugins;
    if (one.key == "driver" && one.content.is_scalar()) return driver_reach(one.content.text);
    return std::nullopt;
}

void look_at(const value& v, std::vector<reach>& to) {
    if (v.is_scalar() && is_path(v.text)) {
        to.push_back({reach_kind::files, v.where.text() + "a path"});
    }
    for (const value& item : v.items)
        look_at(item, to);
    for (const value::entry& one : v.entries) {
        const std::optional<reach_kind> kind = reach_of(one);
        if (kind) to.push_back({*kind, one.where.text() + one.key});
        // What the key says already is not said twice.
        if (!kind || !one.content.is_scalar()) look_at(one.content, to);
    }
}

}  // namespace

std::string_view name(reach_kind kind) noexcept {
    switch (kind) {
        case reach_kind::plugins:
            return "plugins";
        case reach_kind::programs:
            return "programs";
        case reach_kind::files:
            return "files";
        case reach_kind::credentials:
            return "credentials";
    }
    return "";
}

std::vector<reach> reaches_of(std::string_view text, const std::string& file) {
    std::vector<reach> out;
    look_at(parse_document(text, file), out);
    return out;
}

}  // namespace chopsticks::scenario
