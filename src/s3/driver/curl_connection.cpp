#include "curl_connection.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <cstring>

#include "core_state.hpp"

namespace chopsticks::s3 {

namespace {

/// What libcurl reads at once, and asks for of a body.
constexpr long read_at_once_bytes = 128 * 1024;
constexpr long send_at_once_bytes = 128 * 1024;

/// Until 8.1.1 libcurl keeps a pointer to the last field of a handle's last answer, which it has
/// freed, and goes by it where the first field of the next answer begins with a blank. A handle is
/// good for one transfer then; the connections are not the handle's.
bool must_renew_handles() noexcept {
    static const bool is_old = ::curl_version_info(CURLVERSION_NOW)->version_num < 0x080101;
    return is_old;
}

std::int64_t time_of(CURL* handle, CURLINFO what) noexcept {
    curl_off_t us = 0;
    ::curl_easy_getinfo(handle, what, &us);
    return us * std::int64_t{1000};
}

}  // namespace

curl_connection::curl_connection(core_state& core, const target_address& target)
    : connection(target), core_(core) {
    said_[0] = '\0';
    if (!core_.transfers) {
        core_.transfers = std::make_shared<curl_loop>(
            core_.loop, core_.counters.open_connections,
            is_plain() && core_.options.config->http == http_version::one);
    }
    loop_ = core_.transfers;
    core_.loop.add(static_cast<runtime::deadline&>(*this));
}

curl_connection::~curl_connection() {
    if (under_way_) loop_->stop(handle_);
    under_way_ = false;
    close();
    loop_->forget(*this);
    ::curl_easy_cleanup(handle_);
    core_.loop.remove(static_cast<runtime::deadline&>(*this));
}

void curl_connection::prepare_handle() {
    if (handle_ != nullptr) {
        if (!must_renew_handles()) return;
        ::curl_easy_cleanup(handle_);
    }
    handle_ = ::curl_easy_init();
    CHOPSTICKS_ASSERT(handle_ != nullptr);
    loop_->prepare(handle_);
    curl_transfer* const me = this;
    ::curl_easy_setopt(handle_, CURLOPT_PRIVATE, me);
    ::curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, said_);
    ::curl_easy_setopt(handle_, CURLOPT_OPENSOCKETFUNCTION, &curl_connection::open_socket);
    ::curl_easy_setopt(handle_, CURLOPT_OPENSOCKETDATA, this);
    ::curl_easy_setopt(handle_, CURLOPT_PREREQFUNCTION, &curl_connection::before_request);
    ::curl_easy_setopt(handle_, CURLOPT_PREREQDATA, this);
    ::curl_easy_setopt(handle_, CURLOPT_READFUNCTION, &curl_connection::give_body);
    ::curl_easy_setopt(handle_, CURLOPT_READDATA, this);
    ::curl_easy_setopt(handle_, CURLOPT_SEEKFUNCTION, &curl_connection::rewind_body);
    ::curl_easy_setopt(handle_, CURLOPT_SEEKDATA, this);
    ::curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &curl_connection::take_line);
    ::curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
    ::curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &curl_connection::take_body);
    ::curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
    ::curl_easy_setopt(handle_, CURLOPT_BUFFERSIZE, read_at_once_bytes);
    ::curl_easy_setopt(handle_, CURLOPT_UPLOAD_BUFFERSIZE, send_at_once_bytes);
    ::curl_easy_setopt(handle_, CURLOPT_EXPECT_100_TIMEOUT_MS,
                       static_cast<long>(exchange::continue_wait_ns / 1'000'000));
    // What is no HTTP is looked at, to say what it is.
    ::curl_easy_setopt(handle_, CURLOPT_HTTP09_ALLOWED, 1L);
    // Time-outs are the core's; libcurl's own, of which one is of connecting, come later.
    ::curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT_MS,
                       static_cast<long>(core_.options.timeout.connect_ns / 1'000'000 * 2 + 1000));
    ::curl_easy_setopt(handle_, CURLOPT_MAXAGE_CONN,
                       static_cast<long>(core_.options.timeout.idle_ns / 1'000'000'000 + 1));
    route_.apply(handle_, *core_.options.config, target());
}

bool curl_connection::is_plain() const noexcept {
    return core_.tls == nullptr;
}

runtime::task<std::string> curl_connection::connect() {
    co_return std::string();
}

void curl_connection::close() noexcept {
    if (!under_way_) loop_->end_idle(std::exchange(socket_, CURL_SOCKET_BAD), *this);
}

void curl_connection::settle(CURLcode how) noexcept {
    under_way_ = false;
    how_ = how;
    job_->out->done_ns = monotonic_ns();
    if (waiter_) core_.loop.make_ready(std::exchange(waiter_, nullptr));
}

void curl_connection::wake() noexcept {
    if (!under_way_) return;
    stopped_ = true;
    loop_->stop(handle_);
    settle(CURLE_ABORTED_BY_CALLBACK);
}

runtime::task<bool> curl_connection::carry_out(exchange_job& job) {
    engine::outcome& out = *job.out;
    job_ = &job;
    begun_ = again_ = has_head_ = closed_ = stopped_ = wrong_version_ = false;
    socket_ = CURL_SOCKET_BAD;
    opened_ns_ = 0;
    open_error_ = again_error_ = error_ = 0;
    until_ns_ = due_ns;
    ending_ = exchange_ending();
    head_text_.clear();
    said_[0] = '\0';
    prepare_handle();
    request_.compose(handle_, job, route_.origin());
    // Until there is an answer: libcurl takes one whose head does not end for a whole one.
    ::curl_easy_setopt(handle_, CURLOPT_FORBID_REUSE, 1L);
    out.sent_ns = monotonic_ns();
    out.first_byte_ns = out.done_ns = 0;
    under_way_ = true;
    if (!loop_->start(handle_)) settle(CURLE_FAILED_INIT);
    const ended_transfer over{this};
    co_await over;
    co_return finish(job);
}

curl_socket_t curl_connection::open_socket(void* self, curlsocktype, curl_sockaddr* to) {
    auto& me = *static_cast<curl_connection*>(self);
    if (me.begun_) {
        me.note_again();
        return CURL_SOCKET_BAD;
    }
    const std::int64_t now = monotonic_ns();
    if (me.opened_ns_ == 0) me.opened_ns_ = now;
    me.expire_at(now + me.core_.options.timeout.connect_ns, false);
    me.socket_ = curl_loop::open_socket(*to);
    if (me.socket_ == CURL_SOCKET_BAD) me.open_error_ = errno;
    return me.socket_;
}

int curl_connection::before_request(void* self, char*, char*, int, int local_port) {
    auto& me = *static_cast<curl_connection*>(self);
    if (me.begun_) {
        me.note_again();
        return CURL_PREREQFUNC_ABORT;
    }
    me.begun_ = true;
    if (me.opened_ns_ != 0) {
        me.note_opened(local_port);
    } else {
        me.core_.figures.reused.add();
        // One whose answer is there at once libcurl never waits for, and so never names.
        me.socket_ = me.loop_->from_port(local_port);
        if (me.socket_ != CURL_SOCKET_BAD) me.loop_->note_user(me.socket_, me);
    }
    me.job_->out->sent_ns = monotonic_ns();
    return CURL_PREREQFUNC_OK;
}

void curl_connection::note_again() noexcept {
    if (again_) return;
    again_ = true;
    again_error_ = why_failed().error();
}

void curl_connection::note_opened(int local_port) {
    loop_->note_connected(socket_, local_port);
    connect_ns_ = time_of(handle_, CURLINFO_CONNECT_TIME_T);
    handshake_ns_ = 0;
    resumed_ = false;
    if (!is_plain()) {
        handshake_ns_ = time_of(handle_, CURLINFO_APPCONNECT_TIME_T) - connect_ns_;
        curl_tlssessioninfo* tls = nullptr;
        ::curl_easy_getinfo(handle_, CURLINFO_TLS_SSL_PTR, &tls);
        resumed_ = tls != nullptr && tls->internals != nullptr &&
                   ::SSL_session_reused(static_cast<SSL*>(tls->internals)) == 1;
    }
    core_.note_opened(*this);
    // Connecting has a time-out of its own; that of the exchange goes on, or begins now.
    const std::int64_t waited_ns = monotonic_ns() - opened_ns_;
    expire_at(job_->until_ns != 0 ? job_->until_ns
              : until_ns_ == 0    ? 0
                                  : until_ns_ + waited_ns,
              false);
}

std::size_t curl_connection::give_body(char* to, std::size_t, std::size_t room, void* self) {
    auto& me = *static_cast<curl_connection*>(self);
    return me.request_.give(to, room, *me.core_.content);
}

/// A transfer that was to be repeated and was not has libcurl rewind the body of the next one.
int curl_connection::rewind_body(void* self, curl_off_t offset, int from) {
    auto& me = *static_cast<curl_connection*>(self);
    if (me.begun_ || from != SEEK_SET || offset != 0) {
        me.note_again();
        return CURL_SEEKFUNC_FAIL;
    }
    me.request_.rewind();
    return CURL_SEEKFUNC_OK;
}

std::size_t curl_connection::take_line(char* line, std::size_t, std::size_t bytes, void* self) {
    auto& me = *static_cast<curl_connection*>(self);
    // What comes behind a body in chunks.
    if (me.has_head_) return bytes;
    std::string_view text(line, bytes);
    if (me.head_text_.empty() && me.core_.options.config->http != http_version::one) {
        constexpr std::string_view second = "HTTP/2 ";
        me.wrong_version_ = !text.starts_with(second);
        if (me.wrong_version_) return 0;
        // The rest of a head is the same in both, as libcurl tells it.
        me.head_text_ = "HTTP/1.1 ";
        text.remove_prefix(second.size());
    }
    me.head_text_ += text;
    const bool ends = text == "\r\n" || text == "\n";
    if (!ends && me.head_text_.size() <= http::max_head_bytes) return bytes;
    return me.take_head() ? bytes : 0;
}

bool curl_connection::take_head() {
    const auto state = http::parse_head(head_text_, head_, job_->head_request);
    if (state != http::head_state::complete) {
        ending_.fault = exchange_fault::not_http;
        return false;
    }
    if (head_.status == 101) {
        ending_.fault = exchange_fault::switching_protocols;
        return false;
    }
    if (head_.status < 200) {
        head_text_.clear();
        return true;
    }
    if (head_.status < 300 && !has_sent_all()) {
        ending_.fault = exchange_fault::early_success;
        return false;
    }
    job_->out->first_byte_ns = monotonic_ns();
    has_head_ = true;
    if (route_.keeps_connections()) ::curl_easy_setopt(handle_, CURLOPT_FORBID_REUSE, 0L);
    ending_.body_length = head_.content_length;
    job_->to->head(head_);
    return true;
}

std::size_t curl_connection::take_body(char* piece, std::size_t, std::size_t bytes, void* self) {
    auto& me = *static_cast<curl_connection*>(self);
    const std::string_view text(piece, bytes);
    if (!me.has_head_) {
        me.ending_.fault = exchange_fault::not_http;
        me.ending_.tls_answer = me.is_plain() && is_tls_record(text);
        return 0;
    }
    me.job_->to->take(text);
    return bytes;
}

bool curl_connection::has_sent_all() const noexcept {
    if (request_.body_bytes() == 0) return true;
    curl_off_t sent = 0;
    ::curl_easy_getinfo(handle_, CURLINFO_SIZE_UPLOAD_T, &sent);
    return static_cast<std::uint64_t>(sent) >= request_.body_bytes();
}

std::string curl_connection::why_unopened() {
    const bool connected = time_of(handle_, CURLINFO_CONNECT_TIME_T) > 0;
    if (ended() != end::none) return connected ? stopped_handshake() : stopped_connecting();
    if (open_error_ != 0) return no_socket(open_error_);
    const curl_failure why = why_failed();
    const int error = why.error();
    if (!target().via.empty()) {
        error_ = error;
        return "cannot connect to " + target().text + " through the proxy " + target().via + ": " +
               why.text() +
               (why.is_of_proxy_user()
                    ? "; check proxy.user and proxy.password in the workload config"
                    : "");
    }
    // The time of connecting is not told before all of it is done.
    if (why.is_of_handshake())
        return "TLS handshake with " + target().text + " failed: " + why.of_handshake(*core_.tls);
    if (error != 0) return not_connected(error);
    return "cannot connect to " + target().text + ": " + why.text();
}

bool curl_connection::finish(exchange_job& job) {
    engine::outcome& out = *job.out;
    using fault = exchange_fault;
    const bool opens = !begun_ && (opened_ns_ != 0 || !stopped_);
    if (opens) {
        expire_at(job.until_ns != 0 ? job.until_ns : until_ns_, false);
        const std::string problem = why_unopened();
        if (job.problem != nullptr) *job.problem = problem;
        core_.note_unopened(*this, problem, out);
        job_ = nullptr;
        return false;
    }
    if (stopped_) {
        ending_.fault = ended() == end::cancelled ? fault::cancelled : fault::timed_out;
    } else if (ending_.fault == fault::none && !wrong_version_) {
        // A refusal that libcurl would have answered by sending the request again.
        if (again_ && has_head_) {
            job_ = nullptr;
            return true;
        }
        ending_.error = again_ ? again_error_ : why_failed().error();
        ending_.body_bytes = job.to->whole().received;
        if (how_ != CURLE_OK || !has_head_) {
            ending_.fault = why_failed().fault(
                {has_head_, head_.body == http::body_kind::chunked, has_sent_all()});
        } else if (closed_ && head_.keep_alive && has_sent_all() &&
                   core_.options.config->http == http_version::one) {
            // libcurl closes a connection that was to be kept where more came than was announced.
            ending_.fault = fault::extra_bytes;
        }
        if (ending_.fault == fault::lost_sending && ending_.error == 0) ending_.error = EPIPE;
    }
    job_ = nullptr;
    if (wrong_version_ || ending_.fault != fault::none) close();
    if (wrong_version_) {
        out.fail(
            op_status::bad_response, "NotHttp2",
            target().text +
                " does not answer in HTTP/2; write `http_version: 1.1` in the workload config");
        return false;
    }
    if (ending_.fault == fault::none) return true;
    if (ending_.fault == fault::timed_out) ++core_.counters.timeouts;
    if (how_ == CURLE_HTTP2 || how_ == CURLE_HTTP2_STREAM) {
        out.fail(op_status::connection_lost, "Http2", target().text + ": " + why_failed().text());
        return false;
    }
    const failure why = explain(ending_, target().text);
    out.fail(why.status, why.code, why.text);
    return false;
}

std::unique_ptr<connection> make_curl_connection(core_state& core, const target_address& target) {
    return std::make_unique<curl_connection>(core, target);
}

}  // namespace chopsticks::s3
