#include "group_records.hpp"

#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/unsupported.hpp>

#include "worker.hpp"

namespace chopsticks::engine {

namespace {

/// But what it is recorded as.
inline stats::sample sample_of(const outcome& out, std::int64_t intended_ns) noexcept {
    stats::sample s;
    s.retries = out.retries;
    s.bytes = out.bytes;
    s.intended_ns = intended_ns;
    s.sent_ns = out.sent_ns;
    s.first_byte_ns = out.first_byte_ns;
    s.done_ns = out.done_ns;
    return s;
}

/// What an operation is recorded as. That it is one the target does not have is decided here, for
/// figures and operation log, of operations and of their parts.
op_status recorded_status(const outcome& out) noexcept {
    if (out.status == op_status::ok) return op_status::ok;
    return settled(out.status, out.native, out.code);
}

/// The same.
stats::failure failure_of(const outcome& out, std::int64_t intended_ns) noexcept {
    stats::failure f;
    f.retries = out.retries;
    f.status = recorded_status(out);
    f.native = out.native;
    f.intended_ns = intended_ns;
    f.done_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
    f.code = out.code;
    f.example = out.example;
    return f;
}

}  // namespace

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

void group_records::note_gaps_of_endpoint(const outcome& out, std::size_t asked) noexcept {
    const bool more = --endpoint_in_flight_[asked] > 0;
    if (out.status == op_status::ok) gap_logs_[1 + out.endpoint].success(out.done_ns, more);
}

void group_records::record(const entry& as, const operation& op, const outcome& out,
                           std::int64_t intended_ns, bool cut_off) {
    stats::recorder& r = owner_.recorder(owner_.bin_of(intended_ns));
    if (out.status == op_status::ok) [[likely]] {
        stats::sample s = sample_of(out, intended_ns);
        s.op = as.slot;
        s.endpoint = static_cast<std::uint16_t>(first_endpoint_ + out.endpoint);
        s.size = op.length > 0 ? op.length : op.size;
        r.record(s);
    } else {
        if (cut_off) {
            const std::int64_t cut_ns = out.done_ns > 0 ? out.done_ns : monotonic_ns();
            r.unfinished(as.slot, cut_ns - intended_ns, out.status != op_status::cancelled);
        }
        stats::failure f = failure_of(out, intended_ns);
        f.op = as.slot;
        f.endpoint = static_cast<std::uint16_t>(first_endpoint_ + out.endpoint);
        r.record(f);
    }
    if (op_log_ != nullptr) log(as, op, out, intended_ns);
}

void group_records::part_recorder::ended(const operation_part& part, const outcome& out) noexcept {
    CHOPSTICKS_ASSERT(part.number < as_->parts);
    const auto slot = static_cast<std::uint16_t>(as_->first_part + part.number);
    to_->record_part(slot, out, part.due_ns != 0 ? part.due_ns : intended_ns_);
}

void group_records::record_part(std::uint16_t slot, const outcome& out, std::int64_t intended_ns) {
    stats::recorder& r = owner_.recorder(owner_.bin_of(intended_ns));
    if (out.status == op_status::ok) {
        stats::sample s = sample_of(out, intended_ns);
        s.op = slot;
        r.record_part(s);
    } else {
        stats::failure f = failure_of(out, intended_ns);
        f.op = slot;
        r.record_part(f);
    }
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
    r.status = recorded_status(out);
    r.native = out.native;
    op_log_->add(r);
}

}  // namespace chopsticks::engine
