#pragma once
// What is below HTTP: a connection's stream, with or without TLS, and the ways in which it ends.
// On the context of its socket.

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "connection.hpp"

namespace chopsticks::endpoint {

template <typename T>
using awaitable = boost::asio::awaitable<T, executor>;

using tls_stream = boost::asio::ssl::stream<tcp_socket>;

/// What every wait gives back instead of throwing.
constexpr auto as_results = boost::asio::as_tuple(boost::asio::deferred);

template <typename Stream>
class transport {
  public:
    static constexpr bool is_tls = !std::is_same_v<Stream, tcp_socket>;

    explicit transport(Stream stream)
        : stream_(std::move(stream)), timer_(stream_.get_executor()) {}

    Stream& stream() noexcept { return stream_; }

    tcp_socket& socket() noexcept {
        if constexpr (is_tls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    awaitable<void> pause(std::int64_t ns) {
        if (ns <= 0) co_return;
        timer_.expires_after(std::chrono::nanoseconds(ns));
        co_await timer_.async_wait(as_results);
    }

    awaitable<bool> write_text(std::string_view text) {
        const auto buffer = boost::asio::buffer(text.data(), text.size());
        const auto [failed, n] = co_await boost::asio::async_write(stream_, buffer, as_results);
        co_return !failed;
    }

    /// Sends FIN and reads on until the peer has seen it: closing with unread bytes would reset the
    /// connection and could take the answer away from the peer. `self` keeps this alive meanwhile.
    template <typename Self>
    awaitable<void> close(Self self) {
        error_code ignored;
        timer_.expires_after(linger);
        timer_.async_wait([self, this](const error_code& cancelled) {
            error_code unused;
            if (!cancelled) socket().close(unused);
        });
        if constexpr (is_tls) {
            SSL_set_shutdown(stream_.native_handle(), SSL_RECEIVED_SHUTDOWN);
            co_await stream_.async_shutdown(as_results);
        }
        socket().shutdown(tcp_socket::shutdown_send, ignored);
        co_await drain();
        timer_.cancel();
        socket().close(ignored);
    }

    /// Until the peer gives up, without a word.
    awaitable<void> drain() {
        const auto buffer = trash();
        for (;;) {
            const auto [failed, n] = co_await socket().async_read_some(buffer, as_results);
            if (failed) co_return;
        }
    }

    /// Where all of a thread read what nobody wants.
    static boost::asio::mutable_buffer trash() noexcept {
        thread_local std::array<char, 64 * 1024> bytes;
        return boost::asio::buffer(bytes);
    }

    void reset() {
        error_code ignored;
        socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
        socket().close(ignored);
    }

    bool from_loopback() {
        error_code failed;
        const auto peer = socket().remote_endpoint(failed);
        if (failed) return false;
        const auto address = peer.address();
        if (address.is_v6() && address.to_v6().is_v4_mapped()) {
            return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
                .is_loopback();
        }
        return address.is_loopback();
    }

  private:
    static constexpr auto linger = std::chrono::seconds(2);

    Stream stream_;
    steady_timer timer_;
};

}  // namespace chopsticks::endpoint
