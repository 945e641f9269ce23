// How much load a group puts on the target, and when.

#include <chopsticks/scenario/load_plan.hpp>
#include <chopsticks/scenario/text.hpp>

#include "parse_parts.hpp"

namespace chopsticks::scenario {

namespace {

// Bounds that no machine reaches, so that products of them stay far from overflow.
constexpr std::uint32_t max_users = 10'000'000;
constexpr double max_rate = 1e9;
constexpr std::size_t max_stages = 100;

/// \param key what the level is called: "rate" or "users"
std::vector<load::stage> read_stages(const field& f, const std::string& key) {
    const std::string example = "write [{duration: 60s, " + key + ": 100, ramp: 10s}]";
    std::vector<load::stage> out;
    bool any = false;
    for (const field& item : f.list(example)) {
        if (out.size() == max_stages) f.refuse("has more than 100 stages", "");
        map_reader m(item, example);
        load::stage s;
        s.duration_ns =
            m.require("duration", "add for example `duration: 60s`").duration(1'000'000);
        const field level = m.require(key, "add for example `" + key + ": 100`");
        s.level = key == "users" ? level.count32(0, max_users) : level.number(0, max_rate);
        if (const auto ramp = m.find("ramp")) {
            s.ramp_ns = ramp->duration();
            if (s.ramp_ns > s.duration_ns) {
                ramp->refuse("is longer than its stage", "the stage's duration includes the ramp");
            }
        }
        m.finish();
        any |= s.level > 0;
        out.push_back(s);
    }
    if (out.empty()) f.refuse("is empty", example);
    if (!any) f.refuse("puts no load on anything", "give one of them more than 0 " + key);
    return out;
}

closed_load read_closed(const field& f) {
    closed_load out;
    map_reader m(f, "write {users: 32}");
    if (const auto stages = m.find("stages")) {
        out.stages = read_stages(*stages, "users");
        out.users = static_cast<std::uint32_t>(out.stages.front().level);
        if (const auto users = m.find("users")) out.users = users->count32(0, max_users);
    } else {
        out.users = m.require("users", "add for example `users: 32`").count32(1, max_users);
    }
    if (const auto rate = m.find("spawn_rate")) out.spawn_rate = rate->number(0, max_rate);
    if (const auto think = m.find("think_time")) out.think = read_think_time(*think);
    m.finish();
    if (const std::string problem = spawn_problem(out); !problem.empty()) f.refuse(problem, "");
    return out;
}

void read_modulation(map_reader& m, open_load& out) {
    const auto burst = m.find("burst");
    const auto sine = m.find("sine");
    if (burst && sine) burst->refuse("and `sine` are both given", "keep one of them");
    if (burst) {
        map_reader b(*burst, "write {on: 100ms, off: 900ms}");
        const auto on =
            static_cast<double>(b.require("on", "add for example `on: 100ms`").duration(1'000));
        const auto off =
            static_cast<double>(b.require("off", "add for example `off: 900ms`").duration(1'000));
        b.finish();
        out.around = {load::modulation::kind::burst, on + off, on / (on + off), 0};
    }
    if (sine) {
        map_reader s(*sine, "write {period: 60s, amplitude: 50%}");
        const auto period = static_cast<double>(
            s.require("period", "add for example `period: 60s`").duration(1'000));
        const double amplitude = s.require("amplitude", "add for example `amplitude: 50%`").share();
        s.finish();
        out.around = {load::modulation::kind::sine, period, amplitude, 0};
    }
}

open_load read_open(const field& f) {
    open_load out;
    map_reader m(f, "write {rate: 1000}");
    if (const auto stages = m.find("stages")) {
        out.stages = read_stages(*stages, "rate");
        out.rate = out.stages.front().level;
        if (const auto rate = m.find("rate")) out.rate = rate->number(0, max_rate);
    } else {
        const field rate = m.require("rate", "add for example `rate: 1000` (tasks per second)");
        out.rate = rate.number(0, max_rate);
        if (out.rate == 0) rate.refuse("must be more than 0", "");
    }
    if (const auto arrivals = m.find("arrivals")) {
        out.arrivals = arrivals->word({"poisson", "constant"}) == 0 ? load::arrival_kind::poisson
                                                                    : load::arrival_kind::constant;
    }
    read_modulation(m, out);
    read_late(m, out);
    if (const auto n = m.find("max_in_flight")) out.max_in_flight = n->count32(1, max_users);
    if (const auto n = m.find("queue_limit")) out.queue_limit = n->count32(0, 100'000'000);
    m.finish();
    return out;
}

}  // namespace

void read_late(map_reader& m, open_load& out) {
    const auto late = m.find("late");
    if (!late) return;
    if (!late->raw().is_map()) {
        late->word({"keep"});
        return;
    }
    map_reader l(*late);
    out.late_limit_ns =
        l.require("shed_after", "add for example `shed_after: 100ms`").duration(1'000);
    l.finish();
}

think_time read_think_time(const field& f) {
    think_time out;
    if (f.raw().is_scalar()) {
        out.mean_ns = f.duration();
        out.kind = out.mean_ns == 0 ? think_kind::none : think_kind::constant;
        return out;
    }
    const char* const example = "write 100ms, {uniform: [1s, 3s]} or {exponential: 1s}";
    map_reader m(f, example);
    const auto uniform = m.find("uniform");
    const auto exponential = m.find("exponential");
    const auto constant = m.find("constant");
    m.finish();
    if ((uniform ? 1 : 0) + (exponential ? 1 : 0) + (constant ? 1 : 0) != 1) {
        f.wrong("one kind of think time", example);
    }
    if (uniform) {
        const auto [low, high] = uniform->pair("write {uniform: [1s, 3s]}");
        out.kind = think_kind::uniform;
        out.min_ns = low.duration();
        out.max_ns = high.duration();
        out.mean_ns = out.min_ns / 2 + out.max_ns / 2;
        if (out.min_ns > out.max_ns) {
            uniform->refuse("has its bounds in the wrong order", "write the smaller one first");
        }
    } else if (exponential) {
        out.kind = think_kind::exponential;
        out.mean_ns = exponential->duration(1);
    } else {
        out.kind = think_kind::constant;
        out.mean_ns = constant->duration(1);
    }
    return out;
}

void read_load(const field& f, group& g) {
    const char* const example =
        "write {closed: {users: 32}}, {open: {rate: 1000}} or {replay: FILE}";
    map_reader m(f, example);
    const auto closed = m.find("closed");
    const auto open = m.find("open");
    const auto replay = m.find("replay");
    m.finish();
    if (closed && open) f.refuse("has both `closed` and `open`", "keep one of them");
    if (replay && (closed || open)) {
        replay->refuse("stands beside another load", "keep one of them");
    }
    if (!closed && !open && !replay) f.refuse("is empty", example);
    if (replay) g.open = read_replay(*replay, g.shape == subject_shape::extents);
    if (closed) g.closed = read_closed(*closed);
    if (open) g.open = read_open(*open);
}

}  // namespace chopsticks::scenario
