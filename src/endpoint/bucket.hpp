#pragma once
// A bucket: objects, their versions, and the uploads that become objects. Any thread may call
// anything.

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "access.hpp"
#include "cors.hpp"
#include "listing.hpp"
#include "memory.hpp"
#include "object.hpp"
#include "s3_error.hpp"
#include "uploads.hpp"
#include "versions.hpp"

namespace chopsticks::endpoint {

/// What has to hold for a put to go through. Empty: whatever.
struct put_condition {
    std::string if_match;       ///< ETag without quotes, or "*"
    std::string if_none_match;  ///< "*": only if there is no such key
};

/// What a delete is about.
struct removal {
    std::string version;   ///< as version_name gives it; empty: the key, whatever its version
    std::string if_match;  ///< ETag without quotes, or "*"; empty: whatever
    std::int64_t now_ns = 0;
    bool bypass = false;  ///< passes by a governance
};

/// What it did.
struct removed {
    s3_code code = s3_code::none;
    std::shared_ptr<const object> gone;    ///< what is no more; null: nothing
    std::shared_ptr<const object> marker;  ///< what hides the versions from now on; null: nothing
};

/// A key that becomes another.
struct key_change {
    std::string from;
    std::string to;
    std::string token;  ///< of whoever asks: asked again with it, it is done already; empty: none
};

struct list_page {
    std::vector<std::shared_ptr<const object>> objects;
    std::vector<std::string> prefixes;
    std::optional<std::string> next;  ///< set: truncated, go on with after = next
};

/// Sums over all buckets.
struct store_figures {
    std::atomic<std::uint64_t> buckets{0};
    std::atomic<std::uint64_t> objects{0};  ///< each version counts, delete markers do not
    std::atomic<std::uint64_t> object_bytes{0};
    std::atomic<std::uint64_t> uploads{0};
};

/// What is said of a bucket itself.
struct bucket_facts {
    std::string name;
    std::string owner;  ///< the access key of whoever made it
    std::int64_t created_ns = 0;
};

class bucket {
  public:
    bucket(bucket_facts facts, store_figures& figures, memory_pool& memory)
        : facts_(std::move(facts)), figures_(figures), memory_(memory) {}
    ~bucket();
    bucket(const bucket&) = delete;
    bucket& operator=(const bucket&) = delete;

    const bucket_facts& facts() const noexcept { return facts_; }
    const std::string& name() const noexcept { return facts_.name; }

    versioning versions() const noexcept { return versions_.load(std::memory_order_relaxed); }
    /// Never back to `never`.
    void set_versions(versioning now) noexcept { versions_.store(now, std::memory_order_relaxed); }

    /// Set: versions can be locked, and are as this says unless they say otherwise.
    std::optional<default_retention> lock() const;
    void set_lock(const default_retention& rule);

    tag_set tags() const;
    void set_tags(tag_set tags);

    /// How objects are encrypted that do not say it themselves; null: not at all.
    encryption_ref encrypted() const;
    void set_encrypted(encryption_ref by_default);

    /// What pages of other origins may do; null: nothing.
    std::shared_ptr<const cors_rules> cors() const;
    void set_cors(std::shared_ptr<const cors_rules> rules);

    /// Its objects now, each version one of them, and the sum of their sizes.
    std::uint64_t objects() const noexcept { return objects_.load(std::memory_order_relaxed); }
    std::uint64_t object_bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

    /// Null: private to its owner, and the object's writer owns what it writes.
    std::shared_ptr<const bucket_access> access() const;
    /// Changes it by `edit`, which finds what was so.
    void set_access(const std::function<void(bucket_access&)>& edit);

    /// The object as it is now. Null: there is none, or a delete marker hides it.
    std::shared_ptr<const object> get(std::string_view key) const;

    /// A version by its name, which may be a delete marker; of an empty name the latest. Null:
    /// there is none.
    std::shared_ptr<const object> find(std::string_view key, std::string_view version) const;

    /// Makes `made` the latest of its key, and gives it its version.
    s3_code put(std::shared_ptr<object> made, const put_condition& condition, bool keep_previous);

