#pragma once
/// \file
/// Results read back, for reports and comparisons. Any thread; blocks on the disk.

#include <chopsticks/results/json.hpp>
#include <chopsticks/scenario/settings.hpp>
#include <chopsticks/stats/histogram.hpp>
#include <string>
#include <string_view>

namespace chopsticks::results {

/// Reads a result file. Throws config_error that says what is wrong with it, and where: not
/// readable, not JSON (line and column), not a result, of a newer format, or without the members
/// every result has.
json read_result(const std::string& path);

/// The checks of read_result on a document in memory; `name` stands for the file in the message.
void check_result(const json& document, const std::string& name);

/// What a result shows of this workload's settings; none where it shows nothing of them. A value
/// that no workload shows is left out.
scenario::echo_fields echoed_settings(const json& document, std::string_view workload);

/// The histogram out of `response`, `service`, ... of a document: decoded from `hdr`, an empty
/// one where there is none. Error: as stats::histogram::decode, or not a histogram object.
result<stats::histogram> read_histogram(const json& object);

}  // namespace chopsticks::results
