#pragma once
/// \file
/// Sentences that join what the load saw with what the cluster did. There is one only where both
/// really happened near each other; the rule is in docs/explanation/cluster.md, and what
/// is a number in it is here. Not thread safe.

#include <chopsticks/ceph/beside/load.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace chopsticks::ceph::beside {

/// Something that the cluster did, and that may be why.
struct cause {
    double after_s = 0;  ///< the cluster had not done it then
    double seen_s = 0;   ///< it was known then
    /// The cluster may have done it so long before it knew. An effect that began in that time
    /// counts if it was still there when the cluster knew.
    double unseen_s = 0;
    std::string text;       ///< "osd.0 went down"
    bool relieves = false;  ///< what it did may end an effect: "osd.0 came up again"
};

/// A sentence, and when what it is about began.
struct finding {
    double start_s = 0;
    std::string text;
    bool of_end = false;  ///< of what an earlier one told the beginning of
};

class finding_rule {
  public:
    /// What an operation is compared with: its last so many intervals, and no fewer than these.
    static constexpr std::size_t baseline_most = 10;
    static constexpr std::size_t baseline_least = 5;
    /// A percentile of fewer operations is their maximum, a rate of fewer is chance.
    static constexpr std::uint64_t ok_least = 20;
    /// The p99 has risen if it is more than so many times the median of those intervals, and more
    /// than so many times the greatest of them but one: one may be chance, which is not to hide
    /// what comes after it.
    static constexpr double rise_of_median = 2;
    static constexpr double rise_of_most = 1.5;
    /// The rate has fallen below such shares of their median and of their least but one.
    static constexpr double fall_of_median = 0.5;
    static constexpr double fall_of_least = 0.75;
    /// Of an interval in which a core lost more of its time nobody can say what the target did.
    static constexpr double held_up_most = 0.5;
    /// What follows later than this was not caused.
    static constexpr double late_s = 5;
    /// An effect waits so long for nearer causes than those that are known.
    static constexpr double settle_s = 2;
    /// After so many intervals an effect is how things are: the baseline begins anew.
    static constexpr std::size_t effect_most = 30;
    /// So many intervals within bounds end it.
    static constexpr std::size_t calm_least = 3;
    static constexpr std::size_t findings_most = 64;
    /// What the cluster did so long before an effect ended may be why it did.
    static constexpr double relief_s = 10;

    /// \param load_began_ns wall clock, for the time of day in sentences
    explicit finding_rule(std::int64_t load_began_ns = 0) : load_began_ns_(load_began_ns) {}
    void set_load_began(std::int64_t ns) { load_began_ns_ = ns; }

    /// In the order of time. What came of it is in `take`.
    void add(const load_interval& one);
    /// What one look at the cluster showed.
    void add(const std::vector<cause>& seen);
    /// The load has ended: nothing is waited for any more.
    void finish();
    /// Those that are new.
    std::vector<finding> take();

  private:
    struct level {
        double p99_ns = 0;  ///< 0: of too few
        double ok_per_s = 0;
        double ok = 0;
        double offered = 0;
    };
    /// One figure of an operation, and whether it is out of bounds.
    struct watch {
        std::size_t bad = 0;   ///< intervals, since it began; 0: it is as always
        std::size_t calm = 0;  ///< intervals within bounds since
    };
    struct operation_state {
        std::deque<level> baseline;
        watch p99;
        watch rate;
    };
    struct effect {
        double start_s = 0;
        double end_s = 0;   ///< of the interval in which it began
        double held_s = 0;  ///< of the last one without a break in which it was there
        bool holds = true;
        std::string operation;
        std::string text;
        std::string fall = {};  ///< what the text says of the rate: " fell from 98/s to 0/s"
        // What its end is told by, which may be long after what is usual is another thing.
        double usual_per_s = 0;   ///< 0: not known
        double usual_p99_ns = 0;  ///< 0: not known
        std::size_t calm = 0;     ///< intervals without it, one after the other
        double back_s = 0;        ///< start of the first of those
        bool is_over = false;
        std::string end = {};  ///< "... was back at 98/s"; empty: nobody knows of one

        /// Unless one is told already.
        void add_fall(const std::string& more, double per_s_before);
    };
    static bool near(const effect& e, const cause& one);

    void judge(const load_interval& in, const load_point& point, operation_state& state);
    /// Also after a break that was too short to end what began before.
    bool begins(watch& of, bool out_of_bounds);
    bool lasts(const std::string& operation) const;
    /// Has what lasts of an operation say that less is served now, too. False: nothing does that
    /// could still say so, and it is to be told by itself.
    bool worsen(const std::string& operation, const std::string& fall, double usual_per_s);
    /// What began again before an effect was over is part of it, now that its cause is known.
    void take_in_later(effect& told);
    void follow(effect& e, const load_interval& in, const level& now);
    void tell_end(const effect& e);
    /// Effects that last when what they are measured by ends.
    void leave_lasting(const std::string& what);
    void match();
    std::string sentence(const effect& e, const std::vector<const cause*>& of) const;

    std::int64_t load_began_ns_;
    std::string phase_;
    double now_s_ = 0;
    bool finished_ = false;
    std::map<std::string, operation_state> operations_;
    std::deque<effect> effects_;   ///< that wait for a cause
    std::vector<effect> lasting_;  ///< that were told, and are not over
    std::deque<cause> causes_;
    std::vector<finding> found_;
    std::size_t told_ = 0;
};

}  // namespace chopsticks::ceph::beside
