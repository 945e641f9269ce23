#include <chopsticks/scenario/reach.hpp>

#include "yaml.hpp"

namespace chopsticks::scenario {

namespace {

struct reaching_key {
    std::string_view name;
    reach_kind kind;
};

/// Keys whose values are not always paths. What ends in "_file" is a file in any case.
constexpr reaching_key reaching_keys[] = {
    {"plugins", reach_kind::plugins},
    {"program", reach_kind::programs},
    {"programs", reach_kind::programs},
    {"command", reach_kind::programs},
    {"commands", reach_kind::programs},
    {"argv", reach_kind::programs},
    {"file", reach_kind::files},
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
           text.find("../") != std::string_view::npos;
}

void look_at(const value& v, std::vector<reach>& to) {
    if (v.is_scalar() && is_path(v.text)) {
        to.push_back({reach_kind::files, v.where.text() + "a path"});
    }
    for (const value& item : v.items)
        look_at(item, to);
    for (const value::entry& one : v.entries) {
        bool told = false;
        for (const reaching_key& key : reaching_keys) {
            if (one.key != key.name) continue;
            told = true;
            to.push_back({key.kind, one.where.text() + one.key});
        }
        if (!told && one.key.ends_with("_file")) {
            told = true;
            to.push_back({reach_kind::files, one.where.text() + one.key});
        }
        // What the key says already is not said twice.
        if (!told || !one.content.is_scalar()) look_at(one.content, to);
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
