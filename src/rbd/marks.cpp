// What images say of themselves: metadata, which copies and clones of an image carry along, and
// the id, which they do not.

#include <array>
#include <sstream>

#include "images.hpp"

namespace chopsticks::rbd {

std::string metadata(rbd_image_t image, const char* key) {
    std::array<char, 1024> value{};
    std::size_t size = value.size() - 1;
    if (rbd_metadata_get(image, key, value.data(), &size) < 0) return {};
    return value.data();
}

std::string id_of(rbd_image_t image) {
    std::array<char, 128> id{};
    if (rbd_get_id(image, id.data(), id.size()) < 0) return {};
    return id.data();
}

int set_mark(rbd_image_t image, const std::string& run_id, bool keep) {
    const std::string id = id_of(image);
    if (id.empty()) return -ENODATA;
    // The mark comes last: where it is, all that goes with it is.
    int failed = rbd_metadata_set(image, marked_key, id.c_str());
    // That of a clone may be its parent's.
    if (failed >= 0 && !keep) failed = rbd_metadata_remove(image, keep_key);
    if (failed == -ENOENT) failed = 0;
    if (failed >= 0 && keep) failed = rbd_metadata_set(image, keep_key, "true");
    if (failed >= 0) failed = rbd_metadata_set(image, run_key, run_id.c_str());
    return failed;
}

image_mark mark_of(rbd_image_t image) {
    image_mark mark;
    mark.run_id = metadata(image, run_key);
    if (mark.run_id.empty()) return mark;
    const std::string marked = metadata(image, marked_key);
    if (marked.empty()) {
        mark.whose = mark_proof::unbound;
    } else {
        mark.whose = marked == id_of(image) ? mark_proof::own : mark_proof::copied;
    }
    return mark;
}

bool made_by_us(rbd_image_t image) {
    return mark_of(image).whose == mark_proof::own;
}

std::string fill_mark(const world& w, const image& i) {
    std::ostringstream text;
    const std::uint64_t extent = w.blocks.extent_bytes == 0 ? i.bytes : w.blocks.extent_bytes;
    text << "bytes=" << std::min(extent, i.bytes)
         << " verify_bytes=" << (w.needs.table_block_bytes != 0 ? w.needs.table_block_bytes : 0)
         << " compression=" << w.blocks.content.compression_ratio
         << " image=" << i.id;  // A copy has another id, and its blocks are another image's.
    return text.str();
}

}  // namespace chopsticks::rbd
