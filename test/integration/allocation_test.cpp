// In the measure phase the cores take no memory: neither per operation nor, beyond the hand-over of
// intervals, otherwise. The whole allocator is counted, so this is a program of its own and not one
// for sanitizers, which replace the allocator themselves.

#include <doctest/doctest.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};

/// Whether the calling thread is a core's: 0 = not yet known.
thread_local signed char is_core = 0;

void count() noexcept {
    if (!counting.load(std::memory_order_relaxed)) return;
    if (is_core == 0) {
        char name[16] = "";
        ::pthread_getname_np(::pthread_self(), name, sizeof name);
        is_core = std::strncmp(name, "core-", 5) == 0 ? 1 : -1;
    }
    if (is_core == 1) allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

// glibc's own functions under the names it keeps for those who replace them. operator new of
// libstdc++ calls malloc or aligned_alloc.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    count();
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
    count();
    return __libc_calloc(number, size);
}
void* realloc(void* block, std::size_t size) {
    count();
    return __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}
int posix_memalign(void** to, std::size_t alignment, std::size_t size) {
    count();
    *to = __libc_memalign(alignment, size);
    return *to != nullptr ? 0 : ENOMEM;
}
}

namespace {

using namespace chopsticks;

/// Keeps the compiler from leaving a block out that nobody uses.
template <typename T>
void use(T* block) {
    asm volatile("" : : "r"(block) : "memory");
}

std::uint64_t counted_on(const char* thread_name) {
    allocations = 0;
    std::thread([&] {
        ::pthread_setname_np(::pthread_self(), thread_name);
        counting = true;
        void* blocks[] = {std::malloc(10), std::calloc(2, 10), ::aligned_alloc(64, 128)};
        for (void*& b : blocks)
            use(b);
        blocks[0] = std::realloc(blocks[0], 1000);
        void* aligned = nullptr;
        const int failed = ::posix_memalign(&aligned, 64, 100);
        auto* object = new std::uint64_t(1);
        use(object);
        auto* array = new char[100];
        use(array);
        struct alignas(64) wide {
            char bytes[64];
        };
        auto* strict = new wide;
        use(strict);
        counting = false;
        CHECK(failed == 0);
        delete strict;
        delete[] array;
        delete object;
        std::free(aligned);
        for (void* b : blocks)
            std::free(b);
    }).join();
    return allocations;
}

TEST_CASE("allocation_counter_counts_every_kind_on_cores_and_nothing_elsewhere") {
    CHECK(counted_on("core-7") == 8);
    CHECK(counted_on("endpoint-0") == 0);
}

constexpr std::int64_t interval_ns = 100'000'000;
constexpr unsigned first_counted = 3;
constexpr unsigned last_counted = 17;

/// Counts from the end of one interval of the measure phase to that of a later one, however long
/// they took: what is allowed is so much per hand-over and connection, not per second.
struct window final : engine::observer {
    void on_phase(engine::phase p) override {
        if (p == engine::phase::drain) counting = false;
    }
    void on_interval(const engine::interval& i) override {
        if (i.when != engine::phase::measure) return;
        if (counting) {
            ++intervals;
            connects += i.connections.connects;
            for (const auto& f : i.figures.by_operation)
                operations += f.ok_count;
        }
        if (++seen == first_counted) {
            allocations = 0;
            counting = true;
        }
        if (seen == last_counted) counting = false;
    }
    unsigned seen = 0;
    unsigned intervals = 0;
    std::uint64_t operations = 0;
    std::uint64_t connects = 0;
};

struct counted_run {
    std::uint64_t operations = 0;
    std::uint64_t failed = 0;
    std::uint64_t taken = 0;
    unsigned intervals = 0;
    std::uint64_t connects = 0;
    unsigned cores = 2;
    std::string problem;
};

std::string plan_text(const std::string& load) {
    return "name: t\nseed: 5\ngroups:\n  - workload: s3\n"
           "    data: {objects: 400, size: 4KiB, verify: true}\n    tasks:\n"
           "      - {op: get, weight: 6}\n      - {op: put, weight: 2}\n"
           "      - {op: head, weight: 1}\n      - {op: delete, weight: 1}\n"
           "    load: " +
           load + "\nphases: {warmup: 700ms, measure: 2100ms, drain: 5s}\n";
}

counted_run run(const scenario::scenario& plan, engine::driver& target) {
    window seen;
    engine::run_options options;
    options.plan = &plan;
    options.cores = 2;
    options.seed = plan.seed;
    options.interval_ns = interval_ns;
    options.watcher = &seen;
    engine::group_setup setup;
    setup.group = &plan.groups[0];
    setup.target = &target;
    options.groups.push_back(setup);
    const std::atomic<int> stop{0};
    const engine::run_result result = engine::execute(options, stop);
    counted_run r;
    r.taken = allocations;
    r.intervals = seen.intervals;
    r.operations = seen.operations;
    r.connects = seen.connects;
    r.problem = result.problem;
    for (const auto& f : result.measured.by_operation)
        r.failed += f.failed_count;
    return r;
}

/// What handing over an interval may take, per core: a list of the groups' figures, a place in the
/// collector's queue, and now and then a set of recorders when the collector is late.
constexpr std::uint64_t per_interval_and_core = 8;
/// A user that gets its first task only now, because others did not come back in time, connects and
/// takes its buffers: on a busy machine some do.
constexpr std::uint64_t per_connection = 32;

void check(const counted_run& r) {
    INFO(r.taken << " allocations in " << r.operations << " operations, " << r.intervals
                 << " intervals, " << r.connects << " connections");
    REQUIRE(r.problem.empty());
    CHECK(r.failed == 0);
    // One more at either end, since the collector tells of an interval when it has ended.
    const std::uint64_t allowed =
        (r.intervals + 2) * r.cores * per_interval_and_core + r.connects * per_connection;
    // Else one per operation would not be noticed.
    REQUIRE(r.operations > allowed);
    CHECK(r.taken <= allowed);
}

void run_native(const std::string& load) {
    endpoint::endpoint_options where;
    endpoint::server server(where);
    server.start();
    const scenario::scenario plan = scenario::parse_scenario(plan_text(load), "test.yaml");
    s3::settings config;
    config.endpoints = {server.url()};
    config.access_key = where.access_key;
    config.secret_key = where.secret_key;
    s3::driver_options options;
    options.config = &config;
    options.group = &plan.groups[0];
    options.run_prefix = "chopsticks/test/";
    options.data_seed = engine::data_seed(plan.groups[0], plan.seed, 0);
    options.cores = 2;
    const auto driver = s3::make_native_driver(options);
    check(run(plan, *driver));
}

TEST_CASE("allocation_free_operations_of_the_native_driver_in_a_closed_loop") {
    run_native("{closed: {users: 16}}");
}

TEST_CASE("allocation_free_operations_of_the_native_driver_in_an_open_loop") {
    run_native("{open: {rate: 2000, max_in_flight: 32}}");
}

TEST_CASE("allocation_free_operations_of_the_dummy_driver") {
    for (const char* load : {"{closed: {users: 64}}", "{open: {rate: 50000, max_in_flight: 64}}"}) {
        const scenario::scenario plan = scenario::parse_scenario(plan_text(load), "test.yaml");
        const auto driver = s3::make_dummy_driver();
        check(run(plan, *driver));
    }
}

}  // namespace
