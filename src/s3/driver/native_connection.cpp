#include "native_connection.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>

#include "core_state.hpp"

namespace chopsticks::s3 {

namespace {

/// Bodies of which more than this is left are dropped in the kernel, if that is allowed.
constexpr std::uint64_t discard_from_bytes = 32 * 1024;
constexpr std::uint64_t discard_most_bytes = 1 << 30;

}  // namespace

native_connection::native_connection(core_state& core, const target_address& target)
    : link(core.loop, target, core.tls.get(), core.counters.open_connections), core_(core) {}

std::ptrdiff_t native_connection::send_some(const exchange_job& job) noexcept {
    const std::span<iovec> parts = core_.iovecs;
    const std::uint64_t from = machine_.sent();
    const std::uint64_t until = machine_.send_until();
    const std::uint64_t head_bytes = job.head.size();
    std::size_t count = 0;
    if (from < head_bytes) {
        parts[0].iov_base = const_cast<char*>(job.head.data() + from);
        parts[0].iov_len = head_bytes - from;
        count = 1;
    }
    if (until > head_bytes) {
        std::uint64_t at = from > head_bytes ? from - head_bytes : 0;
        // What is left of a text whose bytes before `at` are sent; `at` is then behind it.
        const auto add = [&](std::string_view text) {
            if (at < text.size()) {
                parts[count].iov_base = const_cast<char*>(text.data() + at);
                parts[count++].iov_len = text.size() - at;
                at = text.size();
            }
            at -= text.size();
        };
        add(job.body);
        if (at < job.content_bytes) {
            const std::uint64_t left = job.content_bytes - at;
            const std::uint64_t most =
                is_plain() ? left : std::min<std::uint64_t>(left, tls_write_bytes);
            const auto piece = core_.content->gather(job.key, job.content_offset + at, most,
                                                     parts.subspan(count), core_.stamps);
            count += piece.iovecs;
            at += piece.bytes;
        }
        if (at >= job.content_bytes && count < parts.size()) {
            at -= job.content_bytes;
            add(job.tail);
        }
    }
    return try_write(parts.first(count), core_.scratch);
}

void native_connection::hear(engine::outcome& out) {
    for (;;) {
        const std::ptrdiff_t got = try_read(core_.scratch.data(), core_.scratch.size());
        if (got == would_block) return machine_.nothing_came();
        if (got <= 0) return machine_.closed(got == 0 ? 0 : error());
        machine_.received({core_.scratch.data(), static_cast<std::size_t>(got)});
        if (!machine_.answered_early()) continue;
        out.first_byte_ns = monotonic_ns();
        return;
    }
}

void native_connection::keep_request(exchange_job& job) {
    if (job.head.data() == request_.data()) return;
    if (machine_.sent() >= job.head.size() && job.body.empty()) return;
    // The writer's buffer belongs to the next request from here on.
    const std::size_t head_bytes = job.head.size();
    request_.assign(job.head);
    request_.append(job.body);
    job.head = std::string_view(request_).substr(0, head_bytes);
    if (!job.body.empty()) job.body = std::string_view(request_).substr(head_bytes);
}

bool native_connection::was_stopped() noexcept {
    if (ended() == end::none) return false;
    if (ended() == end::cancelled) {
        machine_.cancelled();
    } else {
        machine_.timed_out();
    }
    return true;
}

runtime::task<bool> native_connection::carry_out(exchange_job& job) {
    engine::outcome& out = *job.out;
    exchange_request request;
    request.head_bytes = job.head.size();
    request.body_bytes = job.body_bytes();
    request.expects_continue = job.expects_continue;
    request.head_request = job.head_request;
    machine_.begin(request);
    bool discards = false;      // the body, in the kernel
    std::int64_t asked_ns = 0;  // since when "100 Continue" is awaited
    out.sent_ns = monotonic_ns();
    out.first_byte_ns = out.done_ns = 0;
    for (;;) {
        const exchange_step step = machine_.next();
        // Nearly every request is taken at once, and its answer is not there yet.
        if (step == exchange_step::send) {
            const std::ptrdiff_t wrote = send_some(job);
            if (wrote > 0) {
                machine_.sent(static_cast<std::uint64_t>(wrote));
                continue;
            }
            if (wrote == failed) {
                machine_.send_failed(error());
                continue;
            }
            keep_request(job);
            auto wait = may_write();
            co_await wait;
            if (!was_stopped() && is_readable()) hear(out);
        } else if (step == exchange_step::receive) {
            const bool in_body = machine_.has_head();
            const std::uint64_t room = machine_.room();
            const bool drop = discards && room >= discard_from_bytes;
            std::ptrdiff_t got = would_block;
            // TLS may have waited for something else than bytes to read.
            for (bool waited = false;; waited = true) {
                if (waited || is_readable()) {
                    got = drop ? try_discard(static_cast<std::size_t>(
                                     std::min<std::uint64_t>(room, discard_most_bytes)))
                               : try_read(core_.scratch.data(),
                                          static_cast<std::size_t>(
                                              std::min<std::uint64_t>(room, core_.scratch.size())));
                    if (got != would_block) break;
                }
                auto wait = may_read();
                co_await wait;
                if (was_stopped()) break;
            }
            if (got == would_block) continue;
            // Of a body that comes in several reads only the end is looked at.
            out.done_ns = in_body ? 0 : monotonic_ns();
            if (got <= 0) {
                machine_.closed(got == 0 ? 0 : error());
                continue;
            }
            if (out.first_byte_ns == 0) out.first_byte_ns = out.done_ns;
            if (drop) {
                machine_.skipped(static_cast<std::uint64_t>(got));
                job.to->note_dropped(static_cast<std::uint64_t>(got));
            } else {
                machine_.received({core_.scratch.data(), static_cast<std::size_t>(got)});
            }
        } else if (step == exchange_step::head) {
            job.to->head(machine_.head());
            discards = job.to->drops() && machine_.may_skip() && is_plain() &&
                       core_.options.config->discard_in_kernel;
        } else if (step == exchange_step::body) {
            job.to->take(machine_.piece());
        } else if (step == exchange_step::finish) {
            co_return finish(job);
        } else if (step == exchange_step::listen) {
            hear(out);
        } else {
            // A time-out of its own, on the connection's deadline; restored afterwards.
            if (asked_ns == 0) asked_ns = monotonic_ns();
            const std::int64_t whole_due = due_ns;
            expire_at(std::min(asked_ns + exchange::continue_wait_ns, whole_due), false);
            auto wait = may_read();
            co_await wait;
            expire_at(whole_due, false);
            if (ended() == end::timed_out && monotonic_ns() < whole_due) {
                begin();
                machine_.waited();
                continue;
            }
            if (!was_stopped()) hear(out);
        }
    }
}

bool native_connection::finish(exchange_job& job) {
    job.must_close = machine_.must_close();
    engine::outcome& out = *job.out;
    if (machine_.fault() == exchange_fault::none) {
        if (out.done_ns == 0) out.done_ns = monotonic_ns();
        return true;
    }
    out.done_ns = monotonic_ns();
    if (machine_.fault() == exchange_fault::timed_out) ++core_.counters.timeouts;
    const failure why = explain(machine_.ending(is_plain()), target().text);
    out.fail(why.status, why.code, why.text);
    return false;
}

std::unique_ptr<connection> make_native_connection(core_state& core, const target_address& target) {
    return std::make_unique<native_connection>(core, target);
}

}  // namespace chopsticks::s3
