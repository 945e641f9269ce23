#pragma once
/// \file
/// How the request of an operation looks, as data: what request_writer prepares, and what changes
/// from one request to the next.

#include <chopsticks/s3/protocol/request_text.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

struct request_options;

/// On what a request of an object depends (RFC 9110, section 13).
enum class precondition : std::uint8_t {
    none,
    absent,       ///< If-None-Match: *
    unlike,       ///< If-None-Match: asked::etag
    match,        ///< If-Match: asked::etag
    match_other,  ///< If-Match: an ETag that no object has
};

/// What is said of an object as it is written, beside its content. Empty: it is not said.
struct object_fields {
    std::string acl;  ///< a canned one
    std::string storage_class;
    std::string metadata;        ///< value of the one field of the user's metadata
    std::uint32_t tags = 0;      ///< so many: tags.hpp
    std::string lock_mode = {};  ///< "governance" or "compliance", of a retention
    /// Of the object as it is stored: "AES256", "kms", or "customer" for a key that is sent along.
    std::string encryption = {};
    std::string kms_key = {};     ///< empty: the service's own
    std::string dialect = {};     ///< of an append: "rgw" (or empty) or "s3"
    bool restore_status = false;  ///< of a list: with what is restored
    bool object_lock = false;     ///< of a bucket: it can lock objects

    bool is_empty() const noexcept {
        return acl.empty() && storage_class.empty() && metadata.empty() && tags == 0 &&
               lock_mode.empty() && encryption.empty() && kms_key.empty() && dialect.empty() &&
               !restore_status && !object_lock;
    }
};

/// One of several objects that a request is about.
struct subject {
    std::uint64_t object = 0;
    bool done = false;  ///< the answer says so
};

/// Where the objects are, encoded as in a path.
struct request_place {
    std::string_view bucket;
    std::string_view prefix;  ///< of the keys
    /// \name Base64 of the key that objects are encrypted with, and of its MD5
    /// \{
    std::string_view customer_key = {};
    std::string_view customer_key_md5 = {};
    /// \}
};

/// What one request asks for. Views are valid while it is rendered and judged. A value.
struct asked {
    std::uint64_t object = 0;    ///< its index; of made buckets: the number
    std::uint32_t version = 0;   ///< of its content
    std::uint32_t max_keys = 0;  ///< list
    std::uint32_t pages = 1;     ///< list: how many to follow at most; 0: to the end
    bool one_directory = false;  ///< list: one of 256, and not all
    bool delimited = false;      ///< list: directories as one entry each
    bool behind_a_key = false;   ///< list: of the keys behind that of `object` only
    bool names_owner = false;    ///< list: with each object's owner
    bool conditional = false;    ///< only if the object is as it is taken to be
    /// The ETag that the request is to depend on is not known: it is sent without a condition.
    bool learns_etag = false;
    precondition only_if = precondition::none;
    bool expects_continue = false;  ///< of content that is sent
    std::uint64_t size = 0;         ///< bytes of the whole object
    std::uint64_t offset = 0;       ///< first byte of a part
    std::uint64_t length = 0;       ///< bytes of a part; 0: the whole object
    /// Of content that is sent or a given body: 64 hex digits, or empty for UNSIGNED-PAYLOAD.
    std::string_view payload_hash;
    std::string_view token;          ///< list: empty for the first page
    std::string_view version_token;  ///< list: of versions, what belongs to it
    std::string_view prefix;  ///< what all keys begin with, raw: of a list, of several objects
    std::string_view etag;    ///< of the object, without quotes, where `only_if` needs it
    std::uint32_t tags = 0;   ///< so many: tags.hpp
    const object_fields* fields = nullptr;  ///< null: none
    std::span<subject> subjects;            ///< of requests about several objects
    std::string_view upload_id;             ///< of the requests of an upload in parts
    std::uint32_t part_number = 0;          ///< the same, or of an object; from 1 on
    std::uint32_t parts = 0;                ///< list_parts: so many have to be there
    std::string_view version_id;            ///< of a version that is named
    std::int64_t now_s = 0;                 ///< since the epoch, where the body has a date
    std::uint32_t retain_s = 0;             ///< a retention ends so much later
    bool hold = false;                      ///< a legal hold is set, and not taken off
    std::string_view bucket;                ///< name of a made bucket, for bodies that have it
    std::uint32_t rows = 0;                 ///< of a table to select from
    bool all_rows = false;                  ///< select: all of them, and not their number
    std::string_view body;                  ///< of request_body::given

