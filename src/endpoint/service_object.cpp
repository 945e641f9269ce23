// Objects.

#include <algorithm>
#include <array>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::array<std::string_view, 5> kept_fields = {
    "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
};
constexpr std::string_view meta_prefix = "x-amz-meta-";
constexpr std::size_t meta_bytes_max = 2048;

struct conditions {
    const std::string* match;
    const std::string* none_match;
    const std::string* modified_since;
    const std::string* unmodified_since;
};

enum class condition_result : std::uint8_t { holds, not_modified, failed };

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

/// RFC 9110, section 13.2.2: an ETag condition makes the date of the same sense irrelevant.
condition_result check(const conditions& c, const object& o) {
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

}  // namespace

metadata metadata_of(const request& r) {
    metadata out;
    out.content_type = r.header_or("Content-Type", "binary/octet-stream");
    for (const auto& h : r.headers) {
        std::string name = lower(h.name);
        const bool kept =
            std::find(kept_fields.begin(), kept_fields.end(), name) != kept_fields.end();
        if (!kept && !name.starts_with(meta_prefix)) continue;
        std::string value = name == "content-encoding" ? without_aws_chunked(h.value)
                                                       : std::string(trimmed(h.value));
        if (kept && value.empty()) continue;
        out.fields.emplace_back(std::move(name), std::move(value));
    }
    return out;
}

void service::answer_with(exchange& x, const object& o) const {
    response& a = x.answer;
    const request& r = x.head;
    const conditions given{r.header("If-Match"), r.header("If-None-Match"),
                           r.header("If-Modified-Since"), r.header("If-Unmodified-Since")};
    const condition_result met = check(given, o);
    if (met == condition_result::failed) return refuse(x, s3_code::precondition_failed);
    a.field("ETag", '"' + o.etag + '"');
    a.field("Last-Modified", format_http_date(o.modified_ns));
    if (met == condition_result::not_modified) return refuse(x, s3_code::not_modified);
    byte_range range{0, o.content.size};
    range_kind kind = range_kind::whole;
    if (const std::string* asked = r.header("Range")) {
        kind = parse_range(*asked, o.content.size, range);
    }
    if (kind == range_kind::unsatisfiable) {
        a.fields.clear();
        a.field("Content-Range", "bytes */" + std::to_string(o.content.size));
        std::string more;
        append_element(more, "RangeRequested", r.header_or("Range", ""));
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
    }
    const std::string* type = r.parameter("response-content-type");
    a.field("Content-Type", type != nullptr ? *type : o.meta.content_type);
    for (const auto& [name, value] : o.meta.fields) {
        if (r.parameter("response-" + name) == nullptr) a.field(name, value);
    }
    for (const std::string_view name : kept_fields) {
        const std::string* value = r.parameter("response-" + std::string(name));
        if (value != nullptr) a.field(name, *value);
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
    if (x.head.parameter("partNumber") != nullptr) return refuse(x, s3_code::not_implemented);
    const auto found = x.bucket_->get(x.head.key);
    if (!found) return refuse(x, s3_code::no_such_key);
    answer_with(x, *found);
}

bool service::answer_stale(exchange& x) const {
    if (x.op != op_kind::get || !x.bucket_) return false;
    const auto found = x.bucket_->get(x.head.key);
    if (!found || !found->previous) return false;
    x.answer = response();
    answer_with(x, *found->previous);
    return true;
}

put_condition condition_of(const request& r) {
    return {std::string(unquoted(r.header_or("If-Match", ""))),
            std::string(unquoted(r.header_or("If-None-Match", "")))};
}

s3_code service::store_object(exchange& x, std::shared_ptr<object> made) {
    if (meta_bytes(made->meta) > meta_bytes_max) return s3_code::metadata_too_large;
    auto charge = store_.memory().reserve(overhead_bytes(made->key, made->meta));
    if (!charge) return s3_code::insufficient_storage;
    made->charge = std::move(*charge);
    made->modified_ns = wall_ns();
    const put_condition condition = condition_of(x.head);
    if (!condition.is_served()) return s3_code::not_implemented;
    return x.bucket_->put(std::move(made), condition,
                          keep_previous_.load(std::memory_order_relaxed));
}

void service::put(exchange& x) {
    auto made = std::make_shared<object>();
    made->key = x.head.key;
    made->content = x.sink_.finish();
    made->etag = etag_of(x);
    made->meta = metadata_of(x.head);
    const std::string etag = made->etag;
    const s3_code code = store_object(x, std::move(made));
    if (code != s3_code::none) return refuse(x, code);
    x.answer.field("ETag", '"' + etag + '"');
}

void service::remove(exchange& x) {
    const s3_code code = x.bucket_->remove(x.head.key, unquoted(x.head.header_or("If-Match", "")));
    if (code != s3_code::none) return refuse(x, code);
    x.answer.status = 204;
    x.answer.body_follows = false;
}

std::shared_ptr<const object> service::copy_source(exchange& x) const {
    std::string_view source = x.head.header_or("x-amz-copy-source", "");
    source = source.substr(0, source.find("?versionId="));
    const auto decoded = http::percent_decode(source);
    if (!decoded) {
        refuse(x, s3_code::invalid_argument, "Copy Source must be percent-encoded");
        return nullptr;
    }
    std::string_view path = *decoded;
    if (path.starts_with('/')) path.remove_prefix(1);
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos || slash + 1 == path.size()) {
        refuse(x, s3_code::invalid_argument, "Copy Source must mention the source bucket and key");
        return nullptr;
    }
    const auto from = store_.find(path.substr(0, slash));
    if (!from) {
        refuse(x, s3_code::no_such_bucket);
        return nullptr;
    }
    auto found = from->get(path.substr(slash + 1));
    if (!found) {
        refuse(x, s3_code::no_such_key);
        return nullptr;
    }
    const request& r = x.head;
    const conditions given{r.header("x-amz-copy-source-if-match"),
                           r.header("x-amz-copy-source-if-none-match"),
                           r.header("x-amz-copy-source-if-modified-since"),
                           r.header("x-amz-copy-source-if-unmodified-since")};
    if (check(given, *found) != condition_result::holds) {
        refuse(x, s3_code::precondition_failed);
        return nullptr;
    }
    return found;
}

