#include "cleanup_images.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>

#include "command.hpp"

using namespace std::chrono_literals;

namespace chopsticks::cli {

namespace {

std::string describe(const rbd::run_image& one) {
    std::string out = "image " + one.path + " (" + format_size(one.bytes);
    if (one.clone) out += ", a clone";
    if (one.age_s) out += ", made " + format_duration(*one.age_s * 1'000'000'000) + " ago";
    return out + ") of run " + one.run_id;
}

/// How long a call of the cluster's may go on after the process was told to stop.
constexpr auto interrupted_patience = 1s;

/// Calls into the cluster's libraries, on a thread of their own: none of them can be taken back,
/// and each may have to time out.
template <typename Call>
auto ask(const std::shared_ptr<rbd::image_cleanup>& cluster, Call call) {
    using result = decltype(call(*cluster));
    // Its own part in the cluster ends before the answer is there: the last one is the caller's.
    std::packaged_task<result()> task([mine = cluster, call]() mutable {
        const auto used = std::move(mine);
        return call(*used);
    });
    std::future<result> answer = task.get_future();
    std::thread(std::move(task)).detach();
    auto told = std::chrono::steady_clock::now() + 1s;
    std::optional<std::chrono::steady_clock::time_point> leave_at;
    while (answer.wait_for(50ms) != std::future_status::ready) {
        const auto now = std::chrono::steady_clock::now();
        if (stop_level.load() > 0 && !leave_at) leave_at = now + interrupted_patience;
        if (leave_at && (now >= *leave_at || stop_level.load() > 1)) {
            const std::string what = cluster->waiting();
            std::fprintf(stderr, "cleanup: interrupted while it waited %s\n", what.c_str());
            std::fflush(nullptr);
            // The libraries' threads still run: what they use must not be taken down.
            std::_Exit(exit_interrupted);
        }
        if (now - told < 1s) continue;
        told = now;
        const std::string what = cluster->waiting();
        if (!what.empty()) std::fprintf(stderr, "cleanup waits %s\n", what.c_str());
    }
    return answer.get();
}

}  // namespace

left_images::left_images(const rbd::settings& config) : cluster_(rbd::open_image_cleanup(config)) {
    ask(cluster_, [](rbd::image_cleanup& cluster) { cluster.connect(); });
}

void left_images::select(const std::string& run_id, std::int64_t older_than_ns) {
    images_ = ask(cluster_, [](rbd::image_cleanup& cluster) { return cluster.list(); });
    all_runs_ = run_id.empty();
    std::erase_if(images_, [&](const rbd::run_image& one) {
        if (!run_id.empty()) return one.run_id != run_id;
        // Without an age nothing shows that it is old enough.
        return !one.age_s || *one.age_s < older_than_ns / 1'000'000'000;
    });
    // A parent goes after its clones.
    std::sort(images_.begin(), images_.end(), [](const auto& a, const auto& b) {
        return a.clone != b.clone ? a.clone : a.name < b.name;
    });
}

bool left_images::clean_up(bool remove) {
    std::uint64_t removable = 0;
    std::uint64_t removed = 0;
    std::uint64_t stays = 0;
    std::uint64_t bytes = 0;
    for (const rbd::run_image& one : images_) {
        std::printf("%s\n", describe(one).c_str());
        if (!one.stays.empty()) {
            std::printf("  left alone: %s\n", one.stays.c_str());
            // What was to be kept was not left behind.
            if (!one.kept) ++stays;
            continue;
        }
        ++removable;
        bytes += one.bytes;
        if (!remove) continue;
        std::fflush(stdout);
        if (stop_level.load() > 0) break;
        // Minutes for a large one.
        std::fprintf(stderr, "cleanup: removing image %s\n", one.path.c_str());
        const std::string problem =
            ask(cluster_, [one](rbd::image_cleanup& cluster) { return cluster.remove(one); });
        if (problem.empty()) ++removed;
        std::printf("  %s\n", problem.empty() ? "removed" : problem.c_str());
    }
    if (images_.empty()) std::printf("no image of a run was found\n");
    if (!remove && removable > 0) {
        std::printf(
            "no image was removed; to remove %llu of %zu (%s): add --yes\n"
            "A client that only reads an image (rbd export) may not be seen: make sure that "
            "none does.\n",
            static_cast<unsigned long long>(removable), images_.size(), format_size(bytes).c_str());
    }
    // Only where all runs are looked at: they bear no run's name.
    if (remove && all_runs_ && stop_level.load() == 0) {
        const std::uint64_t ledgers =
            ask(cluster_, [](rbd::image_cleanup& c) { return c.remove_orphaned_ledgers(); });
        if (ledgers > 0) {
            std::printf("removed %llu objects of ledgers whose images are gone\n",
                        static_cast<unsigned long long>(ledgers));
        }
    }
    std::fflush(stdout);
    return stays > 0 || removed < removable;
}

}  // namespace chopsticks::cli
