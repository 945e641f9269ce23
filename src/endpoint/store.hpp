#pragma once
// All buckets, in memory. Any thread may call anything.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "bucket.hpp"
#include "memory.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

class store {
  public:
    explicit store(std::uint64_t memory_cap_bytes) : memory_(memory_cap_bytes) {}

    memory_pool& memory() noexcept { return memory_; }
    const memory_pool& memory() const noexcept { return memory_; }
    const store_figures& figures() const noexcept { return figures_; }

    s3_code create(bucket_facts facts);
    s3_code remove(std::string_view name);
    std::shared_ptr<bucket> find(std::string_view name) const;
    std::vector<std::shared_ptr<bucket>> buckets() const;

    /// A bucket has a CORS configuration from now on. Whether any ever had one.
    void shares() noexcept { has_shared_.store(true, std::memory_order_relaxed); }
    bool has_shared() const noexcept { return has_shared_.load(std::memory_order_relaxed); }

  private:
    memory_pool memory_;  // outlives what is charged against it
    store_figures figures_;
    std::atomic<bool> has_shared_{false};
    mutable std::shared_mutex mutex_;
    std::map<std::string, std::shared_ptr<bucket>, std::less<>> buckets_;
};

/// S3's rules for new bucket names.
bool valid_bucket_name(std::string_view name) noexcept;

}  // namespace chopsticks::endpoint
