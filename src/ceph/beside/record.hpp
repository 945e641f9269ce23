#pragma once
/// \file
/// What came of the questions that were asked beside a load: samples, what changed between them,
/// when there was no answer. No clock and no thread of its own; not thread safe. Times are seconds
/// since the load began.

#include <chopsticks/stats/event_marks.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "answers.hpp"
#include "findings.hpp"

namespace chopsticks::ceph::beside {

/// A time without an answer.
struct silence {
    double start_s = 0;           ///< when what was not answered was asked
    std::optional<double> end_s;  ///< of the next answer; none: it lasted until the end
    std::string problem;          ///< why, as far as it is known
};

class record {
  public:
    /// Samples that are kept: an hour of 1 s has 3600, of which then every fourth is.
    static constexpr std::size_t samples_most = 1024;
    static constexpr std::size_t silences_most = 64;
    /// What PGs cease to do for so long has ended: they scrub one by one.
    static constexpr double over_s = 5;

    /// \param stale_s so old may be what is told
    explicit record(double period_s, double stale_s = 0) : period_s_(period_s), stale_s_(stale_s) {}

    void set_load_began(std::int64_t wall_ns) { rule_.set_load_began(wall_ns); }
    void add(const load_interval& one);
    /// Later than those before.
    void add(sample now);
    /// A question of that time was not answered, or later than anybody would wait.
    void silent(double asked_s, const std::string& problem);
    /// Ends what is under way. \param end_s of the load
    void finish(double end_s);

    const std::vector<sample>& samples() const noexcept { return samples_; }
    /// The newest of that time, if it is one of the last few; null: there is none.
    const sample* newest_in(double from_s, double to_s) const noexcept;
    const std::vector<silence>& silences() const noexcept { return silences_; }
    std::uint64_t silences_dropped() const noexcept { return silences_dropped_; }
    /// From one of `samples` to the next, in seconds, where nothing was silent.
    double every_s() const noexcept { return period_s_ * static_cast<double>(stride_); }
    /// What is new since it was last asked for: health changes, spans that ended, findings.
    std::vector<stats::event_mark> take_marks();

  private:
    /// Something that the cluster does for a while.
    struct span {
        double start_s = 0;
        double last_s = 0;
        std::uint64_t most = 0;
        std::string text;  ///< with "%" where the number stands
    };
    void look(const sample& before, const sample& now);
    /// What can be followed so.
    struct doing {
        const char* what;
        std::string now;    ///< "% were backfilling"
        std::string began;  ///< "% began to backfill"
        double unseen_s = 0;
        double over_s = 0;  ///< so long it may cease in between
    };
    void follow(const doing& of, std::uint64_t count, const sample& now,
                std::vector<cause>& causes);
    void end(const span& s, double end_s);
    void take_findings();

    double period_s_;
    double stale_s_;
    finding_rule rule_;
    std::vector<sample> samples_;
    std::size_t stride_ = 1;
    std::uint64_t seen_ = 0;
    std::deque<sample> recent_;  ///< the last few; the newest is the last
    std::vector<silence> silences_;
    std::uint64_t silences_dropped_ = 0;
    bool is_silent_ = false;
    bool kept_silence_ = false;  ///< the present one is the last of silences_
    std::map<std::string, span> spans_;
    std::vector<stats::event_mark> marks_;
};

}  // namespace chopsticks::ceph::beside
