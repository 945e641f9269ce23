#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <string>

using namespace chopsticks;
using namespace chopsticks::s3;

namespace {

const std::string error_body =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>"
    "<Message>the region &apos;a&apos; is wrong</Message><BucketName>b</BucketName>"
    "<Region>eu-west-3</Region><Endpoint>s3.eu</Endpoint><Resource>/b/k</Resource>"
    "<RequestId>tx1</RequestId><HostId>h</HostId></Error>";

}  // namespace

TEST_CASE("parse_error_whole_body_yields_every_element") {
    const error_info e = parse_error(error_body);
    CHECK(e.code == "AuthorizationHeaderMalformed");
    CHECK(e.message == "the region &apos;a&apos; is wrong");
    CHECK(e.bucket == "b");
    CHECK(e.region == "eu-west-3");
    CHECK(e.endpoint == "s3.eu");
    CHECK(e.resource == "/b/k");
    CHECK(e.request_id == "tx1");
    CHECK(parse_error("<Error xmlns=\"x\"><Code>A.b1</Code></Error>").code == "A.b1");
}

TEST_CASE("parse_error_cut_body_yields_what_is_whole") {
    for (std::size_t n = 0; n <= error_body.size(); ++n) {
        const error_info e = parse_error(std::string_view(error_body).substr(0, n));
        const bool code_is_whole = n >= error_body.find("</Code>") + 7;
        REQUIRE(e.code == (code_is_whole ? "AuthorizationHeaderMalformed" : ""));
        REQUIRE((e.message.empty() || e.message == "the region &apos;a&apos; is wrong"));
        REQUIRE((e.region.empty() || e.region == "eu-west-3"));
    }
}

TEST_CASE("parse_error_anything_else_has_no_code") {
    for (const char* body :
         {"", "<", "<Error", "<Error>", "not XML at all",
          "<html><body>502 Bad Gateway</body></html>", "<Errors><Code>X</Code></Errors>",
          "<Error><Code></Code></Error>", "<Error><Code>has space</Code></Error>",
          "<Error><Code><b>X</b></Code></Error>", "<Code>NoSuchKey</Code>",
          "<Error><CodeX>X</CodeX></Error>", "<Error><Code>X</Kode>",
          "{\"Error\": {\"Code\": \"X\"}}"}) {
        CAPTURE(body);
        CHECK(parse_error(body).code.empty());
    }
    CHECK(parse_error("<Error><Code>" + std::string(65, 'A') + "</Code></Error>").code.empty());
}

TEST_CASE("parse_error_marks_name_spaces_and_wrappers_are_no_matter") {
    const std::string inside = "<Code>SlowDown</Code><Message>m</Message>";
    for (const std::string& body :
         {"\xef\xbb\xbf<Error>" + inside + "</Error>",
          "\r\n<?xml version=\"1.0\"?><!-- <Error><Code>X</Code> --><Error>" + inside + "</Error>",
          std::string(
              "<a:Error xmlns:a=\"x\"><a:Code>SlowDown</a:Code><a:Message>m</a:Message></a:Error>"),
          "<Error\nxmlns=\"x\">" + inside + "</Error>",
          "<ErrorResponse><Error>" + inside + "</Error></ErrorResponse>"}) {
        CAPTURE(body);
        const error_info e = parse_error(body);
        CHECK(e.code == "SlowDown");
        CHECK(e.message == "m");
    }
    CHECK(parse_error("<html><Error><Code>X</Code></Error></html>").code.empty());
    CHECK(parse_error("<!-- <Error><Code>X</Code></Error>").code.empty());
    CHECK(parse_error("<Error/><Code>X</Code>").code.empty());
    CHECK(find_xml_root("<a:b c='d'>x").name == "b");
    CHECK(find_xml_root("<a:b c='d'>x").inside == "x");
    for (const char* none :
         {"<!DOCTYPE html><html>", "</Error>", "<>", "<?xml?>", "<", " ", "<a"}) {
        CAPTURE(none);
        CHECK(find_xml_root(none).name.empty());
    }
}

