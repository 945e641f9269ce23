#pragma once
/// \file
/// One request and its answer over a connection that is open, as a state machine: it is told what
/// was sent and what came, and says what is to be done next. It holds no socket, no clock and no
/// coroutine.

#include <chopsticks/http/chunked.hpp>
#include <chopsticks/http/response_head.hpp>
#include <chopsticks/s3/protocol/failure.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// What an exchange has to send, in bytes; the bytes themselves stay with whoever sends them.
struct exchange_request {
    std::uint64_t head_bytes = 0;
    std::uint64_t body_bytes = 0;
    bool expects_continue = false;  ///< the body waits until the server asks for it
    bool head_request = false;      ///< the answer has no body, whatever its head says
};

/// What whoever holds the connection does next.
enum class exchange_step : std::uint8_t {
    /// Send the request's bytes from sent() to send_until(), as many as the connection takes. If it
    /// takes none, wait until it does or something comes; read what came.
    send,
    /// Read what has come, without waiting: the peer takes no more, but it may have said why.
    listen,
    /// Wait for something to read, but no longer than continue_wait_ns in all.
    await_continue,
    /// Wait for something to read, and read at most room() bytes.
    receive,
    /// Look at head(): that of the answer.
    head,
    /// Look at piece(): a part of the answer's body.
    body,
    /// Nothing: it is over, and fault() says how.
    finish,
};

/// How an exchange ended.
enum class exchange_fault : std::uint8_t {
    none,                 ///< a whole answer
    cancelled,            ///< the caller gave it up
    timed_out,            ///< the caller's time-out
    lost_sending,         ///< the connection broke while the request was sent
    lost_unread,          ///< it ended before the whole request was sent
    lost_unanswered,      ///< it ended before the head of an answer
    lost_body,            ///< it ended within the answer's body
    not_http,             ///< what came is no head of HTTP/1.1
    switching_protocols,  ///< 101
    early_success,        ///< success was reported before the whole request was sent
    bad_chunk,            ///< broken chunked coding
    extra_bytes,          ///< bytes behind the end of the answer
};

/// Whether bytes that are no HTTP are the beginning of an alert or a handshake of TLS.
bool is_tls_record(std::string_view bytes) noexcept;

/// What is to be said of an end.
struct exchange_ending {
    exchange_fault fault = exchange_fault::none;
    int error = 0;                  ///< of a lost connection: errno; 0: the peer closed it
    std::uint64_t body_bytes = 0;   ///< that came
    std::uint64_t body_length = 0;  ///< that the head named
    bool tls_answer = false;        ///< what is no HTTP is TLS, and was not asked for
};

/// An end as an outcome has it. `peer`: its address.
failure explain(const exchange_ending& how, std::string_view peer);

/// The exchange in hand of one connection; begin() makes it the next one. Once warm it allocates
/// nothing. Belongs to its connection's core.
///
/// next() says what to do; what was done is told by one of the events, or, after `head` and `body`,
/// by calling next() again. Events that no step asked for are taken as well: an answer may come,
/// and a connection end, at any time.
class exchange {
  public:
    /// A server that does not know "Expect" sends no 100; the body is sent anyway after this (RFC
    /// 9110, 10.1.1 leaves the time to the client; curl waits as long).
    static constexpr std::int64_t continue_wait_ns = 1'000'000'000;

    void begin(const exchange_request& what) noexcept;
    exchange_step next();

    /// \name Events
    /// \{
    /// So many bytes of the request were taken, none beyond send_until().
    void sent(std::uint64_t bytes) noexcept;
    /// The connection takes no more bytes (errno).
    void send_failed(int error) noexcept;
    /// Bytes came. They stay where they are until next() says to send, listen, wait or receive.
    void received(std::string_view bytes);
    /// So many bytes of the body came and were dropped unseen: where may_skip(), at most room().
    void skipped(std::uint64_t bytes) noexcept;
    /// After `listen`: there is nothing to read.
    void nothing_came() noexcept;
    /// The peer closed (0), or the connection broke (errno).
    void closed(int error) noexcept;
    /// After `await_continue`: that time is over.
    void waited() noexcept;
    void timed_out() noexcept { end(exchange_fault::timed_out); }
    void cancelled() noexcept { end(exchange_fault::cancelled); }
    /// \}

    /// Bytes of head and body that were sent.
    std::uint64_t sent() const noexcept { return sent_; }
    /// Where sending ends for now: at the end of the head while the body is held back.
    std::uint64_t send_until() const noexcept {
        return holds_body_ ? request_.head_bytes : request_.head_bytes + request_.body_bytes;
    }
    /// Whether an answer came, or began to, before all was sent. No more is sent then.
    bool answered_early() const noexcept { return early_; }
    /// Whether `head` was given out.
    bool has_head() const noexcept { return state_ == state::body; }
    /// Of the answer. Its views live until next() says to send, listen, wait or receive.
    const http::response_head& head() const noexcept { return head_; }
    std::string_view piece() const noexcept { return piece_; }
    /// Body bytes given out or skipped.
    std::uint64_t body_bytes() const noexcept { return received_; }
    /// Bytes that may be read at once; ~0: any number.
    std::uint64_t room() const noexcept {
        return state_ == state::body && head_.body == http::body_kind::length ? left_ : ~0ULL;
    }
    /// Whether what comes next is body and nothing but.
    bool may_skip() const noexcept {
        return state_ == state::body && head_.body != http::body_kind::chunked;
    }

    exchange_fault fault() const noexcept { return fault_; }
    /// After `finish`: whether the connection cannot be used for another exchange.
    bool must_close() const noexcept { return must_close_; }
    /// After `finish`, before what came last is gone. `plain`: the connection is not TLS.
    exchange_ending ending(bool plain) const noexcept;

  private:
    enum class state : std::uint8_t { sending, holding, last_words, head, body, over };

    void end(exchange_fault why) noexcept;
    void look_for_answer();
    void begin_head() noexcept;
    exchange_step read_head();
    exchange_step take_head() noexcept;
    exchange_step read_body() noexcept;
    exchange_step complete() noexcept;

    exchange_request request_;
    state state_ = state::over;
    exchange_fault fault_ = exchange_fault::none;
    bool holds_body_ = false;
    bool early_ = false;
    bool must_close_ = false;
    int error_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t left_ = 0;  // of the answer's body, unless it is chunked
    http::response_head head_;
    http::chunked_decoder chunks_;
    std::string kept_;        // bytes that had to survive a read
    std::string_view input_;  // bytes that came and are not used: in kept_ or the caller's
    std::string_view piece_;
};

}  // namespace chopsticks::s3
