// Connections to the cluster: options that make it measure the cluster and not the client.

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <iterator>

#include "world.hpp"

namespace chopsticks::rbd {

namespace {

/// What differs from stock, before the user's own options.
std::vector<ceph::option> own_settings(const world& w) {
    const std::uint64_t object = std::max<std::uint64_t>(w.config.object_bytes, 1);
    const std::uint64_t largest =
        std::max(w.needs.largest_io_bytes, w.prepares ? w.blocks.prefill_bytes : 0);
    // Prefilling has users of its own.
    const std::uint64_t users = std::max<std::uint64_t>(w.needs.in_flight, 256);
    const ceph::flow most{2 * users * (largest / object + 2), 2 * users * largest};
    std::vector<ceph::option> all = ceph::common_options(w.config, most);
    const ceph::option of_images[] = {
        {"rbd_cache", w.config.cache ? "true" : "false"},
        {"rbd_io_scheduler", "none"},
        {"rbd_readahead_max_bytes", "0"},
        {"rbd_skip_partial_discard", "false"},
        // What is written stays where it is until it is written; librbd need not copy it.
        {"rbd_disable_zero_copy_writes", "false"},
        // Stock hands each I/O to a thread of the library's first: a switch of threads per I/O that
        // no cluster has to answer for. Nothing in the library's path waits for I/O otherwise.
        {"rbd_non_blocking_aio", "false"},
    };
    all.insert(all.end(), std::begin(of_images), std::end(of_images));
    return all;
}

std::string connect_one(world& w, connection& c, bool first) {
    std::string problem = ceph::connect(w.config, own_settings(w), "librbd",
                                        first ? &w.notes : nullptr, w.waits, c.cluster);
    if (problem.empty()) {
        problem = ceph::open_pool(c.cluster, w.config, w.config.pool,
                                  "make it (ceph osd pool create, rbd pool init) or name another "
                                  "in the workload config",
                                  c.pool);
    }
    if (!problem.empty()) return problem;
    if (w.config.name_space.empty()) return {};
    bool exists = false;
    const int failed = rbd_namespace_exists(c.pool, w.config.name_space.c_str(), &exists);
    if (failed < 0) return explain("namespace " + w.config.name_space, failed);
    if (!exists) {
        return "pool " + w.config.pool + " has no namespace \"" + w.config.name_space +
               "\": make it with rbd namespace create";
    }
    rados_ioctx_set_namespace(c.pool, w.config.name_space.c_str());
    return {};
}

}  // namespace

std::string path_of(const world& w, const std::string& name) {
    const std::string space = w.config.name_space.empty() ? "" : w.config.name_space + "/";
    return w.config.pool + "/" + space + name;
}

std::uint64_t identity(const std::string& text) noexcept {
    std::uint64_t h = 0x6368'6f70'7374'6978ULL;
    for (const char c : text)
        h = mix64(h, static_cast<unsigned char>(c));
    return h;
}

demands demands_of(const scenario::group& group) {
    demands d;
    d.in_flight = group.open ? group.open->max_in_flight : group.closed.users;
    std::uint64_t common = group.blocks.verify_bytes;
    for (const scenario::task& t : group.tasks) {
        for (const scenario::step& s : t.steps) {
            d.writes |= s.code != block_read && s.code != block_flush;
            d.reads |= s.code == block_read;
            d.spoils |= s.code == block_writesame;
            d.zeroes |= s.code == block_discard || s.code == block_write_zeroes;
            d.compares |= s.code == block_compare_and_write;
            if (s.code == block_flush || !scenario::uses_task_blocks(group)) continue;
            d.largest_io_bytes = std::max(d.largest_io_bytes, s.block.max());
            // The largest power of two that divides what is compared, as far as bounds tell.
            for (const std::uint64_t bytes : {s.block.min(), s.align_bytes}) {
                if (bytes > 0) common = std::min(common, bytes & (~bytes + 1));
            }
        }
    }
    d.least_image_bytes = d.largest_io_bytes;
    if (group.open && group.open->replay) {
        // What is recorded is cut to the image; how long it is, nobody knows before.
        const scenario::replay_load& r = *group.open->replay;
        d.spoils = true;
        if (!scenario::uses_task_blocks(group)) d.least_image_bytes = load::sector_bytes;
        if (r.sizes == scenario::replay_source::recorded)
            d.largest_io_bytes = std::max(d.largest_io_bytes, r.size_limit);
    }
    if (group.blocks.verify) {
        d.table_block_bytes = group.blocks.verify_bytes;
    } else if (d.compares) {
        d.table_block_bytes = std::max(common, load::sector_bytes);
    }
    return d;
}

std::string connect_all(world& w) {
    const std::size_t images = w.config.images.empty() ? w.config.count : w.config.images.size();
    std::size_t count = 1;
    if (w.config.connections == connection_sharing::per_core) {
        count = std::min<std::size_t>(w.cores, images);
    } else if (w.config.connections == connection_sharing::per_images) {
        const std::size_t share = std::max(1U, w.config.images_per_connection);
        count = (images + share - 1) / share;
    }
    w.connections.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        if (w.opens_no_more()) return "given up";
        std::string problem = connect_one(w, w.connections[i], i == 0);
        if (!problem.empty()) return problem;
    }
    return {};
}

}  // namespace chopsticks::rbd
