#pragma once
// Policies of buckets: statements that allow or deny actions on a bucket and its objects to whom
// they name, under conditions on the request. What this endpoint could not enforce it refuses to
// take. Plain values, any thread.
//
// Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements"; Amazon S3 User
// Guide, "Policies and permissions in Amazon S3"; Service Authorization Reference, "Actions,
// resources, and condition keys for Amazon S3".

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access.hpp"
#include "s3_error.hpp"

namespace chopsticks::endpoint {

enum class policy_effect : std::uint8_t {
    none,  ///< no statement speaks of it
    allowed,
    denied,
};

/// The condition key of an object's tag, but for the tag's name, which keeps its case. Other keys
/// are in lower case.
constexpr std::string_view existing_tag_key = "s3:existingobjecttag/";

/// What is asked of a policy.
struct policy_question {
    std::string_view who;       ///< a user's id; empty: nobody signed
    std::string_view action;    ///< "s3:GetObject"
    std::string_view resource;  ///< "bucket", or "bucket/key"
    /// The value of a condition key; nothing: the request has none.
    std::function<std::optional<std::string>(std::string_view key)> value;
};

/// Texts with "*" and "?", one of which has to fit; or none, where it is `inverted`.
struct policy_patterns {
    std::vector<std::string> any;
    bool inverted = false;
};

/// One condition: of the values of a key one has to fit; of a negative one none.
struct statement_condition {
    /// How a value is compared.
    enum class comparison : std::uint8_t {
        equal,
        equal_ignoring_case,
        like,
        numeric_equal,
        numeric_less,
        numeric_less_or_equal,
        numeric_greater,
        numeric_greater_or_equal,
        truth,
        absent,
    };
    comparison how = comparison::equal;
    bool negative = false;
    bool if_exists = false;  ///< holds for requests that have no such key
    std::string key;
    std::vector<std::string> values;
};

struct policy_statement {
    bool allows = false;
    /// Ids of users; "*": everybody, those who do not sign too.
    policy_patterns principals;
    policy_patterns actions;    ///< in lower case
    policy_patterns resources;  ///< without "arn:aws:s3:::"
    std::vector<statement_condition> conditions;
};

struct bucket_policy {
    std::string text;  ///< as it came
    std::vector<policy_statement> statements;
};

/// Reads the policy of a bucket. Not taken is what S3 would not take (MalformedPolicy), and what
/// would have no effect here: other actions, condition keys and operators (NotImplemented).
s3_refusal read_policy_document(std::string_view text, std::string_view bucket,
                                const user_known& known, bucket_policy& out);

/// A denial comes before whatever allows.
policy_effect judge(const bucket_policy& policy, const policy_question& asked);

/// Whether it allows anything to everybody.
bool is_public(const bucket_policy& policy) noexcept;

/// Whether a text fits a pattern with "*" and "?".
bool matches(std::string_view pattern, std::string_view text) noexcept;

}  // namespace chopsticks::endpoint
