// The recordings that a scenario replays: looked at before the run, told of after it.

#include <algorithm>
#include <chopsticks/scenario/foreign_call.hpp>
#include <cmath>

#include "report.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

namespace {

trace::replay_options options_of(const scenario::group& g,
                                 const scenario::workload_settings& settings, unsigned cores) {
    const scenario::replay_load& r = *g.open->replay;
    trace::replay_options o;
    o.file = r.file;
    o.format = static_cast<trace::recording_format>(r.format);
    o.speed = r.speed;
    o.loop = r.loop;
    o.group = r.group;
    o.cores = cores;
    const bool blocks = g.shape == scenario::subject_shape::extents;
    o.objects = g.data.objects;
    if (blocks) {
        const scenario::extents_plan images = scenario::foreign_call(
            g.workload, "extents of the settings", [&] { return settings.extents(); });
        o.objects = images.count;
        o.whole_images = images.one_core_each;
    }
    o.sort_window_ns = r.sort_window_ns;
    o.kinds = engine::replay_kinds(g);
    return o;
}

}  // namespace

void run_setup::look_at_recordings() {
    double longest_s = 0;
    bool all = true;
    bool loops = false;
    bool whole = true;  // not only the ends of a large file were looked at
    surveys.resize(scenario.groups.size());
    for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
        scenario::group& g = scenario.groups[i];
        if (!g.open || !g.open->replay) {
            all = false;
            continue;
        }
        trace::recording_survey& look =
            surveys[i].emplace(trace::survey(options_of(g, settings_of(g.workload), 1)));
        longest_s = std::max(longest_s, look.length_s);
        loops |= g.open->replay->loop;
        whole &= look.whole;
        g.open->rate = look.length_s > 0 ? static_cast<double>(look.operations) / look.length_s : 0;
    }
    if (!all) return;
    // The load is the recording: none of it is cut, and it ends with it.
    if (!scenario.phase.warmup_given) scenario.phase.warmup_ns = 0;
    if (scenario.phase.measure_given || loops) return;
    const double warmup_s = static_cast<double>(scenario.phase.warmup_ns) / 1e9;
    // The run itself learns from the feed where the last operation is; this is where it is at the
    // latest.
    const double most_s = std::min(1e9, whole ? longest_s + 1 : longest_s * 1.1 + 60);
    scenario.phase.measure_ns = std::llround((most_s - std::min(most_s / 2, warmup_s)) * 1e9);
}

void run_setup::make_feeds() {
    feeds.resize(scenario.groups.size());
    for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
        const scenario::group& g = scenario.groups[i];
        if (!g.open || !g.open->replay) continue;
        feeds[i] = std::make_unique<trace::replay_feed>(
            options_of(g, settings_of(g.workload), options.cores));
        options.groups[i].replay = feeds[i].get();
    }
}

results::replay_figures describe_replay(const trace::replay_feed& feed) {
    const trace::replay_figures f = feed.figures();
    results::replay_figures out;
    out.file = feed.options().file;
    out.format = std::string(trace::name(f.format));
    out.bytes = f.file_bytes;
    out.speed = feed.options().speed;
    out.rounds = f.rounds;
    out.lines = f.read.lines;
    out.malformed = f.read.malformed;
    out.malformed_lines = f.read.malformed_lines;
    out.truncated = f.read.truncated;
    out.operations = f.operations;
    out.unmapped = f.unmapped;
    out.refused = f.refused;
    out.out_of_order = f.out_of_order;
    out.moved = f.moved;
    out.late = f.late;
    out.lateness_max_ns = f.lateness_max_ns;
    return out;
}

std::vector<std::string> replay_warnings(const results::replay_figures& r) {
    std::vector<std::string> out;
    const auto say = [&](std::uint64_t count, const std::string& what) {
        if (count > 0) out.push_back(r.file + ": " + std::to_string(count) + " " + what);
    };
    std::string first;
    for (const std::uint64_t line : r.malformed_lines)
        first += (first.empty() ? "" : ", ") + std::to_string(line);
    say(r.malformed, "malformed lines were passed over (the first: " + first + ")");
    say(r.unmapped, "operations are of kinds that the tasks lack");
    say(r.refused, "operations that the recorded target had refused were left out");
    say(r.out_of_order, "operations stood beyond the sort window and were moved later");
    say(r.moved, "operations did not fit into the images as recorded: moved, or cut short");
    if (r.truncated) out.push_back(r.file + ": has no end; it was read to its last whole block");
    return out;
}

}  // namespace chopsticks::cli
