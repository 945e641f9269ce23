// The load of a recording.

#include "parse_parts.hpp"

namespace chopsticks::scenario {

namespace {

constexpr std::uint32_t max_connections = 10'000'000;

}  // namespace

open_load read_replay(const field& f, bool blocks) {
    open_load out;
    replay_load& r = out.replay.emplace();
    if (blocks) r.size_limit = block_limit;
    if (f.raw().is_scalar()) {
        r.file = f.text();
        return out;
    }
    map_reader m(f, "write {file: rgw-ops.log, speed: 2}");
    r.file = m.require("file", "add for example `file: rgw-ops.log`").text();
    if (const auto word = m.find("format")) {
        r.format =
            static_cast<replay_format>(word->word({"auto", "chopsticks", "rgw", "s3_access_log"}));
        const bool of_objects =
            r.format == replay_format::rgw || r.format == replay_format::s3_access_log;
        if (blocks && of_objects) {
            word->refuse("is " + word->text() + ", which has no operations of block devices",
                         "only an operation log (`run --op-log`) has them: write `chopsticks`");
        }
    }
    if (const auto speed = m.find("speed")) r.speed = speed->number(0.001, 1e6);
    if (const auto keys = m.find("keys")) {
        r.keys = static_cast<replay_source>(keys->word({"recorded", "data_set"}));
    }
    if (const auto sizes = m.find("sizes")) {
        r.sizes = static_cast<replay_source>(sizes->word({"recorded", "data_set"}));
    }
    if (const auto limit = m.find("size_limit"))
        r.size_limit = blocks ? read_block_limit(*limit) : limit->size(1);
    if (const auto loop = m.find("loop")) r.loop = loop->boolean();
    if (const auto group = m.find("group")) r.group = group->text();
    if (const auto window = m.find("sort_window")) r.sort_window_ns = window->duration();
    read_late(m, out);
    if (const auto n = m.find("max_in_flight")) out.max_in_flight = n->count32(1, max_connections);
    if (const auto n = m.find("queue_limit")) out.queue_limit = n->count32(0, 100'000'000);
    m.finish();
    return out;
}

std::vector<task> replay_tasks(const catalogue::workload& workload) {
    std::vector<task> out;
    for (const catalogue::operation& op : workload.operations) {
        if (!op.replay.unasked) continue;
        task& t = out.emplace_back();
        t.name = op.name;
        t.steps.push_back(catalogue::plain_step(op));
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
        const catalogue::operation& op = catalogue::operation_of(g, t.steps.front());
        if (!op.can_be_replayed()) {
            fail(where,
                 std::string(op.name) + " cannot be replayed: " + std::string(op.replay.why_not),
                 "remove the task; recorded ones are then left out and counted");
        }
        for (std::size_t other = 0; other < i; ++other) {
            if (g.tasks[other].steps.front().op != t.steps.front().op) continue;
            fail(where, "a second task with {op: " + t.steps.front().op + "}",
                 "with `replay` each operation has one task; weights do not count");
        }
    }
}

void check_block_replay(const group& g, const field& f) {
    if (!g.blocks.verify) return;
    fail(f.raw().find("blocks")->find("verify")->where,
         "a replay cannot be verified: recorded I/O does not keep to blocks, nor to the cores that "
         "know what is in them",
         "write `verify: false`");
}

}  // namespace chopsticks::scenario
