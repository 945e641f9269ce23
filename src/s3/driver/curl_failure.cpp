#include "curl_failure.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <charconv>
#include <string_view>

#include "tls.hpp"

namespace chopsticks::s3 {

namespace {

/// What libcurl tells of a certificate before it, or OpenSSL, has looked at it.
constexpr long verdict_not_known = 1;

/// CURLE_TOO_LARGE, which has a name since 8.6 and is said of what was CURLE_OUT_OF_MEMORY before.
constexpr auto curle_too_large = static_cast<CURLcode>(100);

/// The number behind the last `mark` in a text of libcurl's; 0: there is none.
unsigned long number_behind(std::string_view text, std::string_view mark, int base) noexcept {
    const std::size_t at = text.rfind(mark);
    if (at == std::string_view::npos) return 0;
    const std::string_view rest = text.substr(at + mark.size());
    unsigned long number = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), number, base);
    return number;
}

/// The error of OpenSSL's that libcurl tells as text: "error:0A00010B:SSL routines::...".
unsigned long openssl_error_in(std::string_view text) noexcept {
    return number_behind(text, "error:", 16);
}

int errno_in(std::string_view text) noexcept {
    return static_cast<int>(number_behind(text, ", errno ", 10));
}

}  // namespace

int curl_failure::error() const noexcept {
    long error = 0;
    ::curl_easy_getinfo(handle_, CURLINFO_OS_ERRNO, &error);
    if (error != 0) return static_cast<int>(error);
    if (const int told = errno_in(said_)) return told;
    const unsigned long tls = openssl_error_in(said_);
    const bool closed = tls == 0 || ERR_GET_REASON(tls) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    return closed ? 0 : EPROTO;
}

std::string curl_failure::text() const {
    return said_[0] != '\0' ? said_ : ::curl_easy_strerror(how_);
}

exchange_fault curl_failure::fault(const progress& how_far) const noexcept {
    switch (how_) {
        case CURLE_OK:
            // Nothing more came than the beginning of a head.
            break;
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_WEIRD_SERVER_REPLY:
            return exchange_fault::not_http;
        case CURLE_OUT_OF_MEMORY:
        case curle_too_large:
            // A line of a head beyond what libcurl keeps of one.
        case CURLE_BAD_FUNCTION_ARGUMENT:
            // Its first field continues one that is not there.
            if (!how_far.has_head) return exchange_fault::not_http;
            break;
        case CURLE_SEND_ERROR:
        case CURLE_SEND_FAIL_REWIND:
            return how_far.has_head ? exchange_fault::lost_body : exchange_fault::lost_sending;
        case CURLE_RECV_ERROR:
        case CURLE_BAD_CONTENT_ENCODING:
            if (how_far.has_head && how_far.is_chunked && error() == 0) {
                return exchange_fault::bad_chunk;
            }
            break;
        default:
            break;
    }
    if (how_far.has_head) return exchange_fault::lost_body;
    return how_far.has_sent ? exchange_fault::lost_unanswered : exchange_fault::lost_unread;
}

std::string curl_failure::of_handshake(const tls_context& tls) const {
    long verdict = X509_V_OK;
    ::curl_easy_getinfo(handle_, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (verdict == verdict_not_known) verdict = X509_V_OK;
    // OpenSSL found nothing, so it was libcurl, which compares the names itself.
    if (how_ == CURLE_PEER_FAILED_VERIFICATION && verdict == X509_V_OK) {
        verdict = X509_V_ERR_HOSTNAME_MISMATCH;
    }
    tls_context::handshake_end how;
    how.queued = openssl_error_in(said_);
    how.cause = error();
    return tls.failure(verdict, how);
}

bool curl_failure::is_of_proxy_user() const noexcept {
    long answered = 0;
    ::curl_easy_getinfo(handle_, CURLINFO_HTTP_CONNECTCODE, &answered);
    return answered == 407 || how_ == CURLE_PROXY;
}

}  // namespace chopsticks::s3
