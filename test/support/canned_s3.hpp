#pragma once
// A TCP server that answers exactly the bytes it is told, piece by piece, and breaks connections
// where it is told: what a real server does too seldom to be waited for.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace chopsticks::test {

/// A request as it came.
struct canned_request {
    std::string head;  ///< with the empty line; empty: the peer closed before one was complete
    std::string body;

    bool came() const noexcept { return !head.empty(); }
    std::string_view line() const noexcept {
        return std::string_view(head).substr(0, head.find("\r\n"));
    }
    bool has(std::string_view text) const noexcept { return head.find(text) != std::string::npos; }
    std::uint64_t content_length() const noexcept;
};

/// The server's side of one connection, used by the thread of its script.
class canned_connection {
  public:
    canned_connection(int fd, unsigned number) noexcept : fd_(fd), number_(number) {}
    ~canned_connection() { close(); }
    canned_connection(const canned_connection&) = delete;
    canned_connection& operator=(const canned_connection&) = delete;

    /// Connections are numbered from 0 in the order they were accepted.
    unsigned number() const noexcept { return number_; }

    canned_request read_head();
    /// The rest of the body that the head announces. False: the peer closed before its end.
    bool read_body(canned_request& r);
    canned_request read_request();

    /// False: the peer is gone.
    bool send(std::string_view bytes);
    /// Two segments, so that the peer's first read ends at `at`.
    bool send_split(std::string_view bytes, std::size_t at);
    static void pause(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

    /// FIN (RST if there are unread bytes, as the kernel does).
    void close() noexcept;
    /// RST.
    void reset() noexcept;
    /// Nothing is sent any more; reading goes on.
    void finish_sending() noexcept;
    /// Reads and drops until the peer closes.
    void await_close();
    /// Passes bytes between the peer and a server on this machine until one of them closes, but
    /// from the peer at most so many: the rest stays unread.
    void relay(std::uint16_t port, std::uint64_t most_from_peer);

    /// From another thread: makes all that blocks here return.
    void interrupt() noexcept;

  private:
    bool fill();

    std::mutex mutex_;  // held where fd_ changes, and by interrupt
    int fd_;
    unsigned number_;
    std::string input_;  // read and not yet used
};

/// Listens on a free port of 127.0.0.1; a thread per connection runs the script.
class canned_s3 {
  public:
    using script = std::function<void(canned_connection&)>;

    /// `receive_buffer` > 0: of accepted sockets; the window of new connections is as small.
    explicit canned_s3(script what, int receive_buffer = 0);
    ~canned_s3();
    canned_s3(const canned_s3&) = delete;
    canned_s3& operator=(const canned_s3&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::uint16_t port() const noexcept { return port_; }
    unsigned connections() const noexcept { return accepted_; }

  private:
    void accept_all();

    script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<unsigned> accepted_{0};
    std::thread acceptor_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<canned_connection>> connections_;
    std::vector<std::thread> threads_;
};

/// A listener that accepts nothing and whose queue is full: connecting to it takes for ever.
class deaf_listener {
  public:
    deaf_listener();
    ~deaf_listener();
    deaf_listener(const deaf_listener&) = delete;
    deaf_listener& operator=(const deaf_listener&) = delete;
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  private:
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::vector<int> queued_;
};

}  // namespace chopsticks::test
