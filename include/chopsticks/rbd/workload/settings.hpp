#pragma once
/// \file
/// To which block devices RBD load goes: what the workload config says of them.

#include <chopsticks/ceph/access.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chopsticks::rbd {

/// How librbd's completions reach the core that owns the user.
enum class completion_way : std::uint8_t {
    callback,  ///< librbd's thread pushes to the core's lock-free list and wakes it once per batch
    eventfd,   ///< the image's event descriptor, drained by rbd_poll_io_events
};

/// Which images share a connection to the cluster (a rados_t with its threads).
enum class connection_sharing : std::uint8_t {
    per_core,    ///< image i is on connection i % cores
    per_images,  ///< image i is on connection i / images_per_connection
    shared,      ///< one for all
};

/// What an image is before the load begins.
enum class image_source : std::uint8_t {
    plain,     ///< an image of its own
    snapshot,  ///< read-only, at the snapshot `snapshot`
    clone,     ///< a fresh clone of `parent@snapshot`, made by this run: first writes copy up
};

struct settings final : scenario::workload_settings, ceph::access {
    std::string pool = "rbd";
    std::string name_space;              ///< RADOS namespace; empty: the default one
    std::string data_pool;               ///< of images this run makes; empty: `pool`
    std::vector<std::string> images;     ///< names; empty: `prefix` and `count`
    std::string prefix = "chopsticks-";  ///< names are prefix + number
    std::uint32_t count = 1;
    std::uint64_t image_bytes = 1ULL << 30;   ///< of images this run makes
    std::uint64_t object_bytes = 4ULL << 20;  ///< of images this run makes; a power of two
    /// Of images this run makes: "layering", "exclusive-lock", "object-map", "fast-diff",
    /// "deep-flatten", "journaling". Unset: what the cluster's configuration says.
    std::optional<std::vector<std::string>> features;
    bool create = true;      ///< make images that are not there
    bool keep = false;       ///< do not remove images this run made
    bool read_only = false;  ///< open so; refuses tasks that write
    /// Consent to write to named images that Chopsticks did not make: what they hold is lost.
    bool overwrite_existing = false;
    image_source source = image_source::plain;
    std::string parent;    ///< clone: the image to clone; empty: the run makes and fills one
    std::string snapshot;  ///< of source snapshot and clone
    /// Not empty: LUKS format of images this run makes, or loads: "luks1", "luks2".
    std::string encryption;
    std::string passphrase_file;  ///< its content is never printed, never in a result
    connection_sharing connections = connection_sharing::per_core;
    std::uint32_t images_per_connection = 1;
    completion_way completion = completion_way::callback;
    bool cache = false;

    std::uint64_t image_count() const noexcept { return images.empty() ? count : images.size(); }

    scenario::echo_fields echo() const override;
    void find_again(const scenario::echo_fields& echoed) override;
    void check(scenario::group& of, std::vector<std::string>& warnings) const override;
    std::string target(bool dummy) const override;
    std::vector<std::pair<std::string, std::string>> planned_target(bool dummy) const override;
    std::uint64_t cluster_connections(unsigned cores) const override;
    scenario::extents_plan extents() const override;
};

/// Those of a workload config; the defaults, which are put into it, where nobody read any.
settings& settings_of(scenario::workload_config& config);

/// Those of a workload config that was read.
const settings& settings_of(const scenario::workload_config& config);

}  // namespace chopsticks::rbd
