#pragma once
/// \file
/// Latency over throughput, of series of runs.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::report {

/// What one run of a series shows of the target.
struct load_point {
    std::string label;  ///< "rate=1000"
    double rate_per_s = 0;
    double mean_ms = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    bool valid = true;
};

load_point load_point_of(const results::json& figures, const std::string& label);

/// Where throughput over mean response time, L. Kleinrock's power ("Power and deterministic rules
/// of thumb for probabilistic problems in computer communications", ICC 1979), is greatest. None
/// for fewer than three valid points, or if it is at an end of them.
std::optional<std::size_t> knee_of(const std::vector<load_point>& points);

curve_chart latency_over_throughput(const std::string& id, const std::string& title);

/// "groups.0.load.rate" -> "rate"
std::string last_word(const std::string& axis);
std::string setting_text(const results::json& value);

/// Bad where an objective was missed, a warning where the generator was the limit.
tone tone_of_figures(const results::json& figures);
/// Cells of a run of a series, and what they are.
std::vector<cell> series_row(const results::json& figures);
const std::vector<std::string>& series_header();

/// Objectives about response times of all operations together.
std::vector<limit> latency_limits(const results::json& run_document);

/// Where the result of a point or trial of a series is, beside its document; none: it has none, or
/// it is not there.
std::optional<std::string> run_beside(const results::result_file& series,
                                      const results::json& entry);

/// The first result of a series that is there, beside its document. Throws config_error if that
/// is none. \param list "points", "trials"
std::optional<results::result_file> first_run_of(const results::result_file& series,
                                                 const char* list);

/// That of the first run where it is there, else what the document has.
void add_configuration_of_series(page& to, const results::result_file& series,
                                 const std::optional<results::result_file>& first);

}  // namespace chopsticks::report
