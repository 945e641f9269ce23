// Buckets and what is in them.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>
#include <pugixml.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::size_t list_keys_max = 1000;
constexpr std::size_t delete_keys_max = 1000;
constexpr std::string_view owner = "<ID>chopsticks</ID><DisplayName>chopsticks</DisplayName>";

void append_owner(std::string& out) {
    out += "<Owner>";
    out += owner;
    out += "</Owner>";
}

/// Texts of a listing, encoded if the client asked for it: XML cannot carry every key.
class list_writer {
  public:
    list_writer(std::string& out, bool encode) : out_(out), encode_(encode) {}

    void text(std::string_view name, std::string_view value) {
        append_element(out_, name,
                       encode_ ? http::percent_encode(value, http::slash::keep) : value);
    }
    void plain(std::string_view name, std::string_view value) { append_element(out_, name, value); }

  private:
    void append_element(std::string& out, std::string_view name, std::string_view value) {
        endpoint::append_element(out, name, value);
    }

    std::string& out_;
    bool encode_;
};

}  // namespace

void service::list_buckets(exchange& x) {
    std::string xml(xml_declaration);
    xml += "<ListAllMyBucketsResult";
    xml += s3_namespace;
    xml += ">";
    append_owner(xml);
    xml += "<Buckets>";
    for (const auto& b : store_.buckets()) {
        xml += "<Bucket>";
        append_element(xml, "Name", b->name());
        append_element(xml, "CreationDate", format_utc(b->created_ns()));
        xml += "</Bucket>";
    }
    xml += "</Buckets></ListAllMyBucketsResult>";
    x.answer.xml(std::move(xml));
}

void service::create_bucket(exchange& x) {
    if (!x.text_.empty()) {
        pugi::xml_document document;
        const auto parsed = document.load_buffer(x.text_.data(), x.text_.size());
        const auto configuration = document.child("CreateBucketConfiguration");
        if (!parsed || !configuration) return refuse(x, s3_code::malformed_xml);
        const std::string_view location = configuration.child_value("LocationConstraint");
        if (!location.empty() && location != options_.region) {
            return refuse(x, s3_code::location_constraint);
        }
    }
    const s3_code code = store_.create(x.head.bucket, wall_ns());
    if (code != s3_code::none) return refuse(x, code);
    x.answer.field("Location", "/" + x.head.bucket);
}

void service::head_bucket(exchange& x) {
    x.answer.field("x-amz-bucket-region", options_.region);
    x.answer.body_follows = false;
}

void service::delete_bucket(exchange& x) {
    const s3_code code = store_.remove(x.head.bucket);
    if (code != s3_code::none) return refuse(x, code);
    x.answer.status = 204;
    x.answer.body_follows = false;
}

void service::get_location(exchange& x) {
    std::string xml(xml_declaration);
    xml += "<LocationConstraint";
    xml += s3_namespace;
    xml += ">";
    // Of all regions this one is spelt as nothing.
    if (options_.region != "us-east-1") xml += options_.region;
    xml += "</LocationConstraint>";
    x.answer.xml(std::move(xml));
}

void service::bucket_property(exchange& x) {
    const request& r = x.head;
    const auto asked = [&](std::string_view name) { return r.parameter(name) != nullptr; };
    if (asked("acl")) return object_property(x);
    if (asked("policy")) return refuse(x, s3_code::no_such_bucket_policy);
    if (asked("cors")) return refuse(x, s3_code::no_such_cors);
    if (asked("encryption")) return refuse(x, s3_code::no_such_encryption);
    if (asked("lifecycle")) return refuse(x, s3_code::no_such_lifecycle);
    if (asked("tagging")) return refuse(x, s3_code::no_such_tag_set);
    if (asked("website")) return refuse(x, s3_code::no_such_website);
    std::string_view element;
    std::string_view content;
    if (asked("versioning")) {
        element = "VersioningConfiguration";
    } else if (asked("requestPayment")) {
        element = "RequestPaymentConfiguration";
        content = "<Payer>BucketOwner</Payer>";
    } else if (asked("notification")) {
        element = "NotificationConfiguration";
    } else if (asked("logging")) {
        element = "BucketLoggingStatus";
    } else {
        return refuse(x, s3_code::not_implemented);
    }
    std::string xml(xml_declaration);
    xml += "<";
    xml += element;
    xml += s3_namespace;
    xml += ">";
    xml += content;
    xml += "</";
    xml += element;
    xml += ">";
    x.answer.xml(std::move(xml));
}

