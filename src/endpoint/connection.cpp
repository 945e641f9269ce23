#include "connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <chopsticks/core/clock.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "idle_watch.hpp"
#include "read_buffer.hpp"
#include "transport.hpp"
#include "wire.hpp"

namespace chopsticks::endpoint {

namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::beast::flat_buffer;

constexpr auto token = as_results;

/// Twice what S3 takes. Heads are not counted against the memory cap.
constexpr std::uint32_t head_bytes_max = 16 * 1024;
/// Read at a time: hashed while it is still in the cache.
constexpr std::uint64_t read_bytes = 256 * 1024;
constexpr std::size_t control_bytes_max = 1 << 20;
/// Of a body that comes behind a refusal so much is read, to go on with the connection.
constexpr std::uint64_t unwanted_bytes_max = 4 << 20;
/// What a connection keeps for the next head.
constexpr std::size_t idle_head_bytes = 4096;
constexpr std::string_view control_prefix = "/_chopsticks/";

template <typename Stream>
class connection : public std::enable_shared_from_this<connection<Stream>>, private watched {
  public:
    connection(Stream stream, shared_state& shared, std::size_t worker)
        : watched(*shared.watches[worker]),
          transport_(std::move(stream)),
          stream_(transport_.stream()),
          shared_(shared),
          tally_(*shared.tallies[worker]),
          pieces_(shared.s3.objects().memory()) {
        tally::add(tally_.connections);
    }

    ~connection() override { tally::add(tally_.connections_closed); }

    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    awaitable<void> run() {
        begin_watch();
        if (const auto plan = shared_.plan()) {
            const auto fault = plan->on_connection();
            if (fault) {
                tally::add(tally_.faults);
                co_await refuse_connection(*fault);
                co_return;
            }
        }
        wait_for(waiting::head);
        const bool shaken = co_await shake_hands();
        while (shaken) {
            wait_for(waiting::head);
            parser_.emplace();
            parser_->header_limit(head_bytes_max);
            parser_->body_limit(boost::none);
            const auto [failed, n] =
                co_await beast_http::async_read_header(stream_, buffer_, *parser_, token);
            if (failed) {
                if (is_bad_request(failed)) {
                    co_await transport_.write_text(
                        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                        "Content-Length: 0\r\n\r\n");
                    co_await close();
                }
                break;
            }
            wait_for(waiting::nothing);
            const bool serves_on = co_await serve_request();
            exchange_.reset();
            pieces_.release();
            if (!serves_on) break;
            if (buffer_.size() == 0 && buffer_.capacity() > idle_head_bytes) {
                buffer_.shrink_to_fit();
            }
        }
    }

  private:
    static constexpr bool is_tls = transport<Stream>::is_tls;

    bool has_begun() const noexcept override {
        // A handshake that never ends is no better than a head.
        return !parser_ || buffer_.size() > 0 || parser_->got_some();
    }

    void expire() noexcept override {
        expired_ = true;
        error_code ignored;
        transport_.socket().cancel(ignored);
    }

    awaitable<void> close() {
        const auto self = this->shared_from_this();
        co_await transport_.close(self);
    }

    static bool is_bad_request(const error_code& failed) {
        return failed.category() ==
                   beast_http::make_error_code(beast_http::error::end_of_stream).category() &&
               failed != beast_http::error::end_of_stream &&
               failed != beast_http::error::partial_message;
    }

    awaitable<void> refuse_connection(fault_kind kind) {
        if (kind == fault_kind::reset_accept) {
            transport_.reset();
            co_return;
        }
        // Until the peer resets, or the server stops.
        co_await transport_.socket().async_wait(tcp_socket::wait_error, token);
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
        // Decided without the body: nobody needs to send or read all of it.
        const bool unwanted = x.answered && has_body;
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
        if (x.answered && (expects || (unwanted && length.value_or(~0ULL) > unwanted_bytes_max))) {
            // Whether the client will send the body all the same cannot be known.
            keep_alive = false;
        } else if (has_body) {
            if (expects && !faults.continue_never) {
                const bool sent = co_await write_continue(faults.continue_twice);
                if (!sent) co_return false;
            }
            bool complete = false;
            wait_for(waiting::body);
            if (chunked) {
                complete = co_await read_chunked_body(x);
            } else {
                complete = co_await read_body(x, *length);
            }
            wait_for(waiting::nothing);
            if (!complete) {
                if (!read_refusal(x)) co_return false;
                keep_alive = false;
            }
        }
        if (faults.delay_ns > 0 || faults.queue != nullptr) co_await delay(faults);
        finish(x, faults);
        const bool serves_on = co_await respond(x, keep_alive, faults);
        co_return serves_on;
    }

