// What is said of what runs left in a bucket.

#include <chopsticks/core/units.hpp>
#include <chopsticks/s3/driver/cleanup.hpp>
#include <cstdio>

namespace chopsticks::s3 {

namespace {

std::uint64_t entries(const run_remains& run) {
    return run.objects + run.versions + run.markers + run.uploads;
}

/// "95 objects, 12 older versions (1.5 MiB)".
std::string describe_entries(const run_remains& run) {
    std::string out;
    const auto add = [&out](std::uint64_t count, const char* what) {
        if (count > 0) out += (out.empty() ? "" : ", ") + counted(count, what);
    };
    add(run.objects, "object");
    add(run.versions, "older version");
    add(run.markers, "delete marker");
    add(run.uploads, "unfinished upload");
    if (out.empty()) return "nothing";
    return out + " (" + format_size(run.bytes) + ")";
}

/// Whether it counts as left behind: what was not asked for does not, what is left alone does.
bool remains(const run_remains& run, bool removed) {
    if (run.too_young) return false;
    if (!removed || !run.kept_why.empty()) return true;
    return run.left > 0 || run.foreign > 0 || run.mark_left || !run.problem.empty() ||
           run.removed_buckets < run.buckets.size();
}

void print_run(const run_remains& run, const std::string& bucket, bool removed) {
    std::printf("run %s%s\n", run.run.c_str(),
                run.started.empty() ? "" : (", started " + run.started).c_str());
    std::printf("  %s in the bucket \"%s\" below \"%s\"\n", describe_entries(run).c_str(),
                bucket.c_str(), run.folder.c_str());
    if (!run.unfinished.empty()) {
        std::printf("  among them a data set that was never finished, below \"%s\"\n",
                    run.unfinished.c_str());
    }
    for (const std::string& name : run.buckets)
        std::printf("  the bucket \"%s\"%s\n", name.c_str(), removed ? "" : ", if it is empty");
    if (run.foreign > 0) {
        std::printf("  %s there that this run is not shown to have made, and that stay: \"%s\"%s\n",
                    counted(run.foreign, "other thing").c_str(), run.foreign_example.c_str(),
                    run.foreign > 1 ? ", ..." : "");
    }
    if (!run.kept_why.empty()) std::printf("  left alone: %s\n", run.kept_why.c_str());
    if (removed && run.kept_why.empty()) {
        std::printf("  removed: %llu of %llu", static_cast<unsigned long long>(run.removed),
                    static_cast<unsigned long long>(entries(run)));
        if (!run.buckets.empty()) {
            std::printf(", and %llu of %s", static_cast<unsigned long long>(run.removed_buckets),
                        counted(run.buckets.size(), "bucket").c_str());
        }
        std::printf("; left: %llu\n", static_cast<unsigned long long>(run.left));
    }
    if (!run.problem.empty()) std::printf("  problem: %s\n", run.problem.c_str());
}

class bucket_cleanup final : public engine::cleanup {
  public:
    explicit bucket_cleanup(const engine::cleanup_request& asked) : stop_(*asked.stop) {
        const auto& all = *static_cast<const settings*>(asked.settings);
        for (std::size_t i = 0; i < all.bucket_count(); ++i)
            buckets_.push_back(all.at_bucket(i));
        options_.timeout = asked.timeout;
        options_.prefixes = asked.prefixes;
        options_.run_id = asked.run_id;
        options_.older_than_ns = asked.older_than_ns;
        options_.remove = asked.remove;
    }

    engine::cleanup_end carry_out() override {
        engine::cleanup_end worst = engine::cleanup_end::clean;
        for (const settings& bucket : buckets_) {
            options_.config = &bucket;
            const engine::cleanup_end one = clean_bucket();
            if (one == engine::cleanup_end::interrupted) return one;
            // What could not be looked at is no reason to leave the others.
            if (worst != engine::cleanup_end::refused && one != engine::cleanup_end::clean)
                worst = one;
        }
        return worst;
    }

  private:
    engine::cleanup_end clean_bucket() {
        const auto tell = [&](const cleanup_progress& p) {
            const std::string waits = p.waiting.empty() ? "" : "; waits " + p.waiting;
            if (p.run.empty()) {
                std::fprintf(stderr, "cleanup: looks for runs%s\n", waits.c_str());
                return;
            }
            std::fprintf(stderr, "cleanup: run %s: %llu found, %llu removed so far%s\n",
                         p.run.c_str(), static_cast<unsigned long long>(p.found),
                         static_cast<unsigned long long>(p.removed), waits.c_str());
        };
        const cleanup_report report = clean_up(options_, stop_, tell);
        const std::uint64_t left = print(report);
        if (stop_.load() > 0) return engine::cleanup_end::interrupted;
        if (!report.problem.empty()) {
            std::fprintf(stderr, "chopsticks: %s\n", report.problem.c_str());
            return report.runs.empty() ? engine::cleanup_end::refused
                                       : engine::cleanup_end::remains;
        }
        return left > 0 ? engine::cleanup_end::remains : engine::cleanup_end::clean;
    }

    /// How many runs left something.
    std::uint64_t print(const cleanup_report& report) const {
        std::uint64_t runs = 0;
        std::uint64_t left = 0;
        std::uint64_t to_remove = 0;
        std::uint64_t bytes = 0;
        for (const run_remains& run : report.runs) {
            print_run(run, options_.config->bucket, options_.remove);
            if (remains(run, options_.remove)) ++left;
            if (!run.kept_why.empty()) continue;
            ++runs;
            to_remove += entries(run);
            bytes += run.bytes;
        }
        if (report.runs.empty()) {
            const std::string where =
                buckets_.size() > 1 ? " in the bucket \"" + options_.config->bucket + "\"" : "";
            std::printf("nothing was found%s\n", where.c_str());
        }
        if (!options_.remove && runs > 0) {
            std::printf("nothing was removed; to remove what %s left (%s, %s): add --yes\n",
                        counted(runs, "run").c_str(), counted(to_remove, "thing").c_str(),
                        format_size(bytes).c_str());
        }
        std::fflush(stdout);
        return left;
    }

    cleanup_options options_;
    std::vector<settings> buckets_;
    const std::atomic<int>& stop_;
};

}  // namespace

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked) {
    return std::make_unique<bucket_cleanup>(asked);
}

}  // namespace chopsticks::s3
