#pragma once
/// \file
/// What stands at the start of every block that is verified: where it belongs, by whom and as which
/// version it was written, and a checksum over all of it. Pure functions; any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace chopsticks::rbd {

/// The header's fields, in the order they stand in the block, little-endian.
struct block_header {
    static constexpr std::uint64_t magic_word = 0x314b'4c42'5053'4843ULL;  // "CHSPBLK1"

    std::uint64_t magic = magic_word;
    std::uint64_t image = 0;    ///< identity of the image
    std::uint64_t offset = 0;   ///< of the block in the image, bytes
    std::uint64_t run = 0;      ///< identity of the run that wrote it
    std::uint32_t version = 0;  ///< counts the writes of this block by that run
    std::uint32_t bytes = 0;    ///< of the block
    std::uint32_t crc = 0;      ///< of the whole block with this field zero
    std::uint32_t reserved = 0;
};
static_assert(sizeof(block_header) == 48);

/// Puts the header at the front of `block` and its checksum in; `block` is at least a header long.
void seal_block(std::span<char> block, block_header header) noexcept;

/// The header at the front of a block, unchecked.
block_header header_of(std::span<const char> block) noexcept;

/// What a block turned out to be.
enum class block_kind : std::uint8_t {
    sealed,  ///< has a header and its checksum holds
    zeros,   ///< nothing but zeros
    broken,  ///< has a header, its checksum does not hold: torn or altered
    alien,   ///< has no header
};
block_kind classify_block(std::span<const char> block) noexcept;

/// "image 5 offset 4096 run 9 version 3", numbers that identify in hexadecimal. For messages.
std::string describe(const block_header& header);

}  // namespace chopsticks::rbd
