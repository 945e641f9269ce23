#pragma once
// The versions of one key, and the pages in which those of a bucket are told.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object.hpp"

namespace chopsticks::endpoint {

enum class versioning : std::uint8_t {
    never,      ///< a put replaces, a delete removes
    enabled,    ///< a put adds a version, a delete hides them
    suspended,  ///< a put replaces the null version only, a delete hides the others
};

/// From the oldest to the latest; at most one is the null version. Whoever has it locks.
class version_stack {
  public:
    using pointer = std::shared_ptr<const object>;

    bool empty() const noexcept { return !latest_; }

    /// Null: there is none.
    const pointer& latest() const noexcept { return latest_; }

    /// By version_name; null: there is none.
    pointer find(std::string_view version) const;

    void push(pointer made);

    /// Takes one out; null: there is none.
    pointer take(std::string_view version);

    /// Puts `changed` in the place of the version of the same name; what was there.
    pointer replace(pointer changed);

    /// From the latest to the oldest, those behind `after` (a version_name; empty: all).
    std::vector<pointer> list(std::string_view after) const;

  private:
    pointer latest_;              // of most keys the only one
    std::vector<pointer> older_;  // the oldest first
};

struct version_query {
    std::string prefix;
    std::string delimiter;
    std::string after_key;
    std::string after_version;  ///< only what comes behind this one of after_key; empty: all of it
    std::size_t max_keys = 1000;
};

/// A version, or a common prefix.
struct version_entry {
    std::shared_ptr<const object> version;  ///< null: a prefix
    bool is_latest = false;
    std::string prefix;
};

struct version_page {
    std::vector<version_entry> entries;  ///< in the order of keys, of each the latest first
    bool is_truncated = false;
    std::string next_key;      ///< if truncated
    std::string next_version;  ///< empty: next_key is done with
};

}  // namespace chopsticks::endpoint
