#include <doctest/doctest.h>

#include <cstring>

#include "service_fixture.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;
using testing::fixture;

TEST_CASE("service_object_goes_through_its_life") {
    fixture f;
    CHECK(f.ask("PUT", "/bucket").status == 200);
    CHECK(f.ask("PUT", "/bucket/k", "content", {{"Content-Type", "t/t"}}).status == 200);
    const auto got = f.ask("GET", "/bucket/k");
    CHECK(got.status == 200);
    CHECK(got.text == "content");
    CHECK(got.fields.find("Content-Type: t/t\r\n") != std::string::npos);
    CHECK(got.fields.find("ETag: \"9a0364b9e99bb480dd25e1f0284c8555\"") != std::string::npos);
    CHECK(f.ask("HEAD", "/bucket/k").text.empty());
    CHECK(f.ask("DELETE", "/bucket/k").status == 204);
    CHECK(f.ask("GET", "/bucket/k").says("<Code>NoSuchKey</Code>"));
    CHECK(f.ask("DELETE", "/bucket").status == 204);
    CHECK(f.s.objects().memory().used() == 0);
}

TEST_CASE("service_what_would_have_no_effect_is_refused_and_changes_nothing") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "before").status == 200);
    for (const s3::name_value& field : std::vector<s3::name_value>{
             {"x-amz-acl", "log-delivery-write"},
             {"x-amz-storage-class", "GLACIER"},
             {"x-amz-server-side-encryption-context", "e30="},
             {"x-amz-website-redirect-location", "/x"},
             {"x-amz-checksum-xxhash64", "AAAAAAAAAAA="},
             {"x-amz-of-next-year", ""},
         }) {
        CAPTURE(field.name);
        const auto refused = f.ask("PUT", "/bucket/k", "after", {field});
        CHECK(refused.status == 501);
        CHECK(refused.says("<Code>NotImplemented</Code>"));
        CHECK(refused.says(field.name));
        CHECK(f.ask("GET", "/bucket/k").text == "before");
    }
    // What asks for what is so anyway is granted.
    for (const s3::name_value& field : std::vector<s3::name_value>{
             {"x-amz-acl", "private"},
             {"x-amz-storage-class", "STANDARD"},
             {"x-amz-expected-bucket-owner", "chopsticks"},
             {"x-amz-request-payer", "requester"},
         }) {
        CAPTURE(field.name);
        CHECK(f.ask("PUT", "/bucket/k", "before", {field}).status == 200);
    }
    CHECK(f.ask("GET", "/bucket/k?x-id=GetObject").status == 200);
    CHECK(f.ask("PUT", "/bucket/k", "after", {{"If-None-Match", "\"x\""}}).status == 501);
    CHECK(f.ask("PUT", "/bucket/k", "after", {{"If-None-Match", f.etag("/bucket/k")}}).status ==
          501);
    CHECK(f.ask("PUT", "/bucket/k", "after",
                {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}})
              .status == 501);
    CHECK(f.ask("DELETE", "/bucket/k", "", {{"If-None-Match", "*"}}).status == 501);
    CHECK(f.ask("DELETE", "/bucket/k", "", {{"If-Match", "\"x\""}}).status == 412);
    CHECK(f.ask("PUT", "/bucket/k", "after", {{"x-amz-expected-bucket-owner", "111122223333"}})
              .status == 403);
    CHECK(f.ask("GET", "/bucket/k").text == "before");
    CHECK(f.ask("DELETE", "/bucket/k", "", {{"If-Match", "*"}}).status == 204);
    CHECK(f.ask("GET", "/bucket/k").status == 404);
}

