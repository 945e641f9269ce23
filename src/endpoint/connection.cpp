#include "connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <chopsticks/core/clock.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "wire.hpp"

namespace chopsticks::endpoint {

namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::beast::flat_buffer;
using tls_stream = asio::ssl::stream<tcp_socket>;

template <typename T>
using awaitable = asio::awaitable<T, executor>;

constexpr auto token = asio::as_tuple(asio::deferred);

constexpr std::uint32_t head_bytes_max = 64 * 1024;
/// Read at a time: hashed while it is still in the cache.
constexpr std::uint64_t read_bytes = 256 * 1024;
constexpr std::size_t control_bytes_max = 1 << 20;
constexpr auto linger = std::chrono::seconds(2);
constexpr std::string_view control_prefix = "/_chopsticks/";

template <typename Stream>
class connection : public std::enable_shared_from_this<connection<Stream>> {
  public:
    connection(Stream stream, shared_state& shared, std::size_t worker)
        : stream_(std::move(stream)),
          timer_(stream_.get_executor()),
          shared_(shared),
          tally_(*shared.tallies[worker]),
          next_id_(static_cast<std::uint64_t>(worker) << 48) {
        tally::add(tally_.connections);
    }

    ~connection() { tally::add(tally_.connections_closed); }

    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    awaitable<void> run() {
        if (const auto plan = shared_.plan()) {
            const auto fault = plan->on_connection();
            if (fault) {
                tally::add(tally_.faults);
                co_await refuse_connection(*fault);
                co_return;
            }
        }
        const bool shaken = co_await shake_hands();
        while (shaken) {
            parser_.emplace();
            parser_->header_limit(head_bytes_max);
            parser_->body_limit(boost::none);
            const auto [failed, n] =
                co_await beast_http::async_read_header(stream_, buffer_, *parser_, token);
            if (failed) {
                if (is_bad_request(failed)) {
                    co_await write_text(
                        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                        "Content-Length: 0\r\n\r\n");
                    co_await close();
                }
                break;
            }
            const bool serves_on = co_await serve_request();
            exchange_.reset();
            if (!serves_on) break;
        }
    }

  private:
    static constexpr bool is_tls = !std::is_same_v<Stream, tcp_socket>;

    tcp_socket& socket() noexcept {
        if constexpr (is_tls) {
            return stream_.next_layer();
        } else {
            return stream_;
        }
    }

    static bool is_bad_request(const error_code& failed) {
        return failed.category() ==
                   beast_http::make_error_code(beast_http::error::end_of_stream).category() &&
               failed != beast_http::error::end_of_stream &&
               failed != beast_http::error::partial_message;
    }

    awaitable<void> refuse_connection(fault_kind kind) {
        if (kind == fault_kind::reset_accept) {
            reset();
            co_return;
        }
        // Until the peer resets, or the server stops.
        co_await socket().async_wait(tcp_socket::wait_error, token);
    }

    awaitable<bool> shake_hands() {
        if constexpr (is_tls) {
            const auto [failed] =
                co_await stream_.async_handshake(asio::ssl::stream_base::server, token);
            if (failed) co_return false;
            tally::add(tally_.tls_handshakes);
            if (SSL_session_reused(stream_.native_handle()) == 1) {
                tally::add(tally_.tls_resumed);
            }
        }
        co_return true;
    }

