#pragma once
/// \file
/// Whose a bucket is, what is in it, and removing one that is shown to be ours and empty. All
/// requests are outside of the load; all names are raw.

#include <chopsticks/s3/protocol/inventory.hpp>
#include <string>

#include "patience.hpp"
#include "session.hpp"

namespace chopsticks::s3 {

/// The buckets that the server lists as ours.
struct bucket_listing {
    std::string problem;  ///< not empty: it could not be had; for a person
    int status = 0;       ///< of the answer, 0 if there was none
    std::vector<owned_bucket> buckets;
    std::int64_t date_s = -1;  ///< the server's clock; -1: it did not say

    const owned_bucket* find(std::string_view name) const noexcept;
};

/// Lists those whose names begin with `prefix`, also where the server ignores that it was asked so.
/// The session and its endpoint outlive it. Without `how` each request is made once.
runtime::task<bucket_listing> list_buckets(s3_session& session, std::string prefix,
                                           const std::string& endpoint,
                                           const patience* how = nullptr);

/// What a bucket holds.
struct bucket_content {
    bool absent = false;  ///< there is no such bucket
    /// Empty: the server shows nothing at all in it, no object, no version, no delete marker, no
    /// upload. Otherwise what there is, or why that is not known; for a person.
    std::string held;
    /// Of what the server said where `held` is not empty: client_error where it holds something.
    op_status status = op_status::client_error;
};
/// What lies below `but`, if that is not empty, is passed over.
runtime::task<bucket_content> what_is_in(s3_session& session, std::string bucket,
                                         const std::string& endpoint, const patience* how = nullptr,
                                         std::string but = {});

/// Removes a bucket that was shown to be the run's, if what_is_in finds nothing. Returns what was
/// in the way, and in `why` (unless null) what that was.
runtime::task<std::string> remove_empty_bucket(s3_session& session, std::string bucket,
                                               const std::string& endpoint,
                                               op_status* why = nullptr,
                                               const patience* how = nullptr);

}  // namespace chopsticks::s3
