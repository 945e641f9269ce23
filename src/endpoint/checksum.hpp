#pragma once
// The checksums that S3 keeps with an object: their names, and how those of parts become one.
//
// Source: Amazon S3 User Guide, "Checking object integrity in Amazon S3".

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "digest.hpp"

namespace chopsticks::endpoint {

struct checksum_algorithm {
    digest_kind kind;
    std::string_view name;     ///< as requests and listings say it: "CRC32C"
    std::string_view field;    ///< "x-amz-checksum-crc32c"
    std::string_view element;  ///< "ChecksumCRC32C"
    std::size_t bytes;
    bool of_whole;  ///< can be had of an object in parts as if it were in one (FULL_OBJECT)
    bool of_parts;  ///< can be made of those of parts (COMPOSITE), and is unless the other is asked
};

constexpr std::array<checksum_algorithm, 6> checksum_algorithms = {{
    {digest_kind::crc32, "CRC32", "x-amz-checksum-crc32", "ChecksumCRC32", 4, true, true},
    {digest_kind::crc32c, "CRC32C", "x-amz-checksum-crc32c", "ChecksumCRC32C", 4, true, true},
    {digest_kind::crc64nvme, "CRC64NVME", "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME", 8, true,
     false},
    {digest_kind::sha1, "SHA1", "x-amz-checksum-sha1", "ChecksumSHA1", 20, false, true},
    {digest_kind::sha256, "SHA256", "x-amz-checksum-sha256", "ChecksumSHA256", 32, false, true},
    {digest_kind::sha512, "SHA512", "x-amz-checksum-sha512", "ChecksumSHA512", 64, false, true},
}};

/// Regardless of case; null: none of ours.
const checksum_algorithm* checksum_named(std::string_view name) noexcept;
const checksum_algorithm* checksum_of_field(std::string_view field) noexcept;

/// Of a kind that is a checksum of S3.
const checksum_algorithm& describe(digest_kind kind) noexcept;

/// A checksum as it is kept with an object.
struct checksum {
    digest_kind kind = digest_kind::crc32;
    bool composite = false;  ///< made of the checksums of parts
    std::string value;       ///< base64; of a composite with "-<number of parts>"

    std::string_view type() const noexcept { return composite ? "COMPOSITE" : "FULL_OBJECT"; }
};

/// Whether `value` is base64 of as many bytes as the algorithm gives.
bool is_checksum(const checksum_algorithm& algorithm, std::string_view value);

/// Base64 of the checksum of `size` bytes behind others whose checksum is `before`, joined. CRCs
/// only; both in base64.
std::string joined_checksum(digest_kind kind, std::string_view before, std::string_view behind,
                            std::uint64_t size);

struct checked_part {
    std::string_view sum;  ///< base64
    std::uint64_t size;
};

/// The checksum of an object in these parts, at least one.
checksum checksum_of_parts(digest_kind kind, bool composite, std::span<const checked_part> parts);

}  // namespace chopsticks::endpoint
