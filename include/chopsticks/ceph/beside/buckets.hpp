#pragma once
/// \file
/// How full the buckets of a run are, as radosgw counts them, and as the run does. Plain values and
/// pure functions.

#include <chopsticks/results/json.hpp>
#include <chopsticks/stats/run_figures.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::ceph::beside {

/// A bucket, as its index counts it. Of an unfinished upload it counts each part as an object too.
struct bucket_state {
    bool exists = false;
    std::string owner;
    std::uint64_t objects = 0;  ///< versions are, delete markers are not among them
    std::uint64_t bytes = 0;
    std::uint64_t uploads = 0;  ///< unfinished ones

    friend bool operator==(const bucket_state&, const bucket_state&) = default;
};

/// One of them, before and after the run; none: not known.
struct watched_bucket {
    std::string name;
    std::optional<bucket_state> before;
    std::optional<bucket_state> after;
};

/// What a run says that it left in its buckets.
struct left_in_buckets {
    std::uint64_t objects_least = 0;
    std::optional<std::uint64_t> objects_most = 0;  ///< none: nobody can say
    std::optional<std::uint64_t> uploads = 0;       ///< none: nobody can say
    std::string text = "nothing";                   ///< "50 objects, 1 run mark"
};

/// Of what a run left, that which a bucket's index counts.
left_in_buckets left_in_buckets_of(const std::vector<stats::leftover>& left);

/// What both say, all buckets together.
struct bucket_account {
    std::int64_t objects_more = 0;  ///< than before the run
    std::int64_t uploads_more = 0;
    left_in_buckets said;

    bool agrees() const;
    /// Where they do not agree: what is counted, what was said, what that may mean.
    std::string sentence() const;
};

/// None: of some bucket it is not known how full it was.
std::optional<bucket_account> account_of(const std::vector<watched_bucket>& buckets,
                                         const left_in_buckets& said);

/// A result's members `cluster.buckets` and `cluster.bucket_account`.
results::json buckets_json(const std::vector<watched_bucket>& buckets);
results::json account_json(const std::optional<bucket_account>& account);

}  // namespace chopsticks::ceph::beside