TEST_CASE("service_refusals_have_their_status_and_code") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "x").status == 200);
    struct row {
        const char* method;
        const char* target;
        const char* body;
        int status;
        const char* code;
    };
    const row rows[] = {
        {"GET", "/nobucket/k", "", 404, "NoSuchBucket"},
        {"GET", "/No_Bucket/k", "", 400, "InvalidBucketName"},
        {"PUT", "/bucket", "", 409, "BucketAlreadyOwnedByYou"},
        {"PUT", "/other", "<Wrong/>", 400, "MalformedXML"},
        {"PUT", "/other",
         "<CreateBucketConfiguration><LocationConstraint>x</LocationConstraint></"
         "CreateBucketConfiguration>",
         400, "IllegalLocationConstraintException"},
        {"DELETE", "/bucket", "", 409, "BucketNotEmpty"},
        {"POST", "/", "", 405, "MethodNotAllowed"},
        {"PATCH", "/bucket", "", 405, "MethodNotAllowed"},
        {"PATCH", "/bucket/k", "", 405, "MethodNotAllowed"},
        {"POST", "/bucket/k", "", 405, "MethodNotAllowed"},
        {"POST", "/bucket", "", 412, "PreconditionFailed"},
        {"GET", "/bucket?version-id-marker=null&versions", "", 400, "InvalidArgument"},
        {"PUT", "/bucket?versioning", "<VersioningConfiguration/>", 400, "MalformedXML"},
        // Sub-resources, new ones too, are never the bucket or object itself.
        {"PUT", "/bucket/k?annotation=", "x", 501, "NotImplemented"},
        {"DELETE", "/bucket/k?annotation", "", 501, "NotImplemented"},
        {"DELETE", "/bucket?metadataConfiguration", "", 501, "NotImplemented"},
        {"GET", "/?max-buckets=0", "", 400, "InvalidArgument"},
        {"PUT", "/bucket?policy", "{}", 400, "MalformedPolicy"},
        {"GET", "/bucket?policy", "", 404, "NoSuchBucketPolicy"},
        {"GET", "/bucket?policyStatus", "", 404, "NoSuchBucketPolicy"},
        {"GET", "/bucket?lifecycle", "", 404, "NoSuchLifecycleConfiguration"},
        {"GET", "/bucket?replication", "", 404, "ReplicationConfigurationNotFoundError"},
        {"PUT", "/bucket?replication", "<ReplicationConfiguration/>", 501, "NotImplemented"},
        {"PUT", "/bucket?accelerate", "<AccelerateConfiguration/>", 501, "NotImplemented"},
        {"GET", "/bucket/k?accelerate", "", 501, "NotImplemented"},
        {"GET", "/bucket/k?versionId=1", "", 400, "InvalidArgument"},
        {"GET", "/bucket/k?versionId=", "", 400, "InvalidArgument"},
        {"GET", "/bucket/k?versionId=0123456789abcdef0123456789abcdef", "", 404, "NoSuchVersion"},
        {"GET", "/bucket/k?partNumber=2", "", 416, "InvalidPartNumber"},
        {"GET", "/bucket?max-keys=x", "", 400, "InvalidArgument"},
        {"GET", "/bucket?max-keys=-1", "", 400, "InvalidArgument"},
        {"GET", "/bucket?encoding-type=x", "", 400, "InvalidArgument"},
        {"POST", "/bucket?delete", "rubbish", 400, "MalformedXML"},
        {"POST", "/bucket?delete", "<Delete></Delete>", 400, "MalformedXML"},
        {"POST", "/bucket?delete", "<Delete><Object/></Delete>", 400, "MalformedXML"},
        {"PUT", "/bucket/k?partNumber=1&uploadId=x", "x", 404, "NoSuchUpload"},
        {"POST", "/bucket/k?uploadId=x", "", 404, "NoSuchUpload"},
        {"DELETE", "/bucket/k?uploadId=x", "", 404, "NoSuchUpload"},
    };
    for (const row& r : rows) {
        CAPTURE(r.method);
        CAPTURE(r.target);
        const auto got = f.ask(r.method, r.target, r.body);
        CHECK(got.status == r.status);
        CHECK(got.says("<Code>" + std::string(r.code) + "</Code>"));
        CHECK(got.says("<Resource>"));
        CHECK(got.says("<RequestId>"));
    }
    CHECK(f.ask("GET", "/bucket/k").text == "x");
    // What is not done here is named.
    CHECK(f.ask("PUT", "/bucket?x-id=PutBucketLifecycleConfiguration&lifecycle", "<a/>")
              .says("Not implemented here: PUT with the query parameter lifecycle"));
    CHECK(f.ask("GET", "/bucket?accelerate").says("<AccelerateConfiguration"));
    CHECK(f.ask("DELETE", "/bucket?replication").status == 204);
}

