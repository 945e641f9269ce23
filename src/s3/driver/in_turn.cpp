#include "in_turn.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>

namespace chopsticks::s3 {

runtime::task<void> perform_in_turn(request_lane& lane, std::span<const operation_row* const> rows,
                                    bool always_last, const engine::operation& op,
                                    engine::outcome& out) {
    const std::int64_t due_ns = lane.link().due_ns;
    const asked object = lane.what;
    rows = rows.first(
        static_cast<std::size_t>(std::find(rows.begin(), rows.end(), nullptr) - rows.begin()));
    engine::outcome whole;
    std::uint64_t bytes = 0;
    for (std::size_t number = 0; number < rows.size(); ++number) {
        if (whole.status != op_status::ok) {
            if (!always_last) break;
            number = rows.size() - 1;
            const bool over = lane.link().ended() != connection::end::none;
            if (over || monotonic_ns() >= due_ns) break;
        }
        engine::operation_part which;
        which.number = static_cast<std::uint16_t>(number);
        if (number > 0) which.due_ns = whole.done_ns;
        lane.what = object;
        engine::outcome part;
        co_await lane.perform_part(*rows[number], op, which, due_ns, part);
        if (number == 0) {
            out.sent_ns = part.sent_ns;
            out.first_byte_ns = part.first_byte_ns;
        }
        bytes += part.bytes;
        whole.done_ns = part.done_ns;
        if (whole.status == op_status::ok) whole = part;
    }
    if (whole.status == op_status::ok) out.bytes = bytes;
    end_as(whole, out);
    out.done_ns = whole.done_ns;
}

}  // namespace chopsticks::s3