TEST_CASE("error_in_success_is_any_body_whose_root_says_so") {
    error_info e;
    CHECK(error_in_success(error_body, e));
    CHECK(e.code == "AuthorizationHeaderMalformed");
    CHECK(error_in_success("<Error></Error>", e));
    CHECK(e.code.empty());
    CHECK_FALSE(error_in_success("", e));
    CHECK_FALSE(error_in_success("<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", e));
    CHECK_FALSE(error_in_success("<Errors><Error/></Errors>", e));
    for (std::size_t n = error_body.find("<Error>") + 7; n <= error_body.size(); ++n)
        REQUIRE(error_in_success(std::string_view(error_body).substr(0, n), e));
    CHECK(classify_in_success("SlowDown") == op_status::slow_down);
    CHECK(classify_in_success("InternalError") == op_status::server_error);
    CHECK(classify_in_success("ServiceUnavailable") == op_status::server_error);
    CHECK(classify_in_success("NoSuchUpload") == op_status::bad_response);
    CHECK(classify_in_success("") == op_status::bad_response);
}

TEST_CASE("write_plain_text_gives_one_readable_line") {
    const auto plain = [](std::string_view text, std::size_t room = 100) {
        std::string out(room, '?');
        out.resize(write_plain_text(text, out));
        return out;
    };
    CHECK(plain("a &#34;key&#34; &amp; &lt;more&gt;&apos;") == "a \"key\" & <more>'");
    CHECK(plain("&euro; &amp &; & &#0; 50 &#8364;") == "&euro; &amp &; & &#0; 50 \xe2\x82\xac");
    CHECK(plain("  a\r\n\t b&#10;&#10;c\x7f") == "a b c ");
    CHECK(plain("\x1b[31mred") == "[31mred");
    CHECK(plain("abcdef", 3) == "abc");
    CHECK(plain("ab\xe2\x82\xac", 4) == "ab");
    CHECK(plain("ab&#8364;", 4) == "ab");
    CHECK(plain("").empty());
    CHECK(plain("a", 0).empty());
}

TEST_CASE("classify_status_and_code_give_the_decision") {
    CHECK(classify(200, "") == op_status::ok);
    CHECK(classify(206, "") == op_status::ok);
    CHECK(classify(301, "PermanentRedirect") == op_status::redirect);
    CHECK(classify(307, "") == op_status::redirect);
    CHECK(classify(400, "RequestTimeout") == op_status::client_error);
    CHECK(classify(403, "AccessDenied") == op_status::client_error);
    CHECK(classify(404, "") == op_status::client_error);
    CHECK(classify(429, "") == op_status::slow_down);
    CHECK(classify(400, "RequestLimitExceeded") == op_status::slow_down);
    CHECK(classify(500, "SlowDown") == op_status::slow_down);
    CHECK(classify(500, "InternalError") == op_status::server_error);
    CHECK(classify(501, "NotImplemented") == op_status::server_error);
    CHECK(classify(503, "") == op_status::slow_down);
    CHECK(classify(503, "ServiceUnavailable") == op_status::slow_down);
    CHECK(classify(503, "InsufficientStorage") == op_status::server_error);
    CHECK(classify(100, "") == op_status::bad_response);
    CHECK(classify(600, "") == op_status::bad_response);
    CHECK(classify(0, "") == op_status::bad_response);
}

TEST_CASE("xml_escape_every_byte_comes_back") {
    std::string all;
    for (int c = 1; c < 128; ++c)
        all += static_cast<char>(c);
    all += "\xc3\xa4\xe2\x82\xac";
    const std::string escaped = xml_escape(all);
    CHECK(escaped.find('<') == std::string::npos);
    CHECK(escaped.find('"') == std::string::npos);
    CHECK(*xml_unescape(escaped) == all);
    CHECK(xml_escape("a<b>&\"'\n") == "a&lt;b&gt;&amp;&quot;&apos;&#xA;");
    CHECK(*xml_unescape("&#x10FFFF;&#65536;&#2048;&#128;&#9;") ==
          "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\xe0\xa0\x80\xc2\x80\t");
}

TEST_CASE("xml_unescape_wrong_reference_is_an_error") {
    for (const char* text : {"&", "&amp", "&;", "&nbsp;", "&#;", "&#x;", "&#xg;", "&#12a;", "&#0;",
                             "&#xD800;", "&#x110000;", "&#99999999999;", "&AMP;"}) {
        CAPTURE(text);
        CHECK(xml_unescape(text).has_error());
    }
}
