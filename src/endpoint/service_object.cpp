// Objects: get, put, delete.

#include <algorithm>
#include <array>
#include <chopsticks/core/clock.hpp>

#include "service.hpp"
#include "tags.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::array<std::string_view, 5> kept_fields = {
    "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
};
/// Those of S3 out of which an object can be read at once.
constexpr std::array<std::string_view, 6> storage_classes = {
    "STANDARD",   "REDUCED_REDUNDANCY",  "STANDARD_IA",
    "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR",
};
constexpr std::array<std::string_view, 2> archive_classes = {"GLACIER", "DEEP_ARCHIVE"};
constexpr std::string_view meta_prefix = "x-amz-meta-";
constexpr std::size_t meta_bytes_max = 2048;

bool names_etag(std::string_view list, std::string_view etag) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        std::string_view item = trimmed(list.substr(0, comma));
        if (item.starts_with("W/")) item.remove_prefix(2);
        if (item == "*" || unquoted(item) == etag) return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

/// "aws-chunked, gzip" is how "gzip" comes when the upload is signed in chunks.
std::string without_aws_chunked(std::string_view value) {
    std::string out;
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        const std::string_view item = trimmed(value.substr(0, comma));
        if (!item.empty() && !same_name(item, "aws-chunked")) {
            if (!out.empty()) out += ", ";
            out += item;
        }
        value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    }
    return out;
}

std::size_t meta_bytes(const metadata& meta) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : meta.fields) {
        if (name.starts_with(meta_prefix)) bytes += name.size() - meta_prefix.size() + value.size();
    }
    return bytes;
}

