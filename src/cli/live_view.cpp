#include "live_view.hpp"

#include <chopsticks/ceph/beside/watch.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>

#include "execution.hpp"

namespace chopsticks::cli {

namespace {

constexpr std::uint16_t metrics_port = 9464;
constexpr std::uint16_t page_port = 8089;

std::int64_t linger_of(const view_arguments& a) {
    if (!a.metrics_linger) return 0;
    if (!a.metrics_listen) throw config_error("--metrics-linger: there is no --metrics-listen");
    const auto ns = parse_duration(*a.metrics_linger);
    if (!ns || *ns < 0)
        throw config_error("--metrics-linger: \"" + *a.metrics_linger +
                           "\" is not a duration; write 30s, 5m");
    return *ns;
}

/// As the first Ctrl-C does.
void stop_run() {
    int nobody_asked = 0;
    stop_level.compare_exchange_strong(nobody_asked, 1, std::memory_order_relaxed);
}

}  // namespace

void add_view_options(CLI::App& command, view_arguments& a) {
    command
        .add_option("--metrics-listen", a.metrics_listen,
                    "Serves metrics of the run to Prometheus there, e.g. 127.0.0.1:9464")
        ->type_name("[ADDR:]PORT");
    command
        .add_option("--metrics-linger", a.metrics_linger,
                    "Behind the run waits at most so long until the last metrics were fetched "
                    "(default: not)")
        ->type_name("TIME");
    command
        .add_option("--web-listen", a.web_listen,
                    "Shows the run in a browser while it goes (default: 127.0.0.1:8089)")
        ->type_name("[ADDR:]PORT")
        ->expected(0, 1);
}

live_view::live_view(const view_arguments& a) : linger_ns_(linger_of(a)) {
    live::service_options options;
    if (a.metrics_listen) {
        options.metrics =
            live::parse_listen_address(*a.metrics_listen, "--metrics-listen", metrics_port);
    }
    if (a.web_listen)
        options.page = live::parse_listen_address(*a.web_listen, "--web-listen", page_port);
    options.stop = [this] {
        stop_run();
        monitor_.stopping();
    };
    service_.emplace(std::move(options), monitor_);
}

void live_view::say_where(bool quiet) const {
    if (!service_->metrics_url().empty() && !quiet)
        std::fprintf(stderr, "Metrics: %s\n", service_->metrics_url().c_str());
    // Nobody could guess it.
    if (!service_->page_url().empty())
        std::fprintf(stderr, "Page: %s\n", service_->page_url().c_str());
}

void live_view::begin(const run_setup& setup, const stats::layout& names) {
    live::watched_run run;
    run.run_id = setup.run_id;
    run.scenario = setup.scenario.name;
    run.version = telemetry::describe_build().version;
    for (std::size_t g = 0; g < setup.scenario.groups.size(); ++g) {
        const scenario::group& group = setup.scenario.groups[g];
        run.groups.push_back({group.name, group.workload,
                              std::string(scenario::driver_of(setup.workload, group.workload))});
    }
    run.names = names;
    run.error_limit = setup.scenario.error_limit;
    if (!setup.cluster.off && ceph::beside::takes_samples(setup.cluster))
        run.cluster_every_s = static_cast<double>(setup.cluster.period_ns) / 1e9;
    monitor_.begin(run);
}

void live_view::end(const executed_run& run) {
    live::watched_end out;
    const results::run_info& info = run.doc.run;
    out.generator = name(info.verdicts.generator);
    out.target =
        run.target_problem.empty() ? std::string(name(info.verdicts.target)) : run.target_problem;
    out.left_behind = name(info.verdicts.left_behind);
    out.exit_status = exit_status_of(run);
    out.result_file = run.where.path;
    monitor_.end(out);
}

void live_view::linger(bool quiet) {
    if (linger_ns_ > 0 && !quiet)
        std::fprintf(stderr, "Waits up to %s for the last metrics to be fetched\n",
                     format_duration(linger_ns_).c_str());
    const int before = stop_level.load();
    service_->linger(linger_ns_, [before] { return stop_level.load() > before; });
}

}  // namespace chopsticks::cli
