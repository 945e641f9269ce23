// What pages of other origins are told: configurations of buckets, preflights, and fields of
// answers.

#include "cors.hpp"
#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view not_shared =
    "CORSResponse: This CORS request is not allowed. This is usually because the evaluation of "
    "Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are "
    "not whitelisted by the resource's CORS spec.";

cors_request cors_asked(const request& r) {
    const std::string* method = r.header("Access-Control-Request-Method");
    return {trimmed(r.header_or("Origin", "")),
            trimmed(method != nullptr ? std::string_view(*method) : r.method),
            {}};
}

}  // namespace

void service::set_cors(exchange& x) {
    auto rules = std::make_shared<cors_rules>();
    if (const s3_refusal wrong = read_cors(x.text_, *rules)) {
        return refuse(x, wrong.code, wrong.text);
    }
    x.bucket_->set_cors(std::move(rules));
    store_.shares();
}

void service::delete_cors(exchange& x) {
    x.bucket_->set_cors(nullptr);
    no_content(x);
}

void service::preflight(exchange& x) {
    const request& r = x.head;
    cors_request asked = cors_asked(r);
    asked.headers = trimmed(r.header_or("Access-Control-Request-Headers", ""));
    if (asked.origin.empty()) {
        return refuse(x, s3_code::bad_request,
                      "Insufficient information. Origin request header needed.");
    }
    if (r.header("Access-Control-Request-Method") == nullptr) {
        return refuse(x, s3_code::bad_request, "Invalid Access-Control-Request-Method: null");
    }
    const auto found = store_.find(r.bucket);
    if (!found) return refuse(x, s3_code::access_forbidden, "CORSResponse: Bucket not found");
    const auto rules = found->cors();
    if (!rules) {
        return refuse(x, s3_code::access_forbidden,
                      "CORSResponse: CORS is not enabled for this bucket.");
    }
    const cors_rule* rule = allowing(*rules, asked);
    if (rule == nullptr) return refuse(x, s3_code::access_forbidden, not_shared);
    x.answer.fields += cors_fields(*rule, asked);
    x.answered = true;
}

void service::share(exchange& x) const {
    // Few have a bucket that shares, and then it costs nothing to know it.
    if (!store_.has_shared() || x.head.method == "OPTIONS") return;
    const cors_request asked = cors_asked(x.head);
    if (asked.origin.empty()) return;
    const auto found = x.bucket_ ? x.bucket_ : store_.find(x.head.bucket);
    const auto rules = found ? found->cors() : nullptr;
    const cors_rule* rule = rules ? allowing(*rules, asked) : nullptr;
    if (rule != nullptr) x.answer.fields += cors_fields(*rule, asked);
}

}  // namespace chopsticks::endpoint
