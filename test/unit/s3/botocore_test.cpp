// Requests against those of botocore, which is not ours (make_requests.py).

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/http/percent.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "rows.hpp"
#include "wire.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::s3;

/// What a case asks for; the members that `what` refers to go with it.
struct case_asked {
    explicit case_asked(const nlohmann::json& from) {
        what.object = 7;
        what.size = 100;
        what.max_keys = 10;
        what.prefix = "p &/";
        what.etag = "0123456789abcdef0123456789abcdef";
        what.delimited = from.value("delimited", false);
        what.behind_a_key = from.value("behind_a_key", false);
        what.one_directory = from.value("one_directory", false);
        what.names_owner = from.value("names_owner", false);
        what.token = token = from.value("token", "");
        what.version_token = version_token = from.value("version_token", "");
        what.upload_id = upload_id = from.value("upload_id", "");
        what.part_number = from.value("part", 0U);
        what.version_id = version_id = from.value("version_id", "");
        what.bucket = "stem-7";
        what.tags = from.value("tags", 0U);
        what.rows = from.value("rows", 0U);
        what.all_rows = from.value("all", false);
        if (from.contains("range")) {
            what.offset = from["range"][0];
            what.length = from["range"][1];
        }
        const std::string only_if = from.value("only_if", "");
        if (only_if == "absent") what.only_if = precondition::absent;
        if (only_if == "match") what.only_if = precondition::match;
        for (const auto& number : from.value("subjects", nlohmann::json::array()))
            subjects.push_back({number.get<std::uint64_t>()});
        what.subjects = subjects;
        fields.acl = from.value("acl", "");
        fields.storage_class = from.value("storage_class", "");
        fields.metadata = std::string(from.value("metadata", 0U), 'm');
        fields.tags = what.tags;
        fields.lock_mode = from.value("lock_mode", "");
        fields.encryption = from.value("encryption", "");
        fields.kms_key = from.value("kms_key", "");
        fields.dialect = from.value("dialect", "");
        fields.restore_status = from.value("restore_status", false);
        what.now_s = from.value("now", std::int64_t{0});
        what.retain_s = from.value("retain", 0U);
        what.hold = from.value("hold", false);
        if (!fields.is_empty() || from.value("no_fields", false)) what.fields = &fields;
    }
    case_asked(const case_asked&) = delete;
    case_asked& operator=(const case_asked&) = delete;

    asked what;
    object_fields fields;
    std::vector<subject> subjects;
    std::string token;
    std::string version_token;
    std::string upload_id;
    std::string version_id;
};

using pairs = std::vector<std::vector<std::string>>;

/// Decoded and sorted.
pairs query_of(const std::string& target) {
    pairs out;
    std::size_t at = target.find('?');
    while (at != std::string::npos) {
        const std::size_t end = target.find('&', ++at);
        const std::string pair = target.substr(at, end - at);
        const std::size_t equals = pair.find('=');
        REQUIRE(equals != std::string::npos);
        const auto name = http::percent_decode(pair.substr(0, equals));
        const auto value = http::percent_decode(pair.substr(equals + 1));
        REQUIRE((name && value));
        out.push_back({*name, *value});
        at = end;
    }
    std::sort(out.begin(), out.end());
    return out;
}

/// Those that are the operation's own.
std::map<std::string, std::string> fields_of(const parsed_request& r) {
    std::map<std::string, std::string> out;
    for (const name_value& header : r.headers) {
        std::string name = header.name;
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        const bool is_own =
            name == "if-match" || name == "if-none-match" || name == "range" ||
            (name.starts_with("x-amz-") && name != "x-amz-date" && name != "x-amz-content-sha256");
        if (is_own) out[name] = header.value;
    }
    return out;
}

