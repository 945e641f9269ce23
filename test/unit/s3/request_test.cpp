#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/tags.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../../support/allocations.hpp"
#include "rows.hpp"
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
    do {
        out.key_prefix =
            random_text(random, "abZ09-_.~ !$%&'+,:;=?@\"<>[]{}\xc3\xa4\xe2\x82\xac/", 60) + "x/";
    } while (("/" + out.key_prefix).find("/./") != std::string::npos ||
             ("/" + out.key_prefix).find("/../") != std::string::npos);
    return out;
}

asked on_object(std::uint64_t object) {
    asked what;
    what.object = object;
    return what;
}

const object_fields& all_fields() {
    static const object_fields all{.acl = "bucket-owner-full-control",
                                   .storage_class = std::string(64, 'S'),
                                   .metadata = std::string(2000, 'm'),
                                   .tags = most_tags,
                                   .encryption = "customer"};
    return all;
}

/// What makes each request as long as it can be. Views of the arguments.
asked everything(std::string_view hash, std::string_view token) {
    asked what = on_object(~0ULL);
    what.size = ~0ULL;
    what.offset = 1;
    what.length = ~0ULL - 1;
    what.max_keys = ~0U;
    what.one_directory = true;
    what.delimited = what.behind_a_key = what.names_owner = true;
    what.only_if = precondition::match;
    what.etag = hash;
    what.fields = &all_fields();
    what.version_token = token.substr(0, 1024);
    what.expects_continue = true;
    what.payload_hash = hash;
    what.token = token;
    what.part_number = ~0U;
    what.upload_id = token.substr(0, max_upload_id_bytes);
    what.version_id = token.substr(0, max_upload_id_bytes);
    what.body = token;
    return what;
}

void write_object_number(request_text& to, const asked& what, const request_place&) {
    to << "object " << what.object;
}

/// What no operation has so far: queries that stay the same, signed fields, on both sides of those
/// that every request has, that stay the same or do not.
constexpr operation_row own_rows[] = {
    {.name = "acl",
     .request = {.method = "PUT",
                 .sends = request_body::content,
                 .query = "acl=&versionId=a%2Fb",
                 .fields = {{.name = "x-amz-acl", .value = "public-read"},
                            {.name = "x-amz-tagging", .value = "a=b"}}},
     .gives = answer_body::text,
     .judge = nullptr,
     .successes = {}},
    {.name = "copy",
     .request = {.method = "PUT",
                 .query = "x-id=CopyObject",
                 .fields = {{.name = "x-amz-copy-source", .write = write_object_number},
                            {.name = "x-amz-metadata-directive", .value = "REPLACE"}}},
     .gives = answer_body::text,
     .judge = nullptr,
     .successes = {}},
};

struct expected {
    const char* method;
    std::string path;   // raw, below the bucket
    std::string query;  // canonical, without what signs it
    bool of_service = false;
    bool presigned = false;
};

