#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/results/document.hpp>

#include "driver_figures.hpp"
#include "echo_json.hpp"
#include "events_json.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

std::vector<double> measured_s(const run_document& doc) {
    std::vector<double> out(doc.layout.operations.size(), doc.run.duration_s);
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (const group_figures& group : doc.groups) {
            if (doc.layout.operations[i].starts_with(group.name + "/")) out[i] = group.measured_s;
        }
    }
    return out;
}

namespace {

json run_json(const run_info& run) {
    json out;
    out["id"] = run.id;
    out["started"] = format_utc(run.started_ns);
    out["started_ns"] = run.started_ns;
    out["duration_s"] = rounded(run.duration_s);
    out["command_line"] = redact(run.command_line);
    out["seed"] = run.seed;
    out["interrupted"] = run.interrupted;
    out["problem"] = known(run.problem);
    out["exit_status"] = run.exit_status;
    out["verdicts"]["generator"] = name(run.verdicts.generator);
    out["verdicts"]["target"] = name(run.verdicts.target);
    out["verdicts"]["left_behind"] = name(run.verdicts.left_behind);
    out["phases"] = json::array();
    for (const phase_span& phase : run.phases) {
        json one;
        one["name"] = phase.name;
        one["started_s"] = rounded(phase.started_s);
        one["duration_s"] = rounded(phase.duration_s);
        out["phases"].push_back(std::move(one));
    }
    json cut;
    cut["by_time_s"] = rounded(run.warmup.by_time_s);
    cut["by_steady_state_s"] = rounded(run.warmup.by_steady_state_s);
    cut["steady"] = or_null(run.warmup.steady);
    cut["ok"] = run.warmup.ok;
    cut["failed"] = run.warmup.failed;
    out["warmup_cut"] = std::move(cut);
    json estimate;
    const stats::mean_confidence& known_to = run.throughput;
    estimate["mean_per_s"] = rounded(known_to.mean);
    estimate["half_width_per_s"] = nullptr;
    if (known_to.usable) estimate["half_width_per_s"] = rounded(known_to.half_width);
    estimate["lag1"] = rounded(known_to.lag1);
    estimate["batches"] = known_to.batches;
    estimate["batch_intervals"] = known_to.batch_values;
    estimate["ended_run"] = run.confident;
    out["throughput"] = std::move(estimate);
    out["interval_s"] = rounded(run.interval_s * run.intervals_joined);
    out["intervals_joined"] = run.intervals_joined;
    out["warnings"] = run.warnings;
    out["notes"] = run.notes;
    return out;
}

json environment_json(const environment& e) {
    json out;
    out["host"] = known(e.host);
    out["kernel"] = known(e.kernel);
    out["cpu_model"] = known(e.cpu_model);
    out["cpus_online"] = known(e.cpus_online);
    out["cpus_usable"] = known(e.cpus_usable);
    out["memory_bytes"] = known(e.memory_bytes);
    json limits;
    limits["nofile_soft"] = known(e.nofile_soft);
    limits["nofile_hard"] = known(e.nofile_hard);
    limits["port_first"] = known(e.port_first);
    limits["port_last"] = known(e.port_last);
    out["limits"] = std::move(limits);
    out["clock_source"] = known(e.clock_source);
    out["version"] = known(e.version);
    out["compiler"] = known(e.compiler);
    out["build_type"] = known(e.build_type);
    out["boost"] = known(e.boost);
    out["openssl"] = known(e.openssl);
    out["librbd"] = known(e.librbd);
    out["ceph"] = e.ceph;
    return out;
}

json op_log_json(const std::optional<op_log_figures>& log) {
    if (!log) return nullptr;
    json out;
    out["file"] = log->file;
    out["records"] = log->records;
    out["dropped"] = log->dropped;
    out["bytes"] = log->bytes;
    out["problem"] = known(log->problem);
    return out;
}

json endpoint_json(const std::optional<endpoint_figures>& seen) {
    if (!seen) return nullptr;
    return {{"requests", seen->requests}, {"by_operation", seen->by_operation}};
}

json load_json(const stats::load_figures& load, double duration_s) {
    json out;
    out["intended"] = load.intended;
    out["issued"] = load.issued;
    out["skipped"] = load.skipped;
    out["completed"] = load.completed;
    out["cancelled"] = load.cancelled;
    out["shed"] = load.shed;
    out["shed_late"] = load.shed_late;
    out["backlog_at_end"] = load.backlog;
    out["backlog_age_max_ns"] = load.backlog_age_max_ns;
    out["max_in_flight"] = load.in_flight_max;
    out["intended_rate_per_s"] = rounded(load.intended_rate_per_s);
    out["issued_rate_per_s"] =
        duration_s > 0 ? rounded(static_cast<double>(load.issued) / duration_s) : 0.0;
    return out;
}

json slo_json(const slo_figures& slo) {
    json out;
    out["objectives"] = json::array();
    for (const slo_outcome& one : slo.objectives) {
        json row;
        row["text"] = one.objective.text;
        row["unit"] = unit_of(one.objective);
        row["limit"] = rounded(one.objective.limit);
        row["value"] = or_null(one.value);
        row["at_least"] = one.at_least;
        row["met"] = one.met;
        out["objectives"].push_back(std::move(row));
    }
    out["aborted"] = slo.aborted;
    return out;
}

json data_json(const data_figures& data) {
    json out;
    out["prepared"] = data.prepared;
    out["prepare_failed"] = data.prepare_failed;
    out["alive_before_cleanup"] = data.alive_before_cleanup;
    out["left_behind"] = data.left_behind;
    out["left"] = json::array();
    for (const stats::leftover& item : data.left) {
        json one;
        one["kind"] = item.kind;
        one["name"] = item.name;
        one["count"] = item.count;
        one["exact"] = item.exact;
        one["remove_with"] = known(item.remove_with);
        out["left"].push_back(std::move(one));
    }
    if (data.wrong) {
        out["wrong"] = {{"places", data.wrong->places},
                        {"checked", data.wrong->checked},
                        {"examples", data.wrong->examples}};
    }
    return out;
}

json replay_json(const std::optional<replay_figures>& r) {
    if (!r) return nullptr;
    json out;
    out["file"] = r->file;
    out["format"] = r->format;
    out["bytes"] = r->bytes;
    out["speed"] = rounded(r->speed);
    out["rounds"] = r->rounds;
    out["lines"] = r->lines;
    out["malformed"] = r->malformed;
    out["malformed_lines"] = r->malformed_lines;
    out["truncated"] = r->truncated;
    out["operations"] = r->operations;
    out["unmapped"] = r->unmapped;
    out["refused"] = r->refused;
    out["out_of_order"] = r->out_of_order;
    out["moved"] = r->moved;
    out["late"] = r->late;
    out["lateness_max_ns"] = r->lateness_max_ns;
    return out;
}

json gaps_json(const stats::gap_figures& gaps) {
    json out;
    out["count"] = gaps.count();
    out["mean"] = rounded(gaps.mean());
    out["variation"] = rounded(gaps.variation());
    out["distance"] = rounded(gaps.distance());
    const bool enough = gaps.is_testable();
    out["chi_square"] = enough ? json(rounded(gaps.chi_square())) : json(nullptr);
    out["p_value"] = enough ? json(rounded(gaps.p_value())) : json(nullptr);
    return out;
}

json pacing_json(const std::optional<arrival_figures>& pacing) {
    if (!pacing) return nullptr;
    json out;
    out["arrivals"] = pacing->law;
    out["planned_gaps"] = gaps_json(pacing->gaps.planned);
    out["issued_gaps"] = gaps_json(pacing->gaps.issued);
    return out;
}

json silence_json(const stats::silence_figures& s) {
    json out;
    out["longest_s"] = rounded(s.longest_s);
    out["allowed_s"] = rounded(s.allowed_s);
    out["outage_s"] = rounded(s.outage_s);
    out["outage_share"] = rounded(s.outage_share);
    out["outages"] = json::array();
    for (const stats::outage& one : s.outages) {
        json row;
        row["start_s"] = rounded(one.start_s);
        row["duration_s"] = rounded(one.duration_s);
        out["outages"].push_back(std::move(row));
    }
    return out;
}

json endpoint_silences_json(const run_document& doc) {
    json out = json::array();
    for (const stats::endpoint_silence& one : doc.endpoint_silences) {
        json row = silence_json(one.figures);
        row["group"] = doc.groups.at(one.group).name;
        row["endpoint"] = without_user_information(doc.layout.endpoints.at(one.endpoint));
        out.push_back(std::move(row));
    }
    return out;
}

json groups_json(const run_document& doc) {
    json out = json::object();
    for (const group_figures& group : doc.groups) {
        json one;
        one["workload"] = group.workload;
        one["driver"] = group.driver;
        one["loop"] = group.open_loop ? "open" : "closed";
        one["users"] = group.users;
        one["measured_s"] = rounded(group.measured_s);
        one["exhausted"] = group.exhausted;
        one["silence"] = silence_json(group.silence);
        one["load"] = load_json(group.load, group.measured_s);
        one["pacing"] = pacing_json(group.pacing);
        one["alive_before_cleanup"] = group.alive_before_cleanup;
        one["replay"] = replay_json(group.replay);
        one["images"] = json::array();
        for (const stats::opened_image& image : group.images) {
            one["images"].push_back(
                {{"name", image.name},
                 {"bytes", image.bytes},
                 {"made", image.made},
                 {"written_bytes",
                  image.written_bytes ? json(*image.written_bytes) : json(nullptr)},
                 {"features", image.features}});
        }
        out[group.name] = std::move(one);
    }
    return out;
}

/// At most 1: clocks that do not quite agree may have made it greater.
double share_of_time(double share) {
    return rounded(std::min(1.0, share));
}

json generator_json(const generator_figures& g) {
    json out;
    out["idle"] = g.idle;
    out["cores"] = json::array();
    for (std::size_t i = 0; i < g.cores.size(); ++i) {
        const stats::core_figures& core = g.cores[i];
        const bool pinned = i < g.cpus.size() && g.cpus[i] >= 0;
        json one;
        one["cpu"] = pinned ? json(g.cpus[i]) : json(nullptr);
        one["busy_share"] = share_of_time(core.busy_share());
        one["cpu_share"] = share_of_time(core.cpu_share());
        one["lag_max_ns"] = core.lag_max_ns;
        one["switches_voluntary"] = core.switches_voluntary;
        one["switches_involuntary"] = core.switches_involuntary;
        one["held_up_share"] = share_of_time(core.held_up_share());
        one["held_up_max_ns"] = core.held_up.longest_ns;
        one["queued_s"] = rounded(static_cast<double>(core.held_up.queued_ns) / 1e9);
        one["stopped_s"] = rounded(static_cast<double>(core.held_up.stopped_ns) / 1e9);
        out["cores"].push_back(std::move(one));
    }
    out["cpu_seconds"]["user"] = or_null(g.cpu_user_s);
    out["cpu_seconds"]["system"] = or_null(g.cpu_system_s);
    out["rss_bytes_max"] = or_null(g.rss_bytes_max);
    out["open_fds_max"] = or_null(g.open_fds_max);
    out["context_switches"]["voluntary"] = or_null(g.context_switches_voluntary);
    out["context_switches"]["involuntary"] = or_null(g.context_switches_involuntary);
    out["steal_share"] = or_null(g.steal_share);
    out["tcp_retransmits"] = or_null(g.tcp_retransmits);
    json connections;
    connections["opened"] = g.connections.connects;
    connections["failed"] = g.connections.connect_failures;
    connections["tls_handshakes"] = g.connections.tls_handshakes;
    connections["tls_resumed"] = g.connections.tls_resumed;
    connections["timeouts"] = g.connections.timeouts;
    out["connections"] = std::move(connections);
    out["nic"] = json::object();
    for (const auto& [name, counters] : g.nics) {
        json one;
        one["rx_bytes"] = counters.rx_bytes;
        one["tx_bytes"] = counters.tx_bytes;
        one["rx_dropped"] = counters.rx_dropped;
        one["tx_dropped"] = counters.tx_dropped;
        out["nic"][name] = std::move(one);
    }
    out["loop_lag"] = to_json(g.loop_lag);
    return out;
}

json operations_json(const run_document& doc) {
    json out = json::object();
    const std::vector<double> lengths = measured_s(doc);
    for (std::size_t i = 0; i < doc.layout.operations.size(); ++i) {
        const double duration_s = lengths[i];
        json one = to_json(doc.figures.by_operation[i], duration_s);
        one["by_size_class"] = json::object();
        for (std::size_t c = 0; c < stats::size_class_count; ++c) {
            const auto& figures = doc.figures.by_size_class[i][c];
            if (!figures) continue;
            one["by_size_class"][std::string(stats::size_class_name(c))] =
                to_json(*figures, duration_s);
        }
        out[doc.layout.operations[i]] = std::move(one);
    }
    for (std::size_t i = 0; i < doc.layout.parts.size(); ++i) {
        const stats::part_name& part = doc.layout.parts[i];
        json one = to_json(doc.figures.by_part[i], lengths[part.of]);
        one["part_of"] = doc.layout.operations[part.of];
        one["by_size_class"] = json::object();
        out[part.name] = std::move(one);
    }
    return out;
}

json endpoints_json(const run_document& doc) {
    json out = json::object();
    for (std::size_t i = 0; i < doc.layout.endpoints.size(); ++i) {
        out[without_user_information(doc.layout.endpoints[i])] =
            to_json(doc.figures.by_endpoint[i], doc.run.duration_s);
    }
    return out;
}

json stages_json(const run_document& doc) {
    json out = json::array();
    for (const stats::stage_figures& stage : doc.stages) {
        stats::load_figures load;
        for (const stats::load_figures& group : stage.groups)
            load.add(group);
        json one;
        one["start_s"] = rounded(stage.start_s);
        one["duration_s"] = rounded(stage.duration_s);
        one["load"] = load_json(load, stage.duration_s);
        stats::figures all(3);
        one["operations"] = json::object();
        for (std::size_t i = 0; i < doc.layout.operations.size(); ++i) {
            const stats::figures& f = stage.figures.by_operation[i];
            all.add(f);
            one["operations"][doc.layout.operations[i]] = to_json(f, stage.duration_s);
        }
        one["total"] = to_json(all, stage.duration_s);
        out.push_back(std::move(one));
    }
    return out;
}

/// All members but `intervals`.
json head_json(const run_document& doc) {
    CHOPSTICKS_ASSERT(doc.figures.by_operation.size() == doc.layout.operations.size());
    CHOPSTICKS_ASSERT(doc.figures.by_endpoint.size() == doc.layout.endpoints.size());
    CHOPSTICKS_ASSERT(doc.figures.by_part.size() == doc.layout.parts.size());
    CHOPSTICKS_ASSERT(doc.of_drivers.size() == doc.layout.driver_figures.size());
    CHOPSTICKS_ASSERT(doc.figures.by_size_class.size() == doc.layout.operations.size());
    json out;
    out["kind"] = "chopsticks-result";
    out["schema_version"] = schema_version;
    out["run"] = run_json(doc.run);
    out["validity"]["valid"] = doc.validity.valid;
    out["validity"]["reasons"] = doc.validity.reasons;
    out["slo"] = slo_json(doc.slo);
    out["load"] = load_json(doc.load, doc.run.duration_s);
    out["data"] = data_json(doc.data);
    out["operations"] = operations_json(doc);
    stats::figures all(3);
    for (const stats::figures& figures : doc.figures.by_operation)
        all.add(figures);
    out["total"] = to_json(all, doc.run.duration_s);
    out["stages"] = stages_json(doc);
    out["by_endpoint"] = endpoints_json(doc);
    out["groups"] = groups_json(doc);
    out["endpoint_silences"] = endpoint_silences_json(doc);
    out["driver_figures"] = driver_figures_json(doc);
    out["generator"] = generator_json(doc.generator);
    out["health"] = to_json(doc.health);
    put_events(out, doc.events);
    out["cluster"] = doc.cluster;
    out["environment"] = environment_json(doc.environment);
    out["workload"] = echo_json(doc.workload);
    out["scenario"] = to_json(doc.scenario);
    out["scenario"]["file"] = known(doc.scenario.file);
    out["scenario"]["source"] = doc.scenario.source;
    out["op_log"] = op_log_json(doc.op_log);
    out["endpoint"] = endpoint_json(doc.endpoint);
    out["interval_file"] = known(doc.interval_file);
    return out;
}

}  // namespace