void service::list(exchange& x) {
    const request& r = x.head;
    const bool v2 = r.parameter_or("list-type", "") == "2";
    const std::string encoding = r.parameter_or("encoding-type", "");
    const auto asked = parse_number(r.parameter_or("max-keys", "1000"));
    if (!asked || *asked > 0x7fffffff || (!encoding.empty() && encoding != "url")) {
        return refuse(x, s3_code::invalid_argument);
    }
    list_query query;
    query.prefix = r.parameter_or("prefix", "");
    query.delimiter = r.parameter_or("delimiter", "");
    query.max_keys = std::min<std::size_t>(*asked, list_keys_max);
    const std::string* token = v2 ? r.parameter("continuation-token") : nullptr;
    query.after = r.parameter_or(v2 ? "start-after" : "marker", "");
    if (token != nullptr) {
        const auto decoded = from_base64(*token);
        if (!decoded) {
            return refuse(x, s3_code::invalid_argument, "The continuation token is incorrect");
        }
        query.after = *decoded;
    }
    const list_page page = x.bucket_->list(query);

    std::string xml(xml_declaration);
    xml.reserve(512 + page.objects.size() * 320);
    xml += "<ListBucketResult";
    xml += s3_namespace;
    xml += ">";
    list_writer out(xml, encoding == "url");
    out.plain("Name", r.bucket);
    out.text("Prefix", query.prefix);
    if (!query.delimiter.empty()) out.text("Delimiter", query.delimiter);
    out.plain("MaxKeys", std::to_string(query.max_keys));
    if (!encoding.empty()) out.plain("EncodingType", encoding);
    out.plain("IsTruncated", page.next ? "true" : "false");
    if (v2) {
        out.plain("KeyCount", std::to_string(page.objects.size() + page.prefixes.size()));
        if (token != nullptr) out.plain("ContinuationToken", *token);
        if (page.next) out.plain("NextContinuationToken", to_base64(*page.next));
        const std::string* start = r.parameter("start-after");
        if (start != nullptr) out.text("StartAfter", *start);
    } else {
        out.text("Marker", query.after);
        if (page.next) out.text("NextMarker", *page.next);
    }
    const bool owned = !v2 || r.parameter_or("fetch-owner", "") == "true";
    for (const auto& o : page.objects) {
        xml += "<Contents>";
        out.text("Key", o->key);
        out.plain("LastModified", format_utc(o->modified_ns));
        xml += "<ETag>&quot;" + o->etag + "&quot;</ETag><Size>" + std::to_string(o->content.size) +
               "</Size>";
        if (owned) append_owner(xml);
        xml += "<StorageClass>STANDARD</StorageClass></Contents>";
    }
    for (const std::string& prefix : page.prefixes) {
        xml += "<CommonPrefixes>";
        out.text("Prefix", prefix);
        xml += "</CommonPrefixes>";
    }
    xml += "</ListBucketResult>";
    x.answer.xml(std::move(xml));
}

void service::delete_objects(exchange& x) {
    pugi::xml_document document;
    // A key may be blank, or hold line ends; both are content here.
    const auto parsed = document.load_buffer(
        x.text_.data(), x.text_.size(),
        (pugi::parse_default | pugi::parse_ws_pcdata_single) & ~unsigned{pugi::parse_eol});
    const auto root = document.child("Delete");
    if (!parsed || !root) return refuse(x, s3_code::malformed_xml);
    const bool quiet = std::string_view(root.child_value("Quiet")) == "true";
    std::size_t count = 0;
    for (const auto& item : root.children("Object")) {
        if (!item.child("Key") || ++count > delete_keys_max) {
            return refuse(x, s3_code::malformed_xml);
        }
    }
    if (count == 0) return refuse(x, s3_code::malformed_xml);
    std::string xml(xml_declaration);
    xml += "<DeleteResult";
    xml += s3_namespace;
    xml += ">";
    for (const auto& item : root.children("Object")) {
        const std::string_view key = item.child_value("Key");
        const std::string_view version = item.child_value("VersionId");
        if (!version.empty() && version != "null") {
            xml += "<Error>";
            append_element(xml, "Key", key);
            append_element(xml, "Code", "NotImplemented");
            append_element(xml, "Message", "There are no versions here");
            xml += "</Error>";
            continue;
        }
        x.bucket_->remove(key);
        if (quiet) continue;
        xml += "<Deleted>";
        append_element(xml, "Key", key);
        xml += "</Deleted>";
    }
    xml += "</DeleteResult>";
    x.answer.xml(std::move(xml));
}

}  // namespace chopsticks::endpoint
