// What does an operation cost a core that a program does for it, beyond what the program takes?
//
// The program is this one again, as an echo: it answers each request at once, and gets with a body
// of zeros. CPU time of the core's thread per operation, with 1, 16 and 256 users; requests without
// a body, puts and gets of 4 KiB. The goal is under 15 us. Not measured: latency, which is the
// program's and the scheduler's, and the content check of a get.

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/process/program.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace chopsticks;

constexpr std::uint64_t body_bytes = 4096;
constexpr const char* ready =
    "{\"ready\":1,\"name\":\"echo\",\"version\":\"1\",\"operations\":[\"put\",\"get\",\"head\"]}\n";

/// The number behind `name` in a line of ours, which has no blanks.
std::uint64_t number_behind(std::string_view line, std::string_view name) {
    const std::size_t at = line.find(name);
    std::uint64_t out = 0;
    if (at == std::string_view::npos) return 0;
    std::from_chars(line.data() + at + name.size(), line.data() + line.size(), out);
    return out;
}

bool write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(STDOUT_FILENO, text.data(), text.size());
        if (wrote <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
}

/// Answers all that came with one write.
int echo() {
    std::string in;
    std::string out;
    std::vector<char> piece(1 << 18);
    bool greeted = false;
    std::uint64_t skip = 0;
    while (true) {
        const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (got <= 0) return 0;
        in.append(piece.data(), static_cast<std::size_t>(got));
        std::size_t at = 0;
        out.clear();
        while (at < in.size()) {
            const std::size_t dropped = std::min<std::uint64_t>(skip, in.size() - at);
            at += dropped;
            skip -= dropped;
            const std::size_t end = in.find('\n', at);
            if (skip > 0 || end == std::string::npos) break;
            const std::string_view line = std::string_view(in).substr(at, end - at);
            at = end + 1;
            if (!greeted) {
                greeted = true;
                out += ready;
                continue;
            }
            skip = number_behind(line, "\"body\":");
            out += "{\"id\":" + std::to_string(number_behind(line, "\"id\":")) +
                   ",\"ok\":true,\"status\":200";
            const bool brings = line.find("\"get\"") != std::string_view::npos;
            if (brings) out += ",\"body\":" + std::to_string(body_bytes);
            out += "}\n";
            if (brings) out.append(body_bytes, '\0');
        }
        in.erase(0, at);
        if (!write_all(out)) return 0;
    }
}

struct load_plan {
    const char* name;
    std::string members;
    bool sends = false;
    bool reads = false;
};

class dropping_reader final : public process::body_reader {
  public:
    void take(std::span<const char> piece) noexcept override { bytes += piece.size(); }
    std::uint64_t bytes = 0;
};

struct measured {
    double cpu_ns = 0;
    double wall_ns = 0;
    std::uint64_t failed = 0;
};

measured measure(const process::program_plan& plan, const load_plan& what, unsigned users,
                 std::uint64_t operations) {
    runtime::reactor loop(0, -1, runtime::idle_mode::sleep);
    process::program_figures figures(process::program_figures::declared(plan.expected));
    const load::content content(1, 1);
    process::program program(loop, plan, figures);
    program.start();
    program.wait_for_words();
    dropping_reader reader;
    std::vector<std::unique_ptr<process::call>> calls;
    measured out;
    const std::uint64_t warm = operations / 10;
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
    std::int64_t cpu_ns = 0;
    std::int64_t wall_ns = 0;
    const auto user = [&](process::call& c) -> runtime::task<void> {
        while (begun < operations + warm) {
            ++begun;
            c.members = what.members;
            c.body = process::request_body();
            if (what.sends) c.body = {&content, {begun, 1}, 0, body_bytes};
            c.reader = what.reads ? &reader : nullptr;
            c.most_body = what.reads ? body_bytes : 0;
            co_await c.perform(monotonic_ns() + 60'000'000'000);
            if (c.how != process::call::end::answered || !c.said.ok) ++out.failed;
            if (++ended == warm) {
                cpu_ns = thread_cpu_ns();
                wall_ns = monotonic_ns();
            }
            if (ended < operations + warm) continue;
            out.cpu_ns = static_cast<double>(thread_cpu_ns() - cpu_ns);
            out.wall_ns = static_cast<double>(monotonic_ns() - wall_ns);
            loop.request_stop();
        }
    };
    loop.post([&] {
        for (unsigned i = 0; i < users; ++i) {
            calls.push_back(std::make_unique<process::call>(program));
            runtime::start_detached(user(*calls.back()));
        }
    });
    loop.run();
    calls.clear();
    out.cpu_ns /= static_cast<double>(operations);
    out.wall_ns /= static_cast<double>(operations);
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "--echo") == 0) return echo();
    const bool tiny = argc > 1 && std::strcmp(argv[1], "--tiny") == 0;
    process::program_plan plan;
    plan.child.command = {"/proc/self/exe", "--echo"};
    char own[4096];
    const ssize_t size = ::readlink("/proc/self/exe", own, sizeof own);
    if (size > 0) plan.child.command.front() = std::string(own, static_cast<std::size_t>(size));
    plan.hello = "{\"hello\":1}\n";
    plan.start_ns = plan.operation_ns = 60'000'000'000;
    plan.expected = process::ask_greeting(plan);
    const std::string key = ",\"bucket\":\"bench\",\"key\":\"p/a3/000000000000002a\",\"size\":4096";
    const load_plan plans[] = {{"head", "\"op\":\"head\"" + key},
                               {"put 4 KiB", "\"op\":\"put\"" + key, true, false},
                               {"get 4 KiB", "\"op\":\"get\"" + key, false, true}};
    std::uint64_t failed = 0;
    for (const load_plan& what : plans) {
        for (const unsigned users : {1U, 16U, 256U}) {
            const measured got = measure(plan, what, users, tiny ? 500 : 100'000);
            failed += got.failed;
            std::printf("%-10s %3u users: %6.2f us of CPU per operation, %7.2f us of time\n",
                        what.name, users, got.cpu_ns / 1e3, got.wall_ns / 1e3);
        }
    }
    if (failed > 0) std::printf("%llu failed\n", static_cast<unsigned long long>(failed));
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
