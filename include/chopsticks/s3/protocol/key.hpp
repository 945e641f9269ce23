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

/// Behind the key of an object: its other name, under which it is before it is renamed.
constexpr std::string_view aside_suffix = ".aside";

/// Whether it is a name of an object with that prefix, its other one included.
bool is_made_key(std::string_view prefix, std::string_view key) noexcept;

/// What the names of all buckets begin with that group number `group` of a run makes beside its own
/// bucket: "<bucket>-<run id>-<group>-". They share one name space with everybody's, so the run's
/// id, which is new for each run, is always whole in it; the bucket's name is cut to what leaves
/// room for any number within the 63 characters a name may have.
std::string made_bucket_stem(std::string_view bucket, std::string_view run_id, std::size_t group);

/// Digits of a made bucket's number behind the stem: base 36, at most so many.
constexpr std::size_t bucket_number_size = 13;

std::string made_bucket_name(std::string_view stem, std::uint64_t number);

/// The number of a bucket whose name is the stem and a number; nothing for any other name.
std::optional<std::uint64_t> parse_made_bucket(std::string_view stem, std::string_view name);

}  // namespace chopsticks::s3
