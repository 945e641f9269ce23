#pragma once
// S3 itself, without HTTP and without I/O: a request head goes in (begin), then its body in pieces,
// then comes the response (finish). Any thread may use the service; an exchange belongs to one.

#include <atomic>
#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/s3/protocol/aws_chunked.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bucket_policy.hpp"
#include "digest.hpp"
#include "operation.hpp"
#include "post_form.hpp"
#include "request.hpp"
#include "store.hpp"
#include "xml_text.hpp"

namespace pugi {
class xml_node;
}

namespace chopsticks::endpoint {

struct response {
    int status = 200;
    /// "Name: value\r\n" of all fields but Content-Length, Connection, Date and Server.
    std::string fields;
    std::string text;          ///< the body, if it was made for this response
    body content;              ///< the body, if it is kept
    std::uint64_t length = 0;  ///< Content-Length
    bool body_follows = true;  ///< false: head, 204, 304

    void field(std::string_view name, std::string_view value);
    /// Makes `xml` the body.
    void xml(std::string text_of_body);
};

enum class body_use : std::uint8_t {
    none,  ///< there is none, or it does not matter
    keep,  ///< the content of an object or part
    form,  ///< the same, in a form that a browser sends
    text,  ///< an XML document
};

/// What somebody has to be allowed. Of a bucket may_nothing: to be its owner.
struct access_need {
    permission what = may_nothing;
    bool of_object = false;  ///< looked at once the object is found
};

class service;

/// What a client says of the checksum of a body.
struct sum_claim {
    digest_kind kind = digest_kind::crc32;
    std::string value;        ///< base64; of a trailer not known yet
    bool in_trailer = false;  ///< comes behind the body
};

/// One request from its head to its response.
class exchange {
  public:
    exchange(memory_pool& pool, bool keep_bodies) : pool_(pool), sink_(pool, keep_bodies) {}

    request head;
    op_kind op = op_kind::other;
    s3::verification auth;
    response answer;
    /// The answer is made; the body, if one comes, is to be thrown away.
    bool answered = false;
    std::uint64_t id = 0;  ///< x-amz-request-id

    /// Room to read body bytes into directly; empty: use feed. Only for bodies that are kept as
    /// they come.
    std::span<char> room(std::uint64_t most);
    /// The first n bytes of room are filled.
    void filled(std::size_t n);
    /// Whether it does not matter what the rest of the body is.
    bool throws_away() const noexcept { return use_ == body_use::none || fault_ != s3_code::none; }
    /// Takes the next bytes of the body. What is wrong with them shows in finish.
    void feed(std::string_view bytes);

  private:
    friend class service;
    using handler = void (service::*)(exchange&);

    void take(std::string_view bytes);
    void take_form(std::string_view bytes);
    void take_text(std::string_view bytes);
    /// Puts bytes to the content.
    void keep(std::string_view bytes);

    memory_pool& pool_;
    handler run_ = nullptr;
    s3_code refusal_ = s3_code::none;  ///< of what is wanted; told after the signature is verified
    std::string refusal_text_;         ///< empty: the code's own
    body_use use_ = body_use::none;
    body_sink sink_;
    std::span<char> room_;
    content_digests digests_;
    std::string text_;
    reservation text_charge_;    ///< of a document on its way
    std::size_t text_room_ = 0;  ///< so many bytes of it are charged
    std::optional<s3::aws_chunked_decoder> chunked_;
    std::optional<std::uint64_t> announced_;  ///< bytes of the body once decoded
    std::optional<sum_claim> claim_;          ///< the checksum that the body must have
    std::optional<digest_kind> wanted_sum_;   ///< one to find out, whether it is claimed or not
    std::optional<checksum> sum_;             ///< that of the body, once it is checked
    s3_code fault_ = s3_code::none;           ///< what went wrong with the body
    std::shared_ptr<bucket> bucket_;
    std::shared_ptr<upload> upload_;  ///< whose part the body becomes
    std::string version_;             ///< versionId; empty: none was asked for
    access_need need_;
    bool by_policy_ = false;                       ///< the bucket's policy allows all of it
    std::shared_ptr<const bucket_access> access_;  ///< of bucket_; null: private to its owner
    std::unique_ptr<form_reader> form_;            ///< of body_use::form
};

class service {
  public:
    static constexpr std::uint64_t put_bytes_max = 5ULL << 30;
    static constexpr std::size_t key_bytes_max = 1024;

