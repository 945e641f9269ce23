#include <doctest/doctest.h>

#include <chopsticks/core/random.hpp>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <set>
#include <string>

#include "../../support/allocations.hpp"

using namespace chopsticks;
using namespace chopsticks::s3;

namespace {

const std::string refusal =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>"
    "<Message>the region &apos;a&apos; is wrong</Message><BucketName>b</BucketName>"
    "<Region>eu-west-3</Region><Endpoint>s3.eu</Endpoint><Resource>/b/k</Resource>"
    "<RequestId>tx1</RequestId><HostId>h</HostId></Error>";

const std::string list_body =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a > b -->"
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\" odd='a>b'>\n"
    "  <Name>bucket</Name><Prefix>a&amp;b/</Prefix><KeyCount>2</KeyCount><Delimiter/>"
    "<IsTruncated>true</IsTruncated>"
    "<Contents><Key>a&amp;b/&lt;1&gt; </Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    "<ETag>&quot;e1&quot;</ETag><Size>17</Size><Owner><ID>o</ID></Owner></Contents>"
    "<Contents><Key>k2</Key><ETag>\"e2\"</ETag><Size>0</Size></Contents>"
    "<CommonPrefixes><Prefix>a&amp;b/x/</Prefix></CommonPrefixes>"
    "<NextContinuationToken>to&amp;k&#x65;n+/=&#8364;</NextContinuationToken>"
    "</ListBucketResult>\n";

const std::string list_token = "to&ken+/=\xe2\x82\xac";

std::string page(std::string_view inside) {
    return "<ListBucketResult>" + std::string(inside) + "</ListBucketResult>";
}

list_scanner::state scan(std::string_view text) {
    list_scanner scanner;
    return scanner.feed(text);
}

}  // namespace

TEST_CASE("list_scanner_page_is_counted_at_every_split") {
    const auto check = [](const list_scanner& scanner) {
        REQUIRE(scanner.current() == list_scanner::state::complete);
        REQUIRE(scanner.keys() == 2);
        REQUIRE(scanner.common_prefixes() == 1);
        REQUIRE(scanner.is_truncated());
        REQUIRE(scanner.token() == list_token);
    };
    list_scanner scanner;
    const std::uint64_t before = allocations();
    for (std::size_t cut = 0; cut <= list_body.size(); ++cut) {
        scanner.reset();
        scanner.feed(std::string_view(list_body).substr(0, cut));
        scanner.feed(std::string_view(list_body).substr(cut));
        check(scanner);
    }
    scanner.reset();
    for (const char& c : list_body)
        scanner.feed({&c, 1});
    check(scanner);
    CHECK(allocations() == before);
}

TEST_CASE("list_scanner_cut_page_is_not_complete") {
    const std::size_t end = list_body.find("</ListBucketResult>") + 19;
    for (std::size_t n = 0; n < end; ++n) {
        REQUIRE(scan(list_body.substr(0, n)) == list_scanner::state::need_more);
    }
    CHECK(scan(list_body.substr(0, end)) == list_scanner::state::complete);
}

TEST_CASE("list_scanner_other_documents_are_bad") {
    for (const std::string& text : {
             std::string("rubbish"),
             std::string("<html>"),
             refusal,
             std::string("</x>"),
             std::string("<>"),
             std::string("< ListBucketResult>"),
             std::string("<!DOCTYPE x>"),
             std::string("<ListBucketResult><![CDATA[x]]>"),
             page("") + "x",
             page("") + page(""),
             page("<Name>x</Name></Name>"),
             std::string("<ListBucketResult></Other>"),
             page("<IsTruncated>perhaps</IsTruncated>"),
             page("<IsTruncated><x/></IsTruncated>"),
             page("<IsTruncated>true</Istruncated>"),
             page("<IsTruncated/>"),
             page("<NextContinuationToken>&bad;</NextContinuationToken>"),
             page("<Contents></Contents>"),
             page("<Contents><Key/></Contents>"),
             page("<Contents><Size>1</Size></Contents>"),
             page("<Contents><Key>a&nokey;</Key></Contents>"),
             page("<Name>x</Nbme>"),
             page("<Owner><ID>x</Id></Owner>"),
             std::string("\xef\xbb<ListBucketResult></ListBucketResult>"),
             std::string(" \xef\xbb\xbf<ListBucketResult></ListBucketResult>"),
             std::string("\xef\xbb\xbf\xef<ListBucketResult></ListBucketResult>"),
             page("<a/b>"),
             page("</a b>"),
             page("<a <b>"),
             page("<" + std::string(60, 'a')),
         }) {
        CAPTURE(text);
        CHECK(scan(text) == list_scanner::state::bad);
        list_scanner bytewise;
        for (const char& c : text)
            bytewise.feed({&c, 1});
        CHECK(bytewise.current() == list_scanner::state::bad);
    }
    std::string deep = "<ListBucketResult>";
    for (int i = 0; i < 40; ++i)
        deep += "<d>";
    CHECK(scan(deep) == list_scanner::state::bad);
}

