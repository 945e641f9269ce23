// Processes that make one run together: each does its share of what one process with all cores
// does, and what exists once is the leader's.

#include <doctest/doctest.h>

#include <chopsticks/scenario/parse.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <compare>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "model_run.hpp"

namespace {

/// What the operation log says of one operation.
struct done_operation {
    std::string name;
    std::uint64_t object = 0;
    std::uint64_t size = 0;
    std::int64_t intended_ns = 0;  ///< since the load began
    auto operator<=>(const done_operation&) const = default;
};

/// By the core's number in its process.
std::vector<std::vector<done_operation>> read_log(const std::string& path, unsigned cores) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    trace::op_log_decoder log;
    log.push(text.str());
    std::vector<std::vector<done_operation>> out(cores);
    trace::op_record r;
    while (log.next(r) == trace::op_log_decoder::step::record) {
        out[r.core].push_back({log.header().operations[r.op], r.object, r.size, r.intended_ns});
    }
    return out;
}

/// When the load of all runs here begins: long after the last of them can have prepared.
constexpr std::int64_t start_after_ns = 2'000'000'000;

/// One process of a world, against a target of its own, so that what each touches can be told
/// apart.
struct member {
    member(const std::string& yaml, unsigned first, unsigned cores, unsigned in_all)
        : plan(scenario::parse_scenario(yaml, "test.yaml")), driver(state) {
        state.on_virtual_clock = true;
        state.fail = [this](const engine::operation& op, engine::outcome&) {
            if (!loading) prepared.insert(op.object);
            return false;
        };
        seen.at_phase = [this](engine::phase p) {
            const std::lock_guard lock(state.mutex);
            loading = loading || p == engine::phase::warmup || p == engine::phase::measure;
        };
        char name[] = "/tmp/chopsticks-world-XXXXXX";
        folder = ::mkdtemp(name);
        options.plan = &plan;
        options.cores = cores;
        options.first_core = first;
        options.cores_in_all = in_all;
        options.seed = plan.seed;
        options.interval_ns = 50'000'000;
        options.watcher = &seen;
        for (const scenario::group& g : plan.groups) {
            engine::group_setup setup;
            setup.group = &g;
            setup.target = &driver;
            options.groups.push_back(setup);
        }
    }
    ~member() { std::filesystem::remove_all(folder); }

    /// All phases but the opening.
    void go_on(engine::run& run, std::int64_t start_ns) {
        REQUIRE(run.prepare());
        REQUIRE(run.seal());
        REQUIRE(run.load(start_ns));
        run.drain();
        run.clean();
        run.close();
        result.emplace(run.finish());
    }

    /// `targets`: of the leader, which sets them; others wait for them. `coming`: time stands still
    /// until its process is there.
    void go(std::promise<std::vector<engine::target_state>>& targets, std::int64_t start_ns,
            waiter* coming = nullptr) {
        trace::op_log_writer log(folder + "/log", options.cores);
        options.op_log = &log;
        std::optional<std::vector<engine::target_state>> found;
        if (!options.leads()) found = targets.get_future().get();
        const auto run = engine::make_run(options, stop);
        if (coming != nullptr) coming->retire();
        if (found) {
            REQUIRE(run->join(*found));
        } else {
            REQUIRE(run->open());
            targets.set_value(run->targets());
        }
        go_on(*run, start_ns);
        log.finish();
        by_core = read_log(folder + "/log", options.cores);
    }

    scenario::scenario plan;
    model_state state;
    model_driver driver;
    recorded seen;
    engine::run_options options;
    std::atomic<int> stop{0};
    std::string folder;
    bool loading = false;  ///< under the state's mutex, as the next
    std::set<std::uint64_t> prepared;
    std::optional<engine::run_result> result;
    std::vector<std::vector<done_operation>> by_core;
};

struct world_of_two {
    explicit world_of_two(const std::string& yaml)
        : whole(yaml, 0, 2, 0), first(yaml, 0, 1, 2), second(yaml, 1, 1, 2) {
        {
            const virtual_clock clock;
            std::promise<std::vector<engine::target_state>> targets;
            whole.go(targets, clock.now_ns() + start_after_ns);
        }
        // Phases wait for no other process here: each has a target of its own, and only time lets
        // the load of both begin together.
        const virtual_clock clock;
        const std::int64_t start_ns = clock.now_ns() + start_after_ns;
        std::promise<std::vector<engine::target_state>> targets;
        waiter coming;
        std::jthread other([&] { second.go(targets, start_ns, &coming); });
        first.go(targets, start_ns);
    }

