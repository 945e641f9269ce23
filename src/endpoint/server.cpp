#include <openssl/err.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <deque>
#include <optional>
#include <thread>

#include "connection.hpp"

namespace chopsticks::endpoint {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using acceptor = asio::basic_socket_acceptor<tcp, executor>;

constexpr auto as_result = asio::as_tuple(asio::deferred);
/// How late a peer that leaves something lying is noticed.
constexpr auto sweep_every = std::chrono::milliseconds(250);

/// One thread, used by nobody else: hint 1.
struct worker {
    asio::io_context context{1};
    std::thread thread;
};

[[noreturn]] void refuse(const std::string& what) {
    throw config_error("endpoint: " + what);
}

endpoint_options checked(endpoint_options o) {
    if (o.threads < 1 || o.threads > 1024) refuse("threads must be from 1 to 1024");
    if (o.access_key.empty() || o.secret_key.empty()) {
        refuse("the access key and the secret key must not be empty");
    }
    for (std::size_t i = 0; i < o.more_users.size(); ++i) {
        const endpoint_user& u = o.more_users[i];
        bool twice = u.access_key == o.access_key;
        for (std::size_t k = 0; k < i; ++k)
            twice = twice || o.more_users[k].access_key == u.access_key;
        if (twice) refuse("the access key " + u.access_key + " is given to two users");
        if (u.access_key.empty() || u.secret_key.empty()) {
            refuse("the access key and the secret key of a user must not be empty");
        }
    }
    if (o.region.empty()) refuse("the region must not be empty");
    if (o.tls_certificate_file.empty() != o.tls_key_file.empty()) {
        refuse("a TLS certificate file and a TLS key file are given together or not at all");
    }
    error_code bad;
    asio::ip::make_address(o.address, bad);
    if (bad) refuse("\"" + o.address + "\" is not a numeric IPv4 or IPv6 address to listen on");
    return o;
}

std::unique_ptr<asio::ssl::context> make_tls(const endpoint_options& o) {
    if (o.tls_certificate_file.empty()) return nullptr;
    auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    error_code failed;
    ::ERR_clear_error();
    tls->use_certificate_chain_file(o.tls_certificate_file, failed);
    if (failed) {
        refuse("the TLS certificate " + o.tls_certificate_file +
               " cannot be used: " + failed.message() + "; a PEM file is expected");
    }
    tls->use_private_key_file(o.tls_key_file, asio::ssl::context::pem, failed);
    if (failed) {
        refuse("the TLS key " + o.tls_key_file + " cannot be used: " + failed.message() +
               "; the PEM key of the certificate is expected");
    }
    tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                     asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                     asio::ssl::context::no_tlsv1_1);
    // Clients may resume sessions; without a name for them OpenSSL refuses to.
    constexpr unsigned char name[] = "chopsticks";
    ::SSL_CTX_set_session_id_context(tls->native_handle(), name, sizeof name - 1);
    return tls;
}

}  // namespace

struct server::state {
    explicit state(endpoint_options o) : shared(checked(std::move(o))) {}

    asio::awaitable<void, executor> accept();
    asio::awaitable<void, executor> watch(std::size_t index);

    shared_state shared;
    std::uint16_t port = 0;
    std::unique_ptr<asio::ssl::context> tls;  // outlives the workers, whose connections use it
    std::deque<worker> workers;
    std::optional<acceptor> listening;
};

asio::awaitable<void, executor> server::state::accept() {
    for (std::size_t next = 0;; next = (next + 1) % workers.size()) {
        tcp_socket socket(workers[next].context);
        const auto [failed] = co_await listening->async_accept(socket, as_result);
        if (failed == asio::error::operation_aborted) co_return;
        if (failed) {
            // Out of descriptors, most likely; a moment later there may be some.
            steady_timer timer(workers.front().context);
            timer.expires_after(std::chrono::milliseconds(10));
            co_await timer.async_wait(as_result);
            continue;
        }
        serve(std::move(socket), tls.get(), shared, next);
    }
}

asio::awaitable<void, executor> server::state::watch(std::size_t index) {
    steady_timer timer(workers[index].context);
    for (;;) {
        shared.watches[index]->sweep(monotonic_ns());
        timer.expires_after(sweep_every);
        const auto [failed] = co_await timer.async_wait(as_result);
        if (failed) co_return;
    }
}

server::server(endpoint_options options) : state_(std::make_unique<state>(std::move(options))) {}

server::~server() {
    stop();
}

void server::start() {
    state& s = *state_;
    CHOPSTICKS_ASSERT(s.workers.empty());
    const endpoint_options& o = s.shared.options;
    s.tls = make_tls(o);
    const tcp::endpoint at(asio::ip::make_address(o.address), s.port != 0 ? s.port : o.port);
    for (unsigned i = 0; i < o.threads; ++i)
        s.workers.emplace_back();
    try {
        acceptor& a = s.listening.emplace(s.workers.front().context);
        a.open(at.protocol());
        a.set_option(asio::socket_base::reuse_address(true));
        a.bind(at);
        a.listen(4096);
        s.port = a.local_endpoint().port();
    } catch (const boost::system::system_error& failed) {
        s.listening.reset();
        s.workers.clear();
        refuse("cannot listen on " + o.address + " port " + std::to_string(at.port()) + ": " +
               failed.code().message() + "; choose another address or port, or port 0 for any");
    }
    s.shared.url = url();
    asio::co_spawn(s.workers.front().context, s.accept(), asio::detached);
    for (std::size_t i = 0; i < s.workers.size(); ++i)
        asio::co_spawn(s.workers[i].context, s.watch(i), asio::detached);
    for (worker& w : s.workers) {
        w.thread = std::thread([&w] {
            const auto work = asio::make_work_guard(w.context);
            w.context.run();
        });
    }
}

void server::stop() {
    state& s = *state_;
    for (worker& w : s.workers)
        w.context.stop();
    for (worker& w : s.workers)
        w.thread.join();
    s.listening.reset();
    // The first one's accept loop holds a socket of one of the others.
    while (!s.workers.empty())
        s.workers.pop_front();
    s.tls.reset();
}

std::uint16_t server::port() const noexcept {
    return state_->port;
}

std::string server::url() const {
    const endpoint_options& o = state_->shared.options;
    const bool v6 = o.address.find(':') != std::string::npos;
    return (o.tls_key_file.empty() ? "http://" : "https://") +
           (v6 ? "[" + o.address + "]" : o.address) + ":" + std::to_string(state_->port);
}

void server::set_faults(const faults& f) {
    state_->shared.set_faults(f);
}

counters server::count() const {
    return state_->shared.count();
}

}  // namespace chopsticks::endpoint