/// The same document with every name in a name space, behind a byte order mark.
std::string prefixed(const std::string& text) {
    std::string out = "\xef\xbb\xbf";
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] != '<' || i + 1 == text.size() || text[i + 1] == '?' || text[i + 1] == '!') {
            continue;
        }
        if (text[i + 1] == '/') out += text[++i];
        out += "s3-1:";
    }
    return out;
}

TEST_CASE("list_scanner_name_spaces_and_byte_order_marks_are_no_matter") {
    const std::string text = prefixed(list_body);
    REQUIRE(text.find("<s3-1:Contents>") != std::string::npos);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        list_scanner scanner;
        scanner.feed(std::string_view(text).substr(0, cut));
        scanner.feed(std::string_view(text).substr(cut));
        REQUIRE(scanner.current() == list_scanner::state::complete);
        REQUIRE(scanner.keys() == 2);
        REQUIRE(scanner.common_prefixes() == 1);
        REQUIRE(scanner.is_truncated());
        REQUIRE(scanner.token() == list_token);
        REQUIRE(scanner.first_key() == "a&b/<1> ");
    }
    const auto parsed = parse_list(text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->keys.size() == 2);
    CHECK(parsed->keys[0].key == "a&b/<1> ");
    CHECK(parsed->prefixes.size() == 1);
    CHECK(parsed->is_truncated);
    CHECK(parsed->token == list_token);
    CHECK(parse_error(prefixed(refusal)).code == "AuthorizationHeaderMalformed");
    CHECK(parse_error(prefixed(refusal)).region == "eu-west-3");
    CHECK(parse_buckets(prefixed("<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket>"
                                 "</Buckets></ListAllMyBucketsResult>"))
              ->size() == 1);
}

TEST_CASE("list_scanner_says_whether_it_was_told_that_there_is_more") {
    list_scanner scanner;
    CHECK(scanner.feed(page("")) == list_scanner::state::complete);
    CHECK_FALSE(scanner.says_truncated());
    CHECK(scanner.first_key().empty());
    scanner.reset();
    CHECK(scanner.feed(page("<IsTruncated> false </IsTruncated>")) ==
          list_scanner::state::complete);
    CHECK(scanner.says_truncated());
    CHECK_FALSE(scanner.is_truncated());
    scanner.reset();
    CHECK_FALSE(scanner.says_truncated());
}

TEST_CASE("list_scanner_longest_key_in_its_longest_form_is_read") {
    std::string escaped;
    for (int i = 0; i < 1024; ++i)
        escaped += "&#x1F;";
    list_scanner scanner;
    CHECK(scanner.feed(page("<Contents><Key>" + escaped + "</Key></Contents>")) ==
          list_scanner::state::complete);
    CHECK(scanner.first_key() == std::string(1024, '\x1f'));
}

TEST_CASE("list_scanner_and_parse_list_no_damaged_byte_changes_what_counts") {
    // A byte of a tag that is another one makes the page bad, or the tag one that is not read; it
    // never makes a key, or the end, vanish or appear in silence. Bytes of texts are the texts'.
    constexpr std::string_view others = "<>/&x Z0\"";
    const std::size_t token = list_body.find("to&amp;k");
    const std::size_t token_end = list_body.find("</NextContinuationToken>");
    int complete = 0;
    for (std::size_t at = 0; at < list_body.size(); ++at) {
        for (const char other : others) {
            if (list_body[at] == other) continue;
            std::string text = list_body;
            text[at] = other;
            CAPTURE(text);
            list_scanner scanner;
            if (scanner.feed(text) == list_scanner::state::complete) {
                ++complete;
                // "<IsTruncated" and "<Contents" may only vanish where both their ends are hit.
                REQUIRE(scanner.keys() == 2);
                REQUIRE(scanner.common_prefixes() == 1);
                REQUIRE(scanner.says_truncated());
                REQUIRE(scanner.is_truncated());
                if (at < token || at >= token_end) REQUIRE(scanner.token() == list_token);
            }
            const auto parsed = parse_list(text);
            if (parsed.has_value()) {
                REQUIRE(parsed->keys.size() == 2);
                REQUIRE(parsed->is_truncated);
            }
        }
    }
    CHECK(complete > 500);
}

