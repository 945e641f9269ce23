#include "digest.hpp"

#include <algorithm>
#include <bit>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/core/random.hpp>
#include <cstring>

namespace chopsticks::endpoint {

namespace {

template <typename Word, Word ReflectedPolynomial>
constexpr auto make_table() {
    std::array<std::array<Word, 256>, 8> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        Word value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 1) != 0 ? (value >> 1) ^ ReflectedPolynomial : value >> 1;
        }
        table[0][byte] = value;
    }
    for (std::size_t k = 1; k < 8; ++k) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const Word before = table[k - 1][byte];
            table[k][byte] = (before >> 8) ^ table[0][before & 0xff];
        }
    }
    return table;
}

std::uint64_t load64(const char* data) noexcept {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    return word;
}

template <typename Word>
std::string big_endian(Word value) {
    std::string out(sizeof(Word), '\0');
    for (std::size_t i = sizeof(Word); i-- > 0; value >>= 8)
        out[i] = static_cast<char>(value & 0xff);
    return out;
}

// Fetched once: an implicit fetch costs more than hashing a small body.
const EVP_MD* algorithm(const char* name) {
    const EVP_MD* found = EVP_MD_fetch(nullptr, name, nullptr);
    CHOPSTICKS_ASSERT(found != nullptr);
    return found;
}

EVP_MD_CTX* start(const EVP_MD* md) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    CHOPSTICKS_ASSERT(context != nullptr);
    CHOPSTICKS_ASSERT(EVP_DigestInit_ex2(context, md, nullptr) == 1);
    return context;
}

std::string end(EVP_MD_CTX* context) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    CHOPSTICKS_ASSERT(EVP_DigestFinal_ex(context, out, &size) == 1);
    return std::string(reinterpret_cast<const char*>(out), size);
}

}  // namespace

template <typename Word, Word ReflectedPolynomial>
void crc<Word, ReflectedPolynomial>::update(const char* data, std::size_t size) noexcept {
    static constexpr auto table = make_table<Word, ReflectedPolynomial>();
    Word state = state_;
    for (; size >= 8; data += 8, size -= 8) {
        std::uint64_t word = load64(data) ^ state;
        state = 0;
        for (std::size_t k = 8; k-- > 0; word >>= 8)
            state ^= table[k][word & 0xff];
    }
    for (; size > 0; ++data, --size) {
        state = static_cast<Word>(state >> 8) ^
                table[0][(state ^ static_cast<unsigned char>(*data)) & 0xff];
    }
    state_ = state;
}

template class crc<std::uint32_t, crc32_polynomial>;
template class crc<std::uint32_t, crc32c_polynomial>;
template class crc<std::uint64_t, crc64nvme_polynomial>;

void fast_hash::stripe(const char* data) noexcept {
    for (std::size_t i = 0; i < 4; ++i) {
        const std::uint64_t mixed = (lanes_[i] ^ load64(data + 8 * i)) * 0x9e3779b97f4a7c15ULL;
        lanes_[i] = std::rotl(mixed, 29) + lanes_[i];
    }
}

void fast_hash::update(const char* data, std::size_t size) noexcept {
    total_ += size;
    if (rest_size_ > 0) {
        const std::size_t n = std::min(size, rest_.size() - rest_size_);
        std::memcpy(rest_.data() + rest_size_, data, n);
        rest_size_ += n;
        data += n;
        size -= n;
        if (rest_size_ < rest_.size()) return;
        stripe(rest_.data());
        rest_size_ = 0;
    }
    for (; size >= 32; data += 32, size -= 32)
        stripe(data);
    if (size > 0) std::memcpy(rest_.data(), data, size);
    rest_size_ = size;
}

std::array<unsigned char, 16> fast_hash::finish() const noexcept {
    fast_hash last = *this;
    std::memset(last.rest_.data() + last.rest_size_, 0, last.rest_.size() - last.rest_size_);
    last.stripe(last.rest_.data());
    std::uint64_t low = total_;
    std::uint64_t high = ~total_;
    for (const std::uint64_t lane : last.lanes_) {
        low = mix64(low, lane);
        high = mix64(lane, high);
    }
    std::array<unsigned char, 16> out;
    std::memcpy(out.data(), &low, 8);
    std::memcpy(out.data() + 8, &high, 8);
    return out;
}

