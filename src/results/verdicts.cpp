#include <algorithm>
#include <chopsticks/results/verdicts.hpp>
#include <iterator>

namespace chopsticks::results {

std::string_view name(generator_verdict v) noexcept {
    switch (v) {
        case generator_verdict::kept_up:
            return "kept_up";
        case generator_verdict::was_limit:
            return "was_limit";
        case generator_verdict::unknown:
            break;
    }
    return "unknown";
}

std::string_view name(target_verdict v) noexcept {
    switch (v) {
        case target_verdict::fine:
            return "fine";
        case target_verdict::missed_objective:
            return "missed_objective";
        case target_verdict::failed:
            break;
    }
    return "failed";
}

std::string_view name(left_verdict v) noexcept {
    switch (v) {
        case left_verdict::nothing:
            return "nothing";
        case left_verdict::kept:
            return "kept";
        case left_verdict::something:
            break;
    }
    return "something";
}

int exit_status_of(const run_verdicts& v, bool interrupted) noexcept {
    if (interrupted) return exit_interrupted;
    if (v.target == target_verdict::failed) return exit_errors;
    if (v.generator == generator_verdict::was_limit) return exit_invalid;
    if (v.target == target_verdict::missed_objective) return exit_errors;
    return v.left_behind == left_verdict::something ? exit_left_behind : exit_ok;
}

int worse_of(int a, int b) noexcept {
    constexpr int order[] = {exit_interrupted, exit_usage,       exit_errors, exit_invalid,
                             exit_undecided,   exit_left_behind, exit_ok};
    const auto rank = [&](int status) {
        return std::find(std::begin(order), std::end(order), status) - std::begin(order);
    };
    return rank(a) <= rank(b) ? a : b;
}

}  // namespace chopsticks::results
