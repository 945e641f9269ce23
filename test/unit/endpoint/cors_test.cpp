// What pages of other origins are told.

#include "cors.hpp"

#include "service_fixture.hpp"

namespace chopsticks::endpoint::testing {
namespace {

std::string cors_of(const std::string& rules) {
    return "<CORSConfiguration>" + rules + "</CORSConfiguration>";
}

std::string cors_rule_of(const std::string& origin, const std::string& method,
                         const std::string& more = {}) {
    return "<CORSRule><AllowedOrigin>" + origin + "</AllowedOrigin><AllowedMethod>" + method +
           "</AllowedMethod>" + more + "</CORSRule>";
}

struct shared_bucket : fixture {
    explicit shared_bucket(const std::string& rules) {
        REQUIRE(ask("PUT", "/bucket").status == 200);
        REQUIRE(ask("PUT", "/bucket/k", "x").status == 200);
        REQUIRE(ask("PUT", "/bucket?cors", cors_of(rules)).status == 200);
    }

    answer preflight(const std::string& origin, const std::string& method,
                     const std::string& headers = {}) {
        sign = false;
        std::vector<s3::name_value> fields = {{"Origin", origin},
                                              {"Access-Control-Request-Method", method}};
        if (!headers.empty()) fields.push_back({"Access-Control-Request-Headers", headers});
        const answer out = ask("OPTIONS", "/bucket/k", "", fields);
        sign = true;
        return out;
    }
    std::string origin_told(const std::string& method, const std::string& origin) {
        return ask(method, "/bucket/k", "", {{"Origin", origin}})
            .field("Access-Control-Allow-Origin");
    }
};

}  // namespace

TEST_CASE("cors_preflight_is_answered_by_the_first_rule_that_allows_all_of_it") {
    shared_bucket f(cors_rule_of("https://a.example", "PUT",
                                 "<AllowedMethod>POST</AllowedMethod>"
                                 "<AllowedHeader>x-amz-*</AllowedHeader>"
                                 "<AllowedHeader>Content-Type</AllowedHeader>"
                                 "<ExposeHeader>ETag</ExposeHeader>"
                                 "<ExposeHeader>x-amz-version-id</ExposeHeader>"
                                 "<MaxAgeSeconds>3000</MaxAgeSeconds>") +
                    cors_rule_of("*", "GET"));
    auto got = f.preflight("https://a.example", "PUT", "X-Amz-Date, content-type");
    CHECK(got.status == 200);
    CHECK(got.field("Access-Control-Allow-Origin") == "https://a.example");
    CHECK(got.field("Access-Control-Allow-Methods") == "PUT, POST");
    CHECK(got.field("Access-Control-Allow-Headers") == "x-amz-date, content-type");
    CHECK(got.field("Access-Control-Expose-Headers") == "ETag, x-amz-version-id");
    CHECK(got.field("Access-Control-Max-Age") == "3000");
    CHECK(got.field("Access-Control-Allow-Credentials") == "true");
    CHECK(got.field("Vary").find("Origin") == 0);
    got = f.preflight("https://b.example", "GET");
    CHECK(got.field("Access-Control-Allow-Origin") == "*");
    CHECK(got.field("Access-Control-Allow-Credentials").empty());
    for (const auto& refused :
         {f.preflight("https://b.example", "PUT"), f.preflight("https://a.example", "DELETE"),
          f.preflight("https://a.example", "PUT", "authorization"),
          f.preflight("https://a.example.org", "PUT"), f.preflight("http://b", "GET", "x-y")}) {
        CHECK(refused.status == 403);
        CHECK(refused.says("<Code>AccessForbidden</Code>"));
        CHECK(refused.field("Access-Control-Allow-Origin").empty());
    }
}

TEST_CASE("cors_preflight_says_what_it_lacks") {
    shared_bucket f(cors_rule_of("*", "GET"));
    f.sign = false;
    CHECK(f.ask("OPTIONS", "/bucket/k").says("Origin request header needed"));
    CHECK(f.ask("OPTIONS", "/bucket/k", "", {{"Origin", "o"}}).status == 400);
    const std::vector<s3::name_value> asks = {{"Origin", "o"},
                                              {"Access-Control-Request-Method", "GET"}};
    CHECK(f.ask("OPTIONS", "/nobucket/k", "", asks).status == 403);
    CHECK(f.ask("OPTIONS", "/bucket", "", asks).status == 200);
    f.sign = true;
    CHECK(f.ask("DELETE", "/bucket?cors").status == 204);
    f.sign = false;
    CHECK(f.ask("OPTIONS", "/bucket/k", "", asks).says("CORS is not enabled"));
}

TEST_CASE("cors_fields_come_with_answers_and_refusals") {
    shared_bucket f(cors_rule_of("http://*.example", "GET") + cors_rule_of("*", "PUT"));
    CHECK(f.origin_told("GET", "http://a.example") == "http://a.example");
    CHECK(f.origin_told("GET", "http://.example") == "http://.example");
    CHECK(f.origin_told("GET", "http://example").empty());
    CHECK(f.origin_told("GET", "https://a.example").empty());
    CHECK(f.origin_told("PUT", "whoever") == "*");
    CHECK(f.origin_told("HEAD", "http://a.example").empty());
    CHECK(f.ask("GET", "/bucket/k").field("Vary").empty());
    const auto absent = f.ask("GET", "/bucket/absent", "", {{"Origin", "http://a.example"}});
    CHECK(absent.status == 404);
    CHECK(absent.field("Access-Control-Allow-Origin") == "http://a.example");
    f.secret = "wrong";
    CHECK(f.origin_told("GET", "http://a.example") == "http://a.example");
    // An origin that a pattern fits cannot begin a field of its own.
    f.secret = f.options.secret_key;
    REQUIRE(f.ask("PUT", "/other").status == 200);
    CHECK(f.ask("GET", "/other", "", {{"Origin", "http://a.example"}})
              .field("Access-Control-Allow-Origin")
              .empty());
}

TEST_CASE("cors_configuration_is_told_as_it_is_kept") {
    shared_bucket f(cors_rule_of("*", "GET", "<ID>one</ID><AllowedHeader>*</AllowedHeader>"));
    const auto told = f.ask("GET", "/bucket?cors");
    CHECK(told.element("ID") == "one");
    CHECK(told.element("AllowedOrigin") == "*");
    CHECK(told.element("AllowedHeader") == "*");
    CHECK_FALSE(told.says("MaxAgeSeconds"));
    CHECK(f.ask("DELETE", "/bucket?cors").status == 204);
    CHECK(f.ask("GET", "/bucket?cors").says("<Code>NoSuchCORSConfiguration</Code>"));
}

TEST_CASE("cors_configuration_that_says_nothing_clear_is_refused") {
    shared_bucket f(cors_rule_of("first", "GET"));
    std::string many;
    for (int i = 0; i < 101; ++i)
        many += cors_rule_of("*", "GET");
    const std::pair<std::string, std::string> rows[] = {
        {"", "MalformedXML"},
        {"<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>", "MalformedXML"},
        {"<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>", "MalformedXML"},
        {cors_rule_of("*", "PATCH"), "InvalidRequest"},
        {cors_rule_of("*", "get"), "InvalidRequest"},
        {cors_rule_of("*a*", "GET"), "InvalidRequest"},
        {cors_rule_of("a&#13;&#10;b", "GET"), "MalformedXML"},
        {cors_rule_of("*", "GET", "<AllowedHeader>**</AllowedHeader>"), "InvalidRequest"},
        {cors_rule_of("*", "GET", "<ExposeHeader>x-*</ExposeHeader>"), "InvalidRequest"},
        {cors_rule_of("*", "GET", "<MaxAgeSeconds>-1</MaxAgeSeconds>"), "MalformedXML"},
        {cors_rule_of("*", "GET", "<ID>" + std::string(256, 'i') + "</ID>"), "InvalidArgument"},
        {cors_rule_of(std::string(65 << 10, 'o'), "GET"), "InvalidRequest"},
        {many, "InvalidRequest"},
    };
    for (const auto& [rules, code] : rows) {
        CAPTURE(rules.substr(0, 200));
        const auto got = f.ask("PUT", "/bucket?cors", cors_of(rules));
        CHECK(got.status == 400);
        CHECK(got.element("Code") == code);
    }
    CHECK(f.ask("GET", "/bucket?cors").element("AllowedOrigin") == "first");
}

}  // namespace chopsticks::endpoint::testing
