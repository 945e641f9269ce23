// Reading an answer: its head, then its body into the exchange's sink.

#include <chopsticks/core/clock.hpp>
#include <cstdio>

#include "session.hpp"

namespace chopsticks::s3 {

namespace {

/// Bodies of which more than this is left are dropped in the kernel, if that is allowed.
constexpr std::uint64_t discard_from_bytes = 32 * 1024;

/// An alert or a handshake record, of any version of TLS (RFC 8446, section 5.1).
bool is_tls_record(std::string_view bytes) noexcept {
    return bytes.size() >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03;
}

}  // namespace

runtime::task<bool> s3_session::read_head(exchange_state& x, http::response_head& head) {
    for (;;) {
        if (!input_.empty()) {
            switch (http::parse_head(input_, head, x.head_request)) {
                case http::head_state::complete:
                    input_.remove_prefix(head.head_bytes);
                    if (head.status >= 200) co_return true;
                    if (head.status == 101) {
                        x.must_close = true;
                        x.out->fail(op_status::bad_response, "SwitchingProtocols",
                                    "the server changed the protocol");
                        co_return false;
                    }
                    continue;  // an interim answer
                case http::head_state::bad:
                    x.must_close = true;
                    x.out->fail(op_status::bad_response, "NotHttp",
                                link_.is_plain() && is_tls_record(input_)
                                    ? "the answer is TLS, not HTTP: write https:// in the endpoint"
                                    : "the answer is not HTTP/1.1; is this an S3 endpoint?");
                    input_ = {};
                    co_return false;
                case http::head_state::need_more:
                    break;
            }
        }
        // Nearly always the first read brings the whole head, and this is not needed.
        if (!input_.empty() && input_.data() != buffer_.data()) buffer_.assign(input_);
        const bool kept = !input_.empty();
        std::ptrdiff_t got = link_.is_readable()
                                 ? link_.try_read(core_.scratch.data(), core_.scratch.size())
                                 : link::would_block;
        while (got == link::would_block) {
            auto wait = link_.may_read();
            co_await wait;
            if (ended(x)) {
                input_ = {};
                co_return false;
            }
            got = link_.try_read(core_.scratch.data(), core_.scratch.size());
        }
        x.out->done_ns = monotonic_ns();
        if (got <= 0) {
            input_ = {};
            co_return lost(x, got, "before it answered");
        }
        if (x.out->first_byte_ns == 0) x.out->first_byte_ns = x.out->done_ns;
        const std::string_view fresh(core_.scratch.data(), static_cast<std::size_t>(got));
        if (kept) {
            buffer_.append(fresh);
            input_ = buffer_;
        } else {
            buffer_.clear();
            input_ = fresh;
        }
    }
}

bool s3_session::take(exchange_state& x, std::string_view slice) {
    switch (x.to) {
        case sink::drop:
            break;
        case sink::verify:
            if (x.mismatch == load::content::npos) {
                const std::uint64_t at = x.op->offset + x.received;
                const std::size_t bad = core_.content->mismatch(
                    load::content_key{x.op->object, x.op->version}, at, slice);
                if (bad != load::content::npos) x.mismatch = static_cast<std::size_t>(at + bad);
            }
            break;
        case sink::list:
            scanner_->feed(slice);
            break;
        case sink::keep:
            kept_.append(slice.substr(0, std::min(slice.size(), keep_most_ - kept_.size())));
            break;
    }
    x.received += slice.size();
    return true;
}

runtime::task<bool> s3_session::read_body(exchange_state& x, const http::response_head& head) {
    // The head's views die with the first suspension; what is needed of them is copied by callers.
    const http::body_kind kind = head.body;
    const std::uint64_t length = head.content_length;
    http::chunked_decoder chunks;
    std::uint64_t left = kind == http::body_kind::length ? length : ~0ULL;
    const bool kernel_drops =
        x.to == sink::drop && link_.is_plain() && core_.options.config->discard_in_kernel;
    for (;;) {
        if (!input_.empty()) {
            if (kind == http::body_kind::chunked) {
                const auto done =
                    chunks.decode(input_, [&](std::string_view slice) { take(x, slice); });
                input_.remove_prefix(done.consumed);
                if (done.state == http::chunked_state::complete) co_return true;
                if (done.state == http::chunked_state::bad) {
                    x.must_close = true;
                    x.out->fail(op_status::bad_response, "BadChunk",
                                "the answer's chunked coding is broken");
                    input_ = {};
                    co_return false;
                }
            } else {
                const std::string_view slice = input_.substr(
                    0, static_cast<std::size_t>(std::min<std::uint64_t>(left, input_.size())));
                take(x, slice);
                left -= slice.size();
                input_.remove_prefix(slice.size());
            }
        }
        if (kind == http::body_kind::length && left == 0) co_return true;
        std::ptrdiff_t got = link::would_block;
        const bool drop =
            kernel_drops && kind != http::body_kind::chunked && left >= discard_from_bytes;
        for (;;) {
            if (link_.is_readable()) {
                const std::uint64_t room =
                    kind == http::body_kind::length ? left : core_.scratch.size();
                got = drop ? link_.try_discard(
                                 static_cast<std::size_t>(std::min<std::uint64_t>(room, 1 << 30)))
                           : link_.try_read(core_.scratch.data(),
                                            static_cast<std::size_t>(std::min<std::uint64_t>(
                                                room, core_.scratch.size())));
                if (got != link::would_block) break;
            }
            auto wait = link_.may_read();
            co_await wait;
            if (ended(x)) co_return false;
        }
        if (got == 0 && kind == http::body_kind::until_close) {
            x.must_close = true;
            x.out->done_ns = monotonic_ns();
            co_return true;
        }
        if (got <= 0) {
            char when[96];
            std::snprintf(when, sizeof when, "after %llu of %llu bytes of the body",
                          static_cast<unsigned long long>(x.received),
                          static_cast<unsigned long long>(length));
            co_return lost(x, got, when);
        }
        if (drop) {
            x.received += static_cast<std::uint64_t>(got);
            left -= static_cast<std::uint64_t>(got);
        } else {
            input_ = {core_.scratch.data(), static_cast<std::size_t>(got)};
        }
        x.out->done_ns = 0;
    }
}

}  // namespace chopsticks::s3