    /// Whether there is one or not, it is gone, or hidden.
    removed remove(std::string_view key, const removal& what = {});

    /// Replaces a version by a copy of it that `edit` has changed. `version` as for find.
    s3_code change(std::string_view key, std::string_view version,
                   const std::function<void(object_state&)>& edit);

    /// Gives an object another key, in one step; what is at `to` goes, if `condition` allows. Not
    /// in a bucket with versions.
    s3_code rename(const key_change& what, const put_condition& condition,
                   const std::function<bool(const object&)>& source_holds);

    list_page list(const list_query& query) const;
    version_page list_versions(const version_query& query) const;

    upload_table& uploads() noexcept { return uploads_; }
    const upload_table& uploads() const noexcept { return uploads_; }
    /// Refused once the bucket is closed.
    s3_code add(std::shared_ptr<upload> started);
    /// Takes it out of the uploads. False: somebody else did.
    bool abort(const upload& u);

    /// Joins the parts into one object; the upload is gone then. `out` is what came of it, also of
    /// a completion that was answered before.
    s3_refusal complete(const std::shared_ptr<upload>& u, const completion& wanted,
                        const put_condition& condition, bool keep_previous, std::int64_t now_ns,
                        completed_upload& out);

    /// Refuses everything from now on. False: not empty.
    bool close();

  private:
    struct entry {
        explicit entry(std::string k) : key(std::move(k)) {}
        const std::string key;
        version_stack versions;          ///< guarded by the shard; empty once removed
        std::atomic<bool> shown{false};  ///< the latest is an object
    };
    struct by_key {
        using is_transparent = void;
        bool operator()(const std::shared_ptr<entry>& a, const std::shared_ptr<entry>& b) const {
            return a->key < b->key;
        }
        bool operator()(const std::shared_ptr<entry>& a, std::string_view b) const {
            return a->key < b;
        }
        bool operator()(std::string_view a, const std::shared_ptr<entry>& b) const {
            return a < b->key;
        }
    };
    // Gets and overwrites touch one shard only. A shard's mutex is taken before the index's, which
    // is needed where a key comes or goes; a listing takes them one after the other.
    struct shard {
        mutable std::mutex mutex;
        std::unordered_map<std::string_view, std::shared_ptr<entry>> entries;
    };

    static constexpr std::size_t shard_count = 32;

    const shard& shard_of(std::string_view key) const noexcept;
    shard& shard_of(std::string_view key) noexcept;
    /// The entry of the key, made if need be; null: the bucket is closed. Under the shard's mutex.
    std::shared_ptr<entry> entry_of(shard& s, const std::string& key);
    /// After each change of its versions, under the shard's mutex.
    void settle(shard& s, const std::shared_ptr<entry>& e);
    void count(const object& o, bool added) noexcept;

    const bucket_facts facts_;
    store_figures& figures_;
    memory_pool& memory_;
    std::atomic<versioning> versions_{versioning::never};
    std::array<shard, shard_count> shards_;
    mutable std::shared_mutex index_mutex_;
    std::set<std::shared_ptr<entry>, by_key> index_;
    bool closed_ = false;                          ///< guarded by index_mutex_
    tag_set tags_;                                 ///< guarded by index_mutex_
    std::optional<default_retention> lock_;        ///< guarded by index_mutex_
    std::atomic<bool> locks_{false};               ///< saves the mutex where there are none
    std::shared_ptr<const bucket_access> access_;  ///< guarded by index_mutex_
    std::atomic<bool> has_access_{false};          ///< saves the mutex where there is none
    encryption_ref encrypted_;                     ///< guarded by index_mutex_
    std::atomic<bool> has_encrypted_{false};       ///< saves the mutex where there is none
    std::shared_ptr<const cors_rules> cors_;       ///< guarded by index_mutex_
    std::atomic<std::uint64_t> objects_{0};
    std::atomic<std::uint64_t> bytes_{0};
    upload_table uploads_;
    static constexpr std::size_t renames_max = 64;
    std::deque<key_change> renames_;  ///< the last that had a token; guarded by index_mutex_
};

}  // namespace chopsticks::endpoint
