#pragma once
/// \file
/// What all cores of the driver share: connections, images, channels. Written by the control thread
/// while the target is opened and closed; read by the cores in between.

#include <rados/librados.h>
#include <rbd/librbd.h>

#include <atomic>
#include <chopsticks/ceph/connect.hpp>
#include <chopsticks/ceph/object_watch.hpp>
#include <chopsticks/ceph/progress_notes.hpp>
#include <chopsticks/rbd/driver.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "channel.hpp"
#include "ledger_keeper.hpp"

namespace chopsticks::rbd {

using ceph::explain;
using ceph::waiting_for;

/// One block device.
struct image {
    std::string name;
    std::size_t connection = 0;
    unsigned home_core = 0;  ///< which drains its events
    rbd_image_t handle = nullptr;
    std::uint64_t bytes = 0;
    bool made = false;  ///< by this run: removed at the end unless kept
    bool ours = false;  ///< made by Chopsticks, now or earlier
    std::string
        made_as;  ///< its name, where this run made it or may have; empty: nothing to remove
    bool maybe_named = false;  ///< its renaming was not answered: it is `made_as`, or has its name
    std::string id;            ///< that the cluster gave it; a later image of this name has another
    std::uint32_t number = 0;  ///< in the run's list
    std::optional<std::uint64_t> written_bytes;  ///< of what is used, at most; none: not known
    std::vector<std::string> features;           ///< as opened; see features_of
    bool filled = false;  ///< holds what prefilling would write, or something that must not be
    /// What acknowledged writes are told to; null: nothing keeps them.
    bool in_ledger = false;
    load::ledger_book known;             ///< what its ledger says, until the table has it
    std::unique_ptr<block_table> table;  ///< null: nothing is judged or compared
    image_events events;
    ceph::object_watch watch;  ///< of an image that is opened read-only
};

/// One rados_t with its threads, and the pool on it.
struct connection {
    rados_t cluster = nullptr;
    rados_ioctx_t pool = nullptr;
};

/// What the group's tasks need, found once.
struct demands {
    bool writes = false;    ///< some task changes blocks
    bool zeroes = false;    ///< some task discards or zeroes
    bool compares = false;  ///< some task compares and writes
    bool reads = false;     ///< some task reads
    bool spoils = false;    ///< some task may leave blocks that cannot be judged
    std::uint64_t largest_io_bytes = 4096;
    std::uint64_t least_image_bytes = 4096;  ///< smaller images cannot serve the tasks
    std::uint64_t in_flight = 1;
    std::uint64_t table_block_bytes = 0;  ///< 0: no table
};
demands demands_of(const scenario::group& group);

struct world {
    // Copies: the control thread may outlive the run it worked for.
    settings config;
    scenario::block_options blocks;
    std::string run_id;
    demands needs;
    unsigned cores = 1;
    bool prepares = true;
    bool cleans = true;

    std::vector<connection> connections;
    std::vector<std::unique_ptr<image>> images;
    std::vector<std::unique_ptr<channel>> channels;  ///< by core; made before the cores
    std::vector<std::string> notes;
    std::vector<std::string> warnings;  ///< of what changes the figures
    std::string made_parent;            ///< removed at the end; empty: none
    std::string made_parent_id;         ///< its id
    std::uint64_t snapshot_id = 0;      ///< of the one that this run made or protected
    std::string made_snapshot_of;       ///< parent whose snapshot this run made
    std::string protected_snapshot_of;  ///< parent whose snapshot this run protected
    std::atomic<bool> give_up{false};
    /// Opening was given up, and must not go on behind what comes after it.
    std::atomic<bool> open_given_up{false};
    waiting_note waits;      ///< what the control thread waits for
    ceph::made_things made;  ///< by this run, and not removed yet
    /// A call was not answered in time: others would not be either.
    bool unanswered = false;
    std::shared_ptr<ledger_keeper> ledgers;  ///< null: no image has one
    engine::wrong_data read_back;            ///< found when all was read at the end

    std::uint64_t outstanding() const noexcept {
        std::uint64_t sum = 0;
        for (const auto& c : channels)
            sum += c->outstanding();
        return sum;
    }
    /// Of what opens and makes: whether to end.
    bool opens_no_more() const noexcept { return give_up || open_given_up; }
    /// The run will not remove what it made.
    bool keeps() const noexcept { return config.keep || !cleans; }
    bool reads_only() const noexcept {
        return config.read_only || config.source == image_source::snapshot;
    }
};

/// Identity of a run in headers.
std::uint64_t identity(const std::string& text) noexcept;

/// Makes the connections. Returns the one message for the user, or nothing. Blocks.
std::string connect_all(world& w);

/// Opens, makes and clones the images; fills `w.images`. Needs connections. Blocks.
std::string open_images(world& w);

/// Makes the clone's parent and its snapshot where they are not there. Blocks.
std::string ready_parent(world& w);

/// Removes the snapshot that this run made, or its protection. Empty, or what is left. Blocks.
std::string remove_snapshot(world& w);

/// Begins ledgers of the images that stay and are verified; takes those of others away from images
/// that will be written without verification. \param writes the run will write. Blocks.
std::string begin_ledgers(world& w, bool writes);

/// Reads what this run wrote and no task read. Empty, or why not all of it was read. Blocks.
std::string read_back(world& w);

/// What proves that this run made the image of that name: its id and its mark. Empty, or why it is
/// not the one. Blocks.
std::string foreign(rados_ioctx_t pool, const std::string& name, const std::string& id,
                    const std::string& run_id);

/// Marks the images as filled, for later runs. Blocks.
std::string mark_filled(world& w);

/// Ends all: waits for what is under way, closes images, removes what this run made, ends the
/// connections. Returns what could not be done. Blocks.
std::string close_all(world& w);

constexpr const char* run_key = "chopsticks.run";        // the run that made the image
constexpr const char* marked_key = "chopsticks.image";   // id of the image that it made
constexpr const char* filled_key = "chopsticks.filled";  // what prefilling wrote
constexpr const char* keep_key = "chopsticks.keep";      // the run was told to leave it

/// Metadata of an open image; empty: none.
std::string metadata(rbd_image_t image, const char* key);

/// Its id; empty where it cannot be told.
std::string id_of(rbd_image_t image);

/// What a mark (run_key) proves. `rbd cp`, `rbd deep cp` and `rbd clone` copy it with all other
/// metadata, so that only one that names the image which carries it proves anything.
enum class mark_proof : std::uint8_t {
    none,     ///< there is no mark
    own,      ///< a run made this image
    copied,   ///< a run made the image that this one is a copy or clone of
    unbound,  ///< of a version that did not write which image it marked: either
};
struct image_mark {
    std::string run_id;
    mark_proof whose = mark_proof::none;
};
image_mark mark_of(rbd_image_t image);
bool made_by_us(rbd_image_t image);

/// Marks an image that this run has just made. 0, or -errno.
int set_mark(rbd_image_t image, const std::string& run_id, bool keep);

/// As left_behind() tells of an image.
engine::leftover leftover_image(const world& w, const std::string& name);

/// "rbd/name", with the namespace if there is one.
std::string path_of(const world& w, const std::string& name);

}  // namespace chopsticks::rbd
