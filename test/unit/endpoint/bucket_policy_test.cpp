// What policies of buckets allow and deny.

#include "bucket_policy.hpp"

#include "service_fixture.hpp"

namespace chopsticks::endpoint::testing {
namespace {

std::string statement_of(const std::string& effect, const std::string& action,
                         const std::string& resource, const std::string& more = {}) {
    return R"({"Effect": ")" + effect + R"(", "Principal": "*", "Action": ")" + action +
           R"(", "Resource": "arn:aws:s3:::)" + resource + "\"" + more + "}";
}

std::string policy_with(const std::string& statements) {
    return R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}";
}

std::string under(const std::string& condition) {
    return R"(, "Condition": )" + condition;
}

struct policed : two_users {
    policed() {
        REQUIRE(ask("PUT", "/bucket").status == 200);
        REQUIRE(ask("PUT", "/bucket/k", "x").status == 200);
    }

    answer set(const std::string& statements) {
        owner();
        return ask("PUT", "/bucket?policy", policy_with(statements));
    }
    int status(const char* method, const std::string& target, std::string body = {},
               std::vector<s3::name_value> more = {}) {
        return ask(method, target, std::move(body), std::move(more)).status;
    }
};

}  // namespace

TEST_CASE("policy_patterns_fit_as_wildcards_do") {
    CHECK(matches("*", ""));
    CHECK(matches("a*c", "ac"));
    CHECK(matches("a*c", "abcbc"));
    CHECK(matches("a?c*", "abc"));
    CHECK(matches("*/public/*", "b/public/x/y"));
    CHECK_FALSE(matches("a*c", "abcd"));
    CHECK_FALSE(matches("a?c", "ac"));
    CHECK_FALSE(matches("", "a"));
    CHECK(matches(std::string(60, '*') + "b", std::string(5000, 'a') + "b"));
}

TEST_CASE("policy_opens_what_lists_shut_and_only_that") {
    policed f;
    CHECK(f.set(statement_of("Allow", "s3:GetObject", "bucket/*")).status == 204);
    for (const bool signs : {true, false}) {
        signs ? f.other() : f.stranger();
        CHECK(f.ask("GET", "/bucket/k").text == "x");
        CHECK(f.status("HEAD", "/bucket/k") == 200);
        CHECK(f.status("GET", "/bucket/k?tagging") == 403);
        CHECK(f.status("GET", "/bucket/k?acl") == 403);
        CHECK(f.status("PUT", "/bucket/k", "y") == 403);
        CHECK(f.status("DELETE", "/bucket/k") == 403);
        CHECK(f.status("GET", "/bucket") == 403);
        // Whoever may not list is not told what is there.
        CHECK(f.status("GET", "/bucket/absent") == 403);
        CHECK(f.status("GET", "/bucket?policy") == 403);
    }
    f.set(statement_of("Allow", "s3:GetObject", "bucket/*") + "," +
          statement_of("Allow", "s3:List*", "bucket"));
    f.other();
    CHECK(f.status("GET", "/bucket") == 200);
    CHECK(f.status("GET", "/bucket/absent") == 404);
    f.owner();
    CHECK(f.ask("DELETE", "/bucket?policy").status == 204);
    f.other();
    CHECK(f.status("GET", "/bucket/k") == 403);
}

TEST_CASE("policy_denial_comes_before_lists_owner_and_other_statements") {
    policed f;
    REQUIRE(f.status("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read-write"}}) == 200);
    f.set(statement_of("Allow", "s3:*", "bucket/*") + "," +
          statement_of("Deny", "s3:DeleteObject", "bucket/k"));
    for (const int who : {0, 1, 2}) {
        who == 0 ? f.owner() : who == 1 ? f.other() : f.stranger();
        CHECK(f.status("DELETE", "/bucket/k") == 403);
        const auto many = f.ask("POST", "/bucket?delete",
                                "<Delete><Object><Key>k</Key></Object><Object><Key>l</Key>"
                                "</Object></Delete>");
        CHECK(many.status == 200);
        CHECK(many.says("<Error><Key>k</Key><Code>AccessDenied</Code>"));
        CHECK(many.says("<Deleted><Key>l</Key>"));
    }
    f.owner();
    CHECK(f.status("PUT", "/bucket/n?renameObject", "", {{"x-amz-rename-source", "k"}}) == 403);
    CHECK(f.ask("GET", "/bucket/k").text == "x");
    // Whoever owns the bucket is never shut out of its policy.
    f.set(statement_of("Deny", "*", "bucket"));
    CHECK(f.status("GET", "/bucket") == 403);
    CHECK(f.ask("GET", "/bucket?policy").says("Deny"));
    CHECK(f.ask("DELETE", "/bucket?policy").status == 204);
    CHECK(f.status("GET", "/bucket") == 200);
}

