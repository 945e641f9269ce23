// What does it cost to say which bytes an object has, per object and per GB, and to check them?
//
// `gather` is what a put pays beside the kernel's copy; `mismatch` what a verified get pays;
// `fill` and plain memcmp stand for comparison. Objects are drawn at random, so that the pool is
// read all over. Not measured: the kernel's side of many short iovecs.

#include <sys/uio.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/content.hpp>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

namespace {

using namespace chopsticks;
using load::content;

std::uint64_t hash = 0;

// Best of several laps, in ns per call.
template <typename Call>
double best_of(std::size_t laps, std::size_t calls, Call call) {
    double best = 1e300;
    for (std::size_t lap = 0; lap < laps; ++lap) {
        const std::int64_t start = monotonic_ns();
        for (std::size_t i = 0; i < calls; ++i)
            call(i);
        const auto took = static_cast<double>(monotonic_ns() - start);
        best = std::min(best, took / static_cast<double>(calls));
    }
    return best;
}

void measure(const char* name, std::size_t size, double ratio, bool tiny) {
    const content c(1, ratio);
    const std::size_t laps = tiny ? 1 : 20;
    const std::size_t calls = tiny ? 4 : std::max<std::size_t>(4, (std::size_t{64} << 20) / size);
    std::vector<iovec> pieces(content::iovecs_for(size));
    std::vector<load::stamp> stamps(content::stamps_for(size));
    const double gather = best_of(laps, calls, [&](std::size_t i) {
        const auto [iovecs, bytes] = c.gather({mix64(i), 1}, 0, size, pieces, stamps);
        hash = mix64(hash ^ stamps[0].words[0], iovecs + bytes);
    });

    std::vector<char> buffer(size);
    const double fill = best_of(laps, calls, [&](std::size_t i) {
        c.fill({mix64(i), 1}, 0, buffer);
        hash ^= static_cast<unsigned char>(buffer[size / 2]);
    });
    c.fill({7, 1}, 0, buffer);
    const double mismatch =
        best_of(laps, calls, [&](std::size_t) { hash += c.mismatch({7, 1}, 0, buffer); });
    const std::vector<char> twin = buffer;
    const double compare = best_of(laps, calls, [&](std::size_t i) {
        buffer[i % size] = twin[i % size];  // or the compiler would compare once
        hash += static_cast<std::uint64_t>(std::memcmp(buffer.data(), twin.data(), size));
    });

    const double gb = 1e9 / static_cast<double>(size);
    std::printf(
        "content: %-7s ratio %.0f: gather %.1f ns = %.2f ms/GB; fill %.0f ms/GB; mismatch %.0f "
        "ms/GB, "
        "memcmp %.0f ms/GB; hash %016llx\n",
        name, ratio, gather, gather * gb / 1e6, fill * gb / 1e6, mismatch * gb / 1e6,
        compare * gb / 1e6, static_cast<unsigned long long>(hash));
}

}  // namespace

int main(int argc, char** argv) {
    const bool tiny = argc > 1 && std::strcmp(argv[1], "--tiny") == 0;
    measure("4 KiB", 4096, 1, tiny);
    measure("64 KiB", 65536, 1, tiny);
    measure("4 MiB", 4 << 20, 1, tiny);
    measure("4 KiB", 4096, 2, tiny);
    measure("4 MiB", 4 << 20, 2, tiny);
    const std::int64_t start = monotonic_ns();
    const content fresh(2, 1);
    std::printf("content: construction %.1f ms\n",
                static_cast<double>(monotonic_ns() - start) / 1e6);
}
