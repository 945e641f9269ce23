#pragma once
/// \file
/// The answer to a select: events in messages of binary form, each with two checksums. Source:
/// Amazon S3 API Reference, "SelectObjectContent", appendix on its response.

#include <array>
#include <boost/crc.hpp>
#include <cstdint>
#include <string_view>

namespace chopsticks::s3 {

/// Reads it slice by slice, at any split, and keeps none of the records. One object per answer, or
/// reset(); used by one core; never allocates.
class select_scanner {
  public:
    /// Of a message: those of S3 have at most 1 MiB of records.
    static constexpr std::uint32_t most_message_bytes = 16 << 20;

    enum class state : std::uint8_t {
        need_more,
        complete,  ///< the event End came, whole
        failed,    ///< an error came: error_code()
        bad,       ///< no such message, or something behind the last one
    };

    void reset() noexcept;
    state feed(std::string_view slice) noexcept;
    state current() const noexcept { return state_; }

    std::uint64_t record_bytes() const noexcept { return record_bytes_; }
    /// CRC-32 of all records.
    std::uint32_t record_checksum() const noexcept { return record_checksum_.checksum(); }
    /// The first records, cut; valid until reset().
    std::string_view first_records() const noexcept { return {first_.data(), first_size_}; }

    /// Whether Stats came, and how many bytes of records they speak of.
    bool has_stats() const noexcept { return has_stats_; }
    std::uint64_t bytes_returned() const noexcept { return bytes_returned_; }

    /// \name After `failed`; valid until reset()
    /// \{
    std::string_view error_code() const noexcept { return error_code_; }
    std::string_view error_message() const noexcept { return error_message_; }
    /// \}

  private:
    enum class phase : std::uint8_t { prelude, headers, payload, checksum };
    enum class event : std::uint8_t { other, records, stats, end, error };
    static constexpr std::size_t prelude_bytes = 12;
    static constexpr std::size_t checksum_bytes = 4;
    static constexpr std::size_t most_header_bytes = 2048;
    static constexpr std::size_t most_stats_bytes = 1024;
    static constexpr std::size_t most_first_bytes = 64;

    /// Moves bytes of the slice behind those that are kept; true: there are `wanted`.
    bool keep(std::string_view& slice, std::size_t wanted) noexcept;
    bool begin_message() noexcept;
    bool read_headers() noexcept;
    void take_payload(std::string_view piece) noexcept;
    bool end_message() noexcept;
    void read_stats() noexcept;

    state state_ = state::need_more;
    phase phase_ = phase::prelude;
    event event_ = event::other;
    std::size_t kept_size_ = 0;
    std::uint32_t header_bytes_ = 0;
    std::uint32_t payload_left_ = 0;
    boost::crc_32_type checksum_;  ///< of the message
    boost::crc_32_type record_checksum_;
    std::uint64_t record_bytes_ = 0;
    std::uint64_t bytes_returned_ = 0;
    bool has_stats_ = false;
    std::size_t first_size_ = 0;
    std::size_t stats_size_ = 0;
    std::string_view error_code_;  ///< in kept_, as nothing follows
    std::string_view error_message_;
    std::array<char, most_header_bytes> kept_{};
    std::array<char, most_stats_bytes> stats_{};
    std::array<char, most_first_bytes> first_{};
};

}  // namespace chopsticks::s3
