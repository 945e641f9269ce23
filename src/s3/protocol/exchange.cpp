#include <algorithm>
#include <chopsticks/s3/protocol/exchange.hpp>
#include <cstdio>
#include <cstring>

namespace chopsticks::s3 {

// Of any version of TLS (RFC 8446, section 5.1).
bool is_tls_record(std::string_view bytes) noexcept {
    return bytes.size() >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03;
}

void exchange::begin(const exchange_request& what) noexcept {
    request_ = what;
    state_ = state::sending;
    fault_ = exchange_fault::none;
    holds_body_ = what.expects_continue && what.body_bytes > 0;
    early_ = must_close_ = false;
    error_ = 0;
    sent_ = received_ = left_ = 0;
    kept_.clear();
    input_ = piece_ = {};
}

void exchange::end(exchange_fault why) noexcept {
    state_ = state::over;
    fault_ = why;
    must_close_ = true;
}

exchange_step exchange::next() {
    switch (state_) {
        case state::sending:
            return exchange_step::send;
        case state::holding:
            return exchange_step::await_continue;
        case state::last_words:
            return exchange_step::listen;
        case state::head:
            return read_head();
        case state::body:
            return read_body();
        case state::over:
            break;
    }
    return exchange_step::finish;
}

void exchange::sent(std::uint64_t bytes) noexcept {
    sent_ += bytes;
    if (state_ != state::sending || sent_ < send_until()) return;
    if (holds_body_) {
        state_ = state::holding;
    } else {
        begin_head();
    }
}

void exchange::send_failed(int error) noexcept {
    error_ = error;
    // It may have answered and closed before it had read all: the reset that follows does not take
    // away what came before it.
    if (sent_ > 0 && state_ != state::over) {
        state_ = state::last_words;
    } else {
        end(exchange_fault::lost_sending);
    }
}

void exchange::received(std::string_view bytes) {
    switch (state_) {
        case state::sending:
        case state::holding:
        case state::last_words:
            kept_.append(bytes);
            look_for_answer();
            return;
        case state::head:
            if (input_.empty()) {
                input_ = bytes;
            } else {
                kept_.append(bytes);
                input_ = kept_;
            }
            return;
        case state::body:
            input_ = bytes;
            return;
        case state::over:
            return;
    }
}

void exchange::look_for_answer() {
    while (!kept_.empty()) {
        const http::head_state found = http::parse_head(kept_, head_, request_.head_request);
        if (found == http::head_state::need_more) return;
        if (found == http::head_state::bad || head_.status >= 200 || head_.status == 101) {
            early_ = true;
            begin_head();
            return;
        }
        if (head_.status == 100 && state_ == state::holding) {
            holds_body_ = false;
            state_ = state::sending;
        }
        kept_.erase(0, head_.head_bytes);
    }
}

void exchange::begin_head() noexcept {
    state_ = state::head;
    input_ = kept_;
}

void exchange::skipped(std::uint64_t bytes) noexcept {
    received_ += bytes;
    left_ -= bytes;
}

void exchange::nothing_came() noexcept {
    if (state_ == state::last_words) end(exchange_fault::lost_sending);
}

void exchange::closed(int error) noexcept {
    switch (state_) {
        case state::sending:
        case state::holding:
            error_ = error;
            end(exchange_fault::lost_unread);
            return;
        case state::last_words:
            end(exchange_fault::lost_sending);
            return;
        case state::head:
            error_ = error;
            end(exchange_fault::lost_unanswered);
            return;
        case state::body:
            if (error == 0 && head_.body == http::body_kind::until_close) {
                must_close_ = true;
                state_ = state::over;
                return;
            }
            error_ = error;
            end(exchange_fault::lost_body);
            return;
        case state::over:
            return;
    }
}

void exchange::waited() noexcept {
    if (state_ != state::holding) return;
    holds_body_ = false;
    state_ = state::sending;
}

exchange_step exchange::read_head() {
    while (!input_.empty()) {
        switch (http::parse_head(input_, head_, request_.head_request)) {
            case http::head_state::complete:
                input_.remove_prefix(head_.head_bytes);
                if (head_.status >= 200) return take_head();
                if (head_.status == 101) {
                    end(exchange_fault::switching_protocols);
                    return exchange_step::finish;
                }
                continue;  // an interim answer
            case http::head_state::bad:
                end(exchange_fault::not_http);
                return exchange_step::finish;
            case http::head_state::need_more:
                break;
        }
        // Nearly always the first read brings the whole head, and this is not needed.
        if (input_.data() != kept_.data()) kept_.assign(input_);
        input_ = kept_;
        break;
    }
    return exchange_step::receive;
}

exchange_step exchange::take_head() noexcept {
    if (early_ && head_.status < 300) {
        end(exchange_fault::early_success);
        return exchange_step::finish;
    }
    must_close_ = early_ || !head_.keep_alive;
    left_ = head_.body == http::body_kind::length ? head_.content_length : ~0ULL;
    if (head_.body == http::body_kind::chunked) chunks_.reset();
    state_ = state::body;
    return exchange_step::head;
}

exchange_step exchange::read_body() noexcept {
    if (head_.body == http::body_kind::none || left_ == 0) return complete();
    if (input_.empty()) return exchange_step::receive;
    if (head_.body != http::body_kind::chunked) {
        piece_ = input_.substr(
            0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input_.size())));
        left_ -= piece_.size();
        received_ += piece_.size();
        input_.remove_prefix(piece_.size());
        return exchange_step::body;
    }
    input_.remove_prefix(chunks_.step(input_, piece_));
    if (!piece_.empty()) {
        received_ += piece_.size();
        return exchange_step::body;
    }
    switch (chunks_.state()) {
        case http::chunked_state::need_more:
            break;
        case http::chunked_state::complete:
            return complete();
        case http::chunked_state::bad:
            end(exchange_fault::bad_chunk);
            return exchange_step::finish;
    }
    return exchange_step::receive;
}

