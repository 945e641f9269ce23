#pragma once
/// \file
/// JSON text that somebody else wrote, read within bounds.

#include <chopsticks/results/json.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace chopsticks::results {

/// A file of results: one of five operations takes at most about 20 MB, of format 1 it was 60 MB.
constexpr std::size_t file_bytes_max = std::size_t{512} << 20;

/// How deep a document may nest: ours nest to a dozen.
constexpr std::size_t depth_max = 64;

/// JSON values outside of the intervals, and in each of them: a run of 200 stages with twenty
/// operations has half a million.
constexpr std::size_t values_max = 4'000'000;

/// Takes an interval out of a document as it is read, so that all of them are never in memory as
/// JSON, which needs ten times the room of their text. \param number from 0
using interval_sink = std::function<void(json&& interval, std::size_t number)>;

/// The document of `text`. With a sink the elements of its member `intervals` go there, and the
/// member is left empty. What the sink throws goes through. Any thread.
///
/// Throws config_error, with `name` for the file, for what is no JSON (line and column), cut short,
/// deeper or larger than the limits, an object with a key twice, an interval stream.
json parse_bounded(std::string_view text, const std::string& name, const interval_sink& sink = {});

/// The text of a file of at most `file_bytes_max`. Throws config_error. \param verb "read the
/// result"
std::string read_bounded(const std::string& path, std::string_view verb);

}  // namespace chopsticks::results
