// How much of an image was ever written.

#include <algorithm>
#include <chopsticks/core/units.hpp>

#include "images.hpp"

namespace chopsticks::rbd {

namespace {

/// Without fast-diff each object is asked for by itself.
constexpr std::uint64_t objects_asked = 4096;

int add_extent(std::uint64_t /*offset*/, std::size_t bytes, int exists, void* sum) {
    if (exists != 0) *static_cast<std::uint64_t*>(sum) += bytes;
    return 0;
}

std::optional<std::uint64_t> written_of(rbd_image_t image, std::uint64_t bytes) {
    constexpr std::uint64_t fast_diff = 16;
    constexpr std::uint64_t invalid = 1 | 2;  // its object map, its fast-diff
    std::uint64_t features = 0;
    std::uint64_t flags = 0;
    rbd_image_info_t info{};
    if (rbd_get_features(image, &features) < 0 || rbd_get_flags(image, &flags) < 0 ||
        rbd_stat(image, &info, sizeof info) < 0) {
        return std::nullopt;
    }
    const bool cheap = (features & fast_diff) != 0 && (flags & invalid) == 0;
    if (!cheap && bytes / std::max<std::uint64_t>(info.obj_size, 1) > objects_asked) {
        return std::nullopt;
    }
    std::uint64_t written = 0;
    // A clone's parent is read where the clone has nothing of its own.
    if (rbd_diff_iterate2(image, nullptr, 0, bytes, 1, 1, add_extent, &written) < 0) {
        return std::nullopt;
    }
    return std::min(written, bytes);
}

}  // namespace

void look_for_holes(world& w, image& i) {
    if (!w.needs.reads) return;
    const std::uint64_t extent = w.blocks.extent_bytes;
    const std::uint64_t used = extent == 0 ? i.bytes : std::min(extent, i.bytes);
    const waiting_for wait(w.waits, "for what of image " + path_of(w, i.name) + " was written",
                           w.config.operation_timeout_ns);
    i.written_bytes = written_of(i.handle, used);
    if (i.written_bytes && *i.written_bytes >= used) return;
    std::string share = "how much of it was ever written is not known";
    if (i.written_bytes) {
        share = "of the " + format_size(used) + " that the load uses, " +
                (*i.written_bytes == 0 ? std::string("nothing was")
                                       : "at most " + format_size(*i.written_bytes) + " were") +
                " ever written";
    }
    w.warnings.push_back("image " + path_of(w, i.name) + ": " + share +
                         "; reads of blocks that were never written cost the cluster nothing, "
                         "and the figures are not those of data");
}

}  // namespace chopsticks::rbd
