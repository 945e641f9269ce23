#include "versions.hpp"

#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/version_ids.hpp>

namespace chopsticks::s3 {

namespace {

enum removal_part : std::uint16_t { make_marker, remove_version, remove_marker };

/// Names of versions for messages; a few of the objects that are seen are remembered.
void fail_unknown(core_state& core, bool removes, engine::outcome& out) {
    out.sent_ns = core.loop.turn_ns();
    if (removes) {
        out.fail(op_status::client_error, "NoEarlierVersion",
                 "no earlier version of the object is known to this core: rewrite it first (put "
                 "with overwrite, or a copy behind the put in `steps`)");
    } else {
        out.fail(op_status::client_error, "UnknownVersion",
                 "no version of the object is known to this core: versions of 16,384 objects are "
                 "remembered, from their puts");
    }
}

}  // namespace

runtime::task<void> perform_on_version(core_state& core, request_lane& lane,
                                       const operation_row& row, engine::outcome& out) {
    const bool removes = row.request.method == "DELETE";
    const std::uint64_t object = lane.what.object;
    version_ids::named chosen;
    const bool known = removes ? core.versions.take_earlier(object, chosen)
                               : core.versions.begin_read(object, chosen);
    if (!known) {
        fail_unknown(core, removes, out);
        co_return;
    }
    lane.what.version = chosen.version;
    lane.what.version_id = chosen.view();
    co_await lane.perform(row, out);
    if (!removes) core.versions.end_read(object, chosen);
}

runtime::task<void> remove_with_versions(core_state& core, request_lane& lane,
                                         const operation_row* const* rows,
                                         const engine::operation& op, engine::outcome& out) {
    const std::int64_t due_ns = lane.link().due_ns;
    const asked object = lane.what;
    engine::outcome part;
    engine::operation_part which{make_marker, 0};
    co_await lane.perform_part(*rows[make_marker], op, which, due_ns, part);
    out.sent_ns = part.sent_ns;
    out.first_byte_ns = part.first_byte_ns;
    version_ids::named marker;
    marker.size = static_cast<std::uint8_t>(
        lane.sink().whole().version_text().copy(marker.text, sizeof marker.text));
    version_ids::named version;
    while (part.status == op_status::ok && core.versions.take_any(op.object, version)) {
        lane.what = object;
        lane.what.version_id = version.view();
        which = {remove_version, part.done_ns};
        part = engine::outcome();
        co_await lane.perform_part(*rows[remove_version], op, which, due_ns, part);
    }
    if (part.status == op_status::ok) {
        lane.what = object;
        lane.what.version_id = marker.view();
        which = {remove_marker, part.done_ns};
        part = engine::outcome();
        co_await lane.perform_part(*rows[remove_marker], op, which, due_ns, part);
    }
    end_as(part, out);
    out.done_ns = part.done_ns;
}

}  // namespace chopsticks::s3
