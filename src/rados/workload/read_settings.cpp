#include "read_settings.hpp"

#include <algorithm>
#include <chopsticks/rados/workload.hpp>

namespace chopsticks::rados {

namespace {

using scenario::field;
using scenario::map_reader;

constexpr std::size_t most_places = 1000;
constexpr std::uint32_t most_connections = 1024;

/// `one: a` or `many: [a, b]`. False: neither stands there.
bool read_names(map_reader& m, const char* one, const char* many, std::vector<std::string>& out) {
    const auto single = m.find(one);
    const auto list = m.find(many);
    if (single && list) {
        list->refuse("stands beside `" + std::string(one) + "`", "keep one of them");
    }
    if (!single && !list) return false;
    out.clear();
    if (single) {
        out.push_back(ceph::name_text(*single));
        return true;
    }
    for (const field& f : list->list("write [one, two]")) {
        // The default namespace has no name.
        const bool unnamed = f.raw().is_scalar() && f.raw().text.empty();
        std::string name =
            unnamed && std::string_view(one) == "namespace" ? std::string() : ceph::name_text(f);
        if (std::find(out.begin(), out.end(), name) != out.end()) {
            f.refuse("is listed twice", "remove one");
        }
        out.push_back(std::move(name));
    }
    if (out.empty()) list->refuse("is empty", "");
    if (out.size() > most_places) list->refuse("has more than 1000 items", "");
    return true;
}

void read_connections(const field& f, settings& out) {
    const std::string text = f.raw().is_scalar() ? f.raw().text : std::string();
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) {
        out.connections = connection_sharing::number;
        out.connection_count = f.count32(1, most_connections);
        return;
    }
    if (text != "per_core" && text != "shared") {
        f.wrong("per_core, shared or a number of connections", "write 4");
    }
    out.connections = text == "shared" ? connection_sharing::shared : connection_sharing::per_core;
}

}  // namespace

std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from) {
    auto read = std::make_unique<settings>();
    settings& out = *read;
    map_reader& m = from.keys;
    if (const auto d = m.find("driver")) out.driver = ceph::driver_text(*d, describe_workload());
    ceph::read_access(m, out);
    read_names(m, "pool", "pools", out.pools);
    read_names(m, "namespace", "namespaces", out.name_spaces);
    if (const auto c = m.find("connections")) read_connections(*c, out);
    return read;
}

}  // namespace chopsticks::rados
