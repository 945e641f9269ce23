#include "beast_connection.hpp"

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/write.hpp>
#include <chopsticks/core/clock.hpp>
#include <cstring>

#include "core_state.hpp"

namespace chopsticks::s3 {

namespace asio = boost::asio;
namespace http_lib = boost::beast::http;

namespace {

/// Where a write has to be given up, and the cancelling came while Asio was between two calls.
constexpr std::int64_t give_up_again_ns = 5'000'000;
/// As the other driver's parser.
constexpr std::uint64_t length_most = std::uint64_t{1} << 62;
constexpr std::string_view http_1 = "HTTP/1.";
constexpr std::size_t read_bytes = 64 * 1024;

bool is_http(const boost::system::error_code& ec) noexcept {
    return ec.category() == http_lib::make_error_code(http_lib::error::end_of_stream).category();
}

/// Closed by the peer, whatever the layer that noticed calls it.
bool is_end(const boost::system::error_code& ec) noexcept {
    return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated ||
           ec == http_lib::error::end_of_stream || ec == http_lib::error::partial_message;
}

/// Of a lost connection: 0 where the peer closed it.
int error_of(const boost::system::error_code& ec) noexcept {
    if (is_end(ec)) return 0;
    return ec.category() == boost::system::system_category() ? ec.value() : EPROTO;
}

std::string_view text_of(boost::beast::string_view text) noexcept {
    return {text.data(), text.size()};
}

boost::beast::string_view text_of(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

template <typename Fields, typename Name>
std::string_view field_of(const Fields& fields, Name name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : text_of(found->value());
}

}  // namespace

beast_connection::beast_connection(core_state& core, const target_address& target)
    : connection(target),
      core_(core),
      work_(core.loop.context().get_executor()),
      socket_(core.loop.context().get_executor()),
      timer_(core.loop.context().get_executor()) {
    core_.loop.add(static_cast<runtime::deadline&>(*this));
}

beast_connection::~beast_connection() {
    close();
    free_tls();
    core_.loop.remove(static_cast<runtime::deadline&>(*this));
}

bool beast_connection::is_plain() const noexcept {
    return core_.tls == nullptr;
}

bool beast_connection::is_stale() noexcept {
    pollfd state{socket_.native_handle(), POLLIN | POLLRDHUP, 0};
    if (::poll(&state, 1, 0) <= 0) return false;
    if ((state.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0) return true;
    // TLS servers send session tickets when they like; they are read with the next answer.
    return is_plain();
}

void beast_connection::close() noexcept {
    error_code ignored;
    socket_.close(ignored);
    if (counted_) --core_.counters.open_connections;
    counted_ = false;
    // Operations under way have yet to end, and refer to it.
    if (!is_busy()) free_tls();
}

void beast_connection::free_tls() noexcept {
    if (!tls_) return;
    // OpenSSL never again offers the session of a connection that was freed without this.
    ::SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    tls_.reset();
}

void beast_connection::settle() {
    if (is_busy() || !waiter_) return;
    std::exchange(waiter_, nullptr).resume();
}

void beast_connection::wake() noexcept {
    if (!waiter_) return;
    if (!over_) {
        conclude(ended() == end::cancelled ? exchange_fault::cancelled : exchange_fault::timed_out);
        return;
    }
    // Connecting. What Asio begins after it on a closed socket fails at once.
    close();
}

runtime::task<std::string> beast_connection::connect() {
    close();
    free_tls();
    error_ = 0;
    over_ = true;
    resumed_ = false;
    const std::int64_t began_ns = monotonic_ns();
    asio::ip::tcp::endpoint to;
    to.resize(target().length);
    std::memcpy(to.data(), &target().address, target().length);
    error_code ec;
    socket_.open(to.protocol(), ec);
    if (ec) co_return no_socket(ec.value());
    socket_.set_option(asio::ip::tcp::no_delay(true), ec);
    reading_ = true;
    socket_.async_connect(to, [this](const error_code& e) {
        reading_ = false;
        result_ = e;
        settle();
    });
    const settled connected{this};
    co_await connected;
    if (ended() != end::none) {
        close();
        co_return stopped_connecting();
    }
    if (result_) {
        close();
        co_return not_connected(result_.value());
    }
    const std::int64_t connected_ns = monotonic_ns();
    connect_ns_ = connected_ns - began_ns;
    if (!is_plain()) {
        ssl_ptr state = core_.tls->start(target().host, target().endpoint);
        tls_.emplace(socket_, state.release());
        reading_ = true;
        tls_->async_handshake(asio::ssl::stream_base::client, [this](const error_code& e) {
            reading_ = false;
            result_ = e;
            settle();
        });
        const settled shaken{this};
        co_await shaken;
        if (ended() != end::none) {
            close();
            co_return stopped_handshake();
        }
        if (result_) {
            tls_context::handshake_end how;
            if (result_.category() == asio::error::get_ssl_category()) {
                how.queued = static_cast<unsigned>(result_.value());
            } else if (!is_end(result_)) {
                how.cause = result_.value();
            }
            const std::string why = core_.tls->failure(tls_->native_handle(), how);
            close();
            co_return "TLS handshake with " + target().text + " failed: " + why;
        }
        handshake_ns_ = monotonic_ns() - connected_ns;
        resumed_ = ::SSL_session_reused(tls_->native_handle()) == 1;
    }
    counted_ = true;
    ++core_.counters.open_connections;
    buffer_.clear();
    co_return std::string();
}

template <typename Step>
void beast_connection::on_stream(Step step) {
    if (tls_) {
        step(*tls_);
    } else {
        step(socket_);
    }
}

void beast_connection::compose(const exchange_job& job) {
    serializer_.reset();
    message_.emplace();
    request_message& m = *message_;
    // The rendered head, signature and all, as a message: "METHOD target HTTP/1.1", then fields.
    std::string_view rest = job.head;
    const auto take = [&rest](std::string_view until) {
        const std::size_t at = rest.find(until);
        const std::string_view taken = rest.substr(0, at);
        rest.remove_prefix(at + until.size());
        return taken;
    };
    m.method_string(text_of(take(" ")));
    m.target(text_of(take(" ")));
    m.version(11);
    take("\r\n");
    while (!rest.starts_with("\r\n")) {
        const std::string_view name = take(": ");
        const std::string_view value = take("\r\n");
        m.insert(text_of(name), text_of(value));
    }
    sent_body::value_type& body = m.body();
    if (job.body_bytes() > 0) {
        if (!room_) room_ = std::make_unique<sent_body::room>();
        body.with = room_.get();
        body.text = job.body;
        body.content = core_.content;
        body.key = job.key;
        body.offset = job.content_offset;
        body.bytes = job.content_bytes;
        body.tail = job.tail;
    }
    serializer_.emplace(m);
}

runtime::task<bool> beast_connection::carry_out(exchange_job& job) {
    engine::outcome& out = *job.out;
    job_ = &job;
    // What is known of the body may lie in a buffer that belongs to the next request.
    std::string body;
    if (!job.body.empty()) {
        body.assign(job.body);
        job.body = body;
    }
    over_ = early_ = begun_ = sent_ = has_head_ = must_close_ = false;
    holds_body_ = job.expects_continue && job.body_bytes() > 0;
    send_error_ = 0;
    ending_ = exchange_ending();
    compose(job);
    out.sent_ns = monotonic_ns();
    out.first_byte_ns = out.done_ns = 0;
    write();
    expect_head();
    read();
    const settled done{this};
    co_await done;
    out.done_ns = monotonic_ns();
    job.must_close = must_close_;
    job_ = nullptr;
    if (ending_.fault == exchange_fault::none) co_return true;
    if (ending_.fault == exchange_fault::timed_out) ++core_.counters.timeouts;
    const failure why = explain(ending_, target().text);
    out.fail(why.status, why.code, why.text);
    co_return false;
}

void beast_connection::conclude(exchange_fault why, int error) {
    if (over_) return settle();
    over_ = true;
    ending_.fault = why;
    ending_.error = error;
    if (why != exchange_fault::none) must_close_ = true;
    if (timing_) timer_.cancel();
    // What Asio begins after this on a closed socket fails at once.
    if (reading_ || writing_) close();
    settle();
}

void beast_connection::write() {
    writing_ = true;
    const auto then = [this](const error_code& ec, std::size_t) { wrote(ec); };
    if (holds_body_) {
        serializer_->split(true);
        on_stream([&](auto& stream) { http_lib::async_write_header(stream, *serializer_, then); });
    } else {
        on_stream([&](auto& stream) { http_lib::async_write_some(stream, *serializer_, then); });
    }
}

void beast_connection::wrote(const error_code& ec) {
    writing_ = false;
    if (over_) return settle();
    if (early_) {
        if (timing_) timer_.cancel();
        return read_body();
    }
    if (ec) {
        // The reason may be on its way: who reads will see that, or the end.
        send_error_ = error_of(ec) == 0 ? EPIPE : error_of(ec);
        if (!begun_) conclude(exchange_fault::lost_sending, send_error_);
        return;
    }
    begun_ = true;
    if (holds_body_) return start_timer(exchange::continue_wait_ns);
    if (!serializer_->is_done()) return write();
    sent_ = true;
}

void beast_connection::expect_head() {
    parser_.emplace();
    parser_->header_limit(http::max_head_bytes);
    parser_->body_limit(boost::none);
    parser_->skip(job_->head_request);
}

// Beast's own reads come back when a line is whole. What is none may never have an end, so it is
// looked at as it comes.
void beast_connection::read() {
    reading_ = true;
    const auto then = [this](const error_code& ec, std::size_t bytes) {
        reading_ = false;
        buffer_.commit(bytes);
        if (over_) return settle();
        if (has_head_) {
            parse_body(ec);
        } else {
            parse_head(ec);
        }
    };
    const auto room = buffer_.prepare(read_bytes);
    on_stream([&](auto& stream) { stream.async_read_some(room, then); });
}

beast_connection::error_code beast_connection::parse(const error_code& stop) {
    error_code ec;
    // No chunked body is shorter, and Beast's parser ends the program when an empty one comes as
    // "0\r\n" and then one byte more. Behind a chunk the end is longer.
    constexpr std::size_t shortest_body = 5;
    if (has_head_ && parser_->chunked() && !stop && buffer_.size() < shortest_body &&
        job_->to->whole().received == 0) {
        return ec;
    }
    if (buffer_.size() > 0) buffer_.consume(parser_->put(buffer_.data(), ec));
    if (ec == http_lib::error::need_more) ec = {};
    const bool whole = has_head_ ? parser_->is_done() : parser_->is_header_done();
    if (ec || whole || !stop) return ec;
    if (is_end(stop) && parser_->got_some()) {
        parser_->put_eof(ec);
        return ec;
    }
    return stop;
}

std::string_view beast_connection::unparsed() const noexcept {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
}

void beast_connection::parse_head(const error_code& stop) {
    for (;;) {
        const std::string_view begun = unparsed().substr(0, http_1.size());
        const bool other = !parser_->got_some() && !http_1.starts_with(begun);
        const error_code ec = other ? error_code() : parse(stop);
        if (other || (is_http(ec) && !is_end(ec))) {
            ending_.tls_answer = is_plain() && is_tls_record(unparsed());
            return conclude(exchange_fault::not_http);
        }
        if (ec) {
            if (send_error_ != 0) return conclude(exchange_fault::lost_sending, send_error_);
            return conclude(sent_ ? exchange_fault::lost_unanswered : exchange_fault::lost_unread,
                            error_of(ec));
        }
        if (!parser_->is_header_done()) return read();
        const unsigned status = parser_->get().result_int();
        if (status == 101) return conclude(exchange_fault::switching_protocols);
        if (status >= 200) return take_head();
        if (status == 100 && holds_body_ && begun_) {
            holds_body_ = false;
            if (timing_) timer_.cancel();
            serializer_->split(false);
            write();
        }
        expect_head();
    }
}

void beast_connection::take_head() {
    job_->out->first_byte_ns = monotonic_ns();
    const auto& m = parser_->get();
    http::response_head head;
    head.status = static_cast<int>(m.result_int());
    head.version_minor = m.version() == 10 ? 0 : 1;
    head.keep_alive = parser_->keep_alive();
    if (const auto length = parser_->content_length()) {
        head.has_content_length = true;
        head.content_length = *length;
        if (*length > length_most) return conclude(exchange_fault::not_http);
    }
    using field = http_lib::field;
    head.etag = field_of(m, field::etag);
    head.location = field_of(m, field::location);
    head.content_type = field_of(m, field::content_type);
    head.content_range = field_of(m, field::content_range);
    head.date = field_of(m, field::date);
    head.server = field_of(m, field::server);
    head.bucket_region = field_of(m, "x-amz-bucket-region");
    head.version_id = field_of(m, "x-amz-version-id");
    head.delete_marker = field_of(m, "x-amz-delete-marker");
    head.encryption = field_of(m, "x-amz-server-side-encryption");
    head.customer_algorithm = field_of(m, "x-amz-server-side-encryption-customer-algorithm");
    early_ = !sent_;
    if (early_ && head.status < 300) return conclude(exchange_fault::early_success);
    must_close_ = early_ || !head.keep_alive;
    ending_.body_length = head.content_length;
    job_->to->head(head);
    parser_->get().body() = job_->to;
    has_head_ = true;
    if (timing_) timer_.cancel();
    if (!writing_) return read_body();
    // Nothing is read until it has ended: both would be cancelled.
    error_code ignored;
    socket_.cancel(ignored);
    if (!timing_) start_timer(give_up_again_ns);
}

void beast_connection::read_body() {
    parser_->eager(true);
    parse_body({});
}

void beast_connection::parse_body(const error_code& stop) {
    const error_code ec = parser_->is_done() ? error_code() : parse(stop);
    if (!ec && parser_->is_done()) return complete();
    const std::uint64_t received = job_->to->whole().received;
    // What the parser leaves begins the line of a chunk: behind another chunk an empty line first.
    const bool off =
        parser_->chunked() && received > 0 && buffer_.size() > 0 && unparsed().front() != '\r';
    if ((is_http(ec) && !is_end(ec)) || off) return conclude(exchange_fault::bad_chunk);
    if (!ec) return read();
    ending_.body_bytes = received;
    conclude(exchange_fault::lost_body, error_of(ec));
}

void beast_connection::complete() {
    if (buffer_.size() == 0) return conclude(exchange_fault::none);
    buffer_.clear();
    conclude(exchange_fault::extra_bytes);
}

void beast_connection::start_timer(std::int64_t ns) {
    timing_ = true;
    timer_.expires_after(std::chrono::nanoseconds(ns));
    timer_.async_wait([this](const error_code&) { timer_ended(); });
}

void beast_connection::timer_ended() {
    timing_ = false;
    if (over_) return settle();
    if (early_) {
        if (!writing_) return;
        error_code ignored;
        socket_.cancel(ignored);
        return start_timer(give_up_again_ns);
    }
    // The time is over, unless the word came: the body is under way then.
    if (!holds_body_) return;
    holds_body_ = false;
    serializer_->split(false);
    write();
}

std::unique_ptr<connection> make_beast_connection(core_state& core, const target_address& target) {
    return std::make_unique<beast_connection>(core, target);
}

}  // namespace chopsticks::s3
