// Appends and renames.

#include <thread>

#include "service_fixture.hpp"

namespace chopsticks::endpoint::testing {
namespace {

struct appending : fixture {
    appending() { REQUIRE(ask("PUT", "/bucket").status == 200); }

    answer at(std::uint64_t position, std::string body) {
        return ask("PUT", "/bucket/k?append&position=" + std::to_string(position), std::move(body));
    }
    answer offset(std::uint64_t position, std::string body, std::vector<s3::name_value> more = {}) {
        more.push_back({"x-amz-write-offset-bytes", std::to_string(position)});
        return ask("PUT", "/bucket/k", std::move(body), std::move(more));
    }
    answer renamed(const std::string& from, const std::string& to,
                   std::vector<s3::name_value> more = {}) {
        more.push_back({"x-amz-rename-source", from});
        return ask("PUT", "/bucket/" + to + "?renameObject", "", std::move(more));
    }
};

}  // namespace

TEST_CASE("append_of_ceph_goes_on_where_the_object_ends") {
    appending f;
    const auto first = f.at(0, "abc");
    CHECK(first.status == 200);
    CHECK(first.field("x-rgw-next-append-position") == "3");
    CHECK(f.at(3, "de").field("x-rgw-next-append-position") == "5");
    CHECK(f.ask("GET", "/bucket/k").text == "abcde");
    const auto wrong = f.at(3, "x");
    CHECK(wrong.status == 409);
    CHECK(wrong.says("<Code>PositionNotEqualToLength</Code>"));
    CHECK(wrong.field("x-rgw-next-append-position") == "5");
    CHECK(f.ask("PUT", "/bucket/n?append&position=1", "x").status == 409);
    CHECK(f.ask("PUT", "/bucket/n?append", "x").says("<Code>InvalidArgument</Code>"));
    REQUIRE(f.ask("PUT", "/bucket/p", "whole").status == 200);
    CHECK(
        f.ask("PUT", "/bucket/p?append&position=5", "x").says("<Code>ObjectNotAppendable</Code>"));
    CHECK(f.ask("GET", "/bucket/k").text == "abcde");
    CHECK(f.ask("GET", "/bucket/n").status == 404);
}

TEST_CASE("append_at_an_offset_goes_on_with_any_object") {
    appending f;
    CHECK(f.offset(0, "").field("x-amz-object-size") == "0");
    CHECK(f.offset(0, "abc").field("x-amz-object-size") == "3");
    const std::string before = f.etag("/bucket/k");
    CHECK(f.offset(3, "def").status == 200);
    CHECK(f.etag("/bucket/k") != before);
    const auto wrong = f.offset(7, "x");
    CHECK(wrong.status == 400);
    CHECK(wrong.says("<Code>InvalidWriteOffset</Code>"));
    CHECK(f.offset(0, "x").status == 400);
    REQUIRE(f.ask("PUT", "/bucket/k", "put").status == 200);
    CHECK(f.offset(3, "+", {{"If-Match", before}}).status == 412);
    CHECK(f.offset(3, "+", {{"If-Match", f.etag("/bucket/k")}}).status == 200);
    CHECK(f.ask("GET", "/bucket/k").text == "put+");
    CHECK(f.ask("PUT", "/bucket/k", "x", {{"x-amz-write-offset-bytes", "end"}}).status == 400);
    // The figures know of what came.
    CHECK(f.s.objects().figures().objects == 1);
    CHECK(f.s.objects().figures().object_bytes == 4);
}

TEST_CASE("append_joins_checksums_and_forgets_those_it_cannot_join") {
    appending f;
    const std::string abc = to_base64(digest_of(digest_kind::crc32c, "abc"));
    const std::string whole = to_base64(digest_of(digest_kind::crc32c, "abcdef"));
    REQUIRE(f.offset(0, "abc", {{"x-amz-checksum-crc32c", abc}}).status == 200);
    CHECK(f.offset(3, "def").field("x-amz-checksum-crc32c") == whole);
    CHECK(f.ask("GET", "/bucket/k", "", {{"x-amz-checksum-mode", "ENABLED"}})
              .field("x-amz-checksum-crc32c") == whole);
    const std::string sha = to_base64(digest_of(digest_kind::sha256, "g"));
    CHECK(f.offset(6, "g", {{"x-amz-checksum-sha256", sha}}).status == 200);
    CHECK(f.ask("GET", "/bucket/k", "", {{"x-amz-checksum-mode", "ENABLED"}})
              .field("x-amz-checksum-crc32c")
              .empty());
    CHECK(f.ask("GET", "/bucket/k").text == "abcdefg");
}

TEST_CASE("append_of_many_at_a_time_loses_none") {
    appending f;
    constexpr int each = 200;
    std::vector<std::thread> writers;
    std::atomic<int> done{0};
    for (int w = 0; w < 3; ++w) {
        writers.emplace_back([&] {
            const auto& b = f.s.objects().find("bucket");
            for (int i = 0; i < each;) {
                const auto now = b->get("k");
                const std::uint64_t at = now ? now->content.size : 0;
                exchange x(f.s.objects().memory(), true);
                x.head.method = "PUT";
                x.head.target = "/bucket/k?append&position=" + std::to_string(at);
                x.head.headers = {{"host", "h"},
                                  {"x-amz-date", s3::amz_date(wall_ns() / 1'000'000'000)},
                                  {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}};
                const auto query = s3::parse_query("append&position=" + std::to_string(at)).value();
                x.head.headers.push_back(
                    {"Authorization",
                     s3::authorization_header({f.access_key, f.secret, ""}, f.region, "PUT",
                                              "/bucket/k", query, x.head.headers,
                                              s3::payload_hash_unsigned)});
                f.s.begin(x, 1, false);
                x.feed("x");
                f.s.finish(x);
                if (x.answer.status == 200) {
                    ++i;
                    ++done;
                } else if (x.answer.status != 409) {
                    return;
                }
            }
        });
    }
    for (auto& w : writers)
        w.join();
    CHECK(done == 3 * each);
    CHECK(f.ask("GET", "/bucket/k").text == std::string(3 * each, 'x'));
}

TEST_CASE("append_is_refused_where_versions_are_kept") {
    appending f;
    REQUIRE(f.ask("PUT", "/bucket?versioning",
                  "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
                .status == 200);
    CHECK(f.at(0, "x").says("<Code>InvalidBucketState</Code>"));
    CHECK(f.renamed("a", "b").status == 501);
}

TEST_CASE("append_counts_against_the_memory_cap") {
    endpoint_options o;
    o.memory_cap_bytes = 2 << 20;
    fixture f(o);
    REQUIRE(f.ask("PUT", "/bucket").status == 200);
    std::uint64_t size = 0;
    int status = 200;
    while (status == 200 && size < (8U << 20)) {
        status = f.ask("PUT", "/bucket/k?append&position=" + std::to_string(size),
                       std::string(100'000, 'x'))
                     .status;
        if (status == 200) size += 100'000;
    }
    CHECK(status == 503);
    CHECK(f.ask("HEAD", "/bucket/k").status == 200);
    CHECK(f.s.objects().memory().used() <= o.memory_cap_bytes);
    CHECK(f.ask("DELETE", "/bucket/k").status == 204);
    CHECK(f.ask("DELETE", "/bucket").status == 204);
    CHECK(f.s.objects().memory().used() == 0);
}

TEST_CASE("rename_gives_an_object_another_key_with_all_that_belongs_to_it") {
    appending f;
    REQUIRE(f.ask("PUT", "/bucket/a%20b", "x", {{"x-amz-meta-c", "d"}}).status == 200);
    const std::string modified = f.ask("HEAD", "/bucket/a%20b").field("Last-Modified");
    CHECK(f.renamed("/a%20b", "n").status == 200);
    CHECK(f.ask("GET", "/bucket/a%20b").status == 404);
    const auto got = f.ask("GET", "/bucket/n");
    CHECK(got.text == "x");
    CHECK(got.field("x-amz-meta-c") == "d");
    CHECK(got.field("Last-Modified") == modified);
    CHECK(f.ask("GET", "/bucket").element("Key") == "n");
    CHECK(f.renamed("none", "m").says("<Code>NoSuchKey</Code>"));
    CHECK(f.renamed("", "m").says("<Code>InvalidArgument</Code>"));
    CHECK(f.renamed("n", "folder/").says("<Code>InvalidRequest</Code>"));
    CHECK(f.renamed("n", "n").status == 200);
    CHECK(f.s.objects().figures().objects == 1);
    CHECK(f.ask("DELETE", "/bucket/n").status == 204);
    CHECK(f.ask("DELETE", "/bucket").status == 204);
    CHECK(f.s.objects().memory().used() == 0);
}

TEST_CASE("rename_replaces_what_is_there_if_its_conditions_hold") {
    appending f;
    REQUIRE(f.ask("PUT", "/bucket/a", "new").status == 200);
    REQUIRE(f.ask("PUT", "/bucket/b", "old").status == 200);
    CHECK(f.renamed("a", "b", {{"If-None-Match", "*"}}).status == 412);
    CHECK(f.renamed("a", "b", {{"If-Match", "\"x\""}}).status == 412);
    CHECK(f.renamed("a", "b", {{"x-amz-rename-source-if-match", "\"x\""}}).status == 412);
    CHECK(f.ask("GET", "/bucket/b").text == "old");
    CHECK(f.renamed("a", "b", {{"x-amz-rename-source-if-match", f.etag("/bucket/a")}}).status ==
          200);
    CHECK(f.ask("GET", "/bucket/b").text == "new");
    CHECK(f.s.objects().figures().objects == 1);
}

TEST_CASE("rename_that_is_asked_for_again_is_done_already") {
    appending f;
    const std::vector<s3::name_value> token{{"x-amz-client-token", "t1"}};
    REQUIRE(f.ask("PUT", "/bucket/a", "x").status == 200);
    CHECK(f.renamed("a", "b", token).status == 200);
    CHECK(f.renamed("a", "b", token).status == 200);
    CHECK(f.renamed("a", "b").status == 404);
    CHECK(f.renamed("b", "c", token).says("<Code>IdempotencyParameterMismatch</Code>"));
    CHECK(f.ask("GET", "/bucket/b").text == "x");
}

}  // namespace chopsticks::endpoint::testing
