#pragma once
// A run of the engine against the model target, with what an observer saw of it.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/virtual_clock.hpp>
#include <chopsticks/core/waiter.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "model_target.hpp"

using namespace chopsticks;

struct recorded final : engine::observer {
    std::vector<engine::phase> phases;
    std::uint64_t interval_ok = 0;
    std::uint64_t interval_failed = 0;
    std::uint64_t interval_issued = 0;
    std::uint64_t last_number = 0;
    bool numbers_grow = true;
    unsigned intervals = 0;
    std::function<void(engine::phase)> at_phase;
    std::function<void(const engine::interval&)> at_interval;
    void on_phase(engine::phase p) override {
        phases.push_back(p);
        if (at_phase) at_phase(p);
    }
    std::vector<engine::wait_state> waits;
    std::vector<engine::progress> progress;
    void on_wait(const engine::wait_state& w) override { waits.push_back(w); }
    void on_progress(const engine::progress& p) override { progress.push_back(p); }
    void on_interval(const engine::interval& i) override {
        if (intervals++ > 0 && i.number <= last_number) numbers_grow = false;
        last_number = i.number;
        if (at_interval) at_interval(i);
        for (const auto& f : i.figures.by_operation) {
            interval_ok += f.ok_count;
            interval_failed += f.failed_count;
        }
        for (const auto& g : i.groups)
            interval_issued += g.issued;
    }
};

/// On a virtual clock: only what waits takes time, and a run gives the same figures on any machine.
struct model_run {
    explicit model_run(const std::string& yaml)
        : plan(scenario::parse_scenario(yaml, "test.yaml")), driver(state) {
        state.on_virtual_clock = true;
    }

    engine::run_result go(unsigned cores = 2) {
        options.plan = &plan;
        options.cores = cores;
        options.seed = plan.seed;
        options.interval_ns = 50'000'000;
        options.watcher = &seen;
        for (const auto& g : plan.groups) {
            engine::group_setup setup;
            setup.group = &g;
            setup.target = &driver;
            options.groups.push_back(setup);
        }
        const virtual_clock clock;
        engine::run_result result = engine::execute(options, stop);
        threads.clear();
        return result;
    }

    static std::uint64_t ok(const stats::totals& t) {
        std::uint64_t sum = 0;
        for (const auto& f : t.by_operation)
            sum += f.ok_count;
        return sum;
    }
    static std::uint64_t failed(const stats::totals& t) {
        std::uint64_t sum = 0;
        for (const auto& f : t.by_operation)
            sum += f.failed_count;
        return sum;
    }

    /// While it runs: calls `what` so long after now, on a thread of its own.
    void later(std::int64_t ns, std::function<void()> what) {
        auto place = std::make_shared<waiter>();
        const std::int64_t due_ns = monotonic_ns() + ns;
        threads.emplace_back([place, due_ns, what] {
            place->wait_until(due_ns);
            what();
            place->retire();
        });
    }

    scenario::scenario plan;
    model_state state;
    model_driver driver;
    recorded seen;
    engine::run_options options;
    std::atomic<int> stop{0};
    std::vector<std::jthread> threads;
};

inline std::string yaml(const std::string& load, const std::string& rest = "",
                        const std::string& tasks = "") {
    return "name: t\nseed: 3\ngroups:\n  - workload: s3\n    data: {objects: 200, size: 4KiB}\n"
           "    tasks:\n" +
           (tasks.empty()
                ? std::string("      - {op: get, weight: 6}\n      - {op: put, weight: 2}\n"
                              "      - {op: delete, weight: 2}\n")
                : tasks) +
           "    load: " + load + "\nphases: {warmup: 50ms, measure: 300ms, drain: 5s}\n" + rest;
}
