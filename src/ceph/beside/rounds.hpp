#pragma once
/// \file
/// The questions: which, how often, and what of their answers goes where. Used by the thread of the
/// watch; each call blocks for as long as the cluster takes.

#include <chopsticks/ceph/beside/buckets.hpp>
#include <chopsticks/ceph/beside/rgw_admin.hpp>
#include <chopsticks/ceph/beside/watch.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "answers.hpp"
#include "client_counters.hpp"
#include "metrics.hpp"
#include "osd_processes.hpp"

namespace chopsticks::ceph::beside {

/// How much was asked.
struct asked_figures {
    std::uint64_t rounds = 0;
    std::uint64_t commands = 0;
    std::uint64_t failed = 0;
    std::uint64_t most_in_a_round = 0;
    std::map<std::string, std::string> refused;  ///< question: why
};

class rounds {
  public:
    /// An answer of `osd perf` that is longer is asked for in every fifth round only.
    static constexpr std::size_t long_answer_bytes = 64 << 10;
    /// A manager that does not answer is asked again after so many rounds.
    static constexpr unsigned manager_rest = 10;

    /// All outlive it.
    rounds(asker& who, const settings& how, const std::optional<rgw_admin>& admin,
           asked_figures& count)
        : who_(who), how_(how), admin_(admin), count_(count) {}

    /// Empty, or why nobody can be asked.
    std::string connect();
    /// All that a result tells of the cluster before or after a run. None: it does not answer.
    std::optional<snapshot> look();
    /// One round. None, with `problem`: no answer.
    std::optional<sample> sample_now(std::string& problem);
    /// What Ceph counts of the load's connections. \param t_s since the load began
    void ask_clients(double t_s);
    /// How full the buckets are, in the order of the settings; none of those that were not told
    /// before `until_ns`, and of all behind one that was not: then `problem`. Empty: nobody wants
    /// to know.
    std::vector<std::optional<bucket_state>> look_at_buckets(std::int64_t until_ns,
                                                             std::string& problem);
    json clients_told() const { return clients_.told(); }

  private:
    json ask(const question& q, std::string& problem);
    std::optional<snapshot> look_at_metrics();
    std::optional<sample> sample_of_metrics(std::string& problem);
    void look_at_osds_here(const snapshot& at);
    /// \param problem why there is no answer; none may be without one: the first has no time before
    /// it
    std::optional<rgw_sample> look_at_rgw(std::string& problem);

    asker& who_;
    const settings& how_;
    const std::optional<rgw_admin>& admin_;
    asked_figures& count_;
    bool connected_ = false;
    unsigned perf_every_ = 1;
    unsigned perf_rest_ = 0;
    std::optional<osd_latency> commit_;
    std::optional<osd_latency> apply_;
    std::uint64_t up_before_ = 0;
    std::vector<std::int64_t> down_;
    bool down_known_ = false;
    osd_processes here_;
    client_counters clients_;
    std::optional<client_totals> clients_before_;  ///< of the exporter
    std::int64_t clients_before_ns_ = 0;
    std::optional<rgw_counters> rgw_before_;
    std::int64_t rgw_before_ns_ = 0;
};

}  // namespace chopsticks::ceph::beside