    std::uint64_t part_bytes() const noexcept { return length > 0 ? length : size; }
    /// list: which of the 256; none: all.
    std::optional<unsigned> directory() const noexcept {
        if (!one_directory) return std::nullopt;
        return static_cast<unsigned>(object & 0xff);
    }
};

/// What a request is sent to.
enum class request_target : std::uint8_t {
    service,
    object,
    bucket,       ///< of the options
    made_bucket,  ///< one of those beside it, by its number
    form,         ///< that bucket, with the object's key in a form around the content
    aside,        ///< the object by its other name, which it is renamed from: key.hpp
};

/// What the body of a request is.
enum class request_body : std::uint8_t {
    none,
    content,   ///< the object's
    rendered,  ///< request_form::body
    given,     ///< asked::body
};

/// A field that is signed, beside those that every request has. Names in lower case.
struct signed_field {
    std::string_view name;
    std::string_view value = {};  ///< without blanks at its ends, or two of them beside each other
    /// Not null: writes the value, where it is not the same in each request.
    void (*write)(request_text& to, const asked& what, const request_place& place) = nullptr;
    /// Not in requests for which nothing is written; in none without asked::fields.
    bool may_be_absent = false;
};

/// A head is prepared once and patched where target and signed fields differ in nothing but the
/// key; it is written anew for each request elsewhere. The functions neither allocate nor throw.
struct request_form {
    static constexpr std::size_t most_fields = 12;
    /// For request_form::write_fields, in bytes.
    static constexpr std::size_t most_unsigned = 512;

    std::string_view method;
    request_target target = request_target::object;
    request_body sends = request_body::none;
    /// Canonical: encoded, in the order of the names, each with its '='.
    std::string_view query = {};
    /// Not null: writes the query, where it is not the same in each request. At most
    /// request_writer::max_query_bytes. `prefix`: of the keys, encoded.
    void (*write_query)(request_text& to, const asked& what, std::string_view prefix) = nullptr;
    /// Those behind the last have no name.
    signed_field fields[most_fields] = {};
    /// Not null: writes further fields, each with its end of line. They are not signed: Range,
    /// If-Match; no x-amz-* field.
    void (*write_fields)(request_text& to, const asked& what) = nullptr;
    /// Of request_body::rendered: the body of all requests. May allocate.
    std::string (*body)(const request_options& options) = nullptr;
    /// Of request_body::given, where the operation's row can: makes it `to`, which allocates only
    /// for what that has no room for. Null: whoever carries out the operation makes it.
    void (*write_body)(std::string& to, const asked& what) = nullptr;
    /// With the MD5 of a body that is given, which services ask for where a wrong one does harm.
    bool digested = false;
    /// Signed in the query, with nothing of it in fields. Has no query of its own.
    bool presigned = false;
    /// In each request; asked::only_if comes before it.
    precondition only_if = precondition::none;

    constexpr bool is_head() const noexcept { return method == "HEAD"; }
    /// Key, policy, signature and the fields stand in a form (RFC 7578) around the content.
    constexpr bool is_posted() const noexcept { return target == request_target::form; }
    /// Whatever it is sent to.
    constexpr bool is_about_object() const noexcept {
        return target == request_target::object || target == request_target::aside || is_posted();
    }
    /// Whether the signature may be about the body.
    constexpr bool may_sign_body() const noexcept { return !presigned && !is_posted(); }
    /// Writing it takes no more than patching a head.
    constexpr bool is_prepared() const noexcept {
        if (target != request_target::object || write_query != nullptr || presigned) return false;
        for (const signed_field& field : fields) {
            if (field.write != nullptr && !field.may_be_absent) return false;
        }
        return true;
    }
    /// On what such a request depends.
    constexpr precondition condition_of(const asked& what) const noexcept {
        if (what.learns_etag) return precondition::none;
        return what.only_if != precondition::none ? what.only_if : only_if;
    }
};

}  // namespace chopsticks::s3
