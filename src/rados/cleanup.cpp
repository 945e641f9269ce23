// What earlier runs left in pools: found by their marks, removed by their names.

#include <cerrno>
#include <chopsticks/ceph/ask.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/run_id.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/rados/driver.hpp>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "names.hpp"
#include "sweep.hpp"
#include "world.hpp"

namespace chopsticks::rados {

namespace {

/// How long a run has to answer that it lives.
constexpr std::uint64_t alive_timeout_ms = 5000;

/// The mark of one group of one run, with what it left.
struct run_remains {
    std::string mark;
    std::string run;
    std::string folder;
    std::string kept;  ///< what names of the kept data set begin with that it was to make
    std::int64_t age_s = 0;
    std::string stays;  ///< why nothing is removed; empty: it may be
    sweep_figures left;
    bool mark_gone = false;
};

/// Calls of the cluster's library: each on the thread of ceph::ask.
class pools {
  public:
    explicit pools(const settings& config) {
        world_.config = config;
        world_.config.connections = connection_sharing::shared;
    }

    std::string waiting() const { return world_.waits.text(); }
    std::string connect() { return connect_all(world_); }
    std::string where() const { return world_.config.target(false); }

    /// The runs whose marks lie below one of the prefixes.
    std::vector<run_remains> list(const std::vector<std::string>& prefixes) {
        const waiting_for wait(world_.waits, "for the names in " + where(), 0);
        std::vector<run_remains> found;
        for (const std::string& prefix : prefixes) {
            const int failed =
                list_names(first(), marks_prefix(prefix), [&](const std::string& name) {
                    if (auto one = read_mark(prefix, name)) found.push_back(std::move(*one));
                    return true;
                });
            if (failed < 0) throw config_error(explain(where() + " cannot be listed", failed));
        }
        return found;
    }

    void look_whether_alive(run_remains& run) {
        const waiting_for wait(world_.waits, "for an answer of run " + run.run,
                               std::int64_t{alive_timeout_ms} * 1'000'000);
        if (ceph::is_watched(first(), run.mark, alive_timeout_ms)) {
            run.stays = "the run is alive, or ended less than half a minute ago";
        }
    }

    void sweep_run(run_remains& run, bool remove, const std::atomic<int>& stop) {
        const auto stopped = [&stop](const sweep_figures&) { return stop.load() > 0; };
        const waiting_for wait(world_.waits, "for what run " + run.run + " left", 0);
        for (rados_ioctx_t at : world_.connections.front().places)
            run.left.add(sweep(at, run.folder, remove, stopped));
        sweep_unfinished(run, remove, stopped);
        const bool all_gone = run.left.problem.empty() && run.left.removed == run.left.found;
        if (!remove || !all_gone || stop.load() > 0) return;
        const int failed = rados_remove(first(), run.mark.c_str());
        run.mark_gone = failed >= 0 || failed == -ENOENT;
        if (!run.mark_gone) run.left.problem = explain("the mark " + run.mark, failed);
    }

  private:
    rados_ioctx_t first() const { return world_.connections.front().places.front(); }

    /// Nothing if it is no mark, or says of itself that it belongs elsewhere.
    std::optional<run_remains> read_mark(const std::string& prefix, const std::string& name) {
        run_remains one;
        one.mark = name;
        one.run = attribute(first(), name, run_attribute);
        one.folder = attribute(first(), name, folder_attribute);
        one.kept = attribute(first(), name, kept_attribute);
        if (!is_run_id(one.run)) return std::nullopt;
        if (!name.starts_with(mark_name(prefix, one.run, ""))) return std::nullopt;
        if (!one.folder.starts_with(prefix + one.run + "/")) return std::nullopt;
        std::uint64_t size = 0;
        std::time_t made = 0;
        if (rados_stat(first(), name.c_str(), &size, &made) < 0) return std::nullopt;
        one.age_s = std::time(nullptr) - made;
        return one;
    }

