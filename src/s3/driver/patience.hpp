#pragma once
/// \file
/// Control requests that are repeated where that may help, for as long as a job's patience lasts.

#include <chopsticks/core/clock.hpp>
#include <cstdint>
#include <functional>

#include "session.hpp"

namespace chopsticks::s3 {

inline constexpr std::int64_t second_ns = 1'000'000'000;

/// How long a job, of one request or of thousands, goes on without any success: it counts from the
/// last one. Belongs to one core.
class patience {
  public:
    /// `stopped`, if not empty, is looked at between requests; true ends the job.
    explicit patience(std::int64_t most_ns, std::function<bool()> stopped = {})
        : most_ns_(most_ns), stopped_(std::move(stopped)) {}

    /// Something got through.
    void renew() noexcept { last_ns_ = monotonic_ns(); }
    std::int64_t most_ns() const noexcept { return most_ns_; }
    std::int64_t until_ns() const noexcept { return last_ns_ + most_ns_; }
    bool is_over() const noexcept { return monotonic_ns() >= until_ns(); }
    bool stopped() const { return stopped_ && stopped_(); }

  private:
    std::int64_t most_ns_;
    std::int64_t last_ns_ = monotonic_ns();
    std::function<bool()> stopped_;
};

/// The pauses between tries: each is twice as long as the one before.
class growing_pause {
  public:
    std::int64_t next_ns() const noexcept { return next_ns_; }
    void reset() noexcept { next_ns_ = first_ns; }
    /// Waits, and says for what. `until_ns`: no other try is begun later.
    runtime::task<void> wait(s3_session& session, const control_request& what,
                             const control_reply& reply, std::int64_t until_ns);

  private:
    static constexpr std::int64_t first_ns = 100'000'000;
    static constexpr std::int64_t most_ns = 5'000'000'000;
    std::int64_t next_ns_ = first_ns;
};

/// There was no connection, or 429, or 5xx other than 501.
bool may_help_to_repeat(const control_reply& reply) noexcept;

/// Tries once at least, and again, with growing pauses, where that may help and `how` is not over.
/// Whether the answer is a success is for the caller to judge, and to renew the patience then.
runtime::task<control_reply> control_patiently(s3_session& session, const control_request& what,
                                               const patience& how);

/// For one request alone.
runtime::task<control_reply> control_patiently(s3_session& session, const control_request& what,
                                               std::int64_t patience_ns);

}  // namespace chopsticks::s3
