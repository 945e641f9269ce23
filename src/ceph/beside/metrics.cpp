#include "metrics.hpp"

#include <algorithm>
#include <charconv>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <map>

namespace chopsticks::ceph::beside {

namespace {

constexpr std::size_t told_most = 32;
constexpr std::size_t down_listed = 16;

/// Of ceph_pg_*, what is a word of a PG's state.
constexpr std::string_view pg_words[] = {"active",
                                         "clean",
                                         "down",
                                         "recovery_unfound",
                                         "backfill_unfound",
                                         "scrubbing",
                                         "degraded",
                                         "inconsistent",
                                         "peering",
                                         "repair",
                                         "recovering",
                                         "forced_recovery",
                                         "backfill_wait",
                                         "incomplete",
                                         "stale",
                                         "remapped",
                                         "deep",
                                         "backfilling",
                                         "forced_backfill",
                                         "backfill_toofull",
                                         "recovery_wait",
                                         "recovery_toofull",
                                         "undersized",
                                         "activating",
                                         "peered",
                                         "snaptrim",
                                         "snaptrim_wait",
                                         "snaptrim_error",
                                         "creating",
                                         "unknown",
                                         "premerge",
                                         "failed_repair",
                                         "laggy",
                                         "wait"};

double value_of(std::string_view text) {
    double out = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failed != std::errc() || end == text.data() || !std::isfinite(out)) return 0;
    return std::clamp(out, 0.0, 9007199254740992.0);
}

std::uint64_t whole_of(double value) {
    return static_cast<std::uint64_t>(value);
}

/// "osd.7"
std::int64_t osd_of(std::string_view labels) {
    std::string_view name = label_of(labels, "ceph_daemon");
    constexpr std::string_view head = "osd.";
    if (!name.starts_with(head)) return -1;
    return static_cast<std::int64_t>(value_of(name.substr(head.size())));
}

void count_in(std::map<std::string, std::uint64_t>& to, std::string_view name) {
    if (name.empty()) return;
    std::string safe = results::printable(name.substr(0, 60));
    if (to.size() < told_most || to.contains(safe)) ++to[safe];
}

struct latency_sum {
    osd_latency of;
    std::uint64_t count = 0;
    void take(double ms, std::int64_t osd) {
        of.mean_ms += ms;
        ++count;
        if (ms <= of.most_ms) return;
        of.most_ms = ms;
        of.most_of = osd;
    }
    std::optional<osd_latency> told() const {
        if (count == 0) return std::nullopt;
        osd_latency out = of;
        out.mean_ms /= static_cast<double>(count);
        return out;
    }
};

}  // namespace

void each_metric(std::string_view text,
                 const std::function<void(std::string_view, std::string_view, double)>& call) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#') continue;
        const std::size_t space = line.rfind(' ');
        if (space == line.npos) continue;
        const std::string_view value = line.substr(space + 1);
        line = line.substr(0, space);
        std::string_view labels;
        if (const std::size_t brace = line.find('{'); brace != line.npos) {
            if (line.back() != '}') continue;
            labels = line.substr(brace + 1, line.size() - brace - 2);
            line = line.substr(0, brace);
        }
        call(line, labels, value_of(value));
    }
}

std::string_view label_of(std::string_view labels, std::string_view name) {
    while (!labels.empty()) {
        const std::size_t equals = labels.find("=\"");
        if (equals == labels.npos) return {};
        const std::size_t end = labels.find('"', equals + 2);
        if (end == labels.npos) return {};
        if (labels.substr(0, equals) == name) return labels.substr(equals + 2, end - equals - 2);
        labels.remove_prefix(std::min(end + 2, labels.size()));
    }
    return {};
}

