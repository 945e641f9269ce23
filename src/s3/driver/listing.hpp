#pragma once
/// \file
/// What is known of a listing before it comes, and what has to change from page to page. No I/O.

#include <bitset>
#include <chopsticks/s3/protocol/failure.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/request_form.hpp>
#include <chopsticks/scenario/scenario.hpp>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// The objects that a group's listings cannot do without: its initial ones, if no task of the group
/// removes any. Constant.
class listing_floor {
  public:
    /// Nothing is known.
    listing_floor() = default;
    /// `there`: the initial objects are there before the load begins. They are in so many buckets,
    /// each in that of its number modulo `buckets`.
    listing_floor(const scenario::group& group, bool there, std::size_t buckets = 1);

    /// Keys that a whole listing of a bucket has at least: of everything, or of one of the 256
    /// directories.
    std::uint64_t least_keys(std::optional<unsigned> directory,
                             std::size_t bucket = 0) const noexcept {
        if (bucket >= floors_.size()) return 0;
        const floor& of = floors_[bucket];
        if (!directory) return of.objects;
        return of.filled[*directory] ? 1 : 0;
    }

    /// Entries that a whole one has at least that asks for this.
    std::uint64_t least_entries(const asked& what, std::size_t bucket = 0) const noexcept;

  private:
    struct floor {
        std::uint64_t objects = 0;
        std::bitset<256> filled;  // directories with an object at least
    };
    std::vector<floor> floors_;  // by bucket; empty: nothing is known
};

/// Notices a listing that will never end: one whose pages, or tokens, come round again, or that
/// shows nothing for thousands of pages. In constant memory: each page is held against the one
/// before it and against one that is remembered, and which one is moves on at each power of two
/// (Brent's way to find a cycle), so that a round of n pages is noticed before long. One object per
/// listing, or reset(); one core.
class listing_progress {
  public:
    /// Pages in a row without an entry. Services may send some, where they pass over what was
    /// deleted.
    static constexpr std::uint32_t most_empty_pages = 10'000;

    enum class found : std::uint8_t { goes_on, no_token, same_token, same_page, empty_pages };

    /// Of a page that is not the last one. `first_key`: of its first entry; empty when it has none,
    /// or where two pages may begin with the same. `version_token`: what belongs to the token.
    found page(std::string_view first_key, std::string_view token, std::uint64_t entries,
               std::string_view version_token = {}) noexcept;
    void reset() noexcept { *this = listing_progress(); }

  private:
    struct print {
        std::uint64_t token = 0;  // 0: no such page
        std::uint64_t key = 0;    // 0: it had no entry
    };

    std::uint64_t pages_ = 0;
    print last_;
    print remembered_;
    std::uint32_t empty_pages_ = 0;
};

/// What is wrong with a page, right in itself, that says that there is more. `least_keys`: of the
/// whole listing.
failure judge_going_on(listing_progress& progress, const list_scanner& page,
                       std::uint64_t least_keys);

/// What is wrong with a whole listing of so many keys; `at_least`: least_keys may be too few.
failure judge_whole(std::uint64_t keys, std::uint64_t least_keys, bool at_least);

}  // namespace chopsticks::s3
