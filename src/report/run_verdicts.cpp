#include <chopsticks/results/statements.hpp>

#include "describing.hpp"

namespace chopsticks::report {

namespace {

using results::statement;

tone tone_of(statement::tone as) noexcept {
    switch (as) {
        case statement::tone::good:
            return tone::good;
        case statement::tone::bad:
            return tone::bad;
        case statement::tone::note:
        case statement::tone::alarm:
            break;
    }
    return tone::warn;
}

}  // namespace

std::vector<verdict> verdicts_of(const results::json& document) {
    const std::vector<statement> all = results::statements_of(document);
    std::vector<verdict> out;
    using about = statement::of;
    // Whether the figures are the target's comes before what they say.
    for (const about what :
         {about::generator, about::target, about::run, about::left, about::warning}) {
        for (const statement& one : all) {
            if (one.about == what)
                out.push_back({tone_of(one.as), one.label, one.words, one.command});
        }
    }
    return out;
}

verdict worst_of(const std::vector<verdict>& all) {
    verdict out{tone::good, "OK", ""};
    for (const tone level : {tone::bad, tone::warn}) {
        for (const verdict& one : all) {
            if (one.as == level && one.label != "Warning") return one;
        }
    }
    return out;
}

}  // namespace chopsticks::report