TEST_CASE("parse_list_and_parse_buckets_cut_body_is_an_error") {
    const std::size_t end = list_body.find("</ListBucketResult>") + 19;
    for (std::size_t n = 0; n < end; ++n)
        REQUIRE(parse_list(list_body.substr(0, n)).has_error());
    REQUIRE(parse_list(list_body.substr(0, end)).has_value());
    const std::string buckets =
        "<ListAllMyBucketsResult><Buckets><Bucket><Name>a</Name></Bucket></Buckets>"
        "</ListAllMyBucketsResult>";
    for (std::size_t n = 0; n < buckets.size(); ++n)
        REQUIRE(parse_buckets(buckets.substr(0, n)).has_error());
    REQUIRE(parse_buckets(buckets).has_value());
}

TEST_CASE("list_scanner_name_that_is_too_long_is_bad_at_every_split") {
    const auto verdicts = [](std::size_t size) {
        const std::string name(size, 'n');
        const std::string page = "<ListBucketResult><IsTruncated>false</IsTruncated><" + name +
                                 "></" + name + "></ListBucketResult>";
        std::set<list_scanner::state> seen;
        for (std::size_t cut = 0; cut <= page.size(); ++cut) {
            list_scanner scanner;
            scanner.feed(std::string_view(page).substr(0, cut));
            seen.insert(scanner.feed(std::string_view(page).substr(cut)));
        }
        return seen;
    };
    CHECK(verdicts(48) == std::set{list_scanner::state::complete});
    CHECK(verdicts(49) == std::set{list_scanner::state::bad});
}

