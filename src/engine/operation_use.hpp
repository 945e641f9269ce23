#pragma once
/// \file
/// What an operation does with the objects of its group. The engine knows no more of a workload.

#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <string_view>

namespace chopsticks::engine {

enum class object_use : std::uint8_t {
    none,              ///< needs no object
    read,              ///< an object that is there
    make,              ///< a new object
    rewrite,           ///< an object that is there, with its next version
    remove,            ///< an object that is there; gone afterwards
    make_container,    ///< a new bucket
    remove_container,  ///< a bucket that the run made
    block,             ///< bytes of an image
    device,            ///< an image as a whole
};

object_use use_of(std::string_view workload, const scenario::step& s);

/// Operation codes that prepare and cleanup use. Nothing per block is ever removed.
std::uint16_t put_code(std::string_view workload);
std::uint16_t delete_code(std::string_view workload);
std::uint16_t delete_container_code(std::string_view workload);

}  // namespace chopsticks::engine
