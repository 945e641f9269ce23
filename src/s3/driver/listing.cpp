#include "listing.hpp"

#include <chopsticks/s3/protocol/key.hpp>
#include <cstdio>
#include <functional>

namespace chopsticks::s3 {

namespace {

/// Never 0.
std::uint64_t print_of(std::string_view text) noexcept {
    return std::uint64_t{std::hash<std::string_view>{}(text)} | 1;
}

bool removes(const scenario::group& group) {
    // What a recording does is not known beforehand.
    if (group.open && group.open->replay) return true;
    for (const scenario::task& t : group.tasks) {
        for (const scenario::step& s : t.steps) {
            if (s.use == scenario::subject_use::remove) return true;
        }
    }
    return false;
}

}  // namespace

std::uint64_t listing_floor::least_entries(const asked& what, std::size_t bucket) const noexcept {
    if (what.behind_a_key || bucket >= floors_.size()) return 0;
    if (what.delimited && !what.one_directory) return floors_[bucket].filled.count();
    return least_keys(what.directory(), bucket);
}

listing_floor::listing_floor(const scenario::group& group, bool there, std::size_t buckets) {
    if (!there || removes(group)) return;
    floors_.resize(buckets);
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        floor& of = floors_[bucket];
        // Some 1,600 objects fill all directories.
        for (std::uint64_t i = bucket; i < group.data.objects && !of.filled.all(); i += buckets)
            of.filled.set(key_directory(i));
        of.objects = group.data.objects / buckets + (bucket < group.data.objects % buckets ? 1 : 0);
    }
}

listing_progress::found listing_progress::page(std::string_view first_key, std::string_view token,
                                               std::uint64_t entries,
                                               std::string_view version_token) noexcept {
    if (token.empty()) return found::no_token;
    empty_pages_ = entries == 0 ? empty_pages_ + 1 : 0;
    if (empty_pages_ > most_empty_pages) return found::empty_pages;
    const std::uint64_t place = print_of(token) ^ (print_of(version_token) << 1);
    const print here{place, first_key.empty() ? 0 : print_of(first_key)};
    for (const print& earlier : {last_, remembered_}) {
        if (here.token == earlier.token) return found::same_token;
        if (here.key != 0 && here.key == earlier.key) return found::same_page;
    }
    last_ = here;
    ++pages_;
    if ((pages_ & (pages_ - 1)) == 0) remembered_ = here;
    return found::goes_on;
}

failure judge_going_on(listing_progress& progress, const list_scanner& page,
                       std::uint64_t least_keys) {
    failure out;
    const std::uint64_t entries = page.entries();
    // A key may have more versions than a page.
    const bool by_version = page.kind() == list_kind::versions;
    const std::string_view first_key = by_version ? std::string_view() : page.first_key();
    // A run that asks for one page only would never see the end of such a listing.
    if (entries == 0 && least_keys > 0) {
        out.set(op_status::bad_response, "EmptyPage",
                "a page without a key that says there is more, where objects are that nobody "
                "removes");
        return out;
    }
    using found = listing_progress::found;
    switch (progress.page(first_key, page.token(), entries, page.version_token())) {
        case found::goes_on:
            break;
        case found::no_token:
            out.set(op_status::bad_response, "NoToken",
                    "the listing goes on, but does not say with what to ask (no token or marker)");
            break;
        case found::same_token:
            out.set(op_status::bad_response, "SameToken",
                    "the listing names a token or marker again: it would never end");
            break;
        case found::same_page:
            out.set(op_status::bad_response, "SamePage",
                    "the listing shows the same keys again: it would never end");
            break;
        case found::empty_pages:
            out.set(op_status::bad_response, "EmptyPages",
                    "the listing goes on for thousands of pages without a key");
            break;
    }
    return out;
}

failure judge_whole(std::uint64_t keys, std::uint64_t least_keys, bool at_least) {
    failure out;
    if (keys >= least_keys) return out;
    char text[sizeof out.text];
    std::snprintf(text, sizeof text,
                  "a whole listing of %llu keys where %s%llu objects are that nobody removes",
                  static_cast<unsigned long long>(keys), at_least ? "at least " : "",
                  static_cast<unsigned long long>(least_keys));
    out.set(op_status::bad_response, keys == 0 ? "EmptyListing" : "ShortListing", text);
    return out;
}

}  // namespace chopsticks::s3
