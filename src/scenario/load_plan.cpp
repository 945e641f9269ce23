#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>

namespace chopsticks::scenario {

namespace {

/// Each keeps figures of all operations apart.
constexpr std::size_t spans_most = 256;

double ramp_users_s(double from, double to, double spawn_rate) noexcept {
    return spawn_rate > 0 && to > from ? (to - from) / spawn_rate : 0;
}

const std::vector<load::stage>& stages_of(const group& g) noexcept {
    return g.open ? g.open->stages : g.closed.stages;
}

}  // namespace

std::int64_t stages_ns(const group& g) noexcept {
    std::int64_t sum = 0;
    for (const load::stage& s : stages_of(g))
        sum += s.duration_ns;
    return sum;
}

std::int64_t stages_ns(const std::vector<group>& groups) noexcept {
    std::int64_t most = 0;
    for (const group& g : groups)
        most = std::max(most, stages_ns(g));
    return most;
}

std::vector<std::int64_t> stage_ends_ns(const std::vector<group>& groups, std::int64_t measure_ns) {
    std::vector<std::int64_t> ends;
    for (const group& g : groups) {
        std::int64_t end = 0;
        for (const load::stage& s : stages_of(g)) {
            end += s.duration_ns;
            if (end < measure_ns) ends.push_back(end);
        }
        if (end > 0) ends.push_back(measure_ns);
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
}

double rate_most(const open_load& load) noexcept {
    double most = load.rate;
    for (const load::stage& s : load.stages)
        most = std::max(most, s.level);
    return most;
}

std::uint32_t users_most(const closed_load& load) noexcept {
    double most = load.users;
    for (const load::stage& s : load.stages)
        most = std::max(most, s.level);
    return static_cast<std::uint32_t>(most);
}

void scale(open_load& load, double factor) {
    load.rate *= factor;
    for (load::stage& s : load.stages)
        s.level *= factor;
}

void scale(closed_load& load, double factor) {
    load.users = static_cast<std::uint32_t>(std::round(load.users * factor));
    for (load::stage& s : load.stages)
        s.level = std::round(s.level * factor);
}

double ramp_s(const group& g) noexcept {
    return g.open ? 0 : ramp_users_s(1, g.closed.users, g.closed.spawn_rate);
}

double ramp_s(const std::vector<group>& groups) noexcept {
    double most = 0;
    for (const group& g : groups)
        most = std::max(most, ramp_s(g));
    return most;
}

std::int64_t measure_begins_ns(const scenario& s) noexcept {
    return static_cast<std::int64_t>(ramp_s(s.groups) * 1e9) +
           std::max(s.phase.warmup_ns, s.phase.steady_within_ns);
}

load::rate_curve rate_plan(const open_load& load, std::int64_t measure_from_ns) {
    load::level_curve levels(load.rate);
    levels.hold(measure_from_ns);
    levels.append(load.stages);
    load::modulation around = load.around;
    around.origin_ns = static_cast<double>(measure_from_ns);
    return load::rate_curve(levels, around);
}

load::level_curve user_plan(const closed_load& load, std::int64_t measure_from_ns) {
    // The first user starts at once, the others follow at the spawn rate.
    load::level_curve levels(load.users > 0 ? 1 : 0);
    const auto ramp_ns =
        static_cast<std::int64_t>(ramp_users_s(1, load.users, load.spawn_rate) * 1e9);
    levels.line_to(load.users, std::min(ramp_ns, measure_from_ns));
    levels.hold(std::max<std::int64_t>(measure_from_ns - ramp_ns, 0));
    double before = load.users;
    for (load::stage s : load.stages) {
        if (s.ramp_ns == 0) {
            const double ramp = ramp_users_s(before, s.level, load.spawn_rate) * 1e9;
            s.ramp_ns = std::min(static_cast<std::int64_t>(ramp), s.duration_ns);
        }
        levels.append({s});
        before = s.level;
    }
    return levels;
}

bool uses_task_blocks(const group& g) noexcept {
    if (!g.open || !g.open->replay) return true;
    const replay_load& r = *g.open->replay;
    return r.keys == replay_source::data_set || r.sizes == replay_source::data_set;
}

std::string spawn_problem(const closed_load& load) {
    double before = load.users;
    for (const load::stage& s : load.stages) {
        const double needed_ns = ramp_users_s(before, s.level, load.spawn_rate) * 1e9;
        if (s.ramp_ns == 0 && needed_ns > static_cast<double>(s.duration_ns)) {
            return "has a stage of " + format_duration(s.duration_ns) + " that grows by " +
                   std::to_string(static_cast<std::uint64_t>(s.level - before)) +
                   " users, which takes " + format_duration(static_cast<std::int64_t>(needed_ns)) +
                   " at this spawn rate";
        }
        before = s.level;
    }
    return {};
}

std::string stages_problem(const scenario& s) {
    if (stages_ns(s.groups) > 0 && s.phase.steady_within_ns > 0) {
        return "`steady_within` and `stages`: stages need to know when the measure phase begins";
    }
    if (stage_ends_ns(s.groups, s.phase.measure_ns).size() > spans_most) {
        return "the groups' stages cut the measure phase into more than 256 parts";
    }
    return {};
}

}  // namespace chopsticks::scenario
