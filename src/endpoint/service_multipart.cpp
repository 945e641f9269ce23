// Uploads in parts.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/random.hpp>
#include <pugixml.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::uint64_t part_number_max = 10'000;

std::string open(std::string_view element) {
    std::string xml(xml_declaration);
    xml += "<";
    xml += element;
    xml += s3_namespace;
    xml += ">";
    return xml;
}

}  // namespace

std::shared_ptr<upload> service::find_upload(exchange& x) {
    auto found = x.bucket_->find_upload(x.head.parameter_or("uploadId", ""), x.head.key);
    if (!found) refuse(x, s3_code::no_such_upload);
    return found;
}

void service::create_upload(exchange& x) {
    auto started = std::make_shared<upload>();
    started->key = x.head.key;
    started->meta = metadata_of(x.head);
    started->started_ns = wall_ns();
    auto charge = store_.memory().reserve(overhead_bytes(started->key, started->meta));
    if (!charge) return refuse(x, s3_code::insufficient_storage);
    started->charge = std::move(*charge);
    const std::uint64_t number = upload_ids_.fetch_add(1, std::memory_order_relaxed);
    // Not to be guessed from the one before, as with S3: nobody should come to rely on an order.
    const std::uint64_t id[2] = {mix64(number, static_cast<std::uint64_t>(started->started_ns)),
                                 mix64(number)};
    started->id = to_hex(std::string_view(reinterpret_cast<const char*>(id), sizeof id));
    const std::string text = started->id;
    const s3_code code = x.bucket_->add(std::move(started));
    if (code != s3_code::none) return refuse(x, code);
    std::string xml = open("InitiateMultipartUploadResult");
    append_element(xml, "Bucket", x.head.bucket);
    append_element(xml, "Key", x.head.key);
    append_element(xml, "UploadId", text);
    xml += "</InitiateMultipartUploadResult>";
    x.answer.xml(std::move(xml));
}

void service::upload_part(exchange& x) {
    const auto u = find_upload(x);
    if (!u) return;
    const auto number = parse_number(x.head.parameter_or("partNumber", ""));
    if (!number || *number < 1 || *number > part_number_max) {
        return refuse(x, s3_code::invalid_argument,
                      "Part number must be an integer between 1 and 10000, inclusive");
    }
    part made;
    made.modified_ns = wall_ns();
    const bool copied = x.head.header("x-amz-copy-source") != nullptr;
    if (copied) {
        const auto source = copy_source(x);
        if (!source) return;
        byte_range range{0, source->content.size};
        if (const std::string* asked = x.head.header("x-amz-copy-source-range")) {
            if (parse_range(*asked, source->content.size, range) != range_kind::part) {
                return refuse(x, s3_code::invalid_range);
            }
        }
        made.content = source->content.part(range.offset, range.length);
        made.etag = etag_of(made.content);
    } else {
        made.content = x.sink_.finish();
        made.etag = etag_of(x);
    }
    const std::string etag = '"' + made.etag + '"';
    const std::string modified = format_utc(made.modified_ns);
    {
        const std::lock_guard lock(u->mutex);
        std::swap(u->parts[static_cast<int>(*number)], made);
    }
    if (!copied) {
        x.answer.field("ETag", etag);
        return;
    }
    std::string xml = open("CopyPartResult");
    append_element(xml, "LastModified", modified);
    append_element(xml, "ETag", etag);
    xml += "</CopyPartResult>";
    x.answer.xml(std::move(xml));
}

void service::complete_upload(exchange& x) {
    const auto u = find_upload(x);
    if (!u) return;
    pugi::xml_document document;
    const auto parsed = document.load_buffer(x.text_.data(), x.text_.size());
    const auto root = document.child("CompleteMultipartUpload");
    if (!parsed || !root) return refuse(x, s3_code::malformed_xml);
    std::vector<part_claim> claims;
    for (const auto& item : root.children("Part")) {
        const auto number = parse_number(item.child_value("PartNumber"));
        if (!number || *number < 1 || *number > part_number_max) {
            return refuse(x, s3_code::malformed_xml);
        }
        claims.push_back(
            {static_cast<int>(*number), std::string(unquoted(item.child_value("ETag")))});
    }
    const put_condition condition = condition_of(x.head);
    if (!condition.is_served()) return refuse(x, s3_code::not_implemented);
    std::string etag;
    const s3_code code = x.bucket_->complete(
        u, claims, condition, keep_previous_.load(std::memory_order_relaxed), wall_ns(), etag);
    if (code != s3_code::none) return refuse(x, code);
    std::string xml = open("CompleteMultipartUploadResult");
    append_element(xml, "Location", "/" + x.head.bucket + "/" + x.head.key);
    append_element(xml, "Bucket", x.head.bucket);
    append_element(xml, "Key", x.head.key);
    append_element(xml, "ETag", '"' + etag + '"');
    xml += "</CompleteMultipartUploadResult>";
    x.answer.xml(std::move(xml));
}

