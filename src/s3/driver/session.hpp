#pragma once
/// \file
/// One user's S3 exchanges over one link.

#include <chopsticks/core/waiting_note.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/http/chunked.hpp>
#include <chopsticks/http/response_head.hpp>
#include <chopsticks/load/content.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/list.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "link.hpp"
#include "listing.hpp"
#include "made_buckets.hpp"

namespace chopsticks::s3 {

class s3_session;

/// What the sessions of one core share: buffers that are only used between two suspensions, request
/// writers, counters.
struct core_state {
    core_state(runtime::reactor& l, const driver_options& o)
        : loop(l), options(o), control_timeout_ns(o.timeout.operation_ns) {}

    static constexpr std::size_t scratch_bytes = 256 * 1024;
    static constexpr std::size_t batch_iovecs = 512;

    runtime::reactor& loop;
    const driver_options& options;
    const load::content* content = nullptr;
    std::vector<request_writer> run_writers;   ///< by endpoint; keys of the run
    std::vector<request_writer> kept_writers;  ///< by endpoint; keys of the kept data set, or empty
    std::unique_ptr<tls_context> tls;
    std::vector<char> scratch = std::vector<char>(scratch_bytes);
    std::vector<iovec> iovecs = std::vector<iovec>(batch_iovecs);
    std::vector<load::stamp> stamps = std::vector<load::stamp>(batch_iovecs);
    sha256_stream hash;
    etag_memory etags;
    etag_digests digests;     ///< with data.verify
    md5_stream md5;           ///< between two suspensions
    listing_floor must_list;  ///< what each listing has to show
    engine::driver_counters counters;
    std::vector<s3_session*> controlling;  ///< have a control request under way
    std::int64_t control_timeout_ns;       ///< of one control request
    bool control_cancelled = false;        ///< no further control request is begun
    made_buckets buckets;                  ///< of create_bucket, on this core
    waiting_note waits;                    ///< what a control request waits for
    engine::write_account writes;
    /// \name Of the run's mark, which is written again and again: where versions are kept, each is
    /// one
    /// \{
    std::string mark_key;               ///< empty: there is none
    std::uint64_t mark_puts = 0;        ///< that were answered well, or not at all
    std::uint64_t mark_unanswered = 0;  ///< of these, those that were not
    /// \}

    /// Seconds since the epoch now, from a monotonic time: one clock read a second.
    std::int64_t wall_s(std::int64_t now_ns) noexcept;

    request_writer& writer(std::size_t endpoint, std::uint64_t object) noexcept {
        const bool kept = !kept_writers.empty() && object < options.group->data.objects;
        return (kept ? kept_writers : run_writers)[endpoint];
    }
    void note_put(const std::string& key, bool answered, int status) noexcept;
    /// What the keys of a listing begin with: listings are of where object 0 is.
    const std::string& prefix_of_listings() const noexcept {
        const bool kept = !kept_writers.empty() && options.group->data.objects > 0;
        return kept ? options.kept_prefix : options.run_prefix;
    }

  private:
    std::int64_t wall_s_ = 0;
    std::int64_t wall_until_ns_ = 0;
};

/// A request outside of the load. `key` and `bucket` are raw.
struct control_request {
    std::string method;
    std::optional<std::string> bucket;  ///< nothing: the config's; empty: the service itself
    std::string key;                    ///< empty: the bucket itself
    std::vector<name_value> query;
    std::vector<name_value> headers;
    std::string body;
};

/// In few words, for a line of 80 columns: "DELETE of an object", "POST ?delete".
std::string describe(const control_request& what);

/// The answer to a control request.
struct control_reply {
    std::string problem;  ///< not empty: there was no answer; for a person
    int status = 0;
    std::string body;
    std::string region;  ///< x-amz-bucket-region
    std::string server;
    std::string location;
    std::int64_t date_s = -1;
    bool of_listing = false;  ///< objects of the bucket were to be listed
};

class s3_session final : public engine::session {
  public:
    s3_session(core_state& core, const target_address& target);

    runtime::task<void> execute(const engine::operation& op, engine::outcome& out) override;
    void cancel() noexcept override {
        cancelled_ = true;
        link_.cancel();
    }

    /// One request outside of the load; `what` outlives it. Answers may have a few megabytes.
    /// `until_ns`: when no other try would be begun; 0: this is the only one.
    runtime::task<control_reply> control(const control_request& what, std::int64_t until_ns = 0);
    /// The time that one takes at most.
    std::int64_t control_most_ns() const noexcept {
        return core_.options.timeout.connect_ns + core_.control_timeout_ns;
    }