exchange_step exchange::complete() noexcept {
    state_ = state::over;
    if (!input_.empty()) end(exchange_fault::extra_bytes);
    return exchange_step::finish;
}

exchange_ending exchange::ending(bool plain) const noexcept {
    exchange_ending out;
    out.fault = fault_;
    out.error = error_;
    out.body_bytes = received_;
    out.body_length = head_.content_length;
    out.tls_answer = plain && is_tls_record(input_);
    return out;
}

failure explain(const exchange_ending& how, std::string_view peer) {
    failure out;
    const auto lost = [&](const char* when) {
        char text[sizeof out.text];
        std::snprintf(text, sizeof text, "%.*s %s %s", static_cast<int>(peer.size()), peer.data(),
                      how.error == 0 ? "closed the connection" : std::strerror(how.error), when);
        out.set(op_status::connection_lost, how.error == 0 ? "Closed" : "Reset", text);
    };
    switch (how.fault) {
        case exchange_fault::none:
            break;
        case exchange_fault::cancelled:
            out.set(op_status::cancelled, "", "");
            break;
        case exchange_fault::timed_out: {
            char text[sizeof out.text];
            std::snprintf(text, sizeof text, "no complete answer from %.*s within the time-out",
                          static_cast<int>(peer.size()), peer.data());
            out.set(op_status::timeout, "Timeout", text);
            break;
        }
        case exchange_fault::lost_sending:
            lost("while the request was sent");
            break;
        case exchange_fault::lost_unread:
            lost("before it had read the whole request");
            break;
        case exchange_fault::lost_unanswered:
            lost("before it answered");
            break;
        case exchange_fault::lost_body: {
            char when[96];
            std::snprintf(when, sizeof when, "after %llu of %llu bytes of the body",
                          static_cast<unsigned long long>(how.body_bytes),
                          static_cast<unsigned long long>(how.body_length));
            lost(when);
            break;
        }
        case exchange_fault::not_http:
            out.set(op_status::bad_response, "NotHttp",
                    how.tls_answer ? "the answer is TLS, not HTTP: write https:// in the endpoint"
                                   : "the answer is not HTTP/1.1; is this an S3 endpoint?");
            break;
        case exchange_fault::switching_protocols:
            out.set(op_status::bad_response, "SwitchingProtocols",
                    "the server changed the protocol");
            break;
        case exchange_fault::early_success:
            out.set(op_status::bad_response, "EarlyAnswer",
                    "the server reported success before it had the whole request");
            break;
        case exchange_fault::bad_chunk:
            out.set(op_status::bad_response, "BadChunk", "the answer's chunked coding is broken");
            break;
        case exchange_fault::extra_bytes:
            out.set(op_status::bad_response, "ExtraBytes",
                    "the server sent more bytes after the end of its answer");
            break;
    }
    return out;
}

}  // namespace chopsticks::s3