void content_digests::enable(digest_kind kind) {
    static const EVP_MD* const md5 = algorithm("MD5");
    static const EVP_MD* const sha1 = algorithm("SHA1");
    static const EVP_MD* const sha256 = algorithm("SHA256");
    static const EVP_MD* const sha512 = algorithm("SHA512");
    if (enabled(kind)) return;
    switch (kind) {
        case digest_kind::md5:
            md5_.reset(start(md5));
            break;
        case digest_kind::sha1:
            sha1_.reset(start(sha1));
            break;
        case digest_kind::sha256:
            sha256_.reset(start(sha256));
            break;
        case digest_kind::sha512:
            sha512_.reset(start(sha512));
            break;
        case digest_kind::crc32:
            crc32_.emplace();
            break;
        case digest_kind::crc32c:
            crc32c_.emplace();
            break;
        case digest_kind::crc64nvme:
            crc64nvme_.emplace();
            break;
        case digest_kind::fast:
            fast_.emplace();
            break;
    }
}

bool content_digests::enabled(digest_kind kind) const noexcept {
    switch (kind) {
        case digest_kind::md5:
            return md5_ != nullptr;
        case digest_kind::sha1:
            return sha1_ != nullptr;
        case digest_kind::sha256:
            return sha256_ != nullptr;
        case digest_kind::sha512:
            return sha512_ != nullptr;
        case digest_kind::crc32:
            return crc32_.has_value();
        case digest_kind::crc32c:
            return crc32c_.has_value();
        case digest_kind::crc64nvme:
            return crc64nvme_.has_value();
        case digest_kind::fast:
            return fast_.has_value();
    }
    return false;
}

void content_digests::update(const char* data, std::size_t size) {
    if (md5_) EVP_DigestUpdate(md5_.get(), data, size);
    if (sha1_) EVP_DigestUpdate(sha1_.get(), data, size);
    if (sha256_) EVP_DigestUpdate(sha256_.get(), data, size);
    if (sha512_) EVP_DigestUpdate(sha512_.get(), data, size);
    if (crc32_) crc32_->update(data, size);
    if (crc32c_) crc32c_->update(data, size);
    if (crc64nvme_) crc64nvme_->update(data, size);
    if (fast_) fast_->update(data, size);
}

std::string content_digests::finish(digest_kind kind) {
    CHOPSTICKS_ASSERT(enabled(kind));
    switch (kind) {
        case digest_kind::md5:
            return end(md5_.get());
        case digest_kind::sha1:
            return end(sha1_.get());
        case digest_kind::sha256:
            return end(sha256_.get());
        case digest_kind::sha512:
            return end(sha512_.get());
        case digest_kind::crc32:
            return big_endian(crc32_->value());
        case digest_kind::crc32c:
            return big_endian(crc32c_->value());
        case digest_kind::crc64nvme:
            return big_endian(crc64nvme_->value());
        case digest_kind::fast:
            break;
    }
    const auto hash = fast_->finish();
    return std::string(reinterpret_cast<const char*>(hash.data()), hash.size());
}

std::string digest_of(digest_kind kind, std::string_view data) {
    content_digests digests;
    digests.enable(kind);
    digests.update(data.data(), data.size());
    return digests.finish(kind);
}

std::string digest_of(digest_kind kind, const body& content) {
    content_digests digests;
    digests.enable(kind);
    for (const slice& s : content.slices)
        digests.update(s.data, s.size);
    return digests.finish(kind);
}

std::string to_hex(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        out += hex_digits[static_cast<unsigned char>(c) >> 4];
        out += hex_digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string to_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::string out(text.size() / 4 * 3, '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text[text.size() - 1 - padding] == '=')
        ++padding;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

}  // namespace chopsticks::endpoint
