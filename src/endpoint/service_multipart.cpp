// Uploads in parts.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <pugixml.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::uint64_t list_uploads_max = 1000;

/// What a new upload says of the checksums of its parts.
s3_refusal read_plan(const request& r, std::optional<checksum_plan>& out) {
    const std::string* name = r.header("x-amz-checksum-algorithm");
    const std::string* type = r.header("x-amz-checksum-type");
    const bool whole = type != nullptr && *type == "FULL_OBJECT";
    if (type != nullptr && !whole && *type != "COMPOSITE") {
        return {s3_code::invalid_request,
                "Value for x-amz-checksum-type header is invalid: FULL_OBJECT or COMPOSITE"};
    }
    if (name == nullptr) {
        if (type == nullptr) return {};
        return {s3_code::invalid_request,
                "The x-amz-checksum-type header can only be used with the "
                "x-amz-checksum-algorithm header."};
    }
    const checksum_algorithm* algorithm = checksum_named(*name);
    if (algorithm == nullptr) {
        return {s3_code::invalid_request, "Checksum algorithm provided is unsupported."};
    }
    const bool composite = type != nullptr ? !whole : algorithm->of_parts;
    if (composite ? !algorithm->of_parts : !algorithm->of_whole) {
        return {s3_code::invalid_request,
                "The " + std::string(composite ? "COMPOSITE" : "FULL_OBJECT") +
                    " checksum type cannot be used with the " + std::string(algorithm->name) +
                    " checksum algorithm."};
    }
    out = checksum_plan{algorithm->kind, composite};
    return {};
}

/// "bytes=first-last", both within the source.
s3_refusal read_copy_range(std::string_view text, std::uint64_t size, byte_range& out) {
    const std::size_t dash = text.find('-');
    const auto first = text.starts_with("bytes=") && dash != std::string_view::npos
                           ? parse_number(text.substr(6, dash - 6))
                           : std::nullopt;
    const auto last = first ? parse_number(text.substr(dash + 1)) : std::nullopt;
    if (!last || *last < *first) {
        return {s3_code::invalid_argument,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where "
                "first and last are the zero-based offsets of the first and last bytes to copy"};
    }
    if (*last >= size) {
        return {s3_code::invalid_range,
                "Range specified is not valid for source object of size: " + std::to_string(size)};
    }
    out = {*first, *last - *first + 1};
    return {};
}

/// The document of a completion, and the fields beside it.
s3_refusal read_completion(const request& r, std::string_view text, completion& out) {
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text.data(), text.size());
    const auto root = document.child("CompleteMultipartUpload");
    if (!parsed || !root) return {s3_code::malformed_xml, {}};
    for (const auto& item : root.children("Part")) {
        const auto number = parse_number(item.child_value("PartNumber"));
        if (!number || *number < 1 || *number > upload::part_number_max) {
            return {s3_code::malformed_xml, {}};
        }
        part_claim claim;
        claim.number = static_cast<int>(*number);
        claim.etag = unquoted(item.child_value("ETag"));
        for (const checksum_algorithm& a : checksum_algorithms) {
            const std::string_view sum = item.child_value(std::string(a.element).c_str());
            if (sum.empty()) continue;
            claim.kind = a.kind;
            claim.sum = sum;
        }
        out.parts.push_back(std::move(claim));
    }
    for (const auto& h : r.headers) {
        if (const auto* a = checksum_of_field(h.name)) {
            out.kind = a->kind;
            out.sum = trimmed(h.value);
        }
    }
    if (const std::string* type = r.header("x-amz-checksum-type")) {
        out.composite = *type == "COMPOSITE";
    }
    if (const std::string* size = r.header("x-amz-mp-object-size")) {
        out.size_bytes = parse_number(*size);
        if (!out.size_bytes) {
            return {s3_code::invalid_request, "Value for x-amz-mp-object-size header is invalid."};
        }
    }
    return {};
}

}  // namespace

