#include "object_lock.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <pugixml.hpp>

#include "xml_text.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t day_ns = 86'400 * second_ns;
constexpr std::string_view mode_field = "x-amz-object-lock-mode";
constexpr std::string_view until_field = "x-amz-object-lock-retain-until-date";
constexpr std::string_view hold_field = "x-amz-object-lock-legal-hold";

std::optional<retention_mode> mode_named(std::string_view text) noexcept {
    if (text == "GOVERNANCE") return retention_mode::governance;
    if (text == "COMPLIANCE") return retention_mode::compliance;
    return std::nullopt;
}

s3_refusal read_until(std::string_view text, std::int64_t now_ns, std::int64_t& out) {
    const auto until = parse_iso_date(text);
    if (!until) return {s3_code::invalid_argument, "The retain until date is not an ISO 8601 date"};
    if (*until <= now_ns) {
        return {s3_code::invalid_argument, "The retain until date must be in the future!"};
    }
    out = *until;
    return {};
}

}  // namespace

std::string_view name(retention_mode mode) noexcept {
    switch (mode) {
        case retention_mode::none:
            break;
        case retention_mode::governance:
            return "GOVERNANCE";
        case retention_mode::compliance:
            return "COMPLIANCE";
    }
    return "";
}

object_lock default_retention::at(std::int64_t now_ns) const noexcept {
    object_lock out;
    out.mode = mode;
    if (mode != retention_mode::none) out.until_ns = now_ns + (days + 365 * years) * day_ns;
    return out;
}

bool may_delete(const object_lock& lock, bool bypass, std::int64_t now_ns) noexcept {
    if (lock.hold) return false;
    return !lock.retained(now_ns) || (lock.mode == retention_mode::governance && bypass);
}

bool may_change(const object_lock& lock, retention_mode mode, std::int64_t until_ns, bool bypass,
                std::int64_t now_ns) noexcept {
    if (!lock.retained(now_ns)) return true;
    // Longer is no harm; another mode alters the lock itself.
    const bool longer = until_ns >= lock.until_ns && mode == lock.mode;
    return longer || (lock.mode == retention_mode::governance && bypass);
}

bool bypasses(const request& r) noexcept {
    return same_name(r.header_or("x-amz-bypass-governance-retention", ""), "true");
}

bool names_lock(const request& r) noexcept {
    return r.header(mode_field) != nullptr || r.header(until_field) != nullptr ||
           r.header(hold_field) != nullptr;
}

s3_refusal read_lock(const request& r, std::int64_t now_ns, object_lock& out) {
    const std::string* mode = r.header(mode_field);
    const std::string* until = r.header(until_field);
    if ((mode == nullptr) != (until == nullptr)) {
        return {s3_code::invalid_argument,
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be "
                "supplied"};
    }
    if (mode != nullptr) {
        const auto named = mode_named(*mode);
        if (!named) return {s3_code::invalid_argument, "Unknown wormMode directive."};
        out.mode = *named;
        if (const s3_refusal wrong = read_until(*until, now_ns, out.until_ns)) return wrong;
    }
    if (const std::string* hold = r.header(hold_field)) {
        if (*hold != "ON" && *hold != "OFF") {
            return {s3_code::invalid_argument, "Legal Hold must be either of 'ON' or 'OFF'"};
        }
        out.has_hold = true;
        out.hold = *hold == "ON";
    }
    return {};
}

s3_refusal read_retention(std::string_view text, std::int64_t now_ns, object_lock& out) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto root = document.child("Retention");
    if (!parsed || !root) return {s3_code::malformed_xml, {}};
    out.mode = retention_mode::none;
    out.until_ns = 0;
    // An empty one takes the retention away.
    if (!root.child("Mode") && !root.child("RetainUntilDate")) return {};
    const auto mode = mode_named(root.child_value("Mode"));
    if (!mode || !root.child("RetainUntilDate")) return {s3_code::malformed_xml, {}};
    out.mode = *mode;
    return read_until(root.child_value("RetainUntilDate"), now_ns, out.until_ns);
}

