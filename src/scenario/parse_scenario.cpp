#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/scenario/slo.hpp>
#include <chopsticks/scenario/text.hpp>

#include "parse_parts.hpp"
#include "problems.hpp"
#include "source_file.hpp"
#include "yaml.hpp"

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
    problem_list problems;
    const auto read = [&](std::string_view key, const auto& body) {
        const auto found = m.find(key);
        if (found) problems.attempt([&] { body(*found); });
    };
    read("prepare", [&](const field& prepare) {
        if (prepare.raw().is_map()) {
            map_reader p(prepare);
            if (const auto n = p.find("concurrency"))
                out.prepare_concurrency = n->count32(1, 100'000);
            if (const auto d = p.find("patience")) out.prepare_patience_ns = d->duration();
            p.finish();
        } else if (prepare.raw().is_scalar()) {
            out.prepare = prepare.boolean();
        } else {
            prepare.wrong("true, false or {concurrency: 64, patience: 5m}", "");
        }
    });
    read("warmup", [&](const field& d) {
        out.warmup_ns = d.duration();
        out.warmup_given = true;
    });
    read("steady_within", [&](const field& d) {
        out.steady_within_ns = d.duration();
        if (out.steady_within_ns > 0 && out.steady_within_ns < out.warmup_ns) {
            d.refuse("is shorter than `warmup`, which is part of it",
                     "write for example `steady_within: 5m`");
        }
    });
    read("measure", [&](const field& d) {
        out.measure_ns = d.duration(1'000'000);
        out.measure_given = true;
    });
    read("drain", [&](const field& d) { out.drain_ns = d.duration(); });
    read("cleanup", [&](const field& cleanup) {
        if (cleanup.raw().is_map()) {
            map_reader c(cleanup);
            if (const auto d = c.find("patience")) out.cleanup_patience_ns = d->duration();
            c.finish();
        } else if (cleanup.raw().is_scalar()) {
            out.cleanup = cleanup.boolean();
        } else {
            cleanup.wrong("true, false or {patience: 5m}", "");
        }
    });
    problems.attempt([&] { m.finish(); });
    problems.raise();
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
    problem_list problems;
    for (const field& item : f.list(groups_example)) {
        if (out.groups.size() == 64) f.refuse("has more than 64 groups", "");
        problems.attempt([&] {
            out.groups.push_back(read_group(item, out.warnings));
            const group& last = out.groups.back();
            for (std::size_t i = 0; i + 1 < out.groups.size(); ++i) {
                if (out.groups[i].name != last.name) continue;
                fail(item.where(), "a second group named \"" + last.name + "\"",
                     "give each group its own `name`");
            }
        });
    }
    problems.raise();
    if (out.groups.empty()) f.refuse("is empty", groups_example);
}

/// A failure of slo.hpp, with the place in the file.
void read_slos(const field& f, scenario& out) {
    problem_list problems;
    for (const field& item : f.list("write for example ['p99(get) < 20ms', 'error_rate < 0.1%']")) {
        problems.attempt([&] {
            const std::string text = item.text();
            try {
                out.slos.push_back(parse_slo(text));
                check_slo(out.slos.back(), out.groups);
            } catch (const config_error& error) {
                fail(item.where(), error.what(), "");
            }
        });
    }
    problems.raise();
}

scenario read_scenario(const value& root, const std::string& file) {
    scenario out;
    out.file = file;
    map_reader m(&root, "", groups_example);
    problem_list problems;
    /// Reads `key` if it is there; a mistake in it does not keep the others from being read.
    const auto read = [&](std::string_view key, const auto& body) {
        const auto f = m.find(key);
        if (f) problems.attempt([&] { body(*f); });
    };
    out.name = file_stem(file);
    read("name", [&](const field& f) {
        out.name = f.text();
        if (has_control_characters(out.name)) f.refuse("contains a control character", "");
    });
    read("description", [&](const field& f) { out.description = f.text(); });
    const bool groups_read =
        problems.attempt([&] { read_groups(m.require("groups", groups_example), out); });
    read("phases", [&](const field& f) { out.phase = read_phases(f); });
    if (const std::int64_t length = stages_ns(out.groups); length > 0 && !out.phase.measure_given)
        out.phase.measure_ns = length;
    read("stop", [&](const field& f) { out.stop = read_stop(f); });
    read("timeouts", [&](const field& f) { out.timeout = read_timeouts(f); });
    read("limits", [&](const field& f) { out.limits = read_limits(f); });
    read("error_limit", [&](const field& f) { out.error_limit = f.share(); });
    read("slo", [&](const field& f) {
        // Objectives are of tasks, which are not all known.
        if (groups_read) read_slos(f, out);
    });
    read("abort_on_fail", [&](const field& f) {
        map_reader abort(f, "write {after: 10s}");
        out.abort_after_ns =
            abort.require("after", "add for example `after: 10s`, the time of grace").duration();
        abort.finish();
    });
    read("seed", [&](const field& f) { out.seed = f.count(); });
    problems.attempt([&] { m.finish(); });
    problems.raise();
    if (const std::string problem = stages_problem(out); !problem.empty()) {
        fail(m.where(), problem, "");
    }
    for (const group& g : out.groups) {
        if (g.shape == subject_shape::extents) {
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
    out.shape = workload->shape;
    const bool blocks = out.shape == subject_shape::extents;
    problem_list problems;
    problems.attempt([&] {
        if (blocks) {
            out.data.objects = 0;
            // Where the other workload keeps this, if somebody looks for it.
            if (f.raw().find("data") != nullptr) {
                fail(f.raw().find("data")->where,
                     "`data` is of objects; this group is of block devices",
                     "write `blocks: {extent: 10GiB}`");
            }
            if (const auto b = m.find("blocks")) out.blocks = read_blocks(*b);
            return;
        }
        if (f.raw().find("blocks") != nullptr) {
            fail(f.raw().find("blocks")->where,
                 "`blocks` is of block devices; this group is of objects",
                 "write `data: {objects: 1000, size: 64KiB}`");
        }
        if (const auto data = m.find("data")) out.data = read_data(*data);
    });
    if (const auto load = m.find("load")) problems.attempt([&] { read_load(*load, out); });
    const bool replays = out.open && out.open->replay;
    const auto tasks = m.find("tasks");
    problems.attempt([&] {
        if (tasks) {
            out.tasks = read_tasks(*tasks, *workload);
        } else if (replays) {
            out.tasks = replay_tasks(*workload);
        } else {
            m.require("tasks", "add for example `tasks: [{op: get}]`");
        }
    });
    problems.attempt([&] { m.finish(); });
    // What follows looks at several parts together.
    problems.raise();
    if (replays) {
        if (tasks) check_replay_tasks(out, *tasks);
        if (blocks) check_block_replay(out, f);
    }
    if (blocks) {
        if (tasks) check_block_tasks(out, *tasks);
        warn_of_unfilled_reads(out, warnings);
    } else if (!replays) {
        check_tasks(out, *tasks, warnings);
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
    refuse_foreign_file(text, file);
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
    scenario_source source = find_scenario(path);
    return parse_scenario(std::move(source.text), std::move(source.name), overrides);
}

}  // namespace chopsticks::scenario
