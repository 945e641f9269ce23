#pragma once
/// \file
/// Rows of the table of operations: requests of uploads in parts beside those of a plain one.

#include "judge.hpp"
#include "row_parts.hpp"

namespace chopsticks::s3 {

inline constexpr operation_row upload_rows[] = {
    {.name = "copy_part",
     .request = {.method = "PUT",
                 .write_query = write_part_query,
                 .fields = {{.name = "x-amz-copy-source", .write = write_copy_source},
                            {.name = "x-amz-copy-source-range",
                             .write = write_copy_range,
                             .may_be_absent = true}}},
     .gives = answer_body::text,
     .root = "CopyPartResult",
     .holds = "ETag",
     .judge = judge_copied_part,
     .successes = {200}},
    {.name = "complete_existing",
     .request = {.method = "POST",
                 .sends = request_body::given,
                 .write_query = write_upload_query,
                 .only_if = precondition::absent},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_ignored,
     .refusals = {not_met}},
    // The ETag of an object that is appended to is what the service likes.
    {.name = "append_piece",
     .request = {.method = "PUT",
                 .sends = request_body::content,
                 .write_query = write_append_query,
                 .fields = {{.name = "x-amz-write-offset-bytes",
                             .write = write_append_offset,
                             .may_be_absent = true}}},
     .parameters = {{.name = "dialect", .text = &object_fields::dialect}},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_piece,
     .successes = {200}},
    {.name = "append_check",
     .request = {.method = "HEAD"},
     .gives = answer_body::none,
     .names_etag = true,
     .judge = judge_head,
     .successes = {200}},
    {.name = "list_parts",
     .request = {.method = "GET", .write_query = write_upload_query},
     .gives = answer_body::text,
     .is_long = true,
     .root = "ListPartsResult",
     .holds = "IsTruncated",
     .judge = judge_parts_listed,
     .successes = {200}},
    {.name = "list_uploads",
     .request = {.method = "GET",
                 .target = request_target::bucket,
                 .write_query = write_list_uploads_query},
     .parameters = {with_max_keys},
     .gives = answer_body::text,
     .is_long = true,
     .root = "ListMultipartUploadsResult",
     .holds = "IsTruncated",
     .judge = judge_document,
     .successes = {200}},
};

}  // namespace chopsticks::s3
