#include <algorithm>
#include <array>
#include <chopsticks/report/assets.hpp>
#include <chopsticks/report/html.hpp>
#include <chopsticks/report/over_time.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <cstdio>

#include "drawing.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

/// Rows of a table, and bytes of a text that is shown whole.
constexpr std::size_t rows_most = 300;
constexpr std::size_t listing_bytes_most = 64 * 1024;
constexpr std::size_t paragraph_most = 4000;
constexpr std::size_t verdicts_most = 40;

/// What all lines of all charts over time may use of the width together.
constexpr std::size_t columns_in_all = 14'000;
constexpr std::size_t columns_most = 300;

const char* tone_class(tone as) {
    switch (as) {
        case tone::good:
            return "good";
        case tone::warn:
            return "warn";
        case tone::bad:
            return "bad";
        case tone::plain:
            break;
    }
    return "";
}

/// The number as the document has it: what reads it back gets the same.
std::string exact(double value) {
    if (value == std::floor(value) && std::abs(value) < 9e15) {
        return std::to_string(static_cast<long long>(value));
    }
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%.17g", value);
    // The shortest that is the same.
    for (int digits = 6; digits < 17; ++digits) {
        std::array<char, 40> shorter{};
        std::snprintf(shorter.data(), shorter.size(), "%.*g", digits, value);
        if (std::strtod(shorter.data(), nullptr) == value) return shorter.data();
    }
    return text.data();
}

std::string cell_html(const cell& one, bool is_first) {
    std::string classes = one.words ? "text" : "";
    if (one.as != tone::plain)
        classes += std::string(classes.empty() ? "" : " ") + tone_class(one.as);
    std::string out = is_first ? "<th scope=\"row\"" : "<td";
    if (!classes.empty()) out += " class=\"" + classes + "\"";
    out += ">";
    const std::string words = escaped(shown_text(one.text));
    if (one.value && std::isfinite(*one.value)) {
        out += "<data value=\"" + exact(*one.value) + "\">" + words + "</data>";
    } else {
        out += words;
    }
    return out + (is_first ? "</th>" : "</td>");
}

std::string html_of(const table& of) {
    std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                      escaped(of.caption.empty() ? "Table" : of.caption) + "\"><table>";
    if (!of.caption.empty()) out += "<caption>" + escaped(of.caption) + "</caption>";
    out += "<thead><tr>";
    for (std::size_t i = 0; i < of.header.size(); ++i) {
        const bool words =
            i == 0 || (!of.rows.empty() && i < of.rows.front().size() && of.rows.front()[i].words);
        out += std::string("<th scope=\"col\"") + (words ? " class=\"text\"" : "") + ">" +
               escaped(of.header[i]) + "</th>";
    }
    out += "</tr></thead><tbody>";
    for (std::size_t i = 0; i < of.rows.size(); ++i) {
        const bool is_sum = of.sums_up && i + 1 == of.rows.size();
        if (i >= rows_most && !is_sum) continue;
        out += is_sum ? "<tr class=\"sum\">" : "<tr>";
        for (std::size_t c = 0; c < of.rows[i].size(); ++c)
            out += cell_html(of.rows[i][c], c == 0);
        out += "</tr>";
    }
    out += "</tbody></table></div>";
    if (of.rows.size() > rows_most) {
        out += "<p>" + std::to_string(of.rows.size() - rows_most) +
               " more rows are in the document itself.</p>";
    }
    return out;
}

std::string figure(const std::string& id, const std::string& title, const std::string& note,
                   const std::string& drawn, const std::string& attributes = "") {
    std::string out = "<figure id=\"chart-" + escaped(id) + "\" class=\"chart" + attributes +
                      "><figcaption><h3>" + escaped(title) + "</h3>";
    if (!note.empty()) out += "<span class=\"note\">" + escaped(note) + "</span>";
    return out + "</figcaption>" + drawn + "</figure>\n";
}

/// Text that keeps its lines.
std::string html_of(const listing& of) {
    std::string_view text = of.text;
    const bool is_cut = text.size() > listing_bytes_most;
    text = text.substr(0, listing_bytes_most);
    std::string out = "<details><summary>" + escaped(of.title) + "</summary>";
    out += "<pre tabindex=\"0\">" + escaped(text) + "</pre>";
    if (is_cut) out += "<p>The rest is in the document itself.</p>";
    return out + "</details>\n";
}

class body_writer {
  public:
    explicit body_writer(const page& shown) : shown_(shown) {
        std::size_t lines = 1;
        for (const time_chart& chart : shown.over_time.charts)
            lines += chart.lines.size();
        columns_ =
            static_cast<int>(std::clamp(columns_in_all / lines, std::size_t{60}, columns_most));
    }

    std::string operator()(const paragraph& of) const {
        return "<p>" + escaped(shown_text(of.text, paragraph_most)) + "</p>\n";
    }
    std::string operator()(const table& of) const { return html_of(of) + "\n"; }
    std::string operator()(const listing& of) const { return html_of(of); }
    std::string operator()(const time_chart_place& of) const {
        const time_chart& chart = shown_.over_time.charts.at(of.index);
        std::string note = chart.note;
        if (chart.left_out > 0) {
            note += (note.empty() ? "" : "; ") + std::to_string(chart.left_out) +
                    " further lines left out";
        }
        return figure(chart.id, chart.title, note, draw(shown_.over_time, chart, columns_),
                      std::string(chart.strip ? " strip" : "") + "\" data-chart=\"" +
                          escaped(chart.id) + "\"");
    }
    std::string operator()(const curve_chart& of) const {
        return figure(of.id, of.title, of.note, draw(of), "\"");
    }
    std::string operator()(const heat_map& of) const {
        return figure(of.id, of.title, of.note, draw(of, shown_.over_time.spans), "\"");
    }
    std::string operator()(const effect_chart& of) const {
        return figure(of.id, of.title, of.note, draw(of), "\"");
    }

