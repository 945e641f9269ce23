#include <algorithm>
#include <chopsticks/report/cluster_sample.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <cmath>
#include <string_view>
#include <tuple>

#include "chart_builder.hpp"
#include "cluster.hpp"
#include "describing.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

/// Health that goes to and fro each second is told as far as that.
constexpr std::size_t bands_most = 300;

double told(const json& object, const char* key) {
    const json& value = member(object, key);
    return value.is_number() ? value.get<double>() : nothing;
}

/// A line of the chart of placement groups, and the words of states that count.
struct pg_line {
    const char* name;
    std::string_view words[2];
};
constexpr pg_line pg_lines[] = {
    {"peering", {"peering", "peering"}},
    {"down", {"down", "incomplete"}},
    {"stale", {"stale", "stale"}},
    {"undersized", {"undersized", "undersized"}},
    {"degraded", {"degraded", "degraded"}},
    {"recovery", {"recovering", "recovery_wait"}},
    {"backfill", {"backfilling", "backfill_wait"}},
    {"scrub", {"scrubbing", "deep"}},
    {"snapshot trim", {"snaptrim", "snaptrim_wait"}},
};

/// How values of several samples of one point become one.
enum class several : std::uint8_t { most, mean };

/// The samples of each point of the axis. A sample is told at a moment and holds until the next is
/// due, so a point that lies between two has the one before it.
class sampled {
  public:
    sampled(const json& cluster, const std::vector<double>& t_s) : of_points_(t_s.size()) {
        for (const json& one : member(cluster, "samples")) {
            if (member(one, "t_s").is_number()) samples_.push_back(&one);
        }
        // Of one time in the order in which they stand.
        std::sort(samples_.begin(), samples_.end(), [](const json* a, const json* b) {
            const double of_a = results::number(*a, "t_s");
            const double of_b = results::number(*b, "t_s");
            return std::tie(of_a, a) < std::tie(of_b, b);
        });
        const json& silences = member(cluster, "silences");
        const double holds_s = 1.5 * std::max(results::number(cluster, "sample_every_s"), 0.1);
        std::size_t next = 0;
        for (std::size_t i = 0; i < t_s.size(); ++i) {
            const double before = i > 0 ? t_s[i - 1] : t_s[i] - 1;
            const double from_s = (before + t_s[i]) / 2;
            const double to_s =
                i + 1 < t_s.size() ? (t_s[i] + t_s[i + 1]) / 2 : t_s[i] + (t_s[i] - before) / 2;
            while (next < samples_.size() && at_s(next) < from_s)
                ++next;
            for (; next < samples_.size() && at_s(next) < to_s; ++next)
                of_points_[i].push_back(samples_[next]);
            if (!of_points_[i].empty() || next == 0) continue;
            const bool is_silent =
                std::any_of(silences.begin(), silences.end(), [&](const json& one) {
                    const json& end = member(one, "end_s");
                    return results::number(one, "start_s") <= t_s[i] &&
                           (!end.is_number() || end.get<double>() >= t_s[i]);
                });
            if (!is_silent && t_s[i] - at_s(next - 1) <= holds_s)
                of_points_[i].push_back(samples_[next - 1]);
        }
    }

    /// A line of what `value_of` gives of each sample. Without any value there is no line.
    template <class Value>
    void put(chart_builder& to, const char* chart, const std::string& name, several how,
             const Value& value_of, bool only_above_zero = false) const {
        std::vector<double> values(of_points_.size(), nothing);
        bool any = false;
        for (std::size_t i = 0; i < of_points_.size(); ++i) {
            double sum = nothing;
            std::size_t n = 0;
            for (const json* one : of_points_[i]) {
                const double value = value_of(*one);
                if (!std::isfinite(value)) continue;
                ++n;
                sum = n == 1 ? value : how == several::most ? std::max(sum, value) : sum + value;
            }
            if (n == 0) continue;
            values[i] = how == several::mean ? sum / static_cast<double>(n) : sum;
            any = any || values[i] > 0 || !only_above_zero;
        }
        for (std::size_t i = 0; any && i < values.size(); ++i) {
            if (std::isfinite(values[i])) to.put(chart, name, i, values[i]);
        }
    }

    /// The same of a member of a member.
    void put(chart_builder& to, const char* chart, const std::string& name, several how,
             const char* part, const char* key, bool only_above_zero = false) const {
        put(
            to, chart, name, how, [&](const json& one) { return told(member(one, part), key); },
            only_above_zero);
    }

    const std::vector<const json*>& all() const { return samples_; }

  private:
    double at_s(std::size_t n) const { return results::number(*samples_[n], "t_s"); }

    std::vector<const json*> samples_;  ///< in order of time
    std::vector<std::vector<const json*>> of_points_;
};

void put_placement_groups(chart_builder& to, const sampled& samples) {
    samples.put(to, "cluster-pgs", "not active+clean", several::most, [&](const json& one) {
        return count_placement_groups(one, [](const std::string& state) {
            return !has_word(state, "active") || !has_word(state, "clean");
        });
    });
    for (const pg_line& line : pg_lines) {
        samples.put(
            to, "cluster-pgs", line.name, several::most,
            [&](const json& one) {
                return count_placement_groups(one, [&](const std::string& state) {
                    return has_word(state, line.words[0]) || has_word(state, line.words[1]);
                });
            },
            true);
    }
}

