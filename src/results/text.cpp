#include <algorithm>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <cstdio>
#include <utility>

namespace chopsticks::results {

namespace {

constexpr std::size_t gap = 2;

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Bytes of the UTF-8 character at the front; 0 when it is none.
std::size_t character_length(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xc2 && first < 0xe0 ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (!continues(text[i])) return 0;
    }
    return length;
}

}  // namespace

std::size_t columns(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string_view cut(std::string_view text, std::size_t width) noexcept {
    std::size_t end = 0;
    for (std::size_t used = 0; end < text.size(); ++end) {
        if (continues(text[end])) continue;
        if (used == width) break;
        ++used;
    }
    return text.substr(0, end);
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        // U+0080 to U+009F are control characters too: U+009B starts an escape sequence.
        const bool control =
            first < 0x20 || first == 0x7f ||
            (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
        if (length == 0 || control) {
            out += '?';
            text.remove_prefix(std::max<std::size_t>(length, 1));
            continue;
        }
        out += text.substr(0, length);
        text.remove_prefix(length);
    }
    return out;
}

std::string pad_left(std::string_view text, std::size_t width) {
    const std::size_t used = columns(text);
    return std::string(width > used ? width - used : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
    const std::size_t used = columns(text);
    return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

std::string paragraph(std::string_view label, std::size_t indent, std::string_view text,
                      std::size_t width) {
    std::string out = pad_right(label, indent);
    if (columns(label) >= indent && !label.empty()) out += ' ';
    std::size_t used = columns(out);
    bool at_start = true;
    while (!text.empty()) {
        const std::size_t end = text.find(' ');
        std::string_view word = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (word.empty()) continue;
        if (!at_start && used + 1 + columns(word) > width) {
            out += "\n" + std::string(indent, ' ');
            used = indent;
            at_start = true;
        }
        if (!at_start) {
            out += ' ';
            ++used;
        }
        out += word;
        used += columns(word);
        at_start = false;
    }
    return out + "\n";
}

std::vector<std::size_t> text_table::widths() const {
    std::vector<std::size_t> out(rows_.front().size(), 0);
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size() && i < out.size(); ++i) {
            out[i] = std::max(out[i], columns(row[i]));
        }
    }
    return out;
}

std::size_t text_table::natural_width() const {
    std::size_t out = 0;
    for (const std::size_t width : widths())
        out += width + gap;
    return out - gap;
}

text_table text_table::without(std::size_t column) const {
    text_table out = *this;
    for (auto& row : out.rows_)
        row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
    out.leave_out_.erase(out.leave_out_.begin());
    for (std::size_t& other : out.leave_out_)
        other -= other > column ? 1 : 0;
    return out;
}

std::string decimal(double value, int decimals) {
    char out[64];
    std::snprintf(out, sizeof out, "%.*f", decimals, std::isfinite(value) ? value : 0.0);
    return out;
}

std::string markdown_text(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c == '|' ? std::string("\\|") : std::string(1, c == '\n' ? ' ' : c);
    return printable(out);
}

std::string markdown_row(const std::vector<std::string>& cells) {
    std::string out = "|";
    for (const std::string& cell : cells)
        out += " " + markdown_text(cell) + " |";
    return out + "\n";
}

std::string text_table::render(std::size_t width) const {
    std::vector<std::size_t> wide = widths();
    const std::size_t others = natural_width() - wide[0];
    if (others + columns(rows_.front()[0]) > width && !leave_out_.empty()) {
        return without(leave_out_.front()).render(width);
    }
    const std::size_t room = width > others ? width - others : 0;
    // The name's column gives way first: a name that is too long stands above its figures.
    wide[0] = std::min(wide[0], std::max(room, columns(rows_.front()[0])));
    std::string out;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        const auto& row = rows_[r];
        if (r != 0 && r == rule_before_) out += std::string(wide[0] + others, '-') + "\n";
        if (columns(row[0]) > wide[0]) {
            out += std::string(cut(row[0], width)) + "\n" + std::string(wide[0], ' ');
        } else {
            out += pad_right(row[0], wide[0]);
        }
        for (std::size_t i = 1; i < row.size(); ++i) {
            out += std::string(gap, ' ') + pad_left(row[i], wide[i]);
        }
        out += "\n";
    }
    return out;
}

}  // namespace chopsticks::results
