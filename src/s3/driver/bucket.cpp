#include "bucket.hpp"

#include <algorithm>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/key.hpp>

#include "explain.hpp"

namespace chopsticks::s3 {

namespace {

/// Pages of ListBuckets that are read; a server that never comes to an end proves nothing.
constexpr int bucket_pages_most = 1000;

std::string unreadable(const char* what, const std::string& endpoint) {
    return endpoint + ": the answer to " + what + " cannot be read";
}

/// Without patience it is asked once.
runtime::task<control_reply> ask_for(s3_session& session, const control_request& ask,
                                     const patience* how) {
    if (how == nullptr) return session.control(ask);
    return control_patiently(session, ask, *how);
}

/// As an operation of the load would have it.
op_status status_of(const control_reply& reply) {
    if (!reply.problem.empty()) return op_status::connection_lost;
    return classify(reply.status, parse_error(reply.body).code);
}

/// Whether `out` now says why the content cannot be known.
bool was_refused(const control_reply& reply, s3_session& session, const std::string& endpoint,
                 bucket_content& out) {
    out.held = explain(reply, session.core(), endpoint);
    if (!out.held.empty()) out.status = status_of(reply);
    return !out.held.empty();
}

}  // namespace

const owned_bucket* bucket_listing::find(std::string_view name) const noexcept {
    for (const owned_bucket& bucket : buckets) {
        if (bucket.name == name) return &bucket;
    }
    return nullptr;
}

runtime::task<bucket_listing> list_buckets(s3_session& session, std::string prefix,
                                           const std::string& endpoint, const patience* how) {
    bucket_listing out;
    control_request ask;
    ask.method = "GET";
    ask.bucket = std::string();
    std::string token;
    for (int page = 0; page < bucket_pages_most; ++page) {
        ask.query.clear();
        if (!prefix.empty()) ask.query.push_back(name_value{"prefix", prefix});
        if (!token.empty()) ask.query.push_back(name_value{"continuation-token", token});
        const control_reply reply = co_await ask_for(session, ask, how);
        out.status = reply.status;
        out.problem = explain(reply, session.core(), endpoint);
        if (!out.problem.empty()) co_return out;
        out.date_s = reply.date_s;
        auto read = parse_bucket_page(reply.body);
        if (!read) {
            out.problem = unreadable("ListBuckets", endpoint);
            co_return out;
        }
        for (owned_bucket& bucket : read->buckets) {
            if (bucket.name.starts_with(prefix)) out.buckets.push_back(std::move(bucket));
        }
        if (read->token.empty()) co_return out;
        if (read->token == token) break;
        token = read->token;
    }
    out.problem = endpoint + ": ListBuckets does not come to an end";
    co_return out;
}

runtime::task<bucket_content> what_is_in(s3_session& session, std::string bucket,
                                         const std::string& endpoint, const patience* how,
                                         std::string but) {
    bucket_content out;
    control_request ask;
    ask.method = "GET";
    ask.bucket = bucket;
    bool plain = false;  // no versions here: objects are all there can be
    version_page last;
    listing_progress progress;
    for (;;) {
        ask.query.clear();
        ask.query.push_back(name_value{"max-keys", but.empty() ? "1" : "1000"});
        ask.query.push_back(plain ? name_value{"list-type", "2"} : name_value{"versions", ""});
        if (!last.key_marker.empty()) {
            ask.query.push_back(
                name_value{plain ? "continuation-token" : "key-marker", last.key_marker});
        }
        if (!plain && !last.version_marker.empty()) {
            ask.query.push_back(name_value{"version-id-marker", last.version_marker});
        }
        const control_reply reply = co_await ask_for(session, ask, how);
        if (!plain && is_unserved(reply)) {
            plain = true;
            continue;
        }
        out.absent = reply.problem.empty() && reply.status == 404;
        if (out.absent) co_return out;
        if (was_refused(reply, session, endpoint, out)) co_return out;
        const auto page = parse_versions(reply.body);
        if (!page) {
            out.held = unreadable("ListObjectVersions", endpoint);
            co_return out;
        }
        for (const stored_version& entry : page->entries) {
            if (!but.empty() && entry.key.starts_with(but)) continue;
            out.held = std::string("it holds ") +
                       (entry.delete_marker ? "a delete marker" : "an object") + ", \"" +
                       entry.key + "\"";
            co_return out;
        }
        if (!page->is_truncated) break;
        std::string first;
        if (!page->entries.empty()) {
            first = page->entries.front().key + ' ' + page->entries.front().version_id;
        }
        std::string token;
        if (!page->key_marker.empty()) token = page->key_marker + ' ' + page->version_marker;
        const bool goes_on =
            progress.page(first, token, page->entries.size()) == listing_progress::found::goes_on;
        if (first.empty() || !goes_on || (how != nullptr && how->is_over())) {
            out.held = endpoint + ": its listing " +
                       (first.empty() ? "is empty and says that there is more"
                                      : "does not come to an end");
            co_return out;
        }
        // A server that answers with the other listing has tokens of the other listing.
        if (!plain && !page->has_versions) {
            plain = true;
            last = version_page();
            continue;
        }
        last.key_marker = page->key_marker;
        last.version_marker = page->version_marker;
    }
    ask.query.clear();
    ask.query.push_back(name_value{"max-uploads", "1"});
    ask.query.push_back(name_value{"uploads", ""});
    const control_reply reply = co_await ask_for(session, ask, how);
    if (lists_no_uploads(reply)) co_return out;
    if (was_refused(reply, session, endpoint, out)) co_return out;
    const auto uploads = parse_uploads(reply.body);
    if (!uploads) {
        out.held = unreadable("ListMultipartUploads", endpoint);
    } else if (!uploads->entries.empty()) {
        out.held = "it holds an unfinished upload, \"" + uploads->entries.front().key + "\"";
    }
    co_return out;
}

runtime::task<std::string> remove_empty_bucket(s3_session& session, std::string bucket,
                                               const std::string& endpoint, op_status* why,
                                               const patience* how) {
    const bucket_content content = co_await what_is_in(session, bucket, endpoint, how);
    if (why != nullptr) *why = content.status;
    if (content.absent || !content.held.empty()) co_return content.held;
    control_request ask;
    ask.method = "DELETE";
    ask.bucket = bucket;
    const control_reply reply = co_await ask_for(session, ask, how);
    if (why != nullptr) *why = status_of(reply);
    if (reply.problem.empty() && reply.status == 404) co_return std::string();
    co_return explain(reply, session.core(), endpoint);
}

}  // namespace chopsticks::s3
