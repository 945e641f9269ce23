// Listings: of buckets, objects, versions and uploads.

#include <algorithm>
#include <chopsticks/core/clock.hpp>

#include "service.hpp"

namespace chopsticks::endpoint {

namespace {

constexpr std::uint64_t list_entries_max = 1000;
constexpr std::uint64_t list_buckets_max = 10'000;

/// What most listings are asked in the same way.
struct list_request {
    std::string prefix;
    std::string delimiter;
    bool encode = false;
    std::uint64_t most = list_entries_max;
};

/// `count` is the name of the parameter that limits them.
s3_refusal read_list_request(const request& r, std::string_view count, list_request& out) {
    const std::string encoding = r.parameter_or("encoding-type", "");
    const std::string* most = r.parameter(count);
    const auto asked =
        most == nullptr || most->empty() ? std::optional(list_entries_max) : parse_number(*most);
    if (!asked || *asked > 0x7fffffff) {
        return {s3_code::invalid_argument,
                "Argument " + std::string(count) + " must be an integer between 0 and 2147483647"};
    }
    if (!encoding.empty() && encoding != "url") {
        return {s3_code::invalid_argument, "Invalid Encoding Method specified in Request"};
    }
    out.prefix = r.parameter_or("prefix", "");
    out.delimiter = r.parameter_or("delimiter", "");
    out.encode = !encoding.empty();
    out.most = std::min(*asked, list_entries_max);
    return {};
}

void append_request(xml_text& out, const list_request& asked) {
    out.key("Prefix", asked.prefix);
    if (!asked.delimiter.empty()) out.key("Delimiter", asked.delimiter);
    if (asked.encode) out.element("EncodingType", "url");
}

void append_facts(xml_text& out, const object& o) {
    out.element("LastModified", format_utc(o.modified_ns));
    out.element("ETag", '"' + o.etag + '"');
    if (o.sum) {
        out.element("ChecksumAlgorithm", describe(o.sum->kind).name);
        out.element("ChecksumType", o.sum->type());
    }
    out.element("Size", o.content.size);
}

void append_prefix(xml_text& out, std::string_view prefix) {
    out.open("CommonPrefixes");
    out.key("Prefix", prefix);
    out.close("CommonPrefixes");
}

/// An upload, or a common prefix of several.
struct upload_entry {
    std::shared_ptr<upload> one;
    std::string prefix;
};

}  // namespace

void append_owner(xml_text& out, std::string_view owner) {
    out.open("Owner");
    out.element("ID", owner);
    out.element("DisplayName", owner);
    out.close("Owner");
}

void service::list_buckets(exchange& x) {
    const request& r = x.head;
    const auto most = parse_number(r.parameter_or("max-buckets", "10000"));
    if (!most || *most < 1 || *most > list_buckets_max) {
        return refuse(x, s3_code::invalid_argument,
                      "Argument max-buckets must be an integer between 1 and 10000");
    }
    std::string after;
    if (const std::string* token = r.parameter("continuation-token")) {
        const auto decoded = from_base64(*token);
        if (!decoded) {
            return refuse(x, s3_code::invalid_argument, "The continuation token is incorrect");
        }
        after = *decoded;
    }
    const std::string prefix = r.parameter_or("prefix", "");
    const std::string region = r.parameter_or("bucket-region", options_.region);
    if (x.auth.claims.access_key.empty()) return refuse(x, s3_code::access_denied);
    const std::string me = owner_of(x);
    xml_text xml("ListAllMyBucketsResult");
    append_owner(xml, me);
    xml.open("Buckets");
    std::uint64_t count = 0;
    std::string last;
    bool more = false;
    for (const auto& b : store_.buckets()) {
        const bucket_facts& facts = b->facts();
        if (facts.owner != me || facts.name <= after || !facts.name.starts_with(prefix) ||
            region != options_.region) {
            continue;
        }
        if (count == *most) {
            more = true;
            break;
        }
        ++count;
        last = facts.name;
        xml.open("Bucket");
        xml.element("Name", facts.name);
        xml.element("CreationDate", format_utc(facts.created_ns));
        xml.element("BucketRegion", options_.region);
        xml.close("Bucket");
    }
    xml.close("Buckets");
    if (!prefix.empty()) xml.element("Prefix", prefix);
    if (more) xml.element("ContinuationToken", to_base64(last));
    x.answer.xml(xml.finish());
}

void service::list(exchange& x) {
    const request& r = x.head;
    const bool v2 = r.parameter_or("list-type", "") == "2";
    list_request asked;
    if (const s3_refusal wrong = read_list_request(r, "max-keys", asked)) {
        return refuse(x, wrong.code, wrong.text);
    }
    // What comes in order is in whatever order, but for prefixes, which need one.
    if (r.parameter_or("allow-unordered", "") == "true" && !asked.delimiter.empty()) {
        return refuse(x, s3_code::invalid_argument,
                      "allow-unordered and a delimiter exclude each other");
    }
    const std::string* token = v2 ? r.parameter("continuation-token") : nullptr;
    list_query query{asked.prefix, asked.delimiter,
                     r.parameter_or(v2 ? "start-after" : "marker", ""), asked.most};
    if (token != nullptr) {
        const auto decoded = from_base64(*token);
        if (!decoded) {
            return refuse(x, s3_code::invalid_argument, "The continuation token is incorrect");
        }
        query.after = *decoded;
    }
    const list_page page = x.bucket_->list(query);

    xml_text xml("ListBucketResult", asked.encode);
    xml.reserve(512 + page.objects.size() * 320);
    xml.element("Name", r.bucket);
    append_request(xml, asked);
    xml.element("MaxKeys", asked.most);
    xml.element("IsTruncated", page.next.has_value());
    if (v2) {
        xml.element("KeyCount", page.objects.size() + page.prefixes.size());
        if (token != nullptr) xml.element("ContinuationToken", *token);
        if (page.next) xml.element("NextContinuationToken", to_base64(*page.next));
        const std::string* start = r.parameter("start-after");
        if (start != nullptr) xml.key("StartAfter", *start);
    } else {
        xml.key("Marker", query.after);
        // Without a delimiter the last key is where to go on.
        if (page.next && !asked.delimiter.empty()) xml.key("NextMarker", *page.next);
    }
    const bool owned = !v2 || r.parameter_or("fetch-owner", "") == "true";
    for (const auto& o : page.objects) {
        xml.open("Contents");
        xml.key("Key", o->key);
        append_facts(xml, *o);
        if (owned) append_owner(xml, owner_of(*x.bucket_, *o));
        xml.element("StorageClass", o->storage_class_name());
        xml.close("Contents");
    }
    for (const std::string& prefix : page.prefixes)
        append_prefix(xml, prefix);
    x.answer.xml(xml.finish());
}

void service::list_versions(exchange& x) {
    const request& r = x.head;
    list_request asked;
    if (const s3_refusal wrong = read_list_request(r, "max-keys", asked)) {
        return refuse(x, wrong.code, wrong.text);
    }
    version_query query{asked.prefix, asked.delimiter, r.parameter_or("key-marker", ""),
                        r.parameter_or("version-id-marker", ""), asked.most};
    if (!query.after_version.empty()) {
        if (query.after_key.empty()) {
            return refuse(x, s3_code::invalid_argument,
                          "A version-id marker cannot be specified without a key marker.");
        }
        if (query.after_version != null_version && !is_opaque_id(query.after_version)) {
            return refuse(x, s3_code::invalid_argument, "Invalid version id specified");
        }
    }
    const version_page page = x.bucket_->list_versions(query);

    xml_text xml("ListVersionsResult", asked.encode);
    xml.reserve(512 + page.entries.size() * 400);
    xml.element("Name", r.bucket);
    append_request(xml, asked);
    xml.key("KeyMarker", query.after_key);
    xml.element("VersionIdMarker", query.after_version);
    xml.element("MaxKeys", asked.most);
    xml.element("IsTruncated", page.is_truncated);
    if (page.is_truncated) {
        xml.key("NextKeyMarker", page.next_key);
        if (!page.next_version.empty()) xml.element("NextVersionIdMarker", page.next_version);
    }
    for (const version_entry& v : page.entries) {
        if (!v.version) continue;
        const object& o = *v.version;
        const std::string_view element = o.is_marker ? "DeleteMarker" : "Version";
        xml.open(element);
        xml.key("Key", o.key);
        xml.element("VersionId", o.version_name());
        xml.element("IsLatest", v.is_latest);
        if (o.is_marker) {
            xml.element("LastModified", format_utc(o.modified_ns));
        } else {
            append_facts(xml, o);
        }
        append_owner(xml, owner_of(*x.bucket_, o));
        if (!o.is_marker) xml.element("StorageClass", o.storage_class_name());
        xml.close(element);
    }
    for (const version_entry& v : page.entries) {
        if (!v.version) append_prefix(xml, v.prefix);
    }
    x.answer.xml(xml.finish());
}

void service::list_uploads(exchange& x) {
    const request& r = x.head;
    list_request asked;
    if (const s3_refusal wrong = read_list_request(r, "max-uploads", asked)) {
        return refuse(x, wrong.code, wrong.text);
    }
    const list_query rules{asked.prefix, asked.delimiter, {}, asked.most};
    const std::string key_marker = r.parameter_or("key-marker", "");
    const std::string id_marker = key_marker.empty() ? "" : r.parameter_or("upload-id-marker", "");
    std::vector<upload_entry> entries;
    bool truncated = false;
    for (const auto& u : x.bucket_->uploads().list()) {
        const std::string& key = u->begun.key;
        if (!key.starts_with(asked.prefix) || key < key_marker) continue;
        if (key == key_marker && (id_marker.empty() || u->id <= id_marker)) continue;
        const auto rolled = common_prefix(rules, key);
        if (rolled) {
            // Told on an earlier page, or a moment ago.
            if (*rolled == key_marker) continue;
            if (!entries.empty() && entries.back().prefix == *rolled) continue;
        }
        if (entries.size() == asked.most) {
            truncated = asked.most > 0;
            break;
        }
        entries.push_back(rolled ? upload_entry{nullptr, std::string(*rolled)}
                                 : upload_entry{u, {}});
    }
    xml_text xml("ListMultipartUploadsResult", asked.encode);
    xml.element("Bucket", r.bucket);
    xml.key("KeyMarker", key_marker);
    xml.element("UploadIdMarker", id_marker);
    append_request(xml, asked);
    xml.element("MaxUploads", asked.most);
    xml.element("IsTruncated", truncated);
    if (truncated) {
        const upload_entry& last = entries.back();
        xml.key("NextKeyMarker", last.one ? last.one->begun.key : last.prefix);
        if (last.one) xml.element("NextUploadIdMarker", last.one->id);
    }
    for (const upload_entry& e : entries) {
        if (!e.one) continue;
        xml.open("Upload");
        xml.key("Key", e.one->begun.key);
        xml.element("UploadId", e.one->id);
        xml.open("Initiator");
        xml.element("ID", e.one->owner);
        xml.element("DisplayName", e.one->owner);
        xml.close("Initiator");
        append_owner(xml, e.one->owner);
        xml.element("StorageClass", e.one->begun.storage_class_name());
        if (e.one->sums) {
            xml.element("ChecksumAlgorithm", describe(e.one->sums->kind).name);
            xml.element("ChecksumType", e.one->sums->composite ? "COMPOSITE" : "FULL_OBJECT");
        }
        xml.element("Initiated", format_utc(e.one->started_ns));
        xml.close("Upload");
    }
    for (const upload_entry& e : entries) {
        if (!e.one) append_prefix(xml, e.prefix);
    }
    x.answer.xml(xml.finish());
}

}  // namespace chopsticks::endpoint
