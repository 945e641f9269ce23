#include "append.hpp"

#include <algorithm>

namespace chopsticks::s3 {

namespace {

enum append_part : std::uint16_t { piece, check };

}  // namespace

runtime::task<void> append_in_pieces(request_lane& lane, const upload_plan& plan,
                                     const engine::operation& op, engine::outcome& out) {
    const std::int64_t due_ns = lane.link().due_ns;
    const asked object = lane.what;
    engine::outcome part;
    engine::operation_part which{piece, 0};
    const std::uint64_t pieces = plan.parts_of(op.size);
    for (std::uint64_t number = 0; number < pieces && part.status == op_status::ok; ++number) {
        if (number > 0) which.due_ns = part.done_ns;
        lane.what = object;
        lane.what.fields = plan.fields;
        lane.what.offset = number * plan.part_bytes;
        lane.what.length = std::min(plan.part_bytes, op.size - lane.what.offset);
        part = engine::outcome();
        co_await lane.perform_part(*plan.rows[piece], op, which, due_ns, part);
        if (number > 0) continue;
        out.sent_ns = part.sent_ns;
        out.first_byte_ns = part.first_byte_ns;
    }
    if (part.status == op_status::ok) {
        which = {check, part.done_ns};
        lane.what = object;
        part = engine::outcome();
        co_await lane.perform_part(*plan.rows[check], op, which, due_ns, part);
    }
    if (part.status == op_status::ok) out.bytes = op.size;
    end_as(part, out);
    out.done_ns = part.done_ns;
}

}  // namespace chopsticks::s3