/// Holds a head against what it should say, and its signature against the plain code.
parsed_request check(std::string_view head, const request_options& options, std::int64_t wall_s,
                     const expected& what, std::string_view made_bucket = {}) {
    parsed_request request = parse_request(head);
    const std::string bucket(made_bucket.empty() ? options.bucket : made_bucket);
    const bool in_path = options.style == addressing::path;
    std::string path = in_path ? "/" + bucket + what.path : what.path.empty() ? "/" : what.path;
    std::string target = http::percent_encode(path, http::slash::keep);
    if (what.of_service) target = "/";
    if (!what.query.empty()) target += "?" + what.query;
    CHECK(request.method == what.method);
    CHECK(request.target.substr(0, what.presigned ? request.target.find("?X-Amz-Algorithm=")
                                                  : std::string::npos) == target);
    const std::string* host = request.find("Host");
    REQUIRE(host != nullptr);
    CHECK(*host == (in_path || what.of_service ? options.host : bucket + "." + options.host));
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

/// A row's request, held against what its row and `what` say.
parsed_request check(std::string_view head, const request_options& options, std::int64_t wall_s,
                     const operation_row& row, const asked& what) {
    expected should{row.request.method.data(), "", std::string(row.request.query)};
    const bool is_aside = row.request.target == request_target::aside;
    if (is_aside || row.request.target == request_target::object) {
        should.path =
            "/" + object_key(options.key_prefix, what.object) + (is_aside ? ".aside" : "");
    }
    if (row.name == "upload_part" || row.name == "copy_part") {
        should.query = canonical_query(
            std::vector<name_value>{{"partNumber", std::to_string(what.part_number)},
                                    {"uploadId", std::string(what.upload_id)}});
    } else if (row.request.write_query == row_of("get_version").request.write_query) {
        should.query =
            canonical_query(std::vector<name_value>{{"versionId", std::string(what.version_id)}});
    } else if (row.name == "append_piece") {
        const bool as_s3 = what.fields != nullptr && what.fields->dialect == "s3";
        should.query = as_s3 ? "" : "append=&position=" + std::to_string(what.offset);
    } else if (row.name == "get_part") {
        should.query = "partNumber=" + std::to_string(what.part_number);
    } else if (row.name == "list_uploads") {
        should.query =
            canonical_query(std::vector<name_value>{{"max-uploads", std::to_string(what.max_keys)},
                                                    {"prefix", options.key_prefix},
                                                    {"uploads", ""}});
    } else if (row.request.write_query == row_of("complete_upload").request.write_query) {
        should.query =
            canonical_query(std::vector<name_value>{{"uploadId", std::string(what.upload_id)}});
    } else if (row.request.write_query != nullptr) {
        std::string prefix = options.key_prefix;
        constexpr std::string_view digits = "0123456789abcdef";
        if (what.one_directory) {
            prefix += digits[what.object >> 4 & 15];
            prefix += digits[what.object & 15];
            prefix += '/';
        }
        std::vector<name_value> query{{"max-keys", std::to_string(what.max_keys)},
                                      {"prefix", prefix}};
        if (what.delimited) query.push_back({"delimiter", "/"});
        const std::string start =
            what.behind_a_key ? object_key(options.key_prefix, what.object) : "";
        const std::string marker = what.token.empty() ? start : std::string(what.token);
        if (row.name == "list") {
            query.push_back({"list-type", "2"});
            if (what.names_owner) query.push_back({"fetch-owner", "true"});
            if (!start.empty()) query.push_back({"start-after", start});
            if (!what.token.empty())
                query.push_back({"continuation-token", std::string(what.token)});
        } else if (!marker.empty()) {
            query.push_back({row.name == "list_v1" ? "marker" : "key-marker", marker});
        }
        if (row.name == "list_versions") {
            query.push_back({"versions", ""});
            if (!what.version_token.empty())
                query.push_back({"version-id-marker", std::string(what.version_token)});
        }
        should.query = canonical_query(query);
    }
    should.of_service = row.request.target == request_target::service;
    should.presigned = row.request.presigned;
    parsed_request r =
        check(head, options, wall_s, should,
              row.request.target == request_target::made_bucket ? made_bucket(options, what.object)
                                                                : std::string());
    const bool has_range = row.request.write_fields != nullptr && what.length > 0;
    CHECK(text_of(r, "Range") == (has_range ? "bytes=" + std::to_string(what.offset) + "-" +
                                                  std::to_string(what.offset + what.length - 1)
                                            : "(absent)"));
    return r;
}

void check_condition(const parsed_request& r, const operation_row& row, const asked& what) {
    const precondition p = what.only_if != precondition::none ? what.only_if : row.request.only_if;
    const std::string tag = "\"" + std::string(what.etag) + "\"";
    std::string match = "(absent)";
    std::string none_match = "(absent)";
    if (p == precondition::absent) none_match = "*";
    if (p == precondition::unlike) none_match = tag;
    if (p == precondition::match) match = tag;
    if (p == precondition::match_other) match = "\"00000000000000000000000000000000\"";
    CHECK(text_of(r, "If-Match") == match);
    CHECK(text_of(r, "If-None-Match") == none_match);
}

/// As OpenSSL's own encoder says it.
std::string md5_of(std::string_view body) {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    REQUIRE(EVP_Digest(body.data(), body.size(), sum, &size, EVP_md5(), nullptr) == 1);
    unsigned char text[2 * EVP_MAX_MD_SIZE];
    EVP_EncodeBlock(text, sum, static_cast<int>(size));
    return reinterpret_cast<const char*>(text);
}

/// Of a signed field of a row; "(absent)" where it is left out.
std::string right_value(const signed_field& field, const request_options& options,
                        const asked& what, bool is_own) {
    if (field.write == nullptr) return std::string(field.value);
    const std::string object = std::to_string(what.object);
    if (is_own) return "object " + object;
    if (field.name == "x-amz-copy-source") {
        return http::percent_encode(
            options.bucket + "/" + object_key(options.key_prefix, what.object), http::slash::keep);
    }
    if (field.name == "x-amz-rename-source") {
        return http::percent_encode(object_key(options.key_prefix, what.object) + ".aside",
                                    http::slash::keep);
    }
    if (what.fields == nullptr) return "(absent)";
    std::string value;
    if (field.name == "x-amz-copy-source-range" && what.part_bytes() != what.size) {
        value = "bytes=" + std::to_string(what.offset) + "-" +
                std::to_string(what.offset + what.length - 1);
    }
    if (field.name == "x-amz-write-offset-bytes" && what.fields->dialect == "s3") {
        value = std::to_string(what.offset);
    }
    const std::string& encryption = what.fields->encryption;
    const customer_key key = derive_customer_key(options.who.secret_key);
    if (field.name == "x-amz-server-side-encryption") {
        if (encryption == "AES256") value = "AES256";
        if (encryption == "kms") value = "aws:kms";
    }
    if (field.name.ends_with("-kms-key-id") && encryption == "kms") value = what.fields->kms_key;
    if (field.name.ends_with("-customer-algorithm") && encryption == "customer") value = "AES256";
    if (field.name.ends_with("-customer-key") && encryption == "customer") value = key.key;
    if (field.name.ends_with("-customer-key-md5") && encryption == "customer") value = key.md5;
    if (field.name == "x-amz-acl") value = what.fields->acl;
    if (field.name == "x-amz-meta-chopsticks") value = what.fields->metadata;
    if (field.name == "x-amz-storage-class") value = what.fields->storage_class;
    for (std::uint32_t i = 0; field.name == "x-amz-tagging" && i < what.fields->tags; ++i) {
        const std::string number = std::to_string(i);
        value += (i > 0 ? "&t" : "t") + number + "=" + object + "-" + number;
    }
    return value.empty() ? "(absent)" : value;
}

}  // namespace

