#include "bucket.hpp"

#include <algorithm>

namespace chopsticks::endpoint {

namespace {

constexpr auto uncontended = std::memory_order_relaxed;

/// Null: there is none, or one that is hidden.
const object* shown(const std::shared_ptr<const object>& latest) {
    return latest && !latest->is_marker ? latest.get() : nullptr;
}

s3_code check(const put_condition& condition, const object* current) {
    if (condition.if_none_match == "*" && current != nullptr) return s3_code::precondition_failed;
    if (!condition.if_match.empty()) {
        if (current == nullptr) return s3_code::nothing_to_match;
        if (condition.if_match != "*" && condition.if_match != current->etag) {
            return s3_code::precondition_failed;
        }
    }
    return s3_code::none;
}

std::shared_ptr<object> copy_of(const object& o) {
    auto copy = std::make_shared<object>();
    static_cast<object_state&>(*copy) = o;
    return copy;
}

/// A version without the one before it, so that a chain of overwrites does not keep them all.
std::shared_ptr<const object> without_previous(const std::shared_ptr<const object>& o) {
    return o->previous ? copy_of(*o) : o;
}

}  // namespace

bucket::~bucket() {
    for (const shard& s : shards_) {
        for (const auto& [key, e] : s.entries) {
            for (const auto& o : e->versions.list({}))
                count(*o, false);
        }
    }
    figures_.uploads.fetch_sub(uploads_.size(), uncontended);
}

const bucket::shard& bucket::shard_of(std::string_view key) const noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shard_count];
}

bucket::shard& bucket::shard_of(std::string_view key) noexcept {
    return shards_[std::hash<std::string_view>{}(key) % shard_count];
}

std::optional<default_retention> bucket::lock() const {
    if (!locks_.load(std::memory_order_acquire)) return std::nullopt;
    const std::shared_lock lock(index_mutex_);
    return lock_;
}

void bucket::set_lock(const default_retention& rule) {
    const std::lock_guard lock(index_mutex_);
    lock_ = rule;
    locks_.store(true, std::memory_order_release);
}

tag_set bucket::tags() const {
    const std::shared_lock lock(index_mutex_);
    return tags_;
}

void bucket::set_tags(tag_set tags) {
    const std::lock_guard lock(index_mutex_);
    tags_ = std::move(tags);
}

encryption_ref bucket::encrypted() const {
    if (!has_encrypted_.load(std::memory_order_acquire)) return nullptr;
    const std::shared_lock lock(index_mutex_);
    return encrypted_;
}

void bucket::set_encrypted(encryption_ref by_default) {
    const std::lock_guard lock(index_mutex_);
    encrypted_ = std::move(by_default);
    has_encrypted_.store(encrypted_ != nullptr, std::memory_order_release);
}

std::shared_ptr<const cors_rules> bucket::cors() const {
    const std::shared_lock lock(index_mutex_);
    return cors_;
}

void bucket::set_cors(std::shared_ptr<const cors_rules> rules) {
    const std::lock_guard lock(index_mutex_);
    cors_ = std::move(rules);
}

std::shared_ptr<const bucket_access> bucket::access() const {
    if (!has_access_.load(std::memory_order_acquire)) return nullptr;
    const std::shared_lock lock(index_mutex_);
    return access_;
}

void bucket::set_access(const std::function<void(bucket_access&)>& edit) {
    const std::lock_guard lock(index_mutex_);
    bucket_access now = access_ ? *access_ : bucket_access{private_to(facts_.owner), {}, {}};
    edit(now);
    access_ = std::make_shared<const bucket_access>(std::move(now));
    has_access_.store(true, std::memory_order_release);
}

