// What RBD's settings say to those who do not know them.

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/rbd/workload/settings.hpp>
#include <chopsticks/scenario/catalogue.hpp>

namespace chopsticks::rbd {

namespace {

const char* text_of(bool yes) {
    return yes ? "true" : "false";
}

void refuse_task(const scenario::group& g, const scenario::step& s, const std::string& problem,
                 const std::string& mend) {
    throw config_error("group " + g.name + ": " + s.op + ": " + problem + "; " + mend);
}

void check_step(const scenario::group& g, const scenario::step& s, const settings& rbd) {
    const bool writes = s.use == scenario::subject_use::change_extent;
    if (writes && rbd.read_only) {
        refuse_task(g, s, "the images are opened read-only",
                    "remove the task, or `read_only` from the workload config");
    }
    if (writes && rbd.source == image_source::snapshot) {
        refuse_task(g, s, "a snapshot cannot be written",
                    "remove the task, or use `source: clone` in the workload config");
    }
    if (!scenario::has_place(s.use)) return;
    // Of images that this run does not make, open_target learns the size.
    if (rbd.create && s.block.max() > rbd.image_bytes) {
        refuse_task(g, s,
                    "a block of " + format_size(s.block.max()) + " is larger than an image of " +
                        format_size(rbd.image_bytes),
                    "set `rbd.size` in the workload config, or make blocks smaller");
    }
    const bool one_step = scenario::catalogue::operation_of(g, s).place.one_step_most > 0;
    if (one_step && s.block.max() > rbd.object_bytes) {
        refuse_task(g, s,
                    "a block of " + format_size(s.block.max()) + " is larger than an object of " +
                        format_size(rbd.object_bytes),
                    "make blocks smaller");
    }
}

}  // namespace

/// Paths, never what stands in the files. Settings that were not made are absent.
scenario::echo_fields settings::echo() const {
    scenario::echo_fields out;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) out.emplace_back(key, value);
    };
    add("driver", driver);
    ceph::echo_access(*this, out);
    add("pool", pool);
    add("namespace", name_space);
    add("data_pool", data_pool);
    if (images.empty()) {
        add("prefix", prefix);
        add("count", std::to_string(count));
    } else {
        add("images", ceph::joined(images));
    }
    add("size", format_size(image_bytes));
    add("object_size", format_size(object_bytes));
    if (features) add("features", ceph::joined(*features));
    add("create", text_of(create));
    add("keep", text_of(keep));
    add("read_only", text_of(read_only));
    add("overwrite_existing", text_of(overwrite_existing));
    add("source", source == image_source::plain      ? "plain"
                  : source == image_source::snapshot ? "snapshot"
                                                     : "clone");
    add("parent", parent);
    add("snapshot", snapshot);
    add("encryption", encryption);
    add("passphrase_file", passphrase_file);
    add("connections", connections == connection_sharing::per_core ? "per_core"
                       : connections == connection_sharing::shared
                           ? "shared"
                           : "one per " + std::to_string(images_per_connection) + " images");
    add("completion", completion == completion_way::callback ? "callback" : "eventfd");
    add("cache", text_of(cache));
    // As a result always had them.
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    return out;
}

void settings::find_again(const scenario::echo_fields& echoed) {
    ceph::find_access(echoed, *this);
    ceph::take_echoed(echoed, "pool", pool);
    ceph::take_echoed(echoed, "namespace", name_space);
}

void settings::check(scenario::group& of, std::vector<std::string>& warnings) const {
    for (const scenario::task& t : of.tasks) {
        for (const scenario::step& s : t.steps)
            check_step(of, s, *this);
    }
    if (create && of.blocks.extent_bytes > image_bytes && images.empty()) {
        throw config_error("group " + of.name + ": `blocks.extent` of " +
                           format_size(of.blocks.extent_bytes) + " is larger than an image of " +
                           format_size(image_bytes) +
                           "; set `rbd.size` in the workload config, or a smaller extent");
    }
    const bool written_before = read_only || source != image_source::plain;
    if (!written_before || !of.blocks.prefill) return;
    of.blocks.prefill = false;
    // A clone's parent holds the data.
    if (source == image_source::clone) return;
    warnings.push_back("group " + of.name +
                       ": the images are read-only and are not filled; reading blocks that were "
                       "never written measures nothing of the disks");
}

std::string settings::target(bool dummy) const {
    const std::uint64_t all = image_count();
    const std::string text = std::to_string(all) + (all == 1 ? " image" : " images");
    if (dummy) return text + " of the dummy driver";
    return text + " in pool " + pool + (name_space.empty() ? "" : "/" + name_space);
}

std::vector<std::pair<std::string, std::string>> settings::planned_target(bool dummy) const {
    return {{"pool", (dummy ? std::string("the dummy driver's") : pool) +
                         (name_space.empty() ? "" : "/" + name_space)}};
}

std::uint64_t settings::cluster_connections(unsigned cores) const {
    if (connections == connection_sharing::per_core) {
        return std::min<std::uint64_t>(cores, image_count());
    }
    if (connections == connection_sharing::per_images) {
        return (image_count() + images_per_connection - 1) / images_per_connection;
    }
    return 1;
}

scenario::extents_plan settings::extents() const {
    scenario::extents_plan out;
    out.count = image_count();
    out.bytes = image_bytes;
    out.makes_missing = create;
    out.removes_made = !keep && images.empty();
    out.one_core_each = completion == completion_way::eventfd;
    if (out.one_core_each) {
        out.one_core_advice =
            "with `completion: eventfd` an image belongs to one core, and there are only " +
            std::to_string(out.count) + "; use fewer cores, more images or `completion: callback`";
    }
    return out;
}

settings& settings_of(scenario::workload_config& config) {
    return scenario::settings_as<settings>(config, describe_workload().name);
}

const settings& settings_of(const scenario::workload_config& config) {
    return scenario::settings_as<settings>(config, describe_workload().name);
}

}  // namespace chopsticks::rbd