    member whole, first, second;
};

std::string scenario_of(const std::string& load) {
    return yaml(load, "",
                "      - {op: get, weight: 6}\n      - {op: put, weight: 2}\n"
                "      - {op: delete, weight: 2}\n");
}

}  // namespace

TEST_CASE("world_of_two_processes_does_what_two_cores_of_one_do") {
    for (const char* load : {"{closed: {users: 2}}", "{open: {rate: 3000, max_in_flight: 16}}"}) {
        CAPTURE(load);
        const world_of_two w(scenario_of(load));
        CHECK(w.first.state.wrong + w.second.state.wrong == 0);

        // The objects of prepare, each by one of them.
        std::set<std::uint64_t> all = w.first.prepared;
        all.insert(w.second.prepared.begin(), w.second.prepared.end());
        CHECK(all.size() == w.first.prepared.size() + w.second.prepared.size());
        CHECK(all == w.whole.prepared);
        CHECK(w.first.result->prepared + w.second.result->prepared == w.whole.result->prepared);
        // And all that they made since is gone.
        CHECK(w.first.state.objects.empty());
        CHECK(w.second.state.objects.empty());
        CHECK(w.first.result->left.empty());
        CHECK(w.second.result->left.empty());

        // Every choice, and when it was due.
        REQUIRE(w.whole.by_core[0].size() > 100);
        CHECK(w.first.by_core[0] == w.whole.by_core[0]);
        CHECK(w.second.by_core[0] == w.whole.by_core[1]);
        const std::uint64_t due =
            w.first.result->groups[0].intended + w.second.result->groups[0].intended;
        CHECK(due == w.whole.result->groups[0].intended);
        CHECK(w.first.result->measure_s == w.whole.result->measure_s);
    }
}

TEST_CASE("world_does_once_what_exists_once") {
    const world_of_two w(scenario_of("{closed: {users: 2}}"));
    CHECK(w.first.state.opened == 1);
    CHECK(w.first.state.joined == 0);
    CHECK(w.first.state.sealed == 1);
    CHECK(w.first.state.closed == 1);
    CHECK(w.second.state.opened == 0);
    CHECK(w.second.state.joined == 1);
    CHECK(w.second.state.sealed == 0);
    CHECK(w.second.state.closed == 0);
}

TEST_CASE("world_deals_limits_so_that_they_add_up") {
    for (const std::uint64_t total : {0ULL, 1ULL, 2ULL, 7ULL, 1000ULL, ~0ULL}) {
        std::uint64_t sum = 0;
        for (const auto& [first, cores] : {std::pair{0U, 2U}, {2U, 1U}, {3U, 4U}}) {
            engine::run_options o;
            o.first_core = first;
            o.cores = cores;
            o.cores_in_all = 7;
            sum += o.share_of(total);
        }
        CHECK(sum == total);
        engine::run_options alone;
        alone.cores = 3;
        CHECK(alone.share_of(total) == total);
    }
}

TEST_CASE("world_member_with_a_driver_that_cannot_share_its_target_is_refused") {
    struct alone final : engine::core_driver {
        std::unique_ptr<engine::session> make_session() override { return nullptr; }
        std::unique_ptr<engine::bound_step> bind(const scenario::step&) override { return nullptr; }
        runtime::task<engine::target_state> open_target() override {
            co_return engine::target_state();
        }
        runtime::task<std::string> seal_data() override { co_return std::string(); }
        runtime::task<std::string> close_target() override { co_return std::string(); }
    };
    struct alone_driver final : engine::driver {
        const std::vector<std::string>& endpoints() const noexcept override { return names; }
        std::unique_ptr<engine::core_driver> make_core(runtime::reactor&, unsigned) override {
            return std::make_unique<alone>();
        }
        std::vector<std::string> names{"alone"};
    };
    const virtual_clock clock;
    member second(scenario_of("{closed: {users: 2}}"), 1, 1, 2);
    alone_driver driver;
    second.options.groups[0].target = &driver;
    const auto run = engine::make_run(second.options, second.stop);
    CHECK_FALSE(run->join({engine::target_state()}));
    run->close();
    const auto result = run->finish();
    CHECK(result.target_problem);
    CHECK(result.problem.find("several processes") != std::string::npos);
}

