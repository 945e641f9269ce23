#pragma once
/// \file
/// The driver `curl`: exchanges that libcurl carries out, on the core's loop.

#include <curl/curl.h>

#include <chopsticks/http/response_head.hpp>
#include <chopsticks/s3/protocol/exchange.hpp>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connection.hpp"
#include "curl_failure.hpp"
#include "curl_loop.hpp"
#include "curl_request.hpp"
#include "curl_route.hpp"

namespace chopsticks::s3 {

struct core_state;

/// One handle of libcurl's, which chooses a connection for each exchange: an idle one of this core
/// to the same address, a stream of one where that is HTTP/2, or a new one. Belongs to its core.
///
/// A request goes out once. libcurl would send one again whose connection ended before an answer,
/// and one that was refused with 417; both are stopped, and counted as what they are.
class curl_connection final : public connection, private curl_transfer {
  public:
    curl_connection(core_state& core, const target_address& target);
    ~curl_connection() override;

    bool opens_itself() const noexcept override { return true; }
    bool is_open() const noexcept override { return true; }
    bool is_stale() noexcept override { return false; }
    bool is_plain() const noexcept override;
    bool was_resumed() const noexcept override { return resumed_; }
    runtime::task<std::string> connect() override;
    void close() noexcept override;
    runtime::task<bool> carry_out(exchange_job& job) override;

  private:
    /// co_await: until the transfer is over.
    struct ended_transfer {
        curl_connection* self;
        bool await_ready() const noexcept { return !self->under_way_; }
        void await_suspend(std::coroutine_handle<> h) const noexcept { self->waiter_ = h; }
        void await_resume() const noexcept {}
    };

    void transfer_ended(CURLcode how) noexcept override { settle(how); }
    void socket_used(curl_socket_t fd) noexcept override { socket_ = fd; }
    void socket_closed(curl_socket_t fd) noexcept override { closed_ |= fd == socket_; }
    void wake() noexcept override;
    void settle(CURLcode how) noexcept;

    void prepare_handle();

    /// \name What libcurl calls
    /// \{
    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* to);
    static int before_request(void* self, char*, char*, int, int local_port);
    static std::size_t give_body(char* to, std::size_t, std::size_t room, void* self);
    static int rewind_body(void* self, curl_off_t offset, int from);
    static std::size_t take_line(char* line, std::size_t, std::size_t bytes, void* self);
    static std::size_t take_body(char* piece, std::size_t, std::size_t bytes, void* self);
    /// \}

    void note_again() noexcept;
    void note_opened(int local_port);
    bool take_head();
    bool has_sent_all() const noexcept;
    /// Of the exchange that failed.
    curl_failure why_failed() const noexcept { return {handle_, how_, said_}; }
    std::string why_unopened();
    bool finish(exchange_job& job);

    core_state& core_;
    std::shared_ptr<curl_loop> loop_;
    CURL* handle_ = nullptr;
    curl_route route_;
    curl_request request_;
    std::string head_text_;
    http::response_head head_;
    std::coroutine_handle<> waiter_;
    exchange_job* job_ = nullptr;
    exchange_ending ending_;
    std::int64_t opened_ns_ = 0;  ///< when a socket was asked for
    std::int64_t until_ns_ = 0;   ///< the time-out that was set
    int open_error_ = 0;          ///< errno of a socket that could not be opened
    int again_error_ = 0;         ///< why the request was to be sent again
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    CURLcode how_ = CURLE_OK;
    bool under_way_ = false;
    bool stopped_ = false;   ///< by a time-out, or who gave it up
    bool begun_ = false;     ///< the connection was there, the request went out
    bool again_ = false;     ///< it would have been sent again
    bool has_head_ = false;  ///< the answer's was seen
    bool closed_ = false;    ///< the connection was
    bool resumed_ = false;
    bool wrong_version_ = false;  ///< the answer's is not the one that was asked for
    char said_[CURL_ERROR_SIZE];  ///< what libcurl says of a failure
};

std::unique_ptr<connection> make_curl_connection(core_state& core, const target_address& target);

}  // namespace chopsticks::s3
