#include "s3_driver_exchanges.hpp"

#include <algorithm>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/operation.hpp>
#include <utility>

namespace chopsticks::test {

namespace {

std::string listing(bool truncated) {
    std::string xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>rig</Name>"
        "<KeyCount>1</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>" +
        std::string(truncated ? "true" : "false") + "</IsTruncated>" +
        (truncated ? "<NextContinuationToken>a+b/c=</NextContinuationToken>" : "") +
        "<Contents><Key>test/run-1/x</Key><Size>1</Size></Contents></ListBucketResult>";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: " +
           std::to_string(xml.size()) + "\r\n\r\n" + xml;
}

std::string one_answer(const std::string& first_line, const std::string& body) {
    return "HTTP/1.1 " + first_line +
           "\r\nETag: \"e\"\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string document(const std::string& xml) {
    return one_answer("200 OK", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + xml);
}

std::string error_with(const std::string& first_line, const std::string& code) {
    return one_answer(first_line, "<Error><Code>" + code + "</Code></Error>");
}

/// Of the objects 7 and 8; kept until the program ends.
engine::operation delete_two() {
    static std::vector<engine::batch_subject> both{{7, 0}, {8, 0}};
    engine::operation op = s3_rig::on_object("multi_delete", 7, 0);
    op.batch = both;
    return op;
}

std::string deleted(std::uint64_t object) {
    return "<Deleted><Key>" + s3::object_key("test/run-1/", object) + "</Key></Deleted>";
}

/// The answer to a form.
std::string posted(std::uint64_t object) {
    return one_answer("201 Created", "<PostResponse><Bucket>rig</Bucket><Key>" +
                                         s3::object_key("test/run-1/", object) +
                                         "</Key><ETag>&quot;e&quot;</ETag></PostResponse>");
}

/// A page of another kind of list, and the last one.
std::pair<std::string, std::string> two_pages(const std::string& root, const std::string& entry,
                                              const std::string& next) {
    const auto page = [&](bool truncated, const std::string& key) {
        return document("<" + root + "><IsTruncated>" + (truncated ? "true" : "false") +
                        "</IsTruncated>" + (truncated ? next : "") + "<" + entry + "><Key>" + key +
                        "</Key></" + entry + "></" + root + ">");
    };
    return {page(true, "test/run-1/a+b/c="), page(false, "test/run-1/d")};
}

std::size_t body_bytes_of(const std::string& answer) {
    return answer.size() - answer.find("\r\n\r\n") - 4;
}

exchange list_exchange(const std::string& name, const std::string& root, const std::string& entry,
                       const std::string& next) {
    scenario::step what = step_with("s3", name);
    what.set("max_keys", std::uint64_t{1});
    what.set("pages", std::uint64_t{0});
    const auto [first, last] = two_pages(root, entry, next);
    return {name,          s3_rig::with_step(std::move(what), 0, 0),   "GET /rig?", {first, last},
            op_status::ok, body_bytes_of(first) + body_bytes_of(last), 200};
}

/// Of the operations that not every scenario uses.
std::vector<exchange> further_exchanges(s3_rig& rig) {
    const std::string whole = rig.content(7, 3, object_bytes);
    const auto on_7 = [](std::string_view name) {
        return s3_rig::on_object(name, 7, object_bytes, 3);
    };
    const char* const get = "GET /rig/test/run-1/";
    const char* const put = "PUT /rig/test/run-1/";
    const char* const remove = "DELETE /rig/test/run-1/";
    const std::string not_met = error_with("412 Precondition Failed", "PreconditionFailed");
    const std::string unmodified = "HTTP/1.1 304 Not Modified\r\n\r\n";
    constexpr op_status ok = op_status::ok;
    std::vector<exchange> out{
        {"copy",
         on_7("copy"),
         put,
         {document("<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>")}},
        {"copy that fails after its 200",
         on_7("copy"),
         put,
         {document("<Error><Code>InternalError</Code></Error>")},
         op_status::server_error},
        {"multi_delete",
         delete_two(),
         "POST /rig?delete",
         {document("<DeleteResult>" + deleted(8) + deleted(7) + "</DeleteResult>")}},
        {"multi_delete that leaves one",
         delete_two(),
         "POST /rig?delete",
         {document("<DeleteResult>" + deleted(8) + "<Error><Key>" +
                   s3::object_key("test/run-1/", 7) +
                   "</Key><Code>AccessDenied</Code></Error></DeleteResult>")},
         op_status::client_error},
        list_exchange("list_v1", "ListBucketResult", "Contents", ""),
        list_exchange("list_versions", "ListVersionsResult", "Version",
                      "<NextKeyMarker>a+b/c=</NextKeyMarker><NextVersionIdMarker>v</"
                      "NextVersionIdMarker>"),
        {"get_unmodified", on_7("get_unmodified"), get, {unmodified}, ok, 0, 304},
        {"head_unmodified", on_7("head_unmodified"), "HEAD /rig/test/", {unmodified}, ok, 0, 304},
        {"get_unmatched", on_7("get_unmatched"), get, {not_met}, ok, 0, 412},
        {"put_existing", on_7("put_existing"), put, {not_met}, ok, 0, 412},
        {"delete_unmatched", on_7("delete_unmatched"), remove, {not_met}, ok, 0, 412},
        {"get of what was to be unmodified",
         on_7("get_unmodified"),
         get,
         {one_answer("200 OK", whole)},
         op_status::bad_response},
        {"presigned_get",
         on_7("presigned_get"),
         get,
         {one_answer("200 OK", whole)},
         ok,
         object_bytes},
        {"presigned_put", on_7("presigned_put"), put, {one_answer("200 OK", "")}, ok, object_bytes},
        {"form_put", on_7("form_put"), "POST /rig ", {posted(7)}, ok, object_bytes, 201},
        {"form_put that is said to have another key",
         on_7("form_put"),
         "POST /rig ",
         {posted(8)},
         op_status::bad_response,
         0,
         201},
        {"get_tagging",
         on_7("get_tagging"),
         get,
         {document("<Tagging><TagSet><Tag><Key>t0</Key><Value>7-0</Value></Tag></TagSet>"
                   "</Tagging>")}},
        {"get_tagging of another object's tags",
         on_7("get_tagging"),
         get,
         {document("<Tagging><TagSet><Tag><Key>t0</Key><Value>8-0</Value></Tag></TagSet>"
                   "</Tagging>")},
         op_status::corrupt},
        {"put_tagging", on_7("put_tagging"), put, {one_answer("200 OK", "")}},
        {"delete_tagging",
         on_7("delete_tagging"),
         remove,
         {"HTTP/1.1 204 No Content\r\n\r\n"},
         ok,
         0,
         204},
        {"put_acl", on_7("put_acl"), put, {one_answer("200 OK", "")}},
        {"get_attributes",
         on_7("get_attributes"),
         get,
         {document("<GetObjectAttributesResponse><ETag>e</ETag><ObjectSize>100</ObjectSize>"
                   "</GetObjectAttributesResponse>")}},
        {"get_attributes of another size",
         on_7("get_attributes"),
         get,
         {document("<GetObjectAttributesResponse><ObjectSize>99</ObjectSize>"
                   "</GetObjectAttributesResponse>")},
         op_status::corrupt},
        {"put_bucket_acl",
         s3_rig::bucket("put_bucket_acl", 5),
         "PUT /rig-",
         {one_answer("200 OK", "")}},
        {"put_bucket_tagging",
         s3_rig::bucket("put_bucket_tagging", 5),
         "PUT /rig-",
         {"HTTP/1.1 204 No Content\r\n\r\n"},
         ok,
         0,
         204},
        {"delete_bucket_tagging",
         s3_rig::bucket("delete_bucket_tagging", 5),
         "DELETE /rig-",
         {"HTTP/1.1 204 No Content\r\n\r\n"},
         ok,
         0,
         204},
        {"put_bucket_versioning",
         s3_rig::bucket("put_bucket_versioning", 5),
         "PUT /rig-",
         {one_answer("200 OK", "")}},
        {"put_retention", on_7("put_retention"), put, {one_answer("200 OK", "")}},
        {"put_retention of what has no lock",
         on_7("put_retention"),
         put,
         {error_with("400 Bad Request", "InvalidRequest")},
         op_status::client_error,
         0,
         400},
        {"put_legal_hold", on_7("put_legal_hold"), put, {one_answer("200 OK", "")}},
        {"restore",
         on_7("restore"),
         "POST /rig/test/run-1/",
         {one_answer("202 Accepted", "")},
         ok,
         0,
         202},
        {"restore that is under way",
         on_7("restore"),
         "POST /rig/test/run-1/",
         {error_with("409 Conflict", "RestoreAlreadyInProgress")},
         ok,
         0,
         409},
        {"restore that is in conflict with something else",
         on_7("restore"),
         "POST /rig/test/run-1/",
         {error_with("409 Conflict", "OperationAborted")},
         op_status::client_error,
         0,
         409},
        {"restore that the service does not have",
         on_7("restore"),
         "POST /rig/test/run-1/",
         {error_with("501 Not Implemented", "NotImplemented")},
         op_status::server_error,
         0,
         501},
        {"restore of what is in no archive",
         on_7("restore"),
         "POST /rig/test/run-1/",
         {error_with("403 Forbidden", "InvalidObjectState")},
         op_status::client_error,
         0,
         403},
        {"copy_unmatched", on_7("copy_unmatched"), put, {not_met}, ok, 0, 412},
        {"copy whose condition is ignored",
         on_7("copy_unmatched"),
         put,
         {document("<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>")},
         op_status::bad_response},
        {"get_part", on_7("get_part"), get, {one_answer("200 OK", whole)}, ok, object_bytes},
        {"get_part of the only one",
         on_7("get_part"),
         get,
         {one_answer("206 Partial Content\r\nContent-Range: bytes 0-99/100", whole)},
         ok,
         object_bytes,
         206},
        {"get_part that is another one",
         on_7("get_part"),
         get,
         {one_answer("206 Partial Content\r\nContent-Range: bytes 1-99/100", whole.substr(1))},
         op_status::bad_response,
         0,
         206},
        {"get_bucket_policy",
         on_7("get_bucket_policy"),
         "GET /rig?policy",
         {one_answer("200 OK", "{\"Statement\": []}")}},
    };
    for (const s3::operation_row& row : s3::all_rows()) {
        if (row.buckets != s3::bucket_effect::amends) continue;
        if (std::any_of(out.begin(), out.end(), [&](const auto& e) { return e.name == row.name; }))
            continue;
        out.push_back({std::string(row.name),
                       s3_rig::bucket(row.name, 5),
                       row.request.method == "PUT" ? "PUT /rig-" : "DELETE /rig-",
                       {"HTTP/1.1 204 No Content\r\n\r\n"},
                       ok,
                       0,
                       204});
    }
    for (const s3::operation_row& row : s3::all_rows()) {
        // Nothing but a document: each is asked for in the same way.
        const bool of_bucket = row.request.target != s3::request_target::object;
        if (row.root.empty() || row.request.method != "GET") continue;
        const bool of_lock = row.name == "get_retention" || row.name == "get_legal_hold";
        if (!of_bucket && !of_lock && row.name != "get_acl") continue;
        const std::string root(row.root);
        const std::string inside = row.holds.empty() ? "" : "<" + std::string(row.holds) + "/>";
        out.push_back({std::string(row.name),
                       on_7(row.name),
                       row.request.target == s3::request_target::service ? "GET / "
                       : of_bucket                                       ? "GET /rig?"
                                                                         : get,
                       {document("<" + root + ">" + inside + "</" + root + ">")}});
        if (row.refusals[0].status != 404) continue;
        out.push_back({std::string(row.name) + " where there is none",
                       on_7(row.name),
                       of_bucket ? "GET /rig?" : get,
                       {error_with("404 Not Found", std::string(row.refusals[0].code))},
                       ok,
                       0,
                       404});
    }
    return out;
}

std::vector<exchange> all_exchanges(s3_rig& rig) {
    const std::string whole = rig.content(7, 3, object_bytes);
    const std::string part = rig.content(7, 0, 40, 50);
    const std::string refusal =
        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>";
    const std::string chunks =
        "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" +
        whole.substr(0, 64) + "\r\n24;a=b\r\n" + whole.substr(64) + "\r\n0\r\nX-T: 1\r\n\r\n";
    const std::string first = listing(true);
    const std::string last = listing(false);
    const auto body_of = [](const std::string& answer) {
        return answer.size() - answer.find("\r\n\r\n") - 4;
    };
    std::vector<exchange> out{
        {"put",
         s3_rig::put(7, object_bytes, 3),
         "PUT /rig/test/run-1/",
         {one_answer("200 OK", "")},
         op_status::ok,
         object_bytes,
         200},
        {"get",
         s3_rig::get(7, object_bytes, 3),
         "GET /rig/test/run-1/",
         {one_answer("200 OK", whole)},
         op_status::ok,
         object_bytes,
         200},
        {"get chunked",
         s3_rig::get(7, object_bytes, 3),
         "GET /rig/test/run-1/",
         {chunks},
         op_status::ok,
         object_bytes,
         200},
        {"get after interim answers",
         s3_rig::get(7, object_bytes, 3),
         "GET /rig/test/run-1/",
         {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" +
          one_answer("200 OK", whole)},
         op_status::ok,
         object_bytes,
         200},
        {"range",
         s3_rig::get_range(7, object_bytes, 50, 40),
         "GET /rig/test/run-1/",
         {one_answer("206 Partial Content\r\nContent-Range: bytes 50-89/100", part)},
         op_status::ok,
         40,
         206},
        {"head",
         s3_rig::head(7, object_bytes),
         "HEAD /rig/test/run-1/",
         {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \"e\"\r\n\r\n"},
         op_status::ok,
         0,
         200},
        {"delete",
         s3_rig::remove(7),
         "DELETE /rig/test/run-1/",
         {"HTTP/1.1 204 No Content\r\n\r\n"},
         op_status::ok,
         0,
         204},
        {"list",
         s3_rig::list(1, 0),
         "GET /rig?",
         {first, last},
         op_status::ok,
         body_of(first) + body_of(last),
         200},
        {"create_bucket",
         s3_rig::bucket("create_bucket", 5),
         "PUT /rig-",
         {one_answer("200 OK", "")},
         op_status::ok,
         0,
         200},
        {"head_bucket",
         s3_rig::bucket("head_bucket", 0),
         "HEAD /rig",
         {one_answer("200 OK", "")},
         op_status::ok,
         0,
         200},
        {"delete_bucket",
         s3_rig::bucket("delete_bucket", 5),
         "DELETE /rig-",
         {"HTTP/1.1 204 No Content\r\n\r\n"},
         op_status::ok,
         0,
         204},
        {"refusal",
         s3_rig::get(7, object_bytes, 3),
         "GET /rig/test/run-1/",
         {one_answer("404 Not Found", refusal)},
         op_status::client_error,
         0,
         404},
    };
    for (exchange& further : further_exchanges(rig))
        out.push_back(std::move(further));
    return out;
}

}  // namespace

std::vector<exchange> exchanges() {
    s3_rig rig({"http://127.0.0.1:1"});
    return all_exchanges(rig);
}

}  // namespace chopsticks::test
