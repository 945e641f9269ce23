#include "replays.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chrono>
#include <thread>

namespace chopsticks::engine {

using scenario::subject_use;

namespace {

/// How long the load waits for a slow disk before it begins.
constexpr std::int64_t prime_most_ns = 30'000'000'000;

}  // namespace

std::vector<trace::replay_kind> replay_kinds(const scenario::group& group) {
    const auto dealt = [](subject_use use) {
        switch (use) {
            case subject_use::none:
            case subject_use::make_container:
            case subject_use::amend_container:
            case subject_use::remove_container:
                return trace::dealing::in_turn;
            case subject_use::read:
            case subject_use::amend:
            case subject_use::make:
            case subject_use::rewrite:
            case subject_use::remove:
                return trace::dealing::by_key;
            case subject_use::read_extent:
            case subject_use::change_extent:
                return trace::dealing::by_place;
            case subject_use::whole_extent:
                return trace::dealing::by_extent;
            case subject_use::unstated:
                break;
        }
        CHOPSTICKS_ASSERT(!"a step that the parser has read");
        return trace::dealing::in_turn;
    };
    std::vector<trace::replay_kind> out;
    for (const scenario::task& t : group.tasks) {
        const scenario::step& s = t.steps.front();
        const scenario::catalogue::operation& row = scenario::catalogue::operation_of(group, s);
        CHOPSTICKS_ASSERT(row.can_be_replayed());
        out.push_back({std::string(row.replay.kind), dealt(s.use)});
    }
    return out;
}

void start_replays(const std::vector<group_setup>& groups, const std::atomic<int>& stop_level) {
    for (const group_setup& setup : groups) {
        if (setup.replay != nullptr) setup.replay->start();
    }
    const std::int64_t limit_ns = monotonic_ns() + prime_most_ns;
    for (const group_setup& setup : groups) {
        while (setup.replay != nullptr && !setup.replay->primed() && stop_level.load() == 0 &&
               monotonic_ns() < limit_ns) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

void stop_replays(const std::vector<group_setup>& groups) {
    for (const group_setup& setup : groups) {
        if (setup.replay != nullptr) setup.replay->stop();
    }
}

std::int64_t replay_end_ns(const std::vector<group_setup>& groups, std::int64_t start_ns) {
    std::int64_t end_ns = 0;
    for (const group_setup& setup : groups) {
        const std::int64_t one = setup.replay != nullptr ? setup.replay->end_ns() : -1;
        if (one < 0) return INT64_MAX;
        end_ns = std::max(end_ns, start_ns + one + 1);
    }
    return end_ns;
}

}  // namespace chopsticks::engine
