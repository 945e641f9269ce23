#pragma once
// Answers that are right for a row, and what is made of them.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <string>

#include "../../support/select_events.hpp"

namespace chopsticks::s3 {

inline http::response_head head_of(std::string_view text, bool of_head) {
    http::response_head head;
    REQUIRE(http::parse_head(text, head, of_head) == http::head_state::complete);
    return head;
}

inline asked ask_for_100() {
    asked what;
    what.object = 7;
    what.size = 100;
    what.max_keys = 10;
    what.prefix = "p/";
    what.upload_id = "up";
    what.part_number = 1;
    what.body = "<given/>";
    what.etag = "e";
    what.version_id = "v";
    what.bucket = "stem-7";
    return what;
}

/// Of this row's kind of list.
inline std::string one_page_of(const operation_row& row) {
    if (row.lists == list_kind::versions) {
        return "<ListVersionsResult><IsTruncated>false</IsTruncated><Version><Key>p/a</Key>"
               "</Version></ListVersionsResult>";
    }
    return "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>p/a</Key></Contents>"
           "</ListBucketResult>";
}

/// Of a success that has to say something; empty elsewhere.
inline std::string right_text(const operation_row& row) {
    if (row.name == "copy") {
        return "<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>";
    }
    if (row.name == "copy_part") {
        return "<CopyPartResult><ETag>&quot;e&quot;</ETag></CopyPartResult>";
    }
    if (row.name == "get_attributes") {
        return "<GetObjectAttributesResponse><ObjectSize>100</ObjectSize>"
               "</GetObjectAttributesResponse>";
    }
    if (row.name == "form_put") {
        return "<PostResponse><Key>" + object_key("p/", 7) + "</Key></PostResponse>";
    }
    if (row.name == "get_bucket_policy") return "{\"Statement\": []}";
    if (!row.root.empty()) {
        const std::string root(row.root);
        const std::string inside = row.holds.empty() ? "" : "<" + std::string(row.holds) + "/>";
        return "<" + root + ">" + inside + "</" + root + ">";
    }
    if (row.name == "create_upload") {
        return "<InitiateMultipartUploadResult><UploadId>a&amp;b</UploadId>"
               "</InitiateMultipartUploadResult>";
    }
    if (row.name == "complete_upload") {
        return "<CompleteMultipartUploadResult><ETag>&quot;e-2&quot;</ETag>"
               "</CompleteMultipartUploadResult>";
    }
    return {};
}

/// An answer as right as it can be for this row, but for its status.
struct judged_answer {
    judged_answer(const operation_row& row, int status) {
        const std::string text = "HTTP/1.1 " + std::to_string(status) +
                                 " x\r\nETag: \"e\"\r\nx-amz-version-id: v\r\n"
                                 "x-amz-delete-marker: true\r\nContent-Length: 100\r\n\r\n";
        note_head(head_of(text, row.request.is_head()), &row, ask_for_100(), a);
        if (row.gives == answer_body::content) a.received = 100;
        body = right_text(row);
        for (const expected_refusal& r : row.refusals) {
            if (r.status != status || r.code.empty()) continue;
            body = "<Error><Code>" + std::string(r.code) + "</Code></Error>";
        }
        a.text = body;
        if (row.gives == answer_body::text) a.received = body.size();
        if (row.gives == answer_body::events) {
            // Of no rows, which is what is asked for.
            events.feed(test::event_of("Records", "0\n") + test::event_of("End"));
            a.events = &events;
        }
        if (row.gives != answer_body::listing) return;
        const std::string page = one_page_of(row);
        scanner.reset(row.lists);
        scanner.feed(page);
        a.page = &scanner;
        a.received = page.size();
    }
    judged_answer(const judged_answer&) = delete;  // `a` refers to `body`
    judged_answer& operator=(const judged_answer&) = delete;

    list_scanner scanner;
    select_scanner events;
    std::string body;
    answer a;
};

struct verdict_of {
    verdict_of(const operation_row& row, const answer& a, const asked& what = ask_for_100()) {
        etag_memory etags;
        bytes = judge(row, what, a, etags, why);
    }
    failure why;
    std::uint64_t bytes = 0;
};

}  // namespace chopsticks::s3
