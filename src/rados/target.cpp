// What is done once per run with the pools: connecting, proving that they take what the tasks do,
// marking the run and a kept data set, removing what is left.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/rados/workload.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <chrono>
#include <thread>

#include "names.hpp"
#include "sweep.hpp"
#include "world.hpp"
#include "write_steps.hpp"

namespace chopsticks::rados {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t flight_patience_ns = 10'000'000'000;
constexpr const char* how_to_make =
    "make it (ceph osd pool create NAME; Chopsticks makes no pools) or name another in the "
    "workload config: rados: {pool: NAME}";

std::string connect_one(world& w, connection& c, bool first) {
    const std::uint64_t users = w.in_flight + 256;  // prepare and cleanup have some of their own
    const ceph::flow most{2 * users, 2 * users * w.data.size.max()};
    std::string problem = ceph::connect(w.config, ceph::common_options(w.config, most), "librados",
                                        first ? &w.notes : nullptr, w.waits, c.cluster);
    for (place& at : w.places) {
        if (!problem.empty()) break;
        rados_ioctx_t pool = nullptr;
        problem = ceph::open_pool(c.cluster, w.config, at.pool, how_to_make, pool);
        if (!problem.empty()) break;
        rados_ioctx_set_namespace(pool, at.name_space.c_str());
        c.places.push_back(pool);
        librados::IoCtx::from_rados_ioctx_t(pool, c.data_places.emplace_back());
        if (!first) continue;
        int aligned = 0;
        if (rados_ioctx_pool_requires_alignment2(pool, &aligned) == 0 && aligned != 0) {
            rados_ioctx_pool_required_alignment2(pool, &at.append_bytes);
        }
    }
    return problem;
}

std::string refused(const world& w, const place& at, const std::string& what, int failed) {
    if (failed == -EPERM || failed == -EACCES) {
        return w.config.who() + " may not " + what + " pool " + at.text() + ": see ceph auth get " +
               w.config.who();
    }
    if (failed == -ENOSPC || failed == -EDQUOT) return "pool " + at.text() + " is full";
    return explain("pool " + at.text() + " cannot be used: " + what, failed);
}

/// Writes what the run will write, once, in each place: whoever may not is told so before the run.
std::string probe(world& w) {
    const connection& c = w.connections.front();
    const std::string name = w.run_prefix + "probe";
    for (std::size_t n = 0; n < w.places.size(); ++n) {
        const place& at = w.places[n];
        const bool in_parts = w.needs.rewrites_ranges || w.needs.cuts_logs;
        if (at.append_bytes > 0 && in_parts) {
            return "pool " + at.text() +
                   " is erasure-coded and takes no writes into objects: remove write, "
                   "compound_write, truncate and zero from the tasks, or let it: ceph osd pool "
                   "set " +
                   at.pool + " allow_ec_overwrites true";
        }
        const waiting_for wait(w.waits, "for pool " + at.text() + " to take an object",
                               w.config.operation_timeout_ns);
        const write_steps make;
        rados_write_op_create(make.get(), LIBRADOS_CREATE_EXCLUSIVE, nullptr);
        int failed = rados_write_op_operate(make.get(), c.places[n], name.c_str(), nullptr, 0);
        if (failed == -EEXIST) {
            return "pool " + at.text() + " has an object " + name +
                   ", which this run did not make; choose another data.prefix";
        }
        if (failed < 0) return refused(w, at, "write to", failed);
        if (w.needs.maps) {
            const char* const key = "k";
            const char* const value = "v";
            const std::size_t bytes = 1;
            const write_steps set;
            rados_write_op_omap_set2(set.get(), &key, &value, &bytes, &bytes, 1);
            failed = rados_write_op_operate(set.get(), c.places[n], name.c_str(), nullptr, 0);
        }
        rados_remove(c.places[n], name.c_str());
        if (failed == -EOPNOTSUPP) {
            return "pool " + at.text() +
                   " is erasure-coded, and its objects have no maps: remove omap_set, omap_get, "
                   "omap_list and `keys` from the tasks, or use a replicated pool";
        }
        if (failed < 0) return refused(w, at, "write to", failed);
    }
    return {};
}

engine::leftover mark_left(const world& w) {
    engine::leftover left;
    left.kind = "mark";
    left.name = w.places.front().text() + "/" + w.mark();
    left.remove_with = w.config.cleanup_command(w.run_id, w.data.prefix);
    return left;
}

std::string mark_run(world& w) {
    const waiting_for wait(w.waits, "for the run's mark", w.config.operation_timeout_ns);
    rados_ioctx_t at = w.connections.front().places.front();
    const write_steps make;
    rados_write_op_create(make.get(), LIBRADOS_CREATE_EXCLUSIVE, nullptr);
    const auto set = [&](const char* name, const std::string& value) {
        rados_write_op_setxattr(make.get(), name, value.data(), value.size());
    };
    set(run_attribute, w.run_id);
    set(folder_attribute, w.run_prefix);
    if (!w.kept.empty() && w.prepares && !w.set_found) set(kept_attribute, w.kept);
    w.made.add(mark_left(w));
    const int failed = rados_write_op_operate(make.get(), at, w.mark().c_str(), nullptr, 0);
    if (failed < 0) {
        if (failed != -ETIMEDOUT) w.made.gone("mark", mark_left(w).name);
        return failed == -EEXIST ? "the mark " + w.mark() +
                                       " is there already: another run of "
                                       "this id; run it again"
                                 : refused(w, w.places.front(), "write to", failed);
    }
    w.marked = true;
    const int watched = w.watch.begin(at, w.mark());
    if (watched < 0) {
        w.notes.push_back(
            explain("no watch on the run's mark: chopsticks cleanup cannot see that "
                    "this run is alive",
                    watched));
    }
    return {};
}

/// What a kept data set is made of: equal texts mean equal objects.
std::string manifest(const world& w) {
    return "chopsticks data set " + w.data.reuse + ", objects " + std::to_string(w.data.objects) +
           ", size " + w.data.size.describe() + ", compression " +
           std::to_string(w.data.content.compression_ratio) + ", places " +
           std::to_string(w.places.size());
}

std::string find_set(world& w) {
    rados_ioctx_t at = w.connections.front().places.front();
    const std::string name = w.kept + manifest_name;
    const waiting_for wait(w.waits, "for the kept data set", w.config.operation_timeout_ns);
    std::array<char, 4096> text{};
    const int got = rados_read(at, name.c_str(), text.data(), text.size(), 0);
    const std::string set = "the kept data set \"" + w.data.reuse + "\" ";
    if (got == -ENOENT) {
        if (w.prepares) return {};
        return set + "does not exist yet and phases.prepare is false; run once with prepare: true";
    }
    if (got < 0) return refused(w, w.places.front(), "read from", got);
    const std::string found(text.data(), static_cast<std::size_t>(got));
    w.set_found = found == manifest(w);
    if (w.set_found) return {};
    return set + "was made with other settings; give it another name in data.reuse, or use the " +
           "settings it was made with: " + found;
}

/// Only one run makes a set: the claim is made exclusively.
std::string claim_set(world& w) {
    rados_ioctx_t at = w.connections.front().places.front();
    const std::string name = w.kept + claim_name;
    const write_steps make;
    rados_write_op_create(make.get(), LIBRADOS_CREATE_EXCLUSIVE, nullptr);
    rados_write_op_setxattr(make.get(), run_attribute, w.run_id.data(), w.run_id.size());
    const int failed = rados_write_op_operate(make.get(), at, name.c_str(), nullptr, 0);
    if (failed == -EEXIST) {
        const std::string other = attribute(at, name, run_attribute);
        return "the kept data set \"" + w.data.reuse + "\" is being made by run " + other +
               ", or that run did not finish it: chopsticks cleanup --run " + other;
    }
    if (failed < 0) return refused(w, w.places.front(), "write to", failed);
    w.claimed = true;
    // The claim is new, so whatever lies there is nobody's that we know.
    for (std::size_t n = 0; n < w.places.size(); ++n) {
        std::string foreign;
        const waiting_for wait(w.waits, "for the names in pool " + w.places[n].text(), 0);
        const int listed =
            list_names(w.connections.front().places[n], w.kept, [&](const std::string& found) {
                if (found != name) foreign = found;
                return foreign.empty() && !w.give_up;
            });
        if (listed < 0) return explain("pool " + w.places[n].text() + " cannot be listed", listed);
        if (foreign.empty()) continue;
        return "pool " + w.places[n].text() + " has " + foreign +
               " already, which this run did not make; choose another name in data.reuse";
    }
    return {};
}

void wait_for_flights(world& w) {
    const std::int64_t most_ns = w.config.operation_timeout_ns + flight_patience_ns;
    const std::int64_t until = monotonic_ns() + most_ns;
    const waiting_for wait(
        w.waits,
        "for " + std::to_string(w.outstanding()) + " operations that the cluster has not answered",
        most_ns);
    while (w.outstanding() > 0 && !w.give_up && monotonic_ns() < until)
        std::this_thread::sleep_for(2ms);
}

/// Users' own objects go with the run.
void remove_logs(world& w, sweep_figures& all) {
    const waiting_for wait(w.waits, "for users' own objects to be removed",
                           w.config.operation_timeout_ns);
    for (const auto& log : w.logs) {
        if (w.give_up || w.unanswered) return;
        const int failed =
            rados_remove(w.connections.front().places[log->place], log->name.c_str());
        if (failed == -ETIMEDOUT) w.unanswered = true;
        if (failed >= 0 || failed == -ENOENT) continue;
        if (all.problem.empty()) all.problem = explain("object " + log->name, failed);
        ++all.found;
    }
}

/// Whether each object that was made is known to be removed.
bool nothing_can_be_left(const world& w) {
    std::uint64_t made = 0;
    std::uint64_t removed = 0;
    std::uint64_t doubtful = 0;
    for (const auto& a : w.accounts) {
        made += a->made;
        removed += a->removed;
        doubtful += a->doubtful;
    }
    return doubtful == 0 && removed >= made;
}

sweep_figures look(world& w, const std::string& prefix, bool remove) {
    sweep_figures all;
    for (std::size_t n = 0; n < w.places.size(); ++n) {
        const waiting_for wait(w.waits, "for the names in pool " + w.places[n].text(), 0);
        std::uint64_t known = 0;
        const auto stop = [&](const sweep_figures& so_far) {
            const std::uint64_t now = remove ? so_far.removed : so_far.found;
            if (now != known) w.waits.got_on();
            known = now;
            return w.give_up.load();
        };
        all.add(sweep(w.connections.front().places[n], prefix, remove, stop));
    }
    return all;
}

/// A set that the run did not finish goes with it.
std::string remove_unfinished(world& w) {
    if (!w.claimed) return {};
    const sweep_figures left = look(w, w.kept, true);
    if (!left.problem.empty() || left.removed < left.found || w.give_up) {
        return "the unfinished data set below " + w.kept + " is left: " + left.problem;
    }
    const int failed =
        rados_remove(w.connections.front().places.front(), (w.kept + claim_name).c_str());
    if (failed < 0) return explain("the claim " + w.kept + claim_name + " is left", failed);
    w.claimed = false;
    return {};
}

std::string remove_all(world& w) {
    std::string problem = remove_unfinished(w);
    sweep_figures left;
    if (w.cleans) remove_logs(w, left);
    if (w.unanswered) return "the cluster does not answer: nothing more was removed";
    if (problem.empty() && left.found == 0 && !nothing_can_be_left(w)) {
        left.add(look(w, w.run_prefix, w.cleans));
        if (w.cleans && left.problem.empty()) left.found -= std::min(left.found, left.removed);
    }
    const bool logs_stay = !w.cleans && !w.logs.empty();
    const bool empty = problem.empty() && left.found == 0 && left.problem.empty() && !logs_stay;
    if (w.marked && empty && !w.give_up) {
        w.watch.end();
        const int failed = rados_remove(w.connections.front().places.front(), w.mark().c_str());
        if (failed < 0 && failed != -ENOENT) {
            return explain("the run's mark " + w.mark() + " is left", failed);
        }
        w.made.gone("mark", mark_left(w).name);
    }
    if (problem.empty()) problem = left.problem;
    return w.give_up && problem.empty() ? "given up" : problem;
}

}  // namespace

