#pragma once
/// \file
/// The lines of the protocol between this program and one that does its operations
/// (docs/reference/driver-protocol.md). No I/O; any core.

#include <chopsticks/core/error.hpp>
#include <chopsticks/process/json_line.hpp>
#include <chopsticks/stats/driver_figures.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::process {

/// Of the protocol; a program says which one it speaks.
constexpr std::uint64_t protocol_version = 1;
/// No line of a program is longer, its end included.
constexpr std::size_t most_line_bytes = 65536;

/// What a program says of itself before it is asked for anything.
struct greeting {
    std::string name;
    std::string version;
    std::vector<std::string> operations;
    std::vector<stats::driver_figure> figures;  ///< counters and gauges

    bool has(std::string_view operation) const;
    friend bool operator==(const greeting&, const greeting&) = default;
};

/// Reads the first line of a program. Returns an empty string, or what is wrong with it.
std::string read_greeting(std::string_view line, greeting& out);

/// What a program says of one operation.
struct answer {
    std::uint64_t id = 0;
    bool has_id = false;  ///< else it is a line of figures alone
    bool ok = false;
    bool truncated = false;                ///< of a listing that goes on
    std::optional<std::uint64_t> bytes;    ///< of the object, or of what was moved
    std::optional<std::uint64_t> entries;  ///< of a listing
    std::uint64_t body = 0;                ///< bytes that follow the line
    std::uint32_t retries = 0;             ///< attempts beyond the first
    int status = 0;                        ///< HTTP; 0: there was none
    op_status failure = op_status::ok;     ///< `class` of a failure; ok: it names none
    json_value figures;                    ///< an object, or null; a view into the line
    char code[48] = {};                    ///< the wire's word for a failure; NUL-terminated
    char message[160] = {};                ///< one line for a person; NUL-terminated
};

/// Reads a line of a program that was asked. Returns an empty text, or what is wrong with it.
std::string_view read_answer(std::string_view line, answer& out) noexcept;

/// The beginning of a foreign line, for a message about it.
std::string shown(std::string_view line);

}  // namespace chopsticks::process
