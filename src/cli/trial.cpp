#include "trial.hpp"

namespace chopsticks::cli {

namespace {

/// A verdict before this share of a trial would be one on its first ripples.
constexpr double earliest_share = 0.3;
/// And one on growth, which the ripples of a short queue resemble longest.
constexpr double earliest_growth_share = 0.5;
/// Work that is shed was due, and will never be done: no queue is that long by chance.
constexpr double shed_share_most = 0.001;

}  // namespace

std::vector<search::objective> search_objectives(const std::vector<scenario::slo>& slos) {
    std::vector<search::objective> out;
    for (const scenario::slo& one : slos) {
        search::objective o;
        o.limit = results::ratio_limit(one);
        o.share = one.metric != scenario::slo_metric::mean;
        out.push_back(o);
    }
    return out;
}

trial_watcher::trial_watcher(const search::max_rate_search& search,
                             const std::vector<scenario::slo>& slos, const stats::layout& names,
                             double planned_s, std::atomic<bool>& enough)
    : search_(search),
      slos_(slos),
      names_(names),
      planned_s_(planned_s),
      enough_(enough),
      batches_(slos.size()) {}

void trial_watcher::on_interval(const engine::interval& one) {
    const std::lock_guard lock(mutex_);
    double due = 0;
    for (const engine::load_figures& g : one.groups) {
        due += static_cast<double>(g.intended);
        there_ += static_cast<double>(g.intended) - static_cast<double>(g.completed) -
                  static_cast<double>(g.skipped + g.cancelled + g.shed + g.shed_late);
        if (one.when == engine::phase::measure) {
            shed_ += static_cast<double>(g.shed + g.shed_late);
        }
    }
    if (one.when != engine::phase::measure) return;
    due_ += due;
    measured_s_ += one.duration_s;
    outstanding_.push_back(there_);
    for (std::size_t i = 0; i < slos_.size(); ++i) {
        const results::slo_ratio r =
            results::ratio_of(slos_[i], one.figures, names_, one.duration_s);
        batches_[i].push_back({r.part, r.whole});
    }
    if (early_ || measured_s_ < earliest_share * planned_s_) return;
    if (!search_.is_settled(gather())) return;
    early_ = true;
    enough_.store(true);
}

search::trial_report trial_watcher::gather() const {
    search::trial_report out;
    out.load_s = measured_s_;
    out.batches = batches_;
    out.outstanding = outstanding_;
    out.growing =
        shed_ > shed_share_most * due_ ||
        (measured_s_ >= earliest_growth_share * planned_s_ && search::grows(outstanding_, due_));
    return out;
}

search::trial_report trial_watcher::report() const {
    const std::lock_guard lock(mutex_);
    return gather();
}

bool trial_watcher::ended_early() const {
    const std::lock_guard lock(mutex_);
    return early_;
}

}  // namespace chopsticks::cli