metadata metadata_of(const request& r) {
    metadata out;
    out.content_type = r.header_or("Content-Type", "binary/octet-stream");
    for (const auto& h : r.headers) {
        const std::string_view given = h.name;
        const bool kept = std::any_of(kept_fields.begin(), kept_fields.end(),
                                      [&](std::string_view one) { return same_name(one, given); });
        const bool meta = given.size() >= meta_prefix.size() &&
                          same_name(given.substr(0, meta_prefix.size()), meta_prefix);
        if (!kept && !meta) continue;
        std::string name = lower(given);
        std::string value = name == "content-encoding" ? without_aws_chunked(h.value)
                                                       : std::string(trimmed(h.value));
        if (kept && value.empty()) continue;
        out.fields.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

/// The part of an object that ?partNumber names. Nothing: there is none.
std::optional<byte_range> range_of_part(const object& o, std::string_view text) {
    const auto number = parse_number(text);
    if (!number || *number == 0) return std::nullopt;
    if (o.parts.empty()) {
        return *number == 1 ? std::optional<byte_range>({0, o.content.size}) : std::nullopt;
    }
    byte_range range{0, 0};
    for (std::size_t i = 0; i < o.parts.size(); ++i) {
        range.length = o.parts[i].size;
        // Counted anew: the object has no gaps between its parts.
        if (i + 1 == *number) return range;
        range.offset += range.length;
    }
    return std::nullopt;
}

}  // namespace

condition_result check(const read_conditions& c, const object_state& o) {
    // RFC 9110, section 13.2.2: an ETag condition makes the date of the same sense irrelevant.
    const std::int64_t modified_s = o.modified_ns / 1'000'000'000;
    if (c.match != nullptr) {
        if (!names_etag(*c.match, o.etag)) return condition_result::failed;
    } else if (c.unmodified_since != nullptr) {
        const auto date = parse_http_date(*c.unmodified_since);
        if (date && modified_s > *date) return condition_result::failed;
    }
    if (c.none_match != nullptr) {
        if (names_etag(*c.none_match, o.etag)) return condition_result::not_modified;
    } else if (c.modified_since != nullptr) {
        const auto date = parse_http_date(*c.modified_since);
        if (date && modified_s <= *date) return condition_result::not_modified;
    }
    return condition_result::holds;
}

s3_refusal read_state(const request& r, object_state& out) {
    out.meta = metadata_of(r);
    if (meta_bytes(out.meta) > meta_bytes_max) return {s3_code::metadata_too_large, {}};
    const std::string_view storage = r.header_or("x-amz-storage-class", "STANDARD");
    const auto among = [&](const auto& names) {
        return std::find(names.begin(), names.end(), storage) != names.end();
    };
    if (among(archive_classes)) {
        return {s3_code::not_implemented,
                "Not implemented here: the header x-amz-storage-class: " + std::string(storage) +
                    ", out of which objects have to be restored"};
    }
    if (!among(storage_classes)) return {s3_code::invalid_storage_class, {}};
    if (storage != "STANDARD") out.storage_class = storage;
    if (s3_refusal wrong = read_encryption(r, out.sealed)) return wrong;
    return read_tags(r.header_or("x-amz-tagging", ""), out.tags);
}

void service::say_version(exchange& x, const object_state& o) const {
    if (x.bucket_->versions() == versioning::never) return;
    x.answer.field("x-amz-version-id", o.version_name());
}

void service::say_new_version(exchange& x, const object_state& o) const {
    // Ceph tells none that is null.
    if (o.version.empty() && options_.answers == dialect::ceph) return;
    say_version(x, o);
}

std::shared_ptr<const object> service::find_version(exchange& x) const {
    auto found = x.bucket_->find(x.head.key, x.version_);
    if (found && !found->is_marker) {
        if (!x.need_.of_object || x.by_policy_ || may_use(x, *x.bucket_, *found, x.need_.what))
            return found;
        refuse(x, s3_code::access_denied);
        return nullptr;
    }
    // Who may not list is not told what is there.
    if (x.need_.of_object && !permitted(x, "s3:ListBucket", {}, may_read)) {
        refuse(x, s3_code::access_denied);
        return nullptr;
    }
    if (!found) {
        refuse(x, x.version_.empty() ? s3_code::no_such_key : s3_code::no_such_version);
        return nullptr;
    }
    x.answer.field("x-amz-delete-marker", "true");
    say_version(x, *found);
    if (x.version_.empty()) {
        refuse(x, s3_code::no_such_key);
    } else {
        x.answer.field("Allow", "DELETE");
        x.answer.field("Last-Modified", format_http_date(found->modified_ns));
        refuse(x, s3_code::method_not_allowed);
    }
    return nullptr;
}

void service::answer_with(exchange& x, const object& o) const {
    response& a = x.answer;
    const request& r = x.head;
    if (const s3_refusal wrong = check_key(r, key_fields::of_request, o.sealed)) {
        return refuse(x, wrong.code, wrong.text);
    }
    const read_conditions given{r.header("If-Match"), r.header("If-None-Match"),
                                r.header("If-Modified-Since"), r.header("If-Unmodified-Since")};
    const condition_result met = check(given, o);
    if (met == condition_result::failed) return refuse(x, s3_code::precondition_failed);
    a.field("ETag", '"' + o.etag + '"');
    a.field("Last-Modified", format_http_date(o.modified_ns));
    say_version(x, o);
    if (met == condition_result::not_modified) return refuse(x, s3_code::not_modified);
    byte_range range{0, o.content.size};
    range_kind kind = range_kind::whole;
    const std::string* asked = r.header("Range");
    const std::string* part = r.parameter("partNumber");
    if (part != nullptr) {
        if (asked != nullptr) {
            return refuse(x, s3_code::invalid_request,
                          "Cannot specify both Range header and partNumber query parameter");
        }
        const auto found = range_of_part(o, *part);
        if (!found) return refuse(x, s3_code::invalid_part_number);
        range = *found;
        if (!o.parts.empty()) a.field("x-amz-mp-parts-count", std::to_string(o.parts.size()));
        // A range of no bytes cannot be said.
        if (range.length > 0) kind = range_kind::part;
    } else if (asked != nullptr) {
        kind = parse_range(*asked, o.content.size, range);
    }
    if (kind == range_kind::unsatisfiable) {
        a.fields.clear();
        a.field("Content-Range", "bytes */" + std::to_string(o.content.size));
        std::string more;
        append_element(more, "RangeRequested", *asked);
        append_element(more, "ActualObjectSize", std::to_string(o.content.size));
        const s3_error_text& text = describe(s3_code::invalid_range);
        return refuse(x, text.status, text.code, text.message, more);
    }
    a.field("Accept-Ranges", "bytes");
    if (kind == range_kind::part) {
        a.status = 206;
        a.field("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                     std::to_string(range.offset + range.length - 1) + "/" +
                                     std::to_string(o.content.size));
        // Zeros do not have the checksum of what they stand for.
    } else if (o.sum && options_.keep_bodies &&
               same_name(r.header_or("x-amz-checksum-mode", ""), "ENABLED")) {
        a.field(describe(o.sum->kind).field, o.sum->value);
        a.field("x-amz-checksum-type", o.sum->type());
    }
    if (!o.tags.empty()) a.field("x-amz-tagging-count", std::to_string(o.tags.size()));
    say_lock(x, o.lock);
    if (o.sealed) a.fields += encryption_answer(*o.sealed);
    if (!o.storage_class.empty()) a.field("x-amz-storage-class", o.storage_class);
    const std::string* type = r.parameter("response-content-type");
    a.field("Content-Type", type != nullptr ? *type : o.meta.content_type);
    for (const auto& [name, value] : o.meta.fields) {
        if (r.query.empty() || r.parameter("response-" + name) == nullptr) a.field(name, value);
    }
    if (!r.query.empty()) {
        for (const std::string_view name : kept_fields) {
            const std::string* value = r.parameter("response-" + std::string(name));
            if (value != nullptr) a.field(name, *value);
        }
    }
    a.length = range.length;
    if (r.method == "HEAD") {
        a.body_follows = false;
    } else {
        a.content =
            kind == range_kind::whole ? o.content : o.content.part(range.offset, range.length);
    }
}

void service::get(exchange& x) {
    const auto found = find_version(x);
    if (found) answer_with(x, *found);
}

bool service::answer_stale(exchange& x) const {
    if (x.op != op_kind::get || !x.bucket_ || !x.version_.empty()) return false;
    const auto found = x.bucket_->get(x.head.key);
    if (!found || !found->previous) return false;
    x.answer = response();
    answer_with(x, *found->previous);
    return true;
}

s3_refusal read_condition(const request& r, put_condition& out) {
    for (const char* name : {"If-Modified-Since", "If-Unmodified-Since"}) {
        if (r.header(name) != nullptr) {
            return {s3_code::not_implemented,
                    "Not implemented here: the header " + lower(name) + " of a write"};
        }
    }
    out.if_match = unquoted(r.header_or("If-Match", ""));
    out.if_none_match = unquoted(r.header_or("If-None-Match", ""));
    const bool deletes = r.method == "DELETE";
    if (out.if_none_match.empty() || (out.if_none_match == "*" && !deletes)) return {};
    return {s3_code::not_implemented,
            "Not implemented here: the header if-none-match of a write, but for * of a put"};
}

bool service::store_object(exchange& x, std::shared_ptr<object> made) {
    put_condition condition;
    if (const s3_refusal wrong = read_condition(x.head, condition)) {
        refuse(x, wrong.code, wrong.text);
        return false;
    }
    if (!apply_lock(x, *made) || !apply_access(x, *made)) return false;
    made->sealed = with_default(made->sealed, x.bucket_->encrypted());
    auto charge = store_.memory().reserve(overhead_bytes(*made));
    if (!charge) {
        refuse(x, s3_code::insufficient_storage);
        return false;
    }
    made->charge = std::move(*charge);
    made->modified_ns = wall_ns();
    const std::shared_ptr<object> kept = made;
    const s3_code code =
        x.bucket_->put(std::move(made), condition, keep_previous_.load(std::memory_order_relaxed));
    if (code != s3_code::none) {
        refuse(x, code);
        return false;
    }
    say_new_version(x, *kept);
    if (kept->sealed) x.answer.fields += encryption_answer(*kept->sealed);
    return true;
}

void service::put(exchange& x) {
    auto made = std::make_shared<object>();
    made->key = x.head.key;
    made->content = x.sink_.finish();
    made->etag = etag_of(x);
    made->sum = std::move(x.sum_);
    if (const s3_refusal wrong = read_state(x.head, *made))
        return refuse(x, wrong.code, wrong.text);
    const std::string etag = made->etag;
    const std::optional<checksum> sum = made->sum;
    if (!store_object(x, std::move(made))) return;
    x.answer.field("ETag", '"' + etag + '"');
    if (!sum) return;
    x.answer.field(describe(sum->kind).field, sum->value);
    x.answer.field("x-amz-checksum-type", sum->type());
}

void service::remove(exchange& x) {
    put_condition condition;
    if (const s3_refusal wrong = read_condition(x.head, condition)) {
        return refuse(x, wrong.code, wrong.text);
    }
    removal what;
    what.version = x.version_;
    what.if_match = condition.if_match;
    what.now_ns = wall_ns();
    what.bypass = bypasses(x.head);
    const removed done = x.bucket_->remove(x.head.key, what);
    if (done.code != s3_code::none) return refuse(x, done.code);
    const auto& told = done.marker ? done.marker : done.gone;
    if ((done.marker || !x.version_.empty()) && told) {
        if (told->is_marker) x.answer.field("x-amz-delete-marker", "true");
        say_version(x, *told);
    }
    x.answer.status = 204;
    x.answer.body_follows = false;
}

}  // namespace chopsticks::endpoint
