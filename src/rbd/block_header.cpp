#include "block_header.hpp"

#include <bit>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/crc32c.hpp>
#include <cstdio>
#include <cstring>

namespace chopsticks::rbd {

static_assert(std::endian::native == std::endian::little, "headers are stored as they are");

namespace {

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
