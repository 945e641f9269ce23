#include "words.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

namespace chopsticks::report {

void keep_direction(std::string& text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i) {
        const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(text[i + n]); };
        if (byte(0) != 0xe2) continue;
        const bool turns = (byte(1) == 0x80 && byte(2) >= 0xaa && byte(2) <= 0xae) ||
                           (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
        if (turns) text.replace(i, 3, "?");
    }
}

std::string shown_text(std::string_view text, std::size_t most) {
    // A character takes at most four bytes; no need to look at a megabyte of them.
    std::string safe = results::printable(text.substr(0, 4 * most + 4));
    keep_direction(safe);
    const std::string_view whole = results::cut(safe, most);
    if (whole.size() == safe.size() && text.size() <= 4 * most + 4) return safe;
    return std::string(whole) + "...";
}

std::string slug(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        out += fits ? c : '-';
    }
    return out;
}

std::string value_text(unit of, double value) {
    if (!std::isfinite(value)) return "-";
    switch (of) {
        case unit::ms:
            return value <= 0 ? "0" : format_latency(std::llround(value * 1e6));
        case unit::bytes_per_s:
            return value <= 0 ? "0" : format_bandwidth(value);
        case unit::share:
            return percent_text(value, std::abs(value) < 0.1 ? 1 : 0);
        case unit::seconds:
            return clock_text(value);
        case unit::count:
        case unit::per_s:
            break;
    }
    if (std::abs(value) >= 1000) return format_count(value);
    // Few digits, and none that say nothing.
    std::string out = results::decimal(value, std::abs(value) >= 100 ? 0 : 2);
    if (out.find('.') == std::string::npos) return out;
    while (out.back() == '0')
        out.pop_back();
    if (out.back() == '.') out.pop_back();
    return out;
}

std::string axis_text(unit of, double value) {
    std::string out = value_text(of, value);
    const std::size_t point = out.find('.');
    if (point == std::string::npos || of == unit::seconds) return out;
    const std::size_t end = std::min(out.find_first_not_of("0123456789", point + 1), out.size());
    std::size_t keep = end;
    while (out[keep - 1] == '0')
        --keep;
    if (keep == point + 1) keep = point;
    return out.erase(keep, end - keep);
}

std::string clock_text(double seconds) {
    const auto whole = std::llround(std::abs(seconds) * 1000);
    const auto two = [](long long n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    const long long hours = whole / 3'600'000;
    const long long minutes = whole / 60'000 % 60;
    std::string out = seconds < 0 ? "-" : "";
    out += hours > 0 ? std::to_string(hours) + ":" + two(minutes) : std::to_string(minutes);
    out += ":" + two(whole / 1000 % 60);
    if (whole % 1000 != 0) {
        std::string rest = std::to_string(1000 + whole % 1000).substr(1);
        while (rest.back() == '0')
            rest.pop_back();
        out += "." + rest;
    }
    return out;
}

const char* script_unit(unit of) {
    switch (of) {
        case unit::ms:
            return "ms";
        case unit::bytes_per_s:
            return "B/s";
        case unit::share:
            return "share";
        case unit::per_s:
            return "/s";
        case unit::count:
        case unit::seconds:
            break;
    }
    return "";
}

const char* band_class(const time_band& band) {
    if (band.silence) return "silence";
    return band.as == tone::good   ? "good"
           : band.as == tone::warn ? "warn"
           : band.as == tone::bad  ? "bad"
                                   : "";
}

std::string percentile_text(double inverse) {
    if (inverse <= 1) return "0%";
    const double share = 100 * (1 - 1 / inverse);
    const int decimals = std::max(0, static_cast<int>(std::lround(std::log10(inverse))) - 2);
    return results::decimal(share, decimals) + "%";
}

std::string percent_text(double share, int decimals, bool with_sign) {
    const std::string out = results::percent(share, decimals);
    return with_sign && share > 0 ? "+" + out : out;
}

}  // namespace chopsticks::report
