#pragma once
/// \file
/// Figures of several results made one.

#include <chopsticks/results/json.hpp>
#include <chopsticks/results/result_file.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "checked_members.hpp"

namespace chopsticks::results {

/// A member of the same key from several documents as one, by what its name says: shares, maxima
/// and lengths of time are the highest, minima and limits the lowest, other numbers are added up,
/// histograms too, lists are joined, texts are the first. What is null or absent in one is that of
/// the others. Throws config_error for a histogram that is damaged; `file` stands for the file.
json combine(std::string_view key, const std::vector<const json*>& values, const std::string& file);

/// A histogram of a document, checked. Throws config_error. \param all_counted its percentiles are
/// those of its counts
latency_figures read_latency(const json& object, const place& at, const std::string& file,
                             bool all_counted = true);

}  // namespace chopsticks::results
