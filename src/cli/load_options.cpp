// --users, --spawn-rate and --rate: the scenario's load at another height.

#include <algorithm>
#include <chopsticks/scenario/load_plan.hpp>
#include <cmath>
#include <cstdlib>

#include "setup.hpp"

namespace chopsticks::cli {

namespace {

/// A recording has its own times and as many operations at a time as it takes.
void refuse_recordings(const scenario::scenario& s, const char* option) {
    for (const scenario::group& g : s.groups) {
        if (!g.open || !g.open->replay) continue;
        throw config_error(std::string(option) + ": group " + g.name +
                           " replays a recording; change its `speed` instead");
    }
}

}  // namespace

double number_of(const std::string& text, const char* option) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) {
        throw config_error(std::string(option) + ": \"" + text + "\" is not a number");
    }
    return value;
}

void run_setup::apply_users(const run_arguments& a) {
    if (a.users && a.rate) {
        throw config_error(
            "--users and --rate: a closed loop has users, an open loop a rate; give one of them");
    }
    if (a.users) {
        refuse_recordings(scenario, "--users");
        const double wanted = number_of(*a.users, "--users");
        if (wanted < 1 || wanted > 1e6 || wanted != std::floor(wanted)) {
            throw config_error("--users: \"" + *a.users +
                               "\" is not a whole number from 1 to 1000000");
        }
        // Several groups keep their shares of the users.
        double before = 0;
        for (const auto& g : scenario.groups)
            before += g.open ? 1 : scenario::users_most(g.closed);
        double left = wanted;
        for (std::size_t i = 0; i < scenario.groups.size(); ++i) {
            scenario::group& g = scenario.groups[i];
            const double share = g.open ? 1 : scenario::users_most(g.closed);
            const bool last = i + 1 == scenario.groups.size();
            const double users = last ? left : std::round(wanted * share / before);
            if (users < 1) {
                throw config_error("--users: " + *a.users + " are too few for the scenario's " +
                                   std::to_string(scenario.groups.size()) + " groups");
            }
            // Stages keep their shape; the number is that of the highest.
            if (g.open) g.closed = {};
            g.open.reset();
            scenario::scale(g.closed, users / scenario::users_most(g.closed));
            left -= users;
        }
    }
    if (a.spawn_rate) {
        const double rate = number_of(*a.spawn_rate, "--spawn-rate");
        if (rate <= 0) throw config_error("--spawn-rate: must be above 0");
        for (auto& g : scenario.groups) {
            g.closed.spawn_rate = rate / static_cast<double>(scenario.groups.size());
        }
    }
    for (const auto& g : scenario.groups) {
        const std::string problem = g.open ? std::string() : scenario::spawn_problem(g.closed);
        if (problem.empty()) continue;
        throw config_error(std::string(a.spawn_rate ? "--spawn-rate" : "--users") + ": group " +
                           g.name + " " + problem);
    }
}

void run_setup::apply_rate(const run_arguments& a) {
    if (!a.rate) return;
    refuse_recordings(scenario, "--rate");
    const double rate = number_of(*a.rate, "--rate");
    if (rate <= 0) throw config_error("--rate: must be above 0");
    double before = 0;
    for (const auto& g : scenario.groups)
        before += g.open ? scenario::rate_most(*g.open) : 1;
    for (auto& g : scenario.groups) {
        const double share = (g.open ? scenario::rate_most(*g.open) : 1) / before;
        if (!g.open) {
            g.open.emplace();
            g.open->rate = 1;
            g.open->max_in_flight = std::max(g.open->max_in_flight, scenario::users_most(g.closed));
        }
        scenario::scale(*g.open, rate * share / scenario::rate_most(*g.open));
    }
}

}  // namespace chopsticks::cli
