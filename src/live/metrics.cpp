#include <algorithm>
#include <array>
#include <chopsticks/results/text.hpp>

#include "monitor_contents.hpp"

namespace chopsticks::live {

namespace {

constexpr double duration_bounds_s[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                        0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                        1,      2.5,     5,      10,    30,     60};
/// How late a generator is that keeps up is below what targets take.
constexpr double lag_bounds_s[] = {0.000001, 0.00001, 0.0001, 0.00025, 0.0005, 0.001,
                                   0.0025,   0.005,   0.01,   0.1,     1};
/// Of failures of one operation; what comes beyond is one of code "other".
constexpr std::size_t codes_most = 32;

constexpr const char* phase_names[] = {"open",    "prepare", "ramp",    "warmup",
                                       "measure", "drain",   "cleanup", "done"};

/// "NoSuchKey", "EIO", "503": what the target calls it, else its number, else nothing.
std::string code_of(const stats::error_row& row) {
    if (!row.code.empty()) return results::printable(row.code);
    return row.native.value != 0 ? std::to_string(row.native.value) : std::string();
}

double real(std::uint64_t n) {
    return static_cast<double>(n);
}

metric_labels with(metric_labels labels, std::string name, std::string value) {
    labels.emplace_back(std::move(name), std::move(value));
    return labels;
}

}  // namespace

metric_family& metric_writer::family(const std::string& name, metric_kind kind,
                                     const std::string& help) {
    const auto there = std::find_if(families_.begin(), families_.end(),
                                    [&](const metric_family& f) { return f.name == name; });
    if (there != families_.end()) return *there;
    metric_family& out = families_.emplace_back();
    out.name = name;
    out.help = help;
    out.kind = kind;
    return out;
}

void metric_writer::put_gauge(const std::string& name, const std::string& help, double value) {
    family(name, metric_kind::gauge, help).all.push_back({{}, value, {}});
}

metric_labels metric_writer::labels_of(std::size_t op) const {
    const std::string& whole = run_.names.operations[op];
    const std::size_t slash = whole.find('/');
    const std::string group = whole.substr(0, slash);
    const auto of = std::find_if(run_.groups.begin(), run_.groups.end(),
                                 [&](const watched_run::group& g) { return g.name == group; });
    metric_labels out;
    out.emplace_back("driver", of == run_.groups.end() ? "" : of->driver);
    out.emplace_back("group", group);
    out.emplace_back("operation", slash == std::string::npos ? whole : whole.substr(slash + 1));
    out.emplace_back("workload", of == run_.groups.end() ? "" : of->workload);
    return out;
}

void metric_writer::put_times(const stats::totals& sum) {
    constexpr auto kind = metric_kind::histogram;
    const auto put = [&](const char* name, const char* help, const stats::histogram& times,
                         std::span<const double> bounds, metric_labels labels) {
        family(name, kind, help)
            .all.push_back({std::move(labels), 0, durations_of(times, bounds, native_)});
    };
    for (std::size_t op = 0; op < sum.by_operation.size(); ++op) {
        const stats::figures& f = sum.by_operation[op];
        constexpr auto name = "chopsticks_operation_duration_seconds";
        constexpr auto help = "Response time of operations: from when they were due to their end.";
        put(name, help, f.response, duration_bounds_s, with(labels_of(op), "success", "true"));
        put(name, help, f.failed, duration_bounds_s, with(labels_of(op), "success", "false"));
    }
    for (std::size_t op = 0; op < sum.by_operation.size(); ++op) {
        put("chopsticks_operation_service_seconds",
            "Service time of successful operations: from their first byte sent to their end.",
            sum.by_operation[op].service, duration_bounds_s, labels_of(op));
    }
    for (std::size_t op = 0; op < sum.by_operation.size(); ++op) {
        put("chopsticks_send_lag_seconds",
            "How late the generator sent: from when a successful operation was due to its first "
            "byte.",
            sum.by_operation[op].send_lag, lag_bounds_s, labels_of(op));
    }
}

void metric_writer::put_sizes(const stats::totals& sum) {
    metric_family& to = family("chopsticks_operation_size_bytes", metric_kind::histogram,
                               "Bodies of successful operations, by the size of their objects.");
    for (std::size_t op = 0; op < sum.by_operation.size(); ++op) {
        metric_histogram sizes;
        for (std::size_t c = 0; c < stats::size_class_count; ++c) {
            const auto& of_class = sum.by_size_class[op][c];
            if (of_class != nullptr) sizes.count += of_class->ok_count;
            if (c + 1 < stats::size_class_count)
                sizes.classic.emplace_back(real(stats::size_class_bounds[c]), sizes.count);
        }
        sizes.sum = real(sum.by_operation[op].bytes);
        to.all.push_back({with(labels_of(op), "success", "true"), 0, std::move(sizes)});
    }
}

void metric_writer::put_failures(const stats::totals& sum) {
    metric_family& to = family("chopsticks_failures_total", metric_kind::counter,
                               "Operations that failed, by class and by the target's code.");
    for (std::size_t op = 0; op < sum.by_operation.size(); ++op) {
        // In the order in which they were first seen, so that a series never moves into another.
        std::vector<std::pair<metric_labels, std::uint64_t>> rows;
        for (const stats::error_row& row : sum.by_operation[op].errors) {
            const auto labels_with = [&](const std::string& code) {
                return with(with(labels_of(op), "class", std::string(name(row.status))), "code",
                            code);
            };
            metric_labels labels = labels_with(code_of(row));
            const auto find_row = [&] {
                return std::find_if(rows.begin(), rows.end(),
                                    [&](const auto& r) { return r.first == labels; });
            };
            auto there = find_row();
            if (there == rows.end() && rows.size() >= codes_most) {
                labels = labels_with("other");
                there = find_row();
            }
            if (there == rows.end()) {
                rows.emplace_back(std::move(labels), row.count);
            } else {
                there->second += row.count;
            }
        }
        for (auto& [labels, count] : rows)
            to.all.push_back({std::move(labels), real(count), {}});
    }
}

void metric_writer::put_operations(const stats::totals& sum) {
    metric_family& ended = family("chopsticks_operations_total", metric_kind::counter,
                                  "Operations that ended, well (success=\"true\") or not.");
    for (std::size_t op = 0; op < sum.by_operation.size(); ++op) {
        const stats::figures& f = sum.by_operation[op];
        ended.all.push_back({with(labels_of(op), "success", "true"), real(f.ok_count), {}});
        ended.all.push_back({with(labels_of(op), "success", "false"), real(f.failed_count), {}});
    }
    const auto put = [&](const char* name, const char* help, auto value_of) {
        metric_family& to = family(name, metric_kind::counter, help);
        for (std::size_t op = 0; op < sum.by_operation.size(); ++op)
            to.all.push_back({labels_of(op), real(value_of(sum.by_operation[op])), {}});
    };
    put("chopsticks_operation_bytes_total", "Body bytes of successful operations.",
        [](const stats::figures& f) { return f.bytes; });
    put("chopsticks_retries_total", "Retries of operations.",
        [](const stats::figures& f) { return f.retries; });
    put("chopsticks_unanswered_total",
        "Operations that were due and got no answer: shed, or unfinished as the load ended.",
        [](const stats::figures& f) { return f.shed + f.unfinished; });
    put_failures(sum);
    put_times(sum);
    put_sizes(sum);
}

void metric_writer::put_tasks(const std::vector<stats::load_figures>& load) {
    metric_family& tasks = family("chopsticks_tasks_total", metric_kind::counter,
                                  "Tasks that were due, and what came of them.");
    for (std::size_t g = 0; g < load.size() && g < run_.groups.size(); ++g) {
        const stats::load_figures& f = load[g];
        const std::pair<const char*, std::uint64_t> states[] = {
            {"intended", f.intended},   {"issued", f.issued}, {"skipped", f.skipped},
            {"completed", f.completed}, {"shed", f.shed},     {"shed_late", f.shed_late},
            {"cancelled", f.cancelled}};
        for (const auto& [state, count] : states)
            tasks.all.push_back(
                {{{"group", run_.groups[g].name}, {"state", state}}, real(count), {}});
    }
}

void metric_writer::put_load(const std::vector<stats::load_figures>& load,
                             const std::vector<stats::load_figures>& last, double last_s) {
    put_tasks(load);
    const auto gauge_by_group = [&](const char* name, const char* help, auto value_of) {
        metric_family& to = family(name, metric_kind::gauge, help);
        for (std::size_t g = 0; g < last.size() && g < run_.groups.size(); ++g)
            to.all.push_back({{{"group", run_.groups[g].name}}, value_of(last[g]), {}});
    };
    gauge_by_group("chopsticks_in_flight",
                   "Most tasks at a time in the last interval, as a sum over cores.",
                   [](const stats::load_figures& f) { return real(f.in_flight_max); });
    gauge_by_group("chopsticks_backlog", "Tasks that were due and waited, as it ended.",
                   [](const stats::load_figures& f) { return real(f.backlog); });
    gauge_by_group("chopsticks_users", "Users of a closed loop that had had their turn.",
                   [](const stats::load_figures& f) { return real(f.users); });
    gauge_by_group("chopsticks_intended_rate", "Tasks due per second in the last interval.",
                   [last_s](const stats::load_figures& f) {
                       return last_s > 0 ? real(f.intended) / last_s : 0;
                   });
}

void metric_writer::put_drivers(const stats::driver_values& values, bool levels) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const stats::group_figure& of = run_.names.driver_figures[i];
        const stats::driver_value& value = values[i];
        const metric_labels timer = {{"figure", of.what.name}, {"group", of.group}};
        const metric_labels labels = with(timer, "unit", of.what.unit);
        if (value.kind == stats::figure_kind::counter) {
            family("chopsticks_driver_events_total", metric_kind::counter,
                   "What drivers count of their own.")
                .all.push_back({labels, real(value.count), {}});
        } else if (value.kind == stats::figure_kind::gauge && value.known && levels) {
            family("chopsticks_driver_level", metric_kind::gauge, "Levels that drivers tell.")
                .all.push_back({labels, value.last, {}});
        } else if (value.kind == stats::figure_kind::timer) {
            family("chopsticks_driver_duration_seconds", metric_kind::histogram,
                   "Durations that drivers measure of their own.")
                .all.push_back({timer, 0, durations_of(*value.times, duration_bounds_s, native_)});
        }
    }
}