    /// False: the connection is done with.
    awaitable<bool> serve_request() {
        exchange& x = exchange_.emplace(shared_.s3.objects().memory(), shared_.options.keep_bodies);
        read_head(x);
        const bool chunked = parser_->chunked();
        const auto announced = parser_->content_length();
        const std::optional<std::uint64_t> length =
            announced ? std::optional<std::uint64_t>(*announced) : std::nullopt;
        const bool has_body = chunked || (length && *length > 0);
        bool keep_alive = parser_->keep_alive();
        if (x.head.target.starts_with(control_prefix)) {
            const bool answered = co_await serve_control(x, length.value_or(0), keep_alive);
            co_return answered;
        }
        tally::add(tally_.requests);
        begin(x, length, chunked);
        tally::add(tally_.by_operation[static_cast<std::size_t>(x.op)]);
        const auto plan = shared_.plan();
        fault_decision faults;
        if (plan) {
            faults = plan->on_request(name(x.op));
            tally::add(tally_.faults, faults.fired);
            if (faults.close) keep_alive = false;
            refuse_by_fault(x, faults);
        }
        const bool expects = same_name(x.head.header_or("Expect", ""), "100-continue") && has_body;
        if (expects && x.answered) {
            // Whether the client will send the body all the same cannot be known.
            keep_alive = false;
        } else if (has_body) {
            if (expects && !faults.continue_never) {
                const bool sent = co_await write_continue(faults.continue_twice);
                if (!sent) co_return false;
            }
            bool complete = false;
            if (chunked) {
                complete = co_await read_chunked_body(x);
            } else {
                complete = co_await read_body(x, *length);
            }
            if (!complete) co_return false;
        }
        if (faults.delay_ns > 0 || faults.queue != nullptr) co_await delay(faults);
        finish(x, faults);
        const bool serves_on = co_await respond(x, keep_alive, faults);
        co_return serves_on;
    }

    void read_head(exchange& x) {
        const auto& message = parser_->get();
        x.id = next_id_++;
        x.head.method =
            std::string_view(message.method_string().data(), message.method_string().size());
        x.head.target = std::string_view(message.target().data(), message.target().size());
        for (const auto& f : message) {
            x.head.headers.push_back({std::string(f.name_string().data(), f.name_string().size()),
                                      std::string(f.value().data(), f.value().size())});
        }
    }

    void begin(exchange& x, std::optional<std::uint64_t> length, bool chunked) {
        try {
            shared_.s3.begin(x, length, chunked);
        } catch (const std::exception& failed) {
            shared_.s3.refuse(x, s3_code::internal_error, failed.what());
        }
    }

    void finish(exchange& x, const fault_decision& faults) {
        try {
            shared_.s3.finish(x);
            if (faults.shape != nullptr && faults.shape->kind == fault_kind::stale) {
                shared_.s3.answer_stale(x);
            }
        } catch (const std::exception& failed) {
            shared_.s3.refuse(x, s3_code::internal_error, failed.what());
        }
    }

    void refuse_by_fault(exchange& x, const fault_decision& faults) {
        if (faults.shape == nullptr || x.answered) return;
        const fault& rule = *faults.shape;
        if (rule.kind == fault_kind::error) {
            shared_.s3.refuse(x, rule.status, rule.code, "An injected fault");
        } else if (rule.kind == fault_kind::redirect) {
            x.answer.field("Location",
                           (rule.location.empty() ? shared_.url : rule.location) + x.head.target);
            shared_.s3.refuse(x, 307, "TemporaryRedirect", "An injected fault");
        }
    }

    awaitable<bool> write_text(std::string_view text) {
        const auto buffer = asio::buffer(text.data(), text.size());
        const auto [failed, n] = co_await asio::async_write(stream_, buffer, token);
        co_return !failed;
    }

    awaitable<bool> write_continue(bool twice) {
        constexpr std::string_view once = "HTTP/1.1 100 Continue\r\n\r\n";
        constexpr std::string_view both =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
        const bool sent = co_await write_text(twice ? both : once);
        co_return sent;
    }

