#pragma once
// One accepted connection: HTTP around the service, and the faults that are about the wire.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>

#include "shared_state.hpp"

namespace chopsticks::endpoint {

using executor = boost::asio::io_context::executor_type;
using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor>;
using steady_timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, executor>;

/// Serves until the connection or its context ends, on the context of the socket. From any thread.
/// `tls` null: plain HTTP. `worker` is the index of the tally. All references outlive the context.
void serve(tcp_socket socket, boost::asio::ssl::context* tls, shared_state& shared,
           std::size_t worker);

}  // namespace chopsticks::endpoint
