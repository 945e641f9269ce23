#include "checksum.hpp"

#include "service_fixture.hpp"

using namespace chopsticks;
using namespace chopsticks::endpoint;
using testing::fixture;

namespace {

std::string sum_of(digest_kind kind, std::string_view text) {
    return to_base64(digest_of(kind, text));
}

/// An upload on its own object, begun with these fields; its id.
std::string begin_upload(fixture& f, const std::string& target,
                         std::vector<s3::name_value> fields) {
    const auto begun = f.ask("POST", target + "?uploads", "", std::move(fields));
    REQUIRE(begun.status == 200);
    return begun.element("UploadId");
}

std::string completion_of(const std::vector<std::pair<std::string, std::string>>& parts,
                          const std::string& element) {
    std::string out = "<CompleteMultipartUpload>";
    int number = 0;
    for (const auto& [etag, sum] : parts) {
        out += "<Part><PartNumber>" + std::to_string(++number) + "</PartNumber><ETag>" + etag +
               "</ETag>";
        if (!sum.empty()) out += "<" + element + ">" + sum + "</" + element + ">";
        out += "</Part>";
    }
    return out + "</CompleteMultipartUpload>";
}

}  // namespace

TEST_CASE("checksum_values_are_the_published_check_values") {
    // Of "123456789", as the catalogue of parametrised CRC algorithms and FIPS 180 have them.
    CHECK(to_hex(digest_of(digest_kind::crc32, "123456789")) == "cbf43926");
    CHECK(to_hex(digest_of(digest_kind::crc32c, "123456789")) == "e3069283");
    CHECK(to_hex(digest_of(digest_kind::crc64nvme, "123456789")) == "ae8b14860a799888");
    CHECK(to_hex(digest_of(digest_kind::sha1, "abc")) ==
          "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(to_hex(digest_of(digest_kind::sha512, "abc")).starts_with("ddaf35a193617abacc417349"));
    CHECK(checksum_named("crc32c") == &describe(digest_kind::crc32c));
    CHECK(checksum_of_field("X-Amz-Checksum-SHA256") == &describe(digest_kind::sha256));
    CHECK(checksum_named("md5") == nullptr);
    CHECK(checksum_of_field("x-amz-checksum-mode") == nullptr);
    CHECK_FALSE(is_checksum(describe(digest_kind::crc32), "AAAAAAAAAAA="));
}

TEST_CASE("checksum_of_joined_parts_is_that_of_the_whole") {
    std::string text;
    for (int i = 0; i < 5000; ++i)
        text += static_cast<char>(i * i + 7);
    for (const digest_kind kind :
         {digest_kind::crc32, digest_kind::crc32c, digest_kind::crc64nvme}) {
        for (const std::size_t cut : {0, 1, 7, 4096, 4999, 5000}) {
            const std::string before = text.substr(0, cut);
            const std::string behind = text.substr(cut);
            CHECK(joined_checksum(kind, sum_of(kind, before), sum_of(kind, behind),
                                  behind.size()) == sum_of(kind, text));
        }
    }
}

TEST_CASE("checksum_of_a_put_is_verified_kept_and_told_when_asked") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    for (const checksum_algorithm& a : checksum_algorithms) {
        CAPTURE(a.name);
        const std::string field(a.field);
        const std::string good = sum_of(a.kind, "content");
        const auto put = f.ask("PUT", "/bucket/k", "content", {{field, good}});
        CHECK(put.status == 200);
        CHECK(put.field(field) == good);
        CHECK(put.field("x-amz-checksum-type") == "FULL_OBJECT");
        CHECK(f.ask("PUT", "/bucket/k", "Content", {{field, good}}).says("<Code>BadDigest</Code>"));
        CHECK(f.ask("PUT", "/bucket/k", "content", {{field, "AA=="}})
                  .says("<Code>InvalidRequest</Code>"));
        CHECK(f.ask("GET", "/bucket/k").field(field).empty());
        const auto got = f.ask("GET", "/bucket/k", "", {{"x-amz-checksum-mode", "ENABLED"}});
        CHECK(got.text == "content");
        CHECK(got.field(field) == good);
        CHECK(f.ask("HEAD", "/bucket/k", "", {{"x-amz-checksum-mode", "ENABLED"}}).field(field) ==
              good);
        // It is not of a range.
        CHECK(f.ask("GET", "/bucket/k", "",
                    {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-1"}})
                  .field(field)
                  .empty());
        const auto listed = f.ask("GET", "/bucket?list-type=2");
        CHECK(listed.element("ChecksumAlgorithm") == a.name);
        const auto attributes = f.ask("GET", "/bucket/k?attributes", "",
                                      {{"x-amz-object-attributes", "Checksum,ObjectSize"}});
        CHECK(attributes.element(std::string(a.element)) == good);
        CHECK(attributes.element("ObjectSize") == "7");
        CHECK_FALSE(attributes.says("<ETag>"));
    }
    CHECK(f.ask("PUT", "/bucket/k", "content",
                {{"x-amz-checksum-crc32", sum_of(digest_kind::crc32, "content")},
                 {"x-amz-checksum-sha1", sum_of(digest_kind::sha1, "content")}})
              .says("Expecting a single"));
    CHECK(f.ask("PUT", "/bucket/k", "content", {{"x-amz-sdk-checksum-algorithm", "CRC32"}})
              .says("no corresponding"));
    CHECK(f.ask("PUT", "/bucket/k", "content", {{"x-amz-sdk-checksum-algorithm", "MD4"}})
              .says("<Code>InvalidRequest</Code>"));
}

TEST_CASE("checksum_of_a_copy_is_that_of_its_source_or_the_one_asked_for") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const std::string crc = sum_of(digest_kind::crc32, "content");
    REQUIRE(f.ask("PUT", "/bucket/k", "content", {{"x-amz-checksum-crc32", crc}}).status == 200);
    const s3::name_value source{"x-amz-copy-source", "bucket/k"};
    CHECK(f.ask("PUT", "/bucket/same", "", {source}).element("ChecksumCRC32") == crc);
    CHECK(f.ask("PUT", "/bucket/other", "", {source, {"x-amz-checksum-algorithm", "SHA256"}})
              .element("ChecksumSHA256") == sum_of(digest_kind::sha256, "content"));
    CHECK(f.ask("PUT", "/bucket/other", "", {source, {"x-amz-checksum-algorithm", "MD4"}}).status ==
          400);
}

TEST_CASE("checksum_of_an_upload_is_of_the_whole_or_of_its_parts") {
    fixture f;
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    const std::string first(upload::part_bytes_min, 'x');
    const std::string second = "end";
    for (const checksum_algorithm& a : checksum_algorithms) {
        for (const bool composite : {true, false}) {
            CAPTURE(a.name);
            CAPTURE(composite);
            const std::vector<s3::name_value> fields = {
                {"x-amz-checksum-algorithm", std::string(a.name)},
                {"x-amz-checksum-type", composite ? "COMPOSITE" : "FULL_OBJECT"}};
            if (composite ? !a.of_parts : !a.of_whole) {
                CHECK(f.ask("POST", "/bucket/u?uploads", "", fields)
                          .says("<Code>InvalidRequest</Code>"));
                continue;
            }
            const std::string id = begin_upload(f, "/bucket/u", fields);
            const std::string field(a.field);
            const std::string element(a.element);
            const std::string s1 = sum_of(a.kind, first);
            const std::string s2 = sum_of(a.kind, second);
            const auto put = [&](int number, const std::string& content,
                                 std::vector<s3::name_value> more) {
                return f.ask("PUT",
                             "/bucket/u?partNumber=" + std::to_string(number) + "&uploadId=" + id,
                             content, std::move(more));
            };
            CHECK(put(1, first, {{field, s2}}).says("<Code>BadDigest</Code>"));
            const bool other = a.kind == digest_kind::sha1;
            CHECK(put(1, first,
                      {{other ? "x-amz-checksum-crc32" : "x-amz-checksum-sha1",
                        sum_of(other ? digest_kind::crc32 : digest_kind::sha1, first)}})
                      .says("Checksum Type mismatch"));
            // Without one a part is refused, or its checksum is found out.
            CHECK(put(1, first, {}).status == (composite ? 400 : 200));
            const auto one = put(1, first, {{field, s1}});
            const auto two = put(2, second, {{field, s2}});
            REQUIRE(two.status == 200);
            CHECK(one.field(field) == s1);
            const auto parts = f.ask("GET", "/bucket/u?uploadId=" + id);
            CHECK(parts.element(element) == s1);
            CHECK(parts.element("ChecksumType") == (composite ? "COMPOSITE" : "FULL_OBJECT"));
            const std::string e1 = one.field("ETag");
            const std::string e2 = two.field("ETag");
            const std::string all =
                composite ? to_base64(digest_of(a.kind, *from_base64(s1) + *from_base64(s2))) + "-2"
                          : sum_of(a.kind, first + second);
            const auto complete = [&](const std::string& sum2, std::vector<s3::name_value> more) {
                return f.ask("POST", "/bucket/u?uploadId=" + id,
                             completion_of({{e1, s1}, {e2, sum2}}, element), std::move(more));
            };
            CHECK(complete(s1, {}).says("<Code>InvalidPart</Code>"));
            if (composite) CHECK(complete("", {}).says("It was missing for part 2"));
            CHECK(complete(s2, {{field, s1}}).says("<Code>BadDigest</Code>"));
            CHECK(complete(s2, {{"x-amz-mp-object-size", "3"}}).says("does not match"));
            CHECK(complete(s2, {{"x-amz-checksum-type", composite ? "FULL_OBJECT" : "COMPOSITE"}})
                      .status == 400);
            CHECK(f.ask("GET", "/bucket/u").status == 404);
            const auto done = complete(
                s2, {{field, all}, {"x-amz-mp-object-size", std::to_string(first.size() + 3)}});
            CHECK(done.status == 200);
            CHECK(done.element(element) == all);
            CHECK(complete(s2, {}).element("ETag") == done.element("ETag"));
            const s3::name_value mode{"x-amz-checksum-mode", "ENABLED"};
            CHECK(f.ask("HEAD", "/bucket/u", "", {mode}).field(field) == all);
            const auto part = f.ask("GET", "/bucket/u?partNumber=2");
            CHECK(part.status == 206);
            CHECK(part.text == second);
            CHECK(part.field("x-amz-mp-parts-count") == "2");
            const auto told = f.ask("GET", "/bucket/u?attributes", "",
                                    {{"x-amz-object-attributes", "ObjectParts"},
                                     {"x-amz-max-parts", "1"},
                                     {"x-amz-part-number-marker", "1"}});
            CHECK(told.element("PartsCount") == "2");
            CHECK(told.element(element) == s2);
            CHECK(told.element("IsTruncated") == "false");
            // A copy is in one piece, and so is its checksum.
            const auto copied =
                f.ask("PUT", "/bucket/copy", "", {{"x-amz-copy-source", "bucket/u"}});
            CHECK(copied.element(element) == sum_of(a.kind, first + second));
            REQUIRE(f.ask("DELETE", "/bucket/u").status == 204);
        }
    }
    CHECK(f.ask("POST", "/bucket/u?uploads", "", {{"x-amz-checksum-type", "COMPOSITE"}}).status ==
          400);
    CHECK(
        f.ask("POST", "/bucket/u?uploads", "", {{"x-amz-checksum-algorithm", "XXHASH64"}}).status ==
        400);
}
