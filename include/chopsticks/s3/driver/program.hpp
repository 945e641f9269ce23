#pragma once
/// \file
/// Drivers of S3 that are programs: what one is told before it is asked for anything (the first
/// line of docs/reference/driver-protocol.md, and its environment), and what to install for one.

#include <chopsticks/process/child.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

struct program_hello {
    std::string endpoint;
    std::string bucket;
    std::string region;
    bool virtual_host = false;
    bool tls_verify = true;
    std::string ca_file;
    std::uint32_t retries = 0;
    std::int64_t connect_ns = 0;
    std::int64_t operation_ns = 0;
    bool reads_bytes = false;  ///< hands over what it has read, and not only how much
    std::uint32_t in_flight = 0;

    /// Its end included. Pure; any thread.
    std::string line() const;
};

/// Hands over credentials under the names that all SDKs of S3 know, and nothing else that they
/// might take in their place.
void give_credentials(process::child_plan& to, const std::string& access_key,
                      const std::string& secret_key, const std::string& session_token);

/// What `list` says behind a driver's description: what to install for one that cannot run here.
/// May start a program, and blocks meanwhile.
std::string driver_note(std::string_view driver);

}  // namespace chopsticks::s3
