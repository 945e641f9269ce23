#pragma once
/// \file
/// The ways in which a 2xx is judged; rows of the table of operations name them.

#include <chopsticks/s3/protocol/operation.hpp>

namespace chopsticks::s3 {

std::uint64_t judge_put(const operation_row& row, const asked& what, const answer& a,
                        etag_memory& etags, failure& out);
std::uint64_t judge_upload_begun(const operation_row& row, const asked& what, const answer& a,
                                 etag_memory& etags, failure& out);
std::uint64_t judge_part(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out);
std::uint64_t judge_upload_completed(const operation_row& row, const asked& what, const answer& a,
                                     etag_memory& etags, failure& out);
std::uint64_t judge_get(const operation_row& row, const asked& what, const answer& a,
                        etag_memory& etags, failure& out);
std::uint64_t judge_head(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out);
std::uint64_t judge_list(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out);
/// Done by its status alone, and by no body that denies it.
std::uint64_t judge_plain(const operation_row& row, const asked& what, const answer& a,
                          etag_memory& etags, failure& out);

}  // namespace chopsticks::s3
