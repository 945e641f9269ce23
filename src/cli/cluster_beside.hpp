#pragma once
/// \file
/// The cluster that is watched beside a run: which one, what it is told of the load, and where what
/// it tells goes.

#include <chopsticks/ceph/beside/watch.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/load/rate_curve.hpp>
#include <chopsticks/results/document.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "setup.hpp"

namespace chopsticks::cli {

/// Of which cluster a run is told something: that of the section `cluster` of the workload config;
/// where there is none, that to which the load goes. `off` where there is none either, or nobody
/// wants to know. Throws config_error.
ceph::beside::settings cluster_of(const run_setup& setup, bool unwanted);

/// Who is asked, for people: "the cluster, as client.admin".
std::string watched_text(const run_setup& setup);

/// Beside one run. Its functions are called as those of an observer are.
class cluster_beside {
  public:
    /// Starts to watch, and waits until it is known how the cluster is before the run, but no
    /// longer than an answer may take. Null: there is nothing to watch. Throws config_error where
    /// a secret is missing.
    static std::unique_ptr<cluster_beside> start(const run_setup& setup);

    /// `who` not null.
    cluster_beside(const run_setup& setup, const std::optional<ceph::beside::rgw_admin>& admin,
                   std::unique_ptr<ceph::beside::asker> who);

    /// Whom it asks, for people; what it could not learn before the run.
    std::string greeting() const { return greeting_; }

    void on_phase(engine::phase p);
    void on_interval(const engine::interval& one, const stats::layout& names);
    /// How the cluster was in it; null: not known.
    results::json sample_in(const engine::interval& one) const;
    /// The line of an interval with that as its member `cluster`.
    static std::string with_sample(std::string line, const results::json& sample);
    /// What is new.
    std::vector<stats::event_mark> take_events() { return watch_.take_events(); }
    /// After the run. Waits as the start does. \param left what the run says that it left
    void finish(results::run_document& doc, const std::vector<stats::leftover>& left);

  private:
    /// What was to be asked of a group, as load_point::offered.
    double offered_to(std::size_t group, const engine::interval& in) const;

    const run_setup& setup_;
    ceph::beside::cluster_watch watch_;
    /// By group: of an open loop whose operations come by a plan.
    std::vector<std::optional<load::rate_curve>> plans_;
    std::string greeting_;
    bool load_began_ = false;
};

}  // namespace chopsticks::cli
