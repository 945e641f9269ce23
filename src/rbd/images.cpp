// The images of a run: open, make, clone, mark.

#include <algorithm>
#include <array>
#include <bit>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/units.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "world.hpp"

namespace chopsticks::rbd {

namespace {

constexpr const char* run_key = "chopsticks.run";        // the run that made the image
constexpr const char* filled_key = "chopsticks.filled";  // what prefilling wrote

struct feature_name {
    const char* name;
    std::uint64_t bit;
};
constexpr feature_name feature_names[] = {
    {"layering", 1},   {"exclusive-lock", 4}, {"object-map", 8},
    {"fast-diff", 16}, {"deep-flatten", 32},  {"journaling", 64},
};

/// Options of an image to be made; freed at the end.
class image_options {
  public:
    image_options() { rbd_image_options_create(&options_); }
    ~image_options() { rbd_image_options_destroy(options_); }
    image_options(const image_options&) = delete;
    image_options& operator=(const image_options&) = delete;

    std::string set_for(const scenario::rbd_config& config) {
        const auto order = static_cast<std::uint64_t>(std::bit_width(config.object_bytes) - 1);
        rbd_image_options_set_uint64(options_, RBD_IMAGE_OPTION_ORDER, order);
        if (!config.data_pool.empty()) {
            rbd_image_options_set_string(options_, RBD_IMAGE_OPTION_DATA_POOL,
                                         config.data_pool.c_str());
        }
        if (!config.features) return {};
        std::uint64_t bits = 0;
        for (const std::string& wanted : *config.features) {
            const auto* found =
                std::find_if(std::begin(feature_names), std::end(feature_names),
                             [&](const feature_name& f) { return wanted == f.name; });
            if (found == std::end(feature_names)) {
                return "features: librbd has no image feature \"" + wanted + "\"";
            }
            bits |= found->bit;
        }
        rbd_image_options_set_uint64(options_, RBD_IMAGE_OPTION_FEATURES, bits);
        return {};
    }
    rbd_image_options_t get() const noexcept { return options_; }

