#pragma once
/// \file
/// What can be said about a text before anybody parses it.

#include <cstddef>
#include <string>
#include <string_view>

namespace chopsticks::scenario {

/// Files larger than this are refused: a scenario is written by hand.
inline constexpr std::size_t max_config_bytes = 1 << 20;

bool valid_utf8(std::string_view s);

/// Below 0x20, and 0x7f.
bool has_control_characters(std::string_view s);

/// config_error with its place for a text that is too large, binary, or indented with tabs: the
/// YAML parser would have little to say about these.
void check_text(std::string_view text, const std::string& file);

/// Reads a whole file, up to a little more than max_config_bytes. config_error where that fails.
/// \param what "scenario" or "workload config"
std::string read_text(const std::string& path, const std::string& what);

/// Any user of the machine may read the file.
bool readable_by_others(const std::string& path);

/// What to say of such a file.
std::string warning_of_readable_secret(const std::string& path);

}  // namespace chopsticks::scenario
