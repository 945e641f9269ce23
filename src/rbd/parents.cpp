// The parent of clones and its snapshot: made where they are not there, removed again.

#include <algorithm>
#include <bit>
#include <chopsticks/load/content.hpp>
#include <vector>

#include "images.hpp"

namespace chopsticks::rbd {

namespace {

constexpr std::size_t fill_bytes = 4 << 20;

const char* snapshot_of(const world& w) {
    return w.config.snapshot.empty() ? "chopsticks" : w.config.snapshot.c_str();
}

engine::leftover leftover_snapshot(const world& w, const std::string& parent) {
    const std::string path = path_of(w, parent) + "@" + snapshot_of(w);
    engine::leftover left;
    left.kind = "snapshot";
    left.name = path;
    left.remove_with = "rbd snap unprotect " + path + "; rbd snap rm " + path;
    return left;
}

/// Fills the parent with bytes that are not zero, so that copies have something to copy.
std::string fill(world& w, rbd_image_t parent) {
    const load::content content(identity(w.run_id), w.blocks.content.compression_ratio);
    std::vector<char> data(fill_bytes);
    for (std::uint64_t at = 0; at < w.config.image_bytes; at += data.size()) {
        if (w.opens_no_more()) return "given up";
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
    const waiting_for wait(w.waits, "for the clones' parent to be made and filled", 0);
    // Its name carries this run's id: whatever has it is this run's.
    engine::leftover unanswered = leftover_image(w, name);
    unanswered.exact = false;
    w.made.add(unanswered);
    if (w.opens_no_more()) {
        w.made.gone("image", path_of(w, name));
        return "given up";
    }
    w.made_parent = name;
    int failed = rbd_create2(pool, name.c_str(), w.config.image_bytes, layering, &order);
    if (failed < 0) {
        if (failed != -ETIMEDOUT) {
            w.made_parent.clear();
            w.made.gone("image", path_of(w, name));
        }
        return explain("the parent " + path_of(w, name) + " cannot be made", failed);
    }
    w.made.certain("image", path_of(w, name), true);
    rbd_image_t parent = nullptr;
    failed = rbd_open(pool, name.c_str(), &parent, nullptr);
    if (failed < 0) return explain("the parent " + path_of(w, name) + " cannot be opened", failed);
    w.made_parent_id = id_of(parent);
    failed = set_mark(parent, w.run_id, false);
    std::string problem;
    if (failed < 0) {
        problem = explain("the parent " + path_of(w, name) + " cannot be marked", failed);
    }
    if (problem.empty()) problem = fill(w, parent);
    rbd_close(parent);
    return problem;
}

}  // namespace

std::string ready_parent(world& w) {
    if (w.config.source != image_source::clone) return {};
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
        // Somebody else's of that name, made in between, would be EEXIST: an error.
        engine::leftover unanswered = leftover_snapshot(w, name);
        unanswered.exact = false;
        w.made.add(unanswered);
        failed = w.opens_no_more() ? -EINTR : rbd_snap_create(parent, snapshot_of(w));
        if (failed >= 0) w.made_snapshot_of = name;
        if (failed >= 0) w.made.certain("snapshot", label, true);
        if (failed < 0 && failed != -ETIMEDOUT) w.made.gone("snapshot", label);
    }
    if (failed >= 0) failed = rbd_snap_get_id(parent, snapshot_of(w), &w.snapshot_id);
    int is_protected = 0;
    if (failed >= 0) failed = rbd_snap_is_protected(parent, snapshot_of(w), &is_protected);
    if (failed >= 0 && w.opens_no_more()) failed = -EINTR;
    if (failed >= 0 && is_protected == 0) {
        failed = rbd_snap_protect(parent, snapshot_of(w));
        if (failed >= 0) w.protected_snapshot_of = name;
    }
    rbd_close(parent);
    if (failed == -EINTR) return "given up";
    return failed < 0 ? explain("the snapshot " + label + " cannot be cloned", failed)
                      : std::string();
}

std::string remove_snapshot(world& w) {
    const bool made = !w.made_snapshot_of.empty();
    const std::string& name = made ? w.made_snapshot_of : w.protected_snapshot_of;
    if (name.empty()) return {};
    const std::string label = path_of(w, name) + "@" + snapshot_of(w);
    rbd_image_t parent = nullptr;
    int failed = rbd_open(w.connections.front().pool, name.c_str(), &parent, nullptr);
    std::uint64_t id = 0;
    w.made.certain("snapshot", label, false);
    if (w.give_up) {
        w.made.certain("snapshot", label, true);
        if (failed == 0) rbd_close(parent);
        return "given up";
    }
    if (failed == 0) {
        failed = rbd_snap_get_id(parent, snapshot_of(w), &id);
        // Gone, or another one of that name: not ours to remove.
        const bool ours = failed == 0 && id == w.snapshot_id;
        if (ours && !w.protected_snapshot_of.empty()) {
            failed = rbd_snap_unprotect(parent, snapshot_of(w));
        }
        if (ours && made && failed >= 0) failed = rbd_snap_remove(parent, snapshot_of(w));
        rbd_close(parent);
    }
    if (failed == -ETIMEDOUT) w.unanswered = true;
    if (failed != -ETIMEDOUT) w.made.certain("snapshot", label, true);
    if (failed == -EBUSY) {
        w.made.removed_by("snapshot", label,
                          "rbd children " + label +
                              "  # not of this run: they go first, or are flattened; then: " +
                              leftover_snapshot(w, name).remove_with);
    }
    if (failed < 0 && failed != -ENOENT)
        return explain("the snapshot " + label + " is left", failed);
    w.made.gone("snapshot", label);
    return {};
}

}  // namespace chopsticks::rbd
