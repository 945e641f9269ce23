#include "cluster_beside.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace chopsticks::cli {

namespace beside = ceph::beside;

namespace {

constexpr const char* admin_secret_variable = "RGW_ADMIN_SECRET_KEY";

/// Who is asked about the buckets of the first workload that has some; none: nobody, or nothing is
/// sent to them. Throws config_error.
std::optional<beside::rgw_admin> admin_of(const run_setup& setup) {
    scenario::echo_fields echo;
    bool is_dummy = false;
    for (const std::string_view name : setup.workloads()) {
        echo = scenario::foreign_call(name, "echo of the settings",
                                      [&] { return setup.settings_of(name).echo(); });
        is_dummy = setup.is_dummy(name);
        if (scenario::find_echoed<std::string>(echo, "bucket") != nullptr) break;
    }
    auto out = beside::read_rgw_admin(setup.workload.cluster, echo);
    return is_dummy ? std::nullopt : out;
}

/// With the secret of the environment, where the section has none. Throws config_error.
std::optional<beside::rgw_admin> with_secret(std::optional<beside::rgw_admin> admin) {
    if (!admin || !admin->secret_key.empty()) return admin;
    const char* const secret = std::getenv(admin_secret_variable);
    if (secret == nullptr || *secret == '\0') {
        throw config_error("cluster.rgw_admin: there is no secret key of " + admin->access_key +
                           "; write `secret_key` beside `access_key`, or set " +
                           admin_secret_variable);
    }
    admin->secret_key = secret;
    return admin;
}

/// What the run says of its buckets; none: it does not know, or they hold more than it counts.
std::optional<beside::left_in_buckets> left_of(const run_setup& setup,
                                               const std::vector<stats::leftover>& left) {
    const std::vector<scenario::group>& groups = setup.scenario.groups;
    const bool keeps = std::any_of(groups.begin(), groups.end(), [](const scenario::group& one) {
        return !one.data.reuse.empty();
    });
    if (keeps || setup.workloads().size() != 1) return std::nullopt;
    return beside::left_in_buckets_of(left);
}

}  // namespace

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
    // What is wrong with it is told now.
    admin_of(setup);
    if (out.pools.empty()) out.pools = beside::pools_of(echo);
    out.off = out.off || unwanted || (load == nullptr && !out.given);
    return out;
}

std::string watched_text(const run_setup& setup) {
    const beside::settings& how = setup.cluster;
    std::string out;
    const auto add = [&out](const std::string& one) { out += (out.empty() ? "" : ", ") + one; };
    if (!how.prometheus.empty()) add("the cluster, by " + how.prometheus);
    if (how.asks_cluster) add("the cluster, as " + how.to.who());
    if (out.empty() && !how.rgw_socket.empty()) add("radosgw, at " + how.rgw_socket);
    if (const auto admin = admin_of(setup))
        add("how full the buckets are, by " + admin->endpoint + admin->path);
    return out;
}

std::unique_ptr<cluster_beside> cluster_beside::start(const run_setup& setup) {
    if (setup.cluster.off) return nullptr;
    auto who = beside::make_rados_asker(setup.cluster.to);
    if (who == nullptr) return nullptr;
    auto out =
        std::make_unique<cluster_beside>(setup, with_secret(admin_of(setup)), std::move(who));
    out->greeting_ = "watched beside the load: " + watched_text(setup);
    if (!out->watch_.wait_for_before())
        out->greeting_ += "; it has not answered yet, and nobody waits for it";
    if (const std::string why = out->watch_.bucket_problem(); !why.empty())
        out->greeting_ += "; how full the buckets are is not known: " + why;
    return out;
}

cluster_beside::cluster_beside(const run_setup& setup,
                               const std::optional<beside::rgw_admin>& admin,
                               std::unique_ptr<beside::asker> who)
    : setup_(setup), watch_(setup.cluster, std::move(who), admin) {
    const std::int64_t measure_ns = scenario::measure_begins_ns(setup.scenario);
    for (const scenario::group& one : setup.scenario.groups) {
        plans_.emplace_back();
        if (one.open && !one.open->replay)
            plans_.back() = scenario::rate_plan(*one.open, measure_ns);
    }
}

double cluster_beside::offered_to(std::size_t group, const engine::interval& in) const {
    // What came to be due says less: a core that was held up finds it later, and all at once.
    if (const auto& wanted = in.groups[group].rate_wanted_per_s) return *wanted * in.duration_s;
    if (plans_[group]) {
        const double end_s = in.start_s + in.duration_s;
        return plans_[group]->count(end_s * 1e9) - plans_[group]->count(in.start_s * 1e9);
    }
    const engine::load_figures& load = in.groups[group];
    return static_cast<double>(setup_.scenario.groups[group].open ? load.intended : load.users);
}

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
    for (const engine::core_figures& core : one.cores)
        out.held_up_share = std::max(out.held_up_share, core.held_up_share());
    for (std::size_t i = 0; i < names.operations.size(); ++i) {
        const stats::figures& f = one.figures.by_operation[i];
        beside::load_point point;
        point.operation = names.operations[i];
        point.ok = f.ok_count;
        point.p99_ns = f.response.value_at_percentile(99);
        for (std::size_t g = 0; g < one.groups.size(); ++g) {
            const scenario::group& group = setup_.scenario.groups[g];
            if (!point.operation.starts_with(group.name + "/")) continue;
            point.offered = offered_to(g, one);
        }
        out.operations.push_back(std::move(point));
    }
    watch_.add_load(out);
}

results::json cluster_beside::sample_in(const engine::interval& one) const {
    return watch_.sample_of(one.start_s, one.start_s + one.duration_s);
}

std::string cluster_beside::with_sample(std::string line, const results::json& sample) {
    line.pop_back();
    line += ",\"cluster\":";
    line += results::dump(sample);
    line += '}';
    return line;
}

void cluster_beside::finish(results::run_document& doc, const std::vector<stats::leftover>& left) {
    beside::account all = watch_.finish(left_of(setup_, left));
    doc.cluster = std::move(all.cluster);
    doc.environment.ceph = std::move(all.environment);
    for (stats::event_mark& mark : all.events)
        doc.events.add(std::move(mark));
    if (const std::string problem = results::text(doc.cluster, "problem"); !problem.empty()) {
        // Only who asked for it by name is warned.
        (setup_.cluster.given ? doc.run.warnings : doc.run.notes)
            .push_back("the cluster could not be watched beside the load: " + problem);
        return;
    }
    const std::string of_buckets = results::text(doc.cluster, "bucket_problem");
    if (!of_buckets.empty())
        doc.run.warnings.push_back("how full the load's buckets are is not known: " + of_buckets);
}

}  // namespace chopsticks::cli