TEST_CASE("request_of_every_row_is_that_of_botocore") {
    std::ifstream file(CHOPSTICKS_TEST_DATA "/requests_botocore.json");
    REQUIRE(file.good());
    const auto document = nlohmann::json::parse(file);
    request_options options;
    options.who = {"AK", "SK", ""};
    options.host = "h";
    options.bucket = document["bucket"];
    options.key_prefix = document["prefix"];
    options.bucket_stem = "stem-";
    request_writer writer(options);
    std::set<std::string> seen;
    for (const auto& c : document["cases"]) {
        const std::string name = c["row"];
        CAPTURE(name);
        CAPTURE(c["asked"].dump());
        seen.insert(name);
        const operation_row& row = row_of(name);
        case_asked from(c["asked"]);
        std::string body;
        if (row.request.write_body != nullptr) {
            row.request.write_body(body, from.what);
            from.what.body = body;
        }
        const whole_request sent = writer.write(row, from.what, 1'500'000'000);
        const parsed_request r = parse_request(sent.head);
        CHECK(r.method == c["method"].get<std::string>());
        CHECK(r.target.substr(0, r.target.find('?')) == c["path"].get<std::string>());
        CHECK(query_of(r.target) == c["query"].get<pairs>());
        CHECK(fields_of(r) == c["headers"].get<std::map<std::string, std::string>>());
        CHECK(sent.body == c["body"].get<std::string>());
    }
    // Made buckets have names of our own, parts of an upload are listed by the driver, and what is
    // signed in the query or in a form is below.
    const std::set<std::string> apart{"create_bucket",     "delete_bucket", "complete_upload",
                                      "complete_existing", "presigned_get", "presigned_put",
                                      "form_put"};
    for (const operation_row& row : all_rows()) {
        const std::string name(row.name);
        CHECK_MESSAGE(seen.contains(name) != apart.contains(name), name);
    }
}

TEST_CASE("request_that_is_signed_in_its_query_is_that_of_botocore") {
    std::ifstream file(CHOPSTICKS_TEST_DATA "/requests_botocore.json");
    REQUIRE(file.good());
    const auto document = nlohmann::json::parse(file);
    std::set<std::string> seen;
    for (const auto& c : document["presigned"]) {
        const std::string name = c["row"];
        CAPTURE(name);
        CAPTURE(c["asked"].dump());
        seen.insert(name);
        request_options options;
        options.who = {"AK", "SK", c["session_token"]};
        options.host = "h";
        options.bucket = document["bucket"];
        options.key_prefix = document["prefix"];
        request_writer writer(options);
        const operation_row& row = row_of(name);
        const case_asked from(c["asked"]);
        const parsed_request r = parse_request(writer.write(row, from.what, 1'500'000'000).head);
        const std::string right = c["target"];
        CHECK(r.target.substr(0, r.target.find('?')) == right.substr(0, right.find('?')));
        // The signature is among them.
        CHECK(query_of(r.target) == query_of(right));
        // What it is about goes along.
        for (const signed_field& field : row.request.fields) {
            if (field.name.empty()) continue;
            const bool is_signed =
                right.find("%3B" + std::string(field.name) + "%3B") != std::string::npos ||
                right.find("%3B" + std::string(field.name) + "&") != std::string::npos;
            CHECK((r.find(field.name) != nullptr) == is_signed);
        }
    }
    for (const operation_row& row : all_rows())
        CHECK_MESSAGE(seen.contains(std::string(row.name)) == row.request.presigned, row.name);
}

TEST_CASE("request_that_is_a_form_is_that_of_botocore") {
    std::ifstream file(CHOPSTICKS_TEST_DATA "/requests_botocore.json");
    REQUIRE(file.good());
    const auto document = nlohmann::json::parse(file);
    REQUIRE(document["posted"].size() > 0);
    for (const auto& c : document["posted"]) {
        CAPTURE(c["asked"].dump());
        request_options options;
        options.who = {"AK", "SK", c["session_token"]};
        options.host = "h";
        options.bucket = document["bucket"];
        options.key_prefix = document["prefix"];
        request_writer writer(options);
        case_asked from(c["asked"]);
        from.what.expects_continue = true;
        const whole_request sent = writer.write(row_of("form_put"), from.what, 1'500'000'000);
        const parsed_request r = parse_request(sent.head);
        CHECK(r.method == "POST");
        CHECK(r.target == c["path"].get<std::string>());
        CHECK(*r.find("Host") == "h");
        CHECK(*r.find("Content-Type") == c["type"].get<std::string>());
        CHECK(*r.find("Expect") == "100-continue");
        CHECK(*r.find("Content-Length") ==
              std::to_string(sent.body.size() + 100 + sent.tail.size()));
        CHECK(r.find("Authorization") == nullptr);
        // The policy and its signature are among it.
        CHECK(sent.body == c["before"].get<std::string>());
        CHECK(sent.tail == c["tail"].get<std::string>());
    }
}

TEST_CASE("request_that_is_a_form_has_the_bucket_where_the_others_have_it") {
    request_options options;
    options.who = {"AK", "SK", ""};
    options.host = "h";
    options.bucket = "b";
    options.style = addressing::virtual_host;
    options.key_prefix = std::string(1000, '"');
    request_writer writer(options);
    asked what;
    what.object = 7;
    what.size = 100;
    object_fields fields;
    fields.metadata = std::string(2000, 'm');
    fields.encryption = "kms";
    fields.kms_key = std::string(512, '\\');
    what.fields = &fields;
    // Of the longest there can be.
    const whole_request sent = writer.write(row_of("form_put"), what, 1'500'000'000);
    const parsed_request r = parse_request(sent.head);
    CHECK(r.target == "/");
    CHECK(*r.find("Host") == "b.h");
    CHECK(sent.body.find("\r\n\r\n" + std::string(1000, '"')) != std::string_view::npos);
}

}  // namespace
