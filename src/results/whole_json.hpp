#pragma once
/// \file
/// What those that write a whole document share.

#include <chopsticks/results/document.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// Whether this build reads documents and streams of that format.
bool is_known_version(const json& version);

/// As many figures of durations as one looks at per interval; the rest is in `hdr`.
json brief_histogram_json(const stats::histogram& h);

/// An interval as an object; `to_line` is its text.
json interval_json(const interval& one, const stats::layout& names);

/// The text of a document in pieces, so that it is not in memory twice: the members of the head,
/// indented, and then its intervals, each on a line of its own.
class text_pieces {
  public:
    /// The intervals are not copied.
    explicit text_pieces(const run_document& doc);
    text_pieces(const json& head, const std::vector<std::string>& intervals);
    text_pieces(const text_pieces&) = delete;  // the first piece is its own
    text_pieces& operator=(const text_pieces&) = delete;

    std::span<const std::string_view> pieces() const noexcept { return pieces_; }

  private:
    std::string head_;
    std::vector<std::string_view> pieces_;
};

/// The same as one text.
std::string with_intervals(const json& head, const std::vector<std::string>& intervals);

}  // namespace chopsticks::results
