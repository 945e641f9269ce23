#pragma once
// What a piece of text is refused with.

#include <chopsticks/scenario/parse.hpp>
#include <string>
#include <vector>

#include "../../support/contains.hpp"

namespace messages {

using overrides = std::vector<chopsticks::scenario::override_value>;

/// The message of the config_error, or "" if the text is accepted.
inline std::string of_scenario(const std::string& text, const overrides& sets = {}) {
    try {
        chopsticks::scenario::parse_scenario(text, "s.yaml", sets);
        return "";
    } catch (const chopsticks::config_error& e) {
        return e.what();
    }
}

inline std::string of_workload(const std::string& text, const overrides& sets = {}) {
    try {
        chopsticks::scenario::parse_workload_config(text, "w.yaml", sets);
        return "";
    } catch (const chopsticks::config_error& e) {
        return e.what();
    }
}

using chopsticks::test::contains;

}  // namespace messages
