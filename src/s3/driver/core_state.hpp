#pragma once
/// \file
/// What the sessions and connections of one core share.

#include <sys/uio.h>

#include <chopsticks/core/waiting_note.hpp>
#include <chopsticks/engine/driver.hpp>
#include <chopsticks/load/content.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/request.hpp>
#include <chopsticks/s3/protocol/sha256.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "listing.hpp"
#include "made_buckets.hpp"
#include "native_connection.hpp"
#include "tls.hpp"

namespace chopsticks::s3 {

class curl_loop;
class s3_session;

/// What a driver of S3 over HTTP counts of its own.
struct http_figures {
    /// Users whose requests are counted apart: of those behind them nothing is, as a driver may
    /// declare so many figures and no more.
    static constexpr std::size_t most_users = 9;
    /// `users`: access keys where there are several; else empty.
    static std::vector<engine::driver_figure> declared(const std::vector<std::string>& users);

    /// `all`: from declared().
    explicit http_figures(const std::vector<engine::driver_figure>& all);

    engine::driver_meters meters;
    engine::figure_timer& connect_time = meters.timer(0);    ///< of connects that went well
    engine::figure_timer& handshake_time = meters.timer(1);  ///< TLS, likewise
    engine::figure_counter& reused = meters.counter(2);  ///< requests, but for a connection's first
    struct of_user {
        engine::figure_timer& time;        ///< of requests that went well
        engine::figure_counter& failures;  ///< requests
        engine::figure_counter& bytes;     ///< of bodies, as operations count them
    };
    std::vector<of_user> users;  ///< empty where there is one
};

/// Buffers that are only used between two suspensions, request writers, counters.
struct core_state {
    /// `declared`: http_figures::declared(). `scratch_size`: less where there is nothing but
    /// control requests.
    core_state(runtime::reactor& l, const driver_options& o,
               const std::vector<engine::driver_figure>& declared,
               std::size_t scratch_size = scratch_bytes)
        : loop(l),
          options(o),
          scratch(scratch_size),
          figures(declared),
          control_timeout_ns(o.timeout.operation_ns) {}

    /// What a driver makes its connections with.
    using connection_maker = std::unique_ptr<connection> (*)(core_state& core,
                                                             const target_address& target);

    static constexpr std::size_t scratch_bytes = 256 * 1024;
    static constexpr std::size_t batch_iovecs = 512;

    runtime::reactor& loop;
    const driver_options& options;
    connection_maker connect = make_native_connection;
    const load::content* content = nullptr;
    /// Objects of the run are spread over so many buckets, each with its owner's credentials. Of
    /// several, objects are in that of their number modulo this.
    std::size_t buckets_in_all = 1;
    std::size_t users = 1;                    ///< a bucket is of the user of its number modulo this
    std::vector<request_writer> run_writers;  ///< by bucket, then endpoint; keys of the run
    std::vector<request_writer> kept_writers;  ///< by endpoint; keys of the kept data set, or empty
    std::shared_ptr<tls_context> tls;          ///< of this core alone
    std::vector<char> scratch;
    std::vector<iovec> iovecs = std::vector<iovec>(batch_iovecs);
    std::vector<load::stamp> stamps = std::vector<load::stamp>(batch_iovecs);
    sha256_stream hash;
    etag_memory etags;
    etag_texts etag_words;    ///< kept where a step depends on ETags
    version_ids versions;     ///< kept where a step names versions
    etag_digests digests;     ///< with data.verify
    md5_stream md5;           ///< between two suspensions
    listing_floor must_list;  ///< what each listing has to show
    engine::driver_counters counters;
    http_figures figures;
    /// What the connections of the driver `curl` have in common; made by the first.
    std::shared_ptr<curl_loop> transfers;
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

    /// Counts a connection that was opened.
    void note_opened(const connection& link);
    /// Counts one that was not, and why: `problem`, for a person.
    void note_unopened(const connection& link, const std::string& problem, engine::outcome& out);

    /// Whether it is one of the kept data set, and not of this run alone.
    bool is_kept(std::uint64_t object) const noexcept {
        return !kept_writers.empty() && object < options.group->data.objects;
    }
    /// Whose requests about a bucket are counted apart; null: nobody's.
    const http_figures::of_user* user_of(std::size_t bucket) const noexcept {
        if (users == 1 || bucket % users >= figures.users.size()) return nullptr;
        return &figures.users[bucket % users];
    }
    std::size_t bucket_of(std::uint64_t object) const noexcept {
        return buckets_in_all == 1 ? 0 : object % buckets_in_all;
    }
    /// Which of the buckets a listing of all that `what` asks for is about. Its number is drawn;
    /// the directory is its last byte.
    std::size_t bucket_of_listing(const asked& what) const noexcept {
        return bucket_of(what.object >> 8);
    }
    request_writer& writer(std::size_t endpoint, std::uint64_t object) noexcept {
        if (is_kept(object)) return kept_writers[endpoint];
        return writer_in(bucket_of(object), endpoint);
    }
    request_writer& writer_in(std::size_t bucket, std::size_t endpoint) noexcept {
        return run_writers[bucket == 0 ? endpoint : bucket * endpoints() + endpoint];
    }
    std::size_t endpoints() const noexcept { return run_writers.size() / buckets_in_all; }
    void note_put(const std::string& key, bool answered, int status) noexcept;
    /// What the keys of a listing begin with: listings are of where object 0 is.
    const std::string& prefix_of_listings() const noexcept {
        return is_kept(0) ? options.kept_prefix : options.run_prefix;
    }

  private:
    std::int64_t wall_s_ = 0;
    std::int64_t wall_until_ns_ = 0;
};

}  // namespace chopsticks::s3