TEST_CASE("load_begins_when_it_is_told_to_or_not_at_all_after_an_interrupt") {
    const virtual_clock clock;
    member only(scenario_of("{closed: {users: 2}}"), 0, 2, 0);
    const auto run = engine::make_run(only.options, only.stop);
    REQUIRE(run->open());
    REQUIRE(run->prepare());
    REQUIRE(run->seal());
    const std::int64_t began_ns = clock.now_ns();
    waiter place;
    std::jthread interrupt([&] {
        place.wait_until(began_ns + 3'500'000'000);
        only.stop = 1;
        place.retire();
    });
    CHECK_FALSE(run->load(began_ns + 60'000'000'000));
    CHECK(clock.now_ns() - began_ns < 4'000'000'000);
    run->clean();
    run->close();
    const auto result = run->finish();
    CHECK(result.interrupted);
    CHECK(result.measure_s == 0);
    CHECK(only.state.objects.empty());
    // Meanwhile it says what it waits for.
    REQUIRE(only.seen.waits.size() == 3);
    CHECK(only.seen.waits[2].what == "for the time at which the load begins");
    CHECK(only.seen.waits[2].most_s == doctest::Approx(60 - 0.005));
}

TEST_CASE("world_member_in_place_of_one_that_died_makes_its_share_anew") {
    // One after the other against the same target: a process that dies in the middle of its load,
    // and one with its share of the world.
    const std::string text = yaml("{closed: {users: 4}}", "",
                                  "      - {op: get, weight: 6}\n      - {op: put, weight: 3}\n"
                                  "      - {op: put, overwrite: true, weight: 2}\n"
                                  "      - {op: delete, weight: 2}\n");
    for (const unsigned first : {0U, 1U}) {
        CAPTURE(first);
        member second(text, first, 1, 2);
        {
            const virtual_clock clock;
            member died(text, first, 1, 2);
            died.options.groups[0].target = &second.driver;
            const auto run = engine::make_run(died.options, died.stop);
            REQUIRE((first == 0 ? run->open() : run->join({engine::target_state()})));
            REQUIRE(run->prepare());
            REQUIRE(run->load(monotonic_ns()));
            run->drain();
            run->finish();  // without having cleaned up
        }
        REQUIRE(second.state.objects.size() > 50);
        second.state.wrong = 0;
        const virtual_clock clock;
        const auto run = engine::make_run(second.options, second.stop);
        REQUIRE(run->join({engine::target_state()}));
        REQUIRE(run->prepare());
        CHECK(run->seal());
        CHECK(second.state.sealed == 0);
        REQUIRE(run->load(monotonic_ns()));
        run->drain();
        run->clean();
        run->close();
        const auto result = run->finish();
        CHECK(result.problem.empty());
        CHECK(result.prepared == 100);
        CHECK(model_run::failed(result.measured) == 0);
        CHECK(second.state.wrong == 0);
        CHECK(second.state.closed == 0);
        CHECK(result.left.empty());
        // In the place of the leader it knows that somebody else opened the target.
        CHECK(result.end_warnings.size() == (first == 0 ? 1 : 0));
    }
}

TEST_CASE("world_leader_asks_what_a_process_that_died_has_left") {
    for (const bool died : {false, true}) {
        for (const bool answers : {false, true}) {
            CAPTURE(died);
            CAPTURE(answers);
            const virtual_clock clock;
            member leader(scenario_of("{closed: {users: 2}}"), 0, 1, 2);
            std::atomic<bool> one_died{died};
            leader.options.process_died = &one_died;
            unsigned asked = 0;
            leader.state.count_left = [&] {
                ++asked;
                engine::left_count found;
                found.known = answers;
                if (answers) {
                    engine::leftover one;
                    one.kind = "object";
                    one.name = "run/17";
                    found.items.push_back(one);
                }
                return found;
            };
            const auto run = engine::make_run(leader.options, leader.stop);
            REQUIRE(run->open());
            leader.go_on(*run, monotonic_ns());
            CHECK(asked == (died ? 1 : 0));
            CHECK(leader.result->left_behind == (died && answers ? 1 : 0));
            CHECK(leader.result->end_warnings.size() == (died && !answers ? 1 : 0));
        }
    }
}
