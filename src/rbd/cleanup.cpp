// What earlier runs left in a pool.

#include <algorithm>
#include <array>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/run_id.hpp>
#include <chopsticks/rbd/cleanup.hpp>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>
#include <set>

#include "images.hpp"

namespace chopsticks::rbd {

namespace {

constexpr std::string_view making = ".making.";
constexpr const char* parent_snapshot = "chopsticks";

/// The run whose id ends the name an image was made under; empty: it is no such name.
std::string run_of_name(const std::string& name) {
    const std::size_t at = name.rfind(making);
    if (at == std::string::npos) return {};
    const std::string id = name.substr(at + making.size());
    return is_run_id(id) ? id : std::string();
}

std::vector<std::string> snapshots_of(rbd_image_t image) {
    std::array<rbd_snap_info_t, 64> all{};
    int room = static_cast<int>(all.size());
    const int count = rbd_snap_list(image, all.data(), &room);
    if (count < 0) return {"(too many to list)"};
    std::vector<std::string> names;
    for (int n = 0; n < count; ++n)
        names.emplace_back(all[static_cast<std::size_t>(n)].name);
    rbd_snap_list_end(all.data());
    return names;
}

std::string watcher_of(rbd_image_t image) {
    std::array<rbd_image_watcher_t, 64> watchers{};
    std::size_t count = watchers.size();
    if (rbd_watchers_list(image, watchers.data(), &count) < 0) return "a client";
    std::string first;
    if (count > 0) first = "client." + std::to_string(watchers[0].id) + " at " + watchers[0].addr;
    rbd_watchers_list_cleanup(watchers.data(), count);
    return first;
}

/// 128 random bits.
std::string random_name() {
    std::random_device device;
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%08x%08x%08x%08x", device(), device(), device(),
                  device());
    return text.data();
}

class librbd_cleanup final : public image_cleanup {
  public:
    explicit librbd_cleanup(const settings& config) {
        world_.config = config;
        world_.config.connections = connection_sharing::per_core;
    }
    ~librbd_cleanup() override { disconnect(); }

    void connect() override {
        const std::string problem = connect_all(world_);
        if (problem.empty()) return;
        disconnect();
        throw config_error(problem);
    }

    std::string waiting() const override { return world_.waits.text(); }

    std::vector<run_image> list() override {
        const waiting_for wait(world_.waits, "for the images of pool " + world_.config.pool, 0);
        std::vector<run_image> found;
        const std::optional<std::int64_t> now_s = clock_of_cluster();
        for (const auto& [name, id] : names()) {
            rbd_image_t image = nullptr;
            if (rbd_open_read_only(pool(), name.c_str(), &image, nullptr) < 0) continue;
            run_image one;
            const image_mark mark = mark_of(image);
            one.by_name = mark.whose != mark_proof::own && !run_of_name(name).empty();
            if (one.by_name) {
                one.run_id = run_of_name(name);
            } else if (mark.whose == mark_proof::own || mark.whose == mark_proof::unbound) {
                one.run_id = mark.run_id;
            }
            if (!one.run_id.empty()) {
                one.name = name;
                one.path = path_of(world_, name);
                one.id = id_of(image);
                describe(image, one, now_s);
                if (!one.by_name && mark.whose == mark_proof::unbound) {
                    one.stays =
                        "its mark does not say which image a run made (an older version's), and "
                        "copies carry it too: look at it, then rbd rm " +
                        one.path;
                }
                found.push_back(std::move(one));
            }
            rbd_close(image);
        }
        return found;
    }

    std::string remove(const run_image& one) override {
        const std::string label = "image " + one.path;
        const waiting_for wait(world_.waits, "for " + label + " to be removed", 0);
        rbd_image_t image = nullptr;
        int failed = rbd_open(pool(), one.name.c_str(), &image, nullptr);
        if (failed == -ENOENT) return {};
        if (failed < 0) return explain(label + " is left", failed);
        const image_mark mark = mark_of(image);
        const bool proved = one.by_name
                                ? run_of_name(one.name) == one.run_id
                                : mark.whose == mark_proof::own && mark.run_id == one.run_id;
        std::string why;
        if (id_of(image) != one.id || (!proved && one.stays.empty())) {
            why = label + " is another one than was listed: it was left alone";
        } else if (!one.stays.empty()) {
            why = label + " is left: " + one.stays;
        } else if (is_parent(one) && !snapshots_of(image).empty()) {
            failed = rbd_snap_unprotect(image, parent_snapshot);
            // It may not have been protected yet.
            if (failed == 0 || failed == -EINVAL) failed = rbd_snap_remove(image, parent_snapshot);
            if (failed < 0) why = explain("the snapshot of " + label + " is left", failed);
        }
        if (why.empty()) ledger_log(pool(), image).forget();
        rbd_close(image);
        if (!why.empty()) return why;
        failed = rbd_remove(pool(), one.name.c_str());
        if (failed == -EBUSY) return label + " is left: a client uses it";
        return failed < 0 && failed != -ENOENT ? explain(label + " is left", failed)
                                               : std::string();
    }

