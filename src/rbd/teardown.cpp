// The clone's parent, and the end: closing and removing what this run made.

#include <algorithm>
#include <bit>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/load/content.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "world.hpp"

namespace chopsticks::rbd {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t fill_bytes = 4 << 20;
constexpr int remove_attempts = 20;

const char* snapshot_of(const world& w) {
    return w.config.snapshot.empty() ? "chopsticks" : w.config.snapshot.c_str();
}

/// Fills the parent with bytes that are not zero, so that copies have something to copy.
std::string fill(world& w, rbd_image_t parent) {
    const load::content content(identity(w.run_id), w.blocks.content.compression_ratio);
    std::vector<char> data(fill_bytes);
    for (std::uint64_t at = 0; at < w.config.image_bytes; at += data.size()) {
        if (w.give_up) return "given up";
        const std::size_t bytes = std::min<std::uint64_t>(data.size(), w.config.image_bytes - at);
        content.fill(load::content_key{identity(w.run_id), 0}, at, std::span(data).first(bytes));
        const ssize_t done = rbd_write(parent, at, bytes, data.data());
        if (done < 0) return explain("the clone's parent cannot be filled", static_cast<int>(done));
    }
    return {};
}

std::string make_parent(world& w, rados_ioctx_t pool, const std::string& name) {
    int order = std::bit_width(w.config.object_bytes) - 1;
    constexpr std::uint64_t layering = 1;
    int failed = rbd_create2(pool, name.c_str(), w.config.image_bytes, layering, &order);
    if (failed < 0) return explain("the parent " + path_of(w, name) + " cannot be made", failed);
    w.made_parent = name;
    rbd_image_t parent = nullptr;
    failed = rbd_open(pool, name.c_str(), &parent, nullptr);
    if (failed < 0) return explain("the parent " + path_of(w, name) + " cannot be opened", failed);
    rbd_metadata_set(parent, "chopsticks.run", w.run_id.c_str());
    std::string problem = fill(w, parent);
    rbd_close(parent);
    return problem;
}

/// Waits for operations in flight; they end by rados_osd_op_timeout at the latest.
bool wait_for_flights(const world& w) {
    const std::int64_t until = monotonic_ns() + w.config.operation_timeout_ns + 10'000'000'000;
    while (w.outstanding() > 0) {
        if (w.give_up || monotonic_ns() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

std::string remove_image(rados_ioctx_t pool, const world& w, const std::string& name) {
    int failed = 0;
    for (int n = 0; n < remove_attempts && !w.give_up; ++n) {
        failed = rbd_remove(pool, name.c_str());
        // A watcher that has just gone is one for a moment more.
        if (failed != -EBUSY) break;
        std::this_thread::sleep_for(200ms);
    }
    if (w.give_up) return "image " + path_of(w, name) + " is left: given up";
    if (failed >= 0 || failed == -ENOENT) return {};
    return explain("image " + path_of(w, name) + " is left", failed);
}

}  // namespace

std::string ready_parent(world& w) {
    if (w.config.source != scenario::rbd_source::clone) return {};
    rados_ioctx_t pool = w.connections.front().pool;
    std::string name = w.config.parent;
    if (name.empty()) {
        name = w.config.prefix + "parent-" + w.run_id;
        std::string problem = make_parent(w, pool, name);
        if (!problem.empty()) return problem;
    }
    rbd_image_t parent = nullptr;
    int failed = rbd_open(pool, name.c_str(), &parent, nullptr);
    if (failed < 0) return explain("the parent " + path_of(w, name) + " cannot be opened", failed);
    const std::string label = path_of(w, name) + "@" + snapshot_of(w);
    bool exists = false;
    failed = rbd_snap_exists(parent, snapshot_of(w), &exists);
    if (failed >= 0 && !exists) {
        failed = rbd_snap_create(parent, snapshot_of(w));
        if (failed >= 0) w.made_snapshot_of = name;
    }
    int is_protected = 0;
    if (failed >= 0) failed = rbd_snap_is_protected(parent, snapshot_of(w), &is_protected);
    if (failed >= 0 && is_protected == 0) {
        failed = rbd_snap_protect(parent, snapshot_of(w));
        if (failed >= 0) w.protected_snapshot_of = name;
    }
    rbd_close(parent);
    return failed < 0 ? explain("the snapshot " + label + " cannot be cloned", failed)
                      : std::string();
}

std::string remove_parent(world& w) {
    const std::string& name = w.protected_snapshot_of;
    if (name.empty() && w.made_parent.empty()) return {};
    rados_ioctx_t pool = w.connections.front().pool;
    rbd_image_t parent = nullptr;
    if (!name.empty() && rbd_open(pool, name.c_str(), &parent, nullptr) == 0) {
        int failed = rbd_snap_unprotect(parent, snapshot_of(w));
        if (failed >= 0 && !w.made_snapshot_of.empty()) {
            failed = rbd_snap_remove(parent, snapshot_of(w));
        }
        rbd_close(parent);
        if (failed < 0) return explain("the snapshot of " + path_of(w, name) + " is left", failed);
    }
    return w.made_parent.empty() ? std::string() : remove_image(pool, w, w.made_parent);
}

std::string close_all(world& w) {
    std::string problem;
    if (!wait_for_flights(w)) {
        // Closing would wait for them without end; the process will take them with it.
        return std::to_string(w.outstanding()) +
               " operations have not ended: images that this run made are left";
    }
    const bool remove = w.cleans && !w.config.keep;
    for (const auto& i : w.images) {
        if (i->handle != nullptr && !w.give_up) {
            rbd_close(i->handle);
            i->handle = nullptr;
        }
        if (!i->made || !remove) continue;
        std::string left = remove_image(w.connections[i->connection].pool, w, i->name);
        if (problem.empty()) problem = std::move(left);
        i->made = false;
    }
    if (remove) {
        std::string left = remove_parent(w);
        if (problem.empty()) problem = std::move(left);
    }
    if (w.give_up) return problem.empty() ? "given up" : problem;
    for (connection& c : w.connections) {
        if (c.pool != nullptr) rados_ioctx_destroy(c.pool);
        if (c.cluster != nullptr) rados_shutdown(c.cluster);
        c = connection();
    }
    return problem;
}

}  // namespace chopsticks::rbd
