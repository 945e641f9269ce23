#pragma once
/// \file
/// A row as documents have it.

#include <chopsticks/compare/comparison.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/result_file.hpp>
#include <functional>

namespace chopsticks::compare {

results::json row_json(const row& one);
/// What row_json wrote; the degrees of freedom of its error are not known any more. Throws
/// json::exception where a member is missing or of another type, config_error for a word that
/// nobody writes.
row read_row(const results::json& from);

/// Calls `read`, which throws as read_row, with the document. Throws config_error that names the
/// file.
void read_back(const results::result_file& file,
               const std::function<void(const results::json&)>& read);

}  // namespace chopsticks::compare
