#pragma once
/// \file
/// Names of objects: a function of a prefix and an index, so that no table of names is needed.
/// "<prefix>a3/000000000000002a": 256 directories of about the same size, chosen by the low byte of
/// mix64(index), then the index in hex. Always key_suffix_size characters that need no encoding.

#include <chopsticks/core/random.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

constexpr std::size_t key_suffix_size = 2 + 1 + 16;

/// The directory of an object.
constexpr unsigned key_directory(std::uint64_t index) noexcept {
    return static_cast<unsigned>(mix64(index) & 0xff);
}

/// Writes the key_suffix_size characters behind the prefix. Does not allocate.
void write_key_suffix(std::uint64_t index, char* out) noexcept;

std::string object_key(std::string_view prefix, std::uint64_t index);

/// The index of a key made by object_key with the same prefix; nothing for any other text, also
/// when the directory is not that of the index.
std::optional<std::uint64_t> parse_object_key(std::string_view prefix,
                                              std::string_view key) noexcept;

}  // namespace chopsticks::s3
