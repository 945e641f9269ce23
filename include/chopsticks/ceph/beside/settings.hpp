#pragma once
/// \file
/// What a workload config says of the cluster that is watched beside the load: its section
/// `cluster`. Main thread; needs no library of Ceph's.

#include <chopsticks/ceph/access.hpp>
#include <chopsticks/scenario/document.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace chopsticks::ceph::beside {

/// How long the cluster may take for an answer, unless the section says otherwise. The way of the
/// load has half a minute; nobody waits so long for what is only told.
constexpr std::int64_t answer_timeout_ns = 3'000'000'000;

/// So old the figures of the manager's exporter may be: it collects them every 15 s.
constexpr std::int64_t exporter_stale_ns = 15'000'000'000;

/// One round of questions a second, and no more often.
constexpr std::int64_t period_least_ns = 1'000'000'000;

struct settings {
    bool off = false;  ///< `cluster: off`
    /// Monitors and manager are asked; false: the section names radosgw's socket or the exporter of
    /// the manager, and no cluster.
    bool asks_cluster = true;
    std::string prometheus;  ///< URL of the manager's exporter, which is asked instead; empty: none
    bool given = false;      ///< the section is there
    access to;               ///< operation_timeout_ns: for one answer
    std::int64_t period_ns = period_least_ns;  ///< from one round of questions to the next
    /// Of which a result's environment tells; empty: those of the load, or of radosgw.
    std::vector<std::string> pools;
    std::string rgw_socket;  ///< path of radosgw's admin socket on this host; empty: none
};

/// Reads the section, which may be null or absent. `of_load`: the way to the cluster that the load
/// takes; what the section does not say is as there. Null: it goes to none. Throws config_error.
settings read_settings(const scenario::value& section, const access* of_load);

/// The way to a cluster that a workload's settings show (access.hpp, echo_access), with its
/// options, but for the time an answer may take, which is answer_timeout_ns.
access access_of(const scenario::echo_fields& echoed);

/// The pools that they name.
std::vector<std::string> pools_of(const scenario::echo_fields& echoed);

}  // namespace chopsticks::ceph::beside