    explicit service(const endpoint_options& options);

    store& objects() noexcept { return store_; }
    const store& objects() const noexcept { return store_; }
    const std::string& region() const noexcept { return options_.region; }

    /// Verifies, finds out what is wanted and whether the body is. `length` is nothing for chunked.
    void begin(exchange& x, std::optional<std::uint64_t> length, bool chunked);

    /// Does it. After the whole body was given to x.
    void finish(exchange& x);

    /// Answers with an error.
    void refuse(exchange& x, s3_code code, std::string_view message = {}) const;
    /// Answers with whatever error.
    void refuse(exchange& x, int status, std::string_view code, std::string_view message,
                std::string_view more = {}) const;

    /// Tells a browser what pages of other origins may do. After finish.
    void share(exchange& x) const;

    /// Keep one earlier version of each object that is overwritten from now on.
    void keep_previous(bool keep) noexcept {
        keep_previous_.store(keep, std::memory_order_relaxed);
    }

    /// Answers a get with the version before the last one. False: there is none.
    bool answer_stale(exchange& x) const;

  private:
    bool verify(exchange& x);
    /// What was not signed by version 4: not at all, or by version 2.
    void verify_otherwise(exchange& x) const;
    /// Null: there is no such user.
    const std::string* secret_of(std::string_view access_key) const;
    void refuse_verdict(exchange& x) const;
    void route(exchange& x);
    void route_bucket(exchange& x);
    void route_key(exchange& x);
    bool prepare_body(exchange& x, std::optional<std::uint64_t> length, bool chunked);
    bool prepare_digests(exchange& x) const;
    bool prepare_form(exchange& x, std::optional<std::uint64_t> length, bool chunked);
    /// Reads one field that says something of the body's checksum.
    s3_refusal read_claim(exchange& x, const s3::name_value& field) const;
    /// What a part of an upload has to say of its checksum.
    bool prepare_part(exchange& x);
    bool check_sum(exchange& x, const std::string& found) const;
    /// False: the body is not what it should be, and the exchange is refused.
    bool check_body(exchange& x) const;
    bool find_bucket(exchange& x) const;

    void list_buckets(exchange& x);
    void create_bucket(exchange& x);
    void head_bucket(exchange& x);
    void delete_bucket(exchange& x);
    void get_location(exchange& x);
    void bucket_property(exchange& x);
    void set_versioning(exchange& x);
    void set_bucket_tags(exchange& x);
    void delete_bucket_tags(exchange& x);
    void set_bucket_encryption(exchange& x);
    void delete_bucket_encryption(exchange& x);
    void set_cors(exchange& x);
    void delete_cors(exchange& x);
    /// Answers what a browser asks before a request of another origin. Nobody signs it.
    void preflight(exchange& x);
    void set_policy(exchange& x);
    void delete_policy(exchange& x);
    void get_policy(exchange& x);
    /// What the policy of a bucket says to an action on a key, or, of an empty one, on itself.
    policy_effect judged(const exchange& x, const bucket& in, std::string_view action,
                         std::string_view key) const;
    /// What that of its bucket says to all of a request.
    policy_effect judged(const exchange& x) const;
    /// Whether whoever asks may do that in the bucket, by its policy or else by its list.
    bool permitted(const exchange& x, std::string_view action, std::string_view key,
                   permission otherwise) const;
    /// The value of a condition key; nothing: there is none.
    std::optional<std::string> condition_value(const exchange& x, const bucket& in,
                                               std::string_view key, std::string_view name) const;
    void bucket_acl(exchange& x);
    void object_acl(exchange& x);
    void grant_access(exchange& x);
    void set_ownership(exchange& x);
    void set_public_block(exchange& x);
    /// Of what no bucket has here.
    void delete_absent_setup(exchange& x);
    /// Answers 204.
    static void no_content(exchange& x);
    void list(exchange& x);
    void list_versions(exchange& x);
    void delete_objects(exchange& x);
    void delete_one(exchange& x, const pugi::xml_node& item, bool quiet, xml_text& out);