TEST_CASE("service_parameters_do_not_run_what_they_are_not_of") {
    fixture f;
    REQUIRE(f.ask("PUT", "/empty").status == 200);
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "before").status == 200);
    const std::pair<const char*, const char*> rows[] = {
        {"DELETE", "/empty?location"},
        {"DELETE", "/empty?versions"},
        {"DELETE", "/empty?uploads"},
        {"DELETE", "/empty?delete"},
        {"DELETE", "/empty?versioning"},
        {"DELETE", "/empty?prefix=x"},
        {"PUT", "/new?uploads"},
        {"PUT", "/new?location"},
        {"PUT", "/bucket/k?uploads"},
        {"PUT", "/bucket/k?list-type=2"},
        {"PUT", "/bucket/k?location"},
        {"PUT", "/bucket/k?etag=x"},
        {"PUT", "/bucket/k?acl&tagging"},
        {"DELETE", "/bucket/k?delete"},
        {"DELETE", "/bucket/k?uploads"},
        {"DELETE", "/bucket/k?partNumber=1"},
        {"DELETE", "/bucket/k?append"},
        {"DELETE", "/bucket/k?renameObject"},
        {"DELETE", "/bucket/k?acl"},
        {"POST", "/bucket/k?append"},
        {"HEAD", "/bucket/k?acl"},
        {"HEAD", "/bucket?policy"},
        {"GET", "/bucket/k?policy"},
        {"GET", "/bucket?retention"},
        {"GET", "/?policy"},
    };
    for (const auto& [method, target] : rows) {
        CAPTURE(method);
        CAPTURE(target);
        CHECK(f.ask(method, target, "after").status == 501);
    }
    for (const char* target :
         {"/bucket/k?partNumber=1", "/bucket/k?versionId=null", "/bucket/k?position=0"}) {
        CAPTURE(target);
        CHECK(f.ask("PUT", target, "after").says("<Code>InvalidArgument</Code>"));
    }
    CHECK(f.ask("GET", "/bucket/k").text == "before");
    CHECK(f.ask("HEAD", "/empty").status == 200);
    CHECK(f.ask("HEAD", "/new").status == 404);
    CHECK(f.ask("PUT", "/bucket/k?acl&tagging").says("the query parameters acl and tagging"));
}

