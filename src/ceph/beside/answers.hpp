#pragma once
/// \file
/// What a cluster answers, as plain values. Answers come from another program of another version:
/// what is missing, null or of another type reads as 0 or empty, never as an exception; what is
/// more than anybody wants to see is cut. Pure functions.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::ceph::beside {

using results::json;
using results::member;

/// An answer that is longer is not read: of ten thousand OSDs the longest has 5 MB.
constexpr std::size_t answer_bytes_max = std::size_t{16} << 20;
/// How deep one may nest: Ceph's nest to ten.
constexpr std::size_t answer_depth_max = 64;

/// The document of an answer; null: it is none, or larger than these.
json parse_answer(std::string_view text);

/// A text, safe to print, at most `most` bytes of it; empty where it is none.
std::string text_at(const json& object, const char* key, std::size_t most = 200);
/// Not below 0, finite; 0 where it is no number.
double number_at(const json& object, const char* key);
std::uint64_t count_at(const json& object, const char* key);

/// One of the cluster's complaints about itself: "OSD_DOWN", "1 osds down".
struct health_check {
    std::string name;
    std::string summary;
};

/// Latencies that OSDs tell of themselves.
struct osd_latency {
    double mean_ms = 0;
    double most_ms = 0;
    std::int64_t most_of = -1;  ///< the OSD that has it; -1: none
};

/// What radosgw tells at its admin socket, since it began.
struct rgw_counters {
    double requests = 0;
    double failed = 0;
    double gets = 0;
    double get_s = 0;  ///< all of them together, to the first byte
    double puts = 0;
    double put_s = 0;
    double queued = 0;  ///< now
    double active = 0;  ///< now
};

/// How radosgw was since the sample before.
struct rgw_sample {
    double requests_per_s = 0;
    double failed_per_s = 0;
    std::optional<double> get_ms;  ///< none: there was none
    std::optional<double> put_ms;
    double queued = 0;
    double active = 0;
};

/// How the cluster was at one time.
struct sample {
    double t_s = 0;      ///< when the status was there, since the load began
    double asked_s = 0;  ///< how long it had taken
    std::string health;  ///< "HEALTH_OK"
    std::vector<health_check> checks;
    std::uint64_t monitors = 0;
    std::uint64_t monitors_in = 0;  ///< in the quorum
    std::uint64_t osds = 0;
    std::uint64_t osds_up = 0;
    std::uint64_t osds_in = 0;
    std::vector<std::int64_t> down;            ///< OSDs, the first of them
    std::map<std::string, std::uint64_t> pgs;  ///< by state: "active+clean"
    std::uint64_t pgs_total = 0;
    std::uint64_t objects_degraded = 0;
    std::uint64_t objects_misplaced = 0;
    std::uint64_t objects_unfound = 0;
    double recovery_bytes_per_s = 0;
    double recovery_objects_per_s = 0;
    double read_bytes_per_s = 0;  ///< of all clients
    double write_bytes_per_s = 0;
    double read_ops_per_s = 0;
    double write_ops_per_s = 0;
    std::uint64_t bytes_used = 0;
    std::uint64_t bytes_total = 0;
    std::optional<osd_latency> commit;
    std::optional<osd_latency> apply;
    std::map<std::int64_t, double> osd_cpu;  ///< of OSDs on this host: CPUs busy
    std::optional<rgw_sample> rgw;
};

/// `status`. False: it is none.
bool read_status(const json& answer, sample& into);
/// `osd perf`.
bool read_osd_perf(const json& answer, sample& into);
/// `osd tree` of those that are down.
std::vector<std::int64_t> read_down(const json& answer);
/// `perf dump` of radosgw; none: it has no such counters.
std::optional<rgw_counters> read_rgw(const json& answer);

json sample_json(const sample& s);

/// One entry of the cluster's configuration.
struct config_entry {
    std::string section;
    std::string name;
    std::string value;  ///< "(redacted)" where it may be a secret
    friend bool operator==(const config_entry&, const config_entry&) = default;
};

struct osd_use {
    std::int64_t id = 0;
    std::string device_class;
    std::uint64_t bytes = 0;
    std::uint64_t used_bytes = 0;
    std::uint64_t pgs = 0;
    std::string status;
};

struct pool_state {
    std::uint64_t size = 0;
    std::uint64_t min_size = 0;
    std::uint64_t pg_num = 0;
    bool erasure = false;
    std::string erasure_profile;
    std::uint64_t rule = 0;
    std::string rule_name;
    std::string device_class;  ///< that the rule asks for; empty: any
    std::vector<std::string> applications;
    std::uint64_t objects = 0;
    std::uint64_t stored_bytes = 0;
    std::uint64_t used_bytes = 0;
};

/// How the cluster was before or after a run.
struct snapshot {
    std::string fsid;
    sample state;
    std::map<std::string, std::uint64_t> versions;  ///< "16.2.15": daemons
    std::map<std::string, std::uint64_t> object_stores;
    std::vector<osd_use> osds;
    std::uint64_t osds_omitted = 0;
    double osd_use_least = 0;  ///< shares, over all OSDs
    double osd_use_most = 0;
    std::map<std::string, std::uint64_t> device_classes;
    std::vector<config_entry> config;
    std::uint64_t config_omitted = 0;
    std::map<std::string, pool_state> pools;
    std::uint64_t pools_omitted = 0;
    std::vector<std::string> unanswered;  ///< "osd df: Permission denied"
};

constexpr std::size_t osds_told = 128;
constexpr std::size_t config_told = 256;
constexpr std::size_t pools_told = 64;

void read_versions(const json& answer, snapshot& into);
void read_osd_df(const json& answer, snapshot& into);
void read_config(const json& answer, snapshot& into);
/// `osd pool ls detail`; before read_df and read_rules.
void read_pools(const json& answer, snapshot& into);
void read_df(const json& answer, snapshot& into);
void read_rules(const json& answer, snapshot& into);
void read_object_stores(const json& answer, snapshot& into);

/// What an entry of the configuration may be shown as.
std::string without_secret(const std::string& name, const std::string& value);

json snapshot_json(const snapshot& s);

/// What differs, a sentence each, at most 64.
std::vector<std::string> differences(const snapshot& before, const snapshot& after);

/// The cluster as a result's environment has it. \param pools of which it tells; empty: those of
/// radosgw, or all
json environment_json(const snapshot* before, const snapshot* after, const std::string& library,
                      const std::vector<std::string>& pools);

}  // namespace chopsticks::ceph::beside
