#pragma once
// The checksums S3 knows of a body, computed while it arrives, any number of them in one pass.

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "memory.hpp"

namespace chopsticks::endpoint {

/// A CRC with reflected polynomial, all-ones start and final complement, eight bytes a step.
/// Source of the method: Kounavis and Berry, "A systematic approach to building high performance
/// software-based CRC generators", 2005 (slicing-by-8).
template <typename Word, Word ReflectedPolynomial>
class crc {
  public:
    void update(const char* data, std::size_t size) noexcept;
    Word value() const noexcept { return static_cast<Word>(~state_); }

  private:
    Word state_ = static_cast<Word>(~Word{0});
};

// Reflected.
constexpr std::uint32_t crc32_polynomial = 0xedb88320U;
constexpr std::uint32_t crc32c_polynomial = 0x82f63b78U;
constexpr std::uint64_t crc64nvme_polynomial = 0x9a6c9329ac4bc9b5ULL;

using crc32_sum = crc<std::uint32_t, crc32_polynomial>;
using crc32c_sum = crc<std::uint32_t, crc32c_polynomial>;
using crc64nvme_sum = crc<std::uint64_t, crc64nvme_polynomial>;

/// A 128-bit hash for ETags that need not be MD5: four multiply-rotate lanes over 32-byte stripes,
/// mixed at the end. Good enough to tell contents apart, no defence against an adversary. How the
/// input is split makes no difference.
class fast_hash {
  public:
    void update(const char* data, std::size_t size) noexcept;
    std::array<unsigned char, 16> finish() const noexcept;

  private:
    void stripe(const char* data) noexcept;

    std::array<std::uint64_t, 4> lanes_{0x243f6a8885a308d3ULL, 0x13198a2e03707344ULL,
                                        0xa4093822299f31d0ULL, 0x082efa98ec4e6c89ULL};
    std::array<char, 32> rest_{};
    std::size_t rest_size_ = 0;
    std::uint64_t total_ = 0;
};

enum class digest_kind : std::uint8_t { md5, sha1, sha256, sha512, crc32, crc32c, crc64nvme, fast };
constexpr std::size_t digest_kind_count = 8;

class content_digests {
  public:
    /// Before the first update.
    void enable(digest_kind kind);
    bool enabled(digest_kind kind) const noexcept;

    void update(const char* data, std::size_t size);

    /// The raw bytes (big-endian for CRCs), once per kind that is enabled.
    std::string finish(digest_kind kind);

  private:
    struct context_delete {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };
    using context = std::unique_ptr<EVP_MD_CTX, context_delete>;

    context md5_;
    context sha1_;
    context sha256_;
    context sha512_;
    std::optional<crc32_sum> crc32_;
    std::optional<crc32c_sum> crc32c_;
    std::optional<crc64nvme_sum> crc64nvme_;
    std::optional<fast_hash> fast_;
};

/// One-shot, raw bytes.
std::string digest_of(digest_kind kind, std::string_view data);
std::string digest_of(digest_kind kind, const body& content);

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

/// Nothing if it is not pairs of hexadecimal digits.
std::optional<std::string> from_hex(std::string_view text);

/// Standard alphabet, padded.
std::string to_base64(std::string_view bytes);

/// Nothing if it is not padded base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace chopsticks::endpoint
