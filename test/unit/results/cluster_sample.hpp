#pragma once
/// \file
/// What a document has of a cluster that was watched.

#include <chopsticks/results/document.hpp>

namespace chopsticks::results::sample {

inline json cluster_status(double t_s, const char* health) {
    return {{"t_s", t_s},
            {"asked_s", 0.004},
            {"health", health},
            {"checks", {{"OSD_DOWN", "1 osds down"}}},
            {"monitors", {{"known", 3}, {"in_quorum", 3}}},
            {"osds", {{"known", 12}, {"up", 11}, {"in", 12}, {"down", {3}}}},
            {"pgs", {{"active+clean", 100}, {"active+undersized+degraded", 28}}},
            {"objects", {{"degraded", 812}, {"misplaced", 0}, {"unfound", 0}}},
            {"recovery", {{"bytes_per_s", 1e6}, {"objects_per_s", 3.5}}},
            {"clients",
             {{"read_bytes_per_s", 1e6},
              {"write_bytes_per_s", 2e6},
              {"read_ops_per_s", 250.0},
              {"write_ops_per_s", 500.0}}},
            {"bytes_used", 1000},
            {"bytes_total", 3000},
            {"osd_commit", {{"mean_ms", 1.5}, {"max_ms", 12.25}, {"max_osd", 7}}},
            {"osd_apply", nullptr},
            {"osd_cpus", {{"3", 0.75}}},
            {"rgw",
             {{"requests_per_s", 700.5},
              {"failed_per_s", 0.0},
              {"get_ms", 1.25},
              {"put_ms", nullptr},
              {"queued", 0.0},
              {"active", 4.0}}}};
}

inline json cluster_pool() {
    return {{"type", "replicated"},
            {"size", 3},
            {"min_size", 2},
            {"pg_num", 128},
            {"crush_rule", "fast"},
            {"device_class", "ssd"},
            {"erasure_code_profile", nullptr}};
}

inline json cluster_state(const char* health) {
    json pool = cluster_pool();
    pool["applications"] = {"rgw"};
    pool["objects"] = 5000;
    pool["stored_bytes"] = 1 << 20;
    pool["used_bytes"] = 3 << 20;
    return {{"fsid", "f"},
            {"status", cluster_status(0, health)},
            {"versions", {{"16.2.15", 16}}},
            {"object_stores", {{"bluestore", 12}}},
            {"osds", json::array({{{"id", 0},
                                   {"device_class", "ssd"},
                                   {"bytes", 1000},
                                   {"used_share", 0.25},
                                   {"pgs", 30},
                                   {"status", "up"}}})},
            {"osds_omitted", 11},
            {"config",
             json::array({{{"section", "osd"}, {"name", "osd_max_backfills"}, {"value", "1"}}})},
            {"config_omitted", 0},
            {"pools", {{"data", pool}}},
            {"pools_omitted", 0},
            {"unanswered", json::array()}};
}

inline void fill_cluster(run_document& doc) {
    doc.environment.ceph = {{"fsid", "f"},
                            {"version", "16.2.15"},
                            {"librados", "3.0.0"},
                            {"health_before", "HEALTH_OK"},
                            {"health_after", "HEALTH_WARN (OSD_DOWN)"},
                            {"monitors", 3},
                            {"osds",
                             {{"known", 12},
                              {"up", 12},
                              {"in", 12},
                              {"device_classes", {{"ssd", 12}}},
                              {"object_stores", {{"bluestore", 12}}}}},
                            {"used_percent", 33.0},
                            {"pools", {{"data", cluster_pool()}}}};
    doc.cluster = {
        {"client", "client.admin"},
        {"conf_file", "/etc/ceph/ceph.conf"},
        {"prometheus", nullptr},
        {"rgw_socket", nullptr},
        {"problem", nullptr},
        {"questions",
         {{"rounds", 30},
          {"commands", 76},
          {"failed", 1},
          {"most_in_a_round", 2},
          {"refused", {{"status", "no answer in time"}}}}},
        {"silences",
         json::array({{{"start_s", 12.0}, {"end_s", 15.0}, {"problem", "no answer in time"}},
                      {{"start_s", 29.0}, {"end_s", nullptr}, {"problem", "no answer yet"}}})},
        {"silences_dropped", 0},
        {"before", cluster_state("HEALTH_OK")},
        {"after", cluster_state("HEALTH_WARN")},
        {"changes", {"health: HEALTH_OK -> HEALTH_WARN (OSD_DOWN)", "pool data, objects: 1 -> 2"}},
        {"sample_every_s", 1.0},
        {"client_counters",
         {{"connections", 2},
          {"from_s", 0.5},
          {"to_s", 30.0},
          {"counters",
           {{"objecter.op_w", 6230.0},
            {"librbd.wr_latency", {{"count", 6000.0}, {"mean_s", 0.002}}}}}}},
        {"samples",
         json::array({cluster_status(0.5, "HEALTH_OK"), cluster_status(1.5, "HEALTH_WARN")})}};
    doc.events.add({10.5, 14.5, stats::event_source::ceph, "osd.3 was down"});
    doc.events.add({10, std::nullopt, stats::event_source::finding,
                    "s3/get fell from 300/s to 0/s at 15:04:20 UTC, when osd.3 went down"});
}

}  // namespace chopsticks::results::sample
