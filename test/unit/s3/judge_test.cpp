// What single operations take for done, and what a lie it takes to be believed.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <chopsticks/s3/protocol/tags.hpp>
#include <string>
#include <vector>

#include "rows.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::s3;

/// An operation on object 7, of 100 bytes, and the wire code of what its answer means.
struct judged_operation {
    explicit judged_operation(std::string_view name) : row(row_of(name)) {
        what.object = 7;
        what.size = 100;
        what.prefix = "p/";
        what.etag = "0123456789abcdef0123456789abcdef";
    }
    std::string code_of(int status, const std::string& text) {
        answer a;
        a.status = status;
        a.text = text;
        a.received = text.size();
        why = failure();
        bytes = judge(row, what, a, etags, why);
        return why ? why.code : "ok";
    }
    std::string after_ok(const std::string& text) { return code_of(200, text); }

    const operation_row& row;
    asked what;
    etag_memory etags;
    failure why;
    std::uint64_t bytes = 0;
};

std::string error_named(const std::string& code) {
    return "<Error><Code>" + code + "</Code><Message>m</Message></Error>";
}

TEST_CASE("copy_is_done_only_with_a_whole_result_that_names_an_etag") {
    judged_operation copy("copy");
    const std::string right =
        "<?xml version=\"1.0\"?>\n<CopyObjectResult xmlns=\"http://s3.amazonaws.com/doc/"
        "2006-03-01/\"><LastModified>2026-01-01T00:00:00Z</LastModified>"
        "<ETag>&quot;e&quot;</ETag></CopyObjectResult>";
    CHECK(copy.after_ok(right) == "ok");
    CHECK(copy.after_ok("  \n " + right.substr(22)) == "ok");
    for (std::size_t cut = 0; cut < right.size(); ++cut)
        CHECK(copy.after_ok(right.substr(0, cut)) != "ok");
    // S3 begins the answer before it knows how the copy ends.
    CHECK(copy.after_ok(error_named("SlowDown")) == "SlowDown");
    CHECK(copy.why.status == op_status::slow_down);
    CHECK(copy.after_ok(error_named("InternalError")) == "InternalError");
    CHECK(copy.why.status == op_status::server_error);
    CHECK(copy.after_ok("<CopyObjectResult><ETag></ETag></CopyObjectResult>") == "NoETag");
    CHECK(copy.after_ok("<CopyPartResult><ETag>e</ETag></CopyPartResult>") == "NotThatDocument");
    // From now on the object has that ETag.
    CHECK(copy.after_ok(right) == "ok");
    CHECK(copy.etags.seen(7, 0, etag_mark("e")));
    CHECK_FALSE(copy.etags.seen(7, 0, etag_mark("f")));
}

struct deletion : judged_operation {
    deletion() : judged_operation("multi_delete"), subjects{{7}, {8}, {9}} {
        what.subjects = subjects;
    }
    std::string answered(const std::string& inside) {
        for (subject& one : subjects)
            one.done = false;
        return after_ok("<DeleteResult>" + inside + "</DeleteResult>");
    }
    static std::string gone(std::uint64_t object) {
        return "<Deleted><Key>" + object_key("p/", object) + "</Key></Deleted>";
    }
    static std::string kept(std::uint64_t object, const std::string& code) {
        return "<Error><Key>" + object_key("p/", object) + "</Key><Code>" + code +
               "</Code><Message>no</Message></Error>";
    }
    std::string done() const {
        std::string out;
        for (const subject& one : subjects)
            out += one.done ? 'd' : '-';
        return out;
    }
    std::vector<subject> subjects;
};

TEST_CASE("form_is_done_only_with_a_whole_answer_that_names_its_key") {
    judged_operation form("form_put");
    const auto answer_of = [](const std::string& key, const std::string& rest) {
        return "<PostResponse><Location>http://h/x</Location><Bucket>b</Bucket><Key>" + key +
               "</Key>" + rest + "</PostResponse>";
    };
    const std::string key = object_key("p &amp;/", 7);
    const std::string right = answer_of(key, "<ETag>&quot;e&quot;</ETag>");
    CHECK(form.code_of(201, right) == "ok");
    CHECK(form.bytes == 100);
    CHECK(form.code_of(201, answer_of(key, "")) == "ok");  // RGW
    for (std::size_t cut = 0; cut < right.size(); ++cut)
        CHECK(form.code_of(201, right.substr(0, cut)) != "ok");
    CHECK(form.code_of(201, answer_of(object_key("p &amp;/", 8), "")) == "WrongKey");
    CHECK(form.bytes == 0);
    CHECK(form.code_of(201, answer_of(key.substr(0, key.size() - 1), "")) == "WrongKey");
    CHECK(form.code_of(204, "") == "HTTP204");
    CHECK(form.code_of(201, error_named("AccessDenied")) == "AccessDenied");
    // Who reads it later has to see the ETag that was told.
    CHECK(form.etags.seen(7, form.what.version, etag_mark("e")));
    CHECK(!form.etags.seen(7, form.what.version, etag_mark("f")));
}

