#pragma once
/// \file
/// What radosgw's admin API says of a bucket. Asks `GET /admin/bucket` and nothing else: the answer
/// to a question about a user has that user's secret keys.

#include <chopsticks/ceph/beside/buckets.hpp>
#include <chopsticks/ceph/beside/rgw_admin.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "answers.hpp"

namespace chopsticks::ceph::beside {

/// How a bucket is now; one that is not there is empty. Blocks for at most `timeout_ns`. None:
/// `problem`, which has no secret in it. \param wall_s signed with this time. Any thread.
std::optional<bucket_state> ask_bucket(const rgw_admin& of, const std::string& bucket,
                                       std::int64_t wall_s, std::int64_t timeout_ns,
                                       std::string& problem);

/// The same of an answer with status 200. None: `problem`.
std::optional<bucket_state> read_bucket(const json& answer, const std::string& bucket,
                                        std::string& problem);

}  // namespace chopsticks::ceph::beside
