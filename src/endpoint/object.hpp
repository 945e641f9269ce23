#pragma once
// An object, or one version of it, and all that belongs to it. Plain values.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access.hpp"
#include "checksum.hpp"
#include "encryption.hpp"
#include "memory.hpp"
#include "object_lock.hpp"

namespace chopsticks::endpoint {

/// What comes back with an object as it was given.
struct metadata {
    std::string content_type;
    /// x-amz-meta-*, Cache-Control and their like; names in lower case.
    std::vector<std::pair<std::string, std::string>> fields;
};

using tag_set = std::vector<std::pair<std::string, std::string>>;

/// One of the parts an object was uploaded in.
struct part_facts {
    int number = 0;
    std::uint64_t size = 0;
    std::string sum;  ///< base64; empty: the upload had no checksums
};

/// How names of versions are told: the version that a bucket without versions makes is "null".
constexpr std::string_view null_version = "null";

struct object_state {
    std::string key;
    body content;
    std::string etag;  ///< without quotes
    std::int64_t modified_ns = 0;
    metadata meta;
    std::optional<checksum> sum;
    std::vector<part_facts> parts;  ///< empty: was put in one piece
    tag_set tags;
    std::string storage_class;  ///< empty: STANDARD
    object_lock lock;
    std::shared_ptr<const access_list> access;  ///< null: private to the bucket's owner
    encryption_ref sealed;                      ///< null: not encrypted
    std::uint32_t appends = 0;  ///< times that something was appended; 0: it is none of appends
    std::string version;        ///< empty: the null version
    bool is_marker = false;     ///< a delete marker, which has no content

    std::string_view version_name() const noexcept {
        return version.empty() ? null_version : std::string_view(version);
    }
    std::string_view storage_class_name() const noexcept {
        return storage_class.empty() ? std::string_view("STANDARD") : storage_class;
    }
};

/// Never changed once it is in a bucket: what changes a part of it replaces the whole.
struct object : object_state {
    reservation charge;  ///< for all but the content, which is charged in its blocks
    /// The version before; kept for the `stale` fault only, and one deep.
    std::shared_ptr<const object> previous;
};

/// What an object without content counts for: itself, its key and metadata, and its place in the
/// maps.
std::uint64_t overhead_bytes(const object_state& o) noexcept;

/// A name that nobody can guess from those before it: 32 hexadecimal digits. Any thread.
std::string opaque_id();

/// Whether text looks like one of those.
bool is_opaque_id(std::string_view text) noexcept;

}  // namespace chopsticks::endpoint
