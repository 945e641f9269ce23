#include "report_errors.hpp"

#include <algorithm>
#include <chopsticks/core/unsupported.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/text.hpp>
#include <cstring>
#include <utility>
#include <vector>

namespace chopsticks::results {

namespace {

constexpr std::size_t errors_shown = 10;

/// ", HTTP 503" or ", errno 110 (Connection timed out)"; empty where there was no code.
std::string native_code_text(const json& error) {
    auto status = static_cast<int>(number(error, "http_status"));
    auto errno_value = static_cast<int>(number(error, "errno"));
    if (errno_value == 0 && status > 0) {
        // Results of before "errno" have it as http_status, and its name as the code.
        const char* const name = ::strerrorname_np(status);
        if (name != nullptr && text(error, "s3_code") == name) std::swap(errno_value, status);
    }
    if (status > 0) return ", HTTP " + std::to_string(status);
    if (errno_value <= 0) return {};
    const char* const meaning = ::strerrordesc_np(errno_value);
    return ", errno " + std::to_string(errno_value) +
           (meaning != nullptr ? " (" + std::string(meaning) + ")" : std::string());
}

/// "HTTP 501 NotImplemented".
std::string answer_text(const json& error) {
    const auto status = static_cast<int>(number(error, "http_status"));
    std::string out = status > 0 ? "HTTP " + std::to_string(status) : std::string();
    const std::string code = text(error, "s3_code");
    if (!code.empty()) out += (out.empty() ? "" : " ") + printable(code);
    return out;
}

/// Results of before the class have such failures under another.
bool is_unsupported(const json& error) {
    if (text(error, "class") == name(op_status::unsupported)) return true;
    const auto status = static_cast<int>(number(error, "http_status"));
    const auto errno_value = static_cast<int>(number(error, "errno"));
    return means_unsupported(
        status > 0 ? native_code::of_http(status) : native_code::of_errno(errno_value),
        text(error, "s3_code"));
}

std::uint64_t unsupported_answers(const json& operation) {
    std::uint64_t sum = 0;
    for (const json& error : member(operation, "errors"))
        sum += is_unsupported(error) ? count(error, "count") : 0;
    return sum;
}

/// Empty: the target never said so of the operation.
std::string unsupported_sentence(const std::string& name, const json& operation) {
    const std::uint64_t n = unsupported_answers(operation);
    if (n == 0) return {};
    const std::uint64_t ok = count(operation, "ok");
    std::string answers;
    for (const json& error : member(operation, "errors")) {
        const std::string answer = answer_text(error);
        if (!is_unsupported(error) || answer.empty()) continue;
        if (!answers.empty() && (", " + answers).find(", " + answer) != std::string::npos) continue;
        answers += (answers.empty() ? "" : ", ") + answer;
    }
    if (!answers.empty()) answers = " (" + answers + ")";
    const std::string of_all =
        whole(n) + " of " +
        of_these(std::max(n, ok + count(operation, "failed")), "answer", "answers");
    if (ok == 0) return printable(name) + ": not supported by the target, " + of_all + answers;
    // A 405 may be of one object (a delete marker), a 501 of one server of several.
    return printable(name) + ": " + of_all + (n == 1 ? " says" : " say") +
           " that the target does not support it" + answers;
}

std::string head_line(const char* label, std::uint64_t n, std::uint64_t ended,
                      const terminal_options& options) {
    std::string head = label + whole(n) + " of " + of_these(ended, "operation", "operations");
    if (ended > 0) {
        const double share = static_cast<double>(n) / static_cast<double>(ended);
        head +=
            share < 0.0001 ? " (below 0.01%)" : " (" + percent(share, share < 0.1 ? 2 : 1) + ")";
    }
    return "\n" + painted(head, red, options) + "\n";
}

struct error_line {
    std::uint64_t count;
    std::string what;
    std::string example;
};

}  // namespace

std::uint64_t unsupported_operations(const json& doc) {
    std::uint64_t sum = 0;
    for (const json& operation : member(doc, "operations"))
        if (text(operation, "part_of").empty()) sum += unsupported_answers(operation);
    return sum;
}

std::vector<std::string> never_served_sentences(const json& doc) {
    std::vector<std::string> out;
    for (const auto& [name, operation] : member(doc, "operations").items()) {
        if (!text(operation, "part_of").empty() || count(operation, "ok") > 0) continue;
        std::string said = unsupported_sentence(name, operation);
        if (!said.empty()) out.push_back(std::move(said));
    }
    return out;
}

std::string error_lines(const json& doc, std::size_t width, const terminal_options& options) {
    std::vector<error_line> lines;
    std::string unsupported;
    for (const auto& [name, operation] : member(doc, "operations").items()) {
        const std::string said = unsupported_sentence(name, operation);
        if (!said.empty()) unsupported += paragraph("", 2, said, width);
        for (const json& error : member(operation, "errors")) {
            if (is_unsupported(error)) continue;
            std::string what = printable(name) + ": " + text(error, "class");
            what += native_code_text(error);
            if (!text(error, "s3_code").empty()) what += ", " + text(error, "s3_code");
            lines.push_back({count(error, "count"), what, text(error, "example")});
        }
    }
    const json& total = member(doc, "total");
    const std::uint64_t failed = count(total, "failed");
    const std::uint64_t ended = failed + count(total, "ok");
    const std::uint64_t apart = unsupported_operations(doc);
    std::string out;
    if (!unsupported.empty()) {
        out = head_line("Not supported: ", apart, ended, options) + unsupported;
    }
    if (lines.empty()) return out;
    std::sort(lines.begin(), lines.end(), [](const error_line& a, const error_line& b) {
        return a.count != b.count ? a.count > b.count : a.what < b.what;
    });
    out += head_line("Errors: ", failed - std::min(apart, failed), ended, options);
    std::size_t digits = 0;
    for (const error_line& line : lines)
        digits = std::max(digits, whole(line.count).size());
    const std::size_t left = digits + 4;
    for (std::size_t i = 0; i < std::min(lines.size(), errors_shown); ++i) {
        out += paragraph("  " + pad_left(whole(lines[i].count), digits) + " ", left, lines[i].what,
                         width);
        if (!lines[i].example.empty()) {
            out += paragraph("", left, "e.g. " + lines[i].example, width);
        }
    }
    if (lines.size() > errors_shown) {
        out += "  and " + of_these(lines.size() - errors_shown, "more kind", "more kinds") +
               " in the result\n";
    }
    return out;
}

}  // namespace chopsticks::results
