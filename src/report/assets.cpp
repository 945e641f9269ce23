#include <chopsticks/report/assets.hpp>

namespace chopsticks::report {

const asset* find_asset(std::string_view name) noexcept {
    for (const asset& one : assets()) {
        if (one.name == name) return &one;
    }
    return nullptr;
}

std::span<const std::string_view> chart_scripts() noexcept {
    static constexpr std::string_view all[] = {"dygraph.min.js", "marks.js", "charts.js"};
    return all;
}

}  // namespace chopsticks::report
