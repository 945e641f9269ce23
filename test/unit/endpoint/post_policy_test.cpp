// What the policy of a form upload allows.

#include "post_policy.hpp"

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>

#include "digest.hpp"

namespace chopsticks::endpoint::testing {
namespace {

constexpr std::int64_t noon_ns = 1'900'000'000LL * 1'000'000'000;

s3_code read(const std::string& json) {
    post_policy out;
    return read_policy(to_base64(json), out).code;
}

std::string with_conditions(const std::string& conditions) {
    return R"({"expiration": "2030-04-01T00:00:00.000Z", "conditions": [)" + conditions + "]}";
}

s3_refusal check_conditions(const std::string& conditions, std::vector<s3::name_value> fields,
                            std::uint64_t size = 5) {
    post_policy policy;
    REQUIRE(read_policy(to_base64(with_conditions(conditions)), policy).code == s3_code::none);
    return check_policy(policy, fields, size, noon_ns);
}

}  // namespace

TEST_CASE("post_policy_that_cannot_be_read_is_refused") {
    const s3_code bad = s3_code::invalid_policy_document;
    CHECK(read(with_conditions("")) == s3_code::none);
    CHECK(read("{") == bad);
    CHECK(read("[]") == bad);
    CHECK(read(R"({"conditions": []})") == bad);
    CHECK(read(R"({"expiration": "2030-04-01T00:00:00.000Z"})") == bad);
    CHECK(read(R"({"EXPIRATION": "2030-04-01T00:00:00.000Z", "conditions": []})") == bad);
    CHECK(read(R"({"expiration": "2030-04-01 00:00:00", "conditions": []})") == bad);
    CHECK(read(R"({"expiration": 1900000000, "conditions": []})") == bad);
    CHECK(read(with_conditions("{}")) == bad);
    CHECK(read(with_conditions(R"({"a": "b", "c": "d"})")) == bad);
    CHECK(read(with_conditions(R"({"a": 1})")) == bad);
    CHECK(read(with_conditions(R"(["eq", "$a"])")) == bad);
    CHECK(read(with_conditions(R"(["eq", "a", "b"])")) == bad);
    CHECK(read(with_conditions(R"(["ends-with", "$a", "b"])")) == bad);
    CHECK(read(with_conditions(R"(["content-length-range", 0])")) == bad);
    CHECK(read(with_conditions(R"(["content-length-range", -1, 5])")) == bad);
    CHECK(read(with_conditions(R"(["content-length-range", 6, 5])")) == bad);
    CHECK(read(with_conditions(R"("key")")) == bad);
    post_policy out;
    CHECK(read_policy("not base64!", out).code == bad);
}

TEST_CASE("post_policy_conditions_hold_or_not") {
    CHECK_FALSE(check_conditions(R"({"KEY": "k"})", {{"key", "k"}}));
    CHECK(check_conditions(R"({"key": "k"})", {{"key", "K"}}).code == s3_code::access_denied);
    CHECK_FALSE(check_conditions(R"(["Starts-With", "$Key", "a/"])", {{"kEy", "a/b"}}));
    CHECK(check_conditions(R"(["starts-with", "$key", "a/"])", {{"key", "b/a/"}}));
    CHECK(check_conditions(R"(["starts-with", "$key", "a"])", {}));
    CHECK_FALSE(check_conditions(R"(["starts-with", "$key", ""])", {{"key", "whatever"}}));
    // Each type of a list has to fit.
    CHECK_FALSE(check_conditions(R"(["starts-with", "$Content-Type", "image/"])",
                                 {{"content-type", "image/png, image/jpeg"}}));
    CHECK(check_conditions(R"(["starts-with", "$Content-Type", "image/"])",
                           {{"content-type", "image/png,text/plain"}}));
}

TEST_CASE("post_policy_names_all_that_is_sent") {
    CHECK_FALSE(check_conditions("", {{"policy", "p"},
                                      {"signature", "s"},
                                      {"AWSAccessKeyId", "a"},
                                      {"x-amz-signature", "s"},
                                      {"x-ignore-this", "i"}}));
    const auto extra = check_conditions("", {{"x-amz-meta-a", "b"}});
    CHECK(extra.code == s3_code::access_denied);
    CHECK(extra.text.find("Extra input fields: x-amz-meta-a") != std::string::npos);
    CHECK(check_conditions("", {{"bucket", "b"}}));
}

TEST_CASE("post_policy_bounds_size_and_time") {
    const char* range = R"(["content-length-range", 3, 5])";
    CHECK(check_conditions(range, {}, 2).code == s3_code::entity_too_small);
    CHECK_FALSE(check_conditions(range, {}, 3));
    CHECK_FALSE(check_conditions(range, {}, 5));
    CHECK(check_conditions(range, {}, 6).code == s3_code::entity_too_large);
    post_policy policy;
    REQUIRE_FALSE(read_policy(to_base64(with_conditions("")), policy));
    CHECK_FALSE(check_policy(policy, {}, 0, policy.expiration_ns - 1));
    CHECK(check_policy(policy, {}, 0, policy.expiration_ns).code == s3_code::access_denied);
}

}  // namespace chopsticks::endpoint::testing
