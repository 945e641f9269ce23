#pragma once
/// \file
/// The locustfile that the program brings along for its leader, and the files beside it.

#include <span>
#include <string_view>

namespace chopsticks::cli {

struct shipped_file {
    std::string_view name;  ///< without a folder
    std::string_view text;
};

/// The files of integrations/locust. They lie together wherever they are put.
std::span<const shipped_file> locustfiles() noexcept;

}  // namespace chopsticks::cli
