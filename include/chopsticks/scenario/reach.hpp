#pragma once
/// \file
/// What a scenario or a workload config reaches for on the machine that obeys it. One that came
/// from somebody else, over a network, must not have what it likes.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

enum class reach_kind : std::uint8_t {
    plugins,     ///< code that is loaded
    programs,    ///< commands that are run
    files,       ///< of this machine, and options of libraries, which name some
    credentials  ///< that this machine keeps: profiles, files of keys
};

/// The word of it, as an option takes it.
std::string_view name(reach_kind kind) noexcept;

struct reach {
    reach_kind kind = reach_kind::files;
    std::string where;  ///< "file:line:column: key"
};

/// All of it, in the order of the text: keys that name such things, whatever workload they are of,
/// and every value that looks like a path. Throws config_error for a text that is no YAML.
std::vector<reach> reaches_of(std::string_view text, const std::string& file);

}  // namespace chopsticks::scenario
