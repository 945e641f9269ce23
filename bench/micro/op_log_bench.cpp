// What does the operation log cost a core, per operation, and how much can its thread write?
//
// The log goes to a file in the temporary folder, removed at the end. Records are those of a mixed
// run: one operation every 10 us, times around 1 ms. First the core's part alone: filling blocks
// while the thread writes, in bursts that the blocks can take. Then as fast as it goes, for what
// the thread encodes and writes; records that are dropped there say that a core is faster than it.

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace chopsticks;

std::vector<trace::op_record> make_records(std::size_t count) {
    random_stream random(7);
    std::vector<trace::op_record> records(count);
    std::int64_t now = 1'000'000'000'000;
    for (trace::op_record& r : records) {
        now += static_cast<std::int64_t>(random.exponential() * 1e4);
        r.intended_ns = now;
        r.sent_ns = now + static_cast<std::int64_t>(random.exponential() * 2e4);
        r.done_ns = r.sent_ns + static_cast<std::int64_t>(random.exponential() * 1e6);
        r.op = static_cast<std::uint16_t>(random.below(4));
        r.has_object = true;
        r.object = random.below(1'000'000);
        r.size = 65536;
    }
    return records;
}

std::string file_name() {
    return (std::filesystem::temp_directory_path() /
            ("op_log_bench." + std::to_string(::getpid()) + ".oplog"))
        .string();
}

trace::op_log_header header() {
    trace::op_log_header h;
    h.operations = {"s3/get", "s3/put", "s3/head", "s3/delete"};
    h.endpoints = {"http://127.0.0.1"};
    return h;
}

}  // namespace

int main(int argc, char** argv) {
    const bool tiny = argc > 1 && std::strcmp(argv[1], "--tiny") == 0;
    const std::vector<trace::op_record> records = make_records(65536);
    const std::string path = file_name();
    std::vector<double> ns;
    trace::op_log_figures figures;
    {
        trace::op_log_writer log(path, 1);
        log.begin(header(), 1'000'000'000'000);
        for (int burst = 0; burst < (tiny ? 2 : 20); ++burst) {
            const std::int64_t start = monotonic_ns();
            for (const trace::op_record& r : records)
                log.lane(0).add(r);
            const auto took = static_cast<double>(monotonic_ns() - start);
            // The first burst touches memory that was never used.
            if (burst > 0) ns.push_back(took / static_cast<double>(records.size()));
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
        }
        figures = log.finish();
    }
    std::filesystem::remove(path);
    std::sort(ns.begin(), ns.end());
    std::printf("core's part: %.1f ns per record (best %.1f), %.1f bytes per record in the file\n",
                ns[ns.size() / 2], ns.front(),
                static_cast<double>(figures.bytes) / static_cast<double>(figures.records));
    std::printf("  dropped %llu of %llu\n", static_cast<unsigned long long>(figures.dropped),
                static_cast<unsigned long long>(figures.records + figures.dropped));
    {
        trace::op_log_writer log(path, 1);
        log.begin(header(), 1'000'000'000'000);
        const std::int64_t start = monotonic_ns();
        for (int burst = 0; burst < (tiny ? 2 : 100); ++burst) {
            for (const trace::op_record& r : records)
                log.lane(0).add(r);
        }
        figures = log.finish();
        const auto took = static_cast<double>(monotonic_ns() - start);
        std::printf(
            "as fast as it goes: %.2f million records written per second, %.0f %% dropped\n",
            static_cast<double>(figures.records) * 1e3 / took,
            100 * static_cast<double>(figures.dropped) /
                static_cast<double>(figures.records + figures.dropped));
    }
    std::filesystem::remove(path);
    return 0;
}
