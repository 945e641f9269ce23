#include "report_errors.hpp"

#include <algorithm>
#include <chopsticks/core/unsupported.hpp>
#include <chopsticks/results/json_reading.hpp>
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

/// A line for each operation that the target does not have. What succeeded even once it has: a 405
/// beside that is of one object (a delete marker), not of the operation.
std::string unsupported_lines(const json& doc, std::size_t width) {
    std::string out;
    for (const auto& [name, operation] : member(doc, "operations").items()) {
        if (count(operation, "ok") > 0) continue;
        for (const json& error : member(operation, "errors")) {
            const auto status = static_cast<int>(number(error, "http_status"));
            const auto errno_value = static_cast<int>(number(error, "errno"));
            const std::string code = text(error, "s3_code");
            const native_code native =
                status > 0 ? native_code::of_http(status) : native_code::of_errno(errno_value);
            if (!means_unsupported(native, code)) continue;
            std::string why = status > 0 ? "HTTP " + std::to_string(status) : std::string();
            if (!code.empty()) why += (why.empty() ? "" : " ") + code;
            out += paragraph(
                "", 2, "The target does not have " + printable(name) + " (" + why + ").", width);
            break;
        }
    }
    return out;
}

struct error_line {
    std::uint64_t count;
    std::string what;
    std::string example;
};

}  // namespace

std::string error_lines(const json& doc, std::size_t width, const terminal_options& options) {
    std::vector<error_line> lines;
    for (const auto& [name, operation] : member(doc, "operations").items()) {
        for (const json& error : member(operation, "errors")) {
            std::string what = printable(name) + ": " + text(error, "class");
            what += native_code_text(error);
            if (!text(error, "s3_code").empty()) what += ", " + text(error, "s3_code");
            lines.push_back({count(error, "count"), what, text(error, "example")});
        }
    }
    if (lines.empty()) return {};
    std::sort(lines.begin(), lines.end(), [](const error_line& a, const error_line& b) {
        return a.count != b.count ? a.count > b.count : a.what < b.what;
    });
    const json& total = member(doc, "total");
    const std::uint64_t failed = count(total, "failed");
    const std::uint64_t ended = failed + count(total, "ok");
    std::string head =
        "Errors: " + whole(failed) + " of " + of_these(ended, "operation", "operations");
    if (ended > 0) {
        const double share = static_cast<double>(failed) / static_cast<double>(ended);
        head +=
            share < 0.0001 ? " (below 0.01%)" : " (" + percent(share, share < 0.1 ? 2 : 1) + ")";
    }
    std::string out = "\n" + painted(head, red, options) + "\n";
    out += unsupported_lines(doc, width);
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
