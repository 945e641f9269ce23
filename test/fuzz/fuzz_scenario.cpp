/// \file
/// Scenarios and workload configs: a plan, or a message with the place.

#include <chopsticks/core/error.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdlib>
#include <string>

using namespace chopsticks;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    for (const bool config : {false, true}) {
        try {
            if (config) {
                scenario::parse_workload_config(text, "input");
            } else {
                scenario::parse_scenario(text, "input");
            }
        } catch (const config_error& refused) {
            if (std::string_view(refused.what()).empty()) std::abort();
        }
    }
    return 0;
}