    /// A data set that the run claimed and did not finish.
    void sweep_unfinished(run_remains& run, bool remove, const sweep_stop& stopped) {
        if (run.kept.empty()) return;
        const std::string claim = run.kept + claim_name;
        if (attribute(first(), claim, run_attribute) != run.run) return;
        std::uint64_t size = 0;
        std::time_t made = 0;
        const std::string manifest = run.kept + manifest_name;
        const int finished = rados_stat(first(), manifest.c_str(), &size, &made);
        sweep_figures all;
        if (finished == -ENOENT) {
            for (rados_ioctx_t at : world_.connections.front().places)
                all.add(sweep(at, run.kept, remove, stopped));
        }
        // Its own claim is among what has no name of an object.
        if (all.foreign > 0) --all.foreign;
        if (all.foreign_example == claim) all.foreign_example.clear();
        const bool all_gone = all.problem.empty() && all.removed == all.found && !stopped(all);
        if (remove && all_gone) rados_remove(first(), claim.c_str());
        run.left.add(all);
    }

    world world_;
};

class pool_cleanup final : public engine::cleanup {
    // Before those that call it: its type is deduced.
    template <typename Call>
    auto ask(Call call) {
        return ceph::ask(pools_, *asked_.stop, "cleanup", call);
    }

  public:
    explicit pool_cleanup(const engine::cleanup_request& asked)
        : pools_(std::make_shared<pools>(*static_cast<const settings*>(asked.settings))),
          asked_(asked) {
        const std::string problem = ask([](pools& p) { return p.connect(); });
        if (!problem.empty()) throw config_error(problem);
        for (run_remains& run :
             ask([prefixes = asked.prefixes](pools& p) { return p.list(prefixes); })) {
            const bool wanted = asked.run_id.empty()
                                    ? run.age_s >= asked.older_than_ns / 1'000'000'000
                                    : run.run == asked.run_id;
            if (wanted) runs_.push_back(std::move(run));
        }
    }

    engine::cleanup_end carry_out() override {
        std::uint64_t remain = 0;
        std::uint64_t removable = 0;
        try {
            for (run_remains& run : runs_) {
                if (asked_.stop->load() > 0) break;
                look(run);
                print(run);
                if (run.stays.empty()) removable += run.left.found;
                if (!run.mark_gone) ++remain;
            }
        } catch (const engine::cleanup_interrupted&) {
            return engine::cleanup_end::interrupted;
        }
        if (runs_.empty()) std::printf("no mark of a run was found in the pools\n");
        if (!asked_.remove && remain > 0) {
            std::printf("nothing was removed; to remove %s and the marks: add --yes\n",
                        counted(removable, "object").c_str());
        }
        std::fflush(stdout);
        if (asked_.stop->load() > 0) return engine::cleanup_end::interrupted;
        return remain > 0 ? engine::cleanup_end::remains : engine::cleanup_end::clean;
    }

  private:
    void look(run_remains& run) {
        run = ask([one = run, remove = asked_.remove, stop = asked_.stop](pools& p) mutable {
            p.look_whether_alive(one);
            p.sweep_run(one, remove && one.stays.empty(), *stop);
            return one;
        });
    }

    void print(const run_remains& run) const {
        std::printf("run %s, mark written %s ago\n", run.run.c_str(),
                    format_duration(run.age_s * 1'000'000'000).c_str());
        std::printf("  %s below \"%s\"\n", counted(run.left.found, "object").c_str(),
                    run.folder.c_str());
        if (run.left.foreign > 0) {
            std::printf(
                "  %s there that this run is not shown to have made, and that stay: "
                "\"%s\"\n",
                counted(run.left.foreign, "other object").c_str(),
                run.left.foreign_example.c_str());
        }
        if (!run.stays.empty()) std::printf("  left alone: %s\n", run.stays.c_str());
        if (asked_.remove && run.stays.empty()) {
            std::printf("  removed: %llu of %llu%s\n",
                        static_cast<unsigned long long>(run.left.removed),
                        static_cast<unsigned long long>(run.left.found),
                        run.mark_gone ? ", and the mark" : "");
        }
        if (!run.left.problem.empty()) std::printf("  problem: %s\n", run.left.problem.c_str());
        std::fflush(stdout);
    }

    std::shared_ptr<pools> pools_;
    engine::cleanup_request asked_;
    std::vector<run_remains> runs_;
};

}  // namespace

std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked) {
    return std::make_unique<pool_cleanup>(asked);
}

}  // namespace chopsticks::rados
