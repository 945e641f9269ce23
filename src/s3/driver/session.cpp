#include "session.hpp"

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <cstdio>
#include <cstring>

#include "bucket.hpp"

namespace chopsticks::s3 {

namespace {

constexpr std::int64_t retry_first_ns = 50'000'000;

bool is_repeatable(op_status status) noexcept {
    switch (status) {
        case op_status::server_error:
        case op_status::slow_down:
        case op_status::connect_failed:
        case op_status::connection_lost:
        case op_status::timeout:
            return true;
        default:
            return false;
    }
}

void fail(engine::outcome& out, const failure& why) noexcept {
    if (why) out.fail(why.status, why.code, why.text);
}

/// `hash` begins anew with all of the content.
template <typename Hash>
void hash_content(core_state& core, const load::content_key& key, std::uint64_t size, Hash& hash) {
    hash.reset();
    for (std::uint64_t at = 0; at < size;) {
        const auto piece = core.content->gather(key, at, size - at, core.iovecs, core.stamps);
        hash.update(std::span<const iovec>(core.iovecs).first(piece.iovecs));
        at += piece.bytes;
    }
}

}  // namespace

s3_step::s3_step(const scenario::step& what) : row(find_row(what.op)) {
    if (row == nullptr) return;
    for (const asked_parameter& p : row->parameters) {
        if (p.count != nullptr) {
            prepared.*p.count = static_cast<std::uint32_t>(what.number(p.name));
        }
        if (p.flag != nullptr) prepared.*p.flag = what.flag(p.name);
    }
}

s3_session::s3_session(core_state& core, const target_address& target)
    : core_(core), link_(core.connect(core, target)) {}

runtime::task<void> s3_session::execute(const engine::operation& op, engine::outcome& out) {
    out.endpoint = static_cast<std::uint16_t>(endpoint());
    std::int64_t first_sent_ns = 0;
    cancelled_ = false;
    for (std::uint32_t tries = 0;; ++tries) {
        link_->begin();
        link_->expire_at(core_.loop.turn_ns() + core_.options.timeout.operation_ns, false);
        bool open = link_->is_open() && !link_->is_stale();
        if (!open) open = co_await open_link(out);
        if (open) co_await attempt(op, out);
        if (first_sent_ns == 0) first_sent_ns = out.sent_ns;
        if (out.status == op_status::ok || tries >= core_.options.config->retries ||
            !is_repeatable(out.status)) {
            break;
        }
        co_await core_.loop.sleep_until(monotonic_ns() + (retry_first_ns << std::min(tries, 6U)));
        if (cancelled_) {
            out.fail(op_status::cancelled, "", "");
            out.done_ns = 0;
            break;
        }
        ++out.retries;
        out.status = op_status::ok;
        out.native = {};
        out.bytes = 0;
        out.sent_ns = 0;
    }
    out.sent_ns = first_sent_ns;
    if (out.done_ns == 0) out.done_ns = monotonic_ns();
    const operation_row* const row = static_cast<const s3_step&>(*op.step).row;
    if (row != nullptr && row->buckets == bucket_effect::makes) {
        core_.buckets.created(op.object, out);
    }
    if (link_->is_open()) {
        link_->expire_at(core_.loop.turn_ns() + core_.options.timeout.idle_ns, true);
    } else {
        link_->expire_at(0, true);
    }
}

runtime::task<bool> s3_session::open_link(engine::outcome& out, std::string* whole) {
    const std::int64_t now = monotonic_ns();
    if (out.sent_ns == 0) out.sent_ns = now;
    link_->expire_at(now + core_.options.timeout.connect_ns, false);
    const std::string problem = co_await link_->connect();
    if (whole != nullptr) *whole = problem;
    out.done_ns = 0;
    if (problem.empty()) {
        ++core_.counters.connects;
        if (!link_->is_plain()) ++core_.counters.tls_handshakes;
        if (link_->was_resumed()) ++core_.counters.tls_resumed;
        link_->expire_at(core_.loop.turn_ns() + core_.options.timeout.operation_ns, false);
        co_return true;
    }
    ++core_.counters.connect_failures;
    if (link_->error() == EADDRNOTAVAIL) ++core_.counters.no_port;
    if (link_->error() == EMFILE || link_->error() == ENFILE) ++core_.counters.no_descriptor;
    if (link_->ended() == connection::end::cancelled) {
        out.fail(op_status::cancelled, "", "");
    } else if (link_->ended() == connection::end::timed_out) {
        ++core_.counters.timeouts;
        out.fail(op_status::connect_failed, "ConnectTimeout", problem);
    } else {
        out.fail(op_status::connect_failed, "", problem);
    }
    out.done_ns = monotonic_ns();
    co_return false;
}

std::string_view s3_session::payload_hash(const engine::operation& op) {
    if (core_.options.config->payload == payload_signing::unsigned_payload) return {};
    hash_content(core_, {op.object, op.version}, op.size, core_.hash);
    core_.hash.finish_hex(hash_hex_);
    return {hash_hex_, sizeof hash_hex_};
}

exchange_job s3_session::render(const operation_row& row, request_writer& with,
                                engine::outcome& out) {
    const whole_request rendered = with.write(row, asked_, core_.wall_s(core_.loop.turn_ns()));
    exchange_job job;
    job.head = rendered.head;
    switch (row.request.sends) {
        case request_body::none:
            break;
        case request_body::content:
            job.key = load::content_key{asked_.object, asked_.version};
            job.body_bytes = asked_.size;
            break;
        case request_body::rendered:
            job.body = rendered.body;
            job.body_bytes = rendered.body.size();
            break;
    }
    job.expects_continue = asked_.expects_continue;
    job.head_request = row.request.is_head();
    job.to = &sink_;
    job.out = &out;
    const bool verify = core_.options.group->data.verify;
    sink_.begin(row, asked_, verify ? core_.content : nullptr);
    return job;
}

runtime::task<void> s3_session::attempt(const engine::operation& op, engine::outcome& out) {
    const auto& step = static_cast<const s3_step&>(*op.step);
    const operation_row* const row = step.row;
    if (row == nullptr) {
        out.fail(op_status::client_error, "NotImplemented", "the driver has no such operation");
        co_return;
    }
    asked_ = step.prepared;
    asked_.object = op.object;
    asked_.version = op.version;
    asked_.size = op.size;
    asked_.offset = op.offset;
    asked_.length = op.length;
    if (row->gives == answer_body::listing) {
        co_await list_pages(*row, out);
    } else if (row->buckets == bucket_effect::removes) {
        co_await remove_bucket(*row, op, out);
    } else {
        co_await one_request(*row, op, out);
    }
}

runtime::task<void> s3_session::one_request(const operation_row& row, const engine::operation& op,
                                            engine::outcome& out) {
    const bool sends_content = row.request.sends == request_body::content;
    if (sends_content) {
        const std::uint64_t expect_from = core_.options.config->expect_continue_bytes;
        asked_.expects_continue = expect_from > 0 && op.size >= expect_from;
        asked_.payload_hash = payload_hash(op);
    }
    exchange_job job = render(row, core_.writer(endpoint(), op.object), out);
    if (row.writes && !core_.is_kept(op.object)) ++core_.writes.versions;
    const bool complete = co_await link_->carry_out(job);
    if (complete) judge_answer(row, out);
    if (sends_content) {
        if (!complete) ++core_.writes.unanswered;
        if (out.status != op_status::ok) core_.etags.in_doubt(op.object, op.version);
    }
    if (job.must_close) link_->close();
}

void s3_session::judge_answer(const operation_row& row, engine::outcome& out) {
    const answer& a = sink_.whole();
    out.native = native_code::of_http(a.status);
    failure why;
    out.bytes += judge(row, asked_, a, core_.etags, why);
    if (!why && a.etag_is_md5 && core_.options.group->data.verify && !etag_is_right(a)) {
        char text[sizeof why.text];
        std::snprintf(text, sizeof text,
                      "object %llu version %u: the ETag %.32s is not the MD5 of its content",
                      static_cast<unsigned long long>(asked_.object), asked_.version, a.etag);
        why.set(op_status::corrupt, "WrongETag", text);
    }
    fail(out, why);
}

bool s3_session::etag_is_right(const answer& a) {
    const std::string_view tag(a.etag, sizeof a.etag);
    // Nothing has the same ETag at most services, whatever that of something is: it proves nothing.
    if (asked_.size == 0 || !is_md5_tag(tag) || !core_.digests.wants(asked_.size)) return true;
    hash_content(core_, {asked_.object, asked_.version}, asked_.size, core_.md5);
    char right[sizeof a.etag];
    core_.md5.finish_hex(right);
    return core_.digests.compare(etag_mark({right, sizeof right}) == a.etag_mark);
}

runtime::task<void> s3_session::list_pages(const operation_row& row, engine::outcome& out) {
    char token[list_scanner::max_token_bytes];
    std::int64_t first_sent_ns = 0;
    std::int64_t first_byte_ns = 0;
    // The time-out is that of the whole listing: a server could send pages for ever.
    const std::int64_t due_ns = link_->due_ns;
    listing_progress progress;
    std::uint64_t keys = 0;
    asked_.prefix = core_.prefix_of_listings();
    const std::uint64_t least_keys = core_.must_list.least_keys(asked_.directory());
    for (std::uint32_t number = 0; asked_.pages == 0 || number < asked_.pages; ++number) {
        exchange_job job = render(row, core_.writer(endpoint(), 0), out);
        const bool complete = co_await link_->carry_out(job);
        if (complete) judge_answer(row, out);
        if (number == 0) {
            first_sent_ns = out.sent_ns;
            first_byte_ns = out.first_byte_ns;
        }
        if (job.must_close) link_->close();
        if (out.status != op_status::ok) break;
        const list_scanner& page = sink_.page();
        keys += page.keys();
        if (!page.is_truncated()) {
            fail(out, judge_whole(keys, least_keys, asked_.one_directory));
            break;
        }
        fail(out, judge_going_on(progress, page, least_keys));
        if (out.status != op_status::ok) break;
        if (!link_->is_open()) {
            const bool open = co_await open_link(out);
            if (!open) break;
            link_->expire_at(due_ns, false);
        }
        const std::string_view next = page.token();
        std::memcpy(token, next.data(), next.size());
        asked_.token = {token, next.size()};
    }
    out.sent_ns = first_sent_ns;
    out.first_byte_ns = first_byte_ns;
}

runtime::task<void> s3_session::remove_bucket(const operation_row& row, const engine::operation& op,
                                              engine::outcome& out) {
    const made_buckets::claim claim = core_.buckets.whose(op.object);
    if (claim == made_buckets::claim::ours && !op.cleaning) {
        co_await one_request(row, op, out);
        co_return;
    }
    out.sent_ns = core_.loop.turn_ns();
    const std::string name = made_bucket_name(core_.options.bucket_stem, op.object);
    if (claim != made_buckets::claim::ours) {
        out.native = native_code::of_http(claim == made_buckets::claim::foreign ? 404 : 409);
        out.fail(
            op_status::client_error, "NotOurs",
            "the bucket " + name + " is not shown to be this run's: making it was refused (409)");
        co_return;
    }
    detached_ = true;
    const std::string& endpoint_name = core_.options.config->endpoints[endpoint()];
    op_status why = op_status::ok;
    const std::string problem = co_await remove_empty_bucket(*this, name, endpoint_name, &why);
    if (problem.empty()) co_return;
    if (why == op_status::ok) why = op_status::bad_response;
    out.fail(why, "NotRemoved", "the bucket " + name + ": " + problem);
}

}  // namespace chopsticks::s3
