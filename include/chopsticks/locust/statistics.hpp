#pragma once
/// \file
/// What operations came to, in Locust's terms: what a worker tells its master every few seconds.

#include <chopsticks/locust/message.hpp>
#include <chopsticks/stats/recorder.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace chopsticks::locust {

/// A response time as Locust keeps it, in tenths of a millisecond: rounded to 0.1 ms below 10 ms
/// (where Locust itself has whole ones), to 1 ms below 100 ms, to 10 ms below 1 s, to 100 ms below
/// 10 s, to 1 s above. What lies half way goes to the even side.
std::int64_t rounded_tenths(std::int64_t ns) noexcept;

/// The figures of one kind of request since the last report.
struct request_figures {
    std::uint64_t requests = 0;  ///< failures too
    std::uint64_t untimed = 0;   ///< of them, those without a response time
    std::uint64_t failures = 0;
    double total_ms = 0;
    std::int64_t min_ns = 0;  ///< where there are response times
    std::int64_t max_ns = 0;
    std::uint64_t bytes = 0;
    std::map<std::int64_t, std::uint64_t> response_times;  ///< by rounded_tenths
    std::map<std::int64_t, std::uint64_t> by_second;       ///< since the epoch
    std::map<std::int64_t, std::uint64_t> failures_by_second;

    std::uint64_t timed() const noexcept { return requests - untimed; }
    void add(const request_figures& other);
};

/// Adds intervals up until they are reported. Of an operation "<group>/<op>", Locust's method is
/// the group and its name the operation, as in the exported files. One thread at a time.
class statistics {
  public:
    /// \param ended_s when the interval ended: wall clock, seconds since the epoch
    void add(const stats::totals& interval, const stats::layout& names, double ended_s);

    /// Whether nothing was added since the last report.
    bool empty() const noexcept { return total_.requests == 0; }

    /// A whole message "stats", and forgets what is in it. \param users by class, as the worker has
    /// them now
    std::string report(const std::map<std::string, std::uint64_t>& users, std::string_view node);

    void clear();

  private:
    using title = std::pair<std::string, std::string>;  ///< method, name

    std::map<title, request_figures> requests_;
    std::map<std::pair<title, std::string>, std::uint64_t> errors_;
    request_figures total_;
    double since_s_ = 0;
    double last_s_ = 0;
};

}  // namespace chopsticks::locust
