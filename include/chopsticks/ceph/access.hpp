#pragma once
/// \file
/// What a workload config says of the way to a Ceph cluster, for every workload that goes there:
/// which cluster, who asks, which options. Main thread; needs no library of Ceph's.

#include <chopsticks/scenario/reader.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <chopsticks/scenario/workload.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::ceph {

struct access {
    std::string conf_file;  ///< empty: CEPH_CONF, /etc/ceph/CLUSTER.conf
    std::string cluster = "ceph";
    std::string client = "admin";                        ///< id without "client."
    std::string keyring;                                 ///< path; empty: as the conf file says
    std::int64_t operation_timeout_ns = 30'000'000'000;  ///< rados_osd_op_timeout, ..._mon_...
    std::map<std::string, std::string> options;          ///< any option of Ceph's, by its Ceph name

    /// "client.admin"
    std::string who() const { return "client." + client; }
};

/// Reads the keys conf_file, cluster, client, keyring, operation_timeout and options. Throws
/// config_error: a secret among the options, a name that is none.
void read_access(scenario::map_reader& keys, access& out);

/// What a result shows of them: paths, never what stands in the files. What was not set is absent.
void echo_access(const access& of, scenario::echo_fields& out);

/// The reverse, for scenario::workload_settings::find_again.
void find_access(const scenario::echo_fields& echoed, access& out);

/// A key's text, if it is there and not empty: what find_again takes over.
void take_echoed(const scenario::echo_fields& echoed, std::string_view key, std::string& into);

/// A name as Ceph has it: '/' and '@' separate pool, namespace, image and snapshot. Throws
/// config_error for a text that is none.
std::string name_text(const scenario::field& f);

/// A path. Throws config_error where it has control characters.
std::string path_text(const scenario::field& f);

/// The name of one of the workload's drivers. Throws config_error.
std::string driver_text(const scenario::field& f, const scenario::catalogue::workload& of);

/// "a, b, c".
std::string joined(const std::vector<std::string>& items);

}  // namespace chopsticks::ceph
