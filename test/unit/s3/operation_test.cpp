// The table of operations: what each of them sends, and that nothing is success by default.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/workload.hpp>
#include <set>
#include <string>

#include "judged_answer.hpp"
#include "rows.hpp"
#include "wire.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::s3;

TEST_CASE("operation_table_has_a_row_for_each_request_of_the_workload_and_no_other") {
    std::set<std::string_view> requests;
    for (const auto& operation : describe_workload().operations) {
        if (!operation.parts.empty()) {
            requests.insert(operation.parts.begin(), operation.parts.end());
            CHECK(find_row(operation.name) == nullptr);
            continue;
        }
        requests.insert(operation.name);
        const operation_row& row = row_of(operation.name);
        CHECK(row.name == operation.name);
        CHECK((row.request.sends == request_body::content) ==
              (operation.carries == scenario::payload::sent));
        CHECK((row.gives == answer_body::content) ==
              (operation.carries == scenario::payload::received));
        // Objects that are amended have their content written anew, or not.
        if (operation.use != scenario::subject_use::amend) {
            CHECK(row.writes == scenario::changes_objects(operation.use));
            CHECK(row.makes_object == (operation.carries == scenario::payload::sent));
        }
        CHECK((!row.makes_object || row.writes));
        CHECK((row.buckets == bucket_effect::makes) ==
              (operation.use == scenario::subject_use::make_container));
        CHECK((row.buckets == bucket_effect::amends) ==
              (operation.use == scenario::subject_use::amend_container));
        CHECK((row.buckets == bucket_effect::removes) ==
              (operation.use == scenario::subject_use::remove_container));
        for (const asked_parameter& wanted : row.parameters) {
            const int goes_to = (wanted.count != nullptr) + (wanted.flag != nullptr) +
                                (wanted.text != nullptr) + (wanted.filler != nullptr) +
                                (wanted.number != nullptr) + (wanted.said != nullptr);
            CHECK(goes_to == (wanted.name.empty() ? 0 : 1));
            if (wanted.name.empty()) continue;
            CHECK_MESSAGE(std::any_of(operation.parameters.begin(), operation.parameters.end(),
                                      [&](const auto& known) { return known.name == wanted.name; }),
                          wanted.name);
        }
    }
    for (const std::string_view name : requests)
        CHECK_MESSAGE(find_row(name) != nullptr, name);
    CHECK(all_rows().size() == requests.size());
    for (const char* other : {"", "pu", "putt", "PUT"})
        CHECK(find_row(other) == nullptr);
}

request_options options_of_requests() {
    request_options options;
    options.who = {"AK", "SK", ""};
    options.host = "h";
    options.bucket = "b";
    options.key_prefix = "p/";
    options.bucket_stem = "stem-";
    options.region = "eu-west-3";
    return options;
}

