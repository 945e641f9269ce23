#include "object.hpp"

#include <algorithm>
#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>

#include "digest.hpp"

namespace chopsticks::endpoint {

std::uint64_t overhead_bytes(const object_state& o) noexcept {
    // Three tree or hash nodes with their shared_ptr control blocks.
    constexpr std::uint64_t nodes = 256;
    std::uint64_t bytes = sizeof(object) + nodes + 2 * o.key.size() + o.meta.content_type.size();
    for (const auto& [name, value] : o.meta.fields)
        bytes += name.size() + value.size();
    for (const auto& [name, value] : o.tags)
        bytes += sizeof(tag_set::value_type) + name.size() + value.size();
    if (o.sealed) {
        bytes += sizeof(encryption) + o.sealed->key_id.size() + o.sealed->key_md5.size();
    }
    if (o.access) bytes += sizeof(access_list) + o.access->grants.size() * sizeof(grant);
    // Each append adds a slice, however small.
    if (o.appends > 0) bytes += o.content.slices.size() * sizeof(slice);
    return bytes + o.parts.size() * sizeof(part_facts);
}

std::string opaque_id() {
    static std::atomic<std::uint64_t> next{0};
    const std::uint64_t number = next.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t id[2] = {mix64(number, static_cast<std::uint64_t>(wall_ns())),
                                 mix64(number)};
    return to_hex(std::string_view(reinterpret_cast<const char*>(id), sizeof id));
}

bool is_opaque_id(std::string_view text) noexcept {
    return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

}  // namespace chopsticks::endpoint
