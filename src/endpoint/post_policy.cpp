#include "post_policy.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "digest.hpp"
#include "object_lock.hpp"

namespace chopsticks::endpoint {

namespace {

using policy_json = nlohmann::json;

/// Fields that no condition has to name.
constexpr std::array<std::string_view, 5> free_fields = {
    "awsaccesskeyid", "file", "policy", "signature", "x-amz-signature",
};

bool needs_condition(std::string_view field) noexcept {
    return !field.starts_with("x-ignore-") &&
           std::find(free_fields.begin(), free_fields.end(), field) == free_fields.end();
}

s3_refusal invalid(std::string_view why) {
    return {s3_code::invalid_policy_document, "Invalid Policy: " + std::string(why)};
}

s3_refusal denied_by_policy(const std::string& why) {
    return {s3_code::access_denied, "Invalid according to Policy: " + why};
}

/// The text of one condition, for a person.
std::string text_of(const policy_condition& c) {
    return std::string("[\"") + (c.prefix ? "starts-with" : "eq") + "\", \"$" + c.field + "\", \"" +
           c.value + "\"]";
}

s3_refusal read_array(const policy_json& item, post_policy& out) {
    if (item.size() != 3 || !item[0].is_string()) return invalid("a condition has three parts");
    const std::string op = lower(item[0].get<std::string>());
    if (op == "content-length-range") {
        if (!item[1].is_number_unsigned() || !item[2].is_number_unsigned() ||
            item[1].get<std::uint64_t>() > item[2].get<std::uint64_t>()) {
            return invalid("content-length-range takes two sizes, the smaller first");
        }
        out.size_min = std::max(out.size_min, item[1].get<std::uint64_t>());
        out.size_max = std::min(out.size_max, item[2].get<std::uint64_t>());
        return {};
    }
    if (op != "eq" && op != "starts-with") return invalid("unknown operator of a condition");
    if (!item[1].is_string() || !item[2].is_string()) return invalid("a condition is of texts");
    const std::string field = item[1].get<std::string>();
    if (!field.starts_with('$')) return invalid("the field of a condition begins with $");
    out.conditions.push_back({lower(std::string_view(field).substr(1)), item[2].get<std::string>(),
                              op == "starts-with"});
    return {};
}

s3_refusal read_object(const policy_json& item, post_policy& out) {
    if (item.size() != 1 || !item.begin().value().is_string()) {
        return invalid("a simple condition has one field with a text");
    }
    out.conditions.push_back(
        {lower(item.begin().key()), item.begin().value().get<std::string>(), false});
    return {};
}

bool holds(const policy_condition& c, std::string_view value) {
    if (!c.prefix) return value == c.value;
    if (c.field != "content-type") return value.starts_with(c.value);
    // A list, of which each has to begin so.
    while (true) {
        const std::size_t comma = value.find(',');
        if (!trimmed(value.substr(0, comma)).starts_with(c.value)) return false;
        if (comma == std::string_view::npos) return true;
        value = value.substr(comma + 1);
    }
}

}  // namespace

s3_refusal read_policy(std::string_view text, post_policy& out) {
    const auto decoded = from_base64(trimmed(text));
    if (!decoded) return invalid("it is not base64");
    const auto document = policy_json::parse(*decoded, nullptr, false);
    if (!document.is_object()) return invalid("it is not JSON");
    const auto expiration = document.find("expiration");
    if (expiration == document.end() || !expiration->is_string()) {
        return invalid("it has no expiration");
    }
    const auto until = parse_iso_date(expiration->get<std::string>());
    if (!until) return invalid("the expiration is no date like 2030-01-01T00:00:00.000Z");
    out.expiration_ns = *until;
    const auto conditions = document.find("conditions");
    if (conditions == document.end() || !conditions->is_array()) {
        return invalid("it has no conditions");
    }
    for (const policy_json& item : *conditions) {
        s3_refusal wrong = item.is_object()  ? read_object(item, out)
                           : item.is_array() ? read_array(item, out)
                                             : invalid("a condition is a list or an object");
        if (wrong) return wrong;
    }
    return {};
}

s3_refusal check_policy(const post_policy& policy, std::span<const s3::name_value> fields,
                        std::uint64_t size, std::int64_t now_ns) {
    if (now_ns >= policy.expiration_ns) return denied_by_policy("Policy expired.");
    for (const policy_condition& c : policy.conditions) {
        const auto given = std::find_if(fields.begin(), fields.end(),
                                        [&](const auto& f) { return same_name(f.name, c.field); });
        // A field that is not there is empty, which any may begin with nothing.
        const std::string_view value =
            given == fields.end() ? std::string_view() : std::string_view(given->value);
        if (!holds(c, value)) return denied_by_policy("Policy Condition failed: " + text_of(c));
    }
    for (const s3::name_value& f : fields) {
        const std::string name = lower(f.name);
        const bool named = std::any_of(policy.conditions.begin(), policy.conditions.end(),
                                       [&](const auto& c) { return c.field == name; });
        if (!named && needs_condition(name)) {
            return denied_by_policy("Extra input fields: " + name);
        }
    }
    if (size < policy.size_min) return {s3_code::entity_too_small, {}};
    if (size > policy.size_max) return {s3_code::entity_too_large, {}};
    return {};
}

}  // namespace chopsticks::endpoint
