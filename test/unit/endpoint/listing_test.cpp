#include "listing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/core/random.hpp>
#include <set>
#include <vector>

using namespace chopsticks;
using namespace chopsticks::endpoint;

namespace {

struct page {
    std::vector<std::string> entries;  // keys and common prefixes, in order
    std::optional<std::string> next;
};

page by_walk(const std::set<std::string>& keys, const list_query& query) {
    page out;
    out.next = walk(
        query, keys.end(),
        [&](std::string_view from) { return keys.lower_bound(std::string(from)); },
        [](auto at) { return std::string_view(*at); }, [](auto at) { return !at->ends_with('!'); },
        [&](auto at) { out.entries.push_back("k " + *at); },
        [&](std::string_view prefix) { out.entries.push_back("p " + std::string(prefix)); });
    return out;
}

/// The definition, written down without any thought of speed.
page by_definition(const std::set<std::string>& keys, const list_query& query) {
    std::vector<std::pair<std::string, bool>> all;  // entry, is a prefix
    for (const std::string& key : keys) {
        if (!key.starts_with(query.prefix)) continue;
        const std::size_t at = query.delimiter.empty()
                                   ? std::string::npos
                                   : key.find(query.delimiter, query.prefix.size());
        const bool rolled = at != std::string::npos;
        const std::string entry = rolled ? key.substr(0, at + query.delimiter.size()) : key;
        // A prefix that an earlier page ended with is told; otherwise a key counts if it is after.
        if (rolled ? entry == query.after || key <= query.after : key <= query.after) continue;
        if (all.empty() || all.back().first != entry || !rolled) all.emplace_back(entry, rolled);
    }
    page out;
    for (std::size_t i = 0; i < all.size() && i < query.max_keys; ++i) {
        out.entries.push_back((all[i].second ? "p " : "k ") + all[i].first);
    }
    if (all.size() > query.max_keys && query.max_keys > 0) out.next = all[query.max_keys - 1].first;
    return out;
}

std::string random_key(random_stream& random) {
    static constexpr std::string_view letters = "ab/\xff-";
    std::string out;
    for (std::uint64_t n = random.below(6) + 1; n > 0; --n) {
        out += letters[random.below(letters.size())];
    }
    return out;
}

}  // namespace

TEST_CASE("listing_random_sets_match_the_definition") {
    random_stream random(1);
    std::size_t truncated = 0;
    for (int round = 0; round < 3000; ++round) {
        std::set<std::string> keys;
        for (std::uint64_t n = random.below(40); n > 0; --n)
            keys.insert(random_key(random));
        list_query query;
        if (random.below(2) == 0) query.prefix = random_key(random).substr(0, random.below(4));
        switch (random.below(4)) {
            case 0:
                query.delimiter = "/";
                break;
            case 1:
                query.delimiter = "a";
                break;
            case 2:
                query.delimiter = "//";
                break;
            default:
                break;
        }
        if (random.below(3) == 0) query.after = random_key(random);
        query.max_keys = random.below(8);
        // Page after page to the end.
        for (int pages = 0;; ++pages) {
            REQUIRE(pages < 100);
            const page got = by_walk(keys, query);
            const page expected = by_definition(keys, query);
            REQUIRE(got.entries == expected.entries);
            REQUIRE(got.next == expected.next);
            if (!got.next) break;
            ++truncated;
            query.after = *got.next;
        }
    }
    CHECK(truncated > 1000);
}

TEST_CASE("listing_pages_of_any_size_add_up_to_the_whole") {
    random_stream random(2);
    for (int round = 0; round < 300; ++round) {
        std::set<std::string> keys;
        for (int n = 0; n < 60; ++n)
            keys.insert(random_key(random));
        list_query query;
        query.delimiter = round % 2 == 0 ? "/" : "";
        const page whole = by_walk(keys, query);
        CHECK_FALSE(whole.next.has_value());
        for (query.max_keys = 1; query.max_keys < 9; ++query.max_keys) {
            query.after.clear();
            std::vector<std::string> entries;
            for (;;) {
                const page got = by_walk(keys, query);
                entries.insert(entries.end(), got.entries.begin(), got.entries.end());
                if (!got.next) break;
                query.after = *got.next;
            }
            REQUIRE(entries == whole.entries);
        }
    }
}

TEST_CASE("after_prefix_is_beyond_all_that_begin_with_it") {
    CHECK(after_prefix("a/") == "a0");
    CHECK(after_prefix(std::string("a\xff\xff")) == "b");
    CHECK_FALSE(after_prefix("\xff").has_value());
    CHECK_FALSE(after_prefix("").has_value());
}
