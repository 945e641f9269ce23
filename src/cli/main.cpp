#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/left_running.hpp>
#include <chopsticks/live/annotations.hpp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <string_view>
#include <system_error>

#include "command.hpp"
#include "plugins.hpp"
#include "usage.hpp"
#include "workloads.hpp"

namespace chopsticks::cli {

std::atomic<int> stop_level{0};

namespace {

/// So long after the second signal whatever heeds it has ended, and a further one is an order to
/// the process itself: a driver of a plug-in need not heed anything.
constexpr std::int64_t heeded_within_s = 3;

void raise_stop_level(int) {
    static_assert(std::atomic<int>::is_always_lock_free);
    static_assert(std::atomic<std::int64_t>::is_always_lock_free);
    static std::atomic<std::int64_t> second_s{0};
    const int before = stop_level.fetch_add(1, std::memory_order_relaxed);
    if (before < 1) return;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    if (before == 1) second_s.store(now.tv_sec, std::memory_order_relaxed);
    if (now.tv_sec - second_s.load(std::memory_order_relaxed) < heeded_within_s) return;
    constexpr std::string_view said =
        "\nchopsticks: ended by a further signal, without a result: something does not stop when "
        "it "
        "is told to. What the run made may still be on the target\n";
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, said.data(), said.size());
    ::_exit(results::exit_interrupted);
}

void terminal_lost(int) {
    int nobody_asked = 0;
    stop_level.compare_exchange_strong(nobody_asked, 1, std::memory_order_relaxed);
}

void mark_run(int) {
    live::note_signal();
}

/// Each mistake on a line of its own.
void print_problems(const std::string& text) {
    std::size_t at = 0;
    while (at <= text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::fprintf(stderr, "chopsticks: %s\n", text.substr(at, end - at).c_str());
        at = end + 1;
    }
}

int run_main(int argc, char** argv) {
    CLI::App app{
        "Chopsticks puts a measured, honest load on S3 object stores and Ceph RBD and writes one "
        "JSON result per run.\n\nA first try without any server:\n  chopsticks run -f "
        "quickstart --embedded",
        "chopsticks"};
    app.set_version_flag("-V,--version", version_text());
    app.footer("chopsticks help COMMAND, or chopsticks COMMAND --help, has the options of each.");
    app.require_subcommand(1);
    int status = exit_ok;
    add_workloads();
    const std::vector<std::string> command_line = by_role({argv, argv + argc});
    add_run_command(app, status, command_line);
    add_worker_command(app, status, command_line);
    add_leader_command(app, status);
    add_ab_command(app, status, command_line);
    add_sweep_command(app, status, command_line);
    add_find_max_command(app, status, command_line);
    add_validate_command(app, status);
    add_list_command(app, status);
    add_annotate_command(app, status);
    add_merge_command(app, status);
    add_export_command(app, status);
    add_oplog_command(app, status);
    add_serve_command(app, status);
    add_driver_check_command(app, status);
    add_calibrate_command(app, status);
    add_cleanup_command(app, status);
    add_compare_command(app, status);
    add_report_command(app, status);
    add_show_command(app, status);
    try {
        if (const int answered = answer_first_words(app, command_line); answered >= 0)
            return answered;
        // The last word first, as CLI11 takes them.
        app.parse(std::vector<std::string>(command_line.rbegin(), command_line.rend() - 1));
    } catch (const CLI::ParseError& error) {
        return refuse(app, error);
    } catch (const config_error& error) {
        print_problems(error.what());
        return exit_usage;
    } catch (const std::system_error& error) {
        // No thread, no timer: the machine's limits.
        std::fprintf(stderr, "chopsticks: %s\n", error.what());
        return exit_errors;
    } catch (const std::bad_alloc&) {
        std::fprintf(stderr, "chopsticks: out of memory; use fewer users or a smaller scenario\n");
        return exit_errors;
    }
    return status;
}

}  // namespace

void catch_signals() {
    struct sigaction action{};
    action.sa_handler = raise_stop_level;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    struct sigaction marking{};
    marking.sa_handler = mark_run;
    marking.sa_flags = SA_RESTART;
    ::sigemptyset(&marking.sa_mask);
    ::sigaction(SIGUSR1, &marking, nullptr);
    struct sigaction before{};
    ::sigaction(SIGHUP, nullptr, &before);
    if (before.sa_handler == SIG_IGN) return;
    action.sa_handler = terminal_lost;
    ::sigaction(SIGHUP, &action, nullptr);
}

}  // namespace chopsticks::cli

int main(int argc, char** argv) {
    // Where a caller closed one of the standard streams, the next file or connection would take its
    // number, and the report would be written into that.
    while (true) {
        const int fd = ::open("/dev/null", O_RDWR);
        if (fd > STDERR_FILENO) ::close(fd);
        if (fd < 0 || fd > STDERR_FILENO) break;
    }
    // A closed pipe, a file that grew to its limit: writes fail and say so, the run goes on.
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        const int status = chopsticks::cli::run_main(argc, argv);
        if (!chopsticks::threads_left_running) return status;
        std::fflush(nullptr);
        std::_Exit(status);
    } catch (...) {
        const std::string plugins = chopsticks::cli::loaded_plugins_text();
        std::fprintf(stderr, "chopsticks: a bug%s: %s; please report it with the command line\n",
                     plugins.empty() ? "" : (", perhaps of a plug-in" + plugins).c_str(),
                     chopsticks::caught_text().c_str());
        return chopsticks::cli::exit_errors;
    }
}
