#include "session.hpp"

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>
#include <cstring>

namespace chopsticks::s3 {

namespace {

namespace catalogue = scenario::catalogue;

/// A server that does not know "Expect" sends no 100; the body is sent anyway after this (RFC 9110,
/// 10.1.1 leaves the time to the client; curl waits as long).
constexpr std::int64_t continue_wait_ns = 1'000'000'000;
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

}  // namespace

std::int64_t core_state::wall_s(std::int64_t now_ns) noexcept {
    if (now_ns >= wall_until_ns_) {
        const std::int64_t wall = wall_ns();
        wall_s_ = wall / 1'000'000'000;
        wall_until_ns_ = now_ns + 1'000'000'000 - wall % 1'000'000'000;
    }
    return wall_s_;
}

void core_state::note_put(const std::string& key, bool answered, int status) noexcept {
    if (mark_key.empty() || key != mark_key || (answered && status >= 300)) return;
    ++mark_puts;
    if (!answered) ++mark_unanswered;
}

s3_session::s3_session(core_state& core, const target_address& target)
    : core_(core), link_(core.loop, target, core.tls.get(), core.counters.open_connections) {}

runtime::task<void> s3_session::execute(const engine::operation& op, engine::outcome& out) {
    out.endpoint = static_cast<std::uint16_t>(endpoint());
    std::int64_t first_sent_ns = 0;
    cancelled_ = false;
    for (std::uint32_t tries = 0;; ++tries) {
        link_.begin();
        link_.expire_at(core_.loop.turn_ns() + core_.options.timeout.operation_ns, false);
        bool open = link_.is_open() && !link_.is_stale();
        if (!open) open = co_await open_link(out);
        if (open) {
            if (op.code == catalogue::s3_list) {
                co_await list_pages(op, out);
            } else if (op.code == catalogue::s3_delete_bucket) {
                co_await remove_bucket(op, out);
            } else {
                co_await attempt(op, out);
            }
        }
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
    if (op.code == catalogue::s3_create_bucket) core_.buckets.created(op.object, out);
    if (link_.is_open()) {
        link_.expire_at(core_.loop.turn_ns() + core_.options.timeout.idle_ns, true);
    } else {
        link_.expire_at(0, true);
    }
}

runtime::task<bool> s3_session::open_link(engine::outcome& out, std::string* whole) {
    const std::int64_t now = monotonic_ns();
    if (out.sent_ns == 0) out.sent_ns = now;
    link_.expire_at(now + core_.options.timeout.connect_ns, false);
    const std::string problem = co_await link_.connect();
    if (whole != nullptr) *whole = problem;
    out.done_ns = 0;
    if (problem.empty()) {
        input_ = {};
        ++core_.counters.connects;
        if (!link_.is_plain()) ++core_.counters.tls_handshakes;
        if (link_.was_resumed()) ++core_.counters.tls_resumed;
        link_.expire_at(core_.loop.turn_ns() + core_.options.timeout.operation_ns, false);
        co_return true;
    }
    ++core_.counters.connect_failures;
    if (link_.error() == EADDRNOTAVAIL) ++core_.counters.no_port;
    if (link_.error() == EMFILE || link_.error() == ENFILE) ++core_.counters.no_descriptor;
    if (link_.ended() == link::end::cancelled) {
        out.fail(op_status::cancelled, "", "");
    } else if (link_.ended() == link::end::timed_out) {
        ++core_.counters.timeouts;
        out.fail(op_status::connect_failed, "ConnectTimeout", problem);
    } else {
        out.fail(op_status::connect_failed, "", problem);
    }
    out.done_ns = monotonic_ns();
    co_return false;
}

std::string_view s3_session::payload_hash(const engine::operation& op) {
    if (core_.options.config->payload == scenario::payload_signing::unsigned_payload) return {};
    core_.hash.reset();
    const load::content_key key{op.object, op.version};
    for (std::uint64_t at = 0; at < op.size;) {
        const auto piece = core_.content->gather(key, at, op.size - at, core_.iovecs, core_.stamps);
        core_.hash.update(std::span<const iovec>(core_.iovecs).first(piece.iovecs));
        at += piece.bytes;
    }
    core_.hash.finish_hex(hash_hex_);
    return {hash_hex_, sizeof hash_hex_};
}

bool s3_session::render(const engine::operation& op, exchange_state& x) {
    const std::int64_t wall = core_.wall_s(core_.loop.turn_ns());
    request_writer& w = core_.writer(endpoint(), op.object);
    const bool verify = core_.options.group->data.verify;
    switch (op.code) {
        case catalogue::s3_put: {
            const std::uint64_t expect_from = core_.options.config->expect_continue_bytes;
            x.expects_continue = expect_from > 0 && op.size >= expect_from;
            x.body_bytes = op.size;
            x.to = sink::keep;
            x.head = w.put(op.object, op.size, payload_hash(op), x.expects_continue, wall);
            return true;
        }
        case catalogue::s3_get:
            x.to = verify ? sink::verify : sink::drop;
            x.head = op.length == 0
                         ? w.get(op.object, wall)
                         : w.get_range(op.object, op.offset, op.offset + op.length - 1, wall);
            return true;
        case catalogue::s3_head:
            x.head_request = true;
            x.head = w.head(op.object, wall);
            return true;
        case catalogue::s3_delete:
            x.to = sink::keep;
            x.head = w.remove(op.object, wall);
            return true;
        case catalogue::s3_create_bucket: {
            const whole_request r = w.create_bucket(op.object, wall);
            x.to = sink::keep;
            x.head = r.head;
            x.body = r.body;
            x.body_bytes = r.body.size();
            return true;
        }
        case catalogue::s3_head_bucket:
            x.head_request = true;
            x.head = w.head_bucket(request_writer::own_bucket, wall);
            return true;
        case catalogue::s3_delete_bucket:
            x.to = sink::keep;
            x.head = w.remove_bucket(op.object, wall);
            return true;
        default:
            return false;
    }
}

runtime::task<void> s3_session::attempt(const engine::operation& op, engine::outcome& out) {
    exchange_state x;
    x.op = &op;
    x.out = &out;
    if (!render(op, x)) {
        out.fail(op_status::client_error, "NotImplemented", "the driver has no such operation");
        co_return;
    }
    const bool put = op.code == catalogue::s3_put;
    const bool kept = !core_.kept_writers.empty() && op.object < core_.options.group->data.objects;
    if ((put || op.code == catalogue::s3_delete) && !kept) ++core_.writes.versions;
    http::response_head head;
    const bool complete = co_await exchange(x, head);
    if (complete) judge(x, head);
    if (put && !complete) ++core_.writes.unanswered;
    if (put && out.status != op_status::ok) {
        core_.etags.in_doubt(op.object, op.version);
    }
    if (x.must_close) link_.close();
}

runtime::task<bool> s3_session::exchange(exchange_state& x, http::response_head& head) {
    kept_.clear();
    buffer_.clear();
    input_ = {};
    x.out->sent_ns = monotonic_ns();
    x.out->first_byte_ns = x.out->done_ns = 0;
    // Each co_await in a statement of its own: GCC 12 silently drops the whole body of a coroutine
    // that has one inside `a && !co_await b`.
    const bool sent = co_await send(x);
    if (!sent) co_return false;
    // What came while the request was on its way: the answer, or its beginning.
    if (!buffer_.empty()) input_ = buffer_;
    const bool answered = co_await read_head(x, head);
    if (!answered) co_return false;
    if (x.early_answer && head.status < 300) {
        x.must_close = true;
        x.out->fail(op_status::bad_response, "EarlyAnswer",
                    "the server reported success before it had the whole request");
        co_return false;
    }
    if (x.reply != nullptr) {
        x.reply->region = head.bucket_region;
        x.reply->server = head.server;
        x.reply->location = head.location;
        x.reply->date_s = http::parse_http_date(head.date);
    }
    if (x.early_answer || !head.keep_alive) x.must_close = true;
    if (head.status == 206 && x.op != nullptr) {
        http::content_range range;
        x.range_as_asked = http::parse_content_range(head.content_range, range) &&
                           range.first == x.op->offset &&
                           range.last == x.op->offset + x.op->length - 1 &&
                           (range.total == 0 || range.total == x.op->size);
    }
    if (x.op != nullptr) keep(x, head);
    if (head.status >= 300) x.to = sink::keep;
    if (head.body != http::body_kind::none) {
        const bool complete = co_await read_body(x, head);
        if (!complete) co_return false;
    }
    x.out->done_ns = input_.empty() && x.out->done_ns > 0 ? x.out->done_ns : monotonic_ns();
    if (!input_.empty()) {
        x.must_close = true;
        x.out->fail(op_status::bad_response, "ExtraBytes",
                    "the server sent more bytes after the end of its answer");
        co_return false;
    }
    co_return true;
}

bool s3_session::ended(exchange_state& x) {
    if (link_.ended() == link::end::none) return false;
    x.must_close = true;
    x.out->done_ns = monotonic_ns();
    if (link_.ended() == link::end::cancelled) {
        x.out->fail(op_status::cancelled, "", "");
    } else {
        ++core_.counters.timeouts;
        x.out->fail(op_status::timeout, "Timeout",
                    "no complete answer from " + link_.target().text + " within the time-out");
    }
    return true;
}

bool s3_session::lost(exchange_state& x, std::ptrdiff_t result, const char* when) {
    x.must_close = true;
    x.out->done_ns = monotonic_ns();
    char text[160];
    std::snprintf(text, sizeof text, "%s %s %s", link_.target().text.c_str(),
                  result == 0 ? "closed the connection" : std::strerror(link_.error()), when);
    x.out->fail(op_status::connection_lost, result == 0 ? "Closed" : "Reset", text);
    return false;
}

runtime::task<bool> s3_session::send(exchange_state& x) {
    const std::size_t head_bytes = x.head.size();
    std::uint64_t sent = 0;
    const std::uint64_t total = head_bytes + x.body_bytes;
    const load::content_key key{x.op != nullptr ? x.op->object : 0,
                                x.op != nullptr ? x.op->version : 0};
    bool hold_body = x.expects_continue;
    while (sent < total) {
        std::span<iovec> parts = core_.iovecs;
        std::size_t count = 0;
        std::uint64_t asked = 0;
        if (sent < head_bytes) {
            parts[0].iov_base = const_cast<char*>(x.head.data() + sent);
            parts[0].iov_len = head_bytes - sent;
            asked = parts[0].iov_len;
            count = 1;
        }
        if (!hold_body && x.body_bytes > 0) {
            const std::uint64_t at = sent > head_bytes ? sent - head_bytes : 0;
            if (x.body.data() != nullptr) {
                parts[count].iov_base = const_cast<char*>(x.body.data() + at);
                parts[count].iov_len = x.body.size() - at;
                asked += parts[count++].iov_len;
            } else {
                const auto piece = core_.content->gather(key, at, x.body_bytes - at,
                                                         parts.subspan(count), core_.stamps);
                count += piece.iovecs;
                asked += piece.bytes;
            }
        }
        const std::ptrdiff_t wrote = link_.try_write(parts.first(count), core_.scratch);
        if (wrote > 0) {
            sent += static_cast<std::uint64_t>(wrote);
            if (hold_body && sent == head_bytes) {
                const bool go_on = co_await await_continue(x);
                if (!go_on) co_return x.early_answer;
                hold_body = false;
            }
            if (static_cast<std::uint64_t>(wrote) == asked) continue;
            if (sent >= head_bytes) continue;
        }
        if (wrote == link::failed) {
            // It may have answered and closed before it had read all: the reset that follows does
            // not take away what came before it.
            if (sent > 0 && listen(x) == word::answer) {
                x.early_answer = true;
                co_return true;
            }
            co_return lost(x, wrote, "while the request was sent");
        }
        if ((sent < head_bytes || !x.body.empty()) && x.head.data() != request_.data()) {
            // The writer's buffer belongs to the next request from here on.
            request_.assign(x.head);
            request_.append(x.body);
            x.head = std::string_view(request_).substr(0, head_bytes);
            if (!x.body.empty()) x.body = std::string_view(request_).substr(head_bytes);
        }
        if (wrote > 0) continue;
        auto wait = link_.may_write();
        co_await wait;
        if (ended(x)) co_return false;
        if (!link_.is_readable()) continue;
        const word heard = listen(x);
        if (heard == word::lost) co_return false;
        x.early_answer = heard == word::answer;
        if (x.early_answer) co_return true;
    }
    co_return true;
}

s3_session::word s3_session::listen(exchange_state& x) {
    word heard = word::nothing;
    for (;;) {
        const std::ptrdiff_t got = link_.try_read(core_.scratch.data(), core_.scratch.size());
        if (got == link::would_block) return heard;
        if (got <= 0) {
            lost(x, got, "before it had read the whole request");
            return word::lost;
        }
        buffer_.append(core_.scratch.data(), static_cast<std::size_t>(got));
        for (;;) {
            http::response_head head;
            const http::head_state state = http::parse_head(buffer_, head, x.head_request);
            if (state == http::head_state::need_more) break;
            if (state == http::head_state::bad || head.status >= 200 || head.status == 101) {
                x.out->first_byte_ns = monotonic_ns();
                return word::answer;
            }
            if (head.status == 100) heard = word::go_on;
            buffer_.erase(0, head.head_bytes);
        }
    }
}

runtime::task<bool> s3_session::await_continue(exchange_state& x) {
    // A time-out of its own, on the link's deadline; restored afterwards.
    const std::int64_t whole_due = link_.due_ns;
    const std::int64_t due = monotonic_ns() + continue_wait_ns;
    for (;;) {
        const word heard = listen(x);
        if (heard == word::go_on) co_return true;
        // A final answer instead of "100 Continue": the body is not sent.
        x.early_answer = heard == word::answer;
        if (heard != word::nothing) co_return false;
        link_.expire_at(std::min(due, whole_due), false);
        auto wait = link_.may_read();
        co_await wait;
        link_.expire_at(whole_due, false);
        if (link_.ended() == link::end::timed_out && monotonic_ns() < whole_due) {
            link_.begin();
            co_return true;  // it does not know Expect
        }
        if (ended(x)) co_return false;
    }
}

}  // namespace chopsticks::s3
