#include "listing.hpp"

namespace chopsticks::endpoint {

std::optional<std::string_view> common_prefix(const list_query& query,
                                              std::string_view key) noexcept {
    if (query.delimiter.empty()) return std::nullopt;
    const std::size_t at = key.find(query.delimiter, query.prefix.size());
    if (at == std::string_view::npos) return std::nullopt;
    return key.substr(0, at + query.delimiter.size());
}

std::optional<std::string> after_prefix(std::string_view prefix) {
    std::string next(prefix);
    while (!next.empty() && static_cast<unsigned char>(next.back()) == 0xff)
        next.pop_back();
    if (next.empty()) return std::nullopt;
    next.back() = static_cast<char>(static_cast<unsigned char>(next.back()) + 1);
    return next;
}

std::optional<std::string> first_key(const list_query& query) {
    if (query.after.empty() || query.after < query.prefix) return query.prefix;
    // An earlier page may have ended with a common prefix; its keys all come after it and are told.
    if (query.after.starts_with(query.prefix) && common_prefix(query, query.after) == query.after) {
        return after_prefix(query.after);
    }
    return query.after + '\0';
}

}  // namespace chopsticks::endpoint
