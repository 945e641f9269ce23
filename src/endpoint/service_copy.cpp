// Copies of objects, and what is told of an object but its content.

#include <chopsticks/core/clock.hpp>
#include <chopsticks/http/percent.hpp>

#include "service.hpp"
#include "tags.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::string_view version_mark = "?versionId=";
constexpr std::size_t attribute_parts_max = 1000;

/// What a directive says, COPY or REPLACE.
std::optional<bool> replaces(const request& r, std::string_view field) {
    const std::string_view said = r.header_or(field, "COPY");
    if (said == "REPLACE") return true;
    return said == "COPY" ? std::optional<bool>(false) : std::nullopt;
}

bool names(std::string_view list, std::string_view one) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        if (trimmed(list.substr(0, comma)) == one) return true;
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
    return false;
}

void append_parts(xml_text& out, const object& o, std::uint64_t marker, std::uint64_t most) {
    out.open("ObjectParts");
    // S3 tells them only where they have checksums of their own.
    std::uint64_t told = 0;
    std::uint64_t last = marker;
    bool more = false;
    if (o.sum) {
        for (const part_facts& p : o.parts) {
            if (static_cast<std::uint64_t>(p.number) <= marker) continue;
            if (told == most) {
                more = true;
                break;
            }
            ++told;
            last = static_cast<std::uint64_t>(p.number);
            out.open("Part");
            if (!p.sum.empty()) out.element(describe(o.sum->kind).element, p.sum);
            out.element("PartNumber", last);
            out.element("Size", p.size);
            out.close("Part");
        }
        out.element("IsTruncated", more);
        out.element("MaxParts", most);
        out.element("PartNumberMarker", marker);
        out.element("NextPartNumberMarker", last);
    }
    out.element("PartsCount", o.parts.size());
    out.close("ObjectParts");
}

}  // namespace

std::shared_ptr<const object> service::copy_source(exchange& x) const {
    const request& r = x.head;
    std::string_view source = r.header_or("x-amz-copy-source", "");
    const std::size_t mark = source.find(version_mark);
    std::string_view version;
    if (mark != std::string_view::npos) {
        version = source.substr(mark + version_mark.size());
        source = source.substr(0, mark);
    }
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
    if (mark != std::string_view::npos && version != null_version && !is_opaque_id(version)) {
        refuse(x, s3_code::invalid_argument, "Invalid version id specified");
        return nullptr;
    }
    const auto from = store_.find(path.substr(0, slash));
    if (!from) {
        refuse(x, s3_code::no_such_bucket);
        return nullptr;
    }
    const std::string* expected = r.header("x-amz-source-expected-bucket-owner");
    const bool owned = from->facts().owner == x.auth.claims.access_key;
    const std::string_view key = path.substr(slash + 1);
    auto found = from->find(key, version);
    const policy_effect policy =
        judged(x, *from, version.empty() ? "s3:GetObject" : "s3:GetObjectVersion", key);
    // Who may not read it is not told whether it is there.
    const bool readable = found && !found->is_marker ? policy == policy_effect::allowed ||
                                                           may_use(x, *from, *found, may_read)
                                                     : owned;
    if (policy == policy_effect::denied || !readable ||
        (expected != nullptr && *expected != from->facts().owner)) {
        refuse(x, s3_code::access_denied);
        return nullptr;
    }
    if (found && found->is_marker && !version.empty()) {
        refuse(x, s3_code::invalid_request,
               "The source of a copy request may not specifically refer to a delete marker by "
               "version id.");
        return nullptr;
    }
    if (!found || found->is_marker) {
        refuse(x, version.empty() ? s3_code::no_such_key : s3_code::no_such_version);
        return nullptr;
    }
    if (const s3_refusal wrong = check_key(r, key_fields::of_copy_source, found->sealed)) {
        refuse(x, wrong.code, wrong.text);
        return nullptr;
    }
    const read_conditions given{r.header("x-amz-copy-source-if-match"),
                                r.header("x-amz-copy-source-if-none-match"),
                                r.header("x-amz-copy-source-if-modified-since"),
                                r.header("x-amz-copy-source-if-unmodified-since")};
    if (check(given, *found) != condition_result::holds) {
        refuse(x, s3_code::precondition_failed);
        return nullptr;
    }
    if (from->versions() != versioning::never) {
        x.answer.field("x-amz-copy-source-version-id", found->version_name());
    }
    return found;
}

