#pragma once
// What the endpoint can be asked to do, as counters and fault rules name it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chopsticks::endpoint {

enum class op_kind : std::uint8_t {
    list_buckets,
    create_bucket,
    head_bucket,
    delete_bucket,
    get_location,
    list,
    get,
    put,
    head,
    remove,
    copy,
    delete_objects,
    create_upload,
    upload_part,
    complete_upload,
    abort_upload,
    list_parts,
    list_uploads,
    list_versions,
    other,  ///< sub-resources without effect, and what is refused
};

constexpr std::array<std::string_view, 20> op_names = {
    "list_buckets",  "create_bucket", "head_bucket",
    "delete_bucket", "get_location",  "list",
    "get",           "put",           "head",
    "delete",        "copy",          "delete_objects",
    "create_upload", "upload_part",   "complete_upload",
    "abort_upload",  "list_parts",    "list_uploads",
    "list_versions", "other",
};
static_assert(op_names.size() == static_cast<std::size_t>(op_kind::other) + 1);

constexpr std::string_view name(op_kind op) noexcept {
    return op_names[static_cast<std::size_t>(op)];
}

}  // namespace chopsticks::endpoint