TEST_CASE("policy_says_to_whom_it_speaks") {
    policed f;
    const auto to = [&](const std::string& principal) {
        return f.set(R"({"Effect": "Allow", )" + principal +
                     R"(, "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/k"]})");
    };
    for (const char* named : {R"("Principal": {"AWS": "other"})",
                              R"("Principal": {"AWS": ["arn:aws:iam::other:root"]})",
                              R"("Principal": {"AWS": "arn:aws:iam:::user/other"})",
                              R"("Principal": {"CanonicalUser": "other"})",
                              R"("NotPrincipal": {"AWS": "chopsticks"})"}) {
        CAPTURE(named);
        CHECK(to(named).status == 204);
        f.other();
        CHECK(f.status("GET", "/bucket/k") == 200);
    }
    to(R"("Principal": {"AWS": "other"})");
    f.stranger();
    CHECK(f.status("GET", "/bucket/k") == 403);
    CHECK(to(R"("Principal": {"AWS": "who"})").element("Message") == "Invalid principal in policy");
}

TEST_CASE("policy_conditions_hold_or_not") {
    policed f;
    REQUIRE(f.status("PUT", "/bucket/k?tagging",
                     "<Tagging><TagSet><Tag><Key>Kind</Key><Value>open</Value></Tag></TagSet>"
                     "</Tagging>") == 200);
    struct row {
        const char* condition;
        const char* method;
        const char* target;
        std::vector<s3::name_value> fields;
        int status;
    };
    const row rows[] = {
        {R"({"StringEquals": {"s3:ExistingObjectTag/Kind": "open"}})", "GET", "/bucket/k", {}, 200},
        {R"({"StringEquals": {"s3:ExistingObjectTag/kind": "open"}})", "GET", "/bucket/k", {}, 403},
        {R"({"StringLike": {"aws:Referer": ["http://a/*", "http://b/*"]}})",
         "GET",
         "/bucket/k",
         {{"Referer", "http://b/x"}},
         200},
        {R"({"StringLike": {"aws:Referer": "http://a/*"}})", "GET", "/bucket/k", {}, 403},
        {R"({"StringLikeIfExists": {"aws:Referer": "http://a/*"}})", "GET", "/bucket/k", {}, 200},
        {R"({"StringLikeIfExists": {"aws:Referer": "http://a/*"}})",
         "GET",
         "/bucket/k",
         {{"Referer", "http://b/"}},
         403},
        {R"({"StringNotEquals": {"aws:UserAgent": "me"}})", "GET", "/bucket/k", {}, 200},
        {R"({"StringNotEqualsIgnoreCase": {"aws:UserAgent": "me"}})",
         "GET",
         "/bucket/k",
         {{"User-Agent", "ME"}},
         403},
        {R"({"Bool": {"aws:SecureTransport": "true"}})", "GET", "/bucket/k", {}, 403},
        {R"({"Bool": {"aws:SecureTransport": false}})", "GET", "/bucket/k", {}, 200},
        {R"({"NumericLessThanEquals": {"s3:max-keys": "10"}})",
         "GET",
         "/bucket?max-keys=10",
         {},
         200},
        {R"({"NumericLessThanEquals": {"s3:max-keys": 10}})",
         "GET",
         "/bucket?max-keys=11",
         {},
         403},
        {R"({"StringEquals": {"s3:prefix": "in/"}})", "GET", "/bucket?prefix=in/", {}, 200},
        {R"({"StringEquals": {"s3:prefix": "in/"}})", "GET", "/bucket", {}, 403},
        {R"({"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}})",
         "PUT",
         "/bucket/n",
         {{"x-amz-storage-class", "STANDARD_IA"}},
         200},
        {R"({"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}})",
         "PUT",
         "/bucket/n",
         {},
         403},
        {R"({"Null": {"s3:if-none-match": "false"}})",
         "PUT",
         "/bucket/once",
         {{"If-None-Match", "*"}},
         200},
        {R"({"Null": {"s3:if-none-match": "false"}})", "PUT", "/bucket/once", {}, 403},
        {R"({"StringEquals": {"s3:x-amz-acl": "private"}, "Null": {"aws:Referer": true}})",
         "PUT",
         "/bucket/n",
         {{"x-amz-acl", "private"}},
         200},
        {R"({"StringEquals": {"s3:x-amz-acl": "private"}, "Null": {"aws:Referer": true}})",
         "PUT",
         "/bucket/n",
         {{"x-amz-acl", "private"}, {"Referer", "r"}},
         403},
    };
    for (const row& r : rows) {
        CAPTURE(r.condition);
        CAPTURE(r.target);
        REQUIRE(f.set(statement_of("Allow", "s3:*", "bucket*", under(r.condition))).status == 204);
        f.other();
        CHECK(f.status(r.method, r.target, "", r.fields) == r.status);
    }
}

