// See sha256_stream in the header for why the deprecated interface is the right one here.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <chopsticks/core/hex.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>
#include <cstring>
#include <new>
#include <type_traits>

namespace chopsticks::s3 {

namespace {

static_assert(sizeof(SHA256_CTX) == 112 && alignof(SHA256_CTX) <= 8);
static_assert(std::is_trivially_copyable_v<SHA256_CTX>);
static_assert(std::is_trivially_copyable_v<sha256_stream>);

constexpr std::size_t block_size = 64;

/// OpenSSL's state in the bytes of a stream. The bytes provide storage for it, and copying them
/// copies it, since it is trivially copyable.
SHA256_CTX* sha256_context(unsigned char* bytes) noexcept {
    return std::launder(reinterpret_cast<SHA256_CTX*>(bytes));
}

constexpr auto make_hex_pairs() {
    std::array<char, 512> table{};
    for (unsigned i = 0; i < 256; ++i) {
        table[2 * i] = hex_digits[i >> 4];
        table[2 * i + 1] = hex_digits[i & 15];
    }
    return table;
}

constexpr auto hex_pairs = make_hex_pairs();

}  // namespace

void sha256_stream::reset() noexcept {
    ::SHA256_Init(::new (context_) SHA256_CTX);
}

void sha256_stream::update(std::string_view bytes) noexcept {
    ::SHA256_Update(sha256_context(context_), bytes.data(), bytes.size());
}

void sha256_stream::update(std::span<const iovec> buffers) noexcept {
    for (const iovec& buffer : buffers) {
        ::SHA256_Update(sha256_context(context_), buffer.iov_base, buffer.iov_len);
    }
}

sha256_digest sha256_stream::finish() noexcept {
    sha256_digest digest;
    ::SHA256_Final(digest.data(), sha256_context(context_));
    return digest;
}

void sha256_stream::finish_hex(char* out) noexcept {
    const sha256_digest digest = finish();
    write_hex(digest, out);
}

void hmac_sha256_key::set(std::string_view key) noexcept {
    std::array<char, block_size> block{};
    if (key.size() > block_size) {
        const sha256_digest digest = sha256(key);
        std::memcpy(block.data(), digest.data(), digest.size());
    } else if (!key.empty()) {
        std::memcpy(block.data(), key.data(), key.size());
    }
    const auto pad = [&](sha256_stream& stream, char with) {
        std::array<char, block_size> padded;
        for (std::size_t i = 0; i < block_size; ++i) {
            padded[i] = static_cast<char>(block[i] ^ with);
        }
        stream.reset();
        stream.update({padded.data(), padded.size()});
    };
    pad(inner_, 0x36);
    pad(outer_, 0x5c);
}

sha256_digest hmac_sha256_key::finish(sha256_stream message) const noexcept {
    const sha256_digest inner = message.finish();
    sha256_stream outer = outer_;
    outer.update(as_text(inner));
    return outer.finish();
}

sha256_digest hmac_sha256_key::sign(std::string_view message) const noexcept {
    sha256_stream inner = inner_;
    inner.update(message);
    return finish(inner);
}

sha256_digest sha256(std::string_view bytes) noexcept {
    sha256_stream stream;
    stream.update(bytes);
    return stream.finish();
}

std::string sha256_hex(std::string_view bytes) {
    const sha256_digest digest = sha256(bytes);
    return to_hex(digest);
}

void write_hex(std::span<const unsigned char> bytes, char* out) noexcept {
    for (const unsigned char byte : bytes) {
        std::memcpy(out, hex_pairs.data() + 2 * byte, 2);
        out += 2;
    }
}

std::string to_hex(std::span<const unsigned char> bytes) {
    std::string out(2 * bytes.size(), '\0');
    write_hex(bytes, out.data());
    return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
        // Keeps the compiler from leaving the loop once a bit is set.
        asm volatile("" : "+r"(difference));
    }
    return difference == 0;
}

}  // namespace chopsticks::s3
