// What RADOS's settings say to those who do not know them.

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/rados/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>

namespace chopsticks::rados {

namespace {

/// What an OSD takes in one write unless it is told otherwise: osd_max_write_size.
constexpr std::uint64_t write_most = 90ULL << 20;

std::string names(const std::vector<std::string>& all, const char* one, const char* many) {
    return all.size() == 1 ? one + (" " + all.front()) : many + (" " + ceph::joined(all));
}

std::string spaces(const settings& s) {
    const bool unnamed = s.name_spaces.size() == 1 && s.name_spaces.front().empty();
    if (unnamed) return {};
    if (s.name_spaces.size() == 1) return ", namespace " + s.name_spaces.front();
    return ", " + std::to_string(s.name_spaces.size()) + " namespaces";
}

}  // namespace

scenario::echo_fields settings::echo() const {
    scenario::echo_fields out;
    if (!driver.empty()) out.emplace_back("driver", driver);
    ceph::echo_access(*this, out);
    out.emplace_back("pools", pools);
    out.emplace_back("namespaces", name_spaces);
    out.emplace_back("connections",
                     connections == connection_sharing::number   ? std::to_string(connection_count)
                     : connections == connection_sharing::shared ? std::string("shared")
                                                                 : std::string("per_core"));
    return out;
}

void settings::find_again(const scenario::echo_fields& echoed) {
    ceph::find_access(echoed, *this);
    const auto take = [&](const char* key, std::vector<std::string>& into) {
        const auto* const found = scenario::find_echoed<std::vector<std::string>>(echoed, key);
        if (found != nullptr && !found->empty()) into = *found;
    };
    take("pools", pools);
    take("namespaces", name_spaces);
}

void settings::check(scenario::group& of, std::vector<std::string>& warnings) const {
    for (scenario::task& t : of.tasks) {
        for (scenario::step& s : t.steps) {
            const bool rewrites_part = s.code == object_write || s.code == object_compound_write;
            if (rewrites_part && !of.data.reuse.empty()) {
                throw config_error("group " + of.name + ": " + s.op +
                                   " would write to the kept data set \"" + of.data.reuse +
                                   "\"; remove the task, or `data.reuse`");
            }
        }
    }
    if (of.data.size.max() <= write_most) return;
    warnings.push_back("group " + of.name + ": objects of up to " +
                       format_size(of.data.size.max()) +
                       ", each written at once; OSDs refuse more than osd_max_write_size (90 MiB "
                       "by default)");
}

std::string settings::target(bool dummy) const {
    if (dummy) return "the dummy driver";
    return names(pools, "pool", "pools") + spaces(*this);
}

std::vector<std::pair<std::string, std::string>> settings::planned_target(bool dummy) const {
    return {{"pool", dummy ? "the dummy driver's" : ceph::joined(pools) + spaces(*this)}};
}

std::uint64_t settings::cluster_connections(unsigned cores) const {
    if (connections == connection_sharing::number) return connection_count;
    return connections == connection_sharing::shared ? 1 : cores;
}

std::string settings::place(const std::string& prefix) const {
    return target(false) + ", names that begin with " + prefix;
}

std::string settings::cleanup_command(const std::string& run_id, const std::string& prefix) const {
    std::string command = "chopsticks cleanup --run " + run_id;
    const auto set = [&](const char* key, const std::string& value) {
        command += std::string(" --set 'workload.") + std::string(describe_workload().name) + "." +
                   key + "=" + value + "'";
    };
    if (!conf_file.empty()) set("conf_file", conf_file);
    if (client != "admin") set("client", client);
    if (!keyring.empty()) set("keyring", keyring);
    set("pools", "[" + ceph::joined(pools) + "]");
    const bool unnamed = name_spaces.size() == 1 && name_spaces.front().empty();
    if (!unnamed) {
        std::string all;
        for (const std::string& name : name_spaces)
            all += (all.empty() ? "\"" : ", \"") + name + "\"";
        set("namespaces", "[" + all + "]");
    }
    return command + " --prefix " + prefix;
}

settings& settings_of(scenario::workload_config& config) {
    return scenario::settings_as<settings>(config, describe_workload().name);
}

const settings& settings_of(const scenario::workload_config& config) {
    return scenario::settings_as<settings>(config, describe_workload().name);
}

}  // namespace chopsticks::rados
