#pragma once
/// \file
/// What all cores of the driver share: connections, pools, what was made. Written by the control
/// thread while the target is opened and closed; read by the cores in between.

#include <rados/librados.h>

#include <atomic>
#include <chopsticks/ceph/connect.hpp>
#include <chopsticks/ceph/object_watch.hpp>
#include <chopsticks/ceph/progress_notes.hpp>
#include <chopsticks/engine/driver_request.hpp>
#include <chopsticks/load/content.hpp>
#include <chopsticks/rados/workload/settings.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "flight.hpp"

namespace chopsticks::rados {

using ceph::explain;
using ceph::waiting_for;

/// A pool and a namespace in it, in which a part of the objects is.
struct place {
    std::string pool;
    std::string name_space;
    /// Not 0: an erasure-coded pool that takes appends of multiples of so many bytes, and no writes
    /// into objects.
    std::uint64_t append_bytes = 0;

    std::string text() const { return name_space.empty() ? pool : pool + "/" + name_space; }
};

/// One rados_t with its threads, and the places on it.
struct connection {
    rados_t cluster = nullptr;
    std::vector<rados_ioctx_t> places;         ///< as world::places, for calls that block
    std::vector<librados::IoCtx> data_places;  ///< the same ones, for operations of sessions
};

/// What the group's tasks need, found once.
struct demands {
    bool makes = false;      ///< objects, by tasks or by prepare
    bool logs = false;       ///< objects of users' own
    bool cuts_logs = false;  ///< truncates or zeroes them
    bool maps = false;       ///< sets or gets keys of objects' maps
    bool rewrites_ranges = false;
};

/// What a core has asked for and been answered: its own core writes, the control thread reads once
/// the cores rest.
struct object_account {
    std::atomic<std::uint64_t> made{0};      ///< acknowledged
    std::atomic<std::uint64_t> removed{0};   ///< acknowledged, or not there any more
    std::atomic<std::uint64_t> doubtful{0};  ///< failed, or never answered: perhaps carried out
};

/// An object that one user appends to.
struct user_log {
    std::string name;
    std::size_t place = 0;
    std::uint64_t number = 0;   ///< of its content
    std::uint64_t size = 0;     ///< acknowledged
    std::uint32_t version = 0;  ///< how often it was begun anew
    bool begun = false;
    bool known = false;  ///< what it holds is what was acknowledged
};

struct world {
    // Copies: the control thread may outlive the run it worked for.
    settings config;
    scenario::data_set data;
    std::string group;
    std::string run_id;
    std::string run_prefix;
    std::string kept;  ///< what names of the kept data set begin with; empty: there is none
    demands needs;
    std::uint64_t in_flight = 1;
    unsigned cores = 1;
    bool prepares = true;
    bool cleans = true;
    std::int64_t operation_timeout_ns = 0;

    std::vector<place> places;
    std::vector<connection> connections;
    std::vector<std::unique_ptr<channel>> channels;         ///< by core; made before the cores
    std::vector<std::unique_ptr<object_account>> accounts;  ///< by core
    std::vector<std::string> notes;
    std::atomic<bool> give_up{false};
    waiting_note waits;  ///< what the control thread waits for
    ceph::made_things made;
    bool unanswered = false;   ///< a call was not answered in time: others would not be either
    bool marked = false;       ///< the run's mark was written
    bool claimed = false;      ///< the kept data set is this run's to make
    bool set_found = false;    ///< the kept data set was complete
    ceph::object_watch watch;  ///< on the mark: the run is alive

    std::mutex logs_mutex;
    std::vector<std::shared_ptr<user_log>> logs;  ///< guarded; each is its user's until the end

    std::uint64_t outstanding() const noexcept {
        std::uint64_t sum = 0;
        for (const auto& c : channels)
            sum += c->outstanding();
        return sum;
    }
    std::string mark() const;
    std::size_t place_of(std::uint64_t object) const noexcept { return object % places.size(); }
    /// Whether it is of the kept data set.
    bool is_kept(std::uint64_t object) const noexcept {
        return !kept.empty() && object < data.objects;
    }
    /// The name of an object; within a kept data set it is that of the set's.
    void name_object(std::uint64_t object, std::string& to) const;
};

demands demands_of(const engine::driver_request& wanted);

/// Makes the connections and opens the places on them. Returns the one message for the user, or
/// nothing. Blocks, as all of the following.
std::string connect_all(world& w);

/// Proves that the tasks can be carried out in these pools, marks the run, looks for the kept data
/// set. As connect_all.
std::string open_target(world& w);

/// Marks the kept data set as complete.
std::string seal_set(world& w);

/// Compares the sizes of users' own objects with what was acknowledged.
std::string check_logs(world& w, engine::wrong_data& found);

/// Ends all: waits for what is under way, removes what is left of the run and is shown to be its
/// own, ends the connections. Returns what could not be done.
std::string close_all(world& w);

/// Attributes of a run's mark.
constexpr const char* run_attribute = "chopsticks.run";
constexpr const char* folder_attribute = "chopsticks.folder";
constexpr const char* kept_attribute = "chopsticks.kept";
/// Names within a kept data set.
constexpr const char* manifest_name = "manifest";
constexpr const char* claim_name = "claim";

/// The value of an attribute; empty: there is none.
std::string attribute(rados_ioctx_t at, const std::string& object, const char* name);

}  // namespace chopsticks::rados