TEST_CASE("multi_delete_is_done_only_if_the_answer_names_every_key") {
    deletion d;
    CHECK(d.answered(d.gone(7) + d.gone(8) + d.gone(9)) == "ok");
    CHECK(d.done() == "ddd");
    CHECK(d.answered(d.gone(9) + d.gone(7) + d.gone(8)) == "ok");
    CHECK(d.answered("") == "NotDeleted");
    CHECK(d.done() == "---");
    CHECK(d.answered(d.gone(7) + d.gone(9)) == "NotDeleted");
    CHECK(d.done() == "d-d");
    // One key said twice is one key; one that was not asked for is none.
    CHECK(d.answered(d.gone(7) + d.gone(7) + d.gone(9)) == "NotDeleted");
    // Nothing is believed of who deletes what nobody asked for.
    CHECK(d.answered(d.gone(7) + d.gone(8) + d.gone(10)) == "UnaskedKey");
    CHECK(d.answered("<Deleted><Key>q/x</Key></Deleted>" + d.gone(8) + d.gone(9)) == "UnaskedKey");
}

TEST_CASE("multi_delete_tells_which_keys_stay_and_why") {
    deletion d;
    CHECK(d.answered(d.gone(7) + d.kept(8, "AccessDenied") + d.gone(9)) == "AccessDenied");
    CHECK(d.done() == "d-d");
    CHECK(d.why.status == op_status::client_error);
    CHECK(std::string(d.why.text) ==
          "HTTP 200, but 1 of 3 keys are not said to be deleted: AccessDenied: no");
    CHECK(d.answered(d.kept(7, "SlowDown") + d.gone(8) + d.gone(9)) == "SlowDown");
    CHECK(d.why.status == op_status::slow_down);
    CHECK(d.answered(d.kept(7, "InternalError")) == "InternalError");
    CHECK(d.why.status == op_status::server_error);
    CHECK(d.after_ok(error_named("MalformedXML")) == "MalformedXML");
    CHECK(d.after_ok("<ListBucketResult></ListBucketResult>") == "NotThatDocument");
    const std::string cut = "<DeleteResult>" + d.gone(7) + d.gone(8) + d.gone(9);
    CHECK(d.after_ok(cut) == "NotThatDocument");
}

TEST_CASE("refusals_that_were_wanted_are_done_and_successes_are_not") {
    const std::string not_met = error_named("PreconditionFailed");
    for (const char* name : {"get_unmatched", "put_existing", "delete_unmatched"}) {
        judged_operation op(name);
        CAPTURE(name);
        CHECK(op.code_of(412, not_met) == "ok");
        CHECK(op.bytes == 0);
        CHECK(op.code_of(412, "") == "HTTP412");
        CHECK(op.code_of(412, error_named("Other")) == "Other");
        CHECK(op.code_of(200, "") == "ConditionIgnored");
        CHECK(op.code_of(204, "") == "ConditionIgnored");
        CHECK(op.code_of(403, error_named("AccessDenied")) == "AccessDenied");
        CHECK(op.code_of(304, "") != "ok");
    }
    for (const char* name : {"get_unmodified", "head_unmodified"}) {
        judged_operation op(name);
        CAPTURE(name);
        CHECK(op.code_of(304, "") == "ok");
        CHECK(op.code_of(200, "content") == "ConditionIgnored");
        CHECK(op.code_of(412, not_met) == "PreconditionFailed");
    }
    // With another ETag it is another object.
    judged_operation unmodified("get_unmodified");
    answer a;
    a.status = 304;
    a.etag_mark = etag_mark(unmodified.what.etag);
    failure why;
    judge(unmodified.row, unmodified.what, a, unmodified.etags, why);
    CHECK_FALSE(why);
    a.etag_mark = etag_mark("other");
    judge(unmodified.row, unmodified.what, a, unmodified.etags, why);
    CHECK(std::string(why.code) == "WrongETag");
    // A plain get takes none of these for done.
    judged_operation get("get");
    CHECK(get.code_of(412, not_met) == "PreconditionFailed");
    CHECK(get.code_of(304, "") == "HTTP304");
}

TEST_CASE("tags_are_those_that_the_object_was_given") {
    judged_operation get("get_tagging");
    const auto with_tags = [&](const std::string& tags) {
        return get.after_ok("<Tagging><TagSet>" + tags + "</TagSet></Tagging>");
    };
    const auto tag = [](const std::string& name, const std::string& value) {
        return "<Tag><Key>" + name + "</Key><Value>" + value + "</Value></Tag>";
    };
    CHECK(with_tags("") == "ok");
    CHECK(with_tags(tag("t0", "7-0") + tag("t9", "7-9")) == "ok");
    CHECK(with_tags(tag("t0", "7-0") + tag("t1", "8-1")) == "WrongTags");
    CHECK(get.why.status == op_status::corrupt);
    CHECK(with_tags(tag("t10", "7-10")) == "WrongTags");
    CHECK(with_tags(tag("x0", "7-0")) == "WrongTags");
    CHECK(with_tags(tag("", "")) == "WrongTags");
    CHECK(get.after_ok("<Tagging></Tagging>") == "NotThatDocument");
    CHECK(get.after_ok("<Tagging><TagSet/></Tagging>") == "ok");
    CHECK(get.code_of(404, error_named("NoSuchTagSet")) == "ok");
    CHECK(get.code_of(404, error_named("NoSuchKey")) == "NoSuchKey");
    // What is set is what is read.
    asked what;
    what.object = 7;
    what.tags = most_tags;
    std::string body;
    write_tags_body(body, what);
    CHECK(get.after_ok(body) == "ok");
    what.object = 8;
    write_tags_body(body, what);
    CHECK(get.after_ok(body) == "WrongTags");
}

