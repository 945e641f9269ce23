#pragma once
/// \file
/// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) with contexts that are reused instead of
/// fetched, and hex digits. Nothing allocates or throws. An object belongs to one core; the
/// functions are pure.

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

using sha256_digest = std::array<unsigned char, 32>;

/// The bytes of `digest`, which must outlive them.
inline std::string_view as_text(const sha256_digest& digest) noexcept {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// SHA-256 of the empty string in hex: the payload hash of a request without a body.
constexpr std::string_view empty_sha256_hex =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An incremental hash. Plain memory without a destructor: a copy is a checkpoint, and costs as
/// much as copying 112 bytes.
///
/// It stands on OpenSSL's SHA256_* functions, deprecated since 3.0, for the reason that makes the
/// difference here: 51 ns for 32 bytes and no shared state, against 75 ns with a reused EVP
/// context, 105 ns with a prefetched EVP_MD and 290 ns with EVP_sha256(), which looks the algorithm
/// up behind a lock that all cores share. bench_sign prints these figures for the machine it runs
/// on.
class sha256_stream {
  public:
    sha256_stream() noexcept { reset(); }

    void reset() noexcept;
    void update(std::string_view bytes) noexcept;
    void update(std::span<const iovec> buffers) noexcept;

    /// Ends the hash; reset() before the next one.
    sha256_digest finish() noexcept;

    /// finish() as 64 lower-case hex digits at `out`.
    void finish_hex(char* out) noexcept;

  private:
    alignas(8) unsigned char context_[112];  // SHA256_CTX; its size is asserted where it is used
};

/// HMAC with a key whose two pads are hashed once. Copyable as sha256_stream.
class hmac_sha256_key {
  public:
    hmac_sha256_key() noexcept = default;
    explicit hmac_sha256_key(std::string_view key) noexcept { set(key); }

    void set(std::string_view key) noexcept;

    sha256_digest sign(std::string_view message) const noexcept;

    /// A hash that has the inner pad behind it: feed it the message, then give it to finish().
    sha256_stream begin() const noexcept { return inner_; }
    sha256_digest finish(sha256_stream message) const noexcept;

  private:
    sha256_stream inner_;
    sha256_stream outer_;
};

sha256_digest sha256(std::string_view bytes) noexcept;

/// sha256 as 64 hex digits.
std::string sha256_hex(std::string_view bytes);

/// 2 * bytes.size() lower-case hex digits at `out`.
void write_hex(std::span<const unsigned char> bytes, char* out) noexcept;

std::string to_hex(std::span<const unsigned char> bytes);

/// Whether two texts are the same, in a time that depends on their lengths only: for comparing
/// signatures that an attacker may guess at.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace chopsticks::s3
