#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>

#include "cluster_beside.hpp"
#include "probe.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

namespace {

std::string share(double weight, double sum) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g %%", 100 * weight / sum);
    return text;
}

std::string load_text(const scenario::group& g) {
    char text[160];
    if (g.open && g.open->replay) {
        std::snprintf(text, sizeof text, ", at most %u in flight, queue %u", g.open->max_in_flight,
                      g.open->queue_limit);
        return "replay of " + g.open->replay->file + text;
    }
    if (g.open) {
        std::snprintf(text, sizeof text, "open loop, %.6g tasks/s, at most %u in flight, queue %u",
                      g.open->rate, g.open->max_in_flight, g.open->queue_limit);
        return text;
    }
    std::snprintf(text, sizeof text, "closed loop, %u users", g.closed.users);
    std::string out = text;
    if (g.closed.spawn_rate > 0) {
        std::snprintf(text, sizeof text, ", %.6g started per second", g.closed.spawn_rate);
        out += text;
    }
    return out;
}

/// A load over time: "100 users for 1m, 200 users for 30s (ramp 10s)".
std::string stages_text(const std::vector<load::stage>& stages, const char* unit) {
    if (stages.empty()) return {};
    std::string out = "    stages: ";
    for (const load::stage& one : stages) {
        char level[64];
        std::snprintf(level, sizeof level, "%.6g %s for ", one.level, unit);
        if (&one != stages.data()) out += ", ";
        out += level + format_duration(one.duration_ns);
        if (one.ramp_ns > 0) out += " (ramp " + format_duration(one.ramp_ns) + ")";
    }
    return out + "\n";
}

/// Bytes beyond what an integer holds are possible: somebody typed some zeros too many.
std::string bytes_text(double bytes) {
    if (bytes < 0x1p60) return format_size(static_cast<std::uint64_t>(bytes));
    char text[64];
    std::snprintf(text, sizeof text, "%.4g EiB", bytes / 0x1p60);
    return text;
}

/// To whom it would go. Nobody is asked, so that nothing of it has to be there.
std::string target_text(const run_setup& setup) {
    std::string out;
    for (const std::string_view name : setup.workloads()) {
        const auto planned = scenario::foreign_call(name, "planned_target of the settings", [&] {
            return setup.settings_of(name).planned_target(setup.is_dummy(name));
        });
        for (const auto& [what, it_is] : planned)
            out += "  " + what + ": " + it_is + "\n";
    }
    return out;
}

std::string objects_text(const scenario::group& g) {
    return "    objects: " + std::to_string(g.data.objects) + " of " + g.data.size.describe() +
           ", keys " + load::describe(g.data.popularity) + "\n";
}

std::string blocks_text(const scenario::group& g, const scenario::extents_plan& images) {
    std::string text = "    images: " + std::to_string(images.count);
    if (images.makes_missing) text += " of " + format_size(images.bytes) + " where they are made";
    text += g.blocks.extent_bytes > 0
                ? ", the first " + format_size(g.blocks.extent_bytes) + " of each used"
                : ", used whole";
    text += g.blocks.prefill
                ? ", filled first in writes of " + format_size(g.blocks.prefill_bytes) + "\n"
                : ", not filled before the load\n";
    return text;
}

std::string recording_text(const trace::recording_survey& look, const scenario::group& g) {
    char text[200];
    std::snprintf(
        text, sizeof text, "    recording: %s, %s, %s%.0f s at speed %.6g, %s%llu operations",
        std::string(trace::name(look.format)).c_str(), format_size(look.file_bytes).c_str(),
        look.whole ? "" : "about ", look.length_s, g.open->replay->speed,
        look.whole ? "" : "about ", static_cast<unsigned long long>(look.operations));
    std::string out = text;
    std::uint64_t seen = 0;
    for (const std::uint64_t count : look.by_kind)
        seen += count;
    for (std::size_t kind = 0; kind < look.by_kind.size(); ++kind) {
        if (look.by_kind[kind] == 0) continue;
        out += (out.back() == 's' ? ": " : ", ");
        out += g.tasks[kind].steps.front().op + " " +
               share(static_cast<double>(look.by_kind[kind]), static_cast<double>(seen));
    }
    out += "\n";
    const std::string where = look.whole ? "" : " at both ends of the file";
    const auto say = [&](std::uint64_t count, const char* what) {
        if (count > 0) out += "    left out" + where + ": " + std::to_string(count) + what + "\n";
    };
    say(look.read.malformed, " malformed lines");
    say(look.unmapped, " operations of kinds that the tasks lack");
    say(look.refused, " operations that the recorded target had refused");
    return out;
}

