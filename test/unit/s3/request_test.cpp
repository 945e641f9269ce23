#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <string>

#include "../../support/allocations.hpp"
#include "wire.hpp"

using namespace chopsticks;
using namespace chopsticks::s3;

namespace {

constexpr std::int64_t midnight_s = 1'369'353'600;

request_options plain_options() {
    request_options out;
    out.who = {"AK", "secret", ""};
    out.host = "rgw:8000";
    out.bucket = "bucket";
    out.key_prefix = "p/";
    out.bucket_stem = made_bucket_stem("bucket", "20261122T150405Z-abcdef3f9a2c", 0);
    return out;
}

std::string random_text(random_stream& random, std::string_view alphabet, std::uint64_t longest) {
    std::string out(random.below(longest + 1), '\0');
    for (char& c : out)
        c = alphabet[random.below(alphabet.size())];
    return out;
}

request_options random_options(random_stream& random) {
    constexpr std::string_view visible = "abcXYZ019+/=-_.~!$%&'()*,:;?@[]^`{|}<>\"\\#";
    request_options out;
    out.who.access_key = "A" + random_text(random, "ABCDEFG234567", 19);
    out.who.secret_key = random_text(random, visible, 90) + "s";
    if (random.below(3) == 0) out.who.session_token = random_text(random, visible, 400);
    out.region = random.below(2) == 0 ? "us-east-1" : "r" + random_text(random, "abc-019", 12);
    out.host = random.below(2) == 0 ? "[2001:db8::1]:7480" : "s3.example.net";
    out.bucket = "b" + random_text(random, "abc019-", 30);
    out.bucket_stem = made_bucket_stem(out.bucket, "20261122T150405Z-abcdef3f9a2c", 12);
    out.style = random.below(2) == 0 ? addressing::path : addressing::virtual_host;
    out.payload = random.below(2) == 0 ? payload_mode::hashed : payload_mode::unsigned_payload;
    out.key_prefix =
        random_text(random, "abZ09-_.~ !$%&'+,:;=?@\"<>[]{}\xc3\xa4\xe2\x82\xac/", 60) + "x/";
    return out;
}

struct expected {
    const char* method;
    std::string path;   // raw, below the bucket
    std::string query;  // canonical
};

/// Holds a head against what it should say, and its signature against the plain code.
parsed_request check(std::string_view head, const request_options& options, std::int64_t wall_s,
                     const expected& what, std::string_view made_bucket = {}) {
    parsed_request request = parse_request(head);
    const std::string bucket(made_bucket.empty() ? options.bucket : made_bucket);
    const bool in_path = options.style == addressing::path;
    std::string path = in_path ? "/" + bucket + what.path : what.path.empty() ? "/" : what.path;
    std::string target = http::percent_encode(path, http::slash::keep);
    if (!what.query.empty()) target += "?" + what.query;
    CHECK(request.method == what.method);
    CHECK(request.target == target);
    const std::string* host = request.find("Host");
    REQUIRE(host != nullptr);
    CHECK(*host == (in_path ? options.host : bucket + "." + options.host));
    const verification v = verify_wire(request, options.who, options.region, wall_s);
    CAPTURE(head);
    REQUIRE(v.outcome == verdict::ok);
    CHECK(v.amz_date == amz_date(wall_s));
    CHECK(v.session_token == options.who.session_token);
    CHECK(*request.find("User-Agent") == "chopsticks/" CHOPSTICKS_VERSION);
    return request;
}

/// Which of all numbers it is, said another way than the code under test says it.
std::string made_bucket(const request_options& options, std::uint64_t number) {
    std::string digits;
    do {
        digits.insert(digits.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]);
        number /= 36;
    } while (number > 0);
    return options.bucket_stem + digits;
}

std::string text_of(const parsed_request& request, std::string_view name) {
    const std::string* value = request.find(name);
    return value != nullptr ? *value : "(absent)";
}

}  // namespace

