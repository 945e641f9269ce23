#pragma once
/// \file
/// TLS of one core: its context, and the sessions it may resume.

#include <openssl/ssl.h>

#include <chopsticks/s3/workload/settings.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::s3 {

struct ssl_deleter {
    void operator()(SSL* p) const noexcept { ::SSL_free(p); }
    void operator()(SSL_CTX* p) const noexcept { ::SSL_CTX_free(p); }
    void operator()(SSL_SESSION* p) const noexcept { ::SSL_SESSION_free(p); }
};
using ssl_ptr = std::unique_ptr<SSL, ssl_deleter>;

/// Belongs to one core, so that no lock and no reference count of OpenSSL's is shared.
class tls_context {
  public:
    /// Throws config_error if the CA file cannot be read.
    tls_context(const settings& config, std::size_t endpoints);

    /// A connection's state, without anything below it yet. `host` is checked against the
    /// certificate.
    ssl_ptr start(const std::string& host, std::size_t endpoint);

    /// Why a handshake failed. `queued`: OpenSSL's error, or 0; then `cause` is an errno, or 0
    /// where the peer closed.
    struct handshake_end {
        unsigned long queued = 0;
        int cause = 0;
    };
    /// After a call of OpenSSL's; takes the error from its queue.
    static handshake_end end_of(SSL* connection, int result) noexcept;
    /// For a person.
    std::string failure(SSL* connection, const handshake_end& how) const;
    /// The same, where somebody else holds the connection. `verdict`: of its certificate, X509_V_OK
    /// or why not.
    std::string failure(long verdict, const handshake_end& how) const;

  private:
    static int keep_session(SSL* connection, SSL_SESSION* session);

    std::unique_ptr<SSL_CTX, ssl_deleter> context_;
    bool verify_;
    bool resume_;
    std::vector<std::unique_ptr<SSL_SESSION, ssl_deleter>> sessions_;  // by endpoint, the newest
};

}  // namespace chopsticks::s3
