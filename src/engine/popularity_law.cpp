#include "popularity_law.hpp"

#include <algorithm>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>
#include <string>

namespace chopsticks::engine {

namespace {

/// Less than both is what rounding and chance make of any law.
constexpr double apart_floor = 0.02;
constexpr double apart_share = 0.1;

std::string whole_percent(double share) {
    return std::to_string(std::llround(share * 100)) + " %";
}

}  // namespace

unsigned users_of(const scenario::group& g, unsigned core, unsigned cores) noexcept {
    const std::uint64_t total = g.open ? g.open->max_in_flight : scenario::users_most(g.closed);
    return static_cast<unsigned>(dealt(total, core, cores));
}

std::vector<double> task_shares(const scenario::group& g, unsigned cores, bool steered) {
    std::vector<double> out;
    const bool alike = g.open || steered;
    const double all = alike ? cores : scenario::users_most(g.closed);
    for (unsigned core = 0; core < cores; ++core)
        out.push_back((alike ? 1.0 : users_of(g, core, cores)) / all);
    return out;
}

bool is_unchanging(const scenario::group& g) {
    for (const scenario::task& t : g.tasks) {
        for (const scenario::step& s : t.steps) {
            if (scenario::changes_objects(s.use)) return false;
        }
    }
    return true;
}

std::string describe_popularity(const scenario::group& g, const std::vector<double>& shares,
                                const std::vector<double>& masses) {
    if (masses.size() != shares.size()) return {};
    std::size_t worst = 0;
    for (std::size_t c = 1; c < shares.size(); ++c) {
        if (std::abs(masses[c] - shares[c]) > std::abs(masses[worst] - shares[worst])) worst = c;
    }
    const double apart = std::abs(masses[worst] - shares[worst]);
    if (apart <= std::max(apart_floor, apart_share * shares[worst])) return {};
    return "group " + g.name + ": what tasks change belongs to one core each, and core " +
           std::to_string(worst) + " has " + whole_percent(masses[worst]) +
           " of the popularity, but makes " + whole_percent(shares[worst]) +
           " of the choices: the law of popularity does not hold over all cores. Use --cores 1, "
           "or change and read in groups of their own";
}

}  // namespace chopsticks::engine