void bucket::count(const object& o, bool added) noexcept {
    if (o.is_marker) return;
    if (added) {
        figures_.objects.fetch_add(1, uncontended);
        figures_.object_bytes.fetch_add(o.content.size, uncontended);
        objects_.fetch_add(1, uncontended);
        bytes_.fetch_add(o.content.size, uncontended);
    } else {
        figures_.objects.fetch_sub(1, uncontended);
        figures_.object_bytes.fetch_sub(o.content.size, uncontended);
        objects_.fetch_sub(1, uncontended);
        bytes_.fetch_sub(o.content.size, uncontended);
    }
}

std::shared_ptr<bucket::entry> bucket::entry_of(shard& s, const std::string& key) {
    const auto found = s.entries.find(key);
    if (found != s.entries.end()) return found->second;
    auto e = std::make_shared<entry>(key);
    const std::lock_guard lock(index_mutex_);
    if (closed_) return nullptr;
    index_.insert(e);
    s.entries.emplace(e->key, e);
    return e;
}

void bucket::settle(shard& s, const std::shared_ptr<entry>& e) {
    e->shown.store(shown(e->versions.latest()) != nullptr, uncontended);
    if (!e->versions.empty()) return;
    s.entries.erase(e->key);
    const std::lock_guard lock(index_mutex_);
    index_.erase(e);
}

std::shared_ptr<const object> bucket::get(std::string_view key) const {
    const shard& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(key);
    if (found == s.entries.end()) return nullptr;
    const auto& latest = found->second->versions.latest();
    return latest->is_marker ? nullptr : latest;
}

std::shared_ptr<const object> bucket::find(std::string_view key, std::string_view version) const {
    const shard& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(key);
    if (found == s.entries.end()) return nullptr;
    const version_stack& versions = found->second->versions;
    return version.empty() ? versions.latest() : versions.find(version);
}