  private:
    rbd_image_options_t options_ = nullptr;
};

std::string metadata(rbd_image_t image, const char* key) {
    std::array<char, 1024> value{};
    std::size_t size = value.size() - 1;
    if (rbd_metadata_get(image, key, value.data(), &size) < 0) return {};
    return value.data();
}

/// What the filled mark says of an image that this run may read without prefilling it.
std::string fill_mark(const world& w, const image& i) {
    std::ostringstream text;
    const std::uint64_t extent = w.blocks.extent_bytes == 0 ? i.bytes : w.blocks.extent_bytes;
    text << "bytes=" << std::min(extent, i.bytes)
         << " verify_bytes=" << (w.needs.table_block_bytes != 0 ? w.needs.table_block_bytes : 0)
         << " compression=" << w.blocks.content.compression_ratio;
    return text.str();
}

/// LUKS: formats a new image, or opens an old one.
std::string encrypt(const world& w, const image& i, bool format) {
    std::ifstream file(w.config.passphrase_file, std::ios::binary);
    std::string secret((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file || secret.empty()) {
        return "passphrase_file " + w.config.passphrase_file + " cannot be read, or is empty";
    }
    if (secret.back() == '\n') secret.pop_back();
    int failed = 0;
    const auto use = [&](rbd_encryption_format_t kind, auto options) {
        options.alg = RBD_ENCRYPTION_ALGORITHM_AES256;
        options.passphrase = secret.data();
        options.passphrase_size = secret.size();
        if (format) failed = rbd_encryption_format(i.handle, kind, &options, sizeof options);
        if (failed >= 0) failed = rbd_encryption_load(i.handle, kind, &options, sizeof options);
        // Some releases load what they have formatted.
        if (format && failed == -EEXIST) failed = 0;
    };
    if (w.config.encryption == "luks1") {
        use(RBD_ENCRYPTION_FORMAT_LUKS1, rbd_encryption_luks1_format_options_t{});
    } else {
        use(RBD_ENCRYPTION_FORMAT_LUKS2, rbd_encryption_luks2_format_options_t{});
    }
    std::fill(secret.begin(), secret.end(), '\0');
    if (failed >= 0) return {};
    if (failed == -EPERM) {
        return path_of(w, i.name) + ": the passphrase in " + w.config.passphrase_file + " is wrong";
    }
    return explain(w.config.encryption + " encryption of " + path_of(w, i.name), failed);
}

/// The client that holds the image's exclusive lock and still watches the image; empty: nobody.
std::string lock_holder(rbd_image_t image) {
    std::array<char, 256> tag{};
    std::array<char, 2048> clients{};
    std::array<char, 2048> cookies{};
    std::array<char, 2048> addresses{};
    std::size_t tag_size = tag.size();
    std::size_t client_size = clients.size();
    std::size_t cookie_size = cookies.size();
    std::size_t address_size = addresses.size();
    int exclusive = 0;
    const ssize_t count =
        rbd_list_lockers(image, &exclusive, tag.data(), &tag_size, clients.data(), &client_size,
                         cookies.data(), &cookie_size, addresses.data(), &address_size);
    if (count <= 0) return {};
    // "client.4711": the number is what the list of watchers has.
    const std::string client = clients.data();
    std::array<rbd_image_watcher_t, 64> watchers{};
    std::size_t watching = watchers.size();
    if (rbd_watchers_list(image, watchers.data(), &watching) < 0) return {};
    std::string holder;
    for (std::size_t n = 0; n < watching; ++n) {
        if (client == "client." + std::to_string(watchers[n].id)) {
            holder = client + " at " + watchers[n].addr;
        }
    }
    rbd_watchers_list_cleanup(watchers.data(), watching);
    return holder;
}

/// A holder that was killed is a watcher until the cluster has missed it for some 30 s.
std::string wait_for_lock(world& w, const image& i) {
    using namespace std::chrono_literals;
    const std::int64_t until = monotonic_ns() + w.config.operation_timeout_ns + 5'000'000'000;
    for (;;) {
        const std::string holder = lock_holder(i.handle);
        if (holder.empty()) return {};
        if (w.give_up) return "given up";
        if (monotonic_ns() > until) {
            return "image " + path_of(w, i.name) + " is locked by " + holder +
                   ", which is alive: two writers would take turns with the lock. Stop it, or use "
                   "another image";
        }
        std::this_thread::sleep_for(500ms);
    }
}

std::string open_one(world& w, image& i, bool& missing) {
    missing = false;
    rados_ioctx_t pool = w.connections[i.connection].pool;
    const bool at_snapshot = w.config.source == scenario::rbd_source::snapshot;
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

std::string make_one(world& w, image& i) {
    rados_ioctx_t pool = w.connections[i.connection].pool;
    image_options options;
    std::string problem = options.set_for(w.config);
    if (!problem.empty()) return problem;
    const bool clone = w.config.source == scenario::rbd_source::clone;
    const std::string parent = w.made_parent.empty() ? w.config.parent : w.made_parent;
    const std::string snapshot = w.config.snapshot.empty() ? "chopsticks" : w.config.snapshot;
    const int failed = clone
                           ? rbd_clone3(pool, parent.c_str(), snapshot.c_str(), pool,
                                        i.name.c_str(), options.get())
                           : rbd_create4(pool, i.name.c_str(), w.config.image_bytes, options.get());
    if (failed == -ENOENT && !w.config.data_pool.empty()) {
        return "the cluster has no pool \"" + w.config.data_pool + "\" (data_pool), or no parent";
    }
    if (failed < 0) return explain("image " + path_of(w, i.name) + " cannot be made", failed);
    i.made = true;
    bool missing = false;
    problem = open_one(w, i, missing);
    if (!problem.empty()) return problem;
    const int marked = rbd_metadata_set(i.handle, run_key, w.run_id.c_str());
    if (marked < 0) return explain("image " + path_of(w, i.name) + " cannot be marked", marked);
    return {};
}

/// A clone of an earlier run is not fresh any more.
std::string remove_old_clone(world& w, image& i) {
    if (metadata(i.handle, run_key).empty()) {
        return "image " + path_of(w, i.name) +
               " is there and was not made by Chopsticks: no clone can be made in its place";
    }
    rbd_close(i.handle);
    i.handle = nullptr;
    const int failed = rbd_remove(w.connections[i.connection].pool, i.name.c_str());
    return failed < 0
               ? explain("the old clone " + path_of(w, i.name) + " cannot be removed", failed)
               : std::string();
}

/// Decides whether an image that was there may be used as the config asks.
std::string judge_found(world& w, image& i) {
    i.ours = !metadata(i.handle, run_key).empty();
    const std::string mark = metadata(i.handle, filled_key);
    i.filled = w.config.source == scenario::rbd_source::snapshot || mark == fill_mark(w, i);
    if (i.ours || w.config.overwrite_existing) return {};
    if (w.config.images.empty()) {
        return "image " + path_of(w, i.name) +
               " has the prefix's name and was not made by Chopsticks: choose another prefix, or "
               "name the image under images";
    }
    if (w.needs.writes) {
        return "image " + path_of(w, i.name) +
               " was not made by Chopsticks and the tasks write: what it holds would be lost. If "
               "that may be, say overwrite_existing: true in the workload config";
    }
    // Only read: its content is what is to be read.
    i.filled = true;
    w.notes.push_back("image " + path_of(w, i.name) +
                      " was not made by Chopsticks: read as it is, not prefilled");
    return {};
}

std::string prepare_table(world& w, image& i) {
    if (w.needs.table_block_bytes == 0) return {};
    std::array<char, 128> id{};
    rbd_get_id(i.handle, id.data(), id.size());
    initial_content initial = initial_content::anything;
    if (i.made && w.config.source != scenario::rbd_source::clone) initial = initial_content::zeros;
    const bool marked = metadata(i.handle, filled_key) == fill_mark(w, i);
    if (!i.made && i.ours && marked && w.blocks.verify) initial = initial_content::sealed;
    try {
        i.table = std::make_unique<block_table>(identity(id.data()), identity(w.run_id), i.bytes,
                                                w.needs.table_block_bytes, initial);
    } catch (const std::bad_alloc&) {
        return "not enough memory to know what every block of " + path_of(w, i.name) +
               " holds: raise verify_bytes, or use a smaller image";
    }
    return {};
}

std::string check_size(world& w, image& i) {
    const int failed = rbd_get_size(i.handle, &i.bytes);
    if (failed < 0) return explain("the size of " + path_of(w, i.name), failed);
    if (i.bytes < w.needs.least_image_bytes || i.bytes < w.blocks.extent_bytes) {
        const bool block = i.bytes < w.needs.least_image_bytes;
        return "image " + path_of(w, i.name) + " has " + std::to_string(i.bytes) + " bytes, less " +
               (block ? "than one I/O of " + std::to_string(w.needs.least_image_bytes)
                      : "than the extent of " + std::to_string(w.blocks.extent_bytes));
    }
    return {};
}

std::string open_or_make(world& w, image& i) {
    bool missing = false;
    std::string problem = open_one(w, i, missing);
    const bool clone = w.config.source == scenario::rbd_source::clone;
    if (problem.empty() && clone) {
        problem = remove_old_clone(w, i);
        missing = true;
    } else if (missing && w.config.create && !w.reads_only()) {
        problem.clear();
    }
    if (!problem.empty()) return problem;
    if (missing) problem = make_one(w, i);
    if (problem.empty() && !w.config.encryption.empty()) problem = encrypt(w, i, i.made && !clone);
    if (problem.empty()) problem = check_size(w, i);
    if (problem.empty() && !i.made) problem = judge_found(w, i);
    if (i.made) {
        i.ours = true;
        // The parent's content is there; filling it would be what is to be measured.
        i.filled = clone;
    }
    if (problem.empty() && !w.reads_only() && !i.made) problem = wait_for_lock(w, i);
    if (problem.empty()) problem = prepare_table(w, i);
    if (!problem.empty()) return problem;
    if (w.config.completion == scenario::rbd_completion::eventfd) {
        const int failed = i.events.enable(i.handle);
        if (failed < 0) return explain("notification of " + path_of(w, i.name), failed);
    }
    // From the first discard on, the mark is not true any more.
    if (w.needs.zeroes && !w.reads_only()) rbd_metadata_remove(i.handle, filled_key);
    return {};
}

}  // namespace

std::string open_images(world& w) {
    const scenario::rbd_config& c = w.config;
    const std::size_t count = c.images.empty() ? c.count : c.images.size();
    for (std::size_t n = 0; n < count; ++n) {
        if (w.give_up) return "given up";
        auto& i = *w.images.emplace_back(std::make_unique<image>());
        i.name = c.images.empty() ? c.prefix + std::to_string(n) : c.images[n];
        i.connection = c.connections == scenario::rbd_connections::per_images
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
    std::uint64_t table_bytes = 0;
    for (const auto& i : w.images)
        table_bytes += i->table != nullptr ? i->table->memory_bytes() : 0;
    if (table_bytes > 0) {
        w.notes.push_back("what every block holds is kept in " + std::to_string(table_bytes >> 10) +
                          " KiB of memory, " + std::to_string(sizeof(block_state)) + " bytes for " +
                          std::to_string(w.needs.table_block_bytes));
    }
    return {};
}

std::string mark_filled(world& w) {
    if (w.reads_only() || w.needs.zeroes) return {};
    for (const auto& i : w.images) {
        const int failed = rbd_metadata_set(i->handle, filled_key, fill_mark(w, *i).c_str());
        if (failed < 0)
            return explain("image " + path_of(w, i->name) + " cannot be marked", failed);
    }
    return {};
}

}  // namespace chopsticks::rbd
