// Server-side encryption: what is asked for is told, and what a customer's key opens stays shut
// without it.

#include "service_fixture.hpp"

namespace chopsticks::endpoint::testing {
namespace {

using fields = std::vector<s3::name_value>;

fields key_of(char c, const std::string& prefix = "x-amz-server-side-encryption-customer-") {
    const std::string key(32, c);
    return {{prefix + "algorithm", "AES256"},
            {prefix + "key", to_base64(key)},
            {prefix + "key-md5", to_base64(digest_of(digest_kind::md5, key))}};
}

const std::string sse = "x-amz-server-side-encryption";
const std::string kms_id = sse + "-aws-kms-key-id";
const std::string bucket_key = sse + "-bucket-key-enabled";
const std::string customer_md5 = sse + "-customer-key-MD5";

std::string by_default(const std::string& algorithm, const std::string& key,
                       const std::string& more = {}) {
    return "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
           "<SSEAlgorithm>" +
           algorithm + "</SSEAlgorithm>" +
           (key.empty() ? "" : "<KMSMasterKeyID>" + key + "</KMSMasterKeyID>") +
           "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>" + more +
           "</Rule></ServerSideEncryptionConfiguration>";
}

struct sealing : fixture {
    sealing() { REQUIRE(ask("PUT", "/bucket").status == 200); }

