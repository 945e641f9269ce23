// See sha256.cpp for why the deprecated interface is the right one here.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
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

MD5_CTX* md5_context(unsigned char* bytes) noexcept {
    return std::launder(reinterpret_cast<MD5_CTX*>(bytes));
}

std::uint64_t word_at(const char* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return word | 0x2020202020202020ULL;  // in lower case; digits stay what they are
}

}  // namespace

std::string_view etag_tag(std::string_view field) noexcept {
    if (field.empty()) return {};
    if (field.front() == 'W' && field.starts_with("W/\"")) field.remove_prefix(2);
    const char* tag = field.data();
    std::size_t size = field.size();
    if (size >= 2 && tag[0] == '"' && tag[size - 1] == '"') {
        ++tag;
        size -= 2;
    }
    if (std::memchr(tag, '"', size) != nullptr) return {};
    return {tag, size};
}

std::uint64_t etag_mark(std::string_view tag) noexcept {
    const auto mixed = [](std::uint64_t mark, std::uint64_t word) {
        mark = (mark ^ word) * 0x9e3779b97f4a7c15ULL;
        return mark ^ mark >> 32;
    };
    std::uint64_t mark = tag.size() + 1;
    if (tag.size() == 32) {  // nearly all of them
        const char* const four = tag.data();
        mark = mixed(mark, word_at(four));
        mark = mixed(mark, word_at(four + 8));
        mark = mixed(mark, word_at(four + 16));
        return mixed(mark, word_at(four + 24)) | 1;
    }
    const char* at = tag.data();
    std::size_t left = tag.size();
    for (; left >= sizeof mark; left -= sizeof mark, at += sizeof mark)
        mark = mixed(mark, word_at(at));
    if (left > 0) {
        char rest[sizeof mark] = {};
        std::memcpy(rest, at, left);
        mark = mixed(mark, word_at(rest));
    }
    return mark | 1;
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
        ::MD5_Update(md5_context(context_), buffer.iov_base, buffer.iov_len);
}

void md5_stream::finish_hex(char* out) noexcept {
    unsigned char digest[16];
    finish(digest);
    write_hex(digest, out);
}

void md5_stream::finish(unsigned char* out) noexcept {
    ::MD5_Final(out, md5_context(context_));
}

void write_content_md5(std::string_view body, char* out) noexcept {
    const iovec all{const_cast<char*>(body.data()), body.size()};  // not written to
    md5_stream md5;
    md5.update({&all, 1});
    unsigned char digest[16];
    md5.finish(digest);
    unsigned char text[content_md5_size + 1];
    ::EVP_EncodeBlock(text, digest, sizeof digest);
    std::memcpy(out, text, content_md5_size);
}

}  // namespace chopsticks::s3
