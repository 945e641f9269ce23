#include "service_fixture.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;
using testing::fixture;

namespace {

/// The texts of all elements of that name, in order.
std::vector<std::string> elements(const std::string& xml, const std::string& name) {
    std::vector<std::string> out;
    const std::string begin = '<' + name + '>';
    for (std::size_t at = 0; (at = xml.find(begin, at)) != std::string::npos;) {
        at += begin.size();
        out.push_back(xml.substr(at, xml.find('<', at) - at));
    }
    return out;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("listing_pages_tell_where_to_go_on_as_their_version_does") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    for (const char* key : {"a", "b/1", "b/2", "c"})
        REQUIRE(f.ask("PUT", "/bucket/" + std::string(key), "x").status == 200);
    const auto v1 = f.ask("GET", "/bucket?max-keys=1");
    CHECK(elements(v1.text, "Key") == texts{"a"});
    CHECK(v1.element("IsTruncated") == "true");
    // Without a delimiter the last key is where to go on.
    CHECK_FALSE(v1.says("<NextMarker>"));
    CHECK(v1.says("<Owner><ID>chopsticks</ID>"));
    const auto rolled = f.ask("GET", "/bucket?max-keys=2&delimiter=%2F");
    CHECK(rolled.element("NextMarker") == "b/");
    CHECK(elements(f.ask("GET", "/bucket?delimiter=%2F&marker=b%2F").text, "Key") == texts{"c"});
    const auto v2 = f.ask("GET", "/bucket?list-type=2&max-keys=2&start-after=a");
    CHECK(elements(v2.text, "Key") == texts{"b/1", "b/2"});
    CHECK(v2.element("StartAfter") == "a");
    CHECK(v2.element("KeyCount") == "2");
    CHECK_FALSE(v2.says("<Owner>"));
    CHECK(f.ask("GET", "/bucket?list-type=2&fetch-owner=true").says("<Owner>"));
    const auto on = f.ask(
        "GET", "/bucket?list-type=2&start-after=a&continuation-token=" +
                   http::percent_encode(v2.element("NextContinuationToken"), http::slash::encode));
    CHECK(elements(on.text, "Key") == texts{"c"});
    const auto none = f.ask("GET", "/bucket?list-type=2&max-keys=0");
    CHECK(none.element("IsTruncated") == "false");
    CHECK(none.element("KeyCount") == "0");
    CHECK(f.ask("GET", "/bucket?list-type=2&max-keys=5000").element("MaxKeys") == "1000");
    CHECK(f.ask("GET", "/bucket?list-type=2&continuation-token=").status == 400);
}

TEST_CASE("listing_of_buckets_comes_in_pages") {
    fixture f;
    for (const char* name : {"one", "other", "two"})
        REQUIRE(f.ask("PUT", "/" + std::string(name)).status == 200);
    CHECK(elements(f.ask("GET", "/").text, "Name") == texts{"one", "other", "two"});
    CHECK(elements(f.ask("GET", "/?prefix=o").text, "Name") == texts{"one", "other"});
    const auto page = f.ask("GET", "/?max-buckets=2");
    CHECK(elements(page.text, "Name") == texts{"one", "other"});
    const std::string token =
        http::percent_encode(page.element("ContinuationToken"), http::slash::encode);
    const auto last = f.ask("GET", "/?max-buckets=2&continuation-token=" + token);
    CHECK(elements(last.text, "Name") == texts{"two"});
    CHECK_FALSE(last.says("<ContinuationToken>"));
    CHECK(elements(f.ask("GET", "/?bucket-region=mars").text, "Name").empty());
}

TEST_CASE("listing_of_uploads_rolls_up_and_comes_in_pages") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    for (const char* key : {"a", "b/1", "b/1", "b/2", "c", "c"})
        REQUIRE(f.ask("POST", "/bucket/" + std::string(key) + "?uploads").status == 200);
    const auto all = f.ask("GET", "/bucket?uploads");
    CHECK(elements(all.text, "Key") == texts{"a", "b/1", "b/1", "b/2", "c", "c"});
    const texts ids = elements(all.text, "UploadId");
    for (const char* size : {"1", "2", "3", "5", "6"}) {
        for (const bool roll : {false, true}) {
            CAPTURE(size);
            CAPTURE(roll);
            texts keys;
            texts prefixes;
            std::string marker;
            for (int guard = 0; guard < 20; ++guard) {
                const auto page = f.ask("GET", "/bucket?uploads&max-uploads=" + std::string(size) +
                                                   marker + (roll ? "&delimiter=%2F" : ""));
                REQUIRE(page.status == 200);
                for (const std::string& key : elements(page.text, "Key"))
                    keys.push_back(key);
                if (page.says("<CommonPrefixes>")) prefixes.push_back("b/");
                if (page.element("IsTruncated") != "true") break;
                marker = "&key-marker=" +
                         http::percent_encode(page.element("NextKeyMarker"), http::slash::encode) +
                         "&upload-id-marker=" + page.element("NextUploadIdMarker");
            }
            CHECK(keys ==
                  (roll ? texts{"a", "c", "c"} : texts{"a", "b/1", "b/1", "b/2", "c", "c"}));
            CHECK(prefixes == (roll ? texts{"b/"} : texts{}));
        }
    }
    CHECK(elements(f.ask("GET", "/bucket?uploads&prefix=b%2F1").text, "UploadId") ==
          texts{ids[1], ids[2]});
    CHECK(elements(f.ask("GET", "/bucket?uploads&key-marker=b%2F1&upload-id-marker=" + ids[1]).text,
                   "UploadId") == texts(ids.begin() + 2, ids.end()));
}