TEST_CASE("list_scanner_token_is_limited") {
    const auto with_token = [](const std::string& token) {
        return page("<NextContinuationToken>" + token + "</NextContinuationToken>");
    };
    const std::string longest(list_scanner::max_token_bytes, 't');
    list_scanner scanner;
    CHECK(scanner.feed(with_token(longest)) == list_scanner::state::complete);
    CHECK(scanner.token() == longest);
    CHECK(scan(with_token(longest + "t")) == list_scanner::state::bad);
    CHECK(scan(with_token(std::string(100'000, 't'))) == list_scanner::state::bad);
}

TEST_CASE("list_scanner_keys_of_no_page_do_not_count") {
    // Only children of the root are entries; a key may not pretend to be one.
    list_scanner scanner;
    scanner.feed(page(
        "<Other><Contents></Contents></Other><Contents><Key>&lt;Contents&gt;</Key></Contents>"));
    CHECK(scanner.current() == list_scanner::state::complete);
    CHECK(scanner.keys() == 1);
}

TEST_CASE("parse_list_page_yields_keys_sizes_and_token") {
    const auto parsed = parse_list(list_body);
    REQUIRE(parsed.has_value());
    REQUIRE(parsed->keys.size() == 2);
    CHECK(parsed->keys[0].key == "a&b/<1> ");
    CHECK(parsed->keys[0].size == 17);
    CHECK(parsed->keys[0].etag == "\"e1\"");
    CHECK(parsed->keys[0].last_modified == "2026-01-01T00:00:00.000Z");
    CHECK(parsed->keys[1].key == "k2");
    CHECK(parsed->prefixes == std::vector<std::string>{"a&b/x/"});
    CHECK(parsed->is_truncated);
    CHECK(parsed->token == list_token);
    // A name of white space only is a name.
    CHECK(
        parse_list(
            page("<IsTruncated>false</IsTruncated><Contents><Key> </Key><Size>1</Size></Contents>"))
            ->keys[0]
            .key == " ");
}

TEST_CASE("parse_list_anything_else_is_an_error") {
    for (const std::string& text :
         {std::string(), std::string("x"), refusal, page("<Contents>"),
          page("<Contents><Key>k</Key></Contents>"),
          page("<Contents><Key>k</Key><Size>-1</Size></Contents>"),
          page("<Contents><Size>1</Size></Contents>"), page(""),
          page("<IsTruncated>perhaps</IsTruncated>"), page("<IsTruncated>true</IsTruncated>")}) {
        CAPTURE(text);
        CHECK(parse_list(text).has_error());
    }
}

TEST_CASE("list_scanner_and_parse_list_agree_on_random_pages") {
    random_stream random(8);
    for (int round = 0; round < 200; ++round) {
        std::string inside;
        std::uint64_t keys = random.below(20);
        for (std::uint64_t i = 0; i < keys; ++i) {
            std::string key = "k";
            for (std::uint64_t n = random.below(20); n > 0; --n) {
                key += static_cast<char>(0x20 + random.below(0x5f));
            }
            inside += "<Contents><Key>" + xml_escape(key) + "</Key><Size>1</Size></Contents>";
        }
        inside += "<IsTruncated>false</IsTruncated>";
        const std::string text = page(inside);
        const auto parsed = parse_list(text);
        REQUIRE(parsed.has_value());
        REQUIRE(parsed->keys.size() == keys);
        list_scanner scanner;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t n = 1 + random.below(40);
            scanner.feed(std::string_view(text).substr(at, n));
            at += n;
        }
        REQUIRE(scanner.current() == list_scanner::state::complete);
        REQUIRE(scanner.keys() == keys);
    }
}

TEST_CASE("list_scanner_damaged_pages_whole_and_bytewise_agree") {
    // Whole tags take a short cut that tags in pieces cannot.
    random_stream random(77);
    constexpr std::string_view marks = "<>/!-?'\"& \n=aC";
    int complete = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string text = list_body;
        for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
            const std::size_t at = random.below(text.size());
            if (random.below(2) == 0) {
                text[at] = marks[random.below(marks.size())];
            } else {
                text.erase(at, 1 + random.below(8));
            }
        }
        list_scanner whole;
        list_scanner bytewise;
        whole.feed(text);
        for (const char& c : text)
            bytewise.feed({&c, 1});
        CAPTURE(text);
        REQUIRE(whole.current() == bytewise.current());
        static_cast<void>(parse_error(text));
        if (whole.current() != list_scanner::state::complete) continue;
        ++complete;
        REQUIRE(whole.keys() == bytewise.keys());
        REQUIRE(whole.common_prefixes() == bytewise.common_prefixes());
        REQUIRE(whole.is_truncated() == bytewise.is_truncated());
        REQUIRE(whole.token() == bytewise.token());
    }
    CHECK(complete > 1'000);
}

TEST_CASE("parse_buckets_answer_yields_names") {
    const auto names = parse_buckets(
        "<ListAllMyBucketsResult><Owner><ID>o</ID></Owner><Buckets><Bucket><Name>a</Name></Bucket>"
        "<Bucket><Name>b</Name></Bucket></Buckets></ListAllMyBucketsResult>");
    REQUIRE(names.has_value());
    CHECK(*names == std::vector<std::string>{"a", "b"});
    CHECK(parse_buckets(refusal).has_error());
}

TEST_CASE("list_scanner_older_lists_go_on_behind_the_marker_or_the_last_key") {
    const auto scanned = [](const std::string& inside, list_kind kind, auto&& check) {
        const std::string root =
            kind == list_kind::versions ? "ListVersionsResult" : "ListBucketResult";
        const std::string text =
            "<" + root + "><IsTruncated>true</IsTruncated>" + inside + "</" + root + ">";
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            list_scanner scanner;
            scanner.reset(kind);
            scanner.feed(std::string_view(text).substr(0, cut));
            scanner.feed(std::string_view(text).substr(cut));
            REQUIRE(scanner.current() == list_scanner::state::complete);
            check(scanner);
        }
    };
    const std::string two =
        "<Contents><Key>a&amp;1</Key></Contents><Contents><Key>b&amp;2</Key><Owner><ID>Key</ID>"
        "</Owner></Contents>";
    scanned(two, list_kind::v1, [](const list_scanner& s) {
        REQUIRE(s.keys() == 2);
        REQUIRE(s.first_key() == "a&1");
        REQUIRE(s.token() == "b&2");
    });
    for (const std::string& text :
         {two + "<NextMarker>c/</NextMarker>", "<NextMarker>c/</NextMarker>" + two}) {
        scanned(text, list_kind::v1, [](const list_scanner& s) { REQUIRE(s.token() == "c/"); });
    }
    scanned("<NextMarker></NextMarker>" + two, list_kind::v1,
            [](const list_scanner& s) { REQUIRE(s.token() == "b&2"); });
    // Of the newer list only the token counts.
    scanned(two, list_kind::v2, [](const list_scanner& s) { REQUIRE(s.token().empty()); });
    scanned(
        "<Version><Key>a</Key><VersionId>1</VersionId></Version><DeleteMarker><Key>b</Key>"
        "</DeleteMarker><CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes>"
        "<NextKeyMarker>k&amp;</NextKeyMarker><NextVersionIdMarker>v&amp;</NextVersionIdMarker>",
        list_kind::versions, [](const list_scanner& s) {
            REQUIRE(s.keys() == 1);
            REQUIRE(s.entries() == 3);
            REQUIRE(s.first_key() == "a");
            REQUIRE(s.token() == "k&");
            REQUIRE(s.version_token() == "v&");
        });
}

TEST_CASE("list_scanner_takes_no_list_of_another_kind") {
    list_scanner scanner;
    scanner.reset(list_kind::versions);
    CHECK(scanner.feed(page("")) == list_scanner::state::bad);
    scanner.reset(list_kind::v2);
    CHECK(scanner.feed("<ListVersionsResult></ListVersionsResult>") == list_scanner::state::bad);
    // Nothing of one page is left for the next.
    scanner.reset(list_kind::v1);
    scanner.feed(page("<NextMarker>m</NextMarker>"));
    scanner.reset(list_kind::v1);
    CHECK(scanner.feed(page("<Contents><Key>k</Key></Contents>")) == list_scanner::state::complete);
    CHECK(scanner.token() == "k");
}
