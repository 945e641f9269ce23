// Form uploads: the form taken apart however it comes, and what becomes of it.

#include "post_form.hpp"

#include "service_fixture.hpp"
#include "sigv2.hpp"

namespace chopsticks::endpoint::testing {
namespace {

constexpr std::string_view boundary = "----b7";

std::string part(const std::string& name, const std::string& value) {
    return "------b7\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value +
           "\r\n";
}

std::string file_part(const std::string& content, const std::string& filename = "f.txt") {
    return "------b7\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + filename +
           "\"\r\nContent-Type: text/plain\r\n\r\n" + content + "\r\n";
}

const std::string end = "------b7--\r\n";

struct read_form {
    explicit read_form(const std::string& text, std::size_t piece) : form(boundary) {
        for (std::size_t at = 0; at < text.size(); at += piece) {
            form.feed(std::string_view(text).substr(at, piece),
                      {[this] { ++begun; }, [this](std::string_view some) { content += some; }});
        }
    }
    form_reader form;
    std::string content;
    int begun = 0;
};

struct posting : fixture {
    posting() { REQUIRE(ask("PUT", "/bucket").status == 200); }

    answer post(const std::string& body, std::string type = "multipart/form-data; boundary=----b7",
                bool chunked = false) {
        exchange x(s.objects().memory(), options.keep_bodies);
        x.head.method = "POST";
        x.head.target = "/bucket";
        x.head.headers = {{"Host", "127.0.0.1:1"}, {"Content-Type", std::move(type)}};
        s.begin(x, chunked ? std::nullopt : std::optional<std::uint64_t>(body.size()), chunked);
        if (!x.answered) x.feed(body);
        s.finish(x);
        return {x.answer.status, x.answer.fields, x.answer.text};
    }

    std::string policy(const std::string& conditions) const {
        return to_base64(R"({"expiration": "2100-01-01T00:00:00.000Z", "conditions": [)"
                         R"({"bucket": "bucket"}, ["starts-with", "$key", "up/"])" +
                         conditions + "]}");
    }
    /// The fields of a form that is signed in the old way.
    std::string signed_fields(const std::string& conditions = "") const {
        const std::string p = policy(conditions);
        return part("policy", p) + part("AWSAccessKeyId", access_key) +
               part("signature", sigv2_signature(secret, p));
    }
};

}  // namespace

TEST_CASE("post_form_is_the_same_in_whatever_pieces_it_comes") {
    const std::string content = "one\r\n------b\r\n--\r\n\r\n------b6 two";
    const std::string text = part("key", "a") + part("empty", "") + part("Lines", "x\r\ny\r\n") +
                             file_part(content, "na\\\"me.txt") + part("late", "1") + end;
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        CAPTURE(piece);
        const read_form got(text, piece);
        CHECK(got.form.fault() == s3_code::none);
        CHECK(got.form.complete());
        CHECK(got.begun == 1);
        CHECK(got.content == content);
        CHECK(got.form.size() == text.size());
        CHECK(got.form.filename() == "na\"me.txt");
        REQUIRE(got.form.fields().size() == 3);
        CHECK(*got.form.field("KEY") == "a");
        CHECK(got.form.field("empty")->empty());
        CHECK(*got.form.field("lines") == "x\r\ny\r\n");
        CHECK(got.form.field("late") == nullptr);
    }
}

