#pragma once
/// \file
/// A connection's socket: connecting, TLS, non-blocking reads and writes. Knows nothing of HTTP.
/// Belongs to its core.

#include <sys/uio.h>

#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/runtime/task.hpp>
#include <cstdint>
#include <span>
#include <string>

#include "connection.hpp"
#include "tls.hpp"

namespace chopsticks::s3 {

/// A socket that the core's loop watches itself, and OpenSSL on it.
class link : public connection {
  public:
    /// Results of try_read and try_write that are no counts.
    static constexpr std::ptrdiff_t would_block = -1;
    static constexpr std::ptrdiff_t failed = -2;

    /// `tls` null: plain TCP. `open_count`: raised while this is connected.
    link(runtime::reactor& loop, const target_address& target, tls_context* tls,
         std::uint64_t& open_count);
    ~link() override;

    bool is_open() const noexcept final { return watch_.fd >= 0; }
    bool is_stale() noexcept final {
        return watch_.hung_up || (watch_.readable && has_unasked_bytes());
    }
    bool is_plain() const noexcept final { return tls_ == nullptr; }
    bool was_resumed() const noexcept final { return resumed_; }
    runtime::task<std::string> connect() final;
    void close() noexcept final;

  protected:
    /// Bytes read, 0 at the end of the stream, would_block, or failed (errno in error()).
    std::ptrdiff_t try_read(char* to, std::size_t room) noexcept;
    /// Reads and drops, in the kernel. Plain links only.
    std::ptrdiff_t try_discard(std::size_t most) noexcept;
    /// What one write takes at most over TLS: OpenSSL sends one record at a time and returns.
    static constexpr std::size_t tls_write_bytes = SSL3_RT_MAX_PLAIN_LENGTH;
    /// Bytes written, would_block, or failed.
    std::ptrdiff_t try_write(std::span<const iovec> parts, std::span<char> scratch) noexcept;

    /// co_await: until try_read (or try_write) may get further, or the link ended. After
    /// would_block.
    auto may_read() noexcept { return waiter{this, wants_write_}; }
    auto may_write() noexcept { return waiter{this, !wants_read_, true}; }
    bool is_readable() const noexcept { return watch_.readable; }

    void wake() noexcept final { loop_.wake(watch_); }

  private:
    /// Waits on the watch for what is wanted; a writer is also woken by something to read, since a
    /// server may answer before it has read the whole request. It then has to read until
    /// would_block before it waits again, or it would never sleep: TLS session tickets come
    /// unasked.
    struct waiter {
        link* self;
        bool writable;
        bool also_readable = false;
        bool await_ready() const noexcept {
            if (self->ended() != end::none) return true;
            runtime::fd_watch& w = self->watch_;
            return (writable && w.writable) || ((!writable || also_readable) && w.readable);
        }
        void await_suspend(std::coroutine_handle<> coroutine) const noexcept {
            if (writable) self->watch_.writer = coroutine;
            if (!writable || also_readable) self->watch_.reader = coroutine;
        }
        void await_resume() const noexcept {
            self->watch_.reader = nullptr;
            self->watch_.writer = nullptr;
        }
    };

    bool has_unasked_bytes() noexcept;
    void count_open() noexcept;
    std::ptrdiff_t tls_result(int result) noexcept;
    std::ptrdiff_t plain_result(std::ptrdiff_t result, bool reading) noexcept;

    runtime::reactor& loop_;
    tls_context* tls_;
    std::uint64_t& open_count_;
    ssl_ptr ssl_;
    runtime::fd_watch watch_;
    bool resumed_ = false;
    bool counted_ = false;
    bool wants_write_ = false;  // TLS: a read waits for a write
    bool wants_read_ = false;   // TLS: a write waits for a read
};

}  // namespace chopsticks::s3
