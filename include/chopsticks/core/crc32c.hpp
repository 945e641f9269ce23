#pragma once
/// \file
/// The checksum of everything that Chopsticks stores and reads back itself.

#include <cstdint>
#include <span>

namespace chopsticks {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of `bytes`, continuing `crc` (0 to begin). Uses the
/// processor's instruction where there is one.
std::uint32_t crc32c(std::uint32_t crc, std::span<const char> bytes) noexcept;

/// The same by table; for tests, and processors without the instruction.
std::uint32_t crc32c_by_table(std::uint32_t crc, std::span<const char> bytes) noexcept;

}  // namespace chopsticks
