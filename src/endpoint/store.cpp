#include "store.hpp"

#include <algorithm>
#include <functional>

#include "digest.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr auto unordered = std::memory_order_relaxed;

bool digits_and_dots(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

s3_code check(const put_condition& condition, const object* current) {
    if (condition.if_none_match == "*" && current != nullptr) return s3_code::precondition_failed;
    if (!condition.if_match.empty()) {
        if (current == nullptr) return s3_code::no_such_key;
        if (condition.if_match != "*" && condition.if_match != current->etag) {
            return s3_code::precondition_failed;
        }
    }
    return s3_code::none;
}

/// A version without the one before it, so that a chain of overwrites does not keep them all.
std::shared_ptr<const object> without_previous(const std::shared_ptr<const object>& o) {
    if (!o->previous) return o;
    auto copy = std::make_shared<object>();
    copy->key = o->key;
    copy->content = o->content;
    copy->etag = o->etag;
    copy->modified_ns = o->modified_ns;
    copy->meta = o->meta;
    return copy;
}

}  // namespace

std::uint64_t overhead_bytes(std::string_view key, const metadata& meta) noexcept {
    // Three tree or hash nodes with their shared_ptr control blocks.
    constexpr std::uint64_t nodes = 256;
    std::uint64_t bytes = sizeof(object) + nodes + 2 * key.size() + meta.content_type.size();
    for (const auto& [name, value] : meta.fields)
        bytes += name.size() + value.size();
    return bytes;
}

bucket::~bucket() {
    for (const shard& s : shards_) {
        for (const auto& [key, e] : s.entries) {
            figures_.objects.fetch_sub(1, unordered);
            figures_.object_bytes.fetch_sub(e->current->content.size, unordered);
        }
    }
    figures_.uploads.fetch_sub(uploads_.size(), unordered);
}

const bucket::shard& bucket::shard_of(std::string_view key) const noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shard_count];
}

bucket::shard& bucket::shard_of(std::string_view key) noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shard_count];
}

std::shared_ptr<const object> bucket::get(std::string_view key) const {
    const shard& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(key);
    return found == s.entries.end() ? nullptr : found->second->current;
}

s3_code bucket::put(std::shared_ptr<object> made, const put_condition& condition,
                    bool keep_previous) {
    std::shared_ptr<const object> old;  // destroyed after the lock is given back
    shard& s = shard_of(made->key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(made->key);
    const bool known = found != s.entries.end();
    const s3_code refusal = check(condition, known ? found->second->current.get() : nullptr);
    if (refusal != s3_code::none) return refusal;
    const std::uint64_t bytes = made->content.size;
    if (known) {
        entry& e = *found->second;
        if (keep_previous) made->previous = without_previous(e.current);
        old = std::exchange(e.current, std::move(made));
        figures_.object_bytes.fetch_sub(old->content.size, unordered);
    } else {
        auto e = std::make_shared<entry>(made->key);
        e->current = std::move(made);
        const std::lock_guard index_lock(index_mutex_);
        if (closed_) return s3_code::no_such_bucket;
        index_.insert(e);
        s.entries.emplace(e->key, e);
        figures_.objects.fetch_add(1, unordered);
    }
    figures_.object_bytes.fetch_add(bytes, unordered);
    return s3_code::none;
}

s3_code bucket::remove(std::string_view key, std::string_view if_match) {
    std::shared_ptr<const object> old;
    shard& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(key);
    const bool known = found != s.entries.end();
    if (!if_match.empty()) {
        const put_condition condition{std::string(if_match), {}};
        const s3_code refusal = check(condition, known ? found->second->current.get() : nullptr);
        if (refusal != s3_code::none) return refusal;
    }
    if (!known) return s3_code::none;
    const std::shared_ptr<entry> e = found->second;
    s.entries.erase(found);
    old = std::move(e->current);
    e->current = nullptr;
    figures_.objects.fetch_sub(1, unordered);
    figures_.object_bytes.fetch_sub(old->content.size, unordered);
    const std::lock_guard index_lock(index_mutex_);
    index_.erase(e);
    return s3_code::none;
}

list_page bucket::list(const list_query& query) const {
    list_page page;
    std::vector<std::shared_ptr<entry>> keys;
    {
        const std::shared_lock lock(index_mutex_);
        page.next = walk(
            query, index_.end(), [&](std::string_view from) { return index_.lower_bound(from); },
            [](auto at) { return std::string_view((*at)->key); },
            [&](auto at) { keys.push_back(*at); },
            [&](std::string_view prefix) { page.prefixes.emplace_back(prefix); });
    }
    page.objects.reserve(keys.size());
    for (const auto& e : keys) {
        const std::lock_guard lock(shard_of(e->key).mutex);
        if (e->current) page.objects.push_back(e->current);
    }
    return page;
}

s3_code bucket::add(std::shared_ptr<upload> started) {
    {
        const std::shared_lock lock(index_mutex_);
        if (closed_) return s3_code::no_such_bucket;
    }
    const std::lock_guard lock(uploads_mutex_);
    std::string id = started->id;
    uploads_.emplace(std::move(id), std::move(started));
    figures_.uploads.fetch_add(1, unordered);
    return s3_code::none;
}

std::shared_ptr<upload> bucket::find_upload(std::string_view id, std::string_view key) const {
    const std::lock_guard lock(uploads_mutex_);
    const auto found = uploads_.find(id);
    return found == uploads_.end() || found->second->key != key ? nullptr : found->second;
}

bool bucket::abort(const std::shared_ptr<upload>& u) {
    const std::lock_guard lock(uploads_mutex_);
    if (uploads_.erase(u->id) == 0) return false;
    figures_.uploads.fetch_sub(1, unordered);
    return true;
}

std::vector<std::shared_ptr<upload>> bucket::uploads() const {
    std::vector<std::shared_ptr<upload>> out;
    {
        const std::lock_guard lock(uploads_mutex_);
        for (const auto& [id, u] : uploads_)
            out.push_back(u);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
        return a->key != b->key ? a->key < b->key : a->id < b->id;
    });
    return out;
}

