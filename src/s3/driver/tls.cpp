#include "tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <cstring>

namespace chopsticks::s3 {

namespace {

bool is_address(const std::string& host) {
    unsigned char bytes[16];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

/// What OpenSSL says when bytes came that are no TLS record.
bool is_plain_answer(unsigned long error) {
    switch (ERR_GET_REASON(error)) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
            return true;
        default:
            return false;
    }
}

std::string describe(unsigned long error) {
    char text[256] = "unknown error";
    if (error != 0) ::ERR_error_string_n(error, text, sizeof text);
    return text;
}

std::string last_openssl_error() {
    const unsigned long error = ::ERR_peek_last_error();
    ::ERR_clear_error();
    return describe(error);
}

/// Where a connection holds the place of its sessions. Not 0, which Asio takes for its own.
int session_index() {
    static const int index = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

}  // namespace

tls_context::tls_context(const settings& config, std::size_t endpoints)
    : context_(::SSL_CTX_new(::TLS_client_method())),
      verify_(!config.tls_insecure),
      resume_(config.tls_resumption),
      sessions_(endpoints) {
    SSL_CTX* context = context_.get();
    ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // Writes are made from buffers that are filled anew, and ten thousand idle connections should
    // not hold 34 KiB of record buffers each.
    ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    ::SSL_CTX_set_verify(context, verify_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (verify_) {
        const int loaded = config.tls_ca_file.empty()
                               ? ::SSL_CTX_set_default_verify_paths(context)
                               : ::SSL_CTX_load_verify_file(context, config.tls_ca_file.c_str());
        if (loaded != 1) {
            throw config_error("cannot read the CA file " + config.tls_ca_file + ": " +
                               last_openssl_error() +
                               "; give a file of PEM certificates in tls.ca_file");
        }
    }
    if (!resume_) {
        ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
        ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        return;
    }
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    ::SSL_CTX_sess_set_new_cb(context, &tls_context::keep_session);
}

int tls_context::keep_session(SSL* connection, SSL_SESSION* session) {
    auto* slot = static_cast<std::unique_ptr<SSL_SESSION, ssl_deleter>*>(
        ::SSL_get_ex_data(connection, session_index()));
    if (slot == nullptr) return 0;
    slot->reset(session);
    return 1;  // the session is ours now
}

ssl_ptr tls_context::start(const std::string& host, std::size_t endpoint) {
    ssl_ptr connection(::SSL_new(context_.get()));
    SSL* ssl = connection.get();
    ::SSL_set_connect_state(ssl);
    if (!is_address(host)) ::SSL_set_tlsext_host_name(ssl, host.c_str());
    if (verify_) {
        if (is_address(host)) {
            ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), host.c_str());
        } else {
            ::SSL_set1_host(ssl, host.c_str());
        }
    }
    if (resume_) {
        ::SSL_set_ex_data(ssl, session_index(), &sessions_[endpoint]);
        if (sessions_[endpoint]) ::SSL_set_session(ssl, sessions_[endpoint].get());
    }
    return connection;
}

tls_context::handshake_end tls_context::end_of(SSL* connection, int result) noexcept {
    handshake_end how;
    const int cause = errno;
    how.queued = ::ERR_peek_last_error();
    if (how.queued == 0 && ::SSL_get_error(connection, result) == SSL_ERROR_SYSCALL) {
        how.cause = cause;
    }
    ::ERR_clear_error();
    return how;
}

std::string tls_context::failure(SSL* connection, const handshake_end& how) const {
    return failure(::SSL_get_verify_result(connection), how);
}

std::string tls_context::failure(long verdict, const handshake_end& how) const {
    if (verify_ && verdict != X509_V_OK) {
        return std::string("the server's certificate was not accepted: ") +
               ::X509_verify_cert_error_string(verdict) +
               "; name its CA in tls.ca_file, or set tls.verify: false for a test server";
    }
    if (how.queued == 0 || ERR_GET_REASON(how.queued) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        return std::string(how.cause != 0 ? std::strerror(how.cause)
                                          : "the server closed the connection") +
               "; does it speak https at this port? Write http:// in the endpoint if not";
    }
    if (is_plain_answer(how.queued)) {
        return "the answer is not TLS: this is no https port; write http:// in the endpoint, or "
               "name its https port";
    }
    return describe(how.queued) + "; does the endpoint speak https?";
}

}  // namespace chopsticks::s3