s3_refusal read_hold(std::string_view text, bool& out) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const std::string_view status = document.child("LegalHold").child_value("Status");
    if (!parsed || (status != "ON" && status != "OFF")) return {s3_code::malformed_xml, {}};
    out = status == "ON";
    return {};
}

s3_refusal read_configuration(std::string_view text, default_retention& out) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto root = document.child("ObjectLockConfiguration");
    if (!parsed || std::string_view(root.child_value("ObjectLockEnabled")) != "Enabled") {
        return {s3_code::malformed_xml, {}};
    }
    out = {};
    if (!root.child("Rule")) return {};
    const auto rule = root.child("Rule").child("DefaultRetention");
    const auto mode = mode_named(rule.child_value("Mode"));
    const auto days = parse_number(rule.child_value("Days"));
    const auto years = parse_number(rule.child_value("Years"));
    // One of them, as S3 has it: 100 years at most.
    const auto below_zero = [&](const char* element) {
        const std::string_view said = rule.child_value(element);
        return said.starts_with('-') && parse_number(said.substr(1));
    };
    if (mode && (below_zero("Days") || below_zero("Years"))) {
        return {s3_code::invalid_retention_period, {}};
    }
    if (!mode || days.has_value() == years.has_value()) return {s3_code::malformed_xml, {}};
    if (days.value_or(1) < 1 || days.value_or(1) > 36500 || years.value_or(1) < 1 ||
        years.value_or(1) > 100) {
        return {s3_code::invalid_retention_period, {}};
    }
    out.mode = *mode;
    out.days = static_cast<int>(days.value_or(0));
    out.years = static_cast<int>(years.value_or(0));
    return {};
}

std::string retention_document(const object_lock& lock) {
    xml_text xml("Retention");
    xml.element("Mode", name(lock.mode));
    xml.element("RetainUntilDate", format_utc(lock.until_ns));
    return xml.finish();
}

std::string hold_document(const object_lock& lock) {
    xml_text xml("LegalHold");
    xml.element("Status", lock.hold ? "ON" : "OFF");
    return xml.finish();
}

std::string configuration_document(const default_retention& retention) {
    xml_text xml("ObjectLockConfiguration");
    xml.element("ObjectLockEnabled", "Enabled");
    if (retention.mode != retention_mode::none) {
        xml.open("Rule");
        xml.open("DefaultRetention");
        xml.element("Mode", name(retention.mode));
        const bool by_days = retention.days > 0;
        xml.element(by_days ? "Days" : "Years",
                    static_cast<std::uint64_t>(by_days ? retention.days : retention.years));
        xml.close("DefaultRetention");
        xml.close("Rule");
    }
    return xml.finish();
}

std::optional<std::int64_t> parse_iso_date(std::string_view text) noexcept {
    // "2030-01-01T00:00:00.000Z", or with the offset of UTC.
    if (text.ends_with("+00:00")) {
        text.remove_suffix(6);
    } else if (text.ends_with('Z')) {
        text.remove_suffix(1);
    } else {
        return std::nullopt;
    }
    if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    if (text.size() > 19 && (text[19] != '.' || !parse_number(text.substr(20)))) {
        return std::nullopt;
    }
    const auto year = parse_number(text.substr(0, 4));
    const auto month = parse_number(text.substr(5, 2));
    const auto day = parse_number(text.substr(8, 2));
    const auto hour = parse_number(text.substr(11, 2));
    const auto minute = parse_number(text.substr(14, 2));
    const auto second = parse_number(text.substr(17, 2));
    if (!year || !month || !day || !hour || !minute || !second || *month < 1 || *month > 12 ||
        *day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60 || *year > 2200) {
        return std::nullopt;
    }
    civil_time t{};
    t.year = static_cast<int>(*year);
    t.month = static_cast<int>(*month);
    t.day = static_cast<int>(*day);
    t.hour = static_cast<int>(*hour);
    t.minute = static_cast<int>(*minute);
    t.second = static_cast<int>(*second);
    return from_civil(t) * second_ns;
}

}  // namespace chopsticks::endpoint
