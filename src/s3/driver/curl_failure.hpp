#pragma once
/// \file
/// What libcurl says of a transfer that failed, in the words that all drivers have.

#include <curl/curl.h>

#include <chopsticks/s3/protocol/exchange.hpp>
#include <string>

namespace chopsticks::s3 {

class tls_context;

/// Of one transfer, as its handle is told; both outlive this.
class curl_failure {
  public:
    /// How far the exchange had come.
    struct progress {
        bool has_head = false;    ///< the answer's was whole
        bool is_chunked = false;  ///< its body is
        bool has_sent = false;    ///< all of the request
    };

    /// \param said what libcurl wrote into CURLOPT_ERRORBUFFER
    curl_failure(CURL* handle, CURLcode how, const char* said) noexcept
        : handle_(handle), how_(how), said_(said) {}

    /// errno of what ended the connection; 0: the peer closed it, or nothing is known.
    int error() const noexcept;
    /// libcurl's own words.
    std::string text() const;
    /// How an exchange ended that was begun.
    exchange_fault fault(const progress& how_far) const noexcept;

    bool is_of_handshake() const noexcept {
        return how_ == CURLE_SSL_CONNECT_ERROR || how_ == CURLE_PEER_FAILED_VERIFICATION;
    }
    /// Why there is no TLS connection, for a person.
    std::string of_handshake(const tls_context& tls) const;
    /// The proxy did not take who we say we are.
    bool is_of_proxy_user() const noexcept;

  private:
    CURL* handle_;
    CURLcode how_;
    const char* said_;
};

}  // namespace chopsticks::s3
