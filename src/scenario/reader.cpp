#include <algorithm>
#include <charconv>
#include <chopsticks/scenario/reader.hpp>
#include <cmath>

#include "problems.hpp"

namespace chopsticks::scenario {

namespace {

bool too_large(const error_code& ec) {
    return ec == boost::system::errc::value_too_large;
}

}  // namespace

void field::wrong(const std::string& wanted, const std::string& example) const {
    fail(where(), "`" + name_ + "` must be " + wanted + ", not " + value_->found(), example);
}

void field::refuse(const std::string& problem, const std::string& mend) const {
    fail(where(), "`" + name_ + "` " + problem, mend);
}

std::string field::text() const {
    if (!value_->is_scalar()) wrong("a text", "");
    if (value_->text.empty()) wrong("a text", "remove the line to use the default");
    return value_->text;
}

bool field::boolean() const {
    if (value_->is_scalar()) {
        for (const std::string_view yes : {"true", "True", "TRUE", "yes", "on"}) {
            if (value_->text == yes) return true;
        }
        for (const std::string_view no : {"false", "False", "FALSE", "no", "off"}) {
            if (value_->text == no) return false;
        }
    }
    wrong("true or false", "");
}

std::uint64_t field::count(std::uint64_t min, std::uint64_t max) const {
    const char* const wanted = "a whole number";
    if (!value_->is_scalar()) wrong(wanted, "");
    std::string digits;
    for (const char c : value_->text) {
        if (c != '_') digits += c;  // 1_000_000
    }
    std::uint64_t n = 0;
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, n);
    const bool overflow = parsed.ec == std::errc::result_out_of_range && parsed.ptr == end;
    if (!overflow && (parsed.ec != std::errc{} || parsed.ptr != end)) wrong(wanted, "");
    if (overflow || n > max) {
        refuse("is too large: " + value_->found(),
               "at most " + std::to_string(max) + " is allowed");
    }
    if (n < min) {
        refuse("is too small: " + value_->found(),
               "at least " + std::to_string(min) + " is needed");
    }
    return n;
}

std::uint32_t field::count32(std::uint32_t min, std::uint32_t max) const {
    return static_cast<std::uint32_t>(count(min, max));
}

std::uint64_t field::size(std::uint64_t min) const {
    const char* const example = "write for example 4096, 64KiB, 1.5MB or 1GiB";
    if (!value_->is_scalar()) wrong("a size", example);
    const auto bytes = parse_size(value_->text);
    if (bytes.has_error()) {
        if (too_large(bytes.error())) refuse("is too large: " + value_->found(), "");
        wrong("a size", example);
    }
    if (*bytes > std::numeric_limits<std::int64_t>::max()) {
        refuse("is too large: " + value_->found(), "");
    }
    if (*bytes < min) {
        refuse("is too small: " + value_->found(), "at least " + format_size(min) + " is needed");
    }
    return *bytes;
}

std::int64_t field::duration(std::int64_t min_ns) const {
    const char* const example = "write for example 500ms, 90s, 10m or 1h30m";
    if (!value_->is_scalar()) wrong("a duration", example);
    const auto ns = parse_duration(value_->text);
    if (ns.has_error()) {
        if (too_large(ns.error())) refuse("is too long: " + value_->found(), "");
        wrong("a duration", example);
    }
    // Absolute times are nanoseconds since some start and must not overflow when this is added.
    constexpr std::int64_t year = 366LL * 86'400 * 1'000'000'000;
    if (*ns > year) refuse("is too long: " + value_->found(), "at most a year is allowed");
    if (*ns < min_ns) {
        refuse("is too short: " + value_->found(),
               min_ns == 1 ? "it must be more than 0"
                           : "at least " + format_duration(min_ns) + " is needed");
    }
    return *ns;
}

double field::number(double min, double max) const {
    if (!value_->is_scalar()) wrong("a number", "");
    const std::string& s = value_->text;
    double n = 0;
    const char* const end = s.data() + s.size();
    const auto parsed = std::from_chars(s.data(), end, n);
    if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(n)) wrong("a number", "");
    char bound[48];
    if (n > max) {
        std::snprintf(bound, sizeof bound, "at most %.15g is allowed", max);
        refuse("is too large: " + value_->found(), bound);
    }
    if (n < min) {
        std::snprintf(bound, sizeof bound, "at least %.15g is needed", min);
        refuse(n < 0 && min >= 0 ? "must not be negative: " + value_->found()
                                 : "is too small: " + value_->found(),
               bound);
    }
    return n;
}

double field::share() const {
    if (!value_->is_scalar() || value_->text.empty() || value_->text.back() != '%') {
        return number(0, 1);
    }
    value percent = *value_;
    percent.text.pop_back();
    while (!percent.text.empty() && percent.text.back() == ' ')
        percent.text.pop_back();
    return field(percent, name_).number(0, 100) / 100;
}

std::size_t field::word(const std::vector<std::string_view>& words) const {
    std::string all;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (value_->is_scalar() && value_->text == words[i]) return i;
        all += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
    }
    wrong(all, value_->is_scalar() && !nearest(value_->text, words).empty()
                   ? suggestion(value_->text, words)
                   : "");
}

std::vector<field> field::list(const std::string& example) const {
    if (!value_->is_list()) wrong("a list", example);
    std::vector<field> out;
    for (std::size_t i = 0; i < value_->items.size(); ++i) {
        out.emplace_back(value_->items[i], name_ + "[" + std::to_string(i) + "]");
    }
    return out;
}

std::pair<field, field> field::pair(const std::string& example) const {
    const auto items = list(example);
    if (items.size() != 2) {
        refuse("must have two items, not " + std::to_string(items.size()), example);
    }
    return {items[0], items[1]};
}

map_reader::map_reader(const value* v, std::string name, const std::string& example)
    : name_(std::move(name)) {
    if (v == nullptr) return;
    where_ = v->where;
    if (v->is_null()) return;
    if (!v->is_map()) {
        const std::string what = name_.empty() ? "the file" : "`" + name_ + "`";
        fail(where_, what + " must be a map (lines of `key: value`), not " + v->found(), example);
    }
    map_ = v;
}

std::string map_reader::path(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
}

const value* map_reader::look(std::string_view key) const {
    return map_ == nullptr ? nullptr : map_->find(key);
}

std::optional<field> map_reader::find(std::string_view key) {
    known_.push_back(key);
    const value* v = look(key);
    if (v == nullptr || v->is_null()) return std::nullopt;
    return field(*v, path(key));
}

field map_reader::require(std::string_view key, const std::string& mend) {
    auto f = find(key);
    if (f) return *f;
    // A misspelt key says more than a missing one.
    for (std::size_t i = 0; map_ != nullptr && i < map_->entries.size(); ++i) {
        const auto& e = map_->entries[i];
        const bool known = std::find(known_.begin(), known_.end(), e.key) != known_.end();
        if (known || e.key.size() > 64 || nearest(e.key, {key}).empty()) continue;
        fail(e.where, "unknown key \"" + e.key + "\"", suggestion(e.key, {key}));
    }
    fail(where_, "`" + path(key) + "` is missing", mend);
}

void map_reader::finish() const {
    if (map_ == nullptr) return;
    problem_list problems;
    for (const auto& e : map_->entries) {
        if (std::find(known_.begin(), known_.end(), e.key) != known_.end()) continue;
        const std::string in = name_.empty() ? "" : " in `" + name_ + "`";
        problems.attempt([&] {
            fail(e.where, "unknown key \"" + e.key + "\"" + in, suggestion(e.key, known_));
        });
    }
    problems.raise();
}

}  // namespace chopsticks::scenario
