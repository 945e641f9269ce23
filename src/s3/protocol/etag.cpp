// See sha256.cpp for why the deprecated interface is the right one here.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>

#include <algorithm>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>
#include <cstring>
#include <new>
#include <type_traits>

namespace chopsticks::s3 {

namespace {

static_assert(sizeof(MD5_CTX) <= 96 && alignof(MD5_CTX) <= 8);
static_assert(std::is_trivially_copyable_v<MD5_CTX>);

MD5_CTX* context(unsigned char* bytes) noexcept {
    return std::launder(reinterpret_cast<MD5_CTX*>(bytes));
}

std::uint64_t word_at(const char* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word | 0x2020202020202020ULL;  // in lower case; digits stay what they are
}

}  // namespace

std::string_view etag_tag(std::string_view field) noexcept {
    if (field.starts_with("W/\"")) field.remove_prefix(2);
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
        field = field.substr(1, field.size() - 2);
    }
    return field.find('"') == std::string_view::npos ? field : std::string_view();
}

std::uint64_t etag_mark(std::string_view tag) noexcept {
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15ULL;
    std::uint64_t mark = tag.size() + 1;
    const auto take = [&mark](std::uint64_t word) {
        mark = (mark ^ word) * factor;
        mark ^= mark >> 32;
    };
    while (tag.size() >= sizeof(std::uint64_t)) {
        take(word_at(tag.data()));
        tag.remove_prefix(sizeof(std::uint64_t));
    }
    if (!tag.empty()) {
        char rest[sizeof(std::uint64_t)] = {};
        std::memcpy(rest, tag.data(), tag.size());
        take(word_at(rest));
    }
    return mark == 0 ? 1 : mark;
}

bool is_md5_tag(std::string_view tag) noexcept {
    return tag.size() == 32 && std::all_of(tag.begin(), tag.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

void md5_stream::reset() noexcept {
    ::MD5_Init(::new (context_) MD5_CTX);
}

void md5_stream::update(std::span<const iovec> buffers) noexcept {
    for (const iovec& buffer : buffers)
        ::MD5_Update(context(context_), buffer.iov_base, buffer.iov_len);
}

void md5_stream::finish_hex(char* out) noexcept {
    unsigned char digest[16];
    ::MD5_Final(digest, context(context_));
    write_hex(digest, out);
}

}  // namespace chopsticks::s3
