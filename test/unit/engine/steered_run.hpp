#pragma once
// A run of the engine that somebody steers while it goes.

#include <doctest/doctest.h>

#include <chopsticks/engine/load_control.hpp>
#include <chopsticks/engine/validity.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model_run.hpp"

constexpr std::int64_t ms = 1'000'000;
inline const std::string gets = "      - {op: get}\n";

/// A run whose control is told, at times from the beginning of its prepare phase on, what is
/// wanted.
struct steered_run {
    steered_run(const std::string& yaml, std::vector<std::uint64_t> users_most)
        : run(yaml), control(std::move(users_most)) {
        run.options.control = &control;
        run.seen.at_phase = [this](engine::phase p) {
            if (p == engine::phase::prepare) start_telling();
            if (p == engine::phase::measure) begun_ns = monotonic_ns();
        };
        run.seen.at_interval = [this](const engine::interval& one) {
            if (one.when == engine::phase::measure) {
                spans.push_back({one.start_s, one.duration_s, one.groups});
            }
        };
    }

    void at(std::int64_t ns, std::function<void()> what) { told.emplace_back(ns, std::move(what)); }
    void users_at(std::int64_t ns, std::uint64_t users, std::size_t group = 0) {
        at(ns, [this, users, group] { control.want_users(group, users); });
    }
    void share_at(std::int64_t ns, double share, std::size_t group = 0) {
        const auto millionths = static_cast<std::uint32_t>(std::lround(share * 1e6));
        at(ns, [this, millionths, group] { control.want_rate_share(group, millionths); });
    }
    void finish_at(std::int64_t ns) {
        at(ns, [this] { control.finish(); });
    }
    /// How many there are then.
    void count_at(std::int64_t ns, std::size_t group = 0) {
        at(ns, [this, group] { alive.push_back(control.users_alive(group)); });
    }

    engine::run_result go(unsigned cores = 2) { return run.go(cores); }

    struct span {
        double start_s;
        double duration_s;
        std::vector<engine::load_figures> groups;
    };
    /// Those that lie whole between two times of the load.
    template <typename F>
    void within(double from_s, double to_s, F check) const {
        std::size_t found = 0;
        for (const span& s : spans) {
            if (s.start_s < from_s - 1e-6 || s.start_s + s.duration_s > to_s + 1e-6) continue;
            ++found;
            check(s);
        }
        CHECK(found > 0);
    }

    model_run run;
    engine::load_control control;
    std::vector<std::pair<std::int64_t, std::function<void()>>> told;
    std::vector<std::uint64_t> alive;
    std::vector<span> spans;
    std::int64_t begun_ns = 0;

  private:
    void start_telling() {
        if (told.empty()) return;
        auto place = std::make_shared<waiter>();
        const std::int64_t from_ns = monotonic_ns();
        run.threads.emplace_back([this, place, from_ns] {
            for (const auto& [ns, what] : told) {
                place->wait_until(from_ns + ns);
                what();
            }
            place->retire();
        });
    }
};

/// What check_achieved says; the other rules have their own tests.
inline bool says_too_slow(const steered_run& r, const engine::run_result& result) {
    for (const std::string& reason : engine::invalid_reasons(result, r.run.options)) {
        if (reason.find("came to") != std::string::npos) return true;
    }
    return false;
}
