#include "client_counters.hpp"

#include <chopsticks/results/text.hpp>
#include <cmath>
#include <string_view>

#include "admin_socket.hpp"

namespace chopsticks::ceph::beside {

namespace {

/// What a section of a dump is called here; empty: nobody asks. Each image has one of librbd's:
/// "librbd-ID-pool-image".
std::string_view section_of(std::string_view name) {
    constexpr std::string_view of_librbd = "librbd";
    if (name == "objecter") return name;
    return name.starts_with("librbd-") ? of_librbd : std::string_view();
}

/// What goes up and down: of two looks a difference says nothing.
bool is_level(std::string_view key) {
    return key.ends_with("_active") || key.ends_with("_laggy") || key.ends_with("_time") ||
           key == "osd_sessions" || key == "map_epoch";
}

}  // namespace

void add_counters(const json& dump, counter_values& to) {
    if (!dump.is_object()) return;
    for (const auto& [name, section] : dump.items()) {
        const std::string_view group = section_of(name);
        if (group.empty() || !section.is_object()) continue;
        for (const auto& [key, value] : section.items()) {
            if (is_level(key)) continue;
            const std::string path =
                std::string(group) + "." + results::printable(std::string_view(key).substr(0, 60));
            if (!to.contains(path) && to.size() == client_counters::counters_most) continue;
            if (value.is_number()) {
                to[path].count += number_at(section, key.c_str());
            } else if (member(value, "avgcount").is_number()) {
                client_counter& timer = to[path];
                timer.count += number_at(value, "avgcount");
                timer.sum = timer.sum.value_or(0) + number_at(value, "sum");
            }
        }
    }
}

void client_counters::ask(const std::vector<std::string>& sockets, double t_s,
                          std::int64_t timeout_ns) {
    bool any = false;
    for (const std::string& path : sockets) {
        if (!by_socket_.contains(path) && by_socket_.size() == connections_most) continue;
        std::string problem;
        counter_values now;
        add_counters(parse_answer(ask_admin_socket(path, "perf dump", timeout_ns, problem)), now);
        if (now.empty()) continue;
        any = true;
        const auto [found, is_new] = by_socket_.try_emplace(path);
        connection& one = found->second;
        if (is_new) {
            one.first = now;
        } else {
            one.answered_twice = true;
        }
        one.last = std::move(now);
    }
    if (!any) return;
    if (!from_s_) from_s_ = t_s;
    to_s_ = t_s;
}

json client_counters::told() const {
    counter_values all;
    std::uint64_t connections = 0;
    for (const auto& [path, one] : by_socket_) {
        if (!one.answered_twice) continue;
        ++connections;
        for (const auto& [name, last] : one.last) {
            const auto before = one.first.find(name);
            const client_counter none;
            const client_counter& first = before != one.first.end() ? before->second : none;
            // What fell is a level, or began anew.
            const double grown = last.count - first.count;
            if (grown <= 0 || (!all.contains(name) && all.size() == counters_most)) continue;
            client_counter& to = all[name];
            to.count += grown;
            if (last.sum) {
                to.sum = to.sum.value_or(0) + std::max(0.0, *last.sum - first.sum.value_or(0));
            }
        }
    }
    if (connections == 0) return nullptr;
    json out;
    out["connections"] = connections;
    out["from_s"] = from_s_.value_or(0);
    out["to_s"] = to_s_;
    out["counters"] = json::object();
    for (const auto& [name, value] : all) {
        if (value.sum) {
            out["counters"][name] = {{"count", value.count}, {"mean_s", *value.sum / value.count}};
        } else {
            out["counters"][name] = value.count;
        }
    }
    return out;
}

}  // namespace chopsticks::ceph::beside