TEST_CASE("listing_of_parts_comes_in_pages") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const std::string id = f.ask("POST", "/bucket/k?uploads").element("UploadId");
    for (const char* number : {"1", "3", "9"}) {
        REQUIRE(f.ask("PUT", "/bucket/k?partNumber=" + std::string(number) + "&uploadId=" + id, "x")
                    .status == 200);
    }
    const auto page = f.ask("GET", "/bucket/k?max-parts=2&uploadId=" + id);
    CHECK(elements(page.text, "PartNumber") == texts{"1", "3"});
    CHECK(page.element("IsTruncated") == "true");
    CHECK(page.element("NextPartNumberMarker") == "3");
    const auto last = f.ask("GET", "/bucket/k?part-number-marker=3&uploadId=" + id);
    CHECK(elements(last.text, "PartNumber") == texts{"9"});
    CHECK(last.element("IsTruncated") == "false");
}

TEST_CASE("copy_of_a_part_is_of_a_range_within_its_source") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/source", "0123456789").status == 200);
    const std::string id = f.ask("POST", "/bucket/k?uploads").element("UploadId");
    const std::string etag = f.etag("/bucket/source");
    const auto copy = [&](std::vector<s3::name_value> more) {
        more.push_back({"x-amz-copy-source", "/bucket/source"});
        return f.ask("PUT", "/bucket/k?partNumber=1&uploadId=" + id, "", more);
    };
    CHECK(copy({{"x-amz-copy-source-range", "bytes=2-4"}}).element("ETag") ==
          "&quot;" + to_hex(digest_of(digest_kind::md5, std::string_view("234"))) + "&quot;");
    CHECK(copy({{"x-amz-copy-source-range", "bytes=2-10"}}).says("<Code>InvalidRange</Code>"));
    for (const char* text : {"bytes=4-2", "bytes=2-", "bytes=-2", "2-4", "bytes=a-b"}) {
        CHECK(copy({{"x-amz-copy-source-range", text}}).says("<Code>InvalidArgument</Code>"));
    }
    CHECK(copy({{"x-amz-copy-source-if-match", etag}}).status == 200);
    CHECK(copy({{"x-amz-copy-source-if-match", "\"x\""}}).status == 412);
    CHECK(copy({{"x-amz-copy-source-if-none-match", etag}}).status == 412);
    CHECK(copy({{"x-amz-copy-source-if-modified-since", "Sun, 06 Nov 2094 08:49:37 GMT"}}).status ==
          412);
    CHECK(
        copy({{"x-amz-copy-source-if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}}).status ==
        412);
    // Those of the ETag make the dates irrelevant.
    CHECK(copy({{"x-amz-copy-source-if-match", etag},
                {"x-amz-copy-source-if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"}})
              .status == 200);
    CHECK(f.ask("PUT", "/bucket/k?partNumber=10001&uploadId=" + id, "x").status == 400);
}

TEST_CASE("completion_heeds_conditions_and_leaves_the_upload_when_they_fail") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/k", "before").status == 200);
    const std::string id = f.ask("POST", "/bucket/k?uploads").element("UploadId");
    const std::string etag =
        f.ask("PUT", "/bucket/k?partNumber=1&uploadId=" + id, "after").field("ETag");
    const auto complete = [&](std::vector<s3::name_value> more) {
        return f.ask("POST", "/bucket/k?uploadId=" + id,
                     "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                         "</ETag></Part></CompleteMultipartUpload>",
                     std::move(more));
    };
    CHECK(complete({{"If-None-Match", "*"}}).status == 412);
    CHECK(complete({{"If-Match", "\"x\""}}).status == 412);
    CHECK(complete({{"If-Unmodified-Since", "Sun, 06 Nov 2094 08:49:37 GMT"}}).status == 501);
    CHECK(f.ask("GET", "/bucket/k").text == "before");
    CHECK(complete({{"If-Match", f.etag("/bucket/k")}}).status == 200);
    CHECK(f.ask("GET", "/bucket/k").text == "after");
    CHECK(f.s.objects().figures().uploads == 0);
}

TEST_CASE("presigned_fields_in_the_query_count_as_fields") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const auto presigned = [&](const std::string& method, const std::string& path,
                               std::vector<s3::name_value> query, std::int64_t age_s) {
        exchange x(f.s.objects().memory(), true);
        x.head.method = method;
        const std::string signed_query =
            s3::presigned_query({f.access_key, f.secret, ""}, f.region, method, "127.0.0.1:1", path,
                                query, wall_ns() / 1'000'000'000 - age_s, 600);
        x.head.target = path + "?" + signed_query;
        x.head.headers = {{"host", "127.0.0.1:1"}, {"Content-Length", "1"}};
        f.s.begin(x, 1, false);
        if (!x.answered) x.feed("x");
        f.s.finish(x);
        return x.answer.status;
    };
    CHECK(presigned("PUT", "/bucket/k", {{"x-amz-tagging", "a=b"}}, 0) == 200);
    CHECK(f.ask("GET", "/bucket/k?tagging").says("<Key>a</Key>"));
    CHECK(presigned("PUT", "/bucket/k", {{"x-amz-acl", "aws-exec-read"}}, 0) == 501);
    CHECK(presigned("PUT", "/bucket/k", {}, 300) == 200);
    CHECK(presigned("PUT", "/bucket/k", {}, 700) == 403);
}
