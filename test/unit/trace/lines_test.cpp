// Lines of RGW's operations log and of S3 server access logs, whole and damaged.

#include <doctest/doctest.h>

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/trace/recording.hpp>
#include <string>

using namespace chopsticks;
using namespace chopsticks::trace;

namespace {

std::int64_t at(int hour, int minute, int second) {
    return from_civil({2026, 11, 23, hour, minute, second}) * 1'000'000'000;
}

const std::string rgw_get =
    R"({"bucket":"b1","object":"dir/key 1","time":"2026-11-23T19:28:25.123456Z",)"
    R"("time_local":"2026-11-23T20:28:25.123456+0100","remote_addr":"10.0.0.9","user":"u",)"
    R"("operation":"get_obj","uri":"GET /b1/dir/key%201 HTTP/1.1","http_status":"200",)"
    R"("error_code":"","bytes_sent":4096,"bytes_received":0,"object_size":4096,)"
    R"("total_time":3,"user_agent":"x","referrer":"","trans_id":"tx1",)"
    R"("http_x_headers":[{"operation":"put_obj"}],"temp_url":false})";

const std::string s3_get =
    R"(79a5 bucket-1 [23/Nov/2026:19:28:25 +0000] 192.0.2.3 79a5 3E57 REST.GET.OBJECT dir/key+1 )"
    R"x("GET /bucket-1/dir/key+1?x=y HTTP/1.1" 206 - 1000 5000 70 10 "-" "agent "x" (y)" - id=)x";

recorded_line rgw(const std::string& line) {
    recorded_line op;
    REQUIRE(parse_rgw_line(line, op) == line_verdict::operation);
    return op;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("times of recordings") {
    std::int64_t t = 0;
    CHECK(parse_iso_time("2026-11-23T19:28:25.123456Z", t));
    CHECK(t == at(19, 28, 25) + 123'456'000);
    CHECK(parse_iso_time("2026-11-23 19:28:25.5Z", t));
    CHECK(t == at(19, 28, 25) + 500'000'000);
    CHECK(parse_iso_time("2026-11-23T19:28:25+01:00", t));
    CHECK(t == at(18, 28, 25));
    CHECK(parse_iso_time("2026-11-23T19:28:25.000001-0130", t));
    CHECK(t == at(20, 58, 25) + 1000);
    CHECK(parse_access_log_time("23/Nov/2026:19:28:25 +0000", t));
    CHECK(t == at(19, 28, 25));
    for (const char* bad : {"", "2026-11-23", "2026-11-23T19:28:25", "2026-13-23T19:28:25Z",
                            "2026-02-29T19:28:25Z", "2026-11-23T24:28:25Z", "2026-11-23T19:28:25.Z",
                            "2026-11-23T19:28:25Zx", "0000-00-00T00:00:00Z"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_iso_time(bad, t));
    }
    for (const char* bad : {"", "23/Nov/2026:19:28:25", "23/Now/2026:19:28:25 +0000",
                            "23/ovD/2026:19:28:25 +0000", "31/Nov/2026:19:28:25 +0000"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_access_log_time(bad, t));
    }
}

TEST_CASE("a line of RGW's operations log") {
    const recorded_line op = rgw(rgw_get);
    CHECK(op.name == "get");
    CHECK(op.time_ns == at(19, 28, 25) + 123'456'000);
    CHECK(op.size == 4096);
    CHECK(op.length == 0);
    CHECK_FALSE(op.refused);
    CHECK(op.key == key_hash("b1", "dir/key 1"));
    CHECK(op.key != key_hash("b1", "dir/key 2"));

    CHECK(rgw("[" + rgw_get + ",").key == op.key);
    CHECK(rgw(" ," + rgw_get + "]\r").key == op.key);
    CHECK(rgw(replaced(rgw_get, "GET /b1", "HEAD /b1")).name == "head");
    CHECK(rgw(replaced(rgw_get, "get_obj", "delete_obj")).name == "delete");
    CHECK(rgw(replaced(rgw_get, "get_obj", "list_bucket")).name == "list");
    CHECK(rgw(replaced(rgw_get, "get_obj", "get_bucket_location")).name == "");

    const recorded_line put = rgw(replaced(replaced(replaced(rgw_get, "get_obj", "put_obj"),
                                                    "\"object_size\":4096", "\"object_size\":0"),
                                           "\"bytes_received\":0", "\"bytes_received\":777"));
    CHECK(put.name == "put");
    CHECK(put.size == 777);

    const recorded_line part = rgw(replaced(replaced(rgw_get, "\"200\"", "\"206\""),
                                            "\"bytes_sent\":4096", "\"bytes_sent\":100"));
    CHECK(part.length == 100);
    CHECK(part.offset == unknown_offset);
    CHECK(part.size == 4096);

    CHECK(rgw(replaced(rgw_get, "\"200\"", "\"404\"")).refused);
    CHECK(rgw(replaced(rgw_get, "\"200\"", "404")).refused);
    CHECK_FALSE(rgw(replaced(rgw_get, "\"200\"", "\"503\"")).refused);
    CHECK_FALSE(rgw(replaced(rgw_get, "\"200\"", "429")).refused);
    // An older log that has no name of the operation.
    CHECK(rgw(replaced(rgw_get, "\"operation\":\"get_obj\",", "")).name == "get");

    // RGW 16.2 names no object: it is in the request, behind the bucket in path style.
    const std::string unnamed = replaced(rgw_get, "\"object\":\"dir/key 1\",", "");
    CHECK(rgw(unnamed).key == key_hash("b1", "dir/key%201"));
    CHECK(rgw(replaced(unnamed, "/b1/dir/key%201", "/dir/key%201?versionId=1")).key ==
          key_hash("b1", "dir/key%201"));
    CHECK(rgw(replaced(unnamed, "/b1/dir/key%201", "/b1x/k")).key == key_hash("b1", "b1x/k"));
    CHECK(rgw(replaced(unnamed, "/b1/dir/key%201", "/b1")).key == key_hash("b1", ""));

    recorded_line out;
    CHECK(parse_rgw_line("", out) == line_verdict::blank);
    CHECK(parse_rgw_line("[\r", out) == line_verdict::blank);
    for (const std::string& bad :
         {std::string("{"), std::string("null"), std::string("{}"), std::string("x") + rgw_get,
          rgw_get + rgw_get, rgw_get.substr(0, rgw_get.size() / 2),
          replaced(replaced(rgw_get, "19:28", "19-28"), "20:28", "20-28"),
          std::string(100'000, '['), "{\"a\":" + std::string(100'000, '[')}) {
        CAPTURE(bad.substr(0, 200));
        // A row of brackets is what RGW's socket begins with.
        if (bad.find_first_not_of('[') == std::string::npos) {
            CHECK(parse_rgw_line(bad, out) == line_verdict::blank);
        } else {
            CHECK(parse_rgw_line(bad, out) == line_verdict::malformed);
        }
    }
}

TEST_CASE("the first of several objects on a line") {
    CHECK(first_object_bytes(rgw_get + rgw_get) == rgw_get.size());
    CHECK(first_object_bytes(rgw_get + "," + rgw_get) == rgw_get.size());
    CHECK(first_object_bytes(rgw_get) == rgw_get.size());
    const std::string tricky = R"({"a":"}\"{","b":{"c":"\\"}})";
    CHECK(first_object_bytes(tricky + rgw_get) == tricky.size());
    CHECK(first_object_bytes("") == 0);
    CHECK(first_object_bytes("[,") == 2);
    CHECK(first_object_bytes("{\"a") == 3);
}

