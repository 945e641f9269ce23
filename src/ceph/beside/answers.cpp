#include "answers.hpp"

#include <algorithm>
#include <chopsticks/results/text.hpp>
#include <cmath>

namespace chopsticks::ceph::beside {

namespace {

constexpr std::size_t checks_told = 32;
constexpr std::size_t states_told = 32;
constexpr std::size_t down_told = 16;

/// JSON's readers make doubles of numbers: beyond this they are not exact.
constexpr double count_most = 9007199254740992;

bool nests_too_deep(std::string_view text) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            if (++depth > answer_depth_max) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

double rounded(double value) {
    return std::round(value * 1e6) / 1e6;
}

json latency_json(const std::optional<osd_latency>& l) {
    if (!l) return nullptr;
    json out;
    out["mean_ms"] = rounded(l->mean_ms);
    out["max_ms"] = rounded(l->most_ms);
    out["max_osd"] = l->most_of < 0 ? json(nullptr) : json(l->most_of);
    return out;
}

}  // namespace

json parse_answer(std::string_view text) {
    if (text.size() > answer_bytes_max || nests_too_deep(text)) return nullptr;
    json out = json::parse(text, nullptr, false);
    return out.is_discarded() ? json(nullptr) : out;
}

std::string text_at(const json& object, const char* key, std::size_t most) {
    const json& value = member(object, key);
    if (!value.is_string()) return {};
    const auto& text = value.get_ref<const std::string&>();
    return results::printable(text.size() > most ? std::string_view(text).substr(0, most) : text);
}

double number_at(const json& object, const char* key) {
    const json& value = member(object, key);
    if (!value.is_number()) return 0;
    const auto number = value.get<double>();
    return std::isfinite(number) && number > 0 ? number : 0;
}

std::uint64_t count_at(const json& object, const char* key) {
    return static_cast<std::uint64_t>(std::min(number_at(object, key), count_most));
}

bool read_status(const json& answer, sample& into) {
    const json& health = member(answer, "health");
    into.health = text_at(health, "status", 40);
    if (into.health.empty()) return false;
    const json& checks = member(health, "checks");
    if (checks.is_object()) {
        for (const auto& [name, check] : checks.items()) {
            if (into.checks.size() == checks_told) break;
            into.checks.push_back({results::printable(std::string_view(name).substr(0, 80)),
                                   text_at(member(check, "summary"), "message")});
        }
    }
    into.monitors = count_at(member(answer, "monmap"), "num_mons");
    const json& quorum = member(answer, "quorum");
    into.monitors_in = quorum.is_array() ? quorum.size() : 0;
    // Before Pacific the map was one level deeper.
    const json& outer = member(answer, "osdmap");
    const json& osds = member(outer, "osdmap").is_object() ? member(outer, "osdmap") : outer;
    into.osds = count_at(osds, "num_osds");
    into.osds_up = count_at(osds, "num_up_osds");
    into.osds_in = count_at(osds, "num_in_osds");
    const json& pgs = member(answer, "pgmap");
    const json& states = member(pgs, "pgs_by_state");
    if (states.is_array()) {
        for (const json& one : states) {
            if (into.pgs.size() == states_told) break;
            const std::string name = text_at(one, "state_name");
            if (name.empty()) continue;
            into.pgs[name] += count_at(one, "count");
            into.pgs_total += count_at(one, "count");
        }
    }
    into.objects_degraded = count_at(pgs, "degraded_objects");
    into.objects_misplaced = count_at(pgs, "misplaced_objects");
    into.objects_unfound = count_at(pgs, "unfound_objects");
    into.recovery_bytes_per_s = number_at(pgs, "recovering_bytes_per_sec");
    into.recovery_objects_per_s = number_at(pgs, "recovering_objects_per_sec");
    into.read_bytes_per_s = number_at(pgs, "read_bytes_sec");
    into.write_bytes_per_s = number_at(pgs, "write_bytes_sec");
    into.read_ops_per_s = number_at(pgs, "read_op_per_sec");
    into.write_ops_per_s = number_at(pgs, "write_op_per_sec");
    into.bytes_used = count_at(pgs, "bytes_used");
    into.bytes_total = count_at(pgs, "bytes_total");
    return true;
}

bool read_osd_perf(const json& answer, sample& into) {
    const json& inner =
        member(answer, "osdstats").is_object() ? member(answer, "osdstats") : answer;
    const json& osds = member(inner, "osd_perf_infos");
    if (!osds.is_array() || osds.empty()) return false;
    osd_latency commit;
    osd_latency apply;
    const auto take = [](osd_latency& to, const json& of, const char* ns, const char* ms,
                         std::int64_t id) {
        const double value =
            member(of, ns).is_number() ? number_at(of, ns) / 1e6 : number_at(of, ms);
        to.mean_ms += value;
        if (value > to.most_ms) {
            to.most_ms = value;
            to.most_of = id;
        }
    };
    for (const json& one : osds) {
        const json& stats = member(one, "perf_stats");
        const auto id = static_cast<std::int64_t>(count_at(one, "id"));
        take(commit, stats, "commit_latency_ns", "commit_latency_ms", id);
        take(apply, stats, "apply_latency_ns", "apply_latency_ms", id);
    }
    commit.mean_ms /= static_cast<double>(osds.size());
    apply.mean_ms /= static_cast<double>(osds.size());
    into.commit = commit;
    into.apply = apply;
    return true;
}

std::vector<std::int64_t> read_down(const json& answer) {
    std::vector<std::int64_t> out;
    const json& nodes = member(answer, "nodes");
    if (!nodes.is_array()) return out;
    for (const json& one : nodes) {
        if (out.size() == down_told) break;
        if (text_at(one, "type") != "osd" || text_at(one, "status") != "down") continue;
        out.push_back(static_cast<std::int64_t>(count_at(one, "id")));
    }
    return out;
}

std::optional<rgw_counters> read_rgw(const json& answer) {
    const json& of = member(answer, "rgw");
    if (!of.is_object()) return std::nullopt;
    rgw_counters out;
    out.requests = number_at(of, "req");
    out.failed = number_at(of, "failed_req");
    out.gets = number_at(member(of, "get_initial_lat"), "avgcount");
    out.get_s = number_at(member(of, "get_initial_lat"), "sum");
    out.puts = number_at(member(of, "put_initial_lat"), "avgcount");
    out.put_s = number_at(member(of, "put_initial_lat"), "sum");
    out.queued = number_at(of, "qlen");
    out.active = number_at(of, "qactive");
    return out;
}

json sample_json(const sample& s) {
    json out;
    out["t_s"] = rounded(s.t_s);
    out["asked_s"] = rounded(s.asked_s);
    out["health"] = s.health;
    out["checks"] = json::object();
    for (const health_check& one : s.checks)
        out["checks"][one.name] = one.summary;
    out["monitors"] = {{"known", s.monitors}, {"in_quorum", s.monitors_in}};
    out["osds"] = {{"known", s.osds}, {"up", s.osds_up}, {"in", s.osds_in}, {"down", s.down}};
    out["pgs"] = json::object();
    for (const auto& [state, count] : s.pgs)
        out["pgs"][state] = count;
    out["objects"] = {{"degraded", s.objects_degraded},
                      {"misplaced", s.objects_misplaced},
                      {"unfound", s.objects_unfound}};
    out["recovery"] = {{"bytes_per_s", rounded(s.recovery_bytes_per_s)},
                       {"objects_per_s", rounded(s.recovery_objects_per_s)}};
    out["clients"] = {{"read_bytes_per_s", rounded(s.read_bytes_per_s)},
                      {"write_bytes_per_s", rounded(s.write_bytes_per_s)},
                      {"read_ops_per_s", rounded(s.read_ops_per_s)},
                      {"write_ops_per_s", rounded(s.write_ops_per_s)}};
    out["bytes_used"] = s.bytes_used;
    out["bytes_total"] = s.bytes_total;
    out["osd_commit"] = latency_json(s.commit);
    out["osd_apply"] = latency_json(s.apply);
    out["osd_cpus"] = json::object();
    for (const auto& [id, busy] : s.osd_cpu)
        out["osd_cpus"][std::to_string(id)] = rounded(busy);
    out["rgw"] = nullptr;
    if (s.rgw) {
        out["rgw"] = {{"requests_per_s", rounded(s.rgw->requests_per_s)},
                      {"failed_per_s", rounded(s.rgw->failed_per_s)},
                      {"get_ms", s.rgw->get_ms ? json(rounded(*s.rgw->get_ms)) : json(nullptr)},
                      {"put_ms", s.rgw->put_ms ? json(rounded(*s.rgw->put_ms)) : json(nullptr)},
                      {"queued", s.rgw->queued},
                      {"active", s.rgw->active}};
    }
    return out;
}

}  // namespace chopsticks::ceph::beside
