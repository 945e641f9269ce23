#pragma once
/// \file
/// Rows of the table of operations: objects in an archive.

#include <string>

#include "judge.hpp"
#include "row_parts.hpp"

namespace chopsticks::s3 {

/// For a day, which is the least that can be asked for.
inline void write_restore_body(std::string& to, const asked&) {
    to.assign(
        "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Days>1</Days>"
        "</RestoreRequest>");
}

inline constexpr operation_row archive_rows[] = {
    // 200: of a copy that is there already. Until one is there takes hours, in which all further
    // requests for it are refused.
    {.name = "restore",
     .request = {.method = "POST",
                 .sends = request_body::given,
                 .query = "restore=",
                 .write_body = write_restore_body,
                 .digested = true},
     .gives = answer_body::text,
     .judge = judge_plain,
     .successes = {200, 202},
     .refusals = {{409, "RestoreAlreadyInProgress"}}},
};

}  // namespace chopsticks::s3