TEST_CASE("operation_requests_are_what_their_rows_say") {
    request_writer writer(options_of_requests());
    for (const operation_row& row : all_rows()) {
        CAPTURE(row.name);
        asked what = ask_for_100();
        const whole_request sent = writer.write(row, what, 1'500'000'000);
        const parsed_request r = parse_request(sent.head);
        CHECK(r.method == row.request.method);
        switch (row.request.target) {
            case request_target::service:
                CHECK(r.target == "/");
                break;
            case request_target::object:
                CHECK(r.target.starts_with("/b/" + object_key("p/", 7)));
                break;
            case request_target::aside:
                CHECK(r.target.starts_with("/b/" + object_key("p/", 7) + ".aside"));
                break;
            case request_target::form:
            case request_target::bucket:
                CHECK((r.target == "/b" || r.target.starts_with("/b?")));
                break;
            case request_target::made_bucket:
                CHECK((r.target == "/stem-7" || r.target.starts_with("/stem-7?")));
                break;
        }
        const std::string* length = r.find("Content-Length");
        switch (row.request.sends) {
            case request_body::none:
                // Who may expect a body hears that there is none.
                CHECK((length != nullptr) == (r.method == "PUT" || r.method == "POST"));
                if (length != nullptr) CHECK(*length == "0");
                break;
            case request_body::given:
                REQUIRE(length != nullptr);
                CHECK(*length == "8");
                CHECK(sent.body == "<given/>");
                break;
            case request_body::content:
                REQUIRE(length != nullptr);
                CHECK(*length == std::to_string(sent.body.size() + 100 + sent.tail.size()));
                CHECK(sent.body.empty() != row.request.is_posted());
                break;
            case request_body::rendered:
                REQUIRE(length != nullptr);
                CHECK(*length == std::to_string(sent.body.size()));
                break;
        }
        what.expects_continue = true;
        const parsed_request again = parse_request(writer.write(row, what, 1'500'000'000).head);
        CHECK((again.find("Expect") != nullptr) == (row.request.sends == request_body::content));
    }
}

TEST_CASE("operation_requests_hold_what_only_they_have") {
    request_writer writer(options_of_requests());
    asked part = ask_for_100();
    part.offset = 10;
    part.length = 20;
    CHECK(*parse_request(writer.write(row_of("get"), part, 1).head).find("Range") == "bytes=10-29");
    asked listing = ask_for_100();
    listing.token = "t o";
    listing.one_directory = true;
    listing.object = 0x12ab;
    const std::string target = parse_request(writer.write(row_of("list"), listing, 1).head).target;
    CHECK(target == "/b?continuation-token=t%20o&list-type=2&max-keys=10&prefix=p%2Fab%2F");
    const whole_request made = writer.write(row_of("create_bucket"), ask_for_100(), 1);
    CHECK(made.body.find("<LocationConstraint>eu-west-3</LocationConstraint>") !=
          std::string_view::npos);
}

TEST_CASE("operation_is_done_by_the_statuses_of_its_row_and_no_other") {
    for (const operation_row& row : all_rows()) {
        for (int status = 100; status <= 999; ++status) {
            const judged_answer r(row, status);
            const verdict_of v(row, r.a);
            CAPTURE(row.name);
            CAPTURE(status);
            bool listed = std::find(std::begin(row.successes), std::end(row.successes), status) !=
                          std::end(row.successes);
            for (const expected_refusal& one : row.refusals)
                listed |= one.status == status;
            // A 206 has to name the bytes that were asked for, which this one does not.
            const bool done = listed && status != 206;
            REQUIRE(!v.why == done);
            REQUIRE((v.why.code[0] == '\0') == done);
            REQUIRE((v.why.text[0] == '\0') == done);
            if (!listed && status != 206 && row.successes[0] != 0) {
                REQUIRE(std::string(v.why.code) == "HTTP" + std::to_string(status));
            }
            if (status < 200 || status >= 300) REQUIRE(v.bytes == 0);
        }
    }
}

TEST_CASE("operation_body_that_denies_a_success_is_believed") {
    for (const operation_row& row : all_rows()) {
        if (row.gives != answer_body::text) continue;
        for (const char* body :
             {"<Error><Code>X</Code></Error>", "<html></html>", "{}", "<Error>"}) {
            judged_answer r(row, 200);
            r.a.text = body;
            r.a.received = r.a.text.size();
            if (row.name == "get_bucket_policy" && r.a.text == "{}") continue;
            CHECK_MESSAGE(verdict_of(row, r.a).why, body);
        }
        if (row.successes[0] == 0) continue;
        // Those that have to say something have a case of their own.
        if (!right_text(row).empty()) continue;
        for (const char* body : {"", "\r\n", "<CreateBucketResult></CreateBucketResult>"}) {
            judged_answer r(row, 200);
            r.a.text = body;
            CHECK_MESSAGE(!verdict_of(row, r.a).why, body);
        }
    }
}

TEST_CASE("operation_success_that_says_too_little_is_none") {
    for (const operation_row& row : all_rows()) {
        CAPTURE(row.name);
        if (row.successes[0] == 0) continue;
        judged_answer r(row, row.successes[0]);
        r.a.etag_mark = 0;
        r.a.etag_size = 0;
        // RGW's answer to a form has none.
        CHECK(!verdict_of(row, r.a).why != (row.names_etag && !row.request.is_posted()));
        if (row.gives == answer_body::content) {
            judged_answer cut(row, 200);
            cut.a.received = 99;
            const verdict_of v(row, cut.a);
            CHECK(std::string(v.why.code) == "WrongSize");
            CHECK(v.bytes == 99);
            judged_answer spoilt(row, 200);
            spoilt.a.mismatch = 5;
            CHECK(std::string(verdict_of(row, spoilt.a).why.code) == "WrongContent");
        }
        if (row.gives == answer_body::events) {
            judged_answer none(row, 200);
            none.a.events = nullptr;
            CHECK(std::string(verdict_of(row, none.a).why.code) == "BadEvents");
        }
        if (row.gives == answer_body::listing) {
            judged_answer none(row, 200);
            none.a.page = nullptr;
            CHECK(std::string(verdict_of(row, none.a).why.code) == "BadListing");
        }
    }
}

TEST_CASE("operation_answers_of_an_upload_have_to_say_what_is_needed_to_go_on") {
    const auto code_of = [](std::string_view name, std::string_view body) {
        judged_answer r(row_of(name), 200);
        r.a.text = body;
        const verdict_of v(row_of(name), r.a);
        return std::string(v.why ? v.why.code : "ok");
    };
    const std::string begun = right_text(row_of("create_upload"));
    CHECK(code_of("create_upload", begun) == "ok");
    for (std::size_t cut = 0; cut + 32 < begun.size(); ++cut)
        CHECK(code_of("create_upload", std::string_view(begun).substr(0, cut)) != "ok");
    for (const char* id : {"", "&nonsense;"}) {
        CHECK(code_of("create_upload",
                      "<InitiateMultipartUploadResult><UploadId>" + std::string(id) +
                          "</UploadId></InitiateMultipartUploadResult>") == "NoUploadId");
    }
    CHECK(code_of("create_upload", "<Other><UploadId>a</UploadId></Other>") == "NoUploadId");
    const std::string whole = right_text(row_of("complete_upload"));
    CHECK(code_of("complete_upload", whole) == "ok");
    for (std::size_t cut = 0; cut + 33 < whole.size(); ++cut)
        CHECK(code_of("complete_upload", std::string_view(whole).substr(0, cut)) != "ok");
    // As RGW 16.2 says it.
    CHECK(code_of("complete_upload",
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUploadResult "
                  "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Location>http://h/b/k"
                  "</Location><Bucket>b</Bucket><Key>k</Key><ETag></ETag>"
                  "</CompleteMultipartUploadResult>") == "ok");
    // S3 answers at once, keeps the connection with white space, and may end with an error.
    CHECK(code_of("complete_upload", "\n \n" + std::string(whole)) == "ok");
    CHECK(code_of("complete_upload", "  <Error><Code>InternalError</Code></Error>") ==
          "InternalError");
    CHECK(code_of("complete_upload", "<ListPartsResult><ETag>x</ETag></ListPartsResult>") ==
          "NotCompleted");
    std::string id = "kept ";
    CHECK(append_upload_id(id, begun));
    CHECK(id == "kept a&b");
    part_tag tags[2];
    for (part_tag& tag : tags) {
        tag.text[0] = '<';
        tag.text[1] = static_cast<char>('1' + (&tag - tags));
        tag.size = 2;
    }
    std::string body = "from before";
    write_part_list(body, tags);
    CHECK(body ==
          "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
          "<Part><PartNumber>1</PartNumber><ETag>&quot;&lt;1&quot;</ETag></Part>"
          "<Part><PartNumber>2</PartNumber><ETag>&quot;&lt;2&quot;</ETag></Part>"
          "</CompleteMultipartUpload>");
}

TEST_CASE("operation_answer_about_another_version_than_the_one_named_is_none") {
    const auto code_of = [](std::string_view name, std::string_view version, bool marker = true) {
        judged_answer r(row_of(name), 200);
        r.a.version_size = static_cast<std::uint8_t>(version.copy(r.a.version, version.size()));
        r.a.is_marker = marker;
        const verdict_of v(row_of(name), r.a);
        return std::string(v.why ? v.why.code : "ok");
    };
    for (const char* name :
         {"get_version", "head_version", "delete_version", "remove_version", "remove_marker"}) {
        CAPTURE(name);
        CHECK(code_of(name, "v") == "ok");
        CHECK(code_of(name, "w") == "WrongVersion");
        CHECK(code_of(name, "") == "VersionIgnored");
    }
    CHECK(code_of("make_marker", "w") == "ok");
    CHECK(code_of("make_marker", "") == "NoMarker");
    CHECK(code_of("make_marker", "w", false) == "NoMarker");
}

TEST_CASE("operation_answer_has_to_say_that_the_object_is_encrypted_as_asked") {
    const std::string head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 100\r\n";
    const std::string field = "x-amz-server-side-encryption";
    const auto code_of = [&](const char* encryption, const std::string& said) {
        object_fields fields;
        fields.encryption = encryption;
        asked what = ask_for_100();
        what.fields = &fields;
        answer a;
        note_head(head_of(head + said + "\r\n", false), &row_of("put"), what, a);
        const verdict_of v(row_of("put"), a, what);
        CHECK(v.bytes == 100);
        return std::string(v.why ? v.why.code : "ok");
    };
    const std::string aes = field + ": AES256\r\n";
    const std::string kms = field + ": aws:kms\r\n";
    const std::string customer = field + "-customer-algorithm: AES256\r\n";
    CHECK(code_of("AES256", aes) == "ok");
    CHECK(code_of("kms", kms) == "ok");
    CHECK(code_of("customer", customer) == "ok");
    CHECK(code_of("", "") == "ok");
    for (const std::string& other : {std::string(), kms, customer})
        CHECK(code_of("AES256", other) == "EncryptionIgnored");
    for (const std::string& other : {std::string(), aes, customer})
        CHECK(code_of("kms", other) == "EncryptionIgnored");
    for (const std::string& other : {std::string(), aes, kms})
        CHECK(code_of("customer", other) == "EncryptionIgnored");
}

TEST_CASE("operation_parts_that_are_copied_or_listed_have_to_be_there") {
    const auto code_of = [](std::string_view name, std::string_view body, std::uint32_t parts = 2) {
        judged_answer r(row_of(name), 200);
        r.a.text = body;
        r.a.received = body.size();
        asked what = ask_for_100();
        what.parts = parts;
        const verdict_of v(row_of(name), r.a, what);
        return std::string(v.why ? v.why.code : "ok");
    };
    const std::string part = "<Part><PartNumber>1</PartNumber></Part>";
    const auto listed = [&](int count) {
        std::string out = "<ListPartsResult><IsTruncated>false</IsTruncated>";
        for (int i = 0; i < count; ++i)
            out += part;
        return out + "</ListPartsResult>";
    };
    CHECK(code_of("list_parts", listed(2)) == "ok");
    CHECK(code_of("list_parts", listed(1)) == "PartsMissing");
    CHECK(code_of("list_parts", listed(3)) == "PartsMissing");
    CHECK(code_of("list_parts", listed(1000), 2000) == "ok");
    CHECK(code_of("list_parts", "<ListPartsResult></ListPartsResult>", 0) == "NotThatDocument");
    const auto copied = [](const std::string& tag) {
        return "<CopyPartResult><ETag>" + tag + "</ETag></CopyPartResult>";
    };
    CHECK(code_of("copy_part", copied("&quot;t&quot;")) == "ok");
    CHECK(code_of("copy_part", copied("")) == "NoETag");
    CHECK(code_of("copy_part", copied(std::string(65, 't'))) == "NoETag");
    CHECK(code_of("copy_part", "<CopyPartResult></CopyPartResult>") == "NotThatDocument");
    for (const char* name : {"copy_unmatched", "complete_existing"})
        CHECK(code_of(name, "") == "ConditionIgnored");
}

TEST_CASE("operation_part_of_an_upload_needs_an_etag_that_can_be_sent_back") {
    const operation_row& row = row_of("upload_part");
    asked what = ask_for_100();
    what.offset = 60;
    what.length = 40;
    const auto judged = [&](const std::string& tag) {
        answer a;
        note_head(head_of("HTTP/1.1 200 OK\r\n" + tag + "Content-Length: 0\r\n\r\n", false), &row,
                  what, a);
        const verdict_of v(row, a, what);
        CHECK((v.bytes == 40) == true);
        return std::string(v.why ? v.why.code : "ok");
    };
    CHECK(judged("ETag: \"" + std::string(64, 'e') + "\"\r\n") == "ok");
    CHECK(judged("ETag: \"" + std::string(65, 'e') + "\"\r\n") == "BadETag");
    CHECK(judged("ETag: \"\"\r\n") == "BadETag");
    CHECK(judged("") == "NoETag");
}

TEST_CASE("operation_part_is_judged_by_the_bytes_that_were_asked_for") {
    const operation_row& get = row_of("get");
    asked part = ask_for_100();
    part.offset = 10;
    part.length = 20;
    const auto code_of = [&](const std::string& range, std::uint64_t received, int status = 206) {
        answer a;
        const std::string text = "HTTP/1.1 " + std::to_string(status) +
                                 " x\r\nETag: \"e\"\r\nContent-Range: " + range +
                                 "\r\nContent-Length: 20\r\n\r\n";
        note_head(head_of(text, false), &get, part, a);
        a.received = received;
        const verdict_of v(get, a, part);
        CHECK(v.bytes == received);
        return std::string(v.why ? v.why.code : "ok");
    };
    CHECK(code_of("bytes 10-29/100", 20) == "ok");
    CHECK(code_of("bytes 10-29/*", 20) == "ok");
    CHECK(code_of("bytes 10-29/101", 20) == "WrongRange");
    CHECK(code_of("bytes 9-29/100", 20) == "WrongRange");
    CHECK(code_of("10-29/100", 20) == "WrongRange");
    CHECK(code_of("bytes 10-29/100", 19) == "WrongSize");
    CHECK(code_of("bytes 10-29/100", 20, 200) == "RangeIgnored");
}

}  // namespace