void service::copy(exchange& x) {
    const auto source = copy_source(x);
    if (!source) return;
    const bool replace = same_name(x.head.header_or("x-amz-metadata-directive", "COPY"), "REPLACE");
    if (!replace && x.bucket_->get(x.head.key) == source) {
        return refuse(x, s3_code::invalid_request,
                      "This copy request is illegal because it is trying to copy an object to "
                      "itself without changing the object's metadata.");
    }
    auto made = std::make_shared<object>();
    made->key = x.head.key;
    made->content = source->content;
    made->etag = source->etag;
    made->meta = replace ? metadata_of(x.head) : source->meta;
    const s3_code code = store_object(x, std::move(made));
    if (code != s3_code::none) return refuse(x, code);
    std::string xml(xml_declaration);
    xml += "<CopyObjectResult";
    xml += s3_namespace;
    xml += ">";
    append_element(xml, "LastModified", format_utc(wall_ns()));
    append_element(xml, "ETag", '"' + source->etag + '"');
    xml += "</CopyObjectResult>";
    x.answer.xml(std::move(xml));
}

void service::object_property(exchange& x) {
    const request& r = x.head;
    if (!r.key.empty() && !x.bucket_->get(r.key)) return refuse(x, s3_code::no_such_key);
    std::string xml(xml_declaration);
    if (r.parameter("acl") != nullptr) {
        xml +=
            "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Owner><ID>chopsticks</ID><DisplayName>chopsticks</DisplayName></Owner>"
            "<AccessControlList><Grant>"
            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
            "xsi:type=\"CanonicalUser\"><ID>chopsticks</ID>"
            "<DisplayName>chopsticks</DisplayName></Grantee>"
            "<Permission>FULL_CONTROL</Permission></Grant></AccessControlList>"
            "</AccessControlPolicy>";
    } else if (r.parameter("tagging") != nullptr) {
        xml += "<Tagging><TagSet></TagSet></Tagging>";
    } else {
        return refuse(x, s3_code::not_implemented);
    }
    x.answer.xml(std::move(xml));
}

}  // namespace chopsticks::endpoint