void metric_writer::put_generator(const std::vector<double>& cores_busy,
                                  const results::interval_health& h) {
    metric_family& busy = family("chopsticks_generator_core_busy", metric_kind::gauge,
                                 "Busy share of each core in the last interval, 0 to 1.");
    for (std::size_t core = 0; core < cores_busy.size(); ++core)
        busy.all.push_back({{{"core", std::to_string(core)}}, cores_busy[core], {}});
    const auto seconds = [](std::int64_t ns) { return static_cast<double>(ns) / 1e9; };
    const auto put_known = [&](const std::string& name, const std::string& help,
                               const auto& value) {
        if (value) put_gauge("chopsticks_generator_" + name, help, static_cast<double>(*value));
    };
    put_gauge("chopsticks_generator_held_up",
              "Share of the last interval for which a core was kept from running; the worst.",
              h.held_up_share);
    put_gauge("chopsticks_generator_held_up_max_seconds", "The longest such time at once.",
              seconds(h.held_up_max_ns));
    put_gauge("chopsticks_generator_loop_turn_p99_seconds",
              "99th percentile of the lengths of the event loops' turns.",
              seconds(h.loop_turn_p99_ns));
    put_gauge("chopsticks_generator_timer_lag_p99_seconds",
              "99th percentile of how late sleepers were woken.", seconds(h.timer_lag_p99_ns));
    put_gauge("chopsticks_generator_connects_per_second", "Connections opened per second.",
              h.connects_per_s);
    put_gauge("chopsticks_generator_nic_bytes_per_second",
              "Bytes per second over the interfaces to the targets, both directions.",
              h.nic_bytes_per_s);
    put_known("steal", "Share of the host's CPU time that its hypervisor took.", h.steal_share);
    put_known("resident_bytes", "Resident memory.", h.rss_bytes);
    put_known("open_fds", "Open descriptors.", h.open_fds);
    put_known("connections", "Connections to the targets.", h.connections);
    put_known("ports_left", "Ephemeral ports left towards the target that has fewest.",
              h.ports_left);
    put_known("nic_utilisation", "Of the fullest interface to the targets, 0 to 1.",
              h.nic_utilisation);
}

