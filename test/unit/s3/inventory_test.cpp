#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/inventory.hpp>
#include <chopsticks/s3/protocol/run_mark.hpp>
#include <string>

using namespace chopsticks;
using namespace chopsticks::s3;

namespace {

const std::string versions_body =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
    "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
    "<NextKeyMarker>p/a%2Bb+c</NextKeyMarker><NextVersionIdMarker>v9</NextVersionIdMarker>"
    "<Version><Key>p/a%2Bb+c</Key><VersionId>null</VersionId><IsLatest>false</IsLatest>"
    "<LastModified>2026-11-22T15:04:05.120Z</LastModified><Size>17</Size></Version>"
    "<DeleteMarker><Key>p/%C3%A4</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest>"
    "<LastModified>2026-11-22T15:04:06Z</LastModified></DeleteMarker></ListVersionsResult>";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

constexpr std::int64_t moment_ns = 1'795'359'845'000'000'000;  // 2026-11-22T15:04:05Z

}  // namespace

TEST_CASE("timestamps_of_s3_are_read_and_written") {
    CHECK(parse_timestamp("1970-01-01T00:00:00Z") == 0);
    CHECK(parse_timestamp("2026-11-22T15:04:05Z") == moment_ns);
    CHECK(parse_timestamp("2026-11-22T15:04:05.120Z") == moment_ns + 120'000'000);
    CHECK(parse_timestamp("2000-02-29T00:00:00.000000001Z") == 951'782'400'000'000'001);
    CHECK(format_timestamp(moment_ns + 999'999'999) == "2026-11-22T15:04:05Z");
    for (const char* bad :
         {"", "2026-11-22", "2026-11-22T15:04:05", "2026-11-22T15:04:05+01:00",
          "2026-11-22T15:04:05.Zx", "2026-13-22T15:04:05Z", "1969-12-31T23:59:59Z",
          "2026-11-22 15:04:05Z", "20261122T150405Z", "x026-11-22T15:04:05Z"}) {
        CHECK_FALSE(parse_timestamp(bad).has_value());
    }
}

TEST_CASE("versions_are_read_with_their_ids_ages_and_the_place_to_go_on") {
    const auto page = parse_versions(versions_body);
    REQUIRE(page.has_value());
    CHECK(page->has_versions);
    CHECK(page->is_truncated);
    CHECK(page->key_marker == "p/a+b c");
    CHECK(page->version_marker == "v9");
    REQUIRE(page->entries.size() == 2);
    CHECK(page->entries[0].key == "p/a+b c");
    CHECK(page->entries[0].version_id == "null");
    CHECK(page->entries[0].size == 17);
    CHECK(page->entries[0].modified_ns == moment_ns + 120'000'000);
    CHECK_FALSE(page->entries[0].latest);
    CHECK_FALSE(page->entries[0].delete_marker);
    CHECK(page->entries[1].key == "p/\xc3\xa4");
    CHECK(page->entries[1].delete_marker);
    CHECK(page->entries[1].latest);
}

TEST_CASE("versions_a_server_without_them_answers_with_a_plain_listing") {
    const auto page = parse_versions(
        "<ns:ListBucketResult xmlns:ns=\"x\"><ns:IsTruncated>false</ns:IsTruncated><ns:Contents>"
        "<ns:Key>a+b</ns:Key><ns:Size>1</ns:Size></ns:Contents></ns:ListBucketResult>");
    REQUIRE(page.has_value());
    CHECK_FALSE(page->has_versions);
    REQUIRE(page->entries.size() == 1);
    CHECK(page->entries[0].key == "a+b");
    CHECK(page->entries[0].version_id.empty());
    CHECK(page->entries[0].modified_ns == 0);
}

TEST_CASE("versions_no_part_and_no_mutation_of_a_listing_passes_for_a_shorter_one") {
    for (std::size_t size = 0; size < versions_body.size(); ++size) {
        CHECK_FALSE(parse_versions(versions_body.substr(0, size)).has_value());
    }
    for (const auto& [what, with] : {std::pair{"<VersionId>null</VersionId>", ""},
                                     {"<Size>17</Size>", ""},
                                     {"<Size>17</Size>", "<Size>-1</Size>"},
                                     {"<IsTruncated>true</IsTruncated>", ""},
                                     {">true</IsTruncated>", ">maybe</IsTruncated>"},
                                     {"<Key>p/%C3", "<Key>p/%zz"},
                                     {"<Key>p/%C3%A4</Key>", "<Key></Key>"}}) {
        CAPTURE(what);
        CHECK_FALSE(parse_versions(replaced(versions_body, what, with)).has_value());
    }
    CHECK_FALSE(parse_versions("<Error><Code>AccessDenied</Code></Error>").has_value());
    CHECK_FALSE(parse_versions("").has_value());
}

TEST_CASE("uploads_buckets_and_rules_are_read") {
    const auto uploads = parse_uploads(
        "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>k</Key>"
        "<UploadId>u&amp;1</UploadId><Initiated>2026-11-22T15:04:05Z</Initiated></Upload>"
        "</ListMultipartUploadsResult>");
    REQUIRE(uploads.has_value());
    REQUIRE(uploads->entries.size() == 1);
    CHECK(uploads->entries[0].upload_id == "u&1");
    CHECK(uploads->entries[0].initiated_ns == moment_ns);
    CHECK_FALSE(parse_uploads("<ListMultipartUploadsResult/>").has_value());

    const auto buckets = parse_bucket_page(
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name>"
        "<CreationDate>2026-11-22T15:04:05.000Z</CreationDate></Bucket></Buckets>"
        "<ContinuationToken>t</ContinuationToken></ListAllMyBucketsResult>");
    REQUIRE(buckets.has_value());
    REQUIRE(buckets->buckets.size() == 1);
    CHECK(buckets->buckets[0].created_ns == moment_ns);
    CHECK(buckets->token == "t");
    CHECK_FALSE(parse_bucket_page("<ListAllMyBucketsResult><Buckets><Bucket/></Buckets>"
                                  "</ListAllMyBucketsResult>")
                    .has_value());

    bucket_rules rules;
    CHECK(parse_versioning("<VersioningConfiguration xmlns=\"x\"/>", rules));
    CHECK_FALSE(rules.versioned);
    CHECK(
        parse_versioning("<VersioningConfiguration><Status>Suspended</Status>"
                         "</VersioningConfiguration>",
                         rules));
    CHECK(rules.versioned);
    CHECK_FALSE(parse_versioning("<html/>", rules));
    CHECK(
        parse_object_lock("<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                          "</ObjectLockEnabled></ObjectLockConfiguration>",
                          rules));
    CHECK(rules.locked);
    CHECK(rules.retention.empty());
    CHECK(
        parse_object_lock("<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                          "</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode>"
                          "<Days>0</Days><Years>1</Years></DefaultRetention></Rule>"
                          "</ObjectLockConfiguration>",
                          rules));
    CHECK(rules.retention == "GOVERNANCE, 1 year");
}

TEST_CASE("deletion_names_versions_and_its_failures_are_read") {
    std::vector<stored_version> some(2);
    some[0].key = "a&b";
    some[1].key = "c";
    some[1].version_id = "null";
    const deletion made = make_deletion(some);
    CHECK(made.body.find("<Object><Key>a&amp;b</Key></Object>"
                         "<Object><Key>c</Key><VersionId>null</VersionId></Object>") !=
          std::string::npos);
    CHECK(made.content_md5.size() == 24);
    const auto failures = parse_deletion(
        "<DeleteResult><Deleted><Key>c</Key></Deleted><Error><Key>a&amp;b</Key><Code>X</Code>"
        "<Message>m</Message></Error></DeleteResult>");
    REQUIRE(failures.has_value());
    REQUIRE(failures->size() == 1);
    CHECK(failures->front().key == "a&b");
    CHECK(failures->front().code == "X");
    CHECK_FALSE(parse_deletion("<Error><Code>MalformedXML</Code></Error>").has_value());
    CHECK_FALSE(parse_deletion("").has_value());
}

TEST_CASE("run_mark_names_a_data_set_below_its_own_prefix_only") {
    run_mark mark;
    mark.run = "20261122T150405Z-abcdef3f9a2c";
    mark.group = "g";
    mark.folder = run_folder("p/", mark.run);
    mark.started = "2026-11-22T15:04:05Z";
    const std::string key = run_mark_key("p/", mark.run, mark.group);
    mark.kept = "p/kept/golden/";
    const auto read = parse_run_mark("p/", key, write_run_mark(mark));
    REQUIRE(read.has_value());
    CHECK(read->kept == mark.kept);
    for (const char* foreign : {"p/", "p/kept/", "p/kept//", "q/kept/golden/", "p/kept/golden",
                                "p/kept/golden/ff/", "theirs/"}) {
        mark.kept = foreign;
        CHECK_MESSAGE(!parse_run_mark("p/", key, write_run_mark(mark)).has_value(), foreign);
    }
}

TEST_CASE("run_mark_is_read_back_and_believed_only_where_it_belongs") {
    run_mark mark;
    mark.run = "20261122T150405Z-abcdef3f9a2c";
    mark.group = "a \"group\"\\ \n\xc3\xa4";
    mark.folder = run_folder("p/", mark.run, mark.group);
    mark.bucket_stem = "b-20261122t150405z-abcdef3f9a2c-0-";
    mark.bucket_created = "2026-11-22T15:04:05.000Z";
    mark.started = "2026-11-22T15:04:05Z";
    const std::string key = run_mark_key("p/", mark.run, mark.group);
    CHECK(key == "p/runs/" + mark.run + "/" + mark.group + ".json");
    const std::string text = write_run_mark(mark);
    const auto read = parse_run_mark("p/", key, text);
    REQUIRE(read.has_value());
    CHECK(read->run == mark.run);
    CHECK(read->group == mark.group);
    CHECK(read->folder == mark.folder);
    CHECK(read->bucket_stem == mark.bucket_stem);
    CHECK(read->bucket_created == mark.bucket_created);
    CHECK(read->started == mark.started);
    CHECK_FALSE(read->ended);
    mark.ended = true;
    CHECK(parse_run_mark("p/", key, write_run_mark(mark))->ended);
    CHECK_FALSE(parse_run_mark("p/", key, write_run_mark(mark))->locks);
    mark.locks = true;
    CHECK(parse_run_mark("p/", key, write_run_mark(mark))->locks);
    mark.folder = run_folder("p/", mark.run);
    CHECK(parse_run_mark("p/", key, write_run_mark(mark)).has_value());

    CHECK_FALSE(parse_run_mark("p/", key + "x", text).has_value());
    CHECK_FALSE(parse_run_mark("q/", key, text).has_value());
    for (const char* folder :
         {"", "p/", "p/kept/", "p/other/", "q/20261122T150405Z-abcdef3f9a2c/"}) {
        mark.folder = folder;
        CHECK_FALSE(parse_run_mark("p/", key, write_run_mark(mark)).has_value());
    }
    for (std::size_t size = 0; size + 1 < text.size(); ++size)
        CHECK_FALSE(parse_run_mark("p/", key, text.substr(0, size)).has_value());
    CHECK_FALSE(parse_run_mark("p/", key, replaced(text, "chopsticks", "somebody")).has_value());
    CHECK_FALSE(parse_run_mark("p/", key, replaced(text, "\"format\": \"1\"", "\"format\": \"2\""))
                    .has_value());
    CHECK_FALSE(parse_run_mark("p/", key, text + "{}").has_value());
}
