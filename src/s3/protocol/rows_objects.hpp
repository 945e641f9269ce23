#pragma once
/// \file
/// Rows of the table of operations: what some services alone do with objects.

#include "judge.hpp"
#include "row_parts.hpp"
#include "select.hpp"

namespace chopsticks::s3 {

inline constexpr operation_row object_rows[] = {
    // Without its first field the answer is empty, and RGW's has no ETag either.
    {.name = "form_put",
     .request = {.method = "POST",
                 .target = request_target::form,
                 .sends = request_body::content,
                 .fields = {{.name = "success_action_status", .value = "201"},
                            metadata_field,
                            storage_class_field,
                            encryption_field,
                            kms_key_field,
                            customer_algorithm_field,
                            customer_key_field,
                            customer_key_md5_field}},
     .parameters = {with_metadata, with_storage_class, with_encryption, with_kms_key},
     .gives = answer_body::text,
     .is_long = true,
     .root = "PostResponse",
     .holds = "Key",
     .names_etag = true,
     .writes = true,
     .makes_object = true,
     .judge = judge_posted,
     .successes = {201}},
    {.name = "put_aside",
     .request = {.method = "PUT", .target = request_target::aside, .sends = request_body::content},
     .gives = answer_body::text,
     .names_etag = true,
     .writes = true,
     .makes_object = true,
     .judge = judge_put,
     .successes = {200, 201, 204}},
    // Without a token: a service that knows it does nothing, though what is there by the other name
    // was written anew.
    {.name = "rename_object",
     .request = {.method = "PUT",
                 .query = "renameObject=",
                 .fields = {{.name = "x-amz-rename-source", .write = write_rename_source}}},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_plain,
     .successes = {200}},
    {.name = "rename_check",
     .request = {.method = "HEAD"},
     .gives = answer_body::none,
     .names_etag = true,
     .judge = judge_head,
     .successes = {200}},
    // What is selected from is no object of the data set: a table of the operation's own, which is
    // gone afterwards.
    {.name = "put_table",
     .request = {.method = "PUT",
                 .target = request_target::aside,
                 .sends = request_body::given,
                 .write_body = write_table_body},
     .gives = answer_body::text,
     .writes = true,
     .makes_object = true,
     .judge = judge_plain,
     .successes = {200, 201, 204}},
    {.name = "select_rows",
     .request = {.method = "POST",
                 .target = request_target::aside,
                 .sends = request_body::given,
                 .query = "select=&select-type=2",
                 .write_body = write_select_body},
     .parameters = {{.name = "rows", .count = &asked::rows},
                    {.name = "all", .flag = &asked::all_rows}},
     .gives = answer_body::events,
     .judge = judge_select,
     .successes = {200}},
    {.name = "remove_table",
     .request = {.method = "DELETE", .target = request_target::aside},
     .gives = answer_body::text,
     .writes = true,
     .judge = judge_plain,
     .successes = {200, 204}},
};

}  // namespace chopsticks::s3
