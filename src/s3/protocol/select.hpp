#pragma once
/// \file
/// A select from a table of our own, of which it is known what has to come back.

#include <chopsticks/s3/protocol/operation.hpp>
#include <string>

namespace chopsticks::s3 {

/// asked::rows lines of CSV, which depend on asked::object.
void write_table_body(std::string& to, const asked& what);

/// Counts them, or with asked::all_rows returns all.
void write_select_body(std::string& to, const asked& what);

/// The events of a whole answer, with the right records.
std::uint64_t judge_select(const operation_row& row, const asked& what, const answer& a,
                           etag_memory& etags, failure& out);

}  // namespace chopsticks::s3
