#pragma once
/// \file
/// Images that runs left behind: found by their marks, removed by the same proofs as at the end of
/// a run. All calls but `waiting` block; one thread at a time.

#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/rbd/workload/settings.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::rbd {

/// An image that a run of this program made.
struct run_image {
    std::string name;    ///< within the pool and namespace
    std::string path;    ///< "rbd/name", as the tool rbd takes it
    std::string id;      ///< that the cluster gave it: another image of the name has another
    std::string run_id;  ///< of the run that made it, by its mark, or by the name it was made under
    std::uint64_t bytes = 0;
    std::optional<std::int64_t> age_s;  ///< by the cluster's clock
    bool clone = false;
    bool by_name = false;  ///< a run was killed before it could mark it; its name proves the run
    bool kept = false;     ///< its run was told to keep it
    /// Why it is not removed: a client that has it open, it was to be kept, a snapshot that is not
    /// the run's. Empty: it may be.
    std::string stays;
};

/// Images in the pool and namespace of a workload config.
class image_cleanup {
  public:
    virtual ~image_cleanup() = default;

    /// Before all else. Throws config_error, with the one message about the cluster.
    virtual void connect() = 0;

    /// What the call under way waits for, and how long at most, for a person; empty: nothing in
    /// particular. From any thread.
    virtual std::string waiting() const = 0;

    /// Throws config_error where the cluster cannot be asked.
    virtual std::vector<run_image> list() = 0;

    /// Removes it, with its snapshot where it was a run's parent of clones: clones must be removed
    /// before. Checks again first that it is the one that was listed. Empty, or why it is left.
    virtual std::string remove(const run_image& one) = 0;

    /// Ledgers whose image is gone; how many objects were removed. Only those older than the
    /// listing may be: an image could be made in between.
    virtual std::uint64_t remove_orphaned_ledgers() = 0;
};

/// Throws config_error without librbd.
std::unique_ptr<image_cleanup> open_image_cleanup(const settings& config);

/// The same as the command line has it. Throws config_error, with the one message about the
/// cluster.
std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked);

}  // namespace chopsticks::rbd
