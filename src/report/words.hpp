#pragma once
/// \file
/// How a report writes what documents hold.

#include <chopsticks/report/page.hpp>
#include <string>
#include <string_view>

namespace chopsticks::report {

/// Longest text of one cell, label or line; what is longer is cut with "...".
constexpr std::size_t text_max = 600;

/// Replaces what turns the direction of text around: overrides and isolates, U+202A to U+202E and
/// U+2066 to U+2069.
void keep_direction(std::string& text);

/// A text from a document as one line that is safe to show, of bounded length.
std::string shown_text(std::string_view text, std::size_t most = text_max);

/// "reused_connections" -> "reused-connections": for ids.
std::string slug(std::string_view text);

/// A value of an axis or a point. Latencies in ms.
std::string value_text(unit of, double value);

/// The same for an axis: "10 ms" instead of "10.0 ms".
std::string axis_text(unit of, double value);

/// "1:05", "1:00:00"
std::string clock_text(double seconds);

/// What charts.js calls the unit.
const char* script_unit(unit of);

/// "good", "warn", "bad", "silence", "": what styles and charts.js call a band.
const char* band_class(const time_band& band);

/// "99.9%", of 1/(1-p).
std::string percentile_text(double inverse);

/// "12.5%", of a share; with a sign where asked for.
std::string percent_text(double share, int decimals = 1, bool with_sign = false);

}  // namespace chopsticks::report