TEST_CASE("post_form_that_is_none_is_refused") {
    CHECK(read_form(part("key", "a") + end, 1000).form.fault() == s3_code::malformed_post);
    CHECK(read_form("------b7\r\nX: y\r\n\r\nz\r\n" + end, 7).form.fault() ==
          s3_code::malformed_post);
    CHECK(read_form("------b7\r\n" + std::string(10'000, 'h'), 100).form.fault() ==
          s3_code::malformed_post);
    CHECK(read_form(part("k", std::string(form_reader::fields_bytes_max + 1, 'v')), 100)
              .form.fault() == s3_code::field_too_long);
    CHECK(read_form(std::string(form_reader::fields_bytes_max + 100, 'p'), 100).form.fault() ==
          s3_code::field_too_long);
    const read_form cut(part("key", "a") +
                            "------b7\r\nContent-Disposition: form-data; "
                            "name=\"file\"\r\n\r\ncontent",
                        3);
    CHECK_FALSE(cut.form.complete());
    CHECK(cut.form.fault() == s3_code::none);
}

TEST_CASE("post_form_boundaries_are_read_from_the_type") {
    CHECK(form_boundary("multipart/form-data; boundary=abc").value() == "abc");
    CHECK(form_boundary("Multipart/Form-Data; charset=x; boundary=\"a b\"").value() == "a b");
    CHECK_FALSE(form_boundary("multipart/form-data"));
    CHECK_FALSE(form_boundary("multipart/form-data; boundary="));
    CHECK_FALSE(form_boundary("multipart/mixed; boundary=abc"));
    CHECK_FALSE(form_boundary("application/x-www-form-urlencoded"));
    CHECK_FALSE(form_boundary(""));
}

TEST_CASE("post_of_a_signed_form_makes_an_object") {
    posting f;
    const std::string conditions =
        R"(, {"acl": "private"}, {"x-amz-meta-a": "b"}, ["eq", "$Content-Type", "t/t"],)"
        R"( ["eq", "$tagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet>)"
        R"(</Tagging>"])";
    const auto done =
        f.post(part("key", "up/${filename}") + part("acl", "private") + part("x-amz-meta-a", "b") +
               part("Content-Type", "t/t") +
               part("tagging",
                    "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>") +
               part("x-ignore-me", "1") + f.signed_fields(conditions) +
               file_part("content", "C:\\files\\f.txt") + end);
    CHECK(done.status == 204);
    CHECK(done.text.empty());
    CHECK(done.field("ETag") == "\"9a0364b9e99bb480dd25e1f0284c8555\"");
    CHECK(done.field("Location") == "/bucket/up/f.txt");
    const auto got = f.ask("GET", "/bucket/up/f.txt");
    CHECK(got.text == "content");
    CHECK(got.field("Content-Type") == "t/t");
    CHECK(got.field("x-amz-meta-a") == "b");
    CHECK(got.field("x-amz-tagging-count") == "1");
}

TEST_CASE("post_is_answered_as_the_form_asks") {
    posting f;
    const auto post = [&](const std::string& name, const std::string& value) {
        return f.post(part("key", "up/k&k") + part(name, value) +
                      f.signed_fields(", [\"starts-with\", \"$" + name + "\", \"\"]") +
                      file_part("x") + end);
    };
    CHECK(post("success_action_status", "200").status == 200);
    const auto created = post("success_action_status", "201");
    CHECK(created.status == 201);
    CHECK(created.element("Key") == "up/k&amp;k");
    CHECK(created.element("Bucket") == "bucket");
    CHECK(post("success_action_status", "404").status == 204);
    const auto sent_on = post("success_action_redirect", "http://h/p?q=1");
    CHECK(sent_on.status == 303);
    CHECK(
        sent_on.field("Location") ==
        "http://h/p?q=1&bucket=bucket&key=up%2Fk%26k&etag=%229dd4e461268c8034f5c8564e155c67a6%22");
    CHECK(post("success_action_redirect", "nowhere").status == 204);
}

TEST_CASE("post_of_version_4_is_verified") {
    posting f;
    const std::string date = s3::amz_date(wall_ns() / 1'000'000'000);
    const auto fields = [&](const std::string& region, const std::string& its_secret) {
        const std::string scope = s3::credential_scope(date.substr(0, 8), region);
        const std::string p =
            f.policy(R"(, {"x-amz-algorithm": "AWS4-HMAC-SHA256"}, ["starts-with", )"
                     R"("$x-amz-credential", ""], ["starts-with", "$x-amz-date", ""])");
        return part("key", "up/k") + part("policy", p) +
               part("X-Amz-Algorithm", "AWS4-HMAC-SHA256") +
               part("X-Amz-Credential", f.access_key + "/" + scope) + part("X-Amz-Date", date) +
               part("X-Amz-Signature",
                    s3::signature(s3::signing_key(its_secret, date.substr(0, 8), region), p));
    };
    CHECK(f.post(fields("us-east-1", f.secret) + file_part("x") + end).status == 204);
    CHECK(f.post(fields("us-east-1", "wrong") + file_part("x") + end)
              .says("<Code>SignatureDoesNotMatch</Code>"));
    CHECK(f.post(fields("eu-west-1", f.secret) + file_part("x") + end)
              .says("<Code>AuthorizationHeaderMalformed</Code>"));
}

TEST_CASE("post_without_a_signature_needs_a_bucket_that_all_may_write") {
    posting f;
    const std::string form = part("key", "k") + file_part("x") + end;
    CHECK(f.post(form).says("<Code>AccessDenied</Code>"));
    REQUIRE(f.ask("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read-write"}}).status == 200);
    CHECK(f.post(form).status == 204);
    CHECK(f.post(form, "multipart/form-data; boundary=----b7", true).status == 204);
    CHECK(f.ask("GET", "/bucket").element("Key") == "k");
}

