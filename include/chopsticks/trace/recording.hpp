#pragma once
/// \file
/// Lines of other tools' logs as operations: the RGW operations log in JSON lines and S3 server
/// access logs. Pure; any thread. docs/reference/replay.md says which fields count and what they
/// become.

#include <cstdint>
#include <string>
#include <string_view>

namespace chopsticks::trace {

constexpr std::uint64_t unknown_offset = ~std::uint64_t{0};

/// recorded_operation::kind of what is not repeated.
constexpr std::uint16_t not_replayed = 0xffff;

/// One operation of a recording.
struct recorded_operation {
    std::int64_t time_ns = 0;  ///< when it was due or arrived; since any fixed instant
    std::uint64_t key = 0;     ///< index of object or image (own log), or a hash of bucket and key
    std::uint64_t size = 0;    ///< of the whole object; 0 = empty or unknown
    std::uint64_t offset = 0;  ///< of a part; `unknown_offset`: the log does not say
    std::uint64_t length = 0;  ///< of a part; 0 = the whole object
    std::uint16_t kind = not_replayed;  ///< index into replay_options::kinds; by the reader
    /// The target refused it as the client's mistake (4xx): it did no work worth repeating.
    bool refused = false;
};

/// One line of a log, which names what was asked of the target in this program's words: "put",
/// "get", "head", "delete", "list", "create_bucket", "head_bucket", "delete_bucket". Empty:
/// something else.
struct recorded_line : recorded_operation {
    std::string_view name;  ///< of static storage
};

enum class line_verdict : std::uint8_t { operation, blank, malformed };

/// Length of the first JSON object of a line, or of the line. RGW 16 now and then writes several
/// objects before it ends the line.
std::size_t first_object_bytes(std::string_view line) noexcept;

/// One line of the RGW operations log. Times have a resolution of 1 us. Brackets and commas around
/// the objects, which RGW's socket adds, are passed over.
line_verdict parse_rgw_line(std::string_view line, recorded_line& out);

/// One line of an S3 server access log. Times have a resolution of 1 s.
line_verdict parse_s3_access_line(std::string_view line, recorded_line& out);

/// Which of an S3 group's objects a key stands for is a function of this. FNV-1a, mixed.
std::uint64_t key_hash(std::string_view bucket, std::string_view key) noexcept;

/// "2026-11-23T19:28:25.123456Z", also with a space for the T, with any number of decimals, and
/// with an offset "+0100" or "+01:00" for the Z. False: it is none. Nanoseconds since the Unix
/// epoch.
bool parse_iso_time(std::string_view text, std::int64_t& wall_ns) noexcept;

/// "23/Nov/2026:19:28:25 +0000". False: it is none.
bool parse_access_log_time(std::string_view text, std::int64_t& wall_ns) noexcept;

}  // namespace chopsticks::trace
