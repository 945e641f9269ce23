#pragma once
/// \file
/// The writers of the formats, and what they share.

#include <chopsticks/exports/formats.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/stats/response_times.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::exports {

using results::operation_figures;
using results::result_file;

void write_csv(const result_file& r, const record_source& log, const text_sink& out);
void write_intervals_csv(const result_file& r, const record_source& log, const text_sink& out);
void write_drivers_csv(const result_file& r, const record_source& log, const text_sink& out);
void write_drivers_intervals_csv(const result_file& r, const record_source& log,
                                 const text_sink& out);
void write_markdown(const result_file& r, const record_source& log, const text_sink& out);
void write_locust_stats(const result_file& r, const record_source& log, const text_sink& out);
void write_locust_history(const result_file& r, const record_source& log, const text_sink& out);
void write_fio(const result_file& r, const record_source& log, const text_sink& out);
void write_hdr_log(const result_file& r, const record_source& log, const text_sink& out);
void write_metrics_csv(const result_file& r, const record_source& log, const text_sink& out);
void write_metrics_jsonl(const result_file& r, const record_source& log, const text_sink& out);
void write_metrics_json(const result_file& r, const record_source& log, const text_sink& out);

/// A field of CSV, quoted where it has to be (RFC 4180), with '?' for control characters.
std::string csv_field(std::string_view text);
/// Fields with commas and an end of line.
std::string csv_line(const std::vector<std::string>& fields);

/// Not more decimals than asked for, and no exponent.
std::string decimals(double value, int most);
std::string milliseconds(double ns);

/// "front" and "get" of "front/get".
std::string group_of(std::string_view operation);
std::string name_of(std::string_view operation);

/// The member of the scenario; empty where it is no text.
std::string scenario_text(const result_file& r, const char* key);
/// The member of a group of the document; likewise.
std::string group_text(const result_file& r, const std::string& group, const char* key);
/// How long the operation's group was measured: what its rates are divided by.
double measured_s(const result_file& r, std::string_view operation);

/// What the catalogue says of an operation; null for one it does not know.
const scenario::catalogue::operation* row_of(const result_file& r, std::string_view operation);

/// Figures that are summed here.
class summed {
  public:
    explicit summed(int digits) : figures_(digits) {}
    void add(const operation_figures& more, const std::string& file) {
        results::add_up(figures_, more, file);
    }
    const stats::figures& figures() const noexcept { return figures_; }
    /// Of all that was due, as the document has them.
    stats::response_times response() const {
        stats::response_times out(figures_.response.significant_digits());
        out.add(figures_);
        return out;
    }

  private:
    stats::figures figures_;
};

}  // namespace chopsticks::exports
