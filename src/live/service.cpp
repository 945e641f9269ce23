#include <openssl/rand.h>
#include <pthread.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/live/service.hpp>
#include <chrono>
#include <deque>
#include <thread>

#include "answer.hpp"

namespace chopsticks::live {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr std::chrono::seconds idle_most{30};
constexpr std::size_t connections_most = 64;
constexpr std::uint32_t head_bytes_max = 16 * 1024;
constexpr std::uint64_t body_bytes_max = 1024;
/// A page that asked so lately is still open, and asks again soon.
constexpr std::int64_t page_open_ns = 3'000'000'000;
constexpr std::chrono::milliseconds look_every{20};

std::string url_of(const listen_address& at) {
    if (asio::ip::make_address(at.host).is_unspecified()) {
        boost::system::error_code unknown;
        const std::string name = asio::ip::host_name(unknown);
        if (!unknown) return "http://" + name + ":" + std::to_string(at.port);
    }
    const bool v6 = at.host.find(':') != std::string::npos;
    return "http://" + (v6 ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
}

std::string make_token() {
    unsigned char bytes[16];
    if (::RAND_bytes(bytes, sizeof bytes) != 1)
        throw config_error("--web-listen: the system gives no random numbers");
    std::string out;
    for (const unsigned char byte : bytes) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

}  // namespace

struct service::state {
    struct listener {
        listener(asio::io_context& context, served w) : acceptor(context), what(std::move(w)) {}
        tcp::acceptor acceptor;
        served what;
    };
    class connection;

    void open(const listen_address& at, const served& what, const char* option);
    void accept(listener& at);
    /// `is_metrics` and `is_state` of what comes back: these are the figures of a run that has
    /// ended.
    page_answer respond(const page_request& request, const served& what);

    service_options options;
    run_monitor* monitor = nullptr;
    std::string metrics_url;
    std::string page_url;
    std::string policy = page_policy();
    std::size_t connections = 0;  // the thread's; outlives the context, which has them
    asio::io_context context{1};
    std::deque<listener> listeners;
    std::atomic<std::int64_t> page_asked_ns{0};
    std::atomic<bool> final_metrics{false};
    std::atomic<bool> final_state{false};
    std::thread thread;
};

/// One connection; it keeps itself alive while something is under way.
class service::state::connection : public std::enable_shared_from_this<connection> {
  public:
    connection(tcp::socket socket, state& of, const served& what)
        : stream_(std::move(socket)), of_(of), what_(what) {
        ++of_.connections;
    }
    ~connection() { --of_.connections; }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(head_bytes_max);
        parser_->body_limit(body_bytes_max);
        stream_.expires_after(idle_most);
        beast_http::async_read(stream_, buffer_, *parser_,
                               [self = shared_from_this()](beast::error_code failed, std::size_t) {
                                   if (!failed) self->write();
                               });
    }

  private:
    std::string field(beast::string_view name) const {
        const auto value = parser_->get()[name];
        return {value.data(), value.size()};
    }

    void write() {
        const auto& request = parser_->get();
        page_request asked;
        asked.method = std::string(request.method_string());
        asked.target = std::string(request.target());
        asked.host = field("Host");
        asked.origin = field("Origin");
        asked.accept = field("Accept");
        asked.token = field("X-Chopsticks-Token");
        asked.marked = request.find("X-Chopsticks") != request.end();
        page_answer out = of_.respond(asked, what_);
        gives_final_metrics_ = out.is_metrics;
        gives_final_state_ = out.is_state;
        answer_ = {};
        answer_.version(11);
        answer_.result(out.status);
        answer_.set(beast_http::field::content_type, out.type);
        answer_.set(beast_http::field::cache_control, "no-store");
        answer_.set("X-Content-Type-Options", "nosniff");
        answer_.set("Referrer-Policy", "no-referrer");
        answer_.set("Content-Security-Policy", of_.policy);
        answer_.keep_alive(request.keep_alive());
        answer_.body() = std::move(out.body);
        answer_.prepare_payload();
        if (request.method() == beast_http::verb::head) answer_.body().clear();
        stream_.expires_after(idle_most);
        beast_http::async_write(
            stream_, answer_, [self = shared_from_this()](beast::error_code failed, std::size_t) {
                if (failed) return;
                if (self->gives_final_metrics_) self->of_.final_metrics.store(true);
                if (self->gives_final_state_) self->of_.final_state.store(true);
                if (self->answer_.keep_alive()) {
                    self->read();
                } else {
                    beast::error_code ignored;
                    self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                }
            });
    }

    beast::tcp_stream stream_;
    state& of_;
    const served& what_;
    beast::flat_buffer buffer_{head_bytes_max + body_bytes_max};
    std::optional<beast_http::request_parser<beast_http::string_body>> parser_;
    beast_http::response<beast_http::string_body> answer_;
    bool gives_final_metrics_ = false;
    bool gives_final_state_ = false;
};

page_answer service::state::respond(const page_request& request, const served& what) {
    const bool ended = monitor->ended();
    page_answer out = answer(request, what, *monitor, options.stop);
    if (out.is_state) page_asked_ns.store(monotonic_ns());
    out.is_metrics = out.is_metrics && ended;
    out.is_state = out.is_state && ended;
    return out;
}

void service::state::open(const listen_address& at, const served& what, const char* option) {
    listener& one = listeners.emplace_back(context, what);
    boost::system::error_code failed;
    const tcp::endpoint endpoint(asio::ip::make_address(at.host), at.port);
    one.acceptor.open(endpoint.protocol(), failed);
    if (!failed) one.acceptor.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) one.acceptor.bind(endpoint, failed);
    if (!failed) one.acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) {
        throw config_error(std::string(option) + ": cannot listen on " + at.host + " port " +
                           std::to_string(at.port) + ": " + failed.message() +
                           "; choose another port, or port 0 for any");
    }
    listen_address real = at;
    real.port = one.acceptor.local_endpoint().port();
    if (what.metrics) metrics_url = url_of(real) + "/metrics";
    if (what.page)
        page_url = url_of(real) + "/" + (what.token.empty() ? "" : "?token=" + what.token);
    accept(one);
}