json to_json_without_intervals(const run_document& doc) {
    json out = head_json(doc);
    out["intervals"] = json::array();
    return out;
}

json to_json(const run_document& doc) {
    json out = to_json_without_intervals(doc);
    for (const std::string& line : doc.intervals)
        out["intervals"].push_back(json::parse(line));
    return out;
}

std::string to_text(const run_document& doc) {
    return with_intervals(head_json(doc), doc.intervals);
}

text_pieces::text_pieces(const run_document& doc) : text_pieces(head_json(doc), doc.intervals) {}

text_pieces::text_pieces(const json& head, const std::vector<std::string>& intervals)
    : head_(dump(head, 2)) {
    CHOPSTICKS_ASSERT(head_.ends_with("\n}"));
    head_.resize(head_.size() - 2);
    head_ += ",\n  \"intervals\": [";
    pieces_.push_back(head_);
    for (const std::string& line : intervals) {
        pieces_.push_back(pieces_.size() == 1 ? "\n    " : ",\n    ");
        pieces_.push_back(line);
    }
    pieces_.push_back(intervals.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

std::string with_intervals(const json& head, const std::vector<std::string>& intervals) {
    const text_pieces all(head, intervals);
    std::size_t size = 0;
    for (const std::string_view piece : all.pieces())
        size += piece.size();
    std::string out;
    out.reserve(size);
    for (const std::string_view piece : all.pieces())
        out += piece;
    return out;
}

}  // namespace chopsticks::results
