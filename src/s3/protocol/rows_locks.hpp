#pragma once
/// \file
/// Rows of the table of operations: locks of objects.

#include "judge.hpp"
#include "row_parts.hpp"

namespace chopsticks::s3 {

/// What is said of an object whose lock was never set; the latter by RGW.
inline constexpr expected_refusal never_locked{404, "NoSuchObjectLockConfiguration"};
inline constexpr expected_refusal never_locked_at_rgw{404, "ObjectLockConfigurationNotFoundError"};

inline constexpr operation_row lock_rows[] = {
    {.name = "put_retention",
     .request = {.method = "PUT",
                 .sends = request_body::given,
                 .query = "retention=",
                 .write_body = write_retention_body,
                 .digested = true},
     .parameters = {{.name = "mode", .text = &object_fields::lock_mode},
                    {.name = "retain", .count = &asked::retain_s}},
     .gives = answer_body::text,
     .needs = bucket_feature::locks,
     .sets_lock = true,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "get_retention",
     .request = {.method = "GET", .query = "retention="},
     .gives = answer_body::text,
     .root = "Retention",
     .holds = "RetainUntilDate",
     .needs = bucket_feature::locks,
     .judge = judge_document,
     .successes = {200},
     .refusals = {never_locked, never_locked_at_rgw}},
    {.name = "put_legal_hold",
     .request = {.method = "PUT",
                 .sends = request_body::given,
                 .query = "legal-hold=",
                 .write_body = write_legal_hold_body,
                 .digested = true},
     .parameters = {{.name = "hold", .flag = &asked::hold}},
     .gives = answer_body::text,
     .needs = bucket_feature::locks,
     .sets_lock = true,
     .judge = judge_plain,
     .successes = {200, 204}},
    {.name = "get_legal_hold",
     .request = {.method = "GET", .query = "legal-hold="},
     .gives = answer_body::text,
     .root = "LegalHold",
     .holds = "Status",
     .needs = bucket_feature::locks,
     .judge = judge_document,
     .successes = {200},
     .refusals = {never_locked, never_locked_at_rgw}},
};

}  // namespace chopsticks::s3
