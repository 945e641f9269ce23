#include "multipart.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>

namespace chopsticks::s3 {

namespace {

/// The ETag of a part that is there, as its answer names it.
part_tag named_tag(const answer& a) {
    if (a.etag_size == 0) return copied_part_tag(a.text);
    part_tag tag;
    tag.size = static_cast<std::uint8_t>(a.etag_text().copy(tag.text, sizeof tag.text));
    return tag;
}

/// Of copies: their range is said, where it is one.
const object_fields nothing_said;

}  // namespace

asked multipart_upload::about_upload() const {
    asked what;
    what.object = op_->object;
    what.version = op_->version;
    what.size = op_->size;
    what.upload_id = id_;
    return what;
}

runtime::task<void> multipart_upload::request(part_kind kind, request_lane& lane,
                                              std::int64_t due_ns, engine::outcome& part) {
    // What the service has of an upload is given up even where the operation's time is over.
    const engine::operation_part which{kind, due_ns};
    co_await lane.perform_part(*plan_->rows[kind], *op_, which, kind == abort ? 0 : due_ns_, part);
}

runtime::task<void> multipart_upload::send_parts(request_lane& lane) {
    std::int64_t free_ns = ready_ns_;
    while (next_ < parts_ && failed_.status == op_status::ok) {
        const std::uint64_t number = next_++;
        lane.what = about_upload();
        lane.what.offset = number * plan_->part_bytes;
        lane.what.length = std::min(plan_->part_bytes, op_->size - lane.what.offset);
        lane.what.part_number = static_cast<std::uint32_t>(number + 1);
        if (plan_->copies) lane.what.fields = &nothing_said;
        // A part is told of a key alone, which the service does not keep.
        if (plan_->fields != nullptr && plan_->fields->encryption == "customer") {
            lane.what.fields = plan_->fields;
        }
        engine::outcome part;
        co_await request(send, lane, free_ns, part);
        free_ns = part.done_ns;
        if (part.status == op_status::ok) {
            tags_[number] = named_tag(lane.sink().whole());
        } else if (failed_.status == op_status::ok) {
            failed_ = part;
        }
    }
}

runtime::task<void> multipart_upload::send_parts_beside(request_lane& lane) {
    co_await send_parts(lane);
    lane.rest();
    if (--beside_ == 0 && waiting_) std::exchange(waiting_, nullptr).resume();
}

runtime::task<void> multipart_upload::end(request_lane& lane, engine::outcome& last) {
    lane.what = about_upload();
    lane.what.parts = static_cast<std::uint32_t>(parts_);
    if (plan_->end == upload_end::completed || plan_->end == upload_end::refused) {
        write_part_list(body_, tags_);
        lane.what.body = body_;
    }
    co_await request(finish, lane, monotonic_ns(), last);
    const bool is_over = plan_->end == upload_end::completed || plan_->end == upload_end::left;
    if (last.status != op_status::ok || is_over) co_return;
    lane.what = about_upload();
    const std::int64_t due_ns = last.done_ns;
    last = engine::outcome();
    co_await request(abort, lane, due_ns, last);
}

runtime::task<void> multipart_upload::give_up(request_lane& lane) {
    // Interrupted, or out of time: the cleanup of the run looks for what was begun.
    if (lane.link().ended() != connection::end::none || monotonic_ns() >= due_ns_) co_return;
    lane.what = about_upload();
    engine::outcome part;
    co_await request(abort, lane, monotonic_ns(), part);
}

runtime::task<void> multipart_upload::carry_out(
    const engine::operation& op, const upload_plan& plan,
    std::span<const std::unique_ptr<request_lane>> lanes, engine::outcome& out) {
    op_ = &op;
    plan_ = &plan;
    request_lane& first = *lanes[0];
    due_ns_ = first.link().due_ns;
    parts_ = plan.parts_of(op.size);
    next_ = 0;
    failed_ = engine::outcome();
    tags_.resize(parts_);
    id_.clear();

    engine::outcome begun;
    first.what = about_upload();
    first.what.fields = plan.fields;
    co_await request(create, first, 0, begun);
    out.sent_ns = begun.sent_ns;
    out.first_byte_ns = begun.first_byte_ns;
    out.done_ns = begun.done_ns;
    end_as(begun, out);
    if (begun.status != op_status::ok) co_return;
    // The judge has seen that there is one.
    append_upload_id(id_, first.sink().whole().text);
    ready_ns_ = begun.done_ns;

    const std::size_t used = std::min<std::uint64_t>(lanes.size(), parts_);
    beside_ = used - 1;
    for (std::size_t i = 1; i < used; ++i) {
        lanes[i]->link().begin();
        lanes[i]->link().expire_at(due_ns_, false);
        runtime::start_detached(send_parts_beside(*lanes[i]));
    }
    co_await send_parts(first);
    struct others {
        multipart_upload& of;
        bool await_ready() const noexcept { return of.beside_ == 0; }
        void await_suspend(std::coroutine_handle<> h) const noexcept { of.waiting_ = h; }
        void await_resume() const noexcept {}
    };
    const others ended{*this};
    co_await ended;

    engine::outcome last;
    if (failed_.status == op_status::ok) {
        co_await end(first, last);
        // Whether it was completed is not known where there was no answer; the target tells.
        failed_ = last;
    }
    end_as(failed_, out);
    out.done_ns = monotonic_ns();
    if (failed_.status == op_status::ok) {
        out.bytes = plan.copies ? 0 : op.size;
        out.done_ns = last.done_ns;
        co_return;
    }
    co_await give_up(first);
}

}  // namespace chopsticks::s3