TEST_CASE("request_writer_every_call_is_signed_as_the_reference_signs") {
    random_stream random(42);
    constexpr std::string_view hash_field = "x-amz-content-sha256";
    for (int round = 0; round < 150; ++round) {
        const request_options options = random_options(random);
        request_writer writer(options);
        const bool hashed = options.payload == payload_mode::hashed;
        const std::string_view empty_hash = hashed ? empty_sha256_hex : payload_hash_unsigned;
        for (int call = 0; call < 24; ++call) {
            // Back and forth over midnight, in steps that also keep the second.
            const std::int64_t now = midnight_s + static_cast<std::int64_t>(random.below(3)) - 1;
            const std::uint64_t index = random.below(4) == 0 ? random() : random.below(1000);
            const std::string key = "/" + object_key(options.key_prefix, index);
            parsed_request r;
            switch (random.below(11)) {
                case 0:
                    r = check(writer.get(index, now), options, now, {"GET", key, ""});
                    CHECK(text_of(r, "Range") == "(absent)");
                    CHECK(text_of(r, hash_field) == empty_hash);
                    break;
                case 1: {
                    const std::uint64_t first = random() >> random.below(64);
                    const std::uint64_t last = std::max(first, random());
                    r = check(writer.get_range(index, first, last, now), options, now,
                              {"GET", key, ""});
                    CHECK(text_of(r, "Range") ==
                          "bytes=" + std::to_string(first) + "-" + std::to_string(last));
                    break;
                }
                case 2:
                    check(writer.head(index, now), options, now, {"HEAD", key, ""});
                    break;
                case 3:
                    check(writer.remove(index, now), options, now, {"DELETE", key, ""});
                    break;
                case 4: {
                    const std::uint64_t size = random() >> random.below(64);
                    const bool expect = random.below(2) == 0;
                    const std::string hash =
                        random.below(2) == 0 ? sha256_hex(std::to_string(random())) : "";
                    r = check(writer.put(index, size, hash, expect, now), options, now,
                              {"PUT", key, ""});
                    CHECK(text_of(r, "Content-Length") == std::to_string(size));
                    CHECK(text_of(r, "Expect") == (expect ? "100-continue" : "(absent)"));
                    CHECK(text_of(r, hash_field) == (hash.empty() ? payload_hash_unsigned : hash));
                    break;
                }
                case 5:
                case 6: {
                    std::optional<unsigned> directory;
                    std::string prefix = options.key_prefix;
                    if (random.below(2) == 0) {
                        directory = key_directory(index);
                        prefix = object_key(options.key_prefix, index).substr(0, prefix.size() + 3);
                    }
                    std::string token;
                    for (std::uint64_t n = random.below(3) * random.below(700); n > 0; --n) {
                        token += static_cast<char>(random());
                    }
                    std::vector<name_value> query{
                        {"list-type", "2"}, {"max-keys", std::to_string(call)}, {"prefix", prefix}};
                    if (!token.empty()) query.push_back({"continuation-token", token});
                    check(writer.list(directory, static_cast<std::uint32_t>(call), token, now),
                          options, now, {"GET", "", canonical_query(query)});
                    break;
                }
                case 7: {
                    const whole_request made = writer.create_bucket(index, now);
                    r = check(made.head, options, now, {"PUT", "", ""},
                              made_bucket(options, index));
                    CHECK(text_of(r, "Content-Length") == std::to_string(made.body.size()));
                    CHECK(made.body.empty() == (options.region == "us-east-1"));
                    CHECK(text_of(r, hash_field) ==
                          (hashed ? sha256_hex(made.body) : std::string(payload_hash_unsigned)));
                    break;
                }
                case 8:
                    check(writer.head_bucket(request_writer::own_bucket, now), options, now,
                          {"HEAD", "", ""});
                    break;
                case 9:
                    check(writer.remove_bucket(index, now), options, now, {"DELETE", "", ""},
                          made_bucket(options, index));
                    break;
                default: {
                    const std::vector<name_value> query{{"uploads", ""}, {"a b", "\xc3\xa4/+"}};
                    const std::vector<name_value> headers{{"x-amz-meta-b", " two  words "},
                                                          {"Content-Type", "text/plain"}};
                    const std::string path = writer.raw_path("an \xc3\xa4 key+%");
                    r = check(
                        writer.request("POST", path, query, headers, 12, sha256_hex("x"), now),
                        options, now, {"POST", "/an \xc3\xa4 key+%", canonical_query(query)});
                    CHECK(text_of(r, "Content-Type") == "text/plain");
                    CHECK(text_of(r, "Content-Length") == "12");
                    break;
                }
            }
        }
    }
}

