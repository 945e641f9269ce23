#pragma once
/// \file
/// A connection to a server: commands out, replies in, on the core's event loop.

#include <sys/socket.h>

#include <chopsticks/engine/driver.hpp>
#include <chopsticks/runtime/reactor.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "resp.hpp"
#include "settings.hpp"

namespace redis_example {

/// Where the server is, and as whom. Constant after it was made.
struct server_address {
    sockaddr_storage address{};
    socklen_t length = 0;
    std::string text;  ///< "host:port", for people
    std::uint32_t database = 0;
    std::string password;  ///< empty: none is sent
    std::string called;    ///< what its connections are called in CLIENT LIST; empty: nothing
};

/// Asks the system where that is; throws config_error. The password is REDISCLI_AUTH's.
/// \param called what connections to it are called
server_address find_server(const settings& from, const std::string& called);

/// What went wrong; `what` is ok where nothing did.
struct failure {
    chopsticks::op_status what = chopsticks::op_status::ok;
    const char* code = "";
    std::string text;

    bool is_ok() const noexcept { return what == chopsticks::op_status::ok; }
};

/// Belongs to its core. Made unconnected; connects as it is used, again after a failure.
class connection final : chopsticks::runtime::deadline {
  public:
    connection(chopsticks::runtime::reactor& loop, const server_address& server,
               chopsticks::engine::driver_counters& counters,
               const chopsticks::scenario::timeouts& timeout);
    ~connection() override;
    connection(const connection&) = delete;

    /// Before each exchange: connects if that is needed, also where the server has closed it while
    /// it was idle.
    chopsticks::runtime::task<failure> open();

    /// The command that is to be sent: cleared, and to be filled. Its memory is kept.
    std::string& command();
    /// The same as it is so far.
    std::string& unsent() noexcept { return out_; }

    /// Sends it, and reads the first reply, which is valid until the next call of anything here.
    /// \param sent_ns when the first byte went out \param first_byte_ns when the first came in
    chopsticks::runtime::task<failure> exchange(reply& out, std::int64_t& sent_ns,
                                                std::int64_t& first_byte_ns);
    /// One more: an item of an array.
    chopsticks::runtime::task<failure> next(reply& out);

    /// Memory for values of so many bytes, so that none has to be got under way.
    void reserve(std::uint64_t bytes);

    /// Closes it; what is under way ends with op_status::cancelled.
    void cancel() noexcept;
    /// Forgets that it was cancelled: of a connection that is used again.
    void renew() noexcept { cancelled_ = false; }

  private:
    void expired() override;
    void close() noexcept;
    /// Closes, and says why: time-out and cancelling come before what was seen of them.
    failure broken(chopsticks::op_status what, const char* code, std::string text);
    /// Whether nobody but us still holds it open, or it has said what nobody asked for.
    bool is_stale() const noexcept;
    bool is_over() const noexcept { return timed_out_ || cancelled_; }
    void begin(std::int64_t limit_ns) noexcept;
    chopsticks::runtime::task<failure> greet();

    chopsticks::runtime::reactor& loop_;
    const server_address& server_;
    chopsticks::engine::driver_counters& counters_;
    const chopsticks::scenario::timeouts& timeout_;
    chopsticks::runtime::fd_watch watch_;
    std::int64_t used_ns_ = 0;  // when an exchange last ended
    bool timed_out_ = false;
    bool cancelled_ = false;
    std::string out_;
    std::string in_;  // its size is its room; what was read is [from_, to_)
    std::size_t from_ = 0;
    std::size_t to_ = 0;
    std::uint64_t text_most_ = 1 << 20;
};

}  // namespace redis_example
