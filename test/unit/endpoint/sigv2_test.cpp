// Signatures of version 2. The examples are those of AWS's documentation.

#include "sigv2.hpp"

#include "service_fixture.hpp"

namespace chopsticks::endpoint::testing {
namespace {

const std::string example_key = "AKIAIOSFODNN7EXAMPLE";
const std::string example_secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const std::string* secret_of_example(std::string_view access_key) {
    return access_key == example_key ? &example_secret : nullptr;
}

request located_request(std::string method, std::string target,
                        std::vector<s3::name_value> headers) {
    request r;
    r.method = std::move(method);
    r.target = std::move(target);
    r.headers = std::move(headers);
    REQUIRE(locate(r, {"s3.us-west-1.amazonaws.com"}, [](std::string_view) { return true; }));
    return r;
}

std::int64_t seconds(std::string_view date) {
    return parse_http_date(date).value();
}

}  // namespace

TEST_CASE("sigv2_example_of_a_get_is_verified") {
    const auto r = located_request("GET", "/photos/puppy.jpg",
                                   {{"Host", "awsexamplebucket1.s3.us-west-1.amazonaws.com"},
                                    {"Date", "Tue, 27 Mar 2007 19:36:42 +0000"},
                                    {"Authorization",
                                     "AWS AKIAIOSFODNN7EXAMPLE:"
                                     "qgk2+6Sv9/oM7G3qLEjTH1a1l1g="}});
    const auto got = verify_sigv2(r, seconds("Tue, 27 Mar 2007 19:40:00 GMT"), secret_of_example);
    CHECK(got.string_to_sign ==
          "GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg");
    CHECK(got.status == 200);
    CHECK(got.access_key == example_key);
}

TEST_CASE("sigv2_amz_fields_and_sub_resources_are_signed") {
    std::vector<s3::name_value> fields{
        {"Host", "127.0.0.1"},     {"x-amz-date", "Tue, 27 Mar 2007 21:20:26 GMT"},
        {"X-Amz-Meta-B", " two "}, {"x-amz-meta-a", "one"},
        {"Content-MD5", "md5"},    {"Content-Type", "text/plain"}};
    const std::string text =
        "PUT\nmd5\ntext/plain\n\nx-amz-date:Tue, 27 Mar 2007 21:20:26 GMT\nx-amz-meta-a:one\n"
        "x-amz-meta-b:two\n/bucket/a%20b?partNumber=1&uploadId=x";
    fields.push_back(
        {"Authorization", "AWS " + example_key + ":" + sigv2_signature(example_secret, text)});
    auto r = located_request("PUT", "/bucket/a%20b?uploadId=x&marker=m&partNumber=1", fields);
    const std::int64_t now = seconds("Tue, 27 Mar 2007 21:20:26 GMT");
    const auto got = verify_sigv2(r, now, secret_of_example);
    CHECK(got.string_to_sign == text);
    CHECK(got.status == 200);
    r.headers[3].value = "other";
    CHECK(verify_sigv2(r, now, secret_of_example).code == "SignatureDoesNotMatch");
}

TEST_CASE("sigv2_refusals_have_their_codes") {
    const std::int64_t now = seconds("Tue, 27 Mar 2007 19:36:42 GMT");
    const auto code = [&](const std::string& authorization, const std::string& date) {
        const auto r = located_request(
            "GET", "/bucket",
            {{"Host", "127.0.0.1"}, {"Date", date}, {"Authorization", authorization}});
        const auto got = verify_sigv2(r, now, secret_of_example);
        return std::to_string(got.status) + " " + std::string(got.code);
    };
    const std::string good = "Tue, 27 Mar 2007 19:36:42 GMT";
    CHECK(code("AWS nonsense", good) == "400 InvalidArgument");
    CHECK(code("AWS nobody:AAAA", good) == "403 InvalidAccessKeyId");
    CHECK(code("AWS " + example_key + ":AAAA", good) == "403 SignatureDoesNotMatch");
    CHECK(code("AWS " + example_key + ":AAAA", "") == "403 AccessDenied");
    CHECK(code("AWS " + example_key + ":AAAA", "yesterday") == "403 AccessDenied");
    CHECK(code("AWS " + example_key + ":AAAA", "Tue, 27 Mar 1951 19:36:42 GMT") ==
          "403 AccessDenied");
    CHECK(code("AWS " + example_key + ":AAAA", "Tue, 27 Mar 2007 19:10:42 GMT") ==
          "403 RequestTimeTooSkewed");
    CHECK(code("AWS " + example_key + ":AAAA", "Tue, 27 Mar 2007 20:10:42 GMT") ==
          "403 RequestTimeTooSkewed");
}

TEST_CASE("sigv2_urls_work_until_they_expire") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "x").status == 200);
    const auto get = [&](std::int64_t expires, const std::string& of_key) {
        const std::string until = std::to_string(expires);
        const std::string signature =
            sigv2_signature(f.secret, "GET\n\n\n" + until + "\n/bucket/" + of_key);
        f.sign = false;
        const auto got =
            f.ask("GET", "/bucket/k?AWSAccessKeyId=" + f.access_key + "&Expires=" + until +
                             "&Signature=" + http::percent_encode(signature, http::slash::encode));
        f.sign = true;
        return got;
    };
    const std::int64_t now = wall_ns() / 1'000'000'000;
    // The fixture sends x-amz-* fields, which are signed as well.
    CHECK(get(now + 100, "k").says("<Code>SignatureDoesNotMatch</Code>"));
    CHECK(get(now - 1, "k").says("<Code>AccessDenied</Code>"));
    exchange x(f.s.objects().memory(), true);
    const std::string until = std::to_string(now + 100);
    x.head.method = "GET";
    x.head.target =
        "/bucket/k?AWSAccessKeyId=" + f.access_key + "&Expires=" + until + "&Signature=" +
        http::percent_encode(sigv2_signature(f.secret, "GET\n\n\n" + until + "\n/bucket/k"),
                             http::slash::encode);
    x.head.headers = {{"Host", "127.0.0.1"}};
    f.s.begin(x, std::nullopt, false);
    f.s.finish(x);
    CHECK(x.answer.status == 200);
}

}  // namespace chopsticks::endpoint::testing
