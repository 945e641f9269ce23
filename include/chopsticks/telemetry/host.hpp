#pragma once
/// \file
/// What does not change during a run: the host, the limits, the build.

#include <cstdint>
#include <string>

namespace chopsticks::telemetry {

/// The machine. Texts: empty = unknown; numbers: 0 = unknown.
struct host_description {
    std::string host;
    std::string kernel;  ///< "Linux 6.1.0-18-amd64"
    std::string cpu_model;
    unsigned cpus_online = 0;
    unsigned cpus_usable = 0;  ///< by the process's affinity mask
    std::uint64_t memory_bytes = 0;
    std::string clock_source;  ///< "tsc"; a slow one (hpet, acpi_pm) makes every time stamp dear
    unsigned port_first = 0;   ///< ephemeral ports: they bound the connections to one address
    unsigned port_last = 0;
};

/// Reads it from `proc` and `sys` (other directories in tests). Never fails.
host_description describe_host(const std::string& proc = "/proc", const std::string& sys = "/sys");

/// RLIMIT_NOFILE.
struct descriptor_limit {
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};
descriptor_limit current_descriptor_limit();

/// Makes room for `needed` file descriptors in all: raises the soft limit as far as needed, and the
/// hard one where the process may. Empty when there is room afterwards, otherwise one message that
/// says what is missing and how to mend it. Main thread, before the cores start.
std::string raise_descriptor_limit(std::uint64_t needed);

/// What this binary was made of.
struct build_description {
    std::string version;   ///< of chopsticks
    std::string compiler;  ///< "gcc 12.2.0"
    std::string
        build_type;  ///< "release"; "release, address sanitizer": such figures are no measurement
    std::string boost;    ///< "1.81.0", of the headers
    std::string openssl;  ///< "OpenSSL 3.0.11 19 Sep 2023", of the library that is loaded
};
build_description describe_build();

}  // namespace chopsticks::telemetry
