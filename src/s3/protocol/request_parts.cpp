#include "request_parts.hpp"

#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/hex.hpp>
#include <chopsticks/s3/protocol/key.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/tags.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <cstdio>

namespace chopsticks::s3 {

namespace {

void write_directory(request_text& to, const asked& what) {
    if (const auto directory = what.directory()) {
        const char name[] = {hex_digits[*directory >> 4], hex_digits[*directory & 15]};
        to << std::string_view(name, sizeof name) << "%2F";
    }
}

/// The key of the object, of which the list shows what is behind it.
void write_start(request_text& to, const asked& what, std::string_view prefix) {
    char key[key_suffix_size];
    write_key_suffix(what.object, key);
    to << prefix;
    to.encoded({key, sizeof key});
}

/// Where a list of the first version, or of versions, goes on.
void write_marker(request_text& to, const asked& what, std::string_view prefix,
                  std::string_view name) {
    if (what.token.empty() && !what.behind_a_key) return;
    to << name << "=";
    if (what.token.empty()) {
        write_start(to, what, prefix);
    } else {
        to.encoded(what.token);
    }
    to << "&";
}

bool appends_as_s3(const asked& what) {
    return what.fields != nullptr && what.fields->dialect == "s3";
}

bool has_customer_key(const asked& what) {
    return what.fields != nullptr && what.fields->encryption == "customer";
}

}  // namespace

void write_range(request_text& to, const asked& what) {
    if (what.length == 0) return;
    to << "Range: bytes=" << what.offset << "-" << what.offset + what.length - 1 << "\r\n";
}

// The queries of lists, in the order of their names, as the canonical form wants them.

void write_list_query(request_text& to, const asked& what, std::string_view prefix) {
    if (!what.token.empty()) {
        to << "continuation-token=";
        to.encoded(what.token) << "&";
    }
    if (what.delimited) to << "delimiter=%2F&";
    if (what.names_owner) to << "fetch-owner=true&";
    to << "list-type=2&max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    write_directory(to, what);
    if (what.behind_a_key) {
        to << "&start-after=";
        write_start(to, what, prefix);
    }
}

void write_list_v1_query(request_text& to, const asked& what, std::string_view prefix) {
    if (what.delimited) to << "delimiter=%2F&";
    write_marker(to, what, prefix, "marker");
    to << "max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    write_directory(to, what);
}

void write_list_versions_query(request_text& to, const asked& what, std::string_view prefix) {
    if (what.delimited) to << "delimiter=%2F&";
    write_marker(to, what, prefix, "key-marker");
    to << "max-keys=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix;
    write_directory(to, what);
    if (!what.version_token.empty()) {
        to << "&version-id-marker=";
        to.encoded(what.version_token);
    }
    to << "&versions=";
}

// What is said of an object as it is written.

void write_acl(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) to << what.fields->acl;
}

void write_storage_class(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) to << what.fields->storage_class;
}

void write_metadata(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) to << what.fields->metadata;
}

void write_tagging(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr) write_tags_field(to, what.object, what.fields->tags);
}

void write_copy_source(request_text& to, const asked& what, const request_place& place) {
    char key[key_suffix_size];
    write_key_suffix(what.object, key);
    to << place.bucket << "/" << place.prefix << std::string_view(key, sizeof key);
}

void write_rename_source(request_text& to, const asked& what, const request_place& place) {
    char key[key_suffix_size];
    write_key_suffix(what.object, key);
    to << place.prefix << std::string_view(key, sizeof key) << aside_suffix;
}

void write_encryption(request_text& to, const asked& what, const request_place&) {
    if (what.fields == nullptr) return;
    if (what.fields->encryption == "AES256") to << "AES256";
    if (what.fields->encryption == "kms") to << "aws:kms";
}

void write_kms_key(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr && what.fields->encryption == "kms") to << what.fields->kms_key;
}

void write_customer_algorithm(request_text& to, const asked& what, const request_place&) {
    if (has_customer_key(what)) to << "AES256";
}

void write_customer_key(request_text& to, const asked& what, const request_place& place) {
    if (has_customer_key(what)) to << place.customer_key;
}

void write_customer_key_md5(request_text& to, const asked& what, const request_place& place) {
    if (has_customer_key(what)) to << place.customer_key_md5;
}

void write_restore_status(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr && what.fields->restore_status) to << "RestoreStatus";
}

void write_append_query(request_text& to, const asked& what, std::string_view) {
    if (!appends_as_s3(what)) to << "append=&position=" << what.offset;
}

void write_append_offset(request_text& to, const asked& what, const request_place&) {
    if (appends_as_s3(what)) to << what.offset;
}

void write_object_lock(request_text& to, const asked& what, const request_place&) {
    if (what.fields != nullptr && what.fields->object_lock) to << "true";
}

void write_retention_body(std::string& to, const asked& what) {
    const civil_time t = to_civil(what.now_s + what.retain_s);
    char until[32];
    std::snprintf(until, sizeof until, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.year, t.month, t.day,
                  t.hour, t.minute, t.second);
    const bool strict = what.fields != nullptr && what.fields->lock_mode == "compliance";
    to.assign("<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>");
    to.append(strict ? "COMPLIANCE" : "GOVERNANCE").append("</Mode><RetainUntilDate>");
    to.append(until).append("</RetainUntilDate></Retention>");
}

void write_legal_hold_body(std::string& to, const asked& what) {
    to.assign("<LegalHold xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>");
    to.append(what.hold ? "ON" : "OFF").append("</Status></LegalHold>");
}

void write_delete_body(std::string& to, const asked& what) {
    to.assign("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (const subject& one : what.subjects) {
        char key[key_suffix_size];
        write_key_suffix(one.object, key);
        to.append("<Object><Key>");
        append_xml_escaped(to, what.prefix);
        to.append(key, sizeof key).append("</Key></Object>");
    }
    to.append("</Delete>");
}

void write_part_query(request_text& to, const asked& what, std::string_view) {
    to << "partNumber=" << std::uint64_t{what.part_number} << "&uploadId=";
    to.encoded(what.upload_id);
}

void write_upload_query(request_text& to, const asked& what, std::string_view) {
    to << "uploadId=";
    to.encoded(what.upload_id);
}

void write_version_query(request_text& to, const asked& what, std::string_view) {
    to << "versionId=";
    to.encoded(what.version_id);
}

void write_part_number(request_text& to, const asked& what, std::string_view) {
    to << "partNumber=" << std::uint64_t{what.part_number};
}

void write_list_uploads_query(request_text& to, const asked& what, std::string_view prefix) {
    to << "max-uploads=" << std::uint64_t{what.max_keys} << "&prefix=" << prefix << "&uploads=";
}

void write_copy_range(request_text& to, const asked& what, const request_place&) {
    if (what.part_bytes() == what.size) return;
    to << "bytes=" << what.offset << "-" << what.offset + what.length - 1;
}

/// Empty in us-east-1; names the region elsewhere.
std::string location_of(const request_options& options) {
    if (options.region == "us-east-1") return {};
    return "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<LocationConstraint>" +
           xml_escape(options.region) + "</LocationConstraint></CreateBucketConfiguration>";
}

std::string bucket_tags(const request_options&) {
    return "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>made-by"
           "</Key><Value>chopsticks</Value></Tag></TagSet></Tagging>";
}

std::string versioning_enabled(const request_options&) {
    return "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<Status>Enabled</Status></VersioningConfiguration>";
}

}  // namespace chopsticks::s3
