#include <charconv>
#include <chopsticks/core/units.hpp>
#include <cmath>
#include <cstdio>

namespace chopsticks {

namespace {

using boost::system::errc::make_error_code;

struct unit {
    std::string_view name;
    double factor;
};

error_code bad_text() {
    return make_error_code(boost::system::errc::invalid_argument);
}
error_code too_large() {
    return make_error_code(boost::system::errc::value_too_large);
}

std::string_view skip_spaces(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    return text;
}

bool same_letters(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const char lower = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] - 'A' + 'a') : a[i];
        if (lower != b[i]) return false;
    }
    return true;
}

/// Reads digits with an optional fraction; no sign, no exponent.
bool take_number(std::string_view& text, double& value) {
    std::size_t length = 0;
    bool digits = false;
    bool point = false;
    while (length < text.size()) {
        const char c = text[length];
        if (c >= '0' && c <= '9') {
            digits = true;
        } else if (c == '.' && !point) {
            point = true;
        } else {
            break;
        }
        ++length;
    }
    if (!digits) return false;
    const auto parsed = std::from_chars(text.data(), text.data() + length, value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + length) return false;
    text.remove_prefix(length);
    return true;
}

std::string_view take_letters(std::string_view& text) {
    std::size_t length = 0;
    while (length < text.size() && ((text[length] >= 'a' && text[length] <= 'z') ||
                                    (text[length] >= 'A' && text[length] <= 'Z'))) {
        ++length;
    }
    const std::string_view letters = text.substr(0, length);
    text.remove_prefix(length);
    return letters;
}

std::string three_digits(double value, const char* unit_name) {
    char text[64];
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f %s", decimals, value, unit_name);
    return text;
}

}  // namespace

result<std::uint64_t> parse_size(std::string_view text) {
    static constexpr unit units[] = {
        {"", 1},        {"b", 1},        {"k", 0x1p10},   {"ki", 0x1p10},  {"kib", 0x1p10},
        {"kb", 1e3},    {"m", 0x1p20},   {"mi", 0x1p20},  {"mib", 0x1p20}, {"mb", 1e6},
        {"g", 0x1p30},  {"gi", 0x1p30},  {"gib", 0x1p30}, {"gb", 1e9},     {"t", 0x1p40},
        {"ti", 0x1p40}, {"tib", 0x1p40}, {"tb", 1e12},
    };
    text = skip_spaces(text);
    // Whole byte counts keep all 64 bits, which a double would not.
    std::uint64_t whole = 0;
    const auto exact = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (exact.ec == std::errc::result_out_of_range) return too_large();
    if (exact.ec == std::errc{} && exact.ptr == text.data() + text.size()) return whole;
    double value = 0;
    if (!take_number(text, value)) return bad_text();
    text = skip_spaces(text);
    const std::string_view letters = take_letters(text);
    if (!skip_spaces(text).empty()) return bad_text();
    for (const unit& u : units) {
        if (!same_letters(letters, u.name)) continue;
        const double bytes = std::round(value * u.factor);
        if (bytes >= 0x1p63) return too_large();
        return static_cast<std::uint64_t>(bytes);
    }
    return bad_text();
}

result<std::int64_t> parse_duration(std::string_view text) {
    static constexpr unit units[] = {
        {"ns", 1},   {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},     {"sec", 1e9},
        {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9},
    };
    text = skip_spaces(text);
    if (text.empty()) return bad_text();
    double total = 0;
    bool first = true;
    while (!text.empty()) {
        double value = 0;
        if (!take_number(text, value)) return bad_text();
        text = skip_spaces(text);
        const std::string_view letters = take_letters(text);
        text = skip_spaces(text);
        if (letters.empty()) {
            if (!first || !text.empty()) return bad_text();  // "1h30" is ambiguous
            total = value * 1e9;
            break;
        }
        const unit* found = nullptr;
        for (const unit& u : units) {
            if (same_letters(letters, u.name)) found = &u;
        }
        if (found == nullptr) return bad_text();
        total += value * found->factor;
        first = false;
    }
    if (total >= 0x1p63) return too_large();
    return static_cast<std::int64_t>(std::llround(total));
}

