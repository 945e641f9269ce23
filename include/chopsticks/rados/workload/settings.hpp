#pragma once
/// \file
/// To which pools RADOS load goes: what the workload config says of them.

#include <chopsticks/ceph/access.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::rados {

/// Which users share a connection to the cluster (a rados_t with its threads).
enum class connection_sharing : std::uint8_t {
    per_core,  ///< those of a core
    shared,    ///< all
    number,    ///< as many connections as are asked for, users in turn
};

struct settings final : scenario::workload_settings, ceph::access {
    std::vector<std::string> pools = {"chopsticks"};  ///< that exist; at least one
    /// RADOS namespaces; "" is the default one. Each object is in one of pools x namespaces.
    std::vector<std::string> name_spaces = {""};
    connection_sharing connections = connection_sharing::per_core;
    std::uint32_t connection_count = 1;  ///< connection_sharing::number

    scenario::echo_fields echo() const override;
    void find_again(const scenario::echo_fields& echoed) override;
    void check(scenario::group& of, std::vector<std::string>& warnings) const override;
    std::string target(bool dummy) const override;
    std::vector<std::pair<std::string, std::string>> planned_target(bool dummy) const override;
    std::uint64_t cluster_connections(unsigned cores) const override;
    std::string place(const std::string& prefix) const override;
    std::string cleanup_command(const std::string& run_id,
                                const std::string& prefix) const override;
};

/// Those of a workload config; the defaults, which are put into it, where nobody read any.
settings& settings_of(scenario::workload_config& config);

/// Those of a workload config that was read.
const settings& settings_of(const scenario::workload_config& config);

}  // namespace chopsticks::rados