TEST_CASE("policy_counts_for_the_source_of_a_copy_too") {
    policed f;
    REQUIRE(f.status("PUT", "/target") == 200);
    REQUIRE(f.status("PUT", "/target?policy",
                     policy_with(statement_of("Allow", "s3:PutObject", "target/*",
                                              under(R"({"StringLike": {"s3:x-amz-copy-source":
                                                    "bucket/*"}})")))) == 204);
    f.other();
    CHECK(f.status("PUT", "/target/k", "", {{"x-amz-copy-source", "/bucket/k"}}) == 403);
    f.set(statement_of("Allow", "s3:GetObject", "bucket/k"));
    f.other();
    CHECK(f.status("PUT", "/target/k", "", {{"x-amz-copy-source", "/bucket/k"}}) == 200);
    CHECK(f.status("PUT", "/target/k", "y") == 403);
    f.set(statement_of("Deny", "s3:GetObject", "bucket/k"));
    CHECK(f.status("PUT", "/target/k2", "", {{"x-amz-copy-source", "/bucket/k"}}) == 403);
}

TEST_CASE("policy_that_is_public_can_be_blocked") {
    policed f;
    const auto block = [&](const char* element) {
        f.owner();
        return f.status("PUT", "/bucket?publicAccessBlock",
                        "<PublicAccessBlockConfiguration><" + std::string(element) + ">true</" +
                            element + "></PublicAccessBlockConfiguration>");
    };
    const std::string open = statement_of("Allow", "s3:GetObject", "bucket/*");
    f.set(open);
    CHECK(f.ask("GET", "/bucket?policyStatus").element("IsPublic") == "true");
    CHECK(block("RestrictPublicBuckets") == 200);
    f.other();
    CHECK(f.status("GET", "/bucket/k") == 403);
    CHECK(block("BlockPublicPolicy") == 200);
    f.other();
    CHECK(f.status("GET", "/bucket/k") == 200);
    CHECK(f.set(open).says("<Code>AccessDenied</Code>"));
    CHECK(f.set(statement_of("Deny", "s3:GetObject", "bucket/*")).status == 204);
    CHECK(f.ask("GET", "/bucket?policyStatus").element("IsPublic") == "false");
}

TEST_CASE("policy_that_could_not_be_enforced_is_not_taken") {
    policed f;
    const std::string kept = statement_of("Deny", "s3:PutObject", "bucket/never");
    REQUIRE(f.set(kept).status == 204);
    const std::string get = "s3:GetObject";
    const std::pair<std::string, std::string> rows[] = {
        {"{", "MalformedPolicy"},
        {"[]", "MalformedPolicy"},
        {std::string(30'000, '['), "MalformedPolicy"},
        {R"({"Version": "2012-10-17"})", "MalformedPolicy"},
        {R"({"Version": "2020-01-01", "Statement": []})", "MalformedPolicy"},
        {policy_with(""), "MalformedPolicy"},
        {policy_with("1"), "MalformedPolicy"},
        {policy_with(statement_of("allow", get, "bucket/*")), "MalformedPolicy"},
        {policy_with(statement_of("Allow", "ec2:Run", "bucket/*")), "MalformedPolicy"},
        {policy_with(statement_of("Allow", get, "elsewhere/*")), "MalformedPolicy"},
        {policy_with(statement_of("Allow", get, "bucket/*", R"(, "What": 1)")), "MalformedPolicy"},
        {policy_with(R"({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"})"),
         "MalformedPolicy"},
        {policy_with(statement_of("Allow", get, "bucket/*",
                                  under(R"({"NumericEquals": {"s3:max-keys": "x"}})"))),
         "MalformedPolicy"},
        {policy_with(statement_of("Allow", "s3:RestoreObject", "bucket/*")), "NotImplemented"},
        {policy_with(statement_of("Allow", get, "bucket/${aws:username}/*")), "NotImplemented"},
        {policy_with(statement_of("Allow", get, "bucket/*",
                                  under(R"({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})"))),
         "NotImplemented"},
        {policy_with(statement_of("Allow", get, "bucket/*",
                                  under(R"({"StringEquals": {"aws:PrincipalOrgID": "o"}})"))),
         "NotImplemented"},
        {policy_with(statement_of("Allow", get, "bucket/*",
                                  under(R"({"ForAnyValue:StringEquals": {"s3:prefix": "o"}})"))),
         "NotImplemented"},
        {policy_with(R"({"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
                         "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*"})"),
         "NotImplemented"},
    };
    for (const auto& [text, code] : rows) {
        CAPTURE(text.substr(0, 200));
        const auto got = f.ask("PUT", "/bucket?policy", text);
        CHECK(got.status == (code == "NotImplemented" ? 501 : 400));
        CHECK(got.element("Code") == code);
        CHECK_FALSE(got.element("Message").empty());
    }
    CHECK(f.ask("GET", "/bucket?policy").text == policy_with(kept));
}

}  // namespace chopsticks::endpoint::testing