TEST_CASE("post_refusals_have_their_status_and_code") {
    posting f;
    const auto refused = [&](const std::string& form, int status, const std::string& code) {
        CAPTURE(code);
        const auto got = f.post(form);
        CHECK(got.status == status);
        CHECK(got.says("<Code>" + code + "</Code>"));
    };
    const std::string key = part("key", "up/k");
    const std::string file = file_part("x") + end;
    refused(f.signed_fields() + file, 400, "InvalidArgument");  // no key
    refused(key + part("AWSAccessKeyId", f.access_key) + file, 400, "InvalidArgument");
    refused(key + part("policy", f.policy("")) + part("AWSAccessKeyId", f.access_key) + file, 400,
            "InvalidArgument");
    refused(key + part("policy", f.policy("")) + part("AWSAccessKeyId", "who") +
                part("signature", "s") + file,
            403, "InvalidAccessKeyId");
    refused(key + part("policy", f.policy("")) + part("AWSAccessKeyId", f.access_key) +
                part("signature", "s") + file,
            403, "SignatureDoesNotMatch");
    refused(part("key", "down/k") + f.signed_fields() + file, 403, "AccessDenied");
    refused(key + part("acl", "private") + f.signed_fields() + file, 403, "AccessDenied");
    refused(key + f.signed_fields(R"(, ["content-length-range", 2, 9])") + file, 400,
            "EntityTooSmall");
    refused(key + f.signed_fields(R"(, ["content-length-range", 0, 0])") + file, 400,
            "EntityTooLarge");
    refused(key + part("x-amz-storage-class", "GLACIER") +
                f.signed_fields(R"(, {"x-amz-storage-class": "GLACIER"})") + file,
            501, "NotImplemented");
    refused(key + part("x-amz-of-next-year", "1") +
                f.signed_fields(R"(, {"x-amz-of-next-year": "1"})") + file,
            501, "NotImplemented");
    refused(key + part("x-amz-checksum-crc32", "AAAAAA==") +
                f.signed_fields(R"(, {"x-amz-checksum-crc32": "AAAAAA=="})") + file,
            400, "BadDigest");
    refused(key + f.signed_fields() + end, 400, "MalformedPOSTRequest");
    refused(key + f.signed_fields() + file_part("x"), 400, "MalformedPOSTRequest");
    refused(key + part("x-ignore", std::string(form_reader::fields_bytes_max, 'x')) + file, 400,
            "MaxPostPreDataLengthExceeded");
    CHECK(f.post("a=b", "application/x-www-form-urlencoded").status == 412);
    CHECK(f.ask("GET", "/bucket").element("Key").empty());
    CHECK(f.s.objects().figures().objects == 0);
}

TEST_CASE("post_checks_and_keeps_a_checksum") {
    posting f;
    const std::string sum = to_base64(digest_of(digest_kind::sha256, ""));
    CHECK(f.post(part("key", "up/k") + part("x-amz-checksum-sha256", sum) +
                 f.signed_fields(R"(, ["starts-with", "$x-amz-checksum-sha256", ""])") +
                 file_part("") + end)
              .status == 204);
    CHECK(f.ask("HEAD", "/bucket/up/k", "", {{"x-amz-checksum-mode", "ENABLED"}})
              .field("x-amz-checksum-sha256") == sum);
}

TEST_CASE("post_is_held_to_the_memory_cap") {
    endpoint_options o;
    o.memory_cap_bytes = 1 << 20;
    fixture f(o);
    REQUIRE(f.ask("PUT", "/bucket", "", {{"x-amz-acl", "public-read-write"}}).status == 200);
    exchange x(f.s.objects().memory(), true);
    const std::string body = part("key", "k") + file_part(std::string(3 << 20, 'x')) + end;
    x.head.method = "POST";
    x.head.target = "/bucket";
    x.head.headers = {{"Host", "h"}, {"Content-Type", "multipart/form-data; boundary=----b7"}};
    f.s.begin(x, body.size(), false);
    for (std::size_t at = 0; at < body.size() && !x.answered; at += 65536)
        x.feed(std::string_view(body).substr(at, 65536));
    f.s.finish(x);
    CHECK(x.answer.status == 503);
    CHECK(f.s.objects().memory().used() < o.memory_cap_bytes);
}

}  // namespace chopsticks::endpoint::testing