std::string world::mark() const {
    return mark_name(data.prefix, run_id, group);
}

void world::name_object(std::uint64_t object, std::string& to) const {
    to.assign(is_kept(object) ? kept : run_prefix);
    append_suffix(to, object);
}

std::string attribute(rados_ioctx_t at, const std::string& object, const char* name) {
    std::array<char, 4096> value{};
    const int got = rados_getxattr(at, object.c_str(), name, value.data(), value.size());
    return got < 0 ? std::string() : std::string(value.data(), static_cast<std::size_t>(got));
}

demands demands_of(const engine::driver_request& wanted) {
    demands d;
    d.makes = wanted.prepares && wanted.group->data.reuse.empty();
    for (const scenario::task& t : wanted.group->tasks) {
        for (const scenario::step& s : t.steps) {
            d.makes |= scenario::changes_objects(s.use);
            d.cuts_logs |= s.code == object_truncate || s.code == object_zero;
            d.logs |= s.code == object_append || d.cuts_logs;
            d.rewrites_ranges |= s.code == object_write || s.code == object_compound_write;
            d.maps |= s.code == object_omap_set || s.code == object_omap_get ||
                      s.code == object_omap_list ||
                      ((s.code == object_compound_write || s.code == object_compound_read) &&
                       s.number("keys") > 0);
        }
    }
    return d;
}

