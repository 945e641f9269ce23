#include "checked_members.hpp"

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/result_file.hpp>
#include <cmath>

namespace chopsticks::results {

std::string place::text() const {
    const std::string before = within == nullptr ? std::string() : within->text();
    if (key.empty()) {
        // The document itself has neither.
        return within == nullptr ? before : before + "[" + std::to_string(index) + "]";
    }
    const std::string safe = printable(key.substr(0, 80));
    return before.empty() ? safe : before + "." + safe;
}

checked_members::checked_members(const json& object, const place& at, const std::string& file)
    : object_(object), at_(at), file_(file) {
    if (!object.is_object()) throw config_error(file + ": " + at.text() + " is not an object");
}

void checked_members::fail(std::string_view key, const std::string& what) const {
    throw config_error(file_ + ": " + place{&at_, key}.text() + " " + what);
}

const json& checked_members::any(std::string_view key) const {
    static const json nothing;
    for (const auto& [name, value] : object_.get_ref<const json::object_t&>()) {
        if (name == key) return value;
    }
    return nothing;
}

const json& checked_members::required(std::string_view key) const {
    const json& value = any(key);
    if (value.is_null()) fail(key, "is missing");
    return value;
}

std::uint64_t checked_members::unsigned_of(const json& value, std::string_view key,
                                           std::uint64_t most) const {
    if (!value.is_number_unsigned()) fail(key, "is not a count");
    const auto n = value.get<std::uint64_t>();
    if (n > most) fail(key, "is more than any run counts");
    return n;
}

std::uint64_t checked_members::count(std::string_view key) const {
    const json& value = any(key);
    return value.is_null() ? 0 : unsigned_of(value, key, count_max);
}

std::uint64_t checked_members::required_count(std::string_view key) const {
    return unsigned_of(required(key), key, count_max);
}

std::uint64_t checked_members::any_unsigned(std::string_view key) const {
    const json& value = any(key);
    return value.is_null() ? 0 : unsigned_of(value, key, ~0ULL);
}

std::int64_t checked_members::integer(std::string_view key) const {
    constexpr std::int64_t most = std::int64_t{1} << 62;
    const json& value = any(key);
    if (value.is_null()) return 0;
    if (!value.is_number_integer()) fail(key, "is not a whole number");
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                          : value.get<std::int64_t>() >= -most;
    if (!fits) fail(key, "is out of range");
    return value.get<std::int64_t>();
}

std::int64_t checked_members::latency_ns(std::string_view key) const {
    const json& value = any(key);
    if (value.is_null()) return 0;
    const bool fits = value.is_number_unsigned() &&
                      value.get<std::uint64_t>() <= std::uint64_t{stats::histogram::highest_ns};
    if (!fits) fail(key, "is no latency of at most an hour");
    return value.get<std::int64_t>();
}

double checked_members::number_of(const json& value, std::string_view key) const {
    if (!value.is_number()) fail(key, "is not a number");
    const auto number = value.get<double>();
    if (!(std::abs(number) <= 1e18)) fail(key, "is out of range");
    return number;
}

double checked_members::number(std::string_view key) const {
    const json& value = any(key);
    return value.is_null() ? 0 : number_of(value, key);
}

double checked_members::required_number(std::string_view key) const {
    return number_of(required(key), key);
}

bool checked_members::flag(std::string_view key, bool otherwise) const {
    const json& value = any(key);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) fail(key, "is not true or false");
    return value.get<bool>();
}

std::string checked_members::text(std::string_view key) const {
    const json& value = any(key);
    if (value.is_null()) return {};
    if (!value.is_string()) fail(key, "is not a text");
    return value.get<std::string>();
}

std::string checked_members::required_text(std::string_view key) const {
    required(key);
    return text(key);
}

std::vector<std::string> checked_members::texts(std::string_view key) const {
    std::vector<std::string> out;
    each(key, [&](const json& value, const place&, std::string_view) {
        if (!value.is_string()) fail(key, "is not a list of texts");
        out.push_back(value.get<std::string>());
    });
    return out;
}

std::vector<double> checked_members::numbers(std::string_view key) const {
    std::vector<double> out;
    each(key, [&](const json& value, const place&, std::string_view) {
        out.push_back(number_of(value, key));
    });
    return out;
}

}  // namespace chopsticks::results
