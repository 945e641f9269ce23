#include <algorithm>
#include <chopsticks/compare/report.hpp>
#include <chopsticks/compare/spread.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>
#include <utility>
#include <vector>

#include "report_markdown.hpp"
#include "words.hpp"

namespace chopsticks::compare {

namespace {

using results::paragraph;
using results::text_table;

constexpr std::size_t indent = 12;
constexpr std::size_t differences_most = 12;

/// "  what  base -> new" where it fits, otherwise a line each.
std::string difference_text(const disparity& one, std::size_t width) {
    const std::string line = "  " + one.what + "  " + one.base + " -> " + one.now;
    if (results::columns(line) < width) return line + "\n";
    const auto whole_or_cut = [&](const std::string& text) {
        if (results::columns(text) < width) return text + "\n";
        return std::string(results::cut(text, width - 4)) + "...\n";
    };
    return whole_or_cut("  " + one.what) + whole_or_cut("      " + one.base) +
           whole_or_cut("   -> " + one.now);
}

std::string differences_text(const std::vector<disparity>& all, std::size_t width) {
    if (all.empty()) return {};
    std::string out = "Differs between the sides\n";
    for (std::size_t i = 0; i < std::min(all.size(), differences_most); ++i)
        out += difference_text(all[i], width);
    if (all.size() > differences_most)
        out += "  and " + std::to_string(all.size() - differences_most) + " more, see --json\n";
    return out + "\n";
}

std::string forced_text(const std::vector<std::string>& forced, std::size_t width) {
    std::string out;
    for (const std::string& one : forced)
        out += paragraph("FORCED", indent, one, width);
    return out.empty() ? out : out + "\n";
}

/// A line of a table in the colour of its verdict, which is its last word.
std::string painted(const std::string& line) {
    const char* color = nullptr;
    if (line.ends_with(name(verdict::regressed))) color = results::red;
    if (line.ends_with(name(verdict::improved))) color = results::green;
    if (line.ends_with("suspect +") || line.ends_with("suspect -")) color = results::yellow;
    // "12.3 ms?": thin.
    if (line.find("? ") != std::string::npos) color = results::faint;
    return color == nullptr ? line : color + line + results::plain;
}

/// A row of nothing but the operation's name.
std::vector<std::string> heading(const std::string& name, std::size_t cells) {
    std::vector<std::string> out(cells);
    out.front() = name;
    return out;
}

/// What all rows of an operation stand below.
std::string title_of(const std::string& operation) {
    return operation.empty() ? "all" : results::printable(operation);
}

std::string drawn(const text_table& table, std::size_t width, bool color) {
    const std::string text = table.render(width);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        std::string line = text.substr(at, end - at);
        line.erase(line.find_last_not_of(' ') + 1);
        out += (color ? painted(line) : line) + "\n";
        at = end + 1;
    }
    return out;
}

/// Where there is no room for intervals.
constexpr std::size_t narrow = 60;

/// What `drawn_changes` draws.
text_table table_of_changes(std::size_t width) {
    std::vector<std::string> header = head();
    if (width < narrow) header.front() = "Figure";
    return text_table(std::move(header));
}

std::string drawn_changes(text_table table, std::size_t width, bool color) {
    // p, then the sides' figures: without its interval a change is nothing, but for the verdict,
    // which is what the interval says.
    std::vector<std::size_t> gives_way = {5, 1, 2};
    if (width < narrow) gives_way.push_back(4);
    table.leave_out_first(std::move(gives_way));
    return drawn(table, width, color);
}

std::string more_runs_text(const comparison& found, std::size_t width) {
    std::string out;
    std::size_t told = 0;
    std::size_t left = 0;
    for (const row& one : found.rows) {
        if (one.more_runs == 0) continue;
        if (told == 4) {
            ++left;
            continue;
        }
        ++told;
        out += (out.empty() ? "" : ", ") + about(one) + " " +
               (one.more_runs >= runs_most ? "over " + std::to_string(runs_most)
                                           : std::to_string(one.more_runs));
    }
    if (out.empty()) return {};
    if (left > 0) out += ", and " + counted(left, "figure") + " in --json";
    return paragraph("Undecided", indent, "runs a side that it would probably take besides: " + out,
                     width);
}

std::string marks_text(const comparison& found, std::size_t width) {
    std::string out;
    const auto any = [&](bool row::* mark) {
        return std::any_of(found.rows.begin(), found.rows.end(),
                           [&](const row& one) { return one.*mark; });
    };
    if (any(&row::thin))
        out += paragraph("?", indent, "of a run with fewer than 10 operations beyond it", width);
    if (any(&row::lower_bound))
        out += paragraph(">", indent, "at least: some of what was due was not answered", width);
    return out;
}

std::string gates_text(const comparison& found, const std::string& point, std::size_t width) {
    std::string out;
    for (const gate_outcome& one : found.gates) {
        const std::string& operation = found.rows[one.row].operation;
        std::string where = point.empty() ? "" : "at " + point;
        if (!operation.empty())
            where += (where.empty() ? "" : ", ") + results::printable(operation);
        out += paragraph("Gate", indent,
                         one.asked.text + "  " + where + (where.empty() ? "" : ": ") +
                             std::string(name(one.result)),
                         width);
    }
    return out;
}

std::size_t width_of(const results::terminal_options& terminal) {
    return static_cast<std::size_t>(std::clamp(terminal.width, 40, 161) - 1);
}

std::string title(const std::string& words, std::size_t width,
                  const results::terminal_options& terminal) {
    const std::string text = paragraph("", 0, words, width);
    return terminal.color
               ? results::bold + text.substr(0, text.size() - 1) + results::plain + "\n\n"
               : text + "\n";
}

}  // namespace

