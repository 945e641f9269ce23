#include "store.hpp"

#include <algorithm>
#include <mutex>

namespace chopsticks::endpoint {

namespace {

constexpr auto unordered = std::memory_order_relaxed;

bool digits_and_dots(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

s3_code store::create(bucket_facts facts) {
    if (!valid_bucket_name(facts.name)) return s3_code::invalid_bucket_name;
    const std::lock_guard lock(mutex_);
    const auto [at, added] = buckets_.try_emplace(facts.name, nullptr);
    if (!added) {
        return at->second->facts().owner == facts.owner ? s3_code::bucket_already_owned_by_you
                                                        : s3_code::bucket_already_exists;
    }
    at->second = std::make_shared<bucket>(std::move(facts), figures_, memory_);
    figures_.buckets.fetch_add(1, unordered);
    return s3_code::none;
}

s3_code store::remove(std::string_view name) {
    std::shared_ptr<bucket> gone;
    const std::lock_guard lock(mutex_);
    const auto found = buckets_.find(name);
    if (found == buckets_.end()) return s3_code::no_such_bucket;
    if (!found->second->close()) return s3_code::bucket_not_empty;
    gone = found->second;
    buckets_.erase(found);
    figures_.buckets.fetch_sub(1, unordered);
    return s3_code::none;
}

std::shared_ptr<bucket> store::find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = buckets_.find(name);
    return found == buckets_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<bucket>> store::buckets() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::shared_ptr<bucket>> out;
    out.reserve(buckets_.size());
    for (const auto& [name, b] : buckets_)
        out.push_back(b);
    return out;
}

bool valid_bucket_name(std::string_view name) noexcept {
    if (name.size() < 3 || name.size() > 63) return false;
    const auto letter_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (!letter_or_digit(c) && c != '-' && c != '.') return false;
        if (c == '.' && i > 0 && !letter_or_digit(name[i - 1])) return false;
        if (c != '.' && i > 0 && name[i - 1] == '.' && !letter_or_digit(c)) return false;
    }
    if (!letter_or_digit(name.front()) || !letter_or_digit(name.back())) return false;
    // Four numbers would be taken for an address.
    return !digits_and_dots(name) || std::count(name.begin(), name.end(), '.') != 3;
}

}  // namespace chopsticks::endpoint