s3_code bucket::complete(const std::shared_ptr<upload>& u, const std::vector<part_claim>& claims,
                         const put_condition& condition, bool keep_previous, std::int64_t now_ns,
                         std::string& etag) {
    if (claims.empty()) return s3_code::malformed_xml;
    for (std::size_t i = 1; i < claims.size(); ++i) {
        if (claims[i].number <= claims[i - 1].number) return s3_code::invalid_part_order;
    }
    auto made = std::make_shared<object>();
    made->key = u->key;
    made->meta = u->meta;
    made->modified_ns = now_ns;
    std::string part_hashes;
    {
        const std::lock_guard lock(u->mutex);
        for (const part_claim& claim : claims) {
            const auto found = u->parts.find(claim.number);
            if (found == u->parts.end() || found->second.etag != claim.etag) {
                return s3_code::invalid_part;
            }
            const part& p = found->second;
            if (p.content.size < part_bytes_min && &claim != &claims.back()) {
                return s3_code::entity_too_small;
            }
            made->content.append(p.content);
            part_hashes += from_hex(std::string_view(p.etag).substr(0, 32)).value_or("");
        }
    }
    // S3 makes the ETag of the parts' MD5s; with fast ETags it is as opaque as theirs.
    made->etag =
        to_hex(digest_of(digest_kind::md5, part_hashes)) + "-" + std::to_string(claims.size());
    etag = made->etag;
    // Of two completions at the same time one finds the upload gone.
    {
        const std::lock_guard lock(uploads_mutex_);
        const auto found = uploads_.find(u->id);
        if (found == uploads_.end() || found->second != u) return s3_code::no_such_upload;
        const s3_code refusal = check(condition, get(u->key).get());
        if (refusal != s3_code::none) return refusal;
        uploads_.erase(found);
        figures_.uploads.fetch_sub(1, unordered);
        made->charge = std::move(u->charge);
    }
    return put(std::move(made), condition, keep_previous);
}

bool bucket::close() {
    const std::lock_guard lock(index_mutex_);
    if (!index_.empty()) return false;
    closed_ = true;
    return true;
}

s3_code store::create(const std::string& name, std::int64_t now_ns) {
    if (!valid_bucket_name(name)) return s3_code::invalid_bucket_name;
    const std::lock_guard lock(mutex_);
    const auto [at, added] = buckets_.try_emplace(name, nullptr);
    if (!added) return s3_code::bucket_already_owned_by_you;
    at->second = std::make_shared<bucket>(name, now_ns, figures_);
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
