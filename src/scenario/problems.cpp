#include "problems.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace chopsticks::scenario {

namespace {

// More would only scroll away the first.
constexpr std::size_t shown = 10;

std::string text_of(const std::vector<problem>& all) {
    std::string out;
    for (std::size_t i = 0; i < std::min(all.size(), shown); ++i)
        out += (i == 0 ? "" : "\n") + all[i].text;
    if (all.size() > shown) out += "\nand " + std::to_string(all.size() - shown) + " more mistakes";
    return out;
}

}  // namespace

problems_error::problems_error(std::vector<problem> all)
    : config_error(text_of(all)), all_(std::move(all)) {}

void problem_list::keep(const config_error& error) {
    const auto* const known = dynamic_cast<const problems_error*>(&error);
    if (known == nullptr) {
        found_.push_back({0, 0, error.what()});
        return;
    }
    for (const problem& one : known->all()) {
        const bool told = std::any_of(found_.begin(), found_.end(), [&](const problem& p) {
            return one.line > 0 ? p.line == one.line && p.column == one.column : p.text == one.text;
        });
        if (!told) found_.push_back(one);
    }
}

void problem_list::raise() {
    if (found_.empty()) return;
    std::sort(found_.begin(), found_.end(), [](const problem& a, const problem& b) {
        return std::tie(a.line, a.column, a.text) < std::tie(b.line, b.column, b.text);
    });
    throw problems_error(std::move(found_));
}

}  // namespace chopsticks::scenario
