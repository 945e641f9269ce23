#pragma once
/// \file
/// What a session needs of a connection, whichever driver makes it: opening it, one exchange after
/// the other, time-outs. Belongs to its core.

#include <sys/socket.h>

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/load/content.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/runtime/task.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "answer_sink.hpp"

namespace chopsticks::s3 {

/// One address of one endpoint.
struct target_address {
    std::size_t endpoint = 0;  ///< index into the driver's endpoints
    sockaddr_storage address{};
    socklen_t length = 0;
    std::string host;  ///< name in the URL, for TLS
    std::string text;  ///< "127.0.0.1:9000", for messages
    std::string via;   ///< "http://127.0.0.1:3128": the proxy on the way; empty: none
};

/// A request, and where its answer goes. What is referred to outlives the exchange, but for `head`
/// and `body`, which are valid until its first suspension.
struct exchange_job {
    std::string_view head;
    /// \name The request's body: a text, then content of `key`, then another text. Each may be
    /// empty
    /// \{
    std::string_view body;
    std::uint64_t content_bytes = 0;
    std::string_view tail;
    /// \}
    load::content_key key;
    std::uint64_t content_offset = 0;  ///< of that content, where what is sent begins
    bool expects_continue = false;
    bool head_request = false;
    answer_sink* to = nullptr;
    engine::outcome* out = nullptr;  ///< times, and what went wrong
    bool must_close = false;         ///< set by the exchange
    /// \name Where connections open themselves
    /// \{
    std::int64_t until_ns = 0;       ///< time-out of all that it is part of; 0: its own alone
    std::string* problem = nullptr;  ///< receives uncut why none could be opened
    /// \}

    std::uint64_t body_bytes() const noexcept { return body.size() + content_bytes + tail.size(); }
};

class connection : public runtime::deadline {
  public:
    /// Why nothing more can be done on it.
    enum class end : std::uint8_t { none, timed_out, cancelled };

    explicit connection(const target_address& target) noexcept : target_(target) {}
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    const target_address& target() const noexcept { return target_; }
    end ended() const noexcept { return end_; }
    /// errno of the last failure.
    int error() const noexcept { return error_; }
    /// What it needs carry_out() opens, and counts: connect() is never called, is_open() is true.
    virtual bool opens_itself() const noexcept { return false; }
    virtual bool is_open() const noexcept = 0;
    /// The peer has closed or sent something unasked since the last exchange: not to be used again.
    virtual bool is_stale() noexcept = 0;
    virtual bool is_plain() const noexcept = 0;
    /// Of the last connect, over TLS.
    virtual bool was_resumed() const noexcept = 0;
    /// How long the last connect took that went well: the socket's own, and the TLS handshake
    /// behind it.
    std::int64_t connect_ns() const noexcept { return connect_ns_; }
    std::int64_t handshake_ns() const noexcept { return handshake_ns_; }

    /// Opens it. Empty: done; otherwise what failed, for a person.
    virtual runtime::task<std::string> connect() = 0;
    virtual void close() noexcept = 0;

    /// True: there is a whole answer; it is in `job.to`. Otherwise job.out says what happened.
    virtual runtime::task<bool> carry_out(exchange_job& job) = 0;

    /// Begins or moves the time-out; of an operation, or of being idle.
    void expire_at(std::int64_t due, bool idle) noexcept {
        due_ns = due;
        idle_ = idle;
    }
    /// Forgets an earlier end; before an operation.
    void begin() noexcept { end_ = end::none; }
    void cancel() noexcept {
        end_ = end::cancelled;
        wake();
    }

    void expired() override {
        if (idle_) return close();
        end_ = end::timed_out;
        wake();
    }

  protected:
    /// Whoever waits on the connection looks at ended().
    virtual void wake() noexcept = 0;

    /// \name Why connect() failed, for a person
    /// \{
    std::string no_socket(int error);
    std::string not_connected(int error);
    std::string stopped_connecting() const;
    std::string stopped_handshake() const;
    /// \}

    int error_ = 0;
    std::int64_t connect_ns_ = 0;
    std::int64_t handshake_ns_ = 0;

  private:
    const target_address& target_;
    end end_ = end::none;
    bool idle_ = false;
};

}  // namespace chopsticks::s3