TEST_CASE("a line of an S3 server access log") {
    recorded_line op;
    REQUIRE(parse_s3_access_line(s3_get, op) == line_verdict::operation);
    CHECK(op.name == "get");
    CHECK(op.time_ns == at(19, 28, 25));
    CHECK(op.size == 5000);
    CHECK(op.length == 1000);
    CHECK(op.offset == unknown_offset);
    CHECK(op.key == key_hash("bucket-1", "dir/key+1"));
    CHECK_FALSE(op.refused);

    struct {
        const char* word;
        const char* name;
    } const words[] = {
        {"REST.PUT.OBJECT", "put"},       {"REST.HEAD.OBJECT", "head"}, {"REST.PUT.PART", "put"},
        {"REST.DELETE.OBJECT", "delete"}, {"REST.GET.BUCKET", "list"},  {"REST.GET.ACL", ""},
        {"S3.EXPIRE.OBJECT", ""},         {"REST.COPY.OBJECT", ""},
    };
    for (const auto& [word, name] : words) {
        CAPTURE(word);
        REQUIRE(parse_s3_access_line(replaced(s3_get, "REST.GET.OBJECT", word), op) ==
                line_verdict::operation);
        CHECK(op.name == name);
    }
    REQUIRE(parse_s3_access_line(replaced(s3_get, " 206 - 1000 5000 ", " 404 NoSuchKey 300 - "),
                                 op) == line_verdict::operation);
    CHECK(op.refused);
    CHECK(op.size == 0);
    // Written by hand or cut by a tool: what follows the object's size is not needed.
    CHECK(parse_s3_access_line(s3_get.substr(0, s3_get.find(" 70 ")), op) ==
          line_verdict::operation);

    CHECK(parse_s3_access_line("\r", op) == line_verdict::blank);
    for (const std::string& bad :
         {std::string("x"), std::string("# comment"), replaced(s3_get, "[23", "(23"),
          replaced(s3_get, "5000", "5k"), replaced(s3_get, "REST.GET.OBJECT", "-"),
          replaced(s3_get, " 206 ", " two "), s3_get.substr(0, 90),
          replaced(s3_get, "5000", "99999999999999999999999")}) {
        CAPTURE(bad);
        CHECK(parse_s3_access_line(bad, op) == line_verdict::malformed);
    }
}

TEST_CASE("damaged lines are malformed or another operation, never more than that") {
    random_stream random(17);
    int malformed = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string line = round % 2 == 0 ? rgw_get : s3_get;
        const int damages = 1 + static_cast<int>(random.below(4));
        for (int i = 0; i < damages && !line.empty(); ++i) {
            const std::size_t at = random.below(line.size());
            switch (random.below(4)) {
                case 0:
                    line[at] = static_cast<char>(random.below(256));
                    break;
                case 1:
                    line.erase(at, 1 + random.below(20));
                    break;
                case 2:
                    line.insert(at, line.substr(random.below(line.size()), random.below(30)));
                    break;
                default:
                    line.resize(at);
                    break;
            }
        }
        recorded_line op;
        const line_verdict verdict =
            round % 2 == 0 ? parse_rgw_line(line, op) : parse_s3_access_line(line, op);
        malformed += verdict == line_verdict::malformed ? 1 : 0;
        if (verdict != line_verdict::operation) continue;
        CHECK(op.time_ns >= 0);
    }
    // Most damage to the JSON shows, and some to the other.
    CHECK(malformed > 5000);
    CHECK(malformed < 20'000);
}
