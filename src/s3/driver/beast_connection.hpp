#pragma once
/// \file
/// The driver `beast`: exchanges in the ordinary way of Asio and Beast, on the io_context of the
/// core's loop.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <chopsticks/s3/protocol/exchange.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "beast_bodies.hpp"
#include "connection.hpp"

namespace chopsticks::s3 {

struct core_state;

/// The head of an answer is read from the beginning of the request on, so that an early one is
/// heard. Handlers lead from one step to the next; the coroutine of carry_out() waits for the last
/// one of all. Allocates for each request, as Beast's fields do. Belongs to its core.
class beast_connection final : public connection {
  public:
    beast_connection(core_state& core, const target_address& target);
    ~beast_connection() override;

    bool is_open() const noexcept override { return socket_.is_open(); }
    bool is_stale() noexcept override;
    bool is_plain() const noexcept override;
    bool was_resumed() const noexcept override { return resumed_; }
    runtime::task<std::string> connect() override;
    void close() noexcept override;
    runtime::task<bool> carry_out(exchange_job& job) override;

  private:
    using error_code = boost::system::error_code;
    using executor = boost::asio::io_context::executor_type;
    using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, executor>;
    using timer = boost::asio::basic_waitable_timer<
        std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, executor>;
    using tls_stream = boost::asio::ssl::stream<tcp_socket&>;
    using answer_parser = boost::beast::http::response_parser<sunk_body>;
    using request_message = boost::beast::http::request<sent_body>;

    /// co_await: until no operation of Asio's is under way.
    struct settled {
        beast_connection* self;
        bool await_ready() const noexcept { return !self->is_busy(); }
        void await_suspend(std::coroutine_handle<> h) const noexcept { self->waiter_ = h; }
        void await_resume() const noexcept {}
    };

    void wake() noexcept override;
    bool is_busy() const noexcept { return reading_ || writing_ || timing_; }
    /// Resumes who waits, if nothing is under way; nothing is touched after it.
    void settle();
    void conclude(exchange_fault why, int error = 0);
    void free_tls() noexcept;

    template <typename Step>
    void on_stream(Step step);
    void compose(const exchange_job& job);
    void write();
    void wrote(const error_code& ec);
    void expect_head();
    void read();
    /// Gives the parser what came. `stop`: of the stream, if it ended.
    error_code parse(const error_code& stop);
    void parse_head(const error_code& stop);
    void take_head();
    void read_body();
    void parse_body(const error_code& stop);
    void complete();
    void start_timer(std::int64_t ns);
    void timer_ended();
    /// What came and the parser left.
    std::string_view unparsed() const noexcept;

    core_state& core_;
    /// The loop looks at its io_context for as long as this is there.
    boost::asio::executor_work_guard<executor> work_;
    tcp_socket socket_;
    timer timer_;
    std::optional<tls_stream> tls_;
    boost::beast::flat_buffer buffer_;
    std::unique_ptr<sent_body::room> room_;  ///< made with the first body
    std::optional<request_message> message_;
    std::optional<boost::beast::http::request_serializer<sent_body>> serializer_;
    std::optional<answer_parser> parser_;
    std::coroutine_handle<> waiter_;
    error_code result_;  ///< of connecting
    exchange_job* job_ = nullptr;
    exchange_ending ending_;
    bool counted_ = false;
    bool resumed_ = false;
    /// \name Under way
    /// \{
    bool reading_ = false;
    bool writing_ = false;
    bool timing_ = false;
    /// \}
    bool over_ = true;
    bool holds_body_ = false;
    bool begun_ = false;  ///< something was sent
    bool sent_ = false;   ///< everything
    bool early_ = false;
    bool has_head_ = false;  ///< the answer's was seen
    bool must_close_ = false;
    int send_error_ = 0;  ///< the peer takes no more
};

std::unique_ptr<connection> make_beast_connection(core_state& core, const target_address& target);

}  // namespace chopsticks::s3