bool read_metrics(std::string_view text, sample& into, client_totals* clients) {
    bool found = false;
    latency_sum commit;
    latency_sum apply;
    each_metric(text, [&](std::string_view name, std::string_view labels, double value) {
        constexpr std::string_view head = "ceph_";
        if (!name.starts_with(head)) return;
        name.remove_prefix(head.size());
        constexpr std::string_view pg = "pg_";
        if (name == "health_status") {
            found = true;
            into.health = value == 0 ? "HEALTH_OK" : value == 1 ? "HEALTH_WARN" : "HEALTH_ERR";
        } else if (name == "health_detail") {
            if (value > 0 && into.checks.size() < told_most)
                into.checks.push_back(
                    {results::printable(label_of(labels, "name").substr(0, 80)),
                     results::printable(label_of(labels, "severity").substr(0, 80))});
        } else if (name == "mon_quorum_status") {
            ++into.monitors;
            if (value > 0) ++into.monitors_in;
        } else if (name == "osd_up") {
            ++into.osds;
            if (value > 0) {
                ++into.osds_up;
            } else if (into.down.size() < down_listed) {
                into.down.push_back(osd_of(labels));
            }
        } else if (name == "osd_in") {
            if (value > 0) ++into.osds_in;
        } else if (name == "osd_commit_latency_ms") {
            commit.take(value, osd_of(labels));
        } else if (name == "osd_apply_latency_ms") {
            apply.take(value, osd_of(labels));
        } else if (name == "pg_total") {
            into.pgs_total += whole_of(value);
        } else if (name.starts_with(pg)) {
            const std::string_view word = name.substr(pg.size());
            const bool known =
                std::find(std::begin(pg_words), std::end(pg_words), word) != std::end(pg_words);
            if (known && value > 0) into.pgs[std::string(word)] += whole_of(value);
        } else if (name == "num_objects_degraded") {
            into.objects_degraded = whole_of(value);
        } else if (name == "num_objects_misplaced") {
            into.objects_misplaced = whole_of(value);
        } else if (name == "num_objects_unfound") {
            into.objects_unfound = whole_of(value);
        } else if (name == "pool_recovering_bytes_per_sec") {
            into.recovery_bytes_per_s += value;
        } else if (name == "pool_recovering_objects_per_sec") {
            into.recovery_objects_per_s += value;
        } else if (name == "cluster_total_bytes") {
            into.bytes_total = whole_of(value);
        } else if (name == "cluster_total_used_raw_bytes") {
            into.bytes_used = whole_of(value);
        } else if (clients == nullptr) {
            return;
        } else if (name == "pool_rd") {
            clients->reads += value;
        } else if (name == "pool_rd_bytes") {
            clients->read_bytes += value;
        } else if (name == "pool_wr") {
            clients->writes += value;
        } else if (name == "pool_wr_bytes") {
            clients->write_bytes += value;
        }
    });
    into.commit = commit.told();
    into.apply = apply.told();
    return found;
}

void read_metrics(std::string_view text, snapshot& into) {
    std::map<std::string, std::string, std::less<>> pool_names;
    each_metric(text, [&](std::string_view name, std::string_view labels, double) {
        const bool daemon = name == "ceph_mon_metadata" || name == "ceph_osd_metadata" ||
                            name == "ceph_mgr_metadata" || name == "ceph_rgw_metadata";
        if (daemon) {
            // "ceph version 16.2.15 (...) pacific (stable)"
            std::string_view version = label_of(labels, "ceph_version");
            constexpr std::string_view head = "ceph version ";
            if (version.starts_with(head)) version.remove_prefix(head.size());
            count_in(into.versions, version.substr(0, version.find(' ')));
        }
        if (name == "ceph_osd_metadata") {
            count_in(into.object_stores, label_of(labels, "objectstore"));
            count_in(into.device_classes, label_of(labels, "device_class"));
        }
        if (name != "ceph_pool_metadata") return;
        const std::string pool = results::printable(label_of(labels, "name").substr(0, 120));
        if (pool.empty()) return;
        if (into.pools.size() == pools_told) {
            ++into.pools_omitted;
            return;
        }
        pool_names.emplace(label_of(labels, "pool_id"), pool);
        pool_state& p = into.pools[pool];
        p.erasure = label_of(labels, "type") == "erasure";
        // "replica:3"
        std::string_view description = label_of(labels, "description");
        constexpr std::string_view copies = "replica:";
        if (description.starts_with(copies))
            p.size = whole_of(value_of(description.substr(copies.size())));
    });
    each_metric(text, [&](std::string_view name, std::string_view labels, double value) {
        if (!name.starts_with("ceph_p")) return;
        const auto at = pool_names.find(label_of(labels, "pool_id"));
        if (at == pool_names.end()) return;
        pool_state& p = into.pools[at->second];
        if (name == "ceph_pg_total") p.pg_num = whole_of(value);
        if (name == "ceph_pool_objects") p.objects = whole_of(value);
        if (name == "ceph_pool_stored") p.stored_bytes = whole_of(value);
        if (name == "ceph_pool_bytes_used") p.used_bytes = whole_of(value);
    });
}

}  // namespace chopsticks::ceph::beside
