#include "session.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>

namespace chopsticks::rbd {

namespace {

using ending = ceph::flight_wait::ending;

/// On a thread of librbd's: what must be known is noted, the rest is the core's.
void on_end(rbd_completion_t completion, void* argument) {
    flight& f = *static_cast<flight*>(argument);
    f.done_ns = monotonic_ns();
    f.result = rbd_aio_get_return_value(completion);
    rbd_aio_release(completion);
    f.home->push(f);
}

}  // namespace

runtime::task<bool> librbd_session::fly(flight& f, engine::outcome& out) {
    // For what may have to be said when the flight is not ours any more.
    const engine::operation op = f.op;
    const std::string_view verb =
        scenario::catalogue::operation_name(describe_workload(), f.kind.code);
    const char* const name = f.on->name.c_str();
    rbd_completion_t completion = nullptr;
    int failed = rbd_aio_create_completion(&f, core_.by_callback ? on_end : nullptr, &completion);
    CHOPSTICKS_ASSERT(failed == 0);
    out.sent_ns = monotonic_ns();
    wait_.begin(f, out.sent_ns + core_.timeout_ns);
    failed = launch(f, completion);
    if (failed < 0) {
        rbd_aio_release(completion);
        wait_.call_off();
        f.result = failed;
        f.done_ns = monotonic_ns();
        co_return true;
    }
    const ending how = co_await wait_.end();
    if (how == ending::came) co_return true;
    char what[sizeof out.example];
    std::snprintf(what, sizeof what, "%s at offset %llu of %s", verb.data(),
                  static_cast<unsigned long long>(op.offset), name);
    ceph::conclude_abandoned(how, what, core_.counters, out);
    co_return false;
}

runtime::task<bool> librbd_session::look(flight& f, engine::outcome& out) {
    const flight_kind asked = f.kind;
    f.kind = flight_kind();
    f.kind.code = block_read;
    load_up(f, *core_.content, 0);
    const bool landed = co_await fly(f, out);
    if (!landed) co_return false;
    conclude(f, out);
    if (out.status != op_status::ok) {
        out.done_ns = f.done_ns;
        core_.home->give_back(f);
        co_return false;
    }
    f.kind = asked;
    f.expected.reserve(f.op.length);
    std::copy_n(f.in.data(), f.op.length, f.expected.data());
    co_return true;
}

runtime::task<void> librbd_session::execute(const engine::operation& op, engine::outcome& out) {
    CHOPSTICKS_ASSERT(op.object < core_.shared->images.size());
    image& on = *core_.shared->images[op.object];
    CHOPSTICKS_ASSERT(op.length <= on.bytes && op.offset <= on.bytes - op.length);
    flight& f = core_.home->take();
    f.on = &on;
    f.op = op;
    f.kind = static_cast<const rbd_step&>(*op.step).kind;
    if (f.kind.code == block_compare_and_write) {
        const bool known = on.table != nullptr && know_expected(f, *core_.content);
        if (!known) {
            const bool looked = co_await look(f, out);
            if (!looked) co_return;
        }
    }
    load_up(f, *core_.content, core_.next_unique++);
    const bool landed = co_await fly(f, out);
    if (!landed) co_return;
    conclude(f, out);
    out.done_ns = f.done_ns;
    out.first_byte_ns = f.done_ns;
    core_.home->give_back(f);
}

}  // namespace chopsticks::rbd
