// Making images.

#include <algorithm>
#include <bit>
#include <fstream>
#include <span>

#include "images.hpp"

namespace chopsticks::rbd {

namespace {

struct feature_name {
    const char* name;
    std::uint64_t bit;
};
constexpr feature_name feature_names[] = {
    {"layering", 1},   {"exclusive-lock", 4}, {"object-map", 8},
    {"fast-diff", 16}, {"deep-flatten", 32},  {"journaling", 64},
};

/// What images may also have, and nobody asks for by name.
constexpr feature_name other_features[] = {
    {"data-pool", 128}, {"operations", 256}, {"migrating", 512}, {"non-primary", 1024}};

/// Options of an image to be made; freed at the end.
class image_options {
  public:
    image_options() { rbd_image_options_create(&options_); }
    ~image_options() { rbd_image_options_destroy(options_); }
    image_options(const image_options&) = delete;
    image_options& operator=(const image_options&) = delete;

    std::string set_for(const settings& config) {
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

/// Sets the mark, and learns the id.
std::string mark_new(world& w, image& i, rados_ioctx_t pool) {
    rbd_image_t made = nullptr;
    int failed = rbd_open(pool, i.made_as.c_str(), &made, nullptr);
    if (failed < 0) {
        return explain("image " + path_of(w, i.made_as) + " cannot be opened", failed);
    }
    i.id = id_of(made);
    failed = set_mark(made, w.run_id, w.config.keep);
    rbd_close(made);
    if (failed >= 0) return {};
    return explain("image " + path_of(w, i.made_as) + " cannot be marked", failed);
}

/// As left_behind() tells of an image that is being renamed.
engine::leftover either_name(const world& w, const std::string& making, const std::string& name) {
    const std::string before = path_of(w, making);
    const std::string after = path_of(w, name);
    engine::leftover left;
    left.kind = "image";
    left.name = either_path(w, making, name);
    left.exact = false;
    // The second is this run's only where the first is not there.
    left.remove_with = "if rbd info " + before + " >/dev/null; then rbd rm " + before +
                       "; else rbd rm " + after + "; fi";
    return left;
}

}  // namespace

std::vector<std::string> features_of(rbd_image_t image) {
    std::vector<std::string> out;
    std::uint64_t bits = 0;
    if (rbd_get_features(image, &bits) < 0) return out;
    const auto take = [&](std::span<const feature_name> known) {
        for (const feature_name& f : known) {
            if ((bits & f.bit) != 0) out.emplace_back(f.name);
        }
    };
    take(feature_names);
    take(other_features);
    return out;
}

std::string either_path(const world& w, const std::string& making, const std::string& name) {
    return path_of(w, making) + " or " + path_of(w, name);
}

std::string make_one(world& w, image& i) {
    rados_ioctx_t pool = w.connections[i.connection].pool;
    image_options options;
    std::string problem = options.set_for(w.config);
    if (!problem.empty()) return problem;
    const bool clone = w.config.source == image_source::clone;
    const std::string parent = w.made_parent.empty() ? w.config.parent : w.made_parent;
    const std::string snapshot = w.config.snapshot.empty() ? "chopsticks" : w.config.snapshot;
    const std::string making = i.name + ".making." + w.run_id;
    const waiting_for wait(w.waits, "for image " + path_of(w, i.name) + " to be made",
                           w.config.operation_timeout_ns);
    i.made_as = making;
    engine::leftover unanswered = leftover_image(w, making);
    unanswered.exact = false;
    w.made.add(unanswered);
    // Looked at after that: whoever gives up looks at what is there after it.
    if (w.opens_no_more()) {
        i.made_as.clear();
        w.made.gone("image", path_of(w, making));
        return "given up";
    }
    int failed = clone ? rbd_clone3(pool, parent.c_str(), snapshot.c_str(), pool, making.c_str(),
                                    options.get())
                       : rbd_create4(pool, making.c_str(), w.config.image_bytes, options.get());
    if (failed < 0) {
        // Without an answer it may be there, or come to be.
        if (failed != -ETIMEDOUT) {
            i.made_as.clear();
            w.made.gone("image", path_of(w, making));
        }
        if (failed == -ENOENT && !w.config.data_pool.empty()) {
            return "the cluster has no pool \"" + w.config.data_pool +
                   "\" (data_pool), or no parent";
        }
        return explain("image " + path_of(w, i.name) + " cannot be made", failed);
    }
    w.made.certain("image", path_of(w, making), true);
    problem = mark_new(w, i, pool);
    if (!problem.empty()) return problem;
    const engine::leftover either = either_name(w, making, i.name);
    w.made.replace("image", path_of(w, making), either);
    failed = w.opens_no_more() ? -EINTR : rbd_rename(pool, making.c_str(), i.name.c_str());
    i.maybe_named = failed == -ETIMEDOUT;
    if (failed < 0 && !i.maybe_named) {
        w.made.replace("image", either.name, leftover_image(w, making));
    }
    if (failed == -EINTR) return "given up";
    if (failed == -EEXIST) {
        return "image " + path_of(w, i.name) +
               " came to be while this run was about to make it: another run uses the same prefix";
    }
    if (failed < 0) {
        return explain("image " + path_of(w, making) + " cannot be named " + i.name, failed);
    }
    i.made_as = i.name;
    if (w.config.keep) {
        w.made.gone("image", either.name);
    } else {
        w.made.replace("image", either.name, leftover_image(w, i.name));
    }
    i.made = true;
    bool missing = false;
    return open_one(w, i, missing);
}

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

}  // namespace chopsticks::rbd
