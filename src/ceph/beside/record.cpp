#include "record.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <utility>

namespace chopsticks::ceph::beside {

namespace {

/// An OSD that dies without a word is missed by others after osd_heartbeat_grace (20 s) and told of
/// with their next beacon.
constexpr double osd_unseen_s = 25;
/// Of intervals that are told of late the sample may not be the newest.
constexpr std::size_t recent_most = 8;
/// OSDs tell of their PGs every mgr_stats_period (5 s), and the manager with its next tick.
constexpr double pgs_unseen_s = 8;
constexpr double check_unseen_s = 8;

/// PGs one of whose states is this word: "active+remapped+backfilling" has three.
std::uint64_t pgs_with(const sample& s, std::string_view word) {
    std::uint64_t out = 0;
    for (const auto& [state, count] : s.pgs) {
        std::string_view rest = state;
        while (true) {
            const std::size_t end = rest.find('+');
            if (rest.substr(0, end) == word) {
                out += count;
                break;
            }
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
        }
    }
    return out;
}

/// What PGs do, in Ceph's word, and how people say it.
struct pg_work {
    const char* word;
    const char* doing;  ///< "% were backfilling"
    const char* began;  ///< "% began to backfill"
};
constexpr pg_work works[] = {
    {"peering", "% were peering", "% began to peer"},
    {"stale", "% were stale", "% became stale"},
    {"down", "% were down", "% went down"},
    {"degraded", "% were degraded", "% became degraded"},
    {"backfilling", "% were backfilling", "% began to backfill"},
    {"recovering", "% were recovering", "% began to recover"},
    {"snaptrim", "% were trimming snapshots", "% began to trim snapshots"},
    {"deep", "% were deep-scrubbing", "% began to deep-scrub"},
};

/// Complaints that nothing above says already and that can slow a client down. Of others a change
/// of the health is told, but they are no cause.
constexpr const char* telling_checks[] = {
    "SLOW_OPS",
    "OSD_SLOW_PING_TIME_BACK",
    "OSD_SLOW_PING_TIME_FRONT",
    "OSD_NEARFULL",
    "OSD_BACKFILLFULL",
    "OSD_FULL",
    "POOL_NEARFULL",
    "POOL_FULL",
    "MON_DOWN",
    "BLUESTORE_SLOW_OP_ALERT",
    "OSDMAP_FLAGS",
};

const health_check* find_check(const sample& s, std::string_view name) {
    const auto found = std::find_if(s.checks.begin(), s.checks.end(),
                                    [&](const health_check& one) { return one.name == name; });
    return found == s.checks.end() ? nullptr : &*found;
}

std::string with_count(const std::string& text, const std::string& count) {
    const std::size_t at = text.find('%');
    return at == text.npos ? text : text.substr(0, at) + count + text.substr(at + 1);
}

std::string osds_text(const sample& s, std::uint64_t count) {
    if (count != s.down.size() || count > 4) return counted(count, "OSD");
    std::string out;
    for (std::size_t i = 0; i < s.down.size(); ++i) {
        out += i == 0 ? "" : i + 1 == s.down.size() ? " and " : ", ";
        out += "osd." + std::to_string(s.down[i]);
    }
    return out;
}

std::string health_change_text(const sample& before, const sample& now) {
    std::string out = before.health;
    if (now.health != before.health) out += " -> " + now.health;
    std::string list;
    for (const health_check& one : now.checks) {
        if (find_check(before, one.name) != nullptr) continue;
        list += (list.empty() ? ": " : "; ") + one.name + " (" + one.summary + ")";
    }
    std::string gone;
    for (const health_check& one : before.checks) {
        if (find_check(now, one.name) != nullptr) continue;
        gone += (gone.empty() ? "" : ", ") + one.name;
    }
    if (!gone.empty()) list += (list.empty() ? ": " : "; ") + gone + " no more";
    return out + list;
}

bool health_differs(const sample& before, const sample& now) {
    if (before.health != now.health || before.checks.size() != now.checks.size()) return true;
    return std::any_of(now.checks.begin(), now.checks.end(), [&](const health_check& one) {
        return find_check(before, one.name) == nullptr;
    });
}

std::uint64_t osds_down(const sample& s) {
    return s.osds > s.osds_up ? s.osds - s.osds_up : 0;
}

}  // namespace

void record::add(const load_interval& one) {
    rule_.add(one);
    take_findings();
}

void record::add(sample now) {
    if (is_silent_) {
        is_silent_ = false;
        if (kept_silence_) silences_.back().end_s = now.t_s;
    }
    if (!recent_.empty()) {
        look(recent_.back(), now);
    } else {
        // What it did already as the load began is no event of the load, but ends in it.
        look(now, now);
    }
    if (seen_++ % stride_ == 0) {
        if (samples_.size() == samples_most) {
            std::size_t kept = 0;
            for (std::size_t i = 0; i < samples_.size(); i += 2)
                samples_[kept++] = std::move(samples_[i]);
            samples_.resize(kept);
            stride_ *= 2;
        }
        // After a change of the stride it may be one of those between.
        if ((seen_ - 1) % stride_ == 0) samples_.push_back(now);
    }
    recent_.push_back(std::move(now));
    if (recent_.size() > recent_most) recent_.pop_front();
}

const sample* record::newest_in(double from_s, double to_s) const noexcept {
    for (auto one = recent_.rbegin(); one != recent_.rend(); ++one) {
        if (one->t_s >= from_s && one->t_s < to_s) return &*one;
    }
    return nullptr;
}

void record::look(const sample& before, const sample& now) {
    std::vector<cause> causes;
    const auto because = [&](std::string text, double unseen_s, bool relieves = false) {
        causes.push_back({before.t_s, now.t_s, unseen_s + stale_s_, std::move(text), relieves});
    };
    if (health_differs(before, now)) {
        marks_.push_back(
            {now.t_s, std::nullopt, stats::event_source::ceph, health_change_text(before, now)});
    }
    const std::uint64_t down = osds_down(now);
    const std::string which = osds_text(now, down);
    follow({"osds", which + (down == 1 ? " was down" : " were down"), which + " went down",
            osd_unseen_s, 0},
           down, now, causes);
    const std::uint64_t down_before = osds_down(before);
    if (down_before > 0 && down > down_before)
        because(counted(down - down_before, "further OSD") + " went down", osd_unseen_s);
    if (down < down_before) {
        because(osds_text(before, down_before - down) + " came up again", 0, true);
    }
    if (now.osds_in < before.osds_in)
        because(counted(before.osds_in - now.osds_in, "OSD") + " was marked out", 0);
    if (now.osds_in > before.osds_in)
        because(counted(now.osds_in - before.osds_in, "OSD") + " was marked in", 0, true);
    const std::uint64_t pgs = now.pgs_total;
    const std::uint64_t active = pgs_with(now, "active");
    const auto follow_pgs = [&](const char* what, const char* during, const char* began,
                                std::uint64_t count) {
        follow({what, during, began, pgs_unseen_s, over_s}, count, now, causes);
    };
    follow_pgs("inactive", "% were inactive", "% became inactive", pgs > active ? pgs - active : 0);
    for (const pg_work& work : works)
        follow_pgs(work.word, work.doing, work.began, pgs_with(now, work.word));
    const std::uint64_t scrubbing = pgs_with(now, "scrubbing");
    const std::uint64_t deep = pgs_with(now, "deep");
    follow_pgs("scrubbing", "% were scrubbing", "% began to scrub",
               scrubbing > deep ? scrubbing - deep : 0);
    for (const char* const name : telling_checks) {
        const health_check* const check = find_check(now, name);
        if (check == nullptr || find_check(before, name) != nullptr) continue;
        because("the cluster complained of " + check->name + " (" + check->summary + ")",
                check_unseen_s);
    }
    if (!causes.empty()) rule_.add(causes);
    take_findings();
}

void record::follow(const doing& of, std::uint64_t count, const sample& now,
                    std::vector<cause>& causes) {
    const auto found = spans_.find(of.what);
    if (count == 0) {
        if (found != spans_.end() && now.t_s - found->second.last_s >= of.over_s) {
            end(found->second, of.over_s > 0 ? found->second.last_s : now.t_s);
            spans_.erase(found);
        }
        return;
    }
    if (found != spans_.end()) {
        span& s = found->second;
        s.last_s = now.t_s;
        if (count > s.most) {
            s.most = count;
            s.text = of.now;
        }
        return;
    }
    spans_[of.what] = {recent_.empty() ? 0 : now.t_s, now.t_s, count, of.now};
    if (recent_.empty()) return;
    causes.push_back({recent_.back().t_s, now.t_s, of.unseen_s + stale_s_,
                      with_count(of.began, counted(count, "PG")), false});
}

void record::end(const span& s, double end_s) {
    std::string text = s.text;
    if (text.starts_with('%')) {
        text = with_count(text, (s.most == 1 ? "" : "up to ") + counted(s.most, "PG"));
        if (s.most == 1) text.replace(text.find(" were"), 5, " was");
    }
    marks_.push_back({s.start_s, std::max(end_s, s.start_s), stats::event_source::ceph, text});
}

void record::silent(double asked_s, const std::string& problem) {
    if (is_silent_) return;
    is_silent_ = true;
    kept_silence_ = silences_.size() < silences_most;
    if (kept_silence_) {
        silences_.push_back({asked_s, std::nullopt, problem});
    } else {
        ++silences_dropped_;
    }
}

void record::finish(double end_s) {
    for (const auto& [what, s] : spans_) {
        const bool over = !recent_.empty() && s.last_s < recent_.back().t_s;
        end(s, over ? s.last_s : std::max(end_s, s.last_s));
    }
    spans_.clear();
    rule_.finish();
    take_findings();
}

void record::take_findings() {
    for (finding& one : rule_.take()) {
        marks_.push_back(
            {one.start_s, std::nullopt, stats::event_source::finding, std::move(one.text)});
    }
}

std::vector<stats::event_mark> record::take_marks() {
    return std::exchange(marks_, {});
}

}  // namespace chopsticks::ceph::beside