TEST_CASE("attributes_name_the_size_and_no_other_etag") {
    judged_operation get("get_attributes");
    const auto with = [&](const std::string& size, const std::string& tag) {
        return get.after_ok("<GetObjectAttributesResponse><ETag>" + tag + "</ETag><ObjectSize>" +
                            size + "</ObjectSize></GetObjectAttributesResponse>");
    };
    CHECK(with("100", "e") == "ok");
    CHECK(with("100", "") == "ok");
    CHECK(with("100", "f") == "WrongETag");
    CHECK(with("99", "e") == "WrongSize");
    CHECK(with("", "e") == "WrongSize");
    // A service that does not know the sub-resource sends the object.
    CHECK(get.after_ok(std::string(100, 'x')) == "NotS3");
}

TEST_CASE("configuration_is_the_document_that_was_asked_for_or_none") {
    judged_operation versioning("get_bucket_versioning");
    CHECK(versioning.after_ok("<VersioningConfiguration xmlns=\"x\"/>") == "ok");
    CHECK(versioning.after_ok("<VersioningConfiguration><Status>Enabled</Status>"
                              "</VersioningConfiguration>\n") == "ok");
    CHECK(versioning.after_ok("<VersioningConfiguration><Status>Enab") == "NotThatDocument");
    CHECK(versioning.after_ok("") == "NotThatDocument");
    // A service that does not know the sub-resource lists the bucket.
    CHECK(versioning.after_ok("<ListBucketResult></ListBucketResult>") == "NotThatDocument");
    CHECK(versioning.after_ok("<Error/>") == "ErrorInSuccess");
    judged_operation lifecycle("get_bucket_lifecycle");
    CHECK(lifecycle.code_of(404, error_named("NoSuchLifecycleConfiguration")) == "ok");
    CHECK(lifecycle.code_of(404, error_named("NoSuchBucket")) == "NoSuchBucket");
    CHECK(lifecycle.code_of(404, "") == "HTTP404");
    CHECK(lifecycle.after_ok("<LifecycleConfiguration></LifecycleConfiguration>") ==
          "NotThatDocument");
    judged_operation policy("get_bucket_policy");
    CHECK(policy.after_ok("{\"Statement\": []}\n") == "ok");
    CHECK(policy.after_ok("{\"Statement\": [") == "NotThatDocument");
    CHECK(policy.after_ok("<Policy></Policy>") == "NotThatDocument");
    CHECK(policy.code_of(404, error_named("NoSuchBucketPolicy")) == "ok");
}

TEST_CASE("refusal_of_what_a_service_does_not_have_says_so") {
    judged_operation get("get_bucket_website");
    CHECK(get.code_of(501, error_named("NotImplemented")) == "NotImplemented");
    CHECK(std::string(get.why.text) ==
          "HTTP 501 NotImplemented (the service does not have this): m");
    CHECK(get.code_of(405, "") == "HTTP405");
    CHECK(std::string(get.why.text).find("does not have this") != std::string::npos);
    CHECK(get.code_of(403, error_named("AccessDenied")) == "AccessDenied");
    CHECK(std::string(get.why.text).find("does not have this") == std::string::npos);
}

TEST_CASE("listing_that_ignores_what_it_was_asked_is_wrong") {
    judged_operation list("list");
    list.what.max_keys = 10;
    const auto code_of = [&](const std::string& key) {
        list_scanner scanner;
        scanner.feed("<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>" + key +
                     "</Key></Contents></ListBucketResult>");
        answer a;
        a.status = 200;
        a.page = &scanner;
        failure why;
        judge(list.row, list.what, a, list.etags, why);
        return std::string(why ? why.code : "ok");
    };
    const std::string own = object_key("p/", 7);
    CHECK(code_of(own) == "ok");
    list.what.behind_a_key = true;
    CHECK(code_of(own) == "StartIgnored");
    CHECK(code_of("p/00/0") == "StartIgnored");
    CHECK(code_of(own + "0") == "ok");
    list.what.token = "further on";
    CHECK(code_of("p/00/0") == "ok");
    list.what.behind_a_key = false;
    list.what.delimited = true;
    CHECK(code_of(own) == "DelimiterIgnored");
    CHECK(code_of("p/file") == "ok");
    list.what.one_directory = true;
    CHECK(code_of(own) == "ok");
}

}  // namespace
