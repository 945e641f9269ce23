#include "group_records.hpp"

#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>

#include "worker.hpp"

namespace chopsticks::engine {

group_records::group_records(worker& owner, std::size_t group)
    : owner_(owner),
      endpoints_(owner.shared().options->groups[group].target->endpoints().size()),
      first_endpoint_(owner.shared().first_endpoint[group]),
      op_log_(owner.shared().options->op_log != nullptr
                  ? &owner.shared().options->op_log->lane(owner.own_number())
                  : nullptr) {}

void group_records::begin() {
    const bool several = endpoints_ > 1;
    gap_logs_.assign(several ? 1 + endpoints_ : 1, gap_log(owner_.times().start_ns));
    endpoint_in_flight_.assign(several ? endpoints_ : 0, 0);
}

std::size_t group_records::wanted_of_endpoint(const session& by,
                                              std::int64_t intended_ns) noexcept {
    const std::size_t asked = by.endpoint();
    ++endpoint_in_flight_[asked];
    gap_logs_[1 + asked].wanted(intended_ns);
    return asked;
}

void group_records::ended(const entry& as, const operation& op, const outcome& out,
                          std::int64_t intended_ns, bool cut_off, std::size_t asked, bool more) {
    record(as, op, out, intended_ns, cut_off);
    note_gaps(out, asked, more);
    if (op_log_ != nullptr) log(as, op, out, intended_ns);
}

void group_records::note_gaps(const outcome& out, std::size_t asked, bool more) noexcept {
    const bool ok = out.status == op_status::ok;
    if (ok) gap_logs_.front().success(out.done_ns, more);
    if (endpoint_in_flight_.empty()) return;
    const bool more_there = --endpoint_in_flight_[asked] > 0;
    if (ok) gap_logs_[1 + out.endpoint].success(out.done_ns, more_there);
}

void group_records::record(const entry& as, const operation& op, const outcome& out,
                           std::int64_t intended_ns, bool cut_off) {
    stats::recorder& r = owner_.recorder(owner_.bin_of(intended_ns));
    if (cut_off) {
        const std::int64_t cut_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
        r.unfinished(as.slot, cut_ns - intended_ns, out.status != op_status::cancelled);
    }
    if (out.status == op_status::cancelled) return;
    if (out.status == op_status::ok) {
        r.record(sample_of(as.slot, op.length > 0 ? op.length : op.size, out, intended_ns));
    } else {
        r.record(failure_of(as.slot, out, intended_ns));
    }
}

void group_records::part_recorder::ended(const operation_part& part, const outcome& out) noexcept {
    CHOPSTICKS_ASSERT(part.number < as_->parts);
    const auto slot = static_cast<std::uint16_t>(as_->first_part + part.number);
    to_->record_part(slot, out, part.due_ns != 0 ? part.due_ns : intended_ns_);
}

void group_records::record_part(std::uint16_t slot, const outcome& out, std::int64_t intended_ns) {
    stats::recorder& r = owner_.recorder(owner_.bin_of(intended_ns));
    if (out.status == op_status::ok) {
        r.record_part(sample_of(slot, 0, out, intended_ns));
    } else {
        r.record_part(failure_of(slot, out, intended_ns));
    }
}

stats::sample group_records::sample_of(std::uint16_t slot, std::uint64_t size, const outcome& out,
                                       std::int64_t intended_ns) const noexcept {
    stats::sample s;
    s.op = slot;
    s.endpoint = static_cast<std::uint16_t>(first_endpoint_ + out.endpoint);
    s.retries = out.retries;
    s.size = size;
    s.bytes = out.bytes;
    s.intended_ns = intended_ns;
    s.sent_ns = out.sent_ns;
    s.first_byte_ns = out.first_byte_ns;
    s.done_ns = out.done_ns;
    return s;
}

stats::failure group_records::failure_of(std::uint16_t slot, const outcome& out,
                                         std::int64_t intended_ns) const noexcept {
    stats::failure f;
    f.op = slot;
    f.endpoint = static_cast<std::uint16_t>(first_endpoint_ + out.endpoint);
    f.retries = out.retries;
    f.status = out.status;
    f.native = out.native;
    f.intended_ns = intended_ns;
    f.done_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
    f.code = out.code;
    f.example = out.example;
    return f;
}

void group_records::log(const entry& as, const operation& op, const outcome& out,
                        std::int64_t intended_ns) noexcept {
    trace::op_record r;
    r.intended_ns = intended_ns;
    r.sent_ns = out.sent_ns;
    r.done_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
    r.op = as.slot;
    r.endpoint = static_cast<std::uint16_t>(first_endpoint_ + out.endpoint);
    r.has_object = as.has_object;
    r.object = op.object;
    r.size = op.size;
    r.offset = op.offset;
    r.length = op.length;
    r.status = out.status;
    r.native = out.native;
    op_log_->add(r);
}

}  // namespace chopsticks::engine
