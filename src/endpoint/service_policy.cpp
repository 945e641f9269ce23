// What policies of buckets say to requests, and what sets them.

#include "bucket_policy.hpp"
#include "policy_actions.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view source_condition = "s3:x-amz-copy-source";

std::optional<std::string> field_value(const request& r, std::string_view field) {
    const std::string* value = r.header(field);
    if (value == nullptr) return std::nullopt;
    return std::string(trimmed(*value));
}

std::optional<std::string> parameter_value(const request& r, std::string_view name) {
    const std::string* value = r.parameter(name);
    if (value == nullptr) return std::nullopt;
    return *value;
}

/// Whoever owns a bucket can mend a policy that shuts everybody out.
bool is_of_policy(std::string_view action) noexcept {
    return action == "s3:GetBucketPolicy" || action == "s3:PutBucketPolicy" ||
           action == "s3:DeleteBucketPolicy";
}

}  // namespace

std::optional<std::string> service::condition_value(const exchange& x, const bucket& in,
                                                    std::string_view key,
                                                    std::string_view name) const {
    const request& r = x.head;
    if (name.starts_with(existing_tag_key)) {
        const bool of_source = &in != x.bucket_.get();
        const auto found = in.find(key, of_source ? std::string_view() : x.version_);
        if (!found) return std::nullopt;
        for (const auto& [tag, value] : found->tags) {
            if (tag == name.substr(existing_tag_key.size())) return value;
        }
        return std::nullopt;
    }
    if (name == "aws:securetransport") {
        return options_.tls_certificate_file.empty() ? "false" : "true";
    }
    if (name == "aws:referer") return field_value(r, "Referer");
    if (name == "aws:useragent") return field_value(r, "User-Agent");
    if (name == "s3:if-match") return field_value(r, "If-Match");
    if (name == "s3:if-none-match") return field_value(r, "If-None-Match");
    if (name == "s3:object-lock-mode") return field_value(r, "x-amz-object-lock-mode");
    if (name == "s3:object-lock-legal-hold") return field_value(r, "x-amz-object-lock-legal-hold");
    if (name == "s3:prefix") return parameter_value(r, "prefix");
    if (name == "s3:delimiter") return parameter_value(r, "delimiter");
    if (name == "s3:max-keys") return parameter_value(r, "max-keys");
    if (name == "s3:versionid") return parameter_value(r, "versionId");
    std::optional<std::string> value = field_value(r, name.substr(name.find(':') + 1));
    if (value && name == source_condition && value->starts_with('/')) value->erase(0, 1);
    return value;
}

policy_effect service::judged(const exchange& x, const bucket& in, std::string_view action,
                              std::string_view key) const {
    const auto access = in.access();
    if (!access || !access->policy) return policy_effect::none;
    const std::string& who = x.auth.claims.access_key;
    const bool owner = who == in.facts().owner;
    if (owner && is_of_policy(action)) return policy_effect::none;
    std::string resource = in.name();
    if (!key.empty()) resource.append("/").append(key);
    const policy_effect found =
        judge(*access->policy, {who, action, resource, [&](std::string_view name) {
                                    return condition_value(x, in, key, name);
                                }});
    const bool shut = access->block && access->block->restrict_buckets && !owner;
    const bool lost = found == policy_effect::allowed && shut && is_public(*access->policy);
    return lost ? policy_effect::none : found;
}

policy_effect service::judged(const exchange& x) const {
    if (!x.access_ || !x.access_->policy) return policy_effect::none;
    bool allowed = true;
    const policy_actions actions = actions_of(x.head);
    for (const std::string_view action : actions) {
        const policy_effect one = judged(x, *x.bucket_, action, x.head.key);
        if (one == policy_effect::denied) return one;
        allowed = allowed && one == policy_effect::allowed;
    }
    return allowed && actions.count > 0 ? policy_effect::allowed : policy_effect::none;
}

bool service::permitted(const exchange& x, std::string_view action, std::string_view key,
                        permission otherwise) const {
    const policy_effect found = judged(x, *x.bucket_, action, key);
    return found == policy_effect::none ? may_use(x, otherwise) : found == policy_effect::allowed;
}

void service::set_policy(exchange& x) {
    auto policy = std::make_shared<bucket_policy>();
    const s3_refusal wrong = read_policy_document(
        x.text_, x.bucket_->name(), [this](std::string_view id) { return user_exists(id); },
        *policy);
    if (wrong) return refuse(x, wrong.code, wrong.text);
    const bool open = is_public(*policy);
    bool blocked = false;
    x.bucket_->set_access([&](bucket_access& a) {
        blocked = open && a.block && a.block->block_policy;
        if (!blocked) a.policy = std::move(policy);
    });
    if (blocked) {
        return refuse(x, s3_code::access_denied, "Public policies are blocked by the bucket");
    }
    no_content(x);
}

void service::delete_policy(exchange& x) {
    if (x.access_ && x.access_->policy) {
        x.bucket_->set_access([](bucket_access& a) { a.policy = nullptr; });
    }
    no_content(x);
}

void service::get_policy(exchange& x) {
    if (!x.access_ || !x.access_->policy) return refuse(x, s3_code::no_such_bucket_policy);
    const bucket_policy& policy = *x.access_->policy;
    if (x.head.parameter("policyStatus") != nullptr) {
        xml_text xml("PolicyStatus");
        xml.element("IsPublic", is_public(policy));
        return x.answer.xml(xml.finish());
    }
    x.answer.text = policy.text;
    x.answer.length = policy.text.size();
    x.answer.field("Content-Type", "application/json");
}

}  // namespace chopsticks::endpoint
