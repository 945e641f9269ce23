#pragma once
/// \file
/// Names of all that a run makes in pools: functions of its prefix and of numbers, so that no table
/// of names is needed. RADOS spreads objects by a hash of the name; it has no folders.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chopsticks::rados {

/// "000000000000002a": of an object of the data set, behind the prefix.
constexpr std::size_t suffix_size = 16;
void append_suffix(std::string& to, std::uint64_t index);

/// The number of an object's name behind the prefix; nothing for any other text.
std::optional<std::uint64_t> parse_suffix(std::string_view suffix) noexcept;

/// "log-3-17": the own object of a user, behind the prefix.
std::string log_suffix(unsigned core, std::uint64_t user);
bool is_log_suffix(std::string_view suffix) noexcept;

/// "<prefix>runs/": what names of marks begin with.
std::string marks_prefix(std::string_view prefix);
/// "<prefix>runs/<run id>/<group>": the mark of one group of a run.
std::string mark_name(std::string_view prefix, std::string_view run_id, std::string_view group);

/// "<prefix>kept/<name>/": what names of a kept data set begin with.
std::string kept_prefix(std::string_view prefix, std::string_view name);

/// "k0000002a": of an object's map. Of one length, so that they sort by their numbers.
std::string map_key(std::uint64_t number);
std::optional<std::uint64_t> parse_map_key(std::string_view key) noexcept;

}  // namespace chopsticks::rados
