#pragma once
/// \file
/// Text in columns for the terminal, and tables of Markdown. Widths are columns: a UTF-8 character
/// counts as one.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

// What a terminal takes for colours.
inline constexpr const char* red = "\x1b[31m";
inline constexpr const char* green = "\x1b[32m";
inline constexpr const char* yellow = "\x1b[33m";
inline constexpr const char* faint = "\x1b[2m";
inline constexpr const char* bold = "\x1b[1m";
inline constexpr const char* plain = "\x1b[0m";

/// Columns a text takes.
std::size_t columns(std::string_view text) noexcept;

/// At most `width` columns of it, whole characters only.
std::string_view cut(std::string_view text, std::size_t width) noexcept;

/// What came from elsewhere (an error text, a key) made safe to print: control characters, escape
/// sequences among them, and bytes that are no UTF-8 become '?'.
std::string printable(std::string_view text);

/// With so many decimals; what is not finite is 0.
std::string decimal(double value, int decimals);

std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

/// A paragraph behind a label: words wrapped to `width`, further lines indented to the first word.
std::string paragraph(std::string_view label, std::size_t indent, std::string_view text,
                      std::size_t width);

/// A line of a table in Markdown. What a cell may not hold is escaped, or a space.
std::string markdown_row(const std::vector<std::string>& cells);

/// What stands in such a cell; also safe in a paragraph.
std::string markdown_text(std::string_view text);

/// Rows under a header: the first column to the left, the others to the right, each as wide as it
/// needs. A first column too wide for `width` goes on a line of its own; columns that may be left
/// out are, as many as it takes for the header to fit.
class text_table {
  public:
    explicit text_table(std::vector<std::string> header) : rows_{std::move(header)} {}

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    /// A rule before the next row: it sums up the ones above.
    void add_rule() { rule_before_ = rows_.size(); }

    bool empty() const noexcept { return rows_.size() == 1; }

    /// Columns that are left out where there is no room, the least important first.
    void leave_out_first(std::vector<std::size_t> columns) { leave_out_ = std::move(columns); }

    /// Columns of the widest row.
    std::size_t natural_width() const;

    std::string render(std::size_t width) const;

  private:
    std::vector<std::size_t> widths() const;
    text_table without(std::size_t column) const;

    std::vector<std::vector<std::string>> rows_;
    std::size_t rule_before_ = 0;  ///< 0: none
    std::vector<std::size_t> leave_out_;
};

}  // namespace chopsticks::results
