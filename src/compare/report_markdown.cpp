#include <chopsticks/compare/report.hpp>
#include <chopsticks/results/text.hpp>

#include "report_markdown.hpp"
#include "words.hpp"

namespace chopsticks::compare {

namespace {

using results::markdown_row;

std::string markdown_rule(std::size_t left) {
    std::string out = "|";
    for (std::size_t i = 0; i < left + 6; ++i)
        out += i < left || i == left + 5 ? " --- |" : " ---: |";
    return out + "\n";
}

std::string markdown_notes(const std::vector<disparity>& differences,
                           const std::vector<std::string>& forced) {
    std::string out;
    for (const std::string& one : forced)
        out += "- **forced**: " + one + "\n";
    if (!out.empty()) out += "\n";
    if (differences.empty()) return out;
    out += markdown_row({"differs", "base", "new"}) + "| --- | --- | --- |\n";
    for (const disparity& one : differences)
        out += markdown_row({one.what, one.base, one.now});
    return out + "\n";
}

std::vector<std::string> markdown_cells(const row& one, const std::string& first) {
    std::vector<std::string> out = cells(one, first);
    if (one.said == verdict::regressed) out.back() = "**" + out.back() + "**";
    if (one.more_runs > 0) out.back() += " (+" + std::to_string(one.more_runs) + " runs)";
    return out;
}

std::string operation_of(const row& one) {
    return one.operation.empty() ? "all" : results::printable(one.operation);
}

}  // namespace

std::string markdown(const report_of_runs& report) {
    std::string out =
        sentence(report.found) + "\n\n" + markdown_notes(report.differences, report.forced);
    std::vector<std::string> names = head();
    names.front() = "figure";
    names.insert(names.begin(), "operation");
    out += markdown_row(names) + markdown_rule(2);
    for (const row& one : report.found.rows) {
        std::vector<std::string> line = markdown_cells(one, label(one.what));
        line.insert(line.begin(), operation_of(one));
        out += markdown_row(line);
    }
    if (!report.found.gates.empty()) {
        out += "\n| gate | operation | result |\n| --- | --- | --- |\n";
        for (const gate_outcome& one : report.found.gates) {
            out += markdown_row({one.asked.text, operation_of(report.found.rows[one.row]),
                                 std::string(name(one.result))});
        }
    }
    return out + "\n" + how(report.found) + "\n";
}

std::string markdown(const report_of_sweeps& report) {
    std::string out =
        sentence(report.found) + "\n\n" + markdown_notes(report.differences, report.forced);
    std::vector<std::string> names = head();
    names.front() = "figure";
    names.insert(names.begin(), "point");
    out += markdown_row(names) + markdown_rule(2);
    for (const curve_point& point : report.found.points) {
        for (const row& one : point.found.rows) {
            std::vector<std::string> line = markdown_cells(one, about(one));
            line.insert(line.begin(), point.settings);
            out += markdown_row(line);
        }
    }
    if (!report.found.gated()) return out;
    out += "\n" + markdown_row({"gate", "point", "operation", "result"}) +
           "| --- | --- | --- | --- |\n";
    for (const curve_point& point : report.found.points) {
        for (const gate_outcome& one : point.found.gates) {
            out += markdown_row({one.asked.text, point.settings,
                                 operation_of(point.found.rows[one.row]),
                                 std::string(name(one.result))});
        }
    }
    for (const std::string& one : report.found.of_one.of_base)
        out += markdown_row({"", one, "", "no run of the new side"});
    return out;
}

}  // namespace chopsticks::compare
