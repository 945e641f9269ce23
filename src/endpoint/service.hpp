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

#include "digest.hpp"
#include "operation.hpp"
#include "request.hpp"
#include "store.hpp"

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
    text,  ///< an XML document
};

class service;

/// One request from its head to its response.
class exchange {
  public:
    exchange(memory_pool& pool, bool keep_bodies) : sink_(pool, keep_bodies) {}

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
    /// Takes the next bytes of the body. What is wrong with them shows in finish.
    void feed(std::string_view bytes);

  private:
    friend class service;
    using handler = void (service::*)(exchange&);

    void take(std::string_view bytes);

    handler run_ = nullptr;
    s3_code refusal_ = s3_code::none;  ///< of what is wanted; told after the signature is verified
    std::string refusal_text_;         ///< empty: the code's own
    body_use use_ = body_use::none;
    body_sink sink_;
    std::span<char> room_;
    content_digests digests_;
    std::string text_;
    std::optional<s3::aws_chunked_decoder> chunked_;
    std::optional<std::uint64_t> announced_;  ///< bytes of the body once decoded
    std::optional<digest_kind> trailer_;      ///< the checksum that comes behind the body
    s3_code fault_ = s3_code::none;           ///< what went wrong with the body
    std::shared_ptr<bucket> bucket_;
};

class service {
  public:
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

    /// Keep one earlier version of each object that is overwritten from now on.
    void keep_previous(bool keep) noexcept {
        keep_previous_.store(keep, std::memory_order_relaxed);
    }

    /// Answers a get with the version before the last one. False: there is none.
    bool answer_stale(exchange& x) const;

  private:
    bool verify(exchange& x);
    void refuse_verdict(exchange& x) const;
    void route(exchange& x);
    void route_bucket(exchange& x);
    void route_key(exchange& x);
    bool prepare_body(exchange& x, std::optional<std::uint64_t> length, bool chunked);
    bool prepare_digests(exchange& x) const;
    /// False: the body is not what it should be, and the exchange is refused.
    bool check_body(exchange& x) const;
    bool find_bucket(exchange& x) const;

    void list_buckets(exchange& x);
    void create_bucket(exchange& x);
    void head_bucket(exchange& x);
    void delete_bucket(exchange& x);
    void get_location(exchange& x);
    void bucket_property(exchange& x);
    void list(exchange& x);
    void delete_objects(exchange& x);

    void get(exchange& x);
    void put(exchange& x);
    void remove(exchange& x);
    void copy(exchange& x);
    void object_property(exchange& x);
    void answer_with(exchange& x, const object& o) const;
    std::string etag_of(exchange& x) const;
    std::string etag_of(const body& content) const;
    /// The object a copy names; null: refused.
    std::shared_ptr<const object> copy_source(exchange& x) const;
    s3_code store_object(exchange& x, std::shared_ptr<object> made);

    void create_upload(exchange& x);
    void upload_part(exchange& x);
    void complete_upload(exchange& x);
    void abort_upload(exchange& x);
    void list_parts(exchange& x);
    void list_uploads(exchange& x);
    std::shared_ptr<upload> find_upload(exchange& x);

    std::optional<s3::sha256_digest> signing_key(const s3::authorization& claims);

    const endpoint_options& options_;
    store store_;
    std::atomic<bool> keep_previous_{false};
    std::atomic<std::uint64_t> upload_ids_{0};
    // The derived key of each (date, region) in use: one, or two around midnight.
    std::shared_mutex keys_mutex_;
    std::map<std::string, s3::sha256_digest, std::less<>> keys_;
};

/// On what a write is to depend.
put_condition condition_of(const request& r);

/// The object fields of a put, a copy or a new upload.
metadata metadata_of(const request& r);

/// "<ETag>&quot;...&quot;</ETag>" and its like: an element with escaped text.
void append_element(std::string& out, std::string_view name, std::string_view value);

constexpr std::string_view xml_declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view s3_namespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

}  // namespace chopsticks::endpoint
