#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/signer.hpp>
#include <chopsticks/s3/protocol/sigv4.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "wire.hpp"

using namespace chopsticks::s3;

namespace {

// Amazon S3 API Reference, "Signature Calculations for the Authorization Header", examples.
const credentials example{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const std::string example_host = "examplebucket.s3.amazonaws.com";
constexpr std::int64_t example_s = 1'369'353'600;  // 2013-05-24

std::string signature_of(std::string_view method, std::string_view path,
                         const std::vector<name_value>& query, std::vector<name_value> headers,
                         std::string_view hash) {
    headers.push_back({"Host", example_host});
    headers.push_back({"x-amz-content-sha256", std::string(hash)});
    headers.push_back({"x-amz-date", "20130524T000000Z"});
    const std::string value =
        authorization_header(example, "us-east-1", method, path, query, headers, hash);
    const auto parsed = parse_authorization(value);
    REQUIRE(parsed.has_value());
    CHECK(parsed->access_key == example.access_key);
    CHECK(parsed->scope() == "20130524/us-east-1/s3/aws4_request");
    return parsed->signature;
}

/// A request that verifies, for spoiling.
parsed_request good_request() {
    parsed_request out{"GET", "/bucket/key?b=2&a=%C3%A4", {{"Host", "h:80"}}};
    out.headers.push_back({"X-Amz-Date", "20130524T000000Z"});
    out.headers.push_back({"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"});
    out.headers.push_back(
        {"Authorization",
         authorization_header(example, "us-east-1", "GET", "/bucket/key",
                              std::vector<name_value>{{"a", "\xc3\xa4"}, {"b", "2"}}, out.headers,
                              "UNSIGNED-PAYLOAD")});
    return out;
}

verdict check(const parsed_request& request, std::int64_t now_s = example_s,
              std::string_view region = "us-east-1") {
    return verify_wire(request, example, region, now_s).outcome;
}

std::string& field(parsed_request& request, std::string_view name) {
    for (name_value& header : request.headers) {
        if (header.name == name) return header.value;
    }
    FAIL("no such field");
    throw 0;
}

void replace(std::string& text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("sigv4_published_examples_have_their_signatures") {
    CHECK(signature_of("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}}, empty_sha256_hex) ==
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    CHECK(signature_of("PUT", "/test$file.text", {},
                       {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                        {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                       sha256_hex("Welcome to Amazon S3.")) ==
          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    CHECK(signature_of("GET", "/", {{"lifecycle", ""}}, {}, empty_sha256_hex) ==
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    CHECK(signature_of("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, empty_sha256_hex) ==
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("sigv4_published_presigned_url_has_its_signature") {
    const std::string query = presigned_query(example, "us-east-1", "GET", example_host,
                                              "/test.txt", {}, example_s, 86400);
    CHECK(query ==
          "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
          "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
          "X-Amz-SignedHeaders=host&X-Amz-Signature="
          "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("sigv4_requests_signed_by_botocore_verify") {
    std::ifstream file(CHOPSTICKS_TEST_DATA "/sigv4_botocore.json");
    REQUIRE(file.good());
    const auto document = nlohmann::json::parse(file);
    REQUIRE(document["cases"].size() >= 100);
    for (const auto& c : document["cases"]) {
        const credentials who{c["who"]["access_key"], c["who"]["secret_key"],
                              c["who"]["session_token"]};
        parsed_request request{c["method"], c["target"], {}};
        for (const auto& header : c["headers"])
            request.headers.push_back({header[0], header[1]});
        const std::int64_t now_s = c["now_s"];
        const std::string region = c["region"];
        CAPTURE(request.target);
        const verification v = verify_wire(request, who, region, now_s);
        CHECK(v.canonical_request == c["canonical_request"].get<std::string>());
        CHECK(v.string_to_sign == c["string_to_sign"].get<std::string>());
        REQUIRE(v.outcome == verdict::ok);
        CHECK(v.presigned == c["presigned"].get<bool>());
        CHECK(v.session_token == who.session_token);

        // The same text from the decoded parts, that is with our own encoding.
        if (v.presigned) continue;
        std::vector<name_value> query;
        for (const auto& pair : c["query"])
            query.push_back({pair[0], pair[1]});
        CHECK(canonical_request(request.method, c["raw_path"].get<std::string>(), query,
                                request.headers, v.claims.signed_headers,
                                v.payload_hash) == v.canonical_request);

        // And the fast path on the same canonical request.
        signer fast(who, region);
        fast.set_time(now_s);
        char signature[signer::signature_size];
        fast.sign(v.canonical_request, signature);
        CHECK(std::string_view(signature, sizeof signature) == v.claims.signature);
    }
}

TEST_CASE("verify_right_request_is_ok") {
    const verification v = verify_wire(good_request(), example, "us-east-1", example_s);
    CHECK(v.outcome == verdict::ok);
    CHECK(v.payload == payload_kind::unsigned_payload);
    CHECK(v.claims.signed_headers ==
          std::vector<std::string>{"host", "x-amz-content-sha256", "x-amz-date"});
    CHECK(s3_code(v.outcome).empty());
    CHECK(http_status(v.outcome) == 200);
}

TEST_CASE("verify_anything_signed_that_changed_is_a_mismatch") {
    const auto spoiled = [](auto&& change) {
        parsed_request request = good_request();
        change(request);
        return check(request);
    };
    CHECK(spoiled([](auto& r) { r.method = "PUT"; }) == verdict::mismatch);
    CHECK(spoiled([](auto& r) { r.target = "/bucket/kez?b=2&a=%C3%A4"; }) == verdict::mismatch);
    CHECK(spoiled([](auto& r) { r.target = "/bucket/key?b=3&a=%C3%A4"; }) == verdict::mismatch);
    CHECK(spoiled([](auto& r) { r.target += "&c"; }) == verdict::mismatch);
    CHECK(spoiled([](auto& r) { field(r, "Host") = "other"; }) == verdict::mismatch);
    CHECK(spoiled([](auto& r) { field(r, "X-Amz-Date") = "20130524T000001Z"; }) ==
          verdict::mismatch);
    CHECK(spoiled([](auto& r) {
              field(r, "X-Amz-Content-Sha256") = std::string(empty_sha256_hex);
          }) == verdict::mismatch);
    // What a client may do without changing the meaning:
    CHECK(spoiled([](auto& r) { r.target = "/bucket/k%65y?a=%c3%a4&b=2"; }) == verdict::ok);
    CHECK(spoiled([](auto& r) { r.headers.push_back({"User-Agent", "x"}); }) == verdict::ok);
}

TEST_CASE("verify_unacceptable_request_is_refused_with_its_reason") {
    const auto spoiled = [](auto&& change) {
        parsed_request request = good_request();
        change(request);
        return check(request);
    };
    CHECK(spoiled([](auto& r) { r.headers.pop_back(); }) == verdict::missing);
    CHECK(spoiled([](auto& r) { field(r, "Authorization") = "Basic abc"; }) == verdict::malformed);
    CHECK(spoiled([](auto& r) { replace(field(r, "Authorization"), "AKIA", "AKIB"); }) ==
          verdict::unknown_access_key);
    CHECK(spoiled([](auto& r) { replace(field(r, "Authorization"), "/s3/", "/ec2/"); }) ==
          verdict::wrong_region);
    CHECK(spoiled([](auto& r) {
              replace(field(r, "Authorization"), "/20130524/", "/20130525/");
          }) == verdict::malformed);
    CHECK(spoiled([](auto& r) { replace(field(r, "Authorization"), "host;", ""); }) ==
          verdict::unsigned_header);
    CHECK(spoiled([](auto& r) { r.headers.push_back({"X-AMZ-Acl", "public-read"}); }) ==
          verdict::unsigned_header);
    CHECK(spoiled([](auto& r) { field(r, "X-Amz-Content-Sha256") = "sha"; }) ==
          verdict::missing_payload_hash);
    CHECK(spoiled([](auto& r) { field(r, "X-Amz-Date") = "20130532T000000Z"; }) ==
          verdict::malformed);
    CHECK(spoiled([](auto& r) { r.target = "/bucket/%zz"; }) == verdict::malformed_query);
    CHECK(check(good_request(), example_s + 900) == verdict::ok);
    CHECK(check(good_request(), example_s + 901) == verdict::too_skewed);
    CHECK(check(good_request(), example_s - 901) == verdict::too_skewed);
    CHECK(check(good_request(), example_s, "eu-west-1") == verdict::wrong_region);
    CHECK(s3_code(verdict::mismatch) == "SignatureDoesNotMatch");
    CHECK(http_status(verdict::mismatch) == 403);
    CHECK(http_status(verdict::wrong_region) == 400);
}

TEST_CASE("verify_presigned_url_holds_until_it_expires") {
    const auto request = [](std::string_view extra = {}) {
        return parsed_request{
            "GET",
            "/bucket/a%20key?" +
                presigned_query(example, "us-east-1", "GET", "h", "/bucket/a key",
                                std::vector<name_value>{{"versionId", "v+/"}}, example_s, 60) +
                std::string(extra),
            {{"Host", "h"}}};
    };
    CHECK(check(request()) == verdict::ok);
    CHECK(check(request(), example_s + 60) == verdict::ok);
    CHECK(check(request(), example_s + 61) == verdict::expired);
    CHECK(check(request(), example_s - 901) == verdict::too_skewed);
    CHECK(check(request("&x=1")) == verdict::mismatch);
    parsed_request longer = request();
    replace(longer.target, "X-Amz-Expires=60", "X-Amz-Expires=99");
    CHECK(check(longer) == verdict::mismatch);
    replace(longer.target, "X-Amz-Expires=99", "X-Amz-Expires=999999");
    CHECK(check(longer) == verdict::malformed_query);
}

TEST_CASE("parse_authorization_spacing_and_order_are_free") {
    const std::string signature(64, 'a');
    const auto parsed = parse_authorization(
        "AWS4-HMAC-SHA256   Signature=" + signature +
        ",SignedHeaders=host;x-amz-date,Credential=a/key/20130524/r/s3/aws4_request");
    REQUIRE(parsed.has_value());
    CHECK(parsed->access_key == "a/key");
    CHECK(parsed->region == "r");
    CHECK(parsed->signed_headers.size() == 2);
}

TEST_CASE("parse_authorization_malformed_is_an_error") {
    const std::string s(64, 'a');
    const std::string c = "Credential=AK/20130524/r/s3/aws4_request";
    for (const std::string& text : {
             std::string(),
             std::string("AWS4-HMAC-SHA256"),
             "AWS AK:" + s,
             "AWS4-HMAC-SHA256X " + c + ", SignedHeaders=host, Signature=" + s,
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=host",
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=host, Signature=" + s.substr(1),
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=host, Signature=" + std::string(64, 'G'),
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=, Signature=" + s,
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=Host, Signature=" + s,
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=x;host, Signature=" + s,
             "AWS4-HMAC-SHA256 " + c + ", " + c + ", SignedHeaders=host, Signature=" + s,
             "AWS4-HMAC-SHA256 Credential=AK/2013/r/s3/aws4_request, SignedHeaders=host, "
             "Signature=" +
                 s,
             "AWS4-HMAC-SHA256 Credential=AK/20130524/r/s3/aws5, SignedHeaders=host, Signature=" +
                 s,
             "AWS4-HMAC-SHA256 Credential=20130524/r/s3/aws4_request, SignedHeaders=host, "
             "Signature=" +
                 s,
             "AWS4-HMAC-SHA256 " + c + ", SignedHeaders=host, Signature=" + s + ", Extra=1",
         }) {
        CAPTURE(text);
        CHECK(parse_authorization(text).has_error());
    }
}

TEST_CASE("amz_date_written_is_read_back") {
    CHECK(amz_date(0) == "19700101T000000Z");
    CHECK(amz_date(example_s - 1) == "20130523T235959Z");
    for (std::int64_t s = -62167219200; s < 253402300800; s += 86400 * 97 + 12345) {
        const auto back = parse_amz_date(amz_date(s));
        REQUIRE(back.has_value());
        REQUIRE(*back == s);
    }
    for (const char* text : {"", "20130524T000000", "20130229T000000Z", "20131301T000000Z",
                             "20130524T240000Z", "20130524 000000Z", "2013052xT000000Z"}) {
        CAPTURE(text);
        CHECK(parse_amz_date(text).has_error());
    }
}

TEST_CASE("signer_day_changes_and_returns_as_the_reference_signs") {
    const credentials who{"AK", "secret", ""};
    signer fast(who, "eu-west-3");
    for (const std::int64_t s : {example_s - 1, example_s, example_s - 1, example_s + 1,
                                 example_s + 86400, example_s, std::int64_t{0}}) {
        fast.set_time(s);
        const std::string date = amz_date(s);
        CHECK(fast.amz_date() == date);
        CHECK(fast.scope() == credential_scope(date.substr(0, 8), "eu-west-3"));
        char out[signer::signature_size];
        fast.sign("any text\n", out);
        CHECK(std::string_view(out, sizeof out) ==
              signature(signing_key("secret", date.substr(0, 8), "eu-west-3"),
                        string_to_sign(date, fast.scope(), "any text\n")));
    }
}
