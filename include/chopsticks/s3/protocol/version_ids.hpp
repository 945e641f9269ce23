#pragma once
/// \file
/// Names of the versions that a core has made of its objects, for requests that name one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// Remembers the last versions of the objects seen last (a fixed table in which a newer object
/// takes an older one's place). Nothing allocates but keep(). Belongs to its core, as objects do.
class version_ids {
  public:
    static constexpr std::size_t places = 16 * 1024;
    static constexpr std::size_t depth = 4;
    /// Longer names are not remembered. AWS and RGW have 32.
    static constexpr std::size_t most_bytes = 64;

    struct named {
        std::uint32_t version = 0;  ///< of the content
        std::uint16_t readers = 0;
        std::uint8_t size = 0;
        char text[most_bytes];

        std::string_view view() const noexcept { return {text, size}; }
    };

    /// From now on; allocates. Before that nothing is remembered.
    void keep() { entries_.resize(places); }
    bool keeps() const noexcept { return !entries_.empty(); }

    /// The object has a new version, its latest.
    void note(std::uint64_t object, std::uint32_t version, std::string_view id) noexcept {
        if (!keeps() || id.empty() || id.size() > most_bytes) return;
        entry& e = entries_[object % places];
        if (e.object != object) e = entry{.object = object};
        if (e.count == depth) drop(e, 0);
        named& made = e.all[e.count++];
        made.version = version;
        made.readers = 0;
        made.size = static_cast<std::uint8_t>(id.copy(made.text, id.size()));
    }
    /// The oldest, which is the latest where no other is remembered, with one reader more. False:
    /// none is.
    bool begin_read(std::uint64_t object, named& out) noexcept {
        entry* const e = find(object);
        if (e == nullptr) return false;
        ++e->all[0].readers;
        out = e->all[0];
        return true;
    }
    void end_read(std::uint64_t object, const named& what) noexcept {
        entry* const e = find(object);
        if (e == nullptr) return;
        for (std::size_t i = 0; i < e->count; ++i) {
            if (e->all[i].view() == what.view() && e->all[i].readers > 0) --e->all[i].readers;
        }
    }
    /// Takes out the oldest that nobody reads and that is not the latest. False: there is none.
    bool take_earlier(std::uint64_t object, named& out) noexcept {
        entry* const e = find(object);
        for (std::size_t i = 0; e != nullptr && i + 1 < e->count; ++i) {
            if (e->all[i].readers > 0) continue;
            out = e->all[i];
            drop(*e, i);
            return true;
        }
        return false;
    }
    /// Takes out the oldest, whatever it is. False: none is remembered.
    bool take_any(std::uint64_t object, named& out) noexcept {
        entry* const e = find(object);
        if (e == nullptr) return false;
        out = e->all[0];
        drop(*e, 0);
        return true;
    }

  private:
    struct entry {
        std::uint64_t object = ~0ULL;
        std::size_t count = 0;
        named all[depth] = {};  // from the oldest on
    };
    static void drop(entry& e, std::size_t at) noexcept {
        std::copy(e.all + at + 1, e.all + e.count, e.all + at);
        --e.count;
    }
    /// Null: nothing is remembered of it.
    entry* find(std::uint64_t object) noexcept {
        if (!keeps()) return nullptr;
        entry& e = entries_[object % places];
        return e.object == object && e.count > 0 ? &e : nullptr;
    }

    std::vector<entry> entries_;
};

}  // namespace chopsticks::s3
