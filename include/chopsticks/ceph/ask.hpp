#pragma once
/// \file
/// Calls that block, made by a command that must stay interruptible: on a thread of their own, for
/// none of them can be taken back and each may have to time out. Main thread.

#include <atomic>
#include <chopsticks/core/left_running.hpp>
#include <chopsticks/engine/cleanup.hpp>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace chopsticks::ceph {

/// Calls `call(*on)` on another thread and says each second on standard error what `on->waiting()`
/// says. \param command for what is said: "cleanup"
/// Throws engine::cleanup_interrupted where the process was told to stop while the call was under
/// way; the call goes on, and keeps what it works on.
template <typename Subject, typename Call>
auto ask(const std::shared_ptr<Subject>& on, const std::atomic<int>& stop, const char* command,
         Call call) {
    using namespace std::chrono_literals;
    using result = decltype(call(*on));
    // How long a call may go on after the process was told to stop.
    constexpr auto patience = 1s;
    // Its own part in the subject ends before the answer is there: the last one is the caller's.
    std::packaged_task<result()> task([mine = on, call]() mutable {
        const auto used = std::move(mine);
        return call(*used);
    });
    std::future<result> answer = task.get_future();
    std::thread(std::move(task)).detach();
    auto told = std::chrono::steady_clock::now() + 1s;
    std::optional<std::chrono::steady_clock::time_point> leave_at;
    while (answer.wait_for(50ms) != std::future_status::ready) {
        const auto now = std::chrono::steady_clock::now();
        if (stop.load() > 0 && !leave_at) leave_at = now + patience;
        if (leave_at && (now >= *leave_at || stop.load() > 1)) {
            const std::string what = on->waiting();
            std::fprintf(stderr, "%s: interrupted while it waited %s\n", command, what.c_str());
            // The library's threads still run: what they use must not be taken down.
            threads_left_running = true;
            throw engine::cleanup_interrupted();
        }
        if (now - told < 1s) continue;
        told = now;
        const std::string what = on->waiting();
        if (!what.empty()) std::fprintf(stderr, "%s waits %s\n", command, what.c_str());
    }
    return answer.get();
}

}  // namespace chopsticks::ceph
