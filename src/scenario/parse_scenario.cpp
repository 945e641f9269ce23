#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/slo.hpp>

#include "parse_parts.hpp"
#include "text.hpp"

namespace chopsticks::scenario {

namespace {

/// Group names stand before a '/' in operation names, in CSV columns and metric labels.
void check_name(const field& f, const std::string& name) {
    const bool plain = name.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                       std::string::npos;
    if (!plain || name.size() > 64) {
        f.refuse("must be at most 64 letters, digits, '.', '_' and '-', not " + f.raw().found(),
                 "");
    }
}

phases read_phases(const field& f) {
    phases out;
    map_reader m(f, "write {warmup: 2s, measure: 30s}");
    if (const auto prepare = m.find("prepare")) {
        if (prepare->raw().is_map()) {
            map_reader p(*prepare);
            if (const auto n = p.find("concurrency"))
                out.prepare_concurrency = n->count32(1, 100'000);
            if (const auto d = p.find("patience")) out.prepare_patience_ns = d->duration();
            p.finish();
        } else if (prepare->raw().is_scalar()) {
            out.prepare = prepare->boolean();
        } else {
            prepare->wrong("true, false or {concurrency: 64, patience: 5m}", "");
        }
    }
    if (const auto d = m.find("warmup")) {
        out.warmup_ns = d->duration();
        out.warmup_given = true;
    }
    if (const auto d = m.find("steady_within")) {
        out.steady_within_ns = d->duration();
        if (out.steady_within_ns > 0 && out.steady_within_ns < out.warmup_ns) {
            d->refuse("is shorter than `warmup`, which is part of it",
                      "write for example `steady_within: 5m`");
        }
    }
    if (const auto d = m.find("measure")) {
        out.measure_ns = d->duration(1'000'000);
        out.measure_given = true;
    }
    if (const auto d = m.find("drain")) out.drain_ns = d->duration();
    if (const auto cleanup = m.find("cleanup")) {
        if (cleanup->raw().is_map()) {
            map_reader c(*cleanup);
            if (const auto d = c.find("patience")) out.cleanup_patience_ns = d->duration();
            c.finish();
        } else if (cleanup->raw().is_scalar()) {
            out.cleanup = cleanup->boolean();
        } else {
            cleanup->wrong("true, false or {patience: 5m}", "");
        }
    }
    m.finish();
    return out;
}

stop_conditions read_stop(const field& f) {
    stop_conditions out;
    map_reader m(f, "write {operations: 100000} or {bytes: 10GiB}");
    if (const auto n = m.find("operations")) out.operations = n->count(1);
    if (const auto n = m.find("bytes")) out.bytes = n->size(1);
    if (const auto c = m.find("confident")) {
        out.confidence = c->share();
        if (out.confidence <= 0 || out.confidence > 0.5) {
            c->refuse("must be more than 0 and at most 50%", "write for example `confident: 1%`");
        }
    }
    m.finish();
    return out;
}

timeouts read_timeouts(const field& f) {
    timeouts out;
    map_reader m(f, "write {connect: 5s, operation: 60s, idle: 30s}");
    // Below a millisecond they would measure the timer, not the target.
    if (const auto d = m.find("connect")) out.connect_ns = d->duration(1'000'000);
    if (const auto d = m.find("operation")) out.operation_ns = d->duration(1'000'000);
    if (const auto d = m.find("idle")) out.idle_ns = d->duration(1'000'000);
    m.finish();
    return out;
}

health_limits read_limits(const field& f) {
    health_limits out;
    map_reader m(f, "write {steal: 2%, send_lag: 5%}");
    const auto share = [&m](const char* key, double& to) {
        if (const auto s = m.find(key)) to = s->share();
    };
    share("core_saturated", out.core_saturated);
    share("core_busy", out.core_busy);
    share("send_lag", out.send_lag);
    share("achieved", out.achieved);
    share("held_up", out.held_up);
    share("steal", out.steal);
    share("line_rate", out.line_rate);
    share("descriptors", out.descriptors);
    share("ports", out.ports);
    share("outage", out.outage);
    if (const auto d = m.find("send_lag_floor")) out.send_lag_floor_ns = d->duration();
    if (const auto d = m.find("held_up_longest")) out.held_up_longest_ns = d->duration(1'000'000);
    if (const auto d = m.find("clock_step")) out.clock_step_ns = d->duration(1'000'000);
    m.finish();
    return out;
}

std::string file_stem(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    std::string stem = slash == std::string::npos ? file : file.substr(slash + 1);
    const std::size_t dot = stem.rfind('.');
    if (dot != std::string::npos && dot > 0) stem.resize(dot);
    return stem;
}

const char* const groups_example =
    "a scenario begins like this: `groups: [{workload: s3, tasks: [{op: get}], "
    "load: {closed: {users: 8}}}]`";

void read_groups(const field& f, scenario& out) {
    for (const field& item : f.list(groups_example)) {
        if (out.groups.size() == 64) f.refuse("has more than 64 groups", "");
        out.groups.push_back(read_group(item, out.warnings));
        const group& last = out.groups.back();
        for (std::size_t i = 0; i + 1 < out.groups.size(); ++i) {
            if (out.groups[i].name != last.name) continue;
            fail(item.where(), "a second group named \"" + last.name + "\"",
                 "give each group its own `name`");
        }
    }
    if (out.groups.empty()) f.refuse("is empty", groups_example);
}

/// A failure of slo.hpp, with the place in the file.
void read_slos(const field& f, scenario& out) {
    for (const field& item : f.list("write for example ['p99(get) < 20ms', 'error_rate < 0.1%']")) {
        const std::string text = item.text();
        try {
            out.slos.push_back(parse_slo(text));
            check_slo(out.slos.back(), out.groups);
        } catch (const config_error& error) {
            throw config_error(item.where().text() + error.what());
        }
    }
}

scenario read_scenario(const value& root, const std::string& file) {
    scenario out;
    out.file = file;
    map_reader m(&root, "", groups_example);
    const auto name = m.find("name");
    out.name = name ? name->text() : file_stem(file);
    if (name && has_control_characters(out.name)) name->refuse("contains a control character", "");
    if (const auto d = m.find("description")) out.description = d->text();
    read_groups(m.require("groups", groups_example), out);
    if (const auto p = m.find("phases")) out.phase = read_phases(*p);
    if (const std::int64_t length = stages_ns(out.groups); length > 0 && !out.phase.measure_given)
        out.phase.measure_ns = length;
    if (const auto s = m.find("stop")) out.stop = read_stop(*s);
    if (const auto t = m.find("timeouts")) out.timeout = read_timeouts(*t);
    if (const auto l = m.find("limits")) out.limits = read_limits(*l);
    if (const auto e = m.find("error_limit")) out.error_limit = e->share();
    if (const auto s = m.find("slo")) read_slos(*s, out);
    if (const auto a = m.find("abort_on_fail")) {
        map_reader abort(*a, "write {after: 10s}");
        out.abort_after_ns =
            abort.require("after", "add for example `after: 10s`, the time of grace").duration();
        abort.finish();
    }
    if (const auto s = m.find("seed")) out.seed = s->count();
    m.finish();
    if (const std::string problem = stages_problem(out); !problem.empty()) {
        fail(m.where(), problem, "");
    }
    for (const group& g : out.groups) {
        if (g.workload == "rbd") {
            if (!out.phase.prepare && g.blocks.prefill) {
                out.warnings.push_back("group " + g.name +
                                       ": `prepare: false` leaves the images unfilled; reading "
                                       "blocks that were never written measures nothing");
            }
            continue;
        }
        if (!out.phase.cleanup && g.data.reuse.empty()) {
            out.warnings.push_back("group " + g.name +
                                   ": `cleanup: false` leaves its objects under " + g.data.prefix);
        }
    }
    return out;
}

}  // namespace

group read_group(const field& f, std::vector<std::string>& warnings) {
    group out;
    map_reader m(f, groups_example);
    const field workload_field = m.require("workload", "add for example `workload: s3`");
    out.workload = workload_field.text();
    const auto* workload = catalogue::find_workload(out.workload);
    if (workload == nullptr) {
        std::vector<std::string_view> names;
        for (const auto& w : catalogue::workloads())
            names.push_back(w.name);
        workload_field.refuse("is none that this program has: \"" + out.workload + "\"",
                              suggestion(out.workload, names));
    }
    const auto name = m.find("name");
    out.name = name ? name->text() : out.workload;
    if (name) check_name(*name, out.name);
    const bool blocks = out.workload == "rbd";
    if (blocks) {
        out.data.objects = 0;
        // Where the other workload keeps this, if somebody looks for it.
        if (f.raw().find("data") != nullptr) {
            fail(f.raw().find("data")->where,
                 "`data` is of objects; this group is of block devices",
                 "write `blocks: {extent: 10GiB}`");
        }
        if (const auto b = m.find("blocks")) out.blocks = read_blocks(*b);
    } else {
        if (f.raw().find("blocks") != nullptr) {
            fail(f.raw().find("blocks")->where,
                 "`blocks` is of block devices; this group is of objects",
                 "write `data: {objects: 1000, size: 64KiB}`");
        }
        if (const auto data = m.find("data")) out.data = read_data(*data);
    }
    if (const auto load = m.find("load")) read_load(*load, out);
    if (out.open && out.open->replay) {
        const auto wanted = m.find("tasks");
        out.tasks = wanted ? read_tasks(*wanted, *workload) : replay_tasks(*workload);
        m.finish();
        if (wanted) check_replay_tasks(out, *wanted);
        if (blocks) {
            check_block_replay(out, f);
            if (wanted) check_block_tasks(out, *wanted);
            warn_of_unfilled_reads(out, warnings);
        }
        return out;
    }
    const auto tasks = m.require("tasks", "add for example `tasks: [{op: get}]`");
    out.tasks = read_tasks(tasks, *workload);
    m.finish();
    if (blocks) {
        check_block_tasks(out, tasks);
        warn_of_unfilled_reads(out, warnings);
    } else {
        check_tasks(out, tasks, warnings);
    }
    return out;
}

override_value parse_override(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        // What follows the path may be a secret.
        const std::size_t path_end = text.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._");
        throw config_error("--set " + std::string(text.substr(0, path_end)) +
                           ": not of the form path=value; write for example "
                           "--set groups.0.data.objects=10");
    }
    return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

scenario parse_scenario(std::string text, std::string file,
                        const std::vector<override_value>& overrides) {
    check_text(text, file);
    value root = parse_document(text, file);
    if (root.is_null()) throw config_error(file + ": is empty; " + groups_example);
    for (const override_value& o : overrides) {
        if (o.path.rfind("workload.", 0) == 0) continue;
        check_text(o.value, "--set " + o.path);
        apply_override(root, o, o.path);
    }
    scenario out = read_scenario(root, file);
    out.source = std::move(text);
    return out;
}

scenario load_scenario(const std::string& path, const std::vector<override_value>& overrides) {
    return parse_scenario(read_text(path, "scenario"), path, overrides);
}

}  // namespace chopsticks::scenario
