#pragma once
// Buckets, objects and multipart uploads in memory. Any thread may call anything.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
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

#include "listing.hpp"
#include "memory.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

/// What comes back with an object as it was given.
struct metadata {
    std::string content_type;
    /// x-amz-meta-*, Cache-Control and their like; names in lower case.
    std::vector<std::pair<std::string, std::string>> fields;
};

/// Never changed once it is in a bucket.
struct object {
    std::string key;
    body content;
    std::string etag;  ///< without quotes
    std::int64_t modified_ns = 0;
    metadata meta;
    reservation charge;  ///< for all but the content, which is charged in its blocks
    /// The version before; kept for the `stale` fault only, and one deep.
    std::shared_ptr<const object> previous;
};

/// What an object without content counts for: itself, its key and metadata, and its place in the
/// maps.
std::uint64_t overhead_bytes(std::string_view key, const metadata& meta) noexcept;

/// What has to hold for a put to go through. Empty: whatever.
struct put_condition {
    std::string if_match;       ///< ETag without quotes, or "*"
    std::string if_none_match;  ///< "*": only if there is no such key

    /// S3 has no other If-None-Match of a write.
    bool is_served() const noexcept { return if_none_match.empty() || if_none_match == "*"; }
};

struct list_page {
    std::vector<std::shared_ptr<const object>> objects;
    std::vector<std::string> prefixes;
    std::optional<std::string> next;  ///< set: truncated, go on with after = next
};

struct part {
    body content;
    std::string etag;
    std::int64_t modified_ns = 0;
};

struct upload {
    std::string id;
    std::string key;
    metadata meta;
    std::int64_t started_ns = 0;
    reservation charge;
    mutable std::mutex mutex;
    std::map<int, part> parts;  ///< guarded by mutex
};

/// A part as the client names it when it completes an upload.
struct part_claim {
    int number;
    std::string etag;  ///< without quotes
};

/// Sums over all buckets.
struct store_figures {
    std::atomic<std::uint64_t> buckets{0};
    std::atomic<std::uint64_t> objects{0};
    std::atomic<std::uint64_t> object_bytes{0};
    std::atomic<std::uint64_t> uploads{0};
};

class bucket {
  public:
    /// Parts but the last must be at least this big.
    static constexpr std::uint64_t part_bytes_min = 5 << 20;

    bucket(std::string name, std::int64_t created_ns, store_figures& figures)
        : name_(std::move(name)), created_ns_(created_ns), figures_(figures) {}
    ~bucket();
    bucket(const bucket&) = delete;
    bucket& operator=(const bucket&) = delete;

    const std::string& name() const noexcept { return name_; }
    std::int64_t created_ns() const noexcept { return created_ns_; }

    /// Null: there is none.
    std::shared_ptr<const object> get(std::string_view key) const;

    /// Makes `made` the object of its key.
    s3_code put(std::shared_ptr<object> made, const put_condition& condition, bool keep_previous);

    /// Whether there is one or not, it is gone. `if_match`: an ETag without quotes, or "*"; empty:
    /// whatever.
    s3_code remove(std::string_view key, std::string_view if_match = {});

    list_page list(const list_query& query) const;

    s3_code add(std::shared_ptr<upload> started);
    std::shared_ptr<upload> find_upload(std::string_view id, std::string_view key) const;
    bool abort(const std::shared_ptr<upload>& u);
    std::vector<std::shared_ptr<upload>> uploads() const;

    /// Joins the parts into one object; the upload is gone then.
    s3_code complete(const std::shared_ptr<upload>& u, const std::vector<part_claim>& claims,
                     const put_condition& condition, bool keep_previous, std::int64_t now_ns,
                     std::string& etag);

    /// Refuses everything from now on. False: not empty.
    bool close();

  private:
    struct entry {
        explicit entry(std::string k) : key(std::move(k)) {}
        const std::string key;
        std::shared_ptr<const object> current;  ///< guarded by the shard; null once removed
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

    const std::string name_;
    const std::int64_t created_ns_;
    store_figures& figures_;
    std::array<shard, shard_count> shards_;
    mutable std::shared_mutex index_mutex_;
    std::set<std::shared_ptr<entry>, by_key> index_;
    bool closed_ = false;  ///< guarded by index_mutex_
    mutable std::mutex uploads_mutex_;
    std::map<std::string, std::shared_ptr<upload>, std::less<>> uploads_;
};

class store {
  public:
    explicit store(std::uint64_t memory_cap_bytes) : memory_(memory_cap_bytes) {}

    memory_pool& memory() noexcept { return memory_; }
    const memory_pool& memory() const noexcept { return memory_; }
    const store_figures& figures() const noexcept { return figures_; }

    s3_code create(const std::string& name, std::int64_t now_ns);
    s3_code remove(std::string_view name);
    std::shared_ptr<bucket> find(std::string_view name) const;
    std::vector<std::shared_ptr<bucket>> buckets() const;

  private:
    memory_pool memory_;  // outlives what is charged against it
    store_figures figures_;
    mutable std::shared_mutex mutex_;
    std::map<std::string, std::shared_ptr<bucket>, std::less<>> buckets_;
};

/// S3's rules for new bucket names.
bool valid_bucket_name(std::string_view name) noexcept;

}  // namespace chopsticks::endpoint
