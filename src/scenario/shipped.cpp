#include <algorithm>
#include <chopsticks/core/suggest.hpp>
#include <chopsticks/scenario/shipped.hpp>
#include <vector>

namespace chopsticks::scenario {

const shipped_scenario* find_shipped(std::string_view name) noexcept {
    const auto all = shipped_scenarios();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const shipped_scenario& s) { return s.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::string shipped_suggestion(std::string_view word) {
    std::vector<std::string_view> names;
    for (const shipped_scenario& s : shipped_scenarios())
        names.push_back(s.name);
    return suggestion(word, names);
}

}  // namespace chopsticks::scenario
