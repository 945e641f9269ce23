// Uploads that a browser sends as a form.

#include <array>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>

#include "post_policy.hpp"
#include "served.hpp"
#include "service.hpp"
#include "sigv2.hpp"
#include "tags.hpp"

namespace chopsticks::endpoint {

namespace {

/// Fields that are no fields of a put.
constexpr std::array<std::string_view, 14> form_only = {
    "awsaccesskeyid",
    "bucket",
    "key",
    "policy",
    "redirect",
    "signature",
    "submit",
    "success_action_redirect",
    "success_action_status",
    "tagging",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-signature",
};

constexpr std::string_view filename_mark = "${filename}";

std::string with_filename(std::string key, std::string_view filename) {
    // Browsers of old send a path.
    const std::size_t slash = filename.find_last_of("/\\");
    if (slash != std::string_view::npos) filename = filename.substr(slash + 1);
    const std::size_t at = key.find(filename_mark);
    return at == std::string::npos ? key : key.replace(at, filename_mark.size(), filename);
}

}  // namespace

void exchange::take_form(std::string_view bytes) {
    form_->feed(bytes, {[this] {
                            for (const s3::name_value& f : form_->fields()) {
                                const auto* algorithm = checksum_of_field(f.name);
                                if (algorithm == nullptr || claim_) continue;
                                claim_ = sum_claim{algorithm->kind, f.value, false};
                                digests_.enable(algorithm->kind);
                            }
                        },
                        [this](std::string_view piece) {
                            digests_.update(piece.data(), piece.size());
                            keep(piece);
                        }});
    if (fault_ == s3_code::none) fault_ = form_->fault();
}

bool service::verify_form(exchange& x) {
    const form_reader& form = *x.form_;
    const auto missing = [&](const char* field) {
        refuse(x, s3_code::invalid_argument,
               "Bucket POST must contain a field named '" + std::string(field) +
                   "'.  If it is specified, please check the order of the fields.");
        return false;
    };
    const std::string* policy = form.field("policy");
    const std::string* old_key = form.field("AWSAccessKeyId");
    const std::string* credential = form.field("x-amz-credential");
    if (policy == nullptr) {
        if (old_key != nullptr || credential != nullptr) return missing("policy");
        return true;  // nobody signs
    }
    if (old_key != nullptr) {
        const std::string* signature = form.field("signature");
        if (signature == nullptr) return missing("signature");
        const std::string* secret = secret_of(*old_key);
        const bool right = secret != nullptr &&
                           s3::equal_constant_time(sigv2_signature(*secret, *policy), *signature);
        if (!right) {
            refuse(x, secret == nullptr ? s3_code::invalid_access_key_id
                                        : s3_code::signature_does_not_match);
            return false;
        }
        x.auth.claims.access_key = *old_key;
    } else {
        const std::string* signature = form.field("x-amz-signature");
        const std::string* algorithm = form.field("x-amz-algorithm");
        if (credential == nullptr) return missing("X-Amz-Credential");
        if (signature == nullptr) return missing("X-Amz-Signature");
        if (algorithm == nullptr || *algorithm != "AWS4-HMAC-SHA256") {
            return missing("X-Amz-Algorithm");
        }
        const auto claims =
            s3::parse_authorization("AWS4-HMAC-SHA256 Credential=" + *credential +
                                    ", SignedHeaders=host, Signature=" + *signature);
        if (!claims) {
            refuse(x, s3_code::invalid_argument, "Invalid credential or signature of the form");
            return false;
        }
        if (!claims->is_for(options_.region)) {
            x.auth.claims = *claims;
            x.auth.outcome = s3::verdict::wrong_region;
            refuse_verdict(x);
            return false;
        }
        const auto key = signing_key(*claims);
        if (!key || !s3::equal_constant_time(s3::signature(*key, *policy), *signature)) {
            refuse(x, key ? s3_code::signature_does_not_match : s3_code::invalid_access_key_id);
            return false;
        }
        x.auth.claims = *claims;
    }
    post_policy allowed;
    s3_refusal wrong = read_policy(*policy, allowed);
    if (!wrong) {
        std::vector<s3::name_value> fields = form.fields();
        if (form.field("bucket") == nullptr) fields.push_back({"bucket", x.head.bucket});
        for (s3::name_value& f : fields) {
            // What the policy speaks of is the key that comes of it.
            if (same_name(f.name, "key")) f.value = with_filename(f.value, form.filename());
        }
        wrong = check_policy(allowed, fields, x.sink_.size(), wall_ns());
    }
    if (wrong) refuse(x, wrong.code, wrong.text);
    return !wrong;
}

void service::post(exchange& x) {
    const form_reader& form = *x.form_;
    const std::string* key = form.field("key");
    if (key == nullptr) {
        return refuse(x, s3_code::invalid_argument,
                      "Bucket POST must contain a field named 'key'.  If it is specified, please "
                      "check the order of the fields.");
    }
    if (!verify_form(x)) return;
    auto made = std::make_shared<object>();
    made->key = with_filename(*key, form.filename());
    if (made->key.empty())
        return refuse(x, s3_code::invalid_argument, "User key must have a length greater than 0.");
    if (made->key.size() > key_bytes_max) return refuse(x, s3_code::key_too_long);
    // From here on it is a put with these fields.
    x.head.key = made->key;
    std::erase_if(x.head.headers,
                  [](const s3::name_value& h) { return !same_name(h.name, "Host"); });
    for (const s3::name_value& f : form.fields()) {
        std::string name = lower(f.name);
        const bool not_of_put =
            std::find(form_only.begin(), form_only.end(), name) != form_only.end();
        if (not_of_put || name.starts_with("x-ignore-")) continue;
        if (name == "acl") name = "x-amz-acl";
        x.head.headers.push_back({std::move(name), f.value});
    }
    const policy_effect policy = judged(x);
    if (policy == policy_effect::denied ||
        (policy == policy_effect::none && !may_use(x, may_write))) {
        return refuse(x, s3_code::access_denied);
    }
    if (std::string unserved = unserved_part(x.head); !unserved.empty()) {
        return refuse(x, s3_code::not_implemented, "Not implemented here: " + unserved);
    }
    made->content = x.sink_.finish();
    made->etag = etag_of(x);
    made->sum = std::move(x.sum_);
    if (const s3_refusal wrong = read_state(x.head, *made))
        return refuse(x, wrong.code, wrong.text);
    if (const std::string* tags = form.field("tagging")) {
        if (const s3_refusal wrong = read_tag_document(*tags, object_tags_max, made->tags)) {
            return refuse(x, wrong.code, wrong.text);
        }
    }
    const std::string etag = made->etag;
    if (!store_object(x, std::move(made))) return;
    answer_post(x, etag);
}

void service::answer_post(exchange& x, const std::string& etag) const {
    const form_reader& form = *x.form_;
    const std::string quoted = '"' + etag + '"';
    const std::string location = x.head.path + (x.head.path.ends_with('/') ? "" : "/") +
                                 http::percent_encode(x.head.key, http::slash::keep);
    x.answer.field("ETag", quoted);
    const std::string* redirect = form.field("success_action_redirect");
    if (redirect == nullptr) redirect = form.field("redirect");
    if (redirect != nullptr && redirect->find("://") != std::string::npos) {
        const char joint = redirect->find('?') == std::string::npos ? '?' : '&';
        x.answer.status = 303;
        x.answer.field("Location",
                       *redirect + joint + "bucket=" + x.head.bucket +
                           "&key=" + http::percent_encode(x.head.key, http::slash::encode) +
                           "&etag=" + http::percent_encode(quoted, http::slash::encode));
        return;
    }
    x.answer.field("Location", location);
    const std::string* status = form.field("success_action_status");
    if (status != nullptr && *status == "200") return;
    if (status == nullptr || *status != "201") return no_content(x);
    x.answer.status = 201;
    // Alone of all answers it has no namespace.
    std::string xml(xml_declaration);
    xml += "<PostResponse>";
    append_element(xml, "Location", location);
    append_element(xml, "Bucket", x.head.bucket);
    append_element(xml, "Key", x.head.key);
    append_element(xml, "ETag", quoted);
    xml += "</PostResponse>";
    x.answer.xml(std::move(xml));
}

}  // namespace chopsticks::endpoint