    std::uint64_t remove_orphaned_ledgers() override {
        const waiting_for wait(world_.waits, "for ledgers of images that are gone", 0);
        // The ledgers first: what is made later has none among them.
        std::vector<std::string> objects;
        rados_list_ctx_t listing = nullptr;
        if (rados_nobjects_list_open(pool(), &listing) < 0) return 0;
        const char* name = nullptr;
        while (rados_nobjects_list_next(listing, &name, nullptr, nullptr) == 0) {
            if (std::string_view(name).starts_with(ledger_prefix)) objects.emplace_back(name);
        }
        rados_nobjects_list_close(listing);
        std::set<std::string> ids;
        for (const auto& [image, id] : names())
            ids.insert(id);
        std::uint64_t removed = 0;
        for (const std::string& object : objects) {
            const std::size_t from = std::strlen(ledger_prefix);
            const std::string id = object.substr(from, object.find('.', from) - from);
            // An image in the trash may come back.
            if (ids.contains(id) || in_trash(id)) continue;
            if (rados_remove(pool(), object.c_str()) == 0) ++removed;
        }
        return removed;
    }

  private:
    rados_ioctx_t pool() const { return world_.connections.front().pool; }

    bool is_parent(const run_image& one) const {
        return one.name.ends_with("parent-" + one.run_id);
    }

    void describe(rbd_image_t image, run_image& one, std::optional<std::int64_t> now_s) const {
        rbd_get_size(image, &one.bytes);
        timespec made{};
        if (now_s && rbd_get_create_timestamp(image, &made) == 0) one.age_s = *now_s - made.tv_sec;
        rbd_linked_image_spec_t parent{};
        rbd_snap_spec_t snapshot{};
        if (rbd_get_parent(image, &parent, &snapshot) == 0) {
            one.clone = true;
            rbd_linked_image_spec_cleanup(&parent);
            rbd_snap_spec_cleanup(&snapshot);
        }
        const std::string watcher = watcher_of(image);
        one.kept = !metadata(image, keep_key).empty();
        const std::vector<std::string> snapshots = snapshots_of(image);
        const bool own_snapshot =
            is_parent(one) && snapshots.size() == 1 && snapshots.front() == parent_snapshot;
        if (!watcher.empty()) {
            one.stays = watcher + " has it open";
        } else if (one.kept) {
            one.stays = "the run was told to keep it";
        } else if (!snapshots.empty() && !own_snapshot) {
            one.stays = "it has the snapshot " + snapshots.front();
        }
    }

    /// Names and ids.
    std::vector<std::pair<std::string, std::string>> names() const {
        std::size_t count = 0;
        rbd_list2(pool(), nullptr, &count);
        std::vector<rbd_image_spec_t> specs(count + 16);
        for (;;) {
            count = specs.size();
            const int failed = rbd_list2(pool(), specs.data(), &count);
            if (failed >= 0) break;
            if (failed != -ERANGE) {
                throw config_error(explain("the images of pool " + world_.config.pool, failed));
            }
            specs.resize(count + 16);
        }
        std::vector<std::pair<std::string, std::string>> out;
        for (std::size_t n = 0; n < count; ++n)
            out.emplace_back(specs[n].name, specs[n].id);
        rbd_image_spec_list_cleanup(specs.data(), count);
        return out;
    }

    bool in_trash(const std::string& id) const {
        rbd_trash_image_info_t info{};
        if (rbd_trash_get(pool(), id.c_str(), &info) < 0) return false;
        rbd_trash_get_cleanup(&info);
        return true;
    }

    /// Seconds since 1970 by an OSD, which also gave images their date: it writes the time on a
    /// small object of ours, as on images that are read. None: it did not.
    std::optional<std::int64_t> clock_of_cluster() const {
        const std::string object = "chopsticks_clock." + random_name();
        rados_write_op_t make = rados_create_write_op();
        // Whatever is there already is another's.
        rados_write_op_create(make, LIBRADOS_CREATE_EXCLUSIVE, nullptr);
        int made = -1;
        rados_write_op_exec(make, "rbd", "set_access_timestamp", nullptr, 0, &made);
        const int failed = rados_write_op_operate(make, pool(), object.c_str(), nullptr, 0);
        rados_release_write_op(make);
        if (failed < 0) return std::nullopt;
        std::array<char, 64> answer{};
        const int got = rados_exec(pool(), object.c_str(), "rbd", "get_access_timestamp", nullptr,
                                   0, answer.data(), answer.size());
        rados_remove(pool(), object.c_str());
        std::uint32_t seconds = 0;
        if (got < static_cast<int>(2 * sizeof seconds)) return std::nullopt;
        std::memcpy(&seconds, answer.data(), sizeof seconds);
        return seconds;
    }

    void disconnect() {
        for (connection& c : world_.connections) {
            if (c.pool != nullptr) rados_ioctx_destroy(c.pool);
            if (c.cluster != nullptr) rados_shutdown(c.cluster);
            c = connection();
        }
    }

    world world_;
};

}  // namespace

std::unique_ptr<image_cleanup> open_image_cleanup(const settings& config) {
    return std::make_unique<librbd_cleanup>(config);
}

}  // namespace chopsticks::rbd
