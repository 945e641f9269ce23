#include "block_header.hpp"

#include <array>
#include <bit>
#include <chopsticks/core/assert.hpp>
#include <cstdio>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace chopsticks::rbd {

static_assert(std::endian::native == std::endian::little, "headers are stored as they are");

namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        table[i] = crc;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(
    std::uint32_t crc, std::span<const char> bytes) noexcept {
    std::uint64_t state = ~crc;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; at += 8, left -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        state = _mm_crc32_u64(state, word);
    }
    auto narrow = static_cast<std::uint32_t>(state);
    for (; left > 0; ++at, --left)
        narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at));
    return ~narrow;
}

const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

bool all_zero(std::span<const char> bytes) noexcept {
    // Comparing with itself shifted by one is a memcmp, which is faster than a loop.
    return bytes.empty() ||
           (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::uint32_t checksum(block_header header, std::span<const char> block) noexcept {
    header.crc = 0;
    char bytes[sizeof header];
    std::memcpy(bytes, &header, sizeof header);
    return crc32c(crc32c(0, bytes), block.subspan(sizeof header));
}

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t crc, std::span<const char> bytes) noexcept {
    crc = ~crc;
    for (const char c : bytes)
        crc = (crc >> 8) ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return ~crc;
}

std::uint32_t crc32c(std::uint32_t crc, std::span<const char> bytes) noexcept {
#if defined(__x86_64__)
    if (has_instruction) return crc32c_by_instruction(crc, bytes);
#endif
    return crc32c_by_table(crc, bytes);
}

void seal_block(std::span<char> block, block_header header) noexcept {
    CHOPSTICKS_ASSERT(block.size() >= sizeof header);
    header.bytes = static_cast<std::uint32_t>(block.size());
    header.crc = checksum(header, block);
    std::memcpy(block.data(), &header, sizeof header);
}

block_header header_of(std::span<const char> block) noexcept {
    CHOPSTICKS_ASSERT(block.size() >= sizeof(block_header));
    block_header header;
    std::memcpy(&header, block.data(), sizeof header);
    return header;
}

block_kind classify_block(std::span<const char> block) noexcept {
    const block_header header = header_of(block);
    if (header.magic != block_header::magic_word) {
        return header.magic == 0 && all_zero(block) ? block_kind::zeros : block_kind::alien;
    }
    if (header.bytes != block.size() || header.crc != checksum(header, block)) {
        return block_kind::broken;
    }
    return block_kind::sealed;
}

std::string describe(const block_header& header) {
    char text[112];
    std::snprintf(text, sizeof text, "image %08llx offset %llu run %08llx version %u",
                  static_cast<unsigned long long>(header.image & 0xffffffff),
                  static_cast<unsigned long long>(header.offset),
                  static_cast<unsigned long long>(header.run & 0xffffffff), header.version);
    return text;
}

}  // namespace chopsticks::rbd