std::shared_ptr<upload> service::find_upload(exchange& x) {
    auto found = x.bucket_->uploads().find(x.head.parameter_or("uploadId", ""), x.head.key);
    if (!found) refuse(x, s3_code::no_such_upload);
    return found;
}

void service::create_upload(exchange& x) {
    auto started = std::make_shared<upload>();
    started->begun.key = x.head.key;
    if (const s3_refusal wrong = read_state(x.head, started->begun)) {
        return refuse(x, wrong.code, wrong.text);
    }
    if (const s3_refusal wrong = read_plan(x.head, started->sums)) {
        return refuse(x, wrong.code, wrong.text);
    }
    if (!apply_lock(x, started->begun) || !apply_access(x, started->begun)) return;
    started->begun.sealed = with_default(started->begun.sealed, x.bucket_->encrypted());
    started->started_ns = wall_ns();
    auto charge = store_.memory().reserve(overhead_bytes(started->begun));
    if (!charge) return refuse(x, s3_code::insufficient_storage);
    started->charge = std::move(*charge);
    started->owner = owner_of(x);
    started->id = opaque_id();
    const std::shared_ptr<const upload> kept = started;
    const s3_code code = x.bucket_->add(std::move(started));
    if (code != s3_code::none) return refuse(x, code);
    if (kept->sums) {
        x.answer.field("x-amz-checksum-algorithm", describe(kept->sums->kind).name);
        x.answer.field("x-amz-checksum-type", kept->sums->composite ? "COMPOSITE" : "FULL_OBJECT");
    }
    if (kept->begun.sealed) x.answer.fields += encryption_answer(*kept->begun.sealed);
    xml_text xml("InitiateMultipartUploadResult");
    xml.element("Bucket", x.head.bucket);
    xml.element("Key", x.head.key);
    xml.element("UploadId", kept->id);
    x.answer.xml(xml.finish());
}

void service::upload_part(exchange& x) {
    const auto& u = x.upload_;
    const int number = static_cast<int>(*parse_number(x.head.parameter_or("partNumber", "")));
    if (const s3_refusal wrong = check_part_key(x.head, u->begun.sealed)) {
        return refuse(x, wrong.code, wrong.text);
    }
    part made;
    made.modified_ns = wall_ns();
    const bool copied = x.head.header("x-amz-copy-source") != nullptr;
    if (copied) {
        const auto source = copy_source(x);
        if (!source) return;
        byte_range range{0, source->content.size};
        if (const std::string* asked = x.head.header("x-amz-copy-source-range")) {
            if (const s3_refusal wrong = read_copy_range(*asked, source->content.size, range)) {
                return refuse(x, wrong.code, wrong.text);
            }
        }
        made.content = source->content.part(range.offset, range.length);
        made.etag = etag_of(made.content);
        if (u->sums) made.sum = to_base64(digest_of(u->sums->kind, made.content));
    } else {
        made.content = x.sink_.finish();
        made.etag = etag_of(x);
        if (u->sums && x.sum_) made.sum = x.sum_->value;
    }
    auto charge = store_.memory().reserve(sizeof(part) + made.etag.size() + made.sum.size());
    if (!charge) return refuse(x, s3_code::insufficient_storage);
    made.charge = std::move(*charge);
    const std::string etag = '"' + made.etag + '"';
    const std::string sum = made.sum;
    const std::string modified = format_utc(made.modified_ns);
    {
        const std::lock_guard lock(u->mutex);
        std::swap(u->parts[number], made);
    }
    if (u->begun.sealed) x.answer.fields += encryption_answer(*u->begun.sealed);
    if (!copied) {
        x.answer.field("ETag", etag);
        if (x.sum_) x.answer.field(describe(x.sum_->kind).field, x.sum_->value);
        return;
    }
    xml_text xml("CopyPartResult");
    xml.element("LastModified", modified);
    xml.element("ETag", etag);
    if (u->sums) xml.element(describe(u->sums->kind).element, sum);
    x.answer.xml(xml.finish());
}