    core_state& core() noexcept { return core_; }

    /// Its control requests are part of something that cancel_control does not end.
    void detach() noexcept { detached_ = true; }
    /// No further control request would be begun.
    bool is_given_up() const noexcept { return detached_ ? cancelled_ : core_.control_cancelled; }

    std::size_t endpoint() const noexcept override { return link_.target().endpoint; }

  private:
    /// Bytes of a body that are kept: of a refusal in the load, of a control answer (a listing).
    static constexpr std::size_t keep_refusal = 4096;
    static constexpr std::size_t keep_whole = 8 << 20;

    /// What becomes of a response body.
    enum class sink : std::uint8_t { drop, verify, list, keep };
    /// What the server said while a request was on its way to it.
    enum class word : std::uint8_t { nothing, go_on, answer, lost };

    /// The exchange in hand.
    struct exchange_state {
        const engine::operation* op = nullptr;
        engine::outcome* out = nullptr;
        control_reply* reply = nullptr;
        std::string_view head;         ///< of the request; valid until the first suspension
        std::uint64_t body_bytes = 0;  ///< of the request
        std::string_view body;         ///< of the request; empty: content of the object
        bool expects_continue = false;
        bool head_request = false;
        sink to = sink::drop;
        std::uint64_t received = 0;  ///< of the response's body
        std::size_t mismatch = load::content::npos;
        char spoilt_byte = 0;
        bool range_as_asked =
            true;  ///< of a 206: Content-Range names the bytes that were asked for
        bool etag_sent = false;
        bool etag_is_md5 = false;     ///< by its form; `etag` holds it then
        std::uint64_t etag_mark = 0;  ///< 0: none, or not one
        char etag[32];
        /// \name Of a refusal: what says where it came from; NUL-terminated
        /// \{
        char server[40] = {};
        char region[24] = {};
        /// \}
        bool early_answer = false;
        bool must_close = false;
    };

    /// `whole`: receives what failed uncut, for control requests.
    runtime::task<bool> open_link(engine::outcome& out, std::string* whole = nullptr);
    runtime::task<void> attempt(const engine::operation& op, engine::outcome& out);
    runtime::task<void> remove_bucket(const engine::operation& op, engine::outcome& out);
    runtime::task<void> list_pages(const engine::operation& op, engine::outcome& out);
    runtime::task<bool> exchange(exchange_state& x, http::response_head& head);
    runtime::task<bool> send(exchange_state& x);
    runtime::task<bool> await_continue(exchange_state& x);
    /// Reads all that has come to buffer_, without interim answers; a loss is in the outcome.
    word listen(exchange_state& x);
    runtime::task<bool> read_head(exchange_state& x, http::response_head& head);
    runtime::task<bool> read_body(exchange_state& x, const http::response_head& head);
    bool take(exchange_state& x, std::string_view slice);
    bool render(const engine::operation& op, exchange_state& x);
    std::string_view payload_hash(const engine::operation& op);
    void judge(exchange_state& x, const http::response_head& head);
    void judge_get(exchange_state& x, int http_status);
    void judge_page(exchange_state& x);
    void judge_progress(listing_progress& progress, std::optional<unsigned> directory,
                        engine::outcome& out);
    void judge_end(std::uint64_t keys, std::optional<unsigned> directory, engine::outcome& out);
    void judge_etag(exchange_state& x);
    void judge_refusal(exchange_state& x, const http::response_head& head);
    /// Whether the answer is one of success with one of these statuses and no body that denies it.
    bool succeeded(exchange_state& x, int http_status, std::initializer_list<int> right);
    /// Keeps what of the head is needed after the body.
    static void keep(exchange_state& x, const http::response_head& head);
    bool etag_is_right(const exchange_state& x);
    bool lost(exchange_state& x, std::ptrdiff_t result, const char* when);
    bool ended(exchange_state& x);

    core_state& core_;
    link link_;
    std::string buffer_;      ///< bytes received and not yet used that had to survive a suspension
    std::string_view input_;  ///< bytes received and not yet used: in buffer_ or the core's scratch
    std::string request_;     ///< head of a request that could not be sent at once
    std::string kept_;        ///< body of a refusal or of a control answer
    std::size_t keep_most_ = keep_refusal;
    bool cancelled_ = false;  ///< the operation in hand, also while it waits for its next attempt
    bool detached_ = false;
    std::unique_ptr<list_scanner> scanner_;
    char hash_hex_[64];
};

}  // namespace chopsticks::s3
