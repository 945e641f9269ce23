#include "link.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

/// Records that are read from the socket at once: some four full ones.
constexpr std::size_t tls_read_bytes = 64 * 1024;

}  // namespace

link::link(runtime::reactor& loop, const target_address& target, tls_context* tls,
           std::uint64_t& open_count)
    : connection(target), loop_(loop), tls_(tls), open_count_(open_count) {
    loop_.add(static_cast<runtime::deadline&>(*this));
}

link::~link() {
    close();
    loop_.remove(static_cast<runtime::deadline&>(*this));
}

void link::close() noexcept {
    if (watch_.fd < 0) return;
    // Without a closing handshake: the exchange is over or broken, and who waits for one waits
    // long.
    // Said to OpenSSL all the same: it never again offers the session of a connection that was
    // freed without.
    if (ssl_) ::SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    ssl_.reset();
    loop_.remove(watch_);
    ::close(watch_.fd);
    watch_.fd = -1;
    if (counted_) --open_count_;
    counted_ = false;
    watch_.readable = watch_.writable = watch_.hung_up = false;
    wants_read_ = wants_write_ = false;
}

void link::count_open() noexcept {
    counted_ = true;
    ++open_count_;
}

runtime::task<std::string> link::connect() {
    close();
    error_ = 0;
    const std::int64_t began_ns = monotonic_ns();
    const int fd =
        ::socket(target().address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) co_return no_socket(errno);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int failure = 0;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&target().address), target().length) != 0 &&
        errno != EINPROGRESS) {
        failure = errno;
        ::close(fd);
        co_return not_connected(failure);
    }
    watch_.fd = fd;
    if (!loop_.add(watch_)) {
        failure = errno;
        ::close(fd);
        watch_.fd = -1;
        co_return "cannot connect to " + target().text +
            ": cannot watch the socket: " + std::strerror(failure);
    }
    while (!watch_.writable && ended() == end::none) {
        const waiter wait{this, true};
        co_await wait;
    }
    if (ended() != end::none) {
        close();
        co_return stopped_connecting();
    }
    socklen_t size = sizeof failure;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) {
        close();
        co_return not_connected(failure);
    }
    const std::int64_t connected_ns = monotonic_ns();
    connect_ns_ = connected_ns - began_ns;
    if (tls_ == nullptr) {
        count_open();
        co_return std::string();
    }

    ssl_ = tls_->start(target().host, target().endpoint);
    ::SSL_set_fd(ssl_.get(), fd);
    // Otherwise each record costs two reads, one of them of its header alone.
    ::SSL_set_read_ahead(ssl_.get(), 1);
    ::SSL_set_default_read_buffer_len(ssl_.get(), tls_read_bytes);
    for (;;) {
        ::ERR_clear_error();
        errno = 0;
        const int result = ::SSL_do_handshake(ssl_.get());
        if (result == 1) break;
        const int what = ::SSL_get_error(ssl_.get(), result);
        if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) {
            std::string why = tls_->failure(ssl_.get(), tls_context::end_of(ssl_.get(), result));
            close();
            co_return "TLS handshake with " + target().text + " failed: " + why;
        }
        const bool writing = what == SSL_ERROR_WANT_WRITE;
        (writing ? watch_.writable : watch_.readable) = false;
        if (watch_.hung_up && !writing) watch_.readable = true;
        const waiter wait{this, writing};
        co_await wait;
        if (ended() != end::none) {
            close();
            co_return stopped_handshake();
        }
    }
    handshake_ns_ = monotonic_ns() - connected_ns;
    resumed_ = ::SSL_session_reused(ssl_.get()) == 1;
    // What came behind the handshake (session tickets) was read with it or is read with the answer.
    watch_.readable = watch_.hung_up;
    count_open();
    co_return std::string();
}

bool link::has_unasked_bytes() noexcept {
    // TLS servers send session tickets when they like; they are read with the next answer.
    if (ssl_) return false;
    char byte;
    if (::recv(watch_.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN) {
        watch_.readable = false;
        return false;
    }
    return true;
}

std::ptrdiff_t link::plain_result(std::ptrdiff_t result, bool reading) noexcept {
    if (result >= 0) return result;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
        (reading ? watch_.readable : watch_.writable) = false;
        return would_block;
    }
    error_ = errno;
    return failed;
}

std::ptrdiff_t link::tls_result(int result) noexcept {
    if (result > 0) return result;
    const int what = ::SSL_get_error(ssl_.get(), result);
    const unsigned long queued = ::ERR_peek_last_error();
    ::ERR_clear_error();
    switch (what) {
        case SSL_ERROR_WANT_READ:
            watch_.readable = false;
            return would_block;
        case SSL_ERROR_WANT_WRITE:
            watch_.writable = false;
            return would_block;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        case SSL_ERROR_SYSCALL:
            error_ = errno;
            return error_ == 0 ? 0 : failed;
        default:
            // A peer that closes without its closing handshake: the length tells whether all came.
            if (ERR_GET_REASON(queued) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return 0;
            error_ = EPROTO;
            return failed;
    }
}

std::ptrdiff_t link::try_read(char* to, std::size_t room) noexcept {
    if (ssl_) {
        ::ERR_clear_error();
        errno = 0;
        const auto most = static_cast<int>(std::min<std::size_t>(room, 1 << 30));
        const std::ptrdiff_t got = tls_result(::SSL_read(ssl_.get(), to, most));
        wants_write_ = got == would_block && !watch_.writable;
        return got;
    }
    const std::ptrdiff_t got = ::recv(watch_.fd, to, room, 0);
    // A short read has emptied the socket: the next byte makes a new edge, so the failing read that
    // would find out is saved. After a hang-up there are no more edges.
    if (got > 0 && static_cast<std::size_t>(got) < room && !watch_.hung_up) watch_.readable = false;
    return plain_result(got, true);
}

std::ptrdiff_t link::try_discard(std::size_t most) noexcept {
    // For TCP, MSG_TRUNC drops the bytes without copying them (tcp(7)).
    const std::ptrdiff_t got = ::recv(watch_.fd, nullptr, most, MSG_TRUNC);
    if (got > 0 && static_cast<std::size_t>(got) < most && !watch_.hung_up) watch_.readable = false;
    return plain_result(got, true);
}

std::ptrdiff_t link::try_write(std::span<const iovec> parts, std::span<char> scratch) noexcept {
    if (!ssl_) {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts.data());
        message.msg_iovlen = parts.size();
        return plain_result(::sendmsg(watch_.fd, &message, MSG_NOSIGNAL), false);
    }
    const std::size_t most = std::min(scratch.size(), tls_write_bytes);
    std::size_t used = 0;
    for (const iovec& part : parts) {
        const std::size_t take = std::min(part.iov_len, most - used);
        std::memcpy(scratch.data() + used, part.iov_base, take);
        used += take;
        if (used == most) break;
    }
    ::ERR_clear_error();
    errno = 0;
    const std::ptrdiff_t sent =
        tls_result(::SSL_write(ssl_.get(), scratch.data(), static_cast<int>(used)));
    wants_read_ = sent == would_block && watch_.writable;
    return sent;
}

}  // namespace chopsticks::s3
