#include "cluster_beside.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <cstdint>
#include <string_view>

namespace chopsticks::cli {

namespace beside = ceph::beside;

beside::settings cluster_of(const run_setup& setup, bool unwanted) {
    // The first workload that goes to a cluster.
    const scenario::workload_settings* load = nullptr;
    std::string_view of;
    for (const std::string_view name : setup.workloads()) {
        const scenario::workload_settings& one = setup.settings_of(name);
        if (load != nullptr || setup.is_dummy(name)) continue;
        const std::uint64_t to_cluster =
            scenario::foreign_call(name, "cluster_connections of the settings",
                                   [&] { return one.cluster_connections(1); });
        if (to_cluster == 0) continue;
        load = &one;
        of = name;
    }
    const scenario::echo_fields echo =
        load == nullptr
            ? scenario::echo_fields()
            : scenario::foreign_call(of, "echo of the settings", [&] { return load->echo(); });
    const ceph::access of_load = beside::access_of(echo);
    beside::settings out =
        beside::read_settings(setup.workload.cluster, load != nullptr ? &of_load : nullptr);
    if (out.pools.empty()) out.pools = beside::pools_of(echo);
    out.off = out.off || unwanted || (load == nullptr && !out.given);
    return out;
}

std::string watched_text(const beside::settings& how) {
    if (!how.prometheus.empty()) return "the cluster, by " + how.prometheus;
    return how.asks_cluster ? "the cluster, as " + how.to.who() : "radosgw, at " + how.rgw_socket;
}

std::unique_ptr<cluster_beside> cluster_beside::start(const run_setup& setup) {
    if (setup.cluster.off) return nullptr;
    auto who = beside::make_rados_asker(setup.cluster.to);
    if (who == nullptr) return nullptr;
    auto out = std::make_unique<cluster_beside>(setup, std::move(who));
    out->greeting_ = "watched beside the load: " + watched_text(setup.cluster);
    if (!out->watch_.wait_for_before())
        out->greeting_ += "; it has not answered yet, and nobody waits for it";
    return out;
}

cluster_beside::cluster_beside(const run_setup& setup, std::unique_ptr<beside::asker> who)
    : setup_(setup), watch_(setup.cluster, std::move(who)) {}

void cluster_beside::on_phase(engine::phase p) {
    if (engine::is_of_load(p) && !load_began_) {
        load_began_ = true;
        watch_.load_began(monotonic_ns(), wall_ns());
    }
    if (p == engine::phase::cleanup || p == engine::phase::done) watch_.load_ended();
}

void cluster_beside::on_interval(const engine::interval& one, const stats::layout& names) {
    // The last bits of a second say nothing about rates.
    if (one.duration_s * 2e9 < static_cast<double>(setup_.options.interval_ns)) return;
    beside::load_interval out;
    out.start_s = one.start_s;
    out.duration_s = one.duration_s;
    out.phase = engine::name(one.when);
    for (std::size_t i = 0; i < names.operations.size(); ++i) {
        const stats::figures& f = one.figures.by_operation[i];
        beside::load_point point;
        point.operation = names.operations[i];
        point.ok = f.ok_count;
        point.p99_ns = f.response.value_at_percentile(99);
        for (std::size_t g = 0; g < one.groups.size(); ++g) {
            const scenario::group& group = setup_.scenario.groups[g];
            if (!point.operation.starts_with(group.name + "/")) continue;
            point.offered =
                static_cast<double>(group.open ? one.groups[g].intended : one.groups[g].users);
        }
        out.operations.push_back(std::move(point));
    }
    watch_.add_load(out);
}

std::string cluster_beside::with_sample(std::string line, const engine::interval& one) const {
    line.pop_back();
    line += ",\"cluster\":";
    line += watch_.sample_of(one.start_s, one.start_s + one.duration_s);
    line += '}';
    return line;
}

void cluster_beside::finish(results::run_document& doc) {
    beside::account all = watch_.finish();
    doc.cluster = std::move(all.cluster);
    doc.environment.ceph = std::move(all.environment);
    for (stats::event_mark& mark : all.events)
        doc.events.add(std::move(mark));
    const auto problem = doc.cluster.find("problem");
    if (problem == doc.cluster.end() || !problem->is_string()) return;
    const std::string said =
        "the cluster could not be watched beside the load: " + problem->get<std::string>();
    // Only who asked for it by name is warned.
    (setup_.cluster.given ? doc.run.warnings : doc.run.notes).push_back(said);
}

}  // namespace chopsticks::cli