TEST_CASE("request_writer_get_is_the_expected_text") {
    request_writer writer(plain_options());
    const std::string text(writer.get(42, midnight_s));
    const std::size_t at = text.find("Signature=") + 10;
    CHECK(text.substr(0, at) ==
          "GET /bucket/" + object_key("p/", 42) +
              " HTTP/1.1\r\nHost: rgw:8000\r\nUser-Agent: chopsticks/" CHOPSTICKS_VERSION
              "\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\nx-amz-date: 20130524T000000Z\r\n"
              "Authorization: AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request, "
              "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=");
    CHECK(text.substr(at + 64) == "\r\n\r\n");
}

TEST_CASE("request_writer_range_leaves_nothing_in_the_next_get") {
    request_writer writer(plain_options());
    const std::string before(writer.get(1, midnight_s));
    writer.get_range(1, 0, ~0ULL, midnight_s);
    CHECK(writer.get(1, midnight_s) == before);
}

TEST_CASE("request_writer_measured_calls_allocate_nothing") {
    request_options options = plain_options();
    options.who.session_token = std::string(1000, 't');
    options.region = "eu-west-3";
    for (const addressing style : {addressing::path, addressing::virtual_host}) {
        options.style = style;
        request_writer writer(options);
        const std::string hash(64, 'a');
        const std::string token(request_writer::max_token_bytes, '\xff');
        const std::uint64_t before = allocations();
        for (std::uint64_t i = 0; i < 100; ++i) {
            const std::int64_t now = midnight_s - 50 + static_cast<std::int64_t>(i);
            writer.get(i, now);
            writer.get_range(i, 0, ~0ULL, now);
            writer.head(i, now);
            writer.remove(i, now);
            writer.put(i, ~0ULL, hash, true, now);
            writer.put(i, 1, {}, false, now);
            writer.list(255, ~0U, token, now);
            writer.list(std::nullopt, 1, {}, now);
            writer.create_bucket(~0ULL, now);
            writer.head_bucket(~0ULL, now);
            writer.remove_bucket(std::nullopt, now);
        }
        CHECK(allocations() == before);
    }
}

TEST_CASE("request_writer_options_that_would_break_a_request_are_refused") {
    const auto refused = [](auto&& change) {
        request_options options = plain_options();
        change(options);
        try {
            request_writer writer(options);
        } catch (const config_error&) {
            return true;
        }
        return false;
    };
    CHECK_FALSE(refused([](auto&) {}));
    CHECK(refused([](auto& o) { o.host = ""; }));
    CHECK(refused([](auto& o) { o.host = "h\r\nX: y"; }));
    CHECK(refused([](auto& o) { o.host = "h/path"; }));
    CHECK(refused([](auto& o) { o.bucket = ""; }));
    CHECK(refused([](auto& o) { o.bucket = "a/b"; }));
    CHECK(refused([](auto& o) { o.bucket = "a b"; }));
    CHECK(refused([](auto& o) { o.who.access_key = ""; }));
    CHECK(refused([](auto& o) { o.who.access_key = "A\nB"; }));
    CHECK(refused([](auto& o) { o.who.secret_key = ""; }));
    CHECK(refused([](auto& o) { o.who.session_token = "a b"; }));
    CHECK(refused([](auto& o) { o.region = ""; }));
    CHECK(refused([](auto& o) { o.region = "a/b"; }));
    CHECK(refused([](auto& o) { o.key_prefix = "a\nb"; }));
    CHECK(refused([](auto& o) { o.key_prefix = "a/../b/"; }));
    CHECK(refused([](auto& o) { o.key_prefix = std::string(1001, 'p'); }));
    CHECK(refused([](auto& o) {
        o.bucket = "Upper_Case";
        o.style = addressing::virtual_host;
    }));
    CHECK_FALSE(refused([](auto& o) { o.bucket = "Upper_Case"; }));
    CHECK_FALSE(refused([](auto& o) { o.key_prefix = "\xc3\xa4 b/..c/"; }));
}