s3_code bucket::put(std::shared_ptr<object> made, const put_condition& condition,
                    bool keep_previous) {
    std::shared_ptr<const object> old;  // destroyed after the lock is given back
    shard& s = shard_of(made->key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(made->key);
    const object* const current =
        found == s.entries.end() ? nullptr : shown(found->second->versions.latest());
    const s3_code wrong = check(condition, current);
    if (wrong != s3_code::none) return wrong;
    const std::shared_ptr<entry> e = entry_of(s, made->key);
    if (!e) return s3_code::no_such_bucket;
    if (keep_previous && current != nullptr) {
        made->previous = without_previous(e->versions.latest());
    }
    if (versions() == versioning::enabled) {
        made->version = opaque_id();
    } else {
        made->version.clear();
        old = e->versions.take(null_version);
        if (old) count(*old, false);
    }
    count(*made, true);
    e->versions.push(std::move(made));
    settle(s, e);
    return s3_code::none;
}

removed bucket::remove(std::string_view key, const removal& what) {
    removed out;
    shard& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(key);
    std::shared_ptr<entry> e = found == s.entries.end() ? nullptr : found->second;
    if (!what.if_match.empty()) {
        std::shared_ptr<const object> meant;
        if (e) meant = what.version.empty() ? e->versions.latest() : e->versions.find(what.version);
        out.code = check({what.if_match, {}}, shown(meant));
        if (out.code != s3_code::none) return out;
    }
    if (e && !what.version.empty()) {
        const auto meant = e->versions.find(what.version);
        if (meant && !may_delete(meant->lock, what.bypass, what.now_ns)) {
            out.code = s3_code::object_locked;
            return out;
        }
    }
    const versioning state = versions();
    const bool hides = what.version.empty() && state != versioning::never;
    if (!hides && !e) return out;
    if (hides) {
        auto marker = std::make_shared<object>();
        marker->key = key;
        marker->modified_ns = what.now_ns;
        marker->is_marker = true;
        auto charge = memory_.reserve(overhead_bytes(*marker));
        if (!charge) {
            out.code = s3_code::insufficient_storage;
            return out;
        }
        marker->charge = std::move(*charge);
        if (state == versioning::enabled) marker->version = opaque_id();
        if (!e) e = entry_of(s, marker->key);
        if (!e) {
            out.code = s3_code::no_such_bucket;
            return out;
        }
        out.marker = std::move(marker);
    }
    if (!hides || state == versioning::suspended) {
        out.gone =
            e->versions.take(what.version.empty() ? null_version : std::string_view(what.version));
        if (out.gone) count(*out.gone, false);
    }
    if (out.marker) e->versions.push(out.marker);
    settle(s, e);
    return out;
}

s3_code bucket::change(std::string_view key, std::string_view version,
                       const std::function<void(object_state&)>& edit) {
    std::shared_ptr<const object> old;  // destroyed after the lock is given back
    shard& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    const auto found = s.entries.find(key);
    if (found == s.entries.end()) return s3_code::no_such_key;
    version_stack& versions = found->second->versions;
    const auto now = version.empty() ? versions.latest() : versions.find(version);
    if (!now) return s3_code::no_such_version;
    if (now->is_marker) return version.empty() ? s3_code::no_such_key : s3_code::method_not_allowed;
    auto changed = copy_of(*now);
    edit(*changed);
    auto charge = memory_.reserve(overhead_bytes(*changed));
    if (!charge) return s3_code::insufficient_storage;
    changed->charge = std::move(*charge);
    changed->previous = now->previous;
    count(*now, false);
    count(*changed, true);
    old = versions.replace(std::move(changed));
    return s3_code::none;
}

s3_code bucket::rename(const key_change& what, const put_condition& condition,
                       const std::function<bool(const object&)>& source_holds) {
    if (versions() != versioning::never) return s3_code::not_implemented;
    const auto& [from, to, token] = what;
    std::shared_ptr<const object> gone;  // both destroyed after the locks are given back
    std::shared_ptr<const object> old;
    shard& source = shard_of(from);
    shard& target = shard_of(to);
    std::unique_lock first(source.mutex, std::defer_lock);
    std::unique_lock second(target.mutex, std::defer_lock);
    if (&source == &target) {
        first.lock();
    } else {
        std::lock(first, second);
    }
    if (!token.empty()) {
        const std::shared_lock lock(index_mutex_);
        for (const key_change& done : renames_) {
            if (done.token != token) continue;
            return done.from == from && done.to == to ? s3_code::none
                                                      : s3_code::idempotency_mismatch;
        }
    }
    const auto found = source.entries.find(from);
    if (found == source.entries.end()) return s3_code::no_such_key;
    const std::shared_ptr<entry> at = found->second;
    const object& now = *at->versions.latest();
    if (!source_holds(now)) return s3_code::precondition_failed;
    const auto there = target.entries.find(to);
    const s3_code wrong =
        check(condition,
              there == target.entries.end() ? nullptr : there->second->versions.latest().get());
    if (wrong != s3_code::none || from == to) return wrong;
    auto made = copy_of(now);
    made->key = to;
    auto charge = memory_.reserve(overhead_bytes(*made));
    if (!charge) return s3_code::insufficient_storage;
    made->charge = std::move(*charge);
    const std::shared_ptr<entry> e = entry_of(target, to);
    if (!e) return s3_code::no_such_bucket;
    old = e->versions.take(null_version);
    if (old) count(*old, false);
    count(*made, true);
    e->versions.push(std::move(made));
    settle(target, e);
    gone = at->versions.take(null_version);
    count(*gone, false);
    settle(source, at);
    if (!token.empty()) {
        const std::lock_guard lock(index_mutex_);
        renames_.push_back(what);
        if (renames_.size() > renames_max) renames_.pop_front();
    }
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
            [](auto at) { return (*at)->shown.load(uncontended); },
            [&](auto at) { keys.push_back(*at); },
            [&](std::string_view prefix) { page.prefixes.emplace_back(prefix); });
    }
    page.objects.reserve(keys.size());
    for (const auto& e : keys) {
        const std::lock_guard lock(shard_of(e->key).mutex);
        if (shown(e->versions.latest()) != nullptr) page.objects.push_back(e->versions.latest());
    }
    return page;
}

