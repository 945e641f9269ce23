#pragma once
/// \file
/// The ways in which a 2xx is judged; rows of the table of operations name them.

#include <chopsticks/s3/protocol/operation.hpp>
#include <optional>

namespace chopsticks::s3 {

/// Whether the answer has one of the row's statuses, and no body that denies it.
bool succeeded(const operation_row& row, const answer& a, failure& out);

/// A document with the row's root that holds what it has to, and ends.
bool is_document(const operation_row& row, const answer& a, failure& out);

/// Takes the next <name>...</name> off the front of `body`, which may hold others; its inside.
std::optional<std::string_view> take_element(std::string_view& body, std::string_view name);

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
/// A document with the row's root that holds what it has to.
std::uint64_t judge_document(const operation_row& row, const asked& what, const answer& a,
                             etag_memory& etags, failure& out);
/// JSON.
std::uint64_t judge_policy(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out);
std::uint64_t judge_copy(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out);
/// A document that names the object's key; its ETag, if there is one, is noted.
std::uint64_t judge_posted(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out);
std::uint64_t judge_attributes(const operation_row& row, const asked& what, const answer& a,
                               etag_memory& etags, failure& out);
/// No tag that the object is never given.
std::uint64_t judge_tags(const operation_row& row, const asked& what, const answer& a,
                         etag_memory& etags, failure& out);
/// Marks those of asked::subjects that the answer says to be gone; all have to be.
std::uint64_t judge_deleted(const operation_row& row, const asked& what, const answer& a,
                            etag_memory& etags, failure& out);
/// Of requests whose condition is never met: no 2xx is right.
std::uint64_t judge_ignored(const operation_row& row, const asked& what, const answer& a,
                            etag_memory& etags, failure& out);
/// The content or head of the version that was named, and of no other.
std::uint64_t judge_get_version(const operation_row& row, const asked& what, const answer& a,
                                etag_memory& etags, failure& out);
std::uint64_t judge_head_version(const operation_row& row, const asked& what, const answer& a,
                                 etag_memory& etags, failure& out);
/// Names the version that was named; a service without versions has removed the object.
std::uint64_t judge_version_removed(const operation_row& row, const asked& what, const answer& a,
                                    etag_memory& etags, failure& out);
/// A delete that made a marker, and names it.
std::uint64_t judge_marker(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out);
/// A document that names the part's ETag.
std::uint64_t judge_copied_part(const operation_row& row, const asked& what, const answer& a,
                                etag_memory& etags, failure& out);
/// Of content that goes behind what is there: what it makes of the whole is asked for afterwards.
std::uint64_t judge_piece(const operation_row& row, const asked& what, const answer& a,
                          etag_memory& etags, failure& out);
/// As many parts as were sent, or a full page of them.
std::uint64_t judge_parts_listed(const operation_row& row, const asked& what, const answer& a,
                                 etag_memory& etags, failure& out);
/// Done by its status alone, and by no body that denies it.
std::uint64_t judge_plain(const operation_row& row, const asked& what, const answer& a,
                          etag_memory& etags, failure& out);

}  // namespace chopsticks::s3