    void read_head(exchange& x) {
        const auto& message = parser_->get();
        x.id = tally_.request_ids++;
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
            shared_.s3.share(x);
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

    awaitable<bool> write_continue(bool twice) {
        constexpr std::string_view once = "HTTP/1.1 100 Continue\r\n\r\n";
        constexpr std::string_view both =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
        const bool sent = co_await transport_.write_text(twice ? both : once);
        co_return sent;
    }

    /// Of a body that was not read to its end: whether there is something to answer.
    bool read_refusal(exchange& x) {
        if (!expired_ && !out_of_memory_) return false;
        // Of a stream that was cancelled in the middle of a record nothing is known.
        if (expired_ && is_tls) return false;
        shared_.s3.refuse(x, expired_ ? s3_code::request_timeout : s3_code::insufficient_storage);
        return true;
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
            if (!direct) to = somewhere(x, left);
            if (to.empty()) co_return false;
            const auto buffer = asio::buffer(to.data(), to.size());
            const auto [failed, n] = co_await stream_.async_read_some(buffer, token);
            if (failed) co_return false;
            wait_for(waiting::body);
            tally::add(tally_.body_bytes_in, n);
            if (direct) {
                x.filled(n);
            } else {
                pieces_.filled(n);
                x.feed({to.data(), n});
            }
            left -= n;
        }
        co_return true;
    }

    awaitable<bool> read_chunked_body(exchange& x) {
        while (!parser_->is_done()) {
            const std::span<char> to = somewhere(x, read_bytes);
            if (to.empty()) co_return false;
            auto& into = parser_->get().body();
            into.data = to.data();
            into.size = to.size();
            const auto [failed, n] =
                co_await beast_http::async_read_some(stream_, buffer_, *parser_, token);
            if (failed && failed != beast_http::error::need_buffer) co_return false;
            wait_for(waiting::body);
            const std::size_t got = to.size() - into.size;
            tally::add(tally_.body_bytes_in, got);
            pieces_.filled(got);
            x.feed({to.data(), got});
        }
        co_return true;
    }

    /// Where the next bytes of a body go that cannot be read in place. Empty: over the cap.
    std::span<char> somewhere(const exchange& x, std::uint64_t most) {
        if (x.throws_away()) {
            const asio::mutable_buffer trash = transport_.trash();
            return {static_cast<char*>(trash.data()),
                    static_cast<std::size_t>(std::min<std::uint64_t>(most, trash.size()))};
        }
        const std::span<char> to = pieces_.prepare(most);
        out_of_memory_ = to.empty();
        return to;
    }

    awaitable<void> delay(const fault_decision& faults) {
        const std::int64_t now = monotonic_ns();
        std::int64_t until = now;
        if (faults.queue != nullptr) until = faults.queue->arrive(now, faults.service_ns);
        co_await transport_.pause(until - now + faults.delay_ns);
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
                transport_.reset();
                break;
            case wire_response::ending::stall:
                co_await transport_.drain();
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
            const bool sent =
                co_await transport_.write_text(std::string_view(all).substr(at, piece));
            if (!sent) co_return false;
            co_await transport_.pause(draw(rule.delay, random));
        }
        co_return true;
    }

    awaitable<bool> serve_control(exchange& x, std::uint64_t length, bool keep_alive) {
        control_answer answer;
        std::string text;
        if (length > control_bytes_max || parser_->chunked()) {
            answer = {413, "{}"};
            keep_alive = false;
        } else {
            while (buffer_.size() < length) {
                wait_for(waiting::body);
                const auto space =
                    buffer_.prepare(static_cast<std::size_t>(length) - buffer_.size());
                const auto [failed, n] = co_await stream_.async_read_some(space, token);
                if (failed) co_return false;
                buffer_.commit(n);
            }
            wait_for(waiting::nothing);
            text.assign(static_cast<const char*>(buffer_.data().data()),
                        static_cast<std::size_t>(length));
            buffer_.consume(static_cast<std::size_t>(length));
            answer = transport_.from_loopback()
                         ? shared_.control(x.head, text)
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

    transport<Stream> transport_;
    Stream& stream_;  // its
    shared_state& shared_;
    tally& tally_;
    bool expired_ = false;
    bool out_of_memory_ = false;
    flat_buffer buffer_;
    std::optional<beast_http::request_parser<beast_http::buffer_body>> parser_;
    std::optional<exchange> exchange_;
    std::vector<asio::const_buffer> buffers_;
    read_buffer pieces_;
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