std::string connect_all(world& w) {
    for (const std::string& pool : w.config.pools) {
        for (const std::string& name : w.config.name_spaces)
            w.places.push_back({pool, name});
    }
    w.connections.resize(w.config.cluster_connections(w.cores));
    for (connection& c : w.connections) {
        if (w.give_up) return "given up";
        std::string problem = connect_one(w, c, &c == w.connections.data());
        if (!problem.empty()) return problem;
    }
    return {};
}

std::string open_target(world& w) {
    std::string problem;
    if (!w.kept.empty()) problem = find_set(w);
    if (!problem.empty()) return problem;
    const bool makes_set = !w.kept.empty() && !w.set_found;
    const bool writes =
        w.needs.makes || w.needs.logs || makes_set || w.needs.maps || w.needs.rewrites_ranges;
    if (writes) problem = probe(w);
    if (writes && problem.empty()) problem = mark_run(w);
    if (makes_set && problem.empty()) problem = claim_set(w);
    return problem;
}

std::string seal_set(world& w) {
    if (!w.claimed) return {};
    rados_ioctx_t at = w.connections.front().places.front();
    const std::string text = manifest(w);
    const waiting_for wait(w.waits, "for the manifest of the kept data set",
                           w.config.operation_timeout_ns);
    int failed = rados_write_full(at, (w.kept + manifest_name).c_str(), text.data(), text.size());
    if (failed < 0) return refused(w, w.places.front(), "write to", failed);
    w.claimed = false;
    w.set_found = true;
    failed = rados_remove(at, (w.kept + claim_name).c_str());
    return failed < 0 ? explain("the claim " + w.kept + claim_name + " is left", failed)
                      : std::string();
}

