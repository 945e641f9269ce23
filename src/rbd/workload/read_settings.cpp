#include "read_settings.hpp"

#include <algorithm>
#include <chopsticks/rbd/workload.hpp>

namespace chopsticks::rbd {

namespace {

using ceph::name_text;
using ceph::path_text;
using scenario::field;
using scenario::map_reader;

constexpr std::uint32_t max_images = 100'000;
/// What librbd takes for objects: orders 12 to 25.
constexpr std::uint64_t object_least = 1ULL << 12;
constexpr std::uint64_t object_most = 1ULL << 25;

void read_images(map_reader& m, settings& out) {
    const auto images = m.find("images");
    const auto prefix = m.find("prefix");
    const auto count = m.find("count");
    if (images && (prefix || count)) {
        images->refuse("stands beside `" + std::string(prefix ? "prefix" : "count") + "`",
                       "name the images, or give a prefix and a count");
    }
    if (prefix) out.prefix = name_text(*prefix);
    if (count) out.count = count->count32(1, max_images);
    if (!images) return;
    for (const field& f : images->list("write [image1, image2]")) {
        std::string name = name_text(f);
        if (std::find(out.images.begin(), out.images.end(), name) != out.images.end()) {
            f.refuse("is listed twice", "remove one");
        }
        out.images.push_back(std::move(name));
    }
    if (out.images.empty()) images->refuse("is empty", "");
    if (out.images.size() > max_images) images->refuse("has more than 100000 items", "");
}

void read_features(const field& f, settings& out) {
    out.features.emplace();
    for (const field& item : f.list("write [layering, exclusive-lock, object-map]")) {
        const std::vector<std::string_view> known = {"layering",  "exclusive-lock", "object-map",
                                                     "fast-diff", "deep-flatten",   "journaling"};
        out.features->emplace_back(known[item.word(known)]);
    }
}

/// What the library refuses with no more than "Invalid argument".
void check_features(const field& f, const settings& config) {
    const std::vector<std::string>& given = *config.features;
    const auto has = [&](std::string_view name) {
        return std::find(given.begin(), given.end(), name) != given.end();
    };
    const std::pair<std::string, std::string> needs[] = {
        {"object-map", "exclusive-lock"},
        {"fast-diff", "object-map"},
        {"journaling", "exclusive-lock"},
    };
    for (const auto& [feature, needed] : needs) {
        if (!has(feature) || has(needed)) continue;
        f.refuse("has `" + feature + "` without `" + needed + "`, which it needs",
                 "add `" + needed + "`");
    }
    if (config.source == image_source::clone && !has("layering")) {
        f.refuse("is without `layering`, which `source: clone` needs", "add `layering`");
    }
}

void read_connections(const field& f, settings& out) {
    if (f.raw().is_map()) {
        map_reader m(f, "write {per_images: 8}");
        const auto n = m.require("per_images", "write {per_images: 8}");
        out.images_per_connection = n.count32(1, max_images);
        out.connections = connection_sharing::per_images;
        m.finish();
        return;
    }
    out.connections = f.word({"per_core", "shared"}) == 0 ? connection_sharing::per_core
                                                          : connection_sharing::shared;
}

void read_source(map_reader& m, settings& out) {
    const auto source = m.find("source");
    const auto parent = m.find("parent");
    const auto snapshot = m.find("snapshot");
    if (source)
        out.source = static_cast<image_source>(source->word({"plain", "snapshot", "clone"}));
    if (parent) out.parent = name_text(*parent);
    if (snapshot) out.snapshot = name_text(*snapshot);
    if (parent && out.source != image_source::clone) {
        parent->refuse("is of clones", "add `source: clone`, or remove it");
    }
    if (snapshot && out.source == image_source::plain) {
        snapshot->refuse("says nothing about a plain image",
                         "add `source: snapshot` or `source: clone`, or remove it");
    }
    if (out.source == image_source::snapshot && !snapshot) {
        source->refuse("is snapshot, but `snapshot` is missing", "name the snapshot");
    }
    if (out.source == image_source::clone && parent && !snapshot) {
        parent->refuse("needs a `snapshot` to clone", "name the parent's snapshot");
    }
    if (out.source == image_source::clone && snapshot && !parent) {
        snapshot->refuse("is of no `parent`",
                         "name the image to clone, or remove it and the run makes one");
    }
}

}  // namespace

std::unique_ptr<scenario::workload_settings> read_settings(
    const scenario::catalogue::settings_source& from) {
    auto read = std::make_unique<settings>();
    settings& out = *read;
    map_reader& m = from.keys;
    if (const auto d = m.find("driver")) out.driver = ceph::driver_text(*d, describe_workload());
    ceph::read_access(m, out);
    if (const auto p = m.find("pool")) out.pool = name_text(*p);
    if (const auto n = m.find("namespace")) out.name_space = name_text(*n);
    if (const auto p = m.find("data_pool")) out.data_pool = name_text(*p);
    read_images(m, out);
    if (const auto s = m.find("size")) out.image_bytes = s->size(512);
    if (const auto s = m.find("object_size")) {
        out.object_bytes = s->size();
        const std::uint64_t n = out.object_bytes;
        if (n < object_least || n > object_most || (n & (n - 1)) != 0) {
            s->refuse("must be a power of two from 4KiB to 32MiB, not " + s->raw().found(),
                      "the default is 4MiB");
        }
    }
    if (const auto l = m.find("features")) read_features(*l, out);
    if (const auto b = m.find("create")) out.create = b->boolean();
    if (const auto b = m.find("keep")) out.keep = b->boolean();
    const auto read_only = m.find("read_only");
    if (read_only) out.read_only = read_only->boolean();
    if (const auto b = m.find("overwrite_existing")) out.overwrite_existing = b->boolean();
    read_source(m, out);
    if (out.features) check_features(*m.find("features"), out);
    if (read_only && out.read_only && out.source == image_source::clone) {
        read_only->refuse("stands beside `source: clone`",
                          "clones are made by the run, to be written; remove one of them");
    }
    const auto encryption = m.find("encryption");
    const auto passphrase = m.find("passphrase_file");
    if (encryption) out.encryption = encryption->word({"luks1", "luks2"}) == 0 ? "luks1" : "luks2";
    if (passphrase) out.passphrase_file = path_text(*passphrase);
    if (encryption && !passphrase) {
        encryption->refuse("needs a `passphrase_file`", "name the file that holds the passphrase");
    }
    if (passphrase && !encryption) {
        passphrase->refuse("is given without `encryption`", "add `encryption: luks2`");
    }
    if (const auto c = m.find("connections")) read_connections(*c, out);
    if (const auto c = m.find("completion")) {
        out.completion = c->word({"callback", "eventfd"}) == 0 ? completion_way::callback
                                                               : completion_way::eventfd;
    }
    if (const auto c = m.find("cache")) out.cache = c->boolean();
    return read;
}

}  // namespace chopsticks::rbd
