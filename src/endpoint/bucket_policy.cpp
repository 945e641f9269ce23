#include "bucket_policy.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "policy_actions.hpp"
#include "request.hpp"

namespace chopsticks::endpoint {

namespace {

using nlohmann::json;
using comparison = statement_condition::comparison;

constexpr std::size_t policy_bytes_max = 20 << 10;
constexpr std::string_view s3_arn = "arn:aws:s3:::";
constexpr std::string_view iam_arn = "arn:aws:iam::";

struct operator_row {
    std::string_view name;
    comparison how;
    bool negative;
};
constexpr std::array<operator_row, 14> operators = {{
    {"StringEquals", comparison::equal, false},
    {"StringNotEquals", comparison::equal, true},
    {"StringEqualsIgnoreCase", comparison::equal_ignoring_case, false},
    {"StringNotEqualsIgnoreCase", comparison::equal_ignoring_case, true},
    {"StringLike", comparison::like, false},
    {"StringNotLike", comparison::like, true},
    {"NumericEquals", comparison::numeric_equal, false},
    {"NumericNotEquals", comparison::numeric_equal, true},
    {"NumericLessThan", comparison::numeric_less, false},
    {"NumericLessThanEquals", comparison::numeric_less_or_equal, false},
    {"NumericGreaterThan", comparison::numeric_greater, false},
    {"NumericGreaterThanEquals", comparison::numeric_greater_or_equal, false},
    {"Bool", comparison::truth, false},
    {"Null", comparison::absent, false},
}};

/// Keys whose value a request has, in lower case; tags of objects beside them.
constexpr std::array<std::string_view, 25> condition_keys = {
    "aws:referer",
    "aws:securetransport",
    "aws:useragent",
    "s3:delimiter",
    "s3:if-match",
    "s3:if-none-match",
    "s3:max-keys",
    "s3:object-lock-legal-hold",
    "s3:object-lock-mode",
    "s3:prefix",
    "s3:versionid",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-copy-source",
    "s3:x-amz-grant-full-control",
    "s3:x-amz-grant-read",
    "s3:x-amz-grant-read-acp",
    "s3:x-amz-grant-write",
    "s3:x-amz-grant-write-acp",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-object-ownership",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm",
    "s3:x-amz-storage-class",
};
static_assert(std::is_sorted(condition_keys.begin(), condition_keys.end()));

s3_refusal bad_policy(std::string text) {
    return {s3_code::malformed_policy, std::move(text)};
}

s3_refusal unenforced(const std::string& what) {
    return {s3_code::not_implemented,
            "Not implemented here: " + what + ", which would have no effect"};
}

/// A text, a number, a truth, or several of them.
bool read_texts(const json& from, std::vector<std::string>& out) {
    const auto one = [&](const json& v) {
        if (v.is_string()) {
            out.push_back(v.get<std::string>());
        } else if (v.is_boolean()) {
            out.emplace_back(v.get<bool>() ? "true" : "false");
        } else if (v.is_number_integer()) {
            out.push_back(v.dump());
        } else {
            return false;
        }
        return true;
    };
    if (!from.is_array()) return one(from);
    return !from.empty() && std::all_of(from.begin(), from.end(), one);
}

bool has_variable(const std::vector<std::string>& texts) {
    return std::any_of(texts.begin(), texts.end(),
                       [](const std::string& t) { return t.find("${") != std::string::npos; });
}

/// The user that an ARN, an account or an id means; empty: nobody here.
std::string user_of_principal(std::string_view text, const user_known& known) {
    if (text.starts_with(iam_arn)) {
        text.remove_prefix(iam_arn.size());
        const std::size_t colon = text.find(':');
        if (colon == std::string_view::npos) return {};
        const std::string_view account = text.substr(0, colon);
        const std::string_view resource = text.substr(colon + 1);
        text = resource == "root"              ? account
               : resource.starts_with("user/") ? resource.substr(resource.rfind('/') + 1)
                                               : std::string_view();
    }
    return known(text) ? std::string(text) : std::string();
}

s3_refusal read_principal(const json& from, const user_known& known, policy_patterns& out) {
    if (from.is_string() && from.get<std::string>() == "*") {
        out.any.emplace_back("*");
        return {};
    }
    if (!from.is_object() || from.empty()) return bad_policy("Invalid principal in policy");
    for (const auto& [kind, named] : from.items()) {
        if (kind != "AWS" && kind != "CanonicalUser") return unenforced("a principal " + kind);
        std::vector<std::string> texts;
        if (!read_texts(named, texts)) return bad_policy("Invalid principal in policy");
        for (const std::string& text : texts) {
            const bool everybody = text == "*" && kind == "AWS";
            std::string user = everybody ? text : user_of_principal(text, known);
            if (user.empty()) return bad_policy("Invalid principal in policy");
            out.any.push_back(std::move(user));
        }
    }
    return {};
}

s3_refusal read_actions(const json& from, policy_patterns& out) {
    if (!read_texts(from, out.any)) return bad_policy("Policy has invalid action");
    for (std::string& action : out.any) {
        std::string lowered = lower(action);
        if (lowered != "*" && !lowered.starts_with("s3:")) {
            return bad_policy("Policy has invalid action");
        }
        if (!names_served_action(lowered)) return unenforced("the action " + action);
        action = std::move(lowered);
    }
    return {};
}

s3_refusal read_resources(const json& from, std::string_view bucket, policy_patterns& out) {
    if (!read_texts(from, out.any)) return bad_policy("Policy has invalid resource");
    if (has_variable(out.any)) return unenforced("a variable in a policy");
    for (std::string& resource : out.any) {
        if (resource == "*") continue;
        if (!resource.starts_with(s3_arn)) return bad_policy("Policy has invalid resource");
        resource.erase(0, s3_arn.size());
        if (!matches(std::string_view(resource).substr(0, resource.find('/')), bucket)) {
            return bad_policy("Policy has invalid resource");
        }
    }
    return {};
}

bool is_numeric(comparison how) noexcept {
    return how >= comparison::numeric_equal && how <= comparison::numeric_greater_or_equal;
}

s3_refusal read_condition_of(const std::string& operation, const json& keys,
                             std::vector<statement_condition>& out) {
    constexpr std::string_view suffix = "IfExists";
    std::string_view name = operation;
    const bool if_exists = name.ends_with(suffix) && name != suffix;
    if (if_exists) name.remove_suffix(suffix.size());
    const auto row = std::find_if(operators.begin(), operators.end(),
                                  [&](const operator_row& r) { return r.name == name; });
    if (row == operators.end()) return unenforced("the condition operator " + operation);
    if (!keys.is_object() || keys.empty()) {
        return bad_policy("Policy has an invalid condition");
    }
    for (const auto& [key, values] : keys.items()) {
        statement_condition made{row->how, row->negative, if_exists, key, {}};
        const std::string lowered = lower(key);
        const bool of_tag = lowered.starts_with(existing_tag_key);
        if (!of_tag && !std::binary_search(condition_keys.begin(), condition_keys.end(), lowered)) {
            return unenforced("the condition key " + key);
        }
        // Names of tags keep their case.
        made.key =
            of_tag ? std::string(existing_tag_key) + key.substr(existing_tag_key.size()) : lowered;
        const bool right = read_texts(values, made.values);
        const bool numbers =
            !is_numeric(made.how) ||
            std::all_of(made.values.begin(), made.values.end(),
                        [](const std::string& v) { return parse_number(v).has_value(); });
        if (!right || !numbers) return bad_policy("Policy has an invalid condition");
        if (has_variable(made.values)) return unenforced("a variable in a policy");
        out.push_back(std::move(made));
    }
    return {};
}

s3_refusal read_statement(const json& from, std::string_view bucket, const user_known& known,
                          policy_statement& out) {
    if (!from.is_object()) return bad_policy("Policy has an invalid statement");
    bool effect = false;
    bool principal = false;
    bool action = false;
    bool resource = false;
    for (const auto& [name, value] : from.items()) {
        s3_refusal wrong;
        if (name == "Sid") {
            if (!value.is_string()) return bad_policy("Policy has an invalid Sid");
        } else if (name == "Effect") {
            effect = value == "Allow" || value == "Deny";
            out.allows = value == "Allow";
        } else if (!principal && (name == "Principal" || name == "NotPrincipal")) {
            principal = true;
            out.principals.inverted = name == "NotPrincipal";
            wrong = read_principal(value, known, out.principals);
        } else if (!action && (name == "Action" || name == "NotAction")) {
            action = true;
            out.actions.inverted = name == "NotAction";
            wrong = read_actions(value, out.actions);
        } else if (!resource && (name == "Resource" || name == "NotResource")) {
            resource = true;
            out.resources.inverted = name == "NotResource";
            wrong = read_resources(value, bucket, out.resources);
        } else if (name == "Condition" && value.is_object()) {
            for (const auto& [operation, keys] : value.items()) {
                wrong = read_condition_of(operation, keys, out.conditions);
                if (wrong) break;
            }
        } else {
            return bad_policy("Policy has an invalid element " + name);
        }
        if (wrong) return wrong;
    }
    if (!effect) return bad_policy("Missing required field Effect");
    if (!principal) return bad_policy("Missing required field Principal");
    if (!action) return bad_policy("Missing required field Action");
    if (!resource) return bad_policy("Missing required field Resource");
    return {};
}

bool compares(comparison how, std::string_view value, std::string_view wanted) {
    const auto numbers = [&](const auto& holds) {
        const auto a = parse_number(value);
        const auto b = parse_number(wanted);
        return a && b && holds(*a, *b);
    };
    switch (how) {
        case comparison::equal:
            return value == wanted;
        case comparison::equal_ignoring_case:
        case comparison::truth:
            return same_name(value, wanted);
        case comparison::like:
            return matches(wanted, value);
        case comparison::numeric_equal:
            return numbers([](auto a, auto b) { return a == b; });
        case comparison::numeric_less:
            return numbers([](auto a, auto b) { return a < b; });
        case comparison::numeric_less_or_equal:
            return numbers([](auto a, auto b) { return a <= b; });
        case comparison::numeric_greater:
            return numbers([](auto a, auto b) { return a > b; });
        case comparison::numeric_greater_or_equal:
            return numbers([](auto a, auto b) { return a >= b; });
        case comparison::absent:
            break;
    }
    return false;
}

bool condition_holds(const statement_condition& c, const policy_question& asked) {
    const std::optional<std::string> value = asked.value(c.key);
    if (c.how == comparison::absent) {
        return std::any_of(c.values.begin(), c.values.end(), [&](const std::string& wanted) {
            return same_name(wanted, value ? "false" : "true");
        });
    }
    if (!value) return c.negative || c.if_exists;
    const bool one = std::any_of(c.values.begin(), c.values.end(), [&](const std::string& wanted) {
        return compares(c.how, *value, wanted);
    });
    return one != c.negative;
}

bool names_user(const policy_patterns& principals, std::string_view who) {
    const bool named =
        std::any_of(principals.any.begin(), principals.any.end(),
                    [&](const std::string& p) { return p == "*" || (!who.empty() && p == who); });
    return named != principals.inverted;
}

bool names_text(const policy_patterns& patterns, std::string_view text) {
    const bool named = std::any_of(patterns.any.begin(), patterns.any.end(),
                                   [&](const std::string& p) { return matches(p, text); });
    return named != patterns.inverted;
}

bool speaks_of(const policy_statement& s, const policy_question& asked) {
    return names_user(s.principals, asked.who) && names_text(s.actions, lower(asked.action)) &&
           names_text(s.resources, asked.resource) &&
           std::all_of(s.conditions.begin(), s.conditions.end(),
                       [&](const statement_condition& c) { return condition_holds(c, asked); });
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) noexcept {
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;
    std::size_t behind = 0;  // of the text, where the last "*" goes on
    for (std::size_t t = 0; t < text.size();) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            behind = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++behind;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

s3_refusal read_policy_document(std::string_view text, std::string_view bucket,
                                const user_known& known, bucket_policy& out) {
    if (text.size() > policy_bytes_max) {
        return bad_policy("Policy exceeds the maximum allowed document size");
    }
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded() || !document.is_object()) return {s3_code::malformed_policy, {}};
    const auto statements = document.find("Statement");
    if (statements == document.end()) return bad_policy("Missing required field Statement");
    for (const auto& [name, value] : document.items()) {
        const bool version = name == "Version" && (value == "2012-10-17" || value == "2008-10-17");
        if (!version && name != "Id" && name != "Statement") {
            return bad_policy("Policy has an invalid element " + name);
        }
    }
    const auto read = [&](const json& one) {
        return read_statement(one, bucket, known, out.statements.emplace_back());
    };
    if (!statements->is_array()) {
        if (s3_refusal wrong = read(*statements)) return wrong;
    } else {
        for (const json& one : *statements) {
            if (s3_refusal wrong = read(one)) return wrong;
        }
    }
    if (out.statements.empty())
        return bad_policy("Could not parse the policy: Statement is empty!");
    out.text = text;
    return {};
}

policy_effect judge(const bucket_policy& policy, const policy_question& asked) {
    policy_effect out = policy_effect::none;
    for (const policy_statement& s : policy.statements) {
        if ((s.allows && out == policy_effect::allowed) || !speaks_of(s, asked)) continue;
        if (!s.allows) return policy_effect::denied;
        out = policy_effect::allowed;
    }
    return out;
}

bool is_public(const bucket_policy& policy) noexcept {
    return std::any_of(
        policy.statements.begin(), policy.statements.end(), [](const policy_statement& s) {
            const auto& who = s.principals;
            const bool all =
                who.inverted || std::find(who.any.begin(), who.any.end(), "*") != who.any.end();
            return s.allows && all;
        });
}

}  // namespace chopsticks::endpoint
