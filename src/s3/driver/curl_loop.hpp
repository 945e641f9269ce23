#pragma once
/// \file
/// libcurl's multi interface on the loop of a core: no thread of its own, no blocking call.

#include <curl/curl.h>

#include <chopsticks/runtime/reactor.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::s3 {

/// Who waits for the end of a transfer; CURLOPT_PRIVATE of its handle. Belongs to its core.
class curl_transfer {
  public:
    /// libcurl has done what it will. Called outside of libcurl: the handle may be used again.
    virtual void transfer_ended(CURLcode how) noexcept = 0;
    /// The transfer goes over this socket.
    virtual void socket_used(curl_socket_t fd) noexcept = 0;
    /// libcurl has closed a socket that this transfer went over, or one before it.
    virtual void socket_closed(curl_socket_t fd) noexcept = 0;

  protected:
    ~curl_transfer() = default;
};

/// All transfers of one driver on one core, and the connections that they share. libcurl says which
/// sockets it waits for, and when it wants to be asked; both are looked at in every turn of the
/// loop.
///
/// libcurl reads a socket once and comes back for the rest, so it has to be told as long as there
/// is something to read, where the loop itself tells once. Hence an epoll descriptor of its own,
/// which the loop watches.
class curl_loop final : public runtime::pump {
  public:
    /// `open_connections`: as many as are. `plain`: without TLS and HTTP/2, so that a server that
    /// was asked nothing has nothing to say. Both referred to outlive this. Throws config_error.
    curl_loop(runtime::reactor& loop, std::uint64_t& open_connections, bool plain);
    /// No transfer is under way any more.
    ~curl_loop();
    curl_loop(const curl_loop&) = delete;
    curl_loop& operator=(const curl_loop&) = delete;

    /// What every handle of this core is to have: its sockets are watched here, TLS sessions
    /// shared.
    void prepare(CURL* handle);
    /// Begins a transfer; what can be done without waiting is done before this returns. False:
    /// libcurl refuses it.
    bool start(CURL* handle);
    /// Ends a transfer that is under way; its connection is closed, unless it has others.
    void stop(CURL* handle) noexcept;
    /// No transfer of this is told of any more.
    void forget(const curl_transfer& who) noexcept;
    /// A socket for libcurl; CURL_SOCKET_BAD: errno says why.
    static curl_socket_t open_socket(const curl_sockaddr& to) noexcept;
    /// There is a connection on it from now on, until it is closed or ended.
    void note_connected(curl_socket_t fd, int local_port);
    /// The connection from that local port; CURL_SOCKET_BAD: none was noted, or to several peers.
    curl_socket_t from_port(int local_port) const noexcept;
    /// `who` uses that connection now, and is told when it is closed.
    void note_user(curl_socket_t fd, curl_transfer& who) { of(fd).user = &who; }
    /// No transfer is to go over that connection again, if `who` was its last user: libcurl, which
    /// may have kept it, finds it dead when it looks for one.
    void end_idle(curl_socket_t fd, const curl_transfer& who) noexcept;

    std::int64_t run_due(std::int64_t now_ns) override;

  private:
    /// What libcurl waits for on a descriptor, and what epoll was told.
    struct interest {
        std::uint32_t wanted = 0;
        std::uint32_t told = 0;
        curl_transfer* user = nullptr;  ///< the last
        bool counted = false;           ///< as open
        int local_port = 0;
    };

    static int socket_wanted(CURL* handle, curl_socket_t fd, int what, void* self, void*);
    static int timer_wanted(CURLM*, long timeout_ms, void* self);
    static int close_socket(void* self, curl_socket_t fd);

    interest& of(curl_socket_t fd);
    void tell(curl_socket_t fd, std::uint32_t wanted) noexcept;
    void end(curl_socket_t fd) noexcept;
    /// Asks libcurl, which was told nothing of a socket.
    void run_timers() noexcept;
    void look_at_sockets() noexcept;
    /// Hands out what has ended.
    void take_ended() noexcept;
    /// The loop asks again when libcurl wants to be.
    void keep_awake();

    runtime::reactor& loop_;
    std::uint64_t& open_connections_;
    const bool plain_;
    CURLM* multi_;
    CURLSH* share_;
    runtime::fd_watch watch_;
    std::vector<interest> interests_;  ///< by descriptor
    std::int64_t due_ns_;              ///< when libcurl wants to be asked
    std::int64_t looked_ns_ = 0;       ///< when the sockets were looked at last
};

}  // namespace chopsticks::s3