std::string format_size(std::uint64_t bytes) {
    static constexpr const char* names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int power = 0;
    double value = static_cast<double>(bytes);
    while (value >= 1024 && power < 4) {
        value /= 1024;
        ++power;
    }
    char text[64];
    for (int decimals = 0; decimals <= 3; ++decimals) {
        std::snprintf(text, sizeof text, "%.*f %s", decimals, value, names[power]);
        const auto back = parse_size(text);
        if (back.has_value() && *back == bytes) return text;
    }
    std::snprintf(text, sizeof text, "%.1f %s", value, names[power]);
    return text;
}

std::string format_duration(std::int64_t ns) {
    if (ns == 0) return "0s";
    // Unsigned: the smallest int64_t has no positive twin.
    auto rest = static_cast<std::uint64_t>(ns);
    if (ns < 0) rest = 0 - rest;
    static constexpr struct {
        const char* name;
        std::uint64_t ns;
    } units[] = {{"d", 86'400'000'000'000},
                 {"h", 3'600'000'000'000},
                 {"m", 60'000'000'000},
                 {"s", 1'000'000'000},
                 {"ms", 1'000'000},
                 {"us", 1'000},
                 {"ns", 1}};
    // What is written by hand is exact; of what was computed nobody reads the last digits.
    const std::uint64_t step = rest < 1'000'000         ? 1
                               : rest < 1'000'000'000   ? 1'000
                               : rest < 600'000'000'000 ? 1'000'000
                                                        : 1'000'000'000;
    rest = (rest + step / 2) / step * step;
    std::string out = ns < 0 ? "-" : "";
    for (const auto& u : units) {
        const std::uint64_t n = rest / u.ns;
        if (n == 0) continue;
        out += std::to_string(n);
        rest -= n * u.ns;
        // From seconds on, the rest is their decimals.
        if (u.ns <= 1'000'000'000 && rest > 0) {
            std::string decimals = std::to_string(u.ns + rest).substr(1);
            while (decimals.back() == '0')
                decimals.pop_back();
            out += "." + decimals;
            rest = 0;
        }
        out += u.name;
    }
    return out;
}

std::string counted(std::uint64_t count, std::string_view what) {
    return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string format_latency(std::int64_t ns) {
    const auto value = static_cast<double>(ns);
    if (ns < 0) return "-" + format_latency(ns == INT64_MIN ? INT64_MAX : -ns);
    if (ns < 1'000) return std::to_string(ns) + " ns";
    if (value < 999.5e3) return three_digits(value / 1e3, "us");
    if (value < 999.5e6) return three_digits(value / 1e6, "ms");
    return three_digits(value / 1e9, "s");
}

std::string format_count(double value) {
    char text[64];
    if (value < 0) return "-" + format_count(-value);
    const double scaled = value < 999.5     ? value
                          : value < 999.5e3 ? value / 1e3
                          : value < 999.5e6 ? value / 1e6
                                            : value / 1e9;
    const char* suffix = value < 999.5 ? "" : value < 999.5e3 ? "k" : value < 999.5e6 ? "M" : "G";
    const bool whole = suffix[0] == '\0' && value == std::floor(value);
    const int decimals = whole ? 0 : scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f%s", decimals, scaled, suffix);
    return text;
}

std::string format_bandwidth(double bytes_per_s) {
    if (bytes_per_s < 999.5) return three_digits(bytes_per_s, "B/s");
    if (bytes_per_s < 999.5e3) return three_digits(bytes_per_s / 1e3, "kB/s");
    if (bytes_per_s < 999.5e6) return three_digits(bytes_per_s / 1e6, "MB/s");
    return three_digits(bytes_per_s / 1e9, "GB/s");
}

}  // namespace chopsticks
