// The load of a recording.

#include "parse_parts.hpp"

namespace chopsticks::scenario {

namespace {

constexpr std::uint32_t max_connections = 10'000'000;

}  // namespace

open_load read_replay(const field& f) {
    open_load out;
    replay_load& r = out.replay.emplace();
    if (f.raw().is_scalar()) {
        r.file = f.text();
        return out;
    }
    map_reader m(f, "write {file: rgw-ops.log, speed: 2}");
    r.file = m.require("file", "add for example `file: rgw-ops.log`").text();
    if (const auto word = m.find("format")) {
        r.format =
            static_cast<replay_format>(word->word({"auto", "chopsticks", "rgw", "s3_access_log"}));
    }
    if (const auto speed = m.find("speed")) r.speed = speed->number(0.001, 1e6);
    if (const auto keys = m.find("keys")) {
        r.keys = static_cast<replay_source>(keys->word({"recorded", "data_set"}));
    }
    if (const auto sizes = m.find("sizes")) {
        r.sizes = static_cast<replay_source>(sizes->word({"recorded", "data_set"}));
    }
    if (const auto limit = m.find("size_limit")) r.size_limit = limit->size(1);
    if (const auto loop = m.find("loop")) r.loop = loop->boolean();
    if (const auto group = m.find("group")) r.group = group->text();
    if (const auto window = m.find("sort_window")) r.sort_window_ns = window->duration();
    if (const auto n = m.find("max_in_flight")) out.max_in_flight = n->count32(1, max_connections);
    if (const auto n = m.find("queue_limit")) out.queue_limit = n->count32(0, 100'000'000);
    m.finish();
    return out;
}

std::vector<task> replay_tasks(const catalogue::workload& workload) {
    std::vector<task> out;
    for (const std::string_view name : {"put", "get", "head", "delete", "list"}) {
        const catalogue::operation* const op = catalogue::find_operation(workload, name);
        step s;
        s.op = op->name;
        s.code = op->code;
        task& t = out.emplace_back();
        t.name = op->name;
        t.steps.push_back(s);
    }
    return out;
}

void check_replay_tasks(const group& g, const field& tasks) {
    for (std::size_t i = 0; i < g.tasks.size(); ++i) {
        const task& t = g.tasks[i];
        const place& where = tasks.raw().items[i].where;
        if (t.steps.size() > 1) {
            fail(where, "a recording has operations, not sequences of them",
                 "name the operation: {op: " + t.steps.front().op + "}");
        }
        for (std::size_t other = 0; other < i; ++other) {
            if (g.tasks[other].steps.front().op != t.steps.front().op) continue;
            fail(where, "a second task with {op: " + t.steps.front().op + "}",
                 "with `replay` each operation has one task; weights do not count");
        }
    }
}

}  // namespace chopsticks::scenario
