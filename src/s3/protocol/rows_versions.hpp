#pragma once
/// \file
/// Rows of the table of operations: versions of objects that are named, and parts of them.

#include "judge.hpp"
#include "row_parts.hpp"

namespace chopsticks::s3 {

/// The removal of one version by its name.
constexpr operation_row version_removal(std::string_view name) {
    const operation_row row{.name = name,
                            .request = {.method = "DELETE", .write_query = write_version_query},
                            .gives = answer_body::text,
                            .needs = bucket_feature::versions,
                            .judge = judge_version_removed,
                            .successes = {200, 204}};
    return row;
}

inline constexpr operation_row version_rows[] = {
    {.name = "get_version",
     .request = {.method = "GET",
                 .write_query = write_version_query,
                 .fields = {customer_algorithm_field, customer_key_field, customer_key_md5_field},
                 .write_fields = write_range},
     .parameters = {with_encryption},
     .gives = answer_body::content,
     .names_etag = true,
     .needs = bucket_feature::versions,
     .judge = judge_get_version,
     .successes = {200, 206}},
    {.name = "head_version",
     .request = {.method = "HEAD",
                 .write_query = write_version_query,
                 .fields = {customer_algorithm_field, customer_key_field, customer_key_md5_field}},
     .parameters = {with_encryption},
     .gives = answer_body::none,
     .names_etag = true,
     .needs = bucket_feature::versions,
     .judge = judge_head_version,
     .successes = {200}},
    version_removal("delete_version"),
    {.name = "make_marker",
     .request = {.method = "DELETE"},
     .gives = answer_body::text,
     .writes = true,
     .judge = judge_marker,
     .successes = {200, 204}},
    version_removal("remove_version"),
    version_removal("remove_marker"),
    {.name = "get_part",
     .request = {.method = "GET",
                 .write_query = write_part_number,
                 .fields = {customer_algorithm_field, customer_key_field, customer_key_md5_field}},
     .parameters = {with_encryption},
     .gives = answer_body::content,
     .names_etag = true,
     .judge = judge_get,
     .successes = {200, 206}},
    {.name = "copy_unmatched",
     .request = {.method = "PUT",
                 .fields = {{.name = "x-amz-copy-source", .write = write_copy_source},
                            {.name = "x-amz-copy-source-if-match",
                             .value = "\"00000000000000000000000000000000\""},
                            {.name = "x-amz-metadata-directive", .value = "REPLACE"}}},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_ignored,
     .refusals = {not_met}},
};

}  // namespace chopsticks::s3
