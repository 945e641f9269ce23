#include <charconv>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/trace/recording.hpp>

namespace chopsticks::trace {

namespace {

/// Takes `digits` decimal digits from the front. False: they were not there.
bool take_number(std::string_view& text, std::size_t digits, int& out) noexcept {
    if (text.size() < digits) return false;
    out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        out = out * 10 + (text[i] - '0');
    }
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char c) noexcept {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

bool sane(const civil_time& t) noexcept {
    static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (t.year < 1970 || t.year > 2200 || t.month < 1 || t.month > 12 || t.day < 1) return false;
    const bool leap = t.year % 4 == 0 && (t.year % 100 != 0 || t.year % 400 == 0);
    const int last = days[t.month - 1] + (t.month == 2 && leap ? 1 : 0);
    // 60: a leap second counts as the first of the next minute.
    return t.day <= last && t.hour < 24 && t.minute < 60 && t.second <= 60;
}

/// "+0100", "-01:00" to seconds east of Greenwich.
bool take_offset(std::string_view& text, int& seconds) noexcept {
    const bool west = !text.empty() && text.front() == '-';
    if (!west && (text.empty() || text.front() != '+')) return false;
    text.remove_prefix(1);
    int hours = 0;
    int minutes = 0;
    if (!take_number(text, 2, hours)) return false;
    take(text, ':');
    if (!take_number(text, 2, minutes)) return false;
    if (hours > 15 || minutes > 59) return false;
    seconds = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
    return true;
}

}  // namespace

std::uint64_t key_hash(std::string_view bucket, std::string_view key) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto add = [&hash](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
    for (const char c : bucket)
        add(static_cast<unsigned char>(c));
    add('/');
    for (const char c : key)
        add(static_cast<unsigned char>(c));
    return mix64(hash);
}

bool parse_iso_time(std::string_view text, std::int64_t& wall_ns) noexcept {
    civil_time t{};
    if (!take_number(text, 4, t.year) || !take(text, '-') || !take_number(text, 2, t.month) ||
        !take(text, '-') || !take_number(text, 2, t.day)) {
        return false;
    }
    if (!take(text, 'T') && !take(text, ' ')) return false;
    if (!take_number(text, 2, t.hour) || !take(text, ':') || !take_number(text, 2, t.minute) ||
        !take(text, ':') || !take_number(text, 2, t.second) || !sane(t)) {
        return false;
    }
    std::int64_t fraction_ns = 0;
    if (take(text, '.')) {
        std::int64_t unit = 100'000'000;
        int digit = 0;
        std::size_t digits = 0;
        while (take_number(text, 1, digit)) {
            fraction_ns += digit * unit;
            unit /= 10;
            ++digits;
        }
        if (digits == 0) return false;
    }
    int offset_s = 0;
    if (!take(text, 'Z') && !take_offset(text, offset_s)) return false;
    if (!text.empty()) return false;
    wall_ns = (from_civil(t) - offset_s) * 1'000'000'000 + fraction_ns;
    return true;
}

bool parse_access_log_time(std::string_view text, std::int64_t& wall_ns) noexcept {
    static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    civil_time t{};
    if (!take_number(text, 2, t.day) || !take(text, '/') || text.size() < 3) return false;
    const std::size_t month = months.find(text.substr(0, 3));
    if (month == std::string_view::npos || month % 3 != 0) return false;
    t.month = static_cast<int>(month / 3) + 1;
    text.remove_prefix(3);
    if (!take(text, '/') || !take_number(text, 4, t.year) || !take(text, ':') ||
        !take_number(text, 2, t.hour) || !take(text, ':') || !take_number(text, 2, t.minute) ||
        !take(text, ':') || !take_number(text, 2, t.second) || !sane(t) || !take(text, ' ')) {
        return false;
    }
    int offset_s = 0;
    if (!take_offset(text, offset_s) || !text.empty()) return false;
    wall_ns = (from_civil(t) - offset_s) * 1'000'000'000;
    return true;
}

}  // namespace chopsticks::trace