    void get(exchange& x);
    void put(exchange& x);
    void append(exchange& x);
    void answer_append(exchange& x, std::uint64_t size, const std::string& etag,
                       const std::optional<checksum>& sum) const;
    void rename(exchange& x);
    void post(exchange& x);
    /// Who sends a form, and whether the policy allows it. False: refused.
    bool verify_form(exchange& x);
    void answer_post(exchange& x, const std::string& etag) const;
    void remove(exchange& x);
    void copy(exchange& x);
    void get_tags(exchange& x);
    void set_tags(exchange& x);
    void delete_tags(exchange& x);
    void change_tags(exchange& x, const tag_set& tags);
    void get_attributes(exchange& x);
    void set_lock_rule(exchange& x);
    void get_retention(exchange& x);
    void set_retention(exchange& x);
    void get_hold(exchange& x);
    void set_hold(exchange& x);
    /// The version asked for, of a bucket with locks; null: refused.
    std::shared_ptr<const object> lockable(exchange& x) const;
    /// Gives a new version the lock that it has to have. False: refused.
    bool apply_lock(exchange& x, object_state& made) const;
    void say_lock(exchange& x, const object_lock& lock) const;
    /// The version that is asked for; null: refused.
    std::shared_ptr<const object> find_version(exchange& x) const;
    void answer_with(exchange& x, const object& o) const;
    void say_version(exchange& x, const object_state& o) const;
    /// The version that a write has made.
    void say_new_version(exchange& x, const object_state& o) const;
    std::string etag_of(exchange& x) const;
    std::string etag_of(const body& content) const;
    /// The object a copy names; null: refused.
    std::shared_ptr<const object> copy_source(exchange& x) const;
    /// False: refused.
    bool store_object(exchange& x, std::shared_ptr<object> made);
    /// Whose what this request makes is.
    std::string owner_of(const exchange& x) const;
    /// Whose an object is.
    const std::string& owner_of(const bucket& in, const object_state& o) const;
    bool user_exists(std::string_view id) const;
    /// Whether whoever asks may do that to the bucket; of may_nothing its owner may alone.
    bool may_use(const exchange& x, permission what) const;
    bool may_use(const exchange& x, const bucket& in, const object_state& o, permission what) const;
    /// Gives a new object the access that the request says. False: refused.
    bool apply_access(exchange& x, object_state& made) const;
    /// What is said of the access to a new bucket; nothing: nothing is.
    s3_refusal access_of_new(const exchange& x, std::optional<bucket_access>& out) const;

    void create_upload(exchange& x);
    void upload_part(exchange& x);
    void complete_upload(exchange& x);
    void abort_upload(exchange& x);
    void list_parts(exchange& x);
    void list_uploads(exchange& x);
    std::shared_ptr<upload> find_upload(exchange& x);
    void answer_completed(exchange& x, const completed_upload& done) const;

    std::optional<s3::sha256_digest> signing_key(const s3::authorization& claims);

    const endpoint_options& options_;
    store store_;
    std::atomic<bool> keep_previous_{false};
    // The derived key of each (user, date, region) in use: of one user one, or two around midnight.
    std::shared_mutex keys_mutex_;
    std::map<std::string, s3::sha256_digest, std::less<>> keys_;
};

/// On what a write is to depend. S3 knows neither dates nor another If-None-Match than "*" there,
/// and of deletes none at all.
s3_refusal read_condition(const request& r, put_condition& out);

/// What a put, a copy or a new upload says of the object beside its content: metadata, tags,
/// storage class.
s3_refusal read_state(const request& r, object_state& out);

/// For element names of XML.
void append_owner(xml_text& out, std::string_view owner);

/// ETag conditions and dates of a read, by the names of their fields.
struct read_conditions {
    const std::string* match = nullptr;
    const std::string* none_match = nullptr;
    const std::string* modified_since = nullptr;
    const std::string* unmodified_since = nullptr;
};
enum class condition_result : std::uint8_t { holds, not_modified, failed };
condition_result check(const read_conditions& c, const object_state& o);

}  // namespace chopsticks::endpoint
