// The end: closing, and removing what this run made. Nothing is removed without a proof that this
// run made it; docs/explanation/safety.md lists them.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chrono>
#include <optional>
#include <thread>

#include "images.hpp"

namespace chopsticks::rbd {

namespace {

using namespace std::chrono_literals;

constexpr int remove_attempts = 20;
constexpr std::int64_t flight_patience_ns = 10'000'000'000;

int whole_seconds(std::int64_t ns) {
    return static_cast<int>(ns / 1'000'000'000);
}

/// Waits for operations in flight; they end by rados_osd_op_timeout at the latest.
bool wait_for_flights(world& w) {
    const std::int64_t at_most_ns = w.config.operation_timeout_ns + flight_patience_ns;
    const std::int64_t until = monotonic_ns() + at_most_ns;
    const waiting_for wait(
        w.waits,
        "for " + std::to_string(w.outstanding()) + " operations that the cluster has not answered",
        at_most_ns);
    while (w.outstanding() > 0) {
        if (w.give_up || monotonic_ns() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

/// Closing and removing take many requests each, every one of which may have to time out: one
/// that is as small as can be shows first whether there is an answer.
void look_whether_answered(world& w) {
    const auto open = std::find_if(w.images.begin(), w.images.end(),
                                   [](const auto& i) { return i->handle != nullptr; });
    if (open == w.images.end()) return;
    const waiting_for wait(w.waits, "for an answer of the cluster", w.config.operation_timeout_ns);
    std::uint64_t size = 0;
    char value[8];
    std::size_t bytes = sizeof value;
    w.unanswered = rbd_get_size((*open)->handle, &size) == -ETIMEDOUT ||
                   rbd_metadata_get((*open)->handle, run_key, value, &bytes) == -ETIMEDOUT;
}

struct removal_progress {
    world* w;
    std::string what;
};

int show_progress(std::uint64_t done, std::uint64_t total, void* argument) {
    const auto& p = *static_cast<removal_progress*>(argument);
    if (total == 0) return 0;
    p.w->waits.got_on();
    p.w->waits.set("for " + p.what + " to be removed: " + std::to_string(100 * done / total) + " %",
                   0);
    return 0;
}

/// What has the name of an image that this run made.
enum class found_there : std::uint8_t { ours, unmarked, another, nothing, unknown };

found_there look(rados_ioctx_t pool, const std::string& name, const std::string& id,
                 const std::string& run_id, int& failed) {
    rbd_image_t image = nullptr;
    failed = rbd_open_read_only(pool, name.c_str(), &image, nullptr);
    if (failed == -ENOENT) return found_there::nothing;
    if (failed < 0) return found_there::unknown;
    found_there found = found_there::ours;
    if (id_of(image) != id) {
        found = found_there::another;
    } else if (metadata(image, run_key) != run_id) {
        found = found_there::unmarked;
    }
    rbd_close(image);
    return found;
}

/// The name that an image has now; empty: none has that id. None: the pool cannot be listed.
std::optional<std::string> name_of(rados_ioctx_t pool, const std::string& id) {
    std::vector<rbd_image_spec_t> specs(256);
    std::size_t count = 0;
    for (int n = 0;; ++n) {
        count = specs.size();
        const int failed = rbd_list2(pool, specs.data(), &count);
        if (failed >= 0) break;
        if (failed != -ERANGE || n == 4) return std::nullopt;
        specs.resize(count + 256);
    }
    std::string name;
    for (std::size_t n = 0; n < count; ++n) {
        if (id == specs[n].id) name = specs[n].name;
    }
    rbd_image_spec_list_cleanup(specs.data(), count);
    return name;
}

/// Looks for an image of this run that is not at its name any more. Empty: it is nowhere.
std::string tell_moved(world& w, rados_ioctx_t pool, const std::string& name,
                       const std::string& id) {
    const std::string label = "image " + path_of(w, name);
    const std::optional<std::string> now = name_of(pool, id);
    if (!now) {
        w.made.certain("image", path_of(w, name), false);
        return label + " is not at its name any more, and the pool's images cannot be listed";
    }
    if (!now->empty()) {
        w.made.replace("image", path_of(w, name), leftover_image(w, *now));
        return label + " was renamed to " + path_of(w, *now) + ": it was left alone";
    }
    rbd_trash_image_info_t info{};
    if (rbd_trash_get(pool, id.c_str(), &info) < 0) {
        w.made.gone("image", path_of(w, name));
        return {};
    }
    rbd_trash_get_cleanup(&info);
    engine::leftover left = leftover_image(w, name);
    left.name += " in the trash";
    left.remove_with = "rbd trash rm " + path_of(w, id);
    w.made.replace("image", path_of(w, name), std::move(left));
    return label + " was moved to the trash: it was left alone";
}

/// Removes an image that this run made. `by_name`: its name alone proves that.
std::string remove_image(world& w, rados_ioctx_t pool, const std::string& name,
                         const std::string& id, bool by_name) {
    const std::string path = path_of(w, name);
    const std::string label = "image " + path;
    removal_progress progress{&w, label};
    const waiting_for wait(w.waits, "for " + label + " to be removed",
                           w.config.operation_timeout_ns);
    int failed = 0;
    for (int n = 0; n < remove_attempts; ++n) {
        if (!by_name) {
            const found_there found = look(pool, name, id, w.run_id, failed);
            if (found == found_there::nothing || found == found_there::another) {
                return tell_moved(w, pool, name, id);
            }
            if (found == found_there::unmarked) {
                return label + " does not carry the mark of run " + w.run_id +
                       " any more: it was left alone";
            }
            if (found == found_there::unknown) {
                return explain(label + " cannot be looked at before it is removed", failed);
            }
        }
        // While it is under way, the image may be there or not; given up is looked at after that.
        w.made.certain("image", path, false);
        if (w.give_up) {
            w.made.certain("image", path, true);
            return label + " is left: given up";
        }
        failed = rbd_remove_with_progress(pool, name.c_str(), show_progress, &progress);
        if (failed != -ETIMEDOUT) w.made.certain("image", path, true);
        // A watcher that has just gone is one for a moment more.
        if (failed != -EBUSY) break;
        std::this_thread::sleep_for(200ms);
    }
    if (failed == -ETIMEDOUT) w.unanswered = true;
    if (failed == -ENOTEMPTY) {
        w.made.removed_by(
            "image", path,
            "rbd snap ls " + path + "  # not of this run: they go first; then: rbd rm " + path);
        return label + " is left: it has a snapshot that this run did not make";
    }
    if (failed < 0 && failed != -ENOENT) return explain(label + " is left", failed);
    w.made.gone("image", path);
    w.waits.got_on();
    return {};
}

/// Which name an image has whose renaming was not answered.
void learn_name(world& w, image& i) {
    const std::string either = either_path(w, i.made_as, i.name);
    const std::optional<std::string> now = name_of(w.connections[i.connection].pool, i.id);
    if (!now) return;
    i.maybe_named = false;
    if (now->empty()) {
        w.made.gone("image", either);
    } else {
        w.made.replace("image", either, leftover_image(w, *now));
    }
    if (*now == i.name) i.made_as = i.name;
}

std::string end_ledgers(world& w) {
    if (w.ledgers == nullptr) return {};
    const waiting_for wait(w.waits, "for the ledgers of what was written",
                           w.config.operation_timeout_ns);
    const bool ended = w.ledgers->stop(whole_seconds(w.config.operation_timeout_ns) + 3);
    const std::string failed = ended ? w.ledgers->finish() : "the cluster does not answer";
    if (ended) w.ledgers = nullptr;
    if (failed.empty()) return {};
    return "the ledgers of what was written lack their end (" + failed +
           "): the next run expects what they say, or later content";
}

}  // namespace

std::string foreign(rados_ioctx_t pool, const std::string& name, const std::string& id,
                    const std::string& run_id) {
    int failed = 0;
    switch (look(pool, name, id, run_id, failed)) {
        case found_there::another:
            return "is another one by now";
        case found_there::unmarked:
            return "does not carry the mark of run " + run_id + " any more";
        case found_there::unknown:
            return explain("cannot be looked at before it is removed", failed);
        default:
            return {};
    }
}

engine::leftover leftover_image(const world& w, const std::string& name) {
    engine::leftover left;
    left.kind = "image";
    left.name = path_of(w, name);
    left.remove_with = "rbd rm " + left.name;
    return left;
}

std::string close_all(world& w) {
    std::string problem;
    const auto first = [&](std::string text) {
        if (problem.empty()) problem = std::move(text);
    };
    if (!wait_for_flights(w)) {
        // Closing would wait for them without end; the process will take them with it.
        return std::to_string(w.outstanding()) + " operations have not ended: nothing was removed";
    }
    look_whether_answered(w);
    if (!w.unanswered && !w.give_up) first(end_ledgers(w));
    for (const auto& i : w.images) {
        if (w.give_up || w.unanswered) break;
        if (i->handle != nullptr) {
            const waiting_for wait(w.waits, "for image " + path_of(w, i->name) + " to be closed",
                                   w.config.operation_timeout_ns);
            if (i->watch.end() == -ETIMEDOUT) w.unanswered = true;
            if (rbd_close(i->handle) == -ETIMEDOUT) w.unanswered = true;
            i->handle = nullptr;
        }
        if (i->maybe_named && !w.unanswered) learn_name(w, *i);
        const bool unnamed = i->made_as != i->name;
        if (i->made_as.empty() || (!unnamed && w.keeps())) continue;
        if (w.unanswered) break;
        first(remove_image(w, w.connections[i->connection].pool, i->made_as, i->id, unnamed));
    }
    if (!w.keeps() && !w.give_up && !w.unanswered && !w.connections.empty()) {
        first(remove_snapshot(w));
        if (!w.made_parent.empty() && !w.unanswered) {
            first(remove_image(w, w.connections.front().pool, w.made_parent, w.made_parent_id,
                               w.made_parent_id.empty()));
        }
    }
    if (w.unanswered) {
        return problem.empty() ? "the cluster does not answer: nothing more was removed" : problem;
    }
    if (w.give_up) return problem.empty() ? "given up" : problem;
    for (connection& c : w.connections) {
        // Calls back of a watch that has just ended use the pool.
        if (c.pool != nullptr && w.reads_only()) rados_watch_flush(c.cluster);
        if (c.pool != nullptr) rados_ioctx_destroy(c.pool);
        if (c.cluster != nullptr) rados_shutdown(c.cluster);
        c = connection();
    }
    return problem;
}

}  // namespace chopsticks::rbd
