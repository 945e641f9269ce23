// Connections to the cluster: options that make it measure the cluster and not the client.

#include <algorithm>
#include <array>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/block_places.hpp>
#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/scenario/load_plan.hpp>
#include <cstring>

#include "world.hpp"

namespace chopsticks::rbd {

namespace {

struct setting {
    std::string name;
    std::string value;
};

std::uint64_t seconds_of(std::int64_t ns) {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>((ns + 999'999'999) / 1'000'000'000, 1));
}

/// What differs from stock, before the user's own options.
std::vector<setting> own_settings(const world& w) {
    const std::string seconds = std::to_string(seconds_of(w.config.operation_timeout_ns));
    const std::uint64_t object = std::max<std::uint64_t>(w.config.object_bytes, 1);
    const std::uint64_t largest =
        std::max(w.needs.largest_io_bytes, w.prepares ? w.blocks.prefill_bytes : 0);
    // Prefilling has users of its own.
    const std::uint64_t users = std::max<std::uint64_t>(w.needs.in_flight, 256);
    const std::uint64_t ops = std::max<std::uint64_t>(2 * users * (largest / object + 2), 1024);
    const std::uint64_t bytes = std::max<std::uint64_t>(2 * users * largest, 100ULL << 20);
    return {
        {"client_mount_timeout", seconds},
        {"rados_mon_op_timeout", seconds},
        {"rados_osd_op_timeout", seconds},
        {"objecter_inflight_ops", std::to_string(ops)},
        {"objecter_inflight_op_bytes", std::to_string(bytes)},
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
}

std::string get_option(rados_t cluster, const std::string& name) {
    std::array<char, 4096> value{};
    const int got = rados_conf_get(cluster, name.c_str(), value.data(), value.size());
    return got < 0 ? std::string() : std::string(value.data());
}

std::string set_option(world& w, rados_t cluster, const setting& s, bool first) {
    const std::string before = get_option(cluster, s.name);
    const int failed = rados_conf_set(cluster, s.name.c_str(), s.value.c_str());
    if (failed == -ENOENT) {
        return "options: librbd has no option \"" + s.name + "\": " + ::strerror(ENOENT);
    }
    if (failed < 0) {
        return explain("options: " + s.name + " cannot be \"" + s.value + "\"", failed);
    }
    const std::string after = get_option(cluster, s.name);
    if (first && after != before && s.name.find("key") == std::string::npos) {
        // One line for all of them.
        if (w.notes.empty()) w.notes.emplace_back("Ceph options that differ from stock:");
        w.notes.front() += " " + s.name + "=" + after + " (" + before + ")";
    }
    return {};
}

std::string who(const world& w) {
    return "client." + w.config.client;
}

std::string connect_problem(const world& w, rados_t cluster, int error) {
    const std::string hosts = get_option(cluster, "mon_host");
    const std::string keyring = get_option(cluster, "keyring");
    const std::string base = "Ceph cluster at " + (hosts.empty() ? "(no mon_host)" : hosts);
    switch (error) {
        case -ETIMEDOUT:
            return base + ": no monitor answered in " +
                   std::to_string(seconds_of(w.config.operation_timeout_ns)) +
                   " s; check that it runs, and mon_host in the conf file";
        case -EACCES:
        case -EPERM:
            return base + " refuses " + who(w) + ": wrong key; check the keyring (" + keyring + ")";
        case -ENOENT:
            return base + ": no key for " + who(w) +
                   " found; name its keyring in the workload config or the conf file (keyring = " +
                   keyring + ")";
        case -EINVAL:
            return base + ": no usable monitor address or key for " + who(w) +
                   "; check conf_file, cluster and keyring (" + keyring +
                   ") in the workload config";
        default:
            return explain(base, error);
    }
}

std::string connect_one(world& w, connection& c, bool first) {
    int failed = rados_create2(&c.cluster, w.config.cluster.c_str(), who(w).c_str(), 0);
    if (failed < 0) return explain("a Ceph client " + who(w) + " cannot be made", failed);
    const char* file = w.config.conf_file.empty() ? nullptr : w.config.conf_file.c_str();
    failed = rados_conf_read_file(c.cluster, file);
    if (failed < 0) {
        const std::string name = file != nullptr ? file : "of the cluster " + w.config.cluster;
        return explain("the Ceph conf file " + name + " cannot be read", failed) +
               "; name it in the workload config: conf_file";
    }
    if (!w.config.keyring.empty()) {
        const std::string problem = set_option(w, c.cluster, {"keyring", w.config.keyring}, false);
        if (!problem.empty()) return problem;
    }
    for (const setting& s : own_settings(w)) {
        if (w.config.options.count(s.name) != 0) continue;
        std::string problem = set_option(w, c.cluster, s, first);
        if (!problem.empty()) return problem;
    }
    for (const auto& [name, value] : w.config.options) {
        std::string problem = set_option(w, c.cluster, {name, value}, first);
        if (!problem.empty()) return problem;
    }
    {
        const std::string hosts = get_option(c.cluster, "mon_host");
        const waiting_for wait(w.waits, "for a monitor of the cluster at " + hosts,
                               w.config.operation_timeout_ns);
        failed = rados_connect(c.cluster);
    }
    if (failed < 0) {
        return connect_problem(w, c.cluster, failed);
    }
    failed = rados_ioctx_create(c.cluster, w.config.pool.c_str(), &c.pool);
    if (failed == -ENOENT) {
        return "the cluster has no pool \"" + w.config.pool +
               "\": make it (ceph osd pool create, rbd pool init) or name another in the workload "
               "config";
    }
    if (failed < 0) return explain("pool " + w.config.pool, failed);
    if (w.config.name_space.empty()) return {};
    bool exists = false;
    failed = rbd_namespace_exists(c.pool, w.config.name_space.c_str(), &exists);
    if (failed < 0) return explain("namespace " + w.config.name_space, failed);
    if (!exists) {
        return "pool " + w.config.pool + " has no namespace \"" + w.config.name_space +
               "\": make it with rbd namespace create";
    }
    rados_ioctx_set_namespace(c.pool, w.config.name_space.c_str());
    return {};
}

}  // namespace

std::string explain(const std::string& what, int error) {
    if (error == -ETIMEDOUT) {
        return what +
               ": the cluster did not answer in operation_timeout; an OSD may be down, or the "
               "pool may be full (ceph health detail)";
    }
    const char* text = ::strerrordesc_np(-error);
    return what + ": " + (text != nullptr ? text : "error " + std::to_string(-error));
}

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