TEST_CASE("object_key_is_read_back_and_spreads_over_directories") {
    random_stream random(5);
    std::uint64_t directories[256] = {};
    for (std::uint64_t i = 0; i < 25'600; ++i) {
        const std::uint64_t index = i < 12'800 ? i : random();
        const std::string key = object_key("pre/fix", index);
        REQUIRE(key.size() == 7 + key_suffix_size);
        REQUIRE(http::percent_encode(key, http::slash::keep) == key);
        REQUIRE(parse_object_key("pre/fix", key) == index);
        ++directories[key_directory(index)];
    }
    for (const std::uint64_t count : directories) {
        CHECK(count > 50);
        CHECK(count < 160);
    }
}

TEST_CASE("parse_object_key_foreign_key_is_nothing") {
    const std::string key = object_key("p/", 42);
    CHECK(parse_object_key("p/", key) == 42);
    CHECK_FALSE(parse_object_key("q/", key));
    CHECK_FALSE(parse_object_key("", key));
    CHECK_FALSE(parse_object_key("p/", key + "0"));
    CHECK_FALSE(parse_object_key("p/", key.substr(0, key.size() - 1)));
    for (std::size_t at = 2; at < key.size(); ++at) {
        std::string other = key;
        other[at] = 'G';
        CHECK_FALSE(parse_object_key("p/", other));
    }
    std::string wrong_directory = key;
    wrong_directory[2] = wrong_directory[2] == '0' ? '1' : '0';
    CHECK_FALSE(parse_object_key("p/", wrong_directory));
}

TEST_CASE("made_bucket_names_hold_the_run_keep_to_63_characters_and_are_read_back") {
    const std::string run = "20261122T150405Z-abcdef3f9a2c";
    for (const std::string bucket :
         {"x", "chopsticks", "a.b-c.d-e.f-g.h-i.j", "sixteen-characte--",
          "long-long-long-long-long-long-long-long-long-long-long-long"}) {
        for (const std::size_t group : {0U, 1U, 10U, 99U}) {
            const std::string stem = made_bucket_stem(bucket, run, group);
            CAPTURE(stem);
            CHECK(stem.find("-20261122t150405z-abcdef3f9a2c-") != std::string::npos);
            CHECK(stem.size() + bucket_number_size <= 63);
            CHECK(stem.substr(0, 1) == bucket.substr(0, 1));
            CHECK(stem.find("--") == std::string::npos);
            CHECK(stem.find(".-") == std::string::npos);
            CHECK(parse_made_bucket(stem, stem + "0") == 0);
            CHECK(parse_made_bucket(stem, stem + "3w5e11264sgsf") == ~0ULL);
            for (const char* other : {"", "00", "A", "-1", "1x!", " 1", "1 ", "3w5e11264sgsg"})
                CHECK_FALSE(parse_made_bucket(stem, stem + other));
            CHECK_FALSE(parse_made_bucket(stem, bucket));
            // Neither another group's nor another run's.
            CHECK_FALSE(parse_made_bucket(stem, made_bucket_stem(bucket, run, group + 1) + "0"));
            CHECK_FALSE(parse_made_bucket(
                stem, made_bucket_stem(bucket, "20261122T150405Z-abcdef3f9a2d", group) + "0"));
        }
    }
}