void service::abort_upload(exchange& x) {
    const auto u = find_upload(x);
    if (!u) return;
    if (!x.bucket_->abort(u)) return refuse(x, s3_code::no_such_upload);
    x.answer.status = 204;
    x.answer.body_follows = false;
}

void service::list_parts(exchange& x) {
    const auto u = find_upload(x);
    if (!u) return;
    const auto most = parse_number(x.head.parameter_or("max-parts", "1000"));
    const auto marker = parse_number(x.head.parameter_or("part-number-marker", "0"));
    if (!most || !marker || *marker > part_number_max) {
        return refuse(x, s3_code::invalid_argument);
    }
    std::string xml = open("ListPartsResult");
    append_element(xml, "Bucket", x.head.bucket);
    append_element(xml, "Key", x.head.key);
    append_element(xml, "UploadId", u->id);
    append_element(xml, "StorageClass", "STANDARD");
    append_element(xml, "PartNumberMarker", std::to_string(*marker));
    append_element(xml, "MaxParts", std::to_string(*most));
    const std::lock_guard lock(u->mutex);
    auto at = u->parts.upper_bound(static_cast<int>(*marker));
    std::uint64_t count = 0;
    int last = static_cast<int>(*marker);
    for (; at != u->parts.end() && count < *most; ++at, ++count) {
        last = at->first;
        xml += "<Part>";
        append_element(xml, "PartNumber", std::to_string(at->first));
        append_element(xml, "LastModified", format_utc(at->second.modified_ns));
        append_element(xml, "ETag", '"' + at->second.etag + '"');
        append_element(xml, "Size", std::to_string(at->second.content.size));
        xml += "</Part>";
    }
    append_element(xml, "IsTruncated", at != u->parts.end() ? "true" : "false");
    append_element(xml, "NextPartNumberMarker", std::to_string(last));
    xml += "</ListPartsResult>";
    x.answer.xml(std::move(xml));
}

void service::list_uploads(exchange& x) {
    const request& r = x.head;
    if (r.parameter("delimiter") != nullptr && !r.parameter("delimiter")->empty()) {
        return refuse(x, s3_code::not_implemented);
    }
    const auto most = parse_number(r.parameter_or("max-uploads", "1000"));
    if (!most) return refuse(x, s3_code::invalid_argument);
    const std::string prefix = r.parameter_or("prefix", "");
    const std::string key_marker = r.parameter_or("key-marker", "");
    const std::string id_marker = r.parameter_or("upload-id-marker", "");
    std::string xml = open("ListMultipartUploadsResult");
    append_element(xml, "Bucket", r.bucket);
    append_element(xml, "KeyMarker", key_marker);
    append_element(xml, "UploadIdMarker", id_marker);
    append_element(xml, "Prefix", prefix);
    append_element(xml, "MaxUploads", std::to_string(*most));
    std::uint64_t count = 0;
    bool truncated = false;
    std::shared_ptr<upload> last;
    for (const auto& u : x.bucket_->uploads()) {
        if (!u->key.starts_with(prefix) || u->key < key_marker) continue;
        if (u->key == key_marker && (id_marker.empty() || u->id <= id_marker)) continue;
        if (count == *most) {
            truncated = true;
            break;
        }
        ++count;
        last = u;
        xml += "<Upload>";
        append_element(xml, "Key", u->key);
        append_element(xml, "UploadId", u->id);
        append_element(xml, "StorageClass", "STANDARD");
        append_element(xml, "Initiated", format_utc(u->started_ns));
        xml += "</Upload>";
    }
    append_element(xml, "IsTruncated", truncated ? "true" : "false");
    if (truncated && last) {
        append_element(xml, "NextKeyMarker", last->key);
        append_element(xml, "NextUploadIdMarker", last->id);
    }
    xml += "</ListMultipartUploadsResult>";
    x.answer.xml(std::move(xml));
}

}  // namespace chopsticks::endpoint