TEST_CASE("request_writer_every_row_is_signed_as_the_reference_signs") {
    random_stream random(42);
    for (int round = 0; round < 150; ++round) {
        const request_options options = random_options(random);
        request_writer writer(options);
        request_writer own(options, own_rows);
        const bool hashed = options.payload == payload_mode::hashed;
        for (int call = 0; call < 24; ++call) {
            // Back and forth over midnight, in steps that also keep the second.
            const std::int64_t now = midnight_s + static_cast<std::int64_t>(random.below(3)) - 1;
            const bool is_own = random.below(4) == 0;
            const std::span<const operation_row> rows = is_own ? own_rows : all_rows();
            const operation_row& row = rows[random.below(rows.size())];
            CAPTURE(row.name);
            if (row.request.is_posted()) continue;  // post_test.cpp
            asked what = on_object(random.below(4) == 0 ? random() : random.below(1000));
            what.size = random() >> random.below(64);
            what.max_keys = static_cast<std::uint32_t>(call);
            what.one_directory = random.below(2) == 0;
            what.delimited = random.below(2) == 0;
            what.behind_a_key = random.below(2) == 0;
            what.names_owner = random.below(2) == 0;
            what.only_if = static_cast<precondition>(random.below(5));
            what.etag = "0123456789abcdef0123456789abcdef";
            object_fields fields;
            if (random.below(2) == 0) fields.acl = "public-read";
            constexpr const char* encryptions[] = {"", "AES256", "kms", "customer"};
            fields.encryption = encryptions[random.below(4)];
            fields.kms_key = "key/1";
            fields.dialect = random.below(2) == 0 ? "s3" : "rgw";
            if (random.below(2) == 0) fields.metadata = std::string(random.below(2000), 'm');
            if (random.below(2) == 0) fields.storage_class = "STANDARD_IA";
            fields.tags = static_cast<std::uint32_t>(random.below(most_tags + 1));
            if (random.below(2) == 0) what.fields = &fields;
            what.expects_continue = random.below(2) == 0;
            std::string token;
            for (std::uint64_t n = random.below(3) * random.below(700); n > 0; --n)
                token += static_cast<char>(random());
            what.token = token;
            what.version_token = std::string_view(token).substr(0, random.below(1025));
            what.upload_id = std::string_view(token).substr(0, max_upload_id_bytes);
            what.part_number = static_cast<std::uint32_t>(random.below(10'000));
            what.body = token;
            if (random.below(2) == 0) {
                what.offset = random() >> 1;
                what.length = 1 + random.below(~0ULL - what.offset);
            }
            const std::string hash =
                random.below(2) == 0 ? sha256_hex(std::to_string(random())) : "";
            const bool own_body = row.request.sends == request_body::content ||
                                  row.request.sends == request_body::given;
            if (own_body) what.payload_hash = hash;
            const whole_request sent = (is_own ? own : writer).write(row, what, now);
            const parsed_request r = check(sent.head, options, now, row, what);
            std::string_view right = hashed ? empty_sha256_hex : payload_hash_unsigned;
            std::string body_hash;
            if (own_body) {
                right = hash.empty() ? payload_hash_unsigned : std::string_view(hash);
            } else if (hashed && !sent.body.empty()) {
                body_hash = sha256_hex(sent.body);
                right = body_hash;
            }
            CHECK(text_of(r, "x-amz-content-sha256") ==
                  (row.request.presigned ? std::string_view("(absent)") : right));
            check_condition(r, row, what);
            CHECK(text_of(r, "Content-MD5") ==
                  (row.request.digested ? md5_of(sent.body) : "(absent)"));
            if (row.request.sends == request_body::content) {
                CHECK(text_of(r, "Content-Length") == std::to_string(what.part_bytes()));
                CHECK(text_of(r, "Expect") ==
                      (what.expects_continue ? "100-continue" : "(absent)"));
            }
            for (const signed_field& field : row.request.fields) {
                if (field.name.empty()) continue;
                CHECK(text_of(r, field.name) == right_value(field, options, what, is_own));
            }
        }
    }
}

TEST_CASE("request_writer_control_requests_are_signed_as_the_reference_signs") {
    random_stream random(43);
    const std::vector<name_value> query{{"uploads", ""}, {"a b", "\xc3\xa4/+"}};
    const std::vector<name_value> headers{{"x-amz-meta-b", " two  words "},
                                          {"Content-Type", "text/plain"}};
    for (int round = 0; round < 150; ++round) {
        const request_options options = random_options(random);
        request_writer writer(options);
        const std::string path = writer.raw_path("an \xc3\xa4 key+%");
        const parsed_request r =
            check(writer.request("POST", path, query, headers, 12, sha256_hex("x"), midnight_s),
                  options, midnight_s, {"POST", "/an \xc3\xa4 key+%", canonical_query(query)});
        CHECK(text_of(r, "Content-Type") == "text/plain");
        CHECK(text_of(r, "Content-Length") == "12");
    }
}

TEST_CASE("request_writer_get_is_the_expected_text") {
    request_writer writer(plain_options());
    const std::string text(writer.write(row_of("get"), on_object(42), midnight_s).head);
    const std::size_t at = text.find("Signature=") + 10;
    CHECK(text.substr(0, at) ==
          "GET /bucket/" + object_key("p/", 42) +
              " HTTP/1.1\r\nHost: rgw:8000\r\nUser-Agent: chopsticks/" CHOPSTICKS_VERSION
              "\r\nx-amz-content-sha256: UNSIGNED-PAYLOAD\r\nx-amz-date: 20130524T000000Z\r\n"
              "Authorization: AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request, "
              "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=");
    CHECK(text.substr(at + 64) == "\r\n\r\n");
}

TEST_CASE("request_writer_nothing_of_a_request_is_left_in_the_next_of_its_kind") {
    for (const operation_row& row : all_rows()) {
        CAPTURE(row.name);
        request_writer writer(plain_options());
        const std::string before(writer.write(row, on_object(1), midnight_s).head);
        writer.write(row, everything(std::string(64, 'a'), "token"), midnight_s);
        // A hash changes the signature, and is left in no place but one that is always written.
        CHECK(writer.write(row, on_object(1), midnight_s).head == before);
    }
}

TEST_CASE("request_writer_measured_calls_allocate_nothing") {
    request_options options = plain_options();
    options.who.session_token = std::string(1000, 't');
    options.region = "eu-west-3";
    const std::string hash(64, 'a');
    const std::string token(request_writer::max_token_bytes, '\xff');
    for (const addressing style : {addressing::path, addressing::virtual_host}) {
        options.style = style;
        request_writer writer(options);
        request_writer own(options, own_rows);
        const std::uint64_t before = allocations();
        for (int i = 0; i < 100; ++i) {
            for (const auto& [by, rows] :
                 {std::pair(&writer, all_rows()),
                  std::pair(&own, std::span<const operation_row>(own_rows))}) {
                for (const operation_row& row : rows) {
                    by->write(row, everything(hash, token), midnight_s - 50 + i);
                    by->write(row, on_object(~0ULL), midnight_s - 50 + i);
                }
            }
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