void metric_writer::put_info() {
    family("chopsticks_run_info", metric_kind::gauge, "The run; always 1.")
        .all.push_back({{{"run_id", run_.run_id},
                         {"scenario", results::printable(run_.scenario)},
                         {"version", run_.version}},
                        1,
                        {}});
}

void metric_writer::put_course(const std::string& phase,
                               const std::vector<objective_state>& objectives, bool ended) {
    metric_family& phases =
        family("chopsticks_phase", metric_kind::gauge, "1 for the phase that the run is in.");
    for (const char* const one : phase_names) {
        const bool now = ended ? std::string_view(one) == "done" : phase == one;
        phases.all.push_back({{{"phase", one}}, now ? 1.0 : 0.0, {}});
    }
    metric_family& met = family("chopsticks_objective_met", metric_kind::gauge,
                                "1: the service level objective is met so far, 0: it is missed.");
    for (const objective_state& one : objectives) {
        if (one.met)
            met.all.push_back(
                {{{"objective", results::printable(one.text)}}, *one.met ? 1.0 : 0.0, {}});
    }
}

void metric_writer::put_events(const std::map<std::string, std::uint64_t>& marks) {
    metric_family& events =
        family("chopsticks_events_total", metric_kind::counter, "Event marks of the run.");
    for (const auto& [source, count] : marks)
        events.all.push_back({{{"source", source}}, real(count), {}});
}

}  // namespace chopsticks::live
