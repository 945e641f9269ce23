// What is said of images that runs left in a pool, and their removal in an order that works.

#include <algorithm>
#include <chopsticks/ceph/ask.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/rbd/cleanup.hpp>
#include <cstdio>

namespace chopsticks::rbd {

namespace {

std::string describe(const run_image& one) {
    std::string out = "image " + one.path + " (" + format_size(one.bytes);
    if (one.clone) out += ", a clone";
    if (one.age_s) out += ", made " + format_duration(*one.age_s * 1'000'000'000) + " ago";
    return out + ") of run " + one.run_id;
}

/// Images that runs left in the pool and namespace of one workload config.
class left_images final : public engine::cleanup {
    // Before those that call it: its type is deduced.
    template <typename Call>
    auto ask(Call call) {
        return ceph::ask(cluster_, *asked_.stop, "cleanup", call);
    }

  public:
    explicit left_images(const engine::cleanup_request& asked)
        : cluster_(open_image_cleanup(*static_cast<const settings*>(asked.settings))),
          asked_(asked) {
        ask([](image_cleanup& cluster) { cluster.connect(); });
        select();
    }

    engine::cleanup_end carry_out() override {
        try {
            const bool left = clean_up();
            if (asked_.stop->load() > 0) return engine::cleanup_end::interrupted;
            return left ? engine::cleanup_end::remains : engine::cleanup_end::clean;
        } catch (const engine::cleanup_interrupted&) {
            return engine::cleanup_end::interrupted;
        }
    }

  private:
    void select() {
        images_ = ask([](image_cleanup& cluster) { return cluster.list(); });
        std::erase_if(images_, [&](const run_image& one) {
            if (!asked_.run_id.empty()) return one.run_id != asked_.run_id;
            // Without an age nothing shows that it is old enough.
            return !one.age_s || *one.age_s < asked_.older_than_ns / 1'000'000'000;
        });
        // A parent goes after its clones.
        std::sort(images_.begin(), images_.end(), [](const auto& a, const auto& b) {
            return a.clone != b.clone ? a.clone : a.name < b.name;
        });
    }

    /// True: something remains that was asked for.
    bool clean_up() {
        const bool remove = asked_.remove;
        std::uint64_t removable = 0;
        std::uint64_t removed = 0;
        std::uint64_t stays = 0;
        std::uint64_t bytes = 0;
        for (const run_image& one : images_) {
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
            if (asked_.stop->load() > 0) break;
            // Minutes for a large one.
            std::fprintf(stderr, "cleanup: removing image %s\n", one.path.c_str());
            const std::string problem =
                ask([one](image_cleanup& cluster) { return cluster.remove(one); });
            if (problem.empty()) ++removed;
            std::printf("  %s\n", problem.empty() ? "removed" : problem.c_str());
        }
        if (images_.empty()) std::printf("no image of a run was found\n");
        if (!remove && removable > 0) {
            std::printf(
                "no image was removed; to remove %llu of %zu (%s): add --yes\n"
                "A client that only reads an image (rbd export) may not be seen: make sure that "
                "none does.\n",
                static_cast<unsigned long long>(removable), images_.size(),
                format_size(bytes).c_str());
        }
        // Only where all runs are looked at: they bear no run's name.
        if (remove && asked_.run_id.empty() && asked_.stop->load() == 0) {
            const std::uint64_t ledgers =
                ask([](image_cleanup& c) { return c.remove_orphaned_ledgers(); });
            if (ledgers > 0) {
                std::printf("removed %llu objects of ledgers whose images are gone\n",
                            static_cast<unsigned long long>(ledgers));
            }
        }
        std::fflush(stdout);
        return stays > 0 || removed < removable;
    }

    std::shared_ptr<image_cleanup> cluster_;
    engine::cleanup_request asked_;
    std::vector<run_image> images_;
};

}  // namespace

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked) {
    return std::make_unique<left_images>(asked);
}

}  // namespace chopsticks::rbd
