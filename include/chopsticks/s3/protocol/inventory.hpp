#pragma once
/// \file
/// What there is in a bucket and beside it, as its server lists it: versions, uploads, buckets; and
/// the request that deletes many things at once. For control operations: whole answers in memory.
/// Pure functions; they allocate; any core. Names of elements are read without name-space prefixes.

#include <chopsticks/core/error.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// One version of an object, one delete marker, or one object of a listing without versions.
struct stored_version {
    std::string key;
    std::string version_id;        ///< "null" as the server says it; empty: the listing had none
    std::uint64_t size = 0;        ///< bytes; 0 of delete markers
    std::int64_t modified_ns = 0;  ///< since the epoch, by the server's clock; 0: not said
    bool delete_marker = false;
    bool latest = true;
};

/// A page of ListObjectVersions, or of list-objects v2: some servers answer the former with the
/// latter, as if nothing had been asked.
struct version_page {
    std::vector<stored_version> entries;
    bool has_versions = false;  ///< it is a ListVersionsResult
    bool is_truncated = false;
    std::string key_marker;      ///< NextKeyMarker; of a plain listing NextContinuationToken
    std::string version_marker;  ///< NextVersionIdMarker
};

/// Error: errc::bad_message, also where a key, a size or IsTruncated is missing.
result<version_page> parse_versions(std::string_view body);

/// A multipart upload that was begun and neither completed nor aborted.
struct stored_upload {
    std::string key;
    std::string upload_id;
    std::int64_t initiated_ns = 0;  ///< as stored_version::modified_ns
};

struct upload_page {
    std::vector<stored_upload> entries;
    bool is_truncated = false;
    std::string key_marker;     ///< NextKeyMarker
    std::string upload_marker;  ///< NextUploadIdMarker
};

/// A ListMultipartUploadsResult. Error: errc::bad_message.
result<upload_page> parse_uploads(std::string_view body);

struct owned_bucket {
    std::string name;
    std::string created;          ///< CreationDate as the server wrote it
    std::int64_t created_ns = 0;  ///< as stored_version::modified_ns
};

struct bucket_page {
    std::vector<owned_bucket> buckets;
    std::string token;  ///< ContinuationToken: there are more; empty: that was all
};

/// A ListAllMyBucketsResult. Error: errc::bad_message.
result<bucket_page> parse_bucket_page(std::string_view body);

/// What is said of a bucket's past and future.
struct bucket_rules {
    bool versioned = false;  ///< versioning is, or was, on: there may be versions
    bool locked = false;     ///< object lock is on
    /// The default retention of new versions: "COMPLIANCE, 1 day"; empty: there is none.
    std::string retention;
};

/// Reads a VersioningConfiguration into rules.versioned. False: it is none.
bool parse_versioning(std::string_view body, bucket_rules& rules);
/// Reads an ObjectLockConfiguration into the other two. False: it is none.
bool parse_object_lock(std::string_view body, bucket_rules& rules);

/// The body of DeleteObjects ("quiet": only failures are answered) for at most 1000 entries, by
/// version where they have one; and its Content-MD5, without which AWS and RGW refuse it.
struct deletion {
    std::string body;
    std::string content_md5;  ///< base64
};
deletion make_deletion(std::span<const stored_version> entries);

/// As the header of that name has it: base64.
std::string content_md5(std::string_view body);

/// One thing that DeleteObjects did not delete.
struct deletion_failure {
    std::string key;
    std::string version_id;
    std::string code;
    std::string message;
};
/// The failures in a DeleteResult. Error: errc::bad_message.
result<std::vector<deletion_failure>> parse_deletion(std::string_view body);

/// Nanoseconds since the epoch of "2026-11-22T15:04:05.123Z", as S3 writes times; nothing for
/// anything else. A zone other than Z is nothing.
std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept;

/// The inverse, without fractions of a second.
std::string format_timestamp(std::int64_t ns);

}  // namespace chopsticks::s3
