#pragma once
// The rules of a listing, apart from where the keys are kept.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chopsticks::endpoint {

struct list_query {
    std::string prefix;
    std::string delimiter;  ///< empty: none
    /// Only what comes after: a key, or a common prefix of an earlier page.
    std::string after;
    std::size_t max_keys = 1000;
};

/// The common prefix `key` is rolled up into, if any.
std::optional<std::string_view> common_prefix(const list_query& query,
                                              std::string_view key) noexcept;

/// The smallest string greater than all strings that begin with `prefix`; nothing if there is none.
std::optional<std::string> after_prefix(std::string_view prefix);

/// Where to start: the first key of interest is the smallest one not less than `from`.
/// Nothing: there is no such key.
std::optional<std::string> first_key(const list_query& query);

/// Walks keys in order. `Lower(std::string_view from)` gives an iterator to the first key not less
/// than `from`, `Key(iterator)` its key, `Shown(iterator)` whether it is to be told at all;
/// `on_key(iterator)` and `on_prefix(std::string_view)` get what belongs to the page, in order.
/// Returns the last entry if there is more after it, the continuation; otherwise nothing.
template <typename Iterator, typename Lower, typename Key, typename Shown, typename OnKey,
          typename OnPrefix>
std::optional<std::string> walk(const list_query& query, Iterator end, Lower lower, Key key,
                                Shown shown, OnKey on_key, OnPrefix on_prefix) {
    const auto from = first_key(query);
    if (!from || query.max_keys == 0) return std::nullopt;
    std::size_t count = 0;
    std::string last;
    Iterator at = lower(*from);
    while (at != end) {
        const std::string_view k = key(at);
        if (k.substr(0, query.prefix.size()) != query.prefix) break;
        if (!shown(at)) {
            ++at;
            continue;
        }
        const auto rolled = common_prefix(query, k);
        if (count == query.max_keys) return last;
        if (!rolled) {
            on_key(at);
            last = k;
            ++count;
            ++at;
            continue;
        }
        last = *rolled;
        on_prefix(std::string_view(last));
        ++count;
        const auto next = after_prefix(last);
        if (!next) break;
        at = lower(*next);
    }
    return std::nullopt;
}

}  // namespace chopsticks::endpoint