int validate(const run_arguments& arguments) {
    const run_setup setup(arguments, false);
    const scenario::scenario& s = setup.scenario;
    std::printf("%s: valid\n", s.file.c_str());
    if (!arguments.workload_file.empty()) {
        std::printf("%s: valid\n", arguments.workload_file.c_str());
    }
    for (const std::string& w : setup.warnings)
        std::printf("warning: %s\n", w.c_str());
    std::printf("\nPlan of %s\n", s.name.c_str());
    for (const scenario::group& g : s.groups) {
        std::printf("  group %s (%s): %s\n", g.name.c_str(), g.workload.c_str(),
                    load_text(g).c_str());
        if (const auto& look = setup.surveys[static_cast<std::size_t>(&g - s.groups.data())]) {
            std::fputs(recording_text(*look, g).c_str(), stdout);
        }
        std::fputs(
            stages_text(g.open ? g.open->stages : g.closed.stages, g.open ? "tasks/s" : "users")
                .c_str(),
            stdout);
        double sum = 0;
        for (const scenario::task& t : g.tasks)
            sum += t.weight;
        std::printf("    tasks:");
        for (std::size_t i = 0; i < g.tasks.size(); ++i) {
            // What a recording holds of each is its own business.
            const bool weighted = !g.open || !g.open->replay;
            std::printf("%s %s%s", i == 0 ? "" : ",", g.tasks[i].name.c_str(),
                        weighted ? (" " + share(g.tasks[i].weight, sum)).c_str() : "");
        }
        const bool blocks = g.shape == scenario::subject_shape::extents;
        std::printf(
            "\n%s",
            (blocks ? blocks_text(g, setup.extents_of(g.workload)) : objects_text(g)).c_str());
    }
    const plan& p = setup.needs;
    std::fputs(target_text(setup).c_str(), stdout);
    if (!setup.cluster.off) {
        std::printf("  watched beside the load: %s\n", watched_text(setup).c_str());
    }
    std::printf("  phases: prepare %s, warm-up %s, measure %s, drain at most %s, cleanup %s\n",
                s.phase.prepare ? "yes" : "no", format_duration(s.phase.warmup_ns).c_str(),
                format_duration(s.phase.measure_ns).c_str(),
                format_duration(s.phase.drain_ns).c_str(), s.phase.cleanup ? "yes" : "no");
    std::printf("  operations: prepare %llu",
                static_cast<unsigned long long>(p.prepare_operations));
    if (p.operations > 0) {
        std::printf(", measure %.0f\n", p.operations);
    } else {
        std::printf(", measure as many as the target answers\n");
    }
    std::printf("  bytes written by prepare: %s\n", bytes_text(p.prepare_bytes).c_str());
    for (const scenario::slo& objective : s.slos)
        std::printf("  objective: %s\n", objective.text.c_str());
    std::printf("  errors allowed: %s\n", share(s.error_limit, 1).c_str());
    std::printf("  connections: %llu on %u %s\n", static_cast<unsigned long long>(p.connections),
                setup.options.cores, setup.options.cores == 1 ? "core" : "cores");
    if (p.cluster_connections > 0) {
        std::printf("  connections to the cluster: %llu\n",
                    static_cast<unsigned long long>(p.cluster_connections));
    }
    const telemetry::descriptor_limit limit = telemetry::current_descriptor_limit();
    std::printf("  file descriptors: %llu (limit %llu, can be raised to %llu)\n",
                static_cast<unsigned long long>(p.descriptors),
                static_cast<unsigned long long>(limit.soft),
                static_cast<unsigned long long>(limit.hard));
    if (p.descriptors > limit.hard) {
        std::printf(
            "warning: the run needs more file descriptors than this process may have; raise "
            "the hard limit (ulimit -Hn)\n");
    }
    return exit_ok;
}

}  // namespace

void add_validate_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand("validate", "Checks files and prints what a run would need");
    auto arguments = std::make_shared<run_arguments>();
    add_run_options(*command, *arguments);
    auto probing = std::make_shared<bool>(false);
    command->add_flag("--probe", *probing,
                      "Also asks the target which of the scenario's operations it has, on a few "
                      "small objects of its own, which it removes again");
    command->footer(
        "Examples:\n"
        "  chopsticks validate -f mixed\n"
        "  chopsticks validate -f scenarios/mixed.yaml --workload-config config/s3.yaml -u 1000\n"
        "  chopsticks validate -f multipart --workload-config config/s3.yaml --probe\n"
        "Exit status: 0 valid; 2 bad usage. Of --probe: 0 all that was asked is there, 1 not all, "
        "2 the target is not there or does not let us in, 5 something was left behind, 130 "
        "interrupted.");
    command->callback([arguments, probing, &result] {
        result = validate(*arguments);
        if (*probing) result = probe_target(*arguments);
    });
}

}  // namespace chopsticks::cli
