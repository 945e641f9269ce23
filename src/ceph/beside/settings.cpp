#include <algorithm>
#include <chopsticks/ceph/beside/settings.hpp>
#include <chopsticks/scenario/reader.hpp>

#include "http_get.hpp"

namespace chopsticks::ceph::beside {

namespace {

constexpr const char* example = "write {conf_file: /etc/ceph/ceph.conf, client: admin}, or off";

constexpr const char* names_a_cluster[] = {"conf_file", "cluster", "client", "keyring", "options"};

/// The longest that one answer may take: a run that ends waits for one.
constexpr std::int64_t answer_timeout_most_ns = 60'000'000'000;

}  // namespace

settings read_settings(const scenario::value& section, const access* of_load) {
    settings out;
    if (of_load != nullptr) out.to = *of_load;
    out.to.operation_timeout_ns = answer_timeout_ns;
    if (section.is_null()) return out;
    out.given = true;
    const scenario::field whole(section, "cluster");
    if (section.is_scalar()) {
        if (section.text != "off") whole.wrong("a map, or off", example);
        out.off = true;
        return out;
    }
    scenario::map_reader keys(whole, example);
    read_access(keys, out.to);
    if (out.to.operation_timeout_ns > answer_timeout_most_ns) {
        keys.require("operation_timeout", "").refuse("is more than 60 s", "write 3s");
    }
    if (const auto every = keys.find("every")) {
        out.period_ns = every->duration(period_least_ns);
    }
    if (const auto pools = keys.find("pools")) {
        for (const scenario::field& one : pools->list("write [rbd]"))
            out.pools.push_back(name_text(one));
    }
    if (const auto socket = keys.find("rgw_socket")) out.rgw_socket = path_text(*socket);
    // What stands there is read by read_rgw_admin.
    const bool asks_admin = keys.find("rgw_admin").has_value();
    const bool names_one = std::any_of(std::begin(names_a_cluster), std::end(names_a_cluster),
                                       [&](const char* key) { return keys.look(key) != nullptr; });
    if (const auto url = keys.find("prometheus")) {
        out.prometheus = url->text();
        if (!parse_http_place(out.prometheus)) {
            url->refuse("is no URL of an exporter: " + url->raw().found(),
                        "write http://mgr1:9283/metrics");
        }
        if (names_one) {
            url->refuse("stands beside another way to the cluster",
                        "name either the exporter, or conf_file and client");
        }
        if (keys.look("every") == nullptr) out.period_ns = exporter_stale_ns;
    }
    out.asks_cluster = out.prometheus.empty() &&
                       (of_load != nullptr || names_one || (out.rgw_socket.empty() && !asks_admin));
    keys.finish();
    return out;
}

access access_of(const scenario::echo_fields& echoed) {
    access out;
    find_access(echoed, out);
    constexpr std::string_view mark = "options.";
    for (const auto& [key, value] : echoed) {
        const auto* const text = std::get_if<std::string>(&value);
        if (text != nullptr && key.starts_with(mark)) out.options[key.substr(mark.size())] = *text;
    }
    out.operation_timeout_ns = answer_timeout_ns;
    return out;
}

std::vector<std::string> pools_of(const scenario::echo_fields& echoed) {
    std::vector<std::string> out;
    for (const char* key : {"pool", "data_pool"}) {
        std::string name;
        take_echoed(echoed, key, name);
        if (!name.empty()) out.push_back(name);
    }
    const auto* const several = scenario::find_echoed<std::vector<std::string>>(echoed, "pools");
    if (several != nullptr) out.insert(out.end(), several->begin(), several->end());
    return out;
}

}  // namespace chopsticks::ceph::beside
