#include "request.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <limits>

using namespace chopsticks::endpoint;

namespace {

request made(std::string target, std::string host = "127.0.0.1:9000") {
    request r;
    r.method = "GET";
    r.target = std::move(target);
    r.headers.push_back({"Host", std::move(host)});
    return r;
}

bool only_known(std::string_view name) {
    return name == "known";
}

bool locate(request& r) {
    return chopsticks::endpoint::locate(r, {"localhost", "s3.localhost"}, only_known);
}

}  // namespace

TEST_CASE("range_texts_give_the_bytes_of_rfc_9110") {
    struct row {
        const char* text;
        std::uint64_t size;
        range_kind kind;
        std::uint64_t offset;
        std::uint64_t length;
    };
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const row rows[] = {
        {"bytes=0-0", 10, range_kind::part, 0, 1},
        {"bytes=0-9", 10, range_kind::part, 0, 10},
        {"bytes=0-10", 10, range_kind::part, 0, 10},
        {"bytes=9-", 10, range_kind::part, 9, 1},
        {"Bytes=3-5", 10, range_kind::part, 3, 3},
        {" bytes=3-5 ", 10, range_kind::part, 3, 3},
        {"bytes=-3", 10, range_kind::part, 7, 3},
        {"bytes=-30", 10, range_kind::part, 0, 10},
        {"bytes=5-18446744073709551615", 10, range_kind::part, 5, 5},
        {"bytes=10-", 10, range_kind::unsatisfiable, 0, 0},
        {"bytes=10-20", 10, range_kind::unsatisfiable, 0, 0},
        {"bytes=-0", 10, range_kind::unsatisfiable, 0, 0},
        {"bytes=0-", 0, range_kind::unsatisfiable, 0, 0},
        {"bytes=-1", 0, range_kind::unsatisfiable, 0, 0},
        {"bytes=1-2", most, range_kind::part, 1, 2},
        {"bytes=5-3", 10, range_kind::whole, 0, 0},
        {"bytes=", 10, range_kind::whole, 0, 0},
        {"bytes=-", 10, range_kind::whole, 0, 0},
        {"bytes=a-b", 10, range_kind::whole, 0, 0},
        {"bytes=1-2,4-5", 10, range_kind::whole, 0, 0},
        {"bytes=99999999999999999999-", 10, range_kind::whole, 0, 0},
        {"items=0-1", 10, range_kind::whole, 0, 0},
        {"", 10, range_kind::whole, 0, 0},
    };
    for (const row& r : rows) {
        CAPTURE(r.text);
        byte_range got{0, 0};
        CHECK(parse_range(r.text, r.size, got) == r.kind);
        if (r.kind == range_kind::part) {
            CHECK(got.offset == r.offset);
            CHECK(got.length == r.length);
        }
    }
}

TEST_CASE("locate_path_style_gives_bucket_and_key") {
    request r = made("/bucket/a%20b/c+d%2Fe?list-type=2&prefix=a%2Fb&empty");
    REQUIRE(locate(r));
    CHECK(r.bucket == "bucket");
    CHECK(r.key == "a b/c+d/e");
    CHECK(r.parameter_or("prefix", "") == "a/b");
    CHECK(r.parameter_or("empty", "none") == "");
    CHECK(r.parameter("other") == nullptr);
    request service = made("/");
    REQUIRE(locate(service));
    CHECK(service.bucket.empty());
    request slashes = made("/bucket//x/");
    REQUIRE(locate(slashes));
    CHECK(slashes.key == "/x/");
    request absolute = made("http://127.0.0.1:9000/bucket/key");
    REQUIRE(locate(absolute));
    CHECK(absolute.key == "key");
}

TEST_CASE("locate_bad_target_is_refused") {
    for (const char* target : {"bucket", "", "/a%2", "/a%zz", "/a?x=%g0", "*"}) {
        CAPTURE(target);
        request r = made(target);
        CHECK_FALSE(locate(r));
    }
}

TEST_CASE("locate_virtual_host_gives_its_bucket") {
    const auto bucket = [](const char* host) {
        return bucket_of_host(host, {"localhost", "s3.localhost"}, only_known);
    };
    CHECK(bucket("b.localhost:80") == "b");
    CHECK(bucket("b.c.localhost") == "b.c");
    CHECK(bucket("b.s3.localhost") == "b");
    CHECK(bucket("B.LOCALHOST") == "b");
    CHECK(bucket("known.example.com") == "known");
    CHECK(bucket("unknown.example.com") == "");
    CHECK(bucket("localhost:9000") == "");
    CHECK(bucket("s3.localhost") == "");
    CHECK(bucket("known") == "");
    CHECK(bucket("10.0.0.1:9000") == "");
    CHECK(bucket("[::1]:9000") == "");
    CHECK(bucket("") == "");
    request r = made("/key/of%20it", "b.localhost");
    REQUIRE(locate(r));
    CHECK(r.bucket == "b");
    CHECK(r.key == "key/of it");
}

TEST_CASE("http_dates_round_trip") {
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    CHECK(format_http_date(784111777LL * 1'000'000'000) == "Sun, 06 Nov 1994 08:49:37 GMT");
    for (std::int64_t s = 0; s < 4'000'000'000; s += 86'399'993) {
        const std::string text = format_http_date(s * 1'000'000'000);
        CHECK(parse_http_date(text) == s);
        const std::time_t time = s;
        char expected[64];
        std::strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&time));
        CHECK(text == expected);
    }
    CHECK_FALSE(parse_http_date("1994-11-06").has_value());
    CHECK_FALSE(parse_http_date("Sun, 06 Xyz 1994 08:49:37 GMT").has_value());
    CHECK_FALSE(parse_http_date("Sun, 06 Nov 1994 08:4x:37 GMT").has_value());
}

TEST_CASE("numbers_are_read_strictly") {
    CHECK(parse_number("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", "-1", "+1", " 1", "1 ", "1x", "18446744073709551616"}) {
        CHECK_FALSE(parse_number(text).has_value());
    }
}

TEST_CASE("etags_lose_their_quotes_once") {
    CHECK(unquoted("\"abc\"") == "abc");
    CHECK(unquoted(" \"abc-2\" ") == "abc-2");
    CHECK(unquoted("abc") == "abc");
    CHECK(unquoted("\"") == "\"");
}
