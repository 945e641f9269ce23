#include <chopsticks/results/document.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <variant>

#include "echo_json.hpp"
#include "json_text.hpp"

namespace chopsticks::results {

namespace {

double seconds(std::int64_t ns) {
    return rounded(static_cast<double>(ns) / 1e9);
}

json data_json(const scenario::data_set& data) {
    json out;
    out["prefix"] = data.prefix;
    out["objects"] = data.objects;
    out["size"]["description"] = data.size.describe();
    out["size"]["mean_bytes"] = rounded(data.size.mean());
    out["size"]["min_bytes"] = data.size.min();
    out["size"]["max_bytes"] = data.size.max();
    out["popularity"] = describe(data.popularity);
    out["compression_ratio"] = rounded(data.content.compression_ratio);
    out["verify"] = data.verify;
    out["reuse"] = data.reuse.empty() ? json(nullptr) : json(data.reuse);
    return out;
}

json blocks_json(const scenario::block_options& blocks) {
    json out;
    out["extent_bytes"] = blocks.extent_bytes;
    out["prefill"] = blocks.prefill;
    out["prefill_bytes"] = blocks.prefill_bytes;
    out["verify"] = blocks.verify;
    out["verify_bytes"] = blocks.verify_bytes;
    out["compression_ratio"] = rounded(blocks.content.compression_ratio);
    return out;
}

const char* pattern_name(scenario::offset_pattern pattern) {
    switch (pattern) {
        case scenario::offset_pattern::sequential:
            return "sequential";
        case scenario::offset_pattern::sequential_shared:
            return "sequential_shared";
        case scenario::offset_pattern::random:
            break;
    }
    return "random";
}

void add_place(const scenario::step& step, json& one) {
    one["block"] = step.block.describe();
    one["pattern"] = pattern_name(step.pattern);
    if (step.pattern == scenario::offset_pattern::random) {
        one["offsets"] = describe(step.offsets);
        one["align_bytes"] = step.align_bytes;
    }
    if (step.pieces != 1) one["pieces"] = step.pieces;
}

json task_json(const scenario::task& task) {
    json out;
    out["name"] = task.name;
    out["weight"] = rounded(task.weight);
    out["steps"] = json::array();
    for (const scenario::step& step : task.steps) {
        // Parameters belong to some operations only; those at their default say nothing.
        json one;
        one["op"] = step.op;
        if (step.batch > 1) one["batch"] = step.batch;
        if (step.range_bytes != 0) one["range_bytes"] = step.range_bytes;
        for (const scenario::driver_parameter& p : step.values) {
            if (p.value == p.standard) continue;
            one[std::string(p.shown_as)] =
                std::visit([](const auto& value) { return json(value); }, p.value);
        }
        if (scenario::has_place(step.use)) add_place(step, one);
        out["steps"].push_back(std::move(one));
    }
    return out;
}

const char* think_name(scenario::think_kind kind) {
    switch (kind) {
        case scenario::think_kind::none:
            return "none";
        case scenario::think_kind::constant:
            return "constant";
        case scenario::think_kind::uniform:
            return "uniform";
        case scenario::think_kind::exponential:
            return "exponential";
    }
    return "none";
}

json stages_json(const std::vector<load::stage>& stages, const char* level) {
    json out = json::array();
    for (const load::stage& s : stages) {
        json one;
        one["duration_s"] = seconds(s.duration_ns);
        one[level] = rounded(s.level);
        one["ramp_s"] = seconds(s.ramp_ns);
        out.push_back(std::move(one));
    }
    return out;
}

json load_json(const scenario::group& group) {
    json out;
    if (group.open) {
        json& open = out["open"];
        open["rate_per_s"] = rounded(group.open->rate);
        open["arrivals"] =
            group.open->arrivals == load::arrival_kind::constant ? "constant" : "poisson";
        open["stages"] = stages_json(group.open->stages, "rate_per_s");
        const load::modulation& around = group.open->around;
        open["modulation"] = around.how == load::modulation::kind::burst  ? "burst"
                             : around.how == load::modulation::kind::sine ? "sine"
                                                                          : "none";
        open["period_s"] = rounded(around.period_ns / 1e9);
        open["modulated_share"] = rounded(around.share);
        open["late_limit_s"] = seconds(group.open->late_limit_ns);
        open["max_in_flight"] = group.open->max_in_flight;
        open["queue_limit"] = group.open->queue_limit;
        if (group.open->replay) {
            const scenario::replay_load& r = *group.open->replay;
            const auto source = [](scenario::replay_source from) {
                return from == scenario::replay_source::recorded ? "recorded" : "data_set";
            };
            json& replay = open["replay"];
            replay["file"] = r.file;
            replay["speed"] = rounded(r.speed);
            replay["keys"] = source(r.keys);
            replay["sizes"] = source(r.sizes);
            replay["size_limit"] = r.size_limit;
            replay["loop"] = r.loop;
            replay["group"] = r.group.empty() ? json(nullptr) : json(r.group);
            replay["sort_window_s"] = seconds(r.sort_window_ns);
        }
        return out;
    }
    json& closed = out["closed"];
    closed["users"] = group.closed.users;
    closed["spawn_rate_per_s"] = rounded(group.closed.spawn_rate);
    closed["stages"] = stages_json(group.closed.stages, "users");
    const scenario::think_time& think = group.closed.think;
    closed["think_time"]["kind"] = think_name(think.kind);
    if (think.kind == scenario::think_kind::uniform) {
        closed["think_time"]["min_ns"] = think.min_ns;
        closed["think_time"]["max_ns"] = think.max_ns;
    } else if (think.kind != scenario::think_kind::none) {
        closed["think_time"]["mean_ns"] = think.mean_ns;
    }
    return out;
}

}  // namespace

json to_json(const scenario::scenario& s) {
    json out;
    out["name"] = s.name;
    out["description"] = s.description;
    out["groups"] = json::array();
    for (const scenario::group& group : s.groups) {
        json one;
        one["name"] = group.name;
        one["workload"] = group.workload;
        if (group.shape == scenario::subject_shape::extents) {
            one["blocks"] = blocks_json(group.blocks);
        } else {
            one["data"] = data_json(group.data);
        }
        one["tasks"] = json::array();
        for (const scenario::task& task : group.tasks)
            one["tasks"].push_back(task_json(task));
        one["load"] = load_json(group);
        out["groups"].push_back(std::move(one));
    }
    json& phases = out["phases"];
    phases["prepare"] = s.phase.prepare;
    phases["prepare_concurrency"] = s.phase.prepare_concurrency;
    phases["prepare_patience_s"] = seconds(s.phase.prepare_patience_ns);
    phases["warmup_s"] = seconds(s.phase.warmup_ns);
    phases["steady_within_s"] = seconds(s.phase.steady_within_ns);
    phases["measure_s"] = seconds(s.phase.measure_ns);
    phases["drain_s"] = seconds(s.phase.drain_ns);
    phases["cleanup"] = s.phase.cleanup;
    phases["cleanup_patience_s"] = seconds(s.phase.cleanup_patience_ns);
    out["stop"]["operations"] = s.stop.operations;
    out["stop"]["bytes"] = s.stop.bytes;
    out["stop"]["confident"] = rounded(s.stop.confidence);
    out["timeouts"]["connect_s"] = seconds(s.timeout.connect_ns);
    out["timeouts"]["operation_s"] = seconds(s.timeout.operation_ns);
    out["timeouts"]["idle_s"] = seconds(s.timeout.idle_ns);
    json limits;
    limits["core_saturated"] = rounded(s.limits.core_saturated);
    limits["core_busy"] = rounded(s.limits.core_busy);
    limits["send_lag"] = rounded(s.limits.send_lag);
    limits["send_lag_floor_s"] = seconds(s.limits.send_lag_floor_ns);
    limits["achieved"] = rounded(s.limits.achieved);
    limits["held_up"] = rounded(s.limits.held_up);
    limits["held_up_longest_s"] = seconds(s.limits.held_up_longest_ns);
    limits["steal"] = rounded(s.limits.steal);
    limits["line_rate"] = rounded(s.limits.line_rate);
    limits["descriptors"] = rounded(s.limits.descriptors);
    limits["ports"] = rounded(s.limits.ports);
    limits["clock_step_s"] = seconds(s.limits.clock_step_ns);
    limits["outage"] = rounded(s.limits.outage);
    out["limits"] = std::move(limits);
    out["error_limit"] = rounded(s.error_limit);
    out["slo"] = json::array();
    for (const scenario::slo& one : s.slos)
        out["slo"].push_back(one.text);
    out["abort_on_fail_after_s"] = nullptr;
    if (s.abort_after_ns) out["abort_on_fail_after_s"] = seconds(*s.abort_after_ns);
    out["seed"] = s.seed;
    return out;
}

namespace {

/// A value of an echo. Whoever fills it keeps secrets out; URLs are cut here once more.
struct echo_writer {
    json operator()(std::monostate) const { return nullptr; }
    json operator()(bool yes) const { return yes; }
    json operator()(std::uint64_t number) const { return number; }
    json operator()(const std::string& text) const { return without_user_information(text); }
    json operator()(const std::vector<std::string>& texts) const {
        json out = json::array();
        for (const std::string& text : texts)
            out.push_back(without_user_information(text));
        return out;
    }
};

json fields_json(const scenario::echo_fields& fields) {
    json out = json::object();
    for (const auto& [key, value] : fields)
        out[key] = std::visit(echo_writer{}, value);
    return out;
}

/// What is left of a value that is left out.
struct emptied {
    scenario::echo_value operator()(const std::string&) const { return std::string(); }
    scenario::echo_value operator()(const std::vector<std::string>&) const {
        return std::vector<std::string>();
    }
    template <typename Other>
    scenario::echo_value operator()(const Other&) const {
        return std::monostate();
    }
};

}  // namespace

void workload_echo::leave_out(std::string_view key) {
    for (auto* part : {&at_top, &other}) {
        for (auto& [workload, fields] : *part) {
            for (auto& [name, value] : fields) {
                if (name == key) value = std::visit(emptied{}, value);
            }
        }
    }
}

workload_echo echo_of(const scenario::workload_config& config) {
    workload_echo out;
    out.file = config.file;
    out.driver = config.driver;
    const auto* const top = scenario::catalogue::at_top();
    for (const auto& [workload, settings] : config.settings) {
        const bool at_top = top != nullptr && top->name == workload;
        (at_top ? out.at_top : out.other)[workload] = scenario::foreign_call(
            workload, "echo of the settings", [of = settings.get()] { return of->echo(); });
        for (const auto& one : settings->driver_options.entries)
            out.driver_options[workload].emplace_back(one.key, one.content.text);
    }
    out.ignored = config.ignored;
    return out;
}

json echo_json(const workload_echo& w) {
    json out;
    out["file"] = w.file.empty() ? json(nullptr) : json(w.file);
    out["driver"] = w.driver;
    for (const auto& [workload, fields] : w.at_top)
        out[workload] = fields_json(fields);
    out["ignored"] = json::object();
    for (const auto& [key, why] : w.ignored)
        out["ignored"][key] = why;
    out["other"] = json::object();
    for (const auto& [workload, fields] : w.other)
        out["other"][workload] = fields_json(fields);
    out["driver_options"] = json::object();
    for (const auto& [workload, options] : w.driver_options) {
        for (const auto& [key, text] : options)
            out["driver_options"][workload][key] = text;
    }
    out["plugins"] = json::array();
    for (const auto& one : w.plugins)
        out["plugins"].push_back(
            {{"file", one.file}, {"name", one.name}, {"version", one.version}});
    return out;
}

}  // namespace chopsticks::results
