// The images of a run: which are there, which may be used, which are made.

#include <algorithm>

#include "images.hpp"

namespace chopsticks::rbd {

std::string open_one(world& w, image& i, bool& missing) {
    missing = false;
    rados_ioctx_t pool = w.connections[i.connection].pool;
    const waiting_for wait(w.waits, "for image " + path_of(w, i.name) + " to be opened", 0);
    const bool at_snapshot = w.config.source == image_source::snapshot;
    const char* snapshot = at_snapshot ? w.config.snapshot.c_str() : nullptr;
    const int failed = w.reads_only()
                           ? rbd_open_read_only(pool, i.name.c_str(), &i.handle, snapshot)
                           : rbd_open(pool, i.name.c_str(), &i.handle, snapshot);
    if (failed == 0) return {};
    i.handle = nullptr;
    missing = failed == -ENOENT;
    if (missing && at_snapshot) {
        return "there is no snapshot " + path_of(w, i.name) + "@" + w.config.snapshot;
    }
    if (missing) {
        return "there is no image " + path_of(w, i.name) +
               " (create: true would make it), or a part of it is gone";
    }
    return explain("image " + path_of(w, i.name) + " cannot be opened", failed);
}

namespace {

/// Why an image does not count as made by this program.
std::string not_shown(const image_mark& mark) {
    switch (mark.whose) {
        case mark_proof::copied:
            return "was not made by Chopsticks: it is a copy or clone of an image of run " +
                   mark.run_id;
        case mark_proof::unbound:
            return "is not shown to be made by Chopsticks: its mark is of an older version, which "
                   "copies carry too";
        default:
            return "was not made by Chopsticks";
    }
}

/// A clone of an earlier run is not fresh any more.
std::string remove_old_clone(world& w, image& i) {
    const std::string label = "image " + path_of(w, i.name);
    const std::string another = ": no clone can be made in its place; choose another prefix";
    rbd_linked_image_spec_t parent{};
    rbd_snap_spec_t snapshot{};
    const bool cloned = rbd_get_parent(i.handle, &parent, &snapshot) == 0;
    if (cloned) {
        rbd_linked_image_spec_cleanup(&parent);
        rbd_snap_spec_cleanup(&snapshot);
    }
    std::string why;
    const image_mark mark = mark_of(i.handle);
    if (mark.whose != mark_proof::own) {
        why = " is there and " + not_shown(mark);
    } else if (!cloned) {
        why = " was made by Chopsticks, but is no clone";
    } else if (!metadata(i.handle, keep_key).empty()) {
        why = " is a clone of an earlier run that was told to keep it";
    }
    const std::string& run = mark.run_id;
    const std::string id = id_of(i.handle);
    rbd_close(i.handle);
    i.handle = nullptr;
    if (!why.empty()) return label + why + another;
    rados_ioctx_t pool = w.connections[i.connection].pool;
    why = foreign(pool, i.name, id, run);
    if (!why.empty()) return label + " " + why + another;
    const int failed = rbd_remove(pool, i.name.c_str());
    return failed < 0
               ? explain("the old clone " + path_of(w, i.name) + " cannot be removed", failed)
               : std::string();
}

/// Lets others see that this run uses an image that it only reads.
void watch_header(world& w, image& i) {
    if (!w.reads_only()) return;
    const int failed = i.watch.begin(w.connections[i.connection].pool, "rbd_header." + i.id);
    if (failed >= 0) return;
    w.notes.push_back(explain("image " + path_of(w, i.name) +
                                  " is read, and no other client can see that (it could remove "
                                  "the image meanwhile): no watch",
                              failed));
}

/// Decides whether an image that was there may be used as the config asks.
std::string judge_found(world& w, image& i) {
    const image_mark mark = mark_of(i.handle);
    i.ours = mark.whose == mark_proof::own;
    i.filled = w.config.source == image_source::snapshot ||
               metadata(i.handle, filled_key) == fill_mark(w, i);
    if (i.ours || w.config.overwrite_existing) return {};
    if (w.config.images.empty()) {
        return "image " + path_of(w, i.name) + " has the prefix's name and " + not_shown(mark) +
               ": choose another prefix, or name the image under images";
    }
    if (w.needs.writes) {
        return "image " + path_of(w, i.name) + " " + not_shown(mark) +
               ", and the tasks write: what it holds would be lost. If that may be, say "
               "overwrite_existing: true in the workload config";
    }
    // Only read: its content is what is to be read.
    i.filled = true;
    w.notes.push_back("image " + path_of(w, i.name) + " " + not_shown(mark) +
                      "; it is read as it is, not prefilled");
    look_for_holes(w, i);
    return {};
}

std::string check_size(world& w, image& i) {
    const int failed = rbd_get_size(i.handle, &i.bytes);
    if (failed < 0) return explain("the size of " + path_of(w, i.name), failed);
    i.features = features_of(i.handle);
    if (i.bytes < w.needs.least_image_bytes || i.bytes < w.blocks.extent_bytes) {
        const bool block = i.bytes < w.needs.least_image_bytes;
        return "image " + path_of(w, i.name) + " has " + std::to_string(i.bytes) + " bytes, less " +
               (block ? "than one I/O of " + std::to_string(w.needs.least_image_bytes)
                      : "than the extent of " + std::to_string(w.blocks.extent_bytes));
    }
    // What was named by hand has the size that it has.
    if (w.config.images.empty() && i.bytes != w.config.image_bytes && w.config.encryption.empty() &&
        w.config.source == image_source::plain) {
        w.notes.push_back("image " + path_of(w, i.name) + " has " + std::to_string(i.bytes) +
                          " bytes, not the " + std::to_string(w.config.image_bytes) +
                          " of the workload config (size): it was made earlier, and is used as it "
                          "is");
    }
    return {};
}

std::string open_or_make(world& w, image& i) {
    bool missing = false;
    std::string problem = open_one(w, i, missing);
    const bool clone = w.config.source == image_source::clone;
    if (problem.empty() && clone) {
        problem = remove_old_clone(w, i);
        missing = true;
    } else if (missing && w.config.create && !w.reads_only()) {
        problem.clear();
    }
    if (!problem.empty()) return problem;
    if (missing) problem = make_one(w, i);
    if (problem.empty()) i.id = id_of(i.handle);
    if (problem.empty() && !w.config.encryption.empty()) problem = encrypt(w, i, i.made && !clone);
    if (problem.empty()) problem = check_size(w, i);
    if (problem.empty() && !i.made) problem = judge_found(w, i);
    if (i.made) {
        i.ours = true;
        // The parent's content is there; filling it would be what is to be measured.
        i.filled = clone;
    }
    if (problem.empty()) watch_header(w, i);
    if (problem.empty() && !w.reads_only() && !i.made) problem = wait_for_lock(w, i);
    if (problem.empty()) problem = prepare_table(w, i);
    if (!problem.empty()) return problem;
    if (w.config.completion == completion_way::eventfd) {
        const int failed = i.events.enable(i.handle);
        if (failed < 0) return explain("notification of " + path_of(w, i.name), failed);
    }
    // From the first discard on, the mark is not true any more.
    if (w.needs.zeroes && !w.reads_only()) rbd_metadata_remove(i.handle, filled_key);
    return {};
}

}  // namespace

std::string open_images(world& w) {
    const settings& c = w.config;
    const std::size_t count = c.images.empty() ? c.count : c.images.size();
    for (std::size_t n = 0; n < count; ++n) {
        if (w.opens_no_more()) return "given up";
        auto& i = *w.images.emplace_back(std::make_unique<image>());
        i.number = static_cast<std::uint32_t>(n);
        i.name = c.images.empty() ? c.prefix + std::to_string(n) : c.images[n];
        i.connection = c.connections == connection_sharing::per_images
                           ? n / std::max(1U, c.images_per_connection)
                           : n % w.connections.size();
        i.home_core = static_cast<unsigned>(n % w.cores);
        std::string problem = open_or_make(w, i);
        if (!problem.empty()) return problem;
    }
    // All or none: the run fills all images, or none of them.
    const bool all_filled =
        std::all_of(w.images.begin(), w.images.end(), [](const auto& i) { return i->filled; });
    if (!all_filled && w.prepares && w.blocks.prefill && !w.reads_only()) {
        for (const auto& i : w.images) {
            if (i->ours || w.config.overwrite_existing) continue;
            return "image " + path_of(w, i->name) +
                   " was not made by Chopsticks and would be prefilled with the others: read it in "
                   "a group of its own, or say overwrite_existing: true";
        }
    }
    const bool fills = !all_filled && w.prepares && w.blocks.prefill;
    std::string problem = begin_ledgers(w, w.needs.writes || fills);
    if (!problem.empty()) return problem;
    std::uint64_t table_bytes = 0;
    for (const auto& i : w.images)
        table_bytes += i->table != nullptr ? i->table->memory_bytes() : 0;
    if (table_bytes > 0) {
        w.notes.push_back("what every block holds is kept in " + std::to_string(table_bytes >> 10) +
                          " KiB of memory");
    }
    return {};
}

}  // namespace chopsticks::rbd