void put_cpus(chart_builder& to, const sampled& samples) {
    std::vector<std::string> osds;
    for (const json* one : samples.all()) {
        for (const auto& [osd, cpus] : member(*one, "osd_cpus").items()) {
            if (cpus.is_number() && std::find(osds.begin(), osds.end(), osd) == osds.end())
                osds.push_back(osd);
        }
    }
    std::sort(osds.begin(), osds.end(), [](const std::string& a, const std::string& b) {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    for (const std::string& osd : osds)
        samples.put(to, "cluster-osd-cpus", "osd." + osd, several::mean, "osd_cpus", osd.c_str());
}

void declare_cluster_charts(chart_builder& to) {
    const auto declare = [&](const char* id, const char* title, const char* note, unit of) {
        to.declare(
            {.id = id, .title = title, .note = note, .of = of, .strip = true, .of_cluster = true});
    };
    declare("cluster-osds", "OSDs down and out", "most of each point", unit::count);
    declare("cluster-pgs", "Placement groups",
            "those that are not active+clean, and what they do; one may do several", unit::count);
    declare("cluster-objects", "Objects", "most of each point", unit::count);
    declare("cluster-recovery", "Recovery", "", unit::bytes_per_s);
    declare("cluster-osd-latency", "Latency of OSDs", "as they tell it: the slowest, and the mean",
            unit::ms);
    declare("cluster-clients", "Operations of clients, as the cluster counts them",
            "of all clients, means over some seconds", unit::per_s);
    declare("cluster-osd-cpus", "CPUs of OSDs", "that each OSD on the load's host kept busy",
            unit::count);
    declare("cluster-rgw", "Requests of the RGW that was asked", "", unit::per_s);
}

/// Health from each sample to the next, and silences; `end_s`: of the axis.
std::vector<time_band> bands_of(const json& cluster, const sampled& samples, double end_s) {
    std::vector<time_band> silent;
    for (const json& one : member(cluster, "silences")) {
        if (!member(one, "start_s").is_number()) continue;
        const double from_s = results::number(one, "start_s");
        const double to_s = told(one, "end_s");
        silent.push_back({from_s, std::isfinite(to_s) ? to_s : std::max(end_s, from_s), "no answer",
                          tone::plain, true});
    }
    std::vector<time_band> out;
    const double every_s = std::max(results::number(cluster, "sample_every_s"), 0.1);
    const std::vector<const json*>& all = samples.all();
    for (std::size_t i = 0; i < all.size() && out.size() < bands_most; ++i) {
        const double from_s = results::number(*all[i], "t_s");
        double to_s = i + 1 < all.size() ? results::number(*all[i + 1], "t_s")
                                         : std::max(from_s, std::min(end_s, from_s + 2 * every_s));
        for (const time_band& one : silent) {
            if (one.from_s >= from_s && one.from_s < to_s) to_s = one.from_s;
        }
        const std::string health = text_of(*all[i], "health");
        if (health.empty()) continue;
        if (!out.empty() && out.back().name == health && out.back().to_s == from_s) {
            out.back().to_s = to_s;
        } else {
            out.push_back({from_s, to_s, health, tone_of_health(health), false});
        }
    }
    out.insert(out.end(), silent.begin(), silent.end());
    std::sort(out.begin(), out.end(), [](const time_band& a, const time_band& b) {
        return std::tie(a.from_s, a.to_s) < std::tie(b.from_s, b.to_s);
    });
    return out;
}

}  // namespace

std::size_t cluster_lines_of(const json& document) {
    const json& samples = member(member(document, "cluster"), "samples");
    if (samples.empty()) return 0;
    std::size_t osds = 0;
    for (const json& one : samples)
        osds = std::max(osds, std::min(member(one, "osd_cpus").size(), lines_max));
    return 16 + std::size(pg_lines) + osds;
}

void add_cluster_charts(time_charts& to, const json& document) {
    const json& cluster = member(document, "cluster");
    if (!cluster.is_object() || to.t_s.empty()) return;
    const sampled samples(cluster, to.t_s);
    chart_builder charts;
    declare_cluster_charts(charts);
    // One of a thousand that is missing is not seen in the number of those that are there.
    for (const auto& [name, key] : {std::pair{"down", "up"}, std::pair{"out", "in"}}) {
        samples.put(charts, "cluster-osds", name, several::most, [&](const json& one) {
            const json& osds = member(one, "osds");
            return told(osds, "known") - told(osds, key);
        });
    }
    put_placement_groups(charts, samples);
    for (const char* const what : {"degraded", "misplaced", "unfound"})
        samples.put(charts, "cluster-objects", what, several::most, "objects", what, true);
    samples.put(charts, "cluster-recovery", "recovery", several::mean, "recovery", "bytes_per_s",
                true);
    samples.put(charts, "cluster-osd-latency", "commit, slowest", several::most, "osd_commit",
                "max_ms");
    samples.put(charts, "cluster-osd-latency", "commit, mean", several::mean, "osd_commit",
                "mean_ms");
    samples.put(charts, "cluster-osd-latency", "apply, slowest", several::most, "osd_apply",
                "max_ms");
    samples.put(charts, "cluster-osd-latency", "apply, mean", several::mean, "osd_apply",
                "mean_ms");
    samples.put(charts, "cluster-clients", "reads", several::mean, "clients", "read_ops_per_s");
    samples.put(charts, "cluster-clients", "writes", several::mean, "clients", "write_ops_per_s");
    put_cpus(charts, samples);
    samples.put(charts, "cluster-rgw", "requests", several::mean, "rgw", "requests_per_s");
    samples.put(charts, "cluster-rgw", "failed", several::mean, "rgw", "failed_per_s");
    for (time_chart& chart : charts.take(to.t_s.size()))
        to.charts.push_back(std::move(chart));
    double end_s = to.t_s.back();
    for (const time_span& span : to.spans)
        end_s = std::max(end_s, span.to_s);
    to.bands = bands_of(cluster, samples, end_s);
}

}  // namespace chopsticks::report