void service::state::accept(listener& at) {
    at.acceptor.async_accept([this, &at](boost::system::error_code failed, tcp::socket socket) {
        if (failed == asio::error::operation_aborted) return;
        if (!failed && connections < connections_most)
            std::make_shared<connection>(std::move(socket), *this, at.what)->read();
        accept(at);
    });
}

bool listen_address::is_loopback() const {
    return asio::ip::make_address(host).is_loopback();
}

listen_address parse_listen_address(const std::string& text, const std::string& option,
                                    std::uint16_t default_port) {
    const auto refuse = [&](const char* why) {
        return config_error(option + ": \"" + text + "\" " + why +
                            "; write PORT, ADDR:PORT or [IPv6]:PORT, e.g. 127.0.0.1:" +
                            std::to_string(default_port));
    };
    listen_address out{"127.0.0.1", default_port};
    const std::size_t colon = text.rfind(':');
    const bool bare = colon == std::string::npos || (text.starts_with('[') && text.ends_with(']'));
    const bool is_port = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    std::string host = bare ? (is_port ? "" : text) : text.substr(0, colon);
    const std::string port = bare ? (is_port ? text : "") : text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    if (!host.empty()) {
        boost::system::error_code bad;
        asio::ip::make_address(host, bad);
        if (bad) throw refuse("has no numeric address");
        out.host = host;
    }
    if (!port.empty() || !bare) {
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
        if (error != std::errc() || end != port.data() + port.size())
            throw refuse("has no port from 0 to 65535");
    }
    return out;
}

service::service(service_options options, run_monitor& monitor)
    : state_(std::make_unique<state>()) {
    state& s = *state_;
    s.options = std::move(options);
    s.monitor = &monitor;
    const auto& [metrics, page, stop] = s.options;
    served of_page{false, true, {}};
    if (page && !page->is_loopback()) of_page.token = make_token();
    const bool one_address = metrics && page && *metrics == *page;
    if (page) {
        of_page.metrics = one_address;
        s.open(*page, of_page, "--web-listen");
    }
    if (metrics && !one_address) s.open(*metrics, served{true, false, {}}, "--metrics-listen");
    s.thread = std::thread([&s] {
        ::pthread_setname_np(::pthread_self(), "live");
        s.context.run();
    });
}

service::~service() {
    state_->context.stop();
    state_->thread.join();
}

const std::string& service::metrics_url() const noexcept {
    return state_->metrics_url;
}

const std::string& service::page_url() const noexcept {
    return state_->page_url;
}

void service::linger(std::int64_t metrics_ns, const std::function<bool()>& given_up) {
    const state& s = *state_;
    const std::int64_t began_ns = monotonic_ns();
    for (;;) {
        const std::int64_t waited_ns = monotonic_ns() - began_ns;
        const bool metrics = s.options.metrics && !s.final_metrics.load() && waited_ns < metrics_ns;
        const bool looked_at = began_ns - s.page_asked_ns.load() < page_open_ns;
        const bool page = looked_at && !s.final_state.load() && waited_ns < page_open_ns;
        if (given_up() || (!metrics && !page)) break;
        std::this_thread::sleep_for(look_every);
    }
}

}  // namespace chopsticks::live
