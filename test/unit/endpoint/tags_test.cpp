#include "tags.hpp"

#include "service_fixture.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;
using testing::fixture;

namespace {

std::string tagging(const std::string& tags) {
    return "<Tagging><TagSet>" + tags + "</TagSet></Tagging>";
}

std::string tag(const std::string& name, const std::string& value) {
    return "<Tag><Key>" + name + "</Key><Value>" + value + "</Value></Tag>";
}

}  // namespace

TEST_CASE("tags_of_objects_are_kept_changed_and_copied") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "x", {{"x-amz-tagging", "a=1&b=two%20words"}}).status == 200);
    CHECK(f.ask("GET", "/bucket/k?tagging").says(tag("a", "1") + tag("b", "two words")));
    CHECK(f.ask("HEAD", "/bucket/k").field("x-amz-tagging-count") == "2");
    const s3::name_value source{"x-amz-copy-source", "bucket/k"};
    REQUIRE(f.ask("PUT", "/bucket/copy", "", {source, {"x-amz-tagging", "z=9"}}).status == 200);
    CHECK(f.ask("GET", "/bucket/copy?tagging").says(tag("a", "1")));
    REQUIRE(f.ask("PUT", "/bucket/copy", "",
                  {source, {"x-amz-tagging", "z=9"}, {"x-amz-tagging-directive", "REPLACE"}})
                .status == 200);
    CHECK(f.ask("GET", "/bucket/copy?tagging").says("<TagSet>" + tag("z", "9") + "</TagSet>"));
    const std::string etag = f.etag("/bucket/k");
    CHECK(f.ask("PUT", "/bucket/k?tagging", tagging(tag("c", ""))).status == 200);
    CHECK(f.ask("GET", "/bucket/k?tagging").says("<TagSet>" + tag("c", "") + "</TagSet>"));
    CHECK(f.etag("/bucket/k") == etag);
    CHECK(f.ask("DELETE", "/bucket/k?tagging").status == 204);
    CHECK(f.ask("HEAD", "/bucket/k").field("x-amz-tagging-count").empty());
    CHECK(f.ask("GET", "/bucket/k").text == "x");
    for (const char* key : {"k", "copy"})
        f.ask("DELETE", "/bucket/" + std::string(key));
    CHECK(f.s.objects().memory().used() == 0);
}

TEST_CASE("tags_that_break_the_rules_are_refused") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "x").status == 200);
    std::string many;
    for (int i = 0; i < 11; ++i)
        many += tag(std::to_string(i), "v");
    const std::pair<std::string, std::string> rows[] = {
        {many, "BadRequest"},
        {tag("a", "1") + tag("a", "2"), "InvalidTag"},
        {tag("", "1"), "InvalidTag"},
        {tag("aws:x", "1"), "InvalidTag"},
        {tag(std::string(129, 'k'), "1"), "InvalidTag"},
        {tag("a", std::string(257, 'v')), "InvalidTag"},
        {"<Tag><Key>a</Key></Tag>", "MalformedXML"},
    };
    for (const auto& [tags, code] : rows) {
        CAPTURE(tags);
        CHECK(f.ask("PUT", "/bucket/k?tagging", tagging(tags)).says("<Code>" + code + "</Code>"));
    }
    CHECK(f.ask("PUT", "/bucket/k?tagging", "rubbish").says("MalformedXML"));
    CHECK(f.ask("PUT", "/bucket/n", "x", {{"x-amz-tagging", "a=1&a=2"}}).says("InvalidTag"));
    CHECK(f.ask("GET", "/bucket/n").status == 404);
    CHECK(f.ask("PUT", "/bucket/none?tagging", tagging("")).says("NoSuchKey"));
    CHECK(f.ask("PUT", "/bucket?tagging", tagging(many)).status == 204);
}

TEST_CASE("tags_of_buckets_are_kept") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    CHECK(f.ask("GET", "/bucket?tagging").says("<Code>NoSuchTagSet</Code>"));
    CHECK(f.ask("PUT", "/bucket?tagging", tagging(tag("a", "1"))).status == 204);
    CHECK(f.ask("GET", "/bucket?tagging").says(tag("a", "1")));
    CHECK(f.ask("DELETE", "/bucket?tagging").status == 204);
    CHECK(f.ask("GET", "/bucket?tagging").says("<Code>NoSuchTagSet</Code>"));
}

TEST_CASE("storage_class_is_kept_and_shown") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const s3::name_value rare{"x-amz-storage-class", "STANDARD_IA"};
    REQUIRE(f.ask("PUT", "/bucket/k", "x", {rare}).status == 200);
    CHECK(f.ask("HEAD", "/bucket/k").field("x-amz-storage-class") == "STANDARD_IA");
    CHECK(f.ask("GET", "/bucket").element("StorageClass") == "STANDARD_IA");
    // A copy has the one it is given.
    REQUIRE(f.ask("PUT", "/bucket/k", "",
                  {{"x-amz-copy-source", "bucket/k"}, {"x-amz-storage-class", "STANDARD"}})
                .status == 200);
    CHECK(f.ask("HEAD", "/bucket/k").field("x-amz-storage-class").empty());
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"x-amz-storage-class", "COLD"}})
              .says("<Code>InvalidStorageClass</Code>"));
}

TEST_CASE("access_is_the_owners_where_nothing_is_granted") {
    endpoint_options o;
    o.more_users = {{"other", "other-secret"}};
    fixture f(o);
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "x").status == 200);
    const auto acl = f.ask("GET", "/bucket/k?acl");
    CHECK(acl.says("<ID>chopsticks</ID>"));
    CHECK(acl.says("<Permission>FULL_CONTROL</Permission>"));
    CHECK(f.ask("PUT", "/bucket/k?acl", "", {{"x-amz-acl", "private"}}).status == 200);
    CHECK(f.ask("PUT", "/bucket/k?acl", acl.text).status == 200);
    CHECK(f.ask("PUT", "/bucket?acl", "<AccessControlPolicy/>").says("<Code>MalformedXML</Code>"));

    f.access_key = "other";
    f.secret = "other-secret";
    CHECK(f.ask("GET", "/bucket/k").says("<Code>AccessDenied</Code>"));
    CHECK(f.ask("PUT", "/bucket").says("<Code>BucketAlreadyExists</Code>"));
    CHECK_FALSE(f.ask("GET", "/").says("<Name>bucket</Name>"));
    REQUIRE(f.ask("PUT", "/theirs").status == 200);
    CHECK(f.ask("PUT", "/theirs/c", "", {{"x-amz-copy-source", "bucket/k"}}).status == 403);
    f.secret = o.secret_key;
    CHECK(f.ask("GET", "/theirs/c").says("<Code>SignatureDoesNotMatch</Code>"));
}
