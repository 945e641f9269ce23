#include "multipart.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

const operation_row* known(std::string_view name) {
    const operation_row* const row = find_row(name);
    CHOPSTICKS_ASSERT(row != nullptr);
    return row;
}

/// What ended a request is what ended the operation.
void end_as(const engine::outcome& part, engine::outcome& out) noexcept {
    out.status = part.status;
    out.native = part.native;
    std::memcpy(out.code, part.code, sizeof out.code);
    std::memcpy(out.example, part.example, sizeof out.example);
}

}  // namespace

multipart_upload::multipart_upload()
    : rows_{known("create_upload"), known("upload_part"), known("complete_upload"),
            known("abort_upload")} {}

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
    part.endpoint = static_cast<std::uint16_t>(lane.link().target().endpoint);
    bool open = lane.is_ready();
    if (!open) {
        open = co_await lane.open(part);
        // Connecting has set the time-out anew; the operation's is that of all its requests.
        if (open && kind != abort) lane.link().expire_at(due_ns_, false);
    }
    if (open) co_await lane.perform(*rows_[kind], part);
    if (part.done_ns == 0) part.done_ns = monotonic_ns();
    if (op_->parts != nullptr) op_->parts->ended({kind, due_ns}, part);
}

runtime::task<void> multipart_upload::send_parts(request_lane& lane) {
    std::int64_t free_ns = ready_ns_;
    while (next_ < parts_ && failed_.status == op_status::ok) {
        const std::uint64_t number = next_++;
        lane.what = about_upload();
        lane.what.offset = number * plan_->part_bytes;
        lane.what.length = std::min(plan_->part_bytes, op_->size - lane.what.offset);
        lane.what.part_number = static_cast<std::uint32_t>(number + 1);
        engine::outcome part;
        co_await request(send, lane, free_ns, part);
        free_ns = part.done_ns;
        if (part.status == op_status::ok) {
            const std::string_view tag = lane.sink().whole().etag_text();
            std::memcpy(tags_[number].text, tag.data(), tag.size());
            tags_[number].size = static_cast<std::uint8_t>(tag.size());
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
        write_part_list(body_, tags_);
        first.what = about_upload();
        first.what.body = body_;
        co_await request(complete, first, monotonic_ns(), last);
        // Whether it was completed is not known where there was no answer; the target tells.
        failed_ = last;
    }
    end_as(failed_, out);
    out.done_ns = monotonic_ns();
    if (failed_.status == op_status::ok) {
        out.bytes = op.size;
        out.done_ns = last.done_ns;
        co_return;
    }
    co_await give_up(first);
}

}  // namespace chopsticks::s3