std::string render(const report_of_runs& report, report_format format,
                   const results::terminal_options& terminal) {
    if (format == report_format::markdown) return markdown(report);
    const std::size_t width = width_of(terminal);
    const comparison& found = report.found;
    std::string out = title(sentence(found), width, terminal);
    out += forced_text(report.forced, width) + differences_text(report.differences, width);
    text_table table = table_of_changes(width);
    std::string operation = "\n";
    for (const row& one : found.rows) {
        if (one.operation != operation) {
            operation = one.operation;
            table.add(heading(title_of(operation), head().size()));
        }
        table.add(cells(one, "  " + label(one.what)));
    }
    out += drawn_changes(std::move(table), width, terminal.color) + "\n";
    out += gates_text(found, "", width) + more_runs_text(found, width) + marks_text(found, width);
    return out + paragraph("Runs", indent, how(found), width);
}

std::string render(const report_of_sweeps& report, report_format format,
                   const results::terminal_options& terminal) {
    if (format == report_format::markdown) return markdown(report);
    const std::size_t width = width_of(terminal);
    std::string out = title(sentence(report.found), width, terminal);
    out += forced_text(report.forced, width) + differences_text(report.differences, width);
    text_table table = table_of_changes(width);
    for (const curve_point& point : report.found.points) {
        table.add(heading(point.settings, head().size()));
        for (const row& one : point.found.rows) {
            table.add(cells(one, "  " + about(one)));
        }
    }
    out += drawn_changes(std::move(table), width, terminal.color);
    if (report.found.gated()) out += "\n";
    for (const curve_point& point : report.found.points)
        out += gates_text(point.found, point.settings, width);
    const lone_points& alone = report.found.of_one;
    if (!alone.of_base.empty() || !alone.of_new.empty()) out += "\n";
    if (!alone.of_base.empty())
        out += paragraph("Base alone", indent, listed(alone.of_base), width);
    if (!alone.of_new.empty()) out += paragraph("New alone", indent, listed(alone.of_new), width);
    return out;
}

std::string render(const run_spread& found, const results::terminal_options& terminal) {
    const std::size_t width = width_of(terminal);
    const std::vector<row>& rows = found.itself.rows;
    std::string out = title(sentence(found), width, terminal);
    const std::vector<std::string> head = {"Operation, figure", "mean", "95% interval", "vary by",
                                           "regressed at"};
    text_table table(head);
    std::string operation = "\n";
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].operation != operation) {
            operation = rows[i].operation;
            table.add(heading(title_of(operation), head.size()));
        }
        table.add(cells(rows[i], found.rows[i], "  " + label(rows[i].what)));
    }
    table.leave_out_first({3, 2, 4});
    out += drawn(table, width, false) + "\n" + marks_text(found.itself, width);
    if (found.itself.base_runs < 2) return out;
    return out +
           paragraph("Vary by", indent, "standard deviation of a run; the run is the unit", width) +
           paragraph("Regressed", indent,
                     "the change from which on compare would say so of as many other runs that "
                     "vary as much",
                     width);
}

}  // namespace chopsticks::compare