void service::answer_completed(exchange& x, const completed_upload& done) const {
    object_state made;
    made.version = done.version;
    say_new_version(x, made);
    if (done.sealed) x.answer.fields += encryption_answer(*done.sealed);
    xml_text xml("CompleteMultipartUploadResult");
    xml.element("Location", "/" + x.head.bucket + "/" + x.head.key);
    xml.element("Bucket", x.head.bucket);
    xml.element("Key", x.head.key);
    xml.element("ETag", '"' + done.etag + '"');
    if (done.sum) {
        xml.element(describe(done.sum->kind).element, done.sum->value);
        xml.element("ChecksumType", done.sum->type());
    }
    x.answer.xml(xml.finish());
}

void service::complete_upload(exchange& x) {
    completion wanted;
    if (const s3_refusal wrong = read_completion(x.head, x.text_, wanted)) {
        // Of an upload that is not there nothing else is told.
        if (!find_upload(x)) return;
        return refuse(x, wrong.code, wrong.text);
    }
    const std::string id = x.head.parameter_or("uploadId", "");
    const auto u = x.bucket_->uploads().find(id, x.head.key);
    completed_upload done;
    if (!u) {
        const auto before = x.bucket_->uploads().completed(id, x.head.key);
        if (!before || before->parts != wanted.parts) return refuse(x, s3_code::no_such_upload);
        return answer_completed(x, *before);
    }
    put_condition condition;
    s3_refusal wrong = read_condition(x.head, condition);
    if (wrong) return refuse(x, wrong.code, wrong.text);
    wrong = x.bucket_->complete(u, wanted, condition,
                                keep_previous_.load(std::memory_order_relaxed), wall_ns(), done);
    if (wrong) return refuse(x, wrong.code, wrong.text);
    answer_completed(x, done);
}

void service::abort_upload(exchange& x) {
    const auto u = find_upload(x);
    if (!u) return;
    if (!x.bucket_->abort(*u)) return refuse(x, s3_code::no_such_upload);
    x.answer.status = 204;
    x.answer.body_follows = false;
}

void service::list_parts(exchange& x) {
    const auto u = find_upload(x);
    if (!u) return;
    const auto asked = parse_number(x.head.parameter_or("max-parts", "1000"));
    const auto marker = parse_number(x.head.parameter_or("part-number-marker", "0"));
    if (!asked || !marker || *marker > 0x7fffffff) return refuse(x, s3_code::invalid_argument);
    const std::uint64_t most = std::min(*asked, list_uploads_max);
    xml_text xml("ListPartsResult", x.head.parameter_or("encoding-type", "") == "url");
    xml.element("Bucket", x.head.bucket);
    xml.key("Key", x.head.key);
    xml.element("UploadId", u->id);
    xml.open("Initiator");
    xml.element("ID", u->owner);
    xml.element("DisplayName", u->owner);
    xml.close("Initiator");
    append_owner(xml, u->owner);
    xml.element("StorageClass", u->begun.storage_class_name());
    if (u->sums) {
        xml.element("ChecksumAlgorithm", describe(u->sums->kind).name);
        xml.element("ChecksumType", u->sums->composite ? "COMPOSITE" : "FULL_OBJECT");
    }
    xml.element("PartNumberMarker", *marker);
    xml.element("MaxParts", most);
    const std::lock_guard lock(u->mutex);
    auto at = u->parts.upper_bound(static_cast<int>(*marker));
    std::uint64_t count = 0;
    std::uint64_t last = *marker;
    for (; at != u->parts.end() && count < most; ++at, ++count) {
        last = static_cast<std::uint64_t>(at->first);
        xml.open("Part");
        xml.element("PartNumber", last);
        xml.element("LastModified", format_utc(at->second.modified_ns));
        xml.element("ETag", '"' + at->second.etag + '"');
        if (u->sums) xml.element(describe(u->sums->kind).element, at->second.sum);
        xml.element("Size", at->second.content.size);
        xml.close("Part");
    }
    xml.element("IsTruncated", at != u->parts.end());
    xml.element("NextPartNumberMarker", last);
    x.answer.xml(xml.finish());
}

}  // namespace chopsticks::endpoint