version_page bucket::list_versions(const version_query& query) const {
    struct place {
        std::shared_ptr<entry> key;  // null: a prefix
        std::string prefix;
    };
    const list_query keys{query.prefix, query.delimiter, query.after_key, query.max_keys};
    std::vector<place> places;
    std::optional<std::string> more;
    {
        const std::shared_lock lock(index_mutex_);
        const auto begun = index_.find(std::string_view(query.after_key));
        if (!query.after_version.empty() && begun != index_.end()) places.push_back({*begun, {}});
        more = walk(
            keys, index_.end(), [&](std::string_view from) { return index_.lower_bound(from); },
            [](auto at) { return std::string_view((*at)->key); }, [](auto) { return true; },
            [&](auto at) { places.push_back({*at, {}}); },
            [&](std::string_view prefix) { places.push_back({nullptr, std::string(prefix)}); });
    }
    version_page page;
    if (query.max_keys == 0) return page;
    for (const place& p : places) {
        std::vector<version_entry> next;
        if (!p.key) {
            next.push_back({nullptr, false, p.prefix});
        } else {
            const std::lock_guard lock(shard_of(p.key->key).mutex);
            const bool begun = p.key->key == query.after_key;
            const auto& latest = p.key->versions.latest();
            for (auto& o : p.key->versions.list(begun ? query.after_version : std::string()))
                next.push_back({o, o == latest, {}});
        }
        for (version_entry& v : next) {
            if (page.entries.size() == query.max_keys) {
                page.is_truncated = true;
                break;
            }
            page.entries.push_back(std::move(v));
        }
        if (page.is_truncated) break;
    }
    page.is_truncated = page.is_truncated || more.has_value();
    if (!page.is_truncated) return page;
    if (page.entries.empty()) {
        page.next_key = *more;
    } else if (const version_entry& last = page.entries.back(); last.version) {
        page.next_key = last.version->key;
        page.next_version = last.version->version_name();
    } else {
        page.next_key = last.prefix;
    }
    return page;
}

s3_code bucket::add(std::shared_ptr<upload> started) {
    const std::shared_lock lock(index_mutex_);
    if (closed_) return s3_code::no_such_bucket;
    uploads_.add(std::move(started));
    figures_.uploads.fetch_add(1, uncontended);
    return s3_code::none;
}

bool bucket::abort(const upload& u) {
    if (!uploads_.take(u)) return false;
    figures_.uploads.fetch_sub(1, uncontended);
    return true;
}

s3_refusal bucket::complete(const std::shared_ptr<upload>& u, const completion& wanted,
                            const put_condition& condition, bool keep_previous, std::int64_t now_ns,
                            completed_upload& out) {
    auto made = std::make_shared<object>();
    if (s3_refusal wrong = assemble(*u, wanted, *made)) return wrong;
    made->modified_ns = now_ns;
    const s3_code wrong = check(condition, get(made->key).get());
    if (wrong != s3_code::none) return {wrong, {}};
    auto charge = memory_.reserve(overhead_bytes(*made));
    if (!charge) return {s3_code::insufficient_storage, {}};
    made->charge = std::move(*charge);
    // Of two completions at the same time one finds the upload gone.
    if (!abort(*u)) return {s3_code::no_such_upload, {}};
    const std::shared_ptr<object> kept = made;
    s3_code code = put(std::move(made), condition, keep_previous);
    // It held a moment ago: somebody else was faster.
    if (code == s3_code::precondition_failed) code = s3_code::conditional_conflict;
    if (code != s3_code::none) return {code, {}};
    out = {kept->key, wanted.parts, kept->etag, kept->version, kept->sum, kept->sealed};
    uploads_.remember(u->id, out);
    return {};
}

bool bucket::close() {
    const std::lock_guard lock(index_mutex_);
    if (!index_.empty()) return false;
    closed_ = true;
    return true;
}

}  // namespace chopsticks::endpoint