std::string check_logs(world& w, engine::wrong_data& found) {
    const waiting_for wait(w.waits, "for the sizes of users' own objects",
                           w.config.operation_timeout_ns);
    for (const auto& log : w.logs) {
        if (!log->known) continue;
        if (w.give_up) return "not all sizes were looked at: interrupted";
        std::uint64_t size = 0;
        std::time_t modified = 0;
        const int failed = rados_stat(w.connections.front().places[log->place], log->name.c_str(),
                                      &size, &modified);
        if (failed == -ETIMEDOUT) return "the cluster does not answer: not all sizes were seen";
        ++found.checked;
        if (failed >= 0 && size == log->size) continue;
        ++found.places;
        found.examples.push_back(w.places[log->place].text() + "/" + log->name + ": " +
                                 std::to_string(log->size) + " bytes were acknowledged, and " +
                                 (failed < 0 ? "it is not there"
                                             : std::to_string(size) + " are "
                                                                      "there"));
    }
    return {};
}

std::string close_all(world& w) {
    wait_for_flights(w);
    if (w.outstanding() > 0) {
        return std::to_string(w.outstanding()) + " operations have not ended: nothing was removed";
    }
    std::string problem;
    const bool opened =
        !w.connections.empty() && w.connections.front().places.size() == w.places.size();
    if (opened && !w.give_up) problem = remove_all(w);
    if (w.unanswered || w.give_up) return problem;
    w.watch.end();
    for (connection& c : w.connections) {
        // Calls back of a watch that has just ended use the pool.
        if (w.marked && c.cluster != nullptr) rados_watch_flush(c.cluster);
        c.data_places.clear();
        for (rados_ioctx_t pool : c.places)
            rados_ioctx_destroy(pool);
        if (c.cluster != nullptr) rados_shutdown(c.cluster);
        c = connection();
    }
    return problem;
}

}  // namespace chopsticks::rados