TEST_CASE("service_documents_on_their_way_count_against_the_cap") {
    endpoint_options small;
    small.memory_cap_bytes = 100'000;
    fixture f(small);
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const auto got = f.ask("POST", "/bucket?delete", std::string(200'000, ' '));
    CHECK(got.status == 503);
    CHECK(got.says("<Code>InsufficientStorage</Code>"));
    CHECK(f.s.objects().memory().used() == 0);
    const std::string one = "<Object><Key>k</Key></Object>";
    CHECK(f.ask("POST", "/bucket?delete", "<Delete>" + one + std::string(20'000, ' ') + "</Delete>")
              .status == 200);
    CHECK(f.s.objects().memory().used() == 0);
}

TEST_CASE("service_buckets_tell_what_they_hold") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const auto held = [&] {
        const auto got = f.ask("HEAD", "/bucket");
        return got.field("x-rgw-object-count") + " " + got.field("x-rgw-bytes-used");
    };
    CHECK(held() == "0 0");
    f.ask("PUT", "/bucket/a", "12345");
    f.ask("PUT", "/bucket/b", "123");
    CHECK(held() == "2 8");
    f.ask("PUT", "/bucket/a", "1");
    f.ask("DELETE", "/bucket/b");
    CHECK(held() == "1 1");
}

TEST_CASE("service_answers_in_the_dialect_that_it_is_given") {
    struct row {
        const char* method;
        const char* target;
        std::string body;
        std::vector<s3::name_value> fields;
        const char* of_aws;
        const char* of_ceph;
    };
    std::string tags = "<Tagging><TagSet>";
    for (int i = 0; i < 11; ++i)
        tags += "<Tag><Key>k" + std::to_string(i) + "</Key><Value>v</Value></Tag>";
    tags += "</TagSet></Tagging>";
    const auto lock_of = [](const char* period) {
        return "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>"
               "<DefaultRetention><Mode>GOVERNANCE</Mode>" +
               std::string(period) + "</DefaultRetention></Rule></ObjectLockConfiguration>";
    };
    const row rows[] = {
        {"PUT", "/bucket/k?tagging", tags, {}, "400 BadRequest", "400 InvalidTag"},
        {"PUT",
         "/bucket/absent",
         "x",
         {{"If-Match", "*"}},
         "404 NoSuchKey",
         "412 PreconditionFailed"},
        {"PUT",
         "/bucket?object-lock",
         lock_of("<Days>0</Days>"),
         {},
         "400 InvalidArgument",
         "400 InvalidRetentionPeriod"},
        {"PUT",
         "/bucket?object-lock",
         lock_of("<Years>-1</Years>"),
         {},
         "400 InvalidArgument",
         "400 InvalidRetentionPeriod"},
        {"PUT", "/bucket", "", {}, "409 BucketAlreadyOwnedByYou", "200 "},
    };
    for (const dialect d : {dialect::aws, dialect::ceph}) {
        endpoint_options options;
        options.answers = d;
        fixture f(options);
        REQUIRE(
            f.ask("PUT", "/bucket", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).status ==
            200);
        REQUIRE(f.ask("PUT", "/bucket/k", "x").status == 200);
        for (const row& r : rows) {
            CAPTURE(r.target);
            const auto got = f.ask(r.method, r.target, r.body, r.fields);
            CHECK(std::to_string(got.status) + " " + got.element("Code") ==
                  (d == dialect::aws ? r.of_aws : r.of_ceph));
        }
        CHECK(f.ask("GET", "/bucket/k").text == "x");
        REQUIRE(f.ask("PUT", "/plain").status == 200);
        REQUIRE(f.ask("PUT", "/plain?versioning",
                      "<VersioningConfiguration><Status>Suspended</Status>"
                      "</VersioningConfiguration>")
                    .status == 200);
        const std::string told = f.ask("PUT", "/plain/k", "x").field("x-amz-version-id");
        CHECK(told == (d == dialect::aws ? "null" : ""));
        f.sign = false;
        const auto url =
            f.ask("GET", "/bucket/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0");
        CHECK(url.status == (d == dialect::aws ? 400 : 403));
    }
}

TEST_CASE("service_signature_decides_before_anything_happens") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    f.secret = "wrong";
    auto got = f.ask("PUT", "/bucket/k", "x");
    CHECK(got.status == 403);
    CHECK(got.says("<Code>SignatureDoesNotMatch</Code>"));
    CHECK(got.says("<StringToSign>"));
    CHECK_FALSE(got.says(f.options.secret_key));
    f.secret = f.options.secret_key;
    f.region = "mars";
    got = f.ask("PUT", "/bucket/k", "x");
    CHECK(got.status == 400);
    CHECK(got.says("<Code>AuthorizationHeaderMalformed</Code>"));
    CHECK(got.says("<Region>us-east-1</Region>"));
    f.region = "us-east-1";
    CHECK(f.ask("GET", "/bucket/k").says("NoSuchKey"));
}

TEST_CASE("service_put_needs_a_length_and_room") {
    endpoint_options small;
    small.memory_cap_bytes = 20'000;
    fixture f(small);
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    CHECK(f.ask("PUT", "/bucket/k", "", {}, -1).says("<Code>MissingContentLength</Code>"));
    CHECK(f.ask("PUT", "/bucket/k", "", {}, (5LL << 30) + 1).says("<Code>EntityTooLarge</Code>"));
    const auto full = f.ask("PUT", "/bucket/k", std::string(20'001, 'x'));
    CHECK(full.status == 503);
    CHECK(full.says("<Code>InsufficientStorage</Code>"));
    // The body fits, its key and place in the maps do not.
    CHECK(f.ask("PUT", "/bucket/k", std::string(20'000, 'x')).says("InsufficientStorage"));
    CHECK(f.ask("PUT", "/bucket/k", "less than said", {}, 15).says("<Code>IncompleteBody</Code>"));
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"x-amz-meta-m", std::string(2048, 'm')}})
              .says("<Code>MetadataTooLarge</Code>"));
    CHECK(f.ask("PUT", "/bucket/" + std::string(1025, 'k'), "x").says("<Code>KeyTooLongError"));
    CHECK(f.s.objects().memory().used() == 0);
    CHECK(f.ask("PUT", "/bucket/k", std::string(10'000, 'x')).status == 200);
    CHECK(f.s.objects().memory().used() > 10'000);
    CHECK(f.s.objects().memory().used() < 11'000);
}

TEST_CASE("service_stale_answer_is_the_version_before") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "first").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "second").status == 200);
    f.stale = true;
    CHECK(f.ask("GET", "/bucket/k").text == "second");
    f.s.keep_previous(true);
    REQUIRE(f.ask("PUT", "/bucket/k", "third!").status == 200);
    CHECK(f.ask("GET", "/bucket/k").text == "second");
    f.stale = false;
    CHECK(f.ask("GET", "/bucket/k").text == "third!");
}

TEST_CASE("service_fast_etags_are_no_md5") {
    endpoint_options fast;
    fast.etag = etag_kind::fast;
    fixture f(fast);
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const auto one = f.ask("PUT", "/bucket/k", "content").fields;
    const auto other = f.ask("PUT", "/bucket/k", "Content").fields;
    CHECK(one.size() == std::strlen("ETag: \"\"\r\n") + 34);
    CHECK(one.ends_with("-1\"\r\n"));
    CHECK(one != other);
    // A Content-MD5 is checked all the same.
    CHECK(f.ask("PUT", "/bucket/k", "content", {{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="}})
              .says("<Code>BadDigest</Code>"));
    CHECK(f.ask("PUT", "/bucket/k", "", {{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="}}).status ==
          200);
}

TEST_CASE("service_listing_texts_survive_what_xml_cannot_carry") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/a%01b%26%3C%2Fc", "x").status == 200);
    const auto url = f.ask("GET", "/bucket?list-type=2&encoding-type=url");
    CHECK(url.says("<Key>a%01b%26%3C/c</Key>"));
    CHECK(url.says("<KeyCount>1</KeyCount>"));
    const auto plain = f.ask("GET", "/bucket?list-type=2&delimiter=%3C");
    CHECK(plain.says("<CommonPrefixes><Prefix>a&#x1;b&amp;&lt;</Prefix></CommonPrefixes>"));
}

TEST_CASE("service_delete_objects_takes_odd_keys") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    for (const char* key : {"%20", "a%0D%0Ab", "%26lt;"}) {
        REQUIRE(f.ask("PUT", "/bucket/" + std::string(key), "x").status == 200);
    }
    const auto got = f.ask("POST", "/bucket?delete",
                           "<Delete><Object><Key> </Key></Object><Object><Key>a&#13;&#10;b</Key>"
                           "</Object><Object><Key>&amp;lt;</Key></Object></Delete>");
    CHECK(got.status == 200);
    CHECK(f.s.objects().figures().objects == 0);
    const auto quiet = f.ask("POST", "/bucket?delete",
                             "<Delete><Quiet>true</Quiet><Object><Key>x</Key></Object></Delete>");
    CHECK_FALSE(quiet.says("<Deleted>"));
}
