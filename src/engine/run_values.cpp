// The values of a run's contract: names, sums, and what is computed from scenario and seed alone.

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/engine/run.hpp>
#include <cstring>

namespace chopsticks::engine {

std::string_view name(phase p) noexcept {
    switch (p) {
        case phase::open:
            return "open";
        case phase::prepare:
            return "prepare";
        case phase::ramp:
            return "ramp";
        case phase::warmup:
            return "warmup";
        case phase::measure:
            return "measure";
        case phase::drain:
            return "drain";
        case phase::cleanup:
            return "cleanup";
        case phase::done:
            return "done";
    }
    return "?";
}

std::uint64_t run_options::share_of(std::uint64_t total) const noexcept {
    const std::uint64_t all = world_cores();
    const std::uint64_t one_more = total % all;  // the first cores have so many of them
    const std::uint64_t before = std::min<std::uint64_t>(one_more, first_core);
    const std::uint64_t until = std::min<std::uint64_t>(one_more, first_core + cores);
    return total / all * cores + until - before;
}

std::string world_problem(const run_options& options) {
    if (options.world_cores() == options.cores) return {};
    for (const group_setup& setup : options.groups) {
        if (setup.target->shares_target()) continue;
        return "group " + setup.group->name +
               ": its target cannot be shared by several processes with this driver; make the load "
               "with one process, or take the group out of the scenario";
    }
    return {};
}

void outcome::fail(op_status why, std::string_view wire_code, std::string_view text) noexcept {
    status = why;
    const auto copy = [](char* to, std::size_t room, std::string_view from) {
        const std::size_t length = std::min(room - 1, from.size());
        std::memcpy(to, from.data(), length);
        to[length] = '\0';
    };
    copy(code, sizeof code, wire_code);
    copy(example, sizeof example, text);
}

std::uint64_t data_seed(const scenario::group& group, std::uint64_t run_seed,
                        std::size_t index) noexcept {
    if (group.data.reuse.empty()) return mix64(run_seed ^ 0x64617461, index);
    std::uint64_t seed = 0;
    for (const char c : group.data.reuse)
        seed = mix64(seed, static_cast<unsigned char>(c));
    return seed;
}

std::uint64_t object_size(const scenario::group& group, std::uint64_t data_seed,
                          std::uint64_t index) noexcept {
    return group.data.size.at(mix64(data_seed ^ 0x73697a65, index));
}

stats::layout make_layout(const std::vector<group_setup>& groups) {
    stats::layout names;
    for (const group_setup& setup : groups) {
        for (const scenario::task& t : setup.group->tasks) {
            for (const scenario::step& s : t.steps) {
                const std::string name = setup.group->name + "/" + s.op;
                if (std::find(names.operations.begin(), names.operations.end(), name) !=
                    names.operations.end()) {
                    continue;
                }
                const auto of = static_cast<std::uint16_t>(names.operations.size());
                names.operations.push_back(name);
                for (const std::string_view part : s.parts)
                    names.parts.push_back({name + "." + std::string(part), of});
            }
        }
        for (const std::string& endpoint : setup.target->endpoints()) {
            names.endpoints.push_back(endpoint);
        }
        const std::vector<stats::driver_figure>& own = setup.target->figures();
        if (const std::string problem = stats::problem_with(own); !problem.empty()) {
            throw config_error("group " + setup.group->name +
                               ": its driver cannot report figures of its own: " + problem +
                               "; this is a mistake in the driver, use another version of it");
        }
        for (const stats::driver_figure& one : own)
            names.driver_figures.push_back({setup.group->name, one});
    }
    return names;
}

}  // namespace chopsticks::engine
