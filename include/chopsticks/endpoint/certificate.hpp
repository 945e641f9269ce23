#pragma once
/// \file
/// A certificate for tests and for a local HTTPS endpoint.

#include <string>
#include <vector>

namespace chopsticks::endpoint {

struct certificate_files {
    std::string certificate;  ///< PEM; also what a client has to trust
    std::string key;          ///< PEM, mode 0600
};

/// Makes a P-256 key and a certificate signed by itself, valid from an hour ago for `days` days,
/// for the given DNS names and IP addresses, and writes them as cert.pem and key.pem into
/// `directory`, which must exist. Existing files are replaced. Throws config_error. Any thread.
certificate_files make_self_signed(const std::string& directory,
                                   const std::vector<std::string>& names = {"localhost",
                                                                            "127.0.0.1", "::1"},
                                   int days = 30);

}  // namespace chopsticks::endpoint