    awaitable<bool> read_body(exchange& x, std::uint64_t left) {
        const std::size_t there =
            static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), left));
        if (there > 0) {
            tally::add(tally_.body_bytes_in, there);
            x.feed({static_cast<const char*>(buffer_.data().data()), there});
            buffer_.consume(there);
            left -= there;
        }
        while (left > 0) {
            std::span<char> to = x.room(std::min(left, read_bytes));
            const bool direct = !to.empty();
            if (!direct) to = scratch(std::min(left, read_bytes));
            const auto buffer = asio::buffer(to.data(), to.size());
            const auto [failed, n] = co_await stream_.async_read_some(buffer, token);
            if (failed) co_return false;
            tally::add(tally_.body_bytes_in, n);
            if (direct) {
                x.filled(n);
            } else {
                x.feed({to.data(), n});
            }
            left -= n;
        }
        co_return true;
    }

    awaitable<bool> read_chunked_body(exchange& x) {
        while (!parser_->is_done()) {
            const std::span<char> to = scratch(read_bytes);
            auto& into = parser_->get().body();
            into.data = to.data();
            into.size = to.size();
            const auto [failed, n] =
                co_await beast_http::async_read(stream_, buffer_, *parser_, token);
            if (failed && failed != beast_http::error::need_buffer) co_return false;
            const std::size_t got = to.size() - into.size;
            tally::add(tally_.body_bytes_in, got);
            x.feed({to.data(), got});
        }
        co_return true;
    }

    std::span<char> scratch(std::uint64_t most) {
        if (scratch_.empty()) scratch_.resize(read_bytes);
        return {scratch_.data(), static_cast<std::size_t>(std::min(most, read_bytes))};
    }

    awaitable<void> delay(const fault_decision& faults) {
        const std::int64_t now = monotonic_ns();
        std::int64_t until = now;
        if (faults.queue != nullptr) until = faults.queue->arrive(now, faults.service_ns);
        co_await pause(until - now + faults.delay_ns);
    }

    awaitable<void> pause(std::int64_t ns) {
        if (ns <= 0) co_return;
        timer_.expires_after(std::chrono::nanoseconds(ns));
        co_await timer_.async_wait(token);
    }

    awaitable<bool> respond(exchange& x, bool keep_alive, fault_decision& faults) {
        wire_response out;
        render(out, x, keep_alive);
        if (faults.shape != nullptr) spoil(out, x, *faults.shape, faults.random);
        bool sent = false;
        if (faults.drip != nullptr) {
            sent = co_await drip(out, *faults.drip, faults.random);
        } else {
            sent = co_await write(out);
        }
        if (!sent) co_return false;
        tally::add(tally_.body_bytes_out, out.content.size);
        if (out.whole) {
            tally::add(tally_.responses);
            tally::add(tally_.by_status[static_cast<std::size_t>(x.answer.status)]);
        }
        switch (out.after) {
            case wire_response::ending::keep:
                co_return true;
            case wire_response::ending::close:
                co_await close();
                break;
            case wire_response::ending::reset:
                reset();
                break;
            case wire_response::ending::stall:
                co_await wait_for_peer();
                break;
        }
        co_return false;
    }

    awaitable<bool> write(const wire_response& out) {
        buffers_.clear();
        if (!out.head.empty()) buffers_.emplace_back(out.head.data(), out.head.size());
        for (const slice& s : out.content.slices)
            buffers_.emplace_back(s.data, s.size);
        if (buffers_.empty()) co_return true;
        // Asio's own condition would cut the body into writes of 64 KiB.
        const auto all = [](const error_code& failed, std::size_t) -> std::size_t {
            return failed ? 0 : std::size_t{4} << 20;
        };
        // A view: Asio copies the sequence it is given, more than once.
        const std::span<const asio::const_buffer> view(buffers_);
        const auto [failed, n] = co_await asio::async_write(stream_, view, all, token);
        co_return !failed;
    }

    awaitable<bool> drip(const wire_response& out, const fault& rule, random_stream& random) {
        const auto piece = static_cast<std::size_t>(rule.bytes);
        std::string all = out.head;
        for (const slice& s : out.content.slices)
            all.append(s.data, s.size);
        for (std::size_t at = 0; at < all.size(); at += piece) {
            const bool sent = co_await write_text(std::string_view(all).substr(at, piece));
            if (!sent) co_return false;
            co_await pause(draw(rule.delay, random));
        }
        co_return true;
    }

    /// Sends FIN and reads on until the peer has seen it: closing with unread bytes would reset the
    /// connection and could take the answer away from the peer.
    awaitable<void> close() {
        error_code ignored;
        timer_.expires_after(linger);
        timer_.async_wait([self = this->shared_from_this()](const error_code& cancelled) {
            error_code unused;
            if (!cancelled) self->socket().close(unused);
        });
        if constexpr (is_tls) {
            SSL_set_shutdown(stream_.native_handle(), SSL_RECEIVED_SHUTDOWN);
            co_await stream_.async_shutdown(token);
        }
        socket().shutdown(tcp_socket::shutdown_send, ignored);
        co_await drain_socket();
        timer_.cancel();
        socket().close(ignored);
    }

    /// Until the peer gives up, without a word.
    awaitable<void> wait_for_peer() { co_await drain_socket(); }

    awaitable<void> drain_socket() {
        for (;;) {
            const std::span<char> to = scratch(read_bytes);
            const auto buffer = asio::buffer(to.data(), to.size());
            const auto [failed, n] = co_await socket().async_read_some(buffer, token);
            if (failed) co_return;
        }
    }

    void reset() {
        error_code ignored;
        socket().set_option(asio::socket_base::linger(true, 0), ignored);
        socket().close(ignored);
    }

    bool from_loopback() {
        error_code failed;
        const auto peer = socket().remote_endpoint(failed);
        if (failed) return false;
        const auto address = peer.address();
        if (address.is_v6() && address.to_v6().is_v4_mapped()) {
            return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
        }
        return address.is_loopback();
    }

    awaitable<bool> serve_control(exchange& x, std::uint64_t length, bool keep_alive) {
        control_answer answer;
        std::string text;
        if (length > control_bytes_max || parser_->chunked()) {
            answer = {413, "{}"};
            keep_alive = false;
        } else {
            while (buffer_.size() < length) {
                const auto space =
                    buffer_.prepare(static_cast<std::size_t>(length) - buffer_.size());
                const auto [failed, n] = co_await stream_.async_read_some(space, token);
                if (failed) co_return false;
                buffer_.commit(n);
            }
            text.assign(static_cast<const char*>(buffer_.data().data()),
                        static_cast<std::size_t>(length));
            buffer_.consume(static_cast<std::size_t>(length));
            answer = from_loopback() ? shared_.control(x.head.method, x.head.target, text)
                                     : control_answer{403, "{\"error\": \"loopback only\"}"};
        }
        x.answer.status = answer.status;
        x.answer.field("Content-Type", "application/json");
        x.answer.length = answer.json.size();
        x.answer.text = std::move(answer.json);
        wire_response out;
        render(out, x, keep_alive);
        const bool sent = co_await write(out);
        if (sent && !keep_alive) co_await close();
        co_return sent&& keep_alive;
    }

    Stream stream_;
    steady_timer timer_;
    shared_state& shared_;
    tally& tally_;
    std::uint64_t next_id_;
    flat_buffer buffer_;
    std::optional<beast_http::request_parser<beast_http::buffer_body>> parser_;
    std::optional<exchange> exchange_;
    std::vector<asio::const_buffer> buffers_;
    std::vector<char> scratch_;
};

template <typename Stream>
awaitable<void> keep_alive_and_run(std::shared_ptr<connection<Stream>> c) {
    co_await c->run();
}

template <typename Stream>
void start(Stream stream, shared_state& shared, std::size_t worker) {
    const executor ex = stream.get_executor();
    auto made = std::make_shared<connection<Stream>>(std::move(stream), shared, worker);
    asio::co_spawn(ex, keep_alive_and_run(std::move(made)), asio::detached);
}

}  // namespace

void serve(tcp_socket socket, asio::ssl::context* tls, shared_state& shared, std::size_t worker) {
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (tls == nullptr) {
        start(std::move(socket), shared, worker);
    } else {
        start(tls_stream(std::move(socket), *tls), shared, worker);
    }
}

}  // namespace chopsticks::endpoint