    void refused(const answer& got, int status, const std::string& code) {
        CAPTURE(code);
        CHECK(got.status == status);
        CHECK(got.says("<Code>" + code + "</Code>"));
    }
};

}  // namespace

TEST_CASE("encryption_that_is_asked_for_is_told") {
    sealing f;
    CHECK(f.ask("PUT", "/bucket/a", "x", {{sse, "AES256"}}).field(sse) == "AES256");
    CHECK(f.ask("GET", "/bucket/a").field(sse) == "AES256");
    const fields kms{{sse, "aws:kms"}, {kms_id, "my-key"}};
    CHECK(f.ask("PUT", "/bucket/k", "x", kms).field(kms_id) == "my-key");
    CHECK(f.ask("HEAD", "/bucket/k").field(sse) == "aws:kms");
    CHECK(f.ask("HEAD", "/bucket/k").field(kms_id) == "my-key");
    CHECK(f.ask("PUT", "/bucket/o", "x", {{sse, "aws:kms"}}).field(kms_id) == "alias/aws/s3");
    CHECK(f.ask("PUT", "/bucket/n", "x").field(sse).empty());
    const fields by_bucket{{sse, "aws:kms"}, {bucket_key, "true"}};
    CHECK(f.ask("PUT", "/bucket/b", "x", by_bucket).field(bucket_key) == "true");
    CHECK(f.ask("HEAD", "/bucket/b").field(bucket_key) == "true");
    CHECK(f.ask("HEAD", "/bucket/o").field(bucket_key).empty());
    // A copy is as it is asked for, not as its source is.
    CHECK(f.ask("PUT", "/bucket/c", "", {{"x-amz-copy-source", "bucket/a"}}).field(sse).empty());
    CHECK(f.ask("PUT", "/bucket/c", "", {{"x-amz-copy-source", "bucket/c"}, {sse, "AES256"}})
              .field(sse) == "AES256");
}

TEST_CASE("encryption_that_cannot_be_is_refused_with_its_code") {
    sealing f;
    const auto put = [&](fields more) { return f.ask("PUT", "/bucket/k", "x", std::move(more)); };
    f.refused(put({{sse, "ROT13"}}), 400, "InvalidArgument");
    f.refused(put({{kms_id, "my-key"}}), 400, "InvalidArgument");
    f.refused(put({{sse, "AES256"}, {kms_id, "my-key"}}), 400, "InvalidArgument");
    f.refused(put({{bucket_key, "true"}}), 400, "InvalidArgument");
    f.refused(put({{sse, "AES256"}, {bucket_key, "true"}}), 400, "InvalidArgument");
    f.refused(put({{sse, "aws:kms"}, {bucket_key, "perhaps"}}), 400, "InvalidArgument");
    for (std::size_t missing = 0; missing < 3; ++missing) {
        fields some = key_of('a');
        some.erase(some.begin() + static_cast<std::ptrdiff_t>(missing));
        f.refused(put(some), 400, "InvalidArgument");
    }
    fields wrong = key_of('a');
    wrong[0].value = "DES";
    f.refused(put(wrong), 400, "InvalidEncryptionAlgorithmError");
    wrong = key_of('a');
    wrong[1].value = to_base64("short");
    f.refused(put(wrong), 400, "InvalidArgument");
    wrong = key_of('a');
    wrong[2].value = key_of('b')[2].value;
    f.refused(put(wrong), 400, "InvalidArgument");
    fields both = key_of('a');
    both.push_back({sse, "AES256"});
    f.refused(put(both), 400, "InvalidArgument");
    CHECK(f.ask("GET", "/bucket/k").status == 404);
}

TEST_CASE("encryption_of_a_customer_opens_with_the_key_only") {
    sealing f;
    const auto made = f.ask("PUT", "/bucket/k", "x", key_of('a'));
    CHECK(made.field(customer_md5) == key_of('a')[2].value);
    for (const char* method : {"GET", "HEAD"}) {
        CHECK(f.ask(method, "/bucket/k").status == 400);
        CHECK(f.ask(method, "/bucket/k", "", key_of('b')).status == 403);
        const auto got = f.ask(method, "/bucket/k", "", key_of('a'));
        CHECK(got.status == 200);
        CHECK(got.field(customer_md5) == key_of('a')[2].value);
    }
    f.refused(f.ask("GET", "/bucket/k"), 400, "InvalidRequest");
    CHECK(f.ask("GET", "/bucket/k", "", key_of('a')).text == "x");
    const s3::name_value etag{"x-amz-object-attributes", "ETag"};
    CHECK(f.ask("GET", "/bucket/k?attributes", "", {etag}).status == 400);
    // The key itself is told to nobody.
    CHECK(f.ask("GET", "/bucket/k", "", key_of('a')).fields.find(key_of('a')[1].value) ==
          std::string::npos);
    REQUIRE(f.ask("PUT", "/bucket/open", "x").status == 200);
    f.refused(f.ask("GET", "/bucket/open", "", key_of('a')), 400, "InvalidRequest");
    f.refused(f.ask("GET", "/bucket/open", "", {{sse, "AES256"}}), 400, "InvalidArgument");
}

TEST_CASE("encryption_of_the_source_needs_its_key_for_a_copy") {
    sealing f;
    REQUIRE(f.ask("PUT", "/bucket/k", "x", key_of('a')).status == 200);
    const auto copy = [&](std::vector<fields> given) {
        fields all{{"x-amz-copy-source", "bucket/k"}};
        for (const fields& some : given)
            all.insert(all.end(), some.begin(), some.end());
        return f.ask("PUT", "/bucket/c", "", all);
    };
    const std::string source = "x-amz-copy-source-server-side-encryption-customer-";
    f.refused(copy({}), 400, "InvalidRequest");
    f.refused(copy({key_of('b', source)}), 403, "AccessDenied");
    CHECK(copy({key_of('a', source)}).status == 200);
    CHECK(f.ask("GET", "/bucket/c").text == "x");
    CHECK(copy({key_of('a', source), key_of('b')}).status == 200);
    CHECK(f.ask("GET", "/bucket/c").status == 400);
    CHECK(f.ask("GET", "/bucket/c", "", key_of('b')).text == "x");
}

TEST_CASE("encryption_of_an_upload_is_that_of_its_parts") {
    sealing f;
    const auto begun = f.ask("POST", "/bucket/m?uploads", "", key_of('a'));
    CHECK(begun.field(customer_md5) == key_of('a')[2].value);
    const std::string part = "/bucket/m?partNumber=1&uploadId=" + begun.element("UploadId");
    f.refused(f.ask("PUT", part, "x"), 400, "InvalidRequest");
    f.refused(f.ask("PUT", part, "x", key_of('b')), 400, "InvalidRequest");
    f.refused(f.ask("PUT", part, "x", {{sse, "AES256"}}), 400, "InvalidArgument");
    const auto put = f.ask("PUT", part, "x", key_of('a'));
    REQUIRE(put.status == 200);
    CHECK(put.field(customer_md5) == key_of('a')[2].value);
    const auto done = f.ask("POST", "/bucket/m?uploadId=" + begun.element("UploadId"),
                            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                                put.field("ETag") + "</ETag></Part></CompleteMultipartUpload>");
    CHECK(done.status == 200);
    CHECK(done.field(customer_md5) == key_of('a')[2].value);
    CHECK(f.ask("GET", "/bucket/m").status == 400);
    CHECK(f.ask("GET", "/bucket/m", "", key_of('a')).text == "x");
    const auto plain = f.ask("POST", "/bucket/p?uploads");
    f.refused(f.ask("PUT", "/bucket/p?partNumber=1&uploadId=" + plain.element("UploadId"), "x",
                    key_of('a')),
              400, "InvalidRequest");
}

TEST_CASE("encryption_of_an_object_is_that_of_what_is_appended") {
    sealing f;
    fields offset = key_of('a');
    REQUIRE(f.ask("PUT", "/bucket/k", "x", offset).status == 200);
    CHECK(f.ask("PUT", "/bucket/k", "y", {{"x-amz-write-offset-bytes", "1"}}).status == 403);
    offset.push_back({"x-amz-write-offset-bytes", "1"});
    CHECK(f.ask("PUT", "/bucket/k", "y", offset).status == 200);
    CHECK(f.ask("GET", "/bucket/k", "", key_of('a')).text == "xy");
}

TEST_CASE("encryption_by_default_is_that_of_what_is_put_afterwards") {
    sealing f;
    REQUIRE(f.ask("PUT", "/bucket/before", "x").status == 200);
    f.refused(f.ask("GET", "/bucket?encryption"), 404,
              "ServerSideEncryptionConfigurationNotFoundError");
    REQUIRE(f.ask("PUT", "/bucket?encryption", by_default("aws:kms", "my-key")).status == 200);
    const auto told = f.ask("GET", "/bucket?encryption");
    CHECK(told.status == 200);
    CHECK(told.element("SSEAlgorithm") == "aws:kms");
    CHECK(told.element("KMSMasterKeyID") == "my-key");
    CHECK(told.element("BucketKeyEnabled") == "true");

    const auto sealed = [&](const fixture::answer& got) {
        CHECK(got.status == 200);
        CHECK(got.field(sse) == "aws:kms");
        CHECK(got.field(kms_id) == "my-key");
        CHECK(got.field(bucket_key) == "true");
    };
    sealed(f.ask("PUT", "/bucket/k", "x"));
    sealed(f.ask("GET", "/bucket/k"));
    sealed(f.ask("HEAD", "/bucket/k"));
    sealed(f.ask("PUT", "/bucket/copy", "", {{"x-amz-copy-source", "bucket/before"}}));
    REQUIRE(f.ask("PUT", "/bucket/a", "x", {{"x-amz-write-offset-bytes", "0"}}).status == 200);
    sealed(f.ask("HEAD", "/bucket/a"));
    const auto begun = f.ask("POST", "/bucket/m?uploads");
    sealed(begun);
    const std::string id = begun.element("UploadId");
    const auto part = f.ask("PUT", "/bucket/m?partNumber=1&uploadId=" + id, "x");
    sealed(part);
    sealed(f.ask("POST", "/bucket/m?uploadId=" + id,
                 "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" +
                     part.field("ETag") + "</ETag></Part></CompleteMultipartUpload>"));
    sealed(f.ask("HEAD", "/bucket/m"));

    // What was there stays as it is, and what asks for itself gets what it asks for.
    CHECK(f.ask("HEAD", "/bucket/before").field(sse).empty());
    CHECK(f.ask("PUT", "/bucket/own", "x", {{sse, "AES256"}}).field(sse) == "AES256");
    CHECK(f.ask("HEAD", "/bucket/own").field(kms_id).empty());
    const auto customer = f.ask("PUT", "/bucket/own", "x", key_of('a'));
    CHECK(customer.field(sse).empty());
    CHECK(customer.field(customer_md5) == key_of('a')[2].value);
    const auto other = f.ask("PUT", "/bucket/own", "x", {{sse, "aws:kms"}, {kms_id, "other"}});
    CHECK(other.field(kms_id) == "other");
    CHECK(other.field(bucket_key) == "true");
    CHECK(f.ask("PUT", "/bucket/own", "x", {{sse, "aws:kms"}, {bucket_key, "false"}})
              .field(bucket_key)
              .empty());

    REQUIRE(f.ask("DELETE", "/bucket?encryption").status == 204);
    CHECK(f.ask("GET", "/bucket?encryption").status == 404);
    CHECK(f.ask("PUT", "/bucket/k", "x").field(sse).empty());
    CHECK(f.ask("HEAD", "/bucket/copy").field(sse) == "aws:kms");
}

TEST_CASE("encryption_by_default_that_cannot_be_is_refused") {
    sealing f;
    const auto put = [&](const std::string& text) {
        return f.ask("PUT", "/bucket?encryption", text);
    };
    f.refused(put("nonsense"), 400, "MalformedXML");
    f.refused(put(by_default("ROT13", "")), 400, "MalformedXML");
    f.refused(put(by_default("AES256", "my-key")), 400, "InvalidArgument");
    f.refused(put(by_default("AES256", "",
                             "<BlockedEncryptionTypes><EncryptionType>SSE-C"
                             "</EncryptionType></BlockedEncryptionTypes>")),
              501, "NotImplemented");
    CHECK(f.ask("GET", "/bucket?encryption").status == 404);
    REQUIRE(put(by_default("AES256", "")).status == 200);
    const auto made = f.ask("PUT", "/bucket/k", "x");
    CHECK(made.field(sse) == "AES256");
    CHECK(made.field(bucket_key).empty());
}

}  // namespace chopsticks::endpoint::testing