void service::copy(exchange& x) {
    const request& r = x.head;
    const auto replace_meta = replaces(r, "x-amz-metadata-directive");
    const auto replace_tags = replaces(r, "x-amz-tagging-directive");
    if (!replace_meta || !replace_tags) {
        return refuse(x, s3_code::invalid_argument, "Unknown metadata or tagging directive.");
    }
    const std::string* algorithm_name = r.header("x-amz-checksum-algorithm");
    const checksum_algorithm* algorithm = nullptr;
    if (algorithm_name != nullptr) {
        algorithm = checksum_named(*algorithm_name);
        if (algorithm == nullptr) {
            return refuse(x, s3_code::invalid_request,
                          "Checksum algorithm provided is unsupported.");
        }
    }
    const auto source = copy_source(x);
    if (!source) return;
    encryption_ref sealed;
    if (const s3_refusal wrong = read_encryption(r, sealed))
        return refuse(x, wrong.code, wrong.text);
    const bool changes = sealed || *replace_meta || *replace_tags ||
                         r.header("x-amz-storage-class") != nullptr || algorithm != nullptr;
    if (!changes && x.bucket_->get(r.key) == source) {
        return refuse(x, s3_code::invalid_request,
                      "This copy request is illegal because it is trying to copy an object to "
                      "itself without changing the object's metadata, storage class, website "
                      "redirect location or encryption attributes.");
    }
    auto made = std::make_shared<object>();
    made->key = r.key;
    if (const s3_refusal wrong = read_state(r, *made)) return refuse(x, wrong.code, wrong.text);
    made->content = source->content;
    if (!*replace_meta) made->meta = source->meta;
    if (!*replace_tags) made->tags = source->tags;
    // The copy is put in one piece, whatever the source was.
    made->etag = source->parts.empty() ? source->etag : etag_of(made->content);
    if (algorithm == nullptr && source->sum) algorithm = &describe(source->sum->kind);
    if (algorithm != nullptr) {
        const bool known =
            source->sum && !source->sum->composite && source->sum->kind == algorithm->kind;
        made->sum = known ? *source->sum
                          : checksum{algorithm->kind, false,
                                     to_base64(digest_of(algorithm->kind, made->content))};
    }
    const std::shared_ptr<object> kept = made;
    if (!store_object(x, std::move(made))) return;
    xml_text xml("CopyObjectResult");
    xml.element("LastModified", format_utc(kept->modified_ns));
    xml.element("ETag", '"' + kept->etag + '"');
    if (kept->sum) {
        xml.element(describe(kept->sum->kind).element, kept->sum->value);
        xml.element("ChecksumType", kept->sum->type());
    }
    x.answer.xml(xml.finish());
}

void service::get_attributes(exchange& x) {
    const request& r = x.head;
    const std::string_view asked = r.header_or("x-amz-object-attributes", "");
    if (asked.empty()) {
        return refuse(x, s3_code::invalid_argument, "No object attributes were specified");
    }
    const auto most = parse_number(r.header_or("x-amz-max-parts", "1000"));
    const auto marker = parse_number(r.header_or("x-amz-part-number-marker", "0"));
    if (!most || !marker) return refuse(x, s3_code::invalid_argument);
    const auto found = find_version(x);
    if (!found) return;
    const object& o = *found;
    if (const s3_refusal wrong = check_key(r, key_fields::of_request, o.sealed)) {
        return refuse(x, wrong.code, wrong.text);
    }
    xml_text xml("GetObjectAttributesResponse");
    if (names(asked, "ETag")) xml.element("ETag", o.etag);
    if (names(asked, "Checksum") && o.sum) {
        xml.open("Checksum");
        xml.element(describe(o.sum->kind).element, o.sum->value);
        xml.element("ChecksumType", o.sum->type());
        xml.close("Checksum");
    }
    if (names(asked, "ObjectParts") && !o.parts.empty()) {
        append_parts(xml, o, *marker, std::min<std::uint64_t>(*most, attribute_parts_max));
    }
    if (names(asked, "StorageClass")) xml.element("StorageClass", o.storage_class_name());
    if (names(asked, "ObjectSize")) xml.element("ObjectSize", o.content.size);
    x.answer.field("Last-Modified", format_http_date(o.modified_ns));
    say_version(x, o);
    x.answer.xml(xml.finish());
}

void service::get_tags(exchange& x) {
    const auto found = find_version(x);
    if (!found) return;
    say_version(x, *found);
    x.answer.xml(tag_document(found->tags));
}

void service::set_tags(exchange& x) {
    tag_set tags;
    if (const s3_refusal wrong = read_tag_document(x.text_, object_tags_max, tags)) {
        return refuse(x, wrong.code, wrong.text);
    }
    change_tags(x, tags);
}

void service::delete_tags(exchange& x) {
    change_tags(x, {});
    if (x.answer.status != 200) return;
    x.answer.status = 204;
    x.answer.body_follows = false;
}

void service::change_tags(exchange& x, const tag_set& tags) {
    std::string version;
    const s3_code code = x.bucket_->change(x.head.key, x.version_, [&](object_state& o) {
        o.tags = tags;
        version = o.version_name();
    });
    if (code != s3_code::none) return refuse(x, code);
    if (x.bucket_->versions() != versioning::never) x.answer.field("x-amz-version-id", version);
}

}  // namespace chopsticks::endpoint
