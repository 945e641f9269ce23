#include "cleanup_images.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <cstdio>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

std::string describe(const rbd::run_image& one) {
    std::string out = "image " + one.path + " (" + format_size(one.bytes);
    if (one.clone) out += ", a clone";
    if (one.age_s) out += ", made " + format_duration(*one.age_s * 1'000'000'000) + " ago";
    return out + ") of run " + one.run_id;
}

}  // namespace

left_images::left_images(const scenario::rbd_config& config)
    : cluster_(rbd::open_image_cleanup(config)) {}

void left_images::select(const std::string& run_id, std::int64_t older_than_ns) {
    images_ = cluster_->list();
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
    std::uint64_t bytes = 0;
    for (const rbd::run_image& one : images_) {
        std::printf("%s\n", describe(one).c_str());
        if (!one.stays.empty()) {
            std::printf("  left alone: %s\n", one.stays.c_str());
            continue;
        }
        ++removable;
        bytes += one.bytes;
        if (!remove) continue;
        std::fflush(stdout);
        if (stop_level.load() > 0) break;
        // Minutes for a large one.
        std::fprintf(stderr, "cleanup: removing image %s\n", one.path.c_str());
        const std::string problem = cluster_->remove(one);
        if (problem.empty()) ++removed;
        std::printf("  %s\n", problem.empty() ? "removed" : problem.c_str());
    }
    if (images_.empty()) std::printf("no image of a run was found\n");
    if (!remove && removable > 0) {
        std::printf("no image was removed; to remove %llu of %zu (%s): add --yes\n",
                    static_cast<unsigned long long>(removable), images_.size(),
                    format_size(bytes).c_str());
    }
    // Only where all runs are looked at: they bear no run's name.
    if (remove && all_runs_ && stop_level.load() == 0) {
        const std::uint64_t ledgers = cluster_->remove_orphaned_ledgers();
        if (ledgers > 0) {
            std::printf("removed %llu objects of ledgers whose images are gone\n",
                        static_cast<unsigned long long>(ledgers));
        }
    }
    std::fflush(stdout);
    return removed < removable;
}

}  // namespace chopsticks::cli