  private:
    const page& shown_;
    int columns_ = 0;
};

std::string asset_text(const char* name) {
    const asset* there = find_asset(name);
    return there == nullptr ? std::string() : std::string(there->text);
}

/// Which scripts may run: those of ours alone, by what they are. Nothing may be loaded.
std::string policy() {
    std::string scripts;
    for (const std::string_view name : chart_scripts()) {
        const asset* one = find_asset(name);
        if (one != nullptr) scripts += " 'sha256-" + std::string(one->sha256) + "'";
    }
    return "default-src 'none'; style-src 'unsafe-inline'; script-src" + scripts +
           "; img-src data:; base-uri 'none'; form-action 'none'";
}

std::string head_of(const page& shown) {
    return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
           policy() +
           "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"generator\" content=\"chopsticks " CHOPSTICKS_VERSION
           "\">\n"
           "<link rel=\"icon\" href=\"data:,\">\n<title>" +
           escaped(shown_text(shown.title)) + "</title>\n<style id=\"drawing\">" +
           asset_text("drawing.css") + "</style>\n<style>" + asset_text("dygraph.min.css") +
           asset_text("page.css") + "</style>\n</head>\n";
}

std::string verdicts_of(const page& shown) {
    if (shown.verdicts.empty()) return {};
    std::string out = "<ul class=\"verdicts\">\n";
    std::size_t told = 0;
    for (const verdict& one : shown.verdicts) {
        if (++told > verdicts_most) break;
        out += std::string("<li class=\"") + tone_class(one.as) + "\"><strong>" +
               escaped(one.label) + "</strong>" + escaped(shown_text(one.text));
        if (!one.command.empty()) out += "<code>" + escaped(shown_text(one.command)) + "</code>";
        out += "</li>\n";
    }
    if (shown.verdicts.size() > verdicts_most)
        out += "<li>and " + std::to_string(shown.verdicts.size() - verdicts_most) + " more</li>\n";
    return out + "</ul>\n";
}

std::string licences() {
    const asset* there = find_asset("dygraphs.txt");
    if (there == nullptr || find_asset("dygraph.min.js") == nullptr) return {};
    return "<details><summary>Licence of dygraphs, which draws the charts that can be zoomed"
           "</summary><pre>" +
           escaped(there->text) + "</pre></details>";
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find_first_of("\n\t", at), text.size());
        for (const char c : results::printable(text.substr(at, end - at))) {
            switch (c) {
                case '&':
                    out += "&amp;";
                    break;
                case '<':
                    out += "&lt;";
                    break;
                case '>':
                    out += "&gt;";
                    break;
                case '"':
                    out += "&quot;";
                    break;
                case '\'':
                    out += "&#39;";
                    break;
                default:
                    out += c;
            }
        }
        if (end < text.size()) out += text[end];
        at = end + 1;
    }
    keep_direction(out);
    return out;
}

std::string to_html(const page& shown) {
    std::string out =
        head_of(shown) + "<body>\n<header>\n<h1>" + escaped(shown_text(shown.title)) + "</h1>\n";
    if (!shown.facts.empty())
        out += "<p class=\"facts\">" + escaped(shown_text(shown.facts)) + "</p>\n";
    out += verdicts_of(shown) + "<nav aria-label=\"Sections\">";
    for (const section& one : shown.sections) {
        if (!one.blocks.empty())
            out += "<a href=\"#" + escaped(one.id) + "\">" + escaped(one.title) + "</a> ";
    }
    out += "</nav>\n</header>\n<main data-charts>\n";
    const body_writer body(shown);
    for (const section& one : shown.sections) {
        if (one.blocks.empty()) continue;
        out += "<section id=\"" + escaped(one.id) + "\" aria-labelledby=\"" + escaped(one.id) +
               "-h\">\n<h2 id=\"" + escaped(one.id) + "-h\">" + escaped(one.title) + "</h2>\n";
        for (const block& part : one.blocks)
            out += std::visit(body, part);
        out += "</section>\n";
    }
    out += "</main>\n<footer><p>Made by chopsticks " CHOPSTICKS_VERSION
           ". Percentiles are of histograms that were added up; an operation that failed is in no "
           "latency and no rate. Before a figure, &gt; says that it is a lower bound: some of "
           "what was due was not answered. Behind it, ? says that it is the greatest of too few "
           "values.</p>" +
           licences() + "</footer>\n";
    if (!shown.over_time.charts.empty()) {
        out += "<script type=\"application/json\" id=\"time-data\">" +
               script_text(to_json(shown.over_time)) + "</script>\n";
    }
    for (const std::string_view name : chart_scripts()) {
        const asset* one = find_asset(name);
        if (one != nullptr) out += "<script>" + std::string(one->text) + "</script>\n";
    }
    return out + "</body>\n</html>\n";
}

}  // namespace chopsticks::report
