// How a cluster is before and after a run, and what of it a result's environment tells.

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>
#include <set>

#include "answers.hpp"

namespace chopsticks::ceph::beside {

namespace {

constexpr std::size_t differences_told = 64;
constexpr std::size_t environment_pools = 16;
constexpr std::size_t distinct_told = 32;
constexpr const char* hidden = "(redacted)";

/// "16.2.15" of "ceph version 16.2.15 (618f44...) pacific (stable)".
std::string short_version(std::string_view text) {
    constexpr std::string_view head = "ceph version ";
    if (text.starts_with(head)) text.remove_prefix(head.size());
    text = text.substr(0, std::min(text.find(' '), std::size_t{60}));
    return results::printable(text);
}

bool tells_of_secrets(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr const char* words[] = {"key", "secret", "passw", "token", "credential", "private"};
    return std::any_of(std::begin(words), std::end(words),
                       [&](const char* w) { return name.find(w) != std::string::npos; });
}

/// Long and of nothing but the letters of base64: a key, whatever its name is.
bool looks_like_a_key(std::string_view value) {
    if (value.size() < 32) return false;
    return value.find_first_not_of(
               "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
               "0123456789+/=_-") == std::string_view::npos;
}

double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double share_rounded(double value) {
    return std::round(value * 1e4) / 1e4;
}

template <typename Map>
json counts_json(const Map& counts) {
    json out = json::object();
    for (const auto& [name, count] : counts)
        out[name] = count;
    return out;
}

json pool_json(const pool_state& p) {
    json out;
    out["type"] = p.erasure ? "erasure" : "replicated";
    out["size"] = p.size;
    out["min_size"] = p.min_size;
    out["pg_num"] = p.pg_num;
    out["crush_rule"] = p.rule_name;
    out["device_class"] = p.device_class.empty() ? json(nullptr) : json(p.device_class);
    out["erasure_code_profile"] =
        p.erasure_profile.empty() ? json(nullptr) : json(p.erasure_profile);
    return out;
}

/// "a 1 -> 2" for each that differs.
template <typename Value, typename Tell>
void compare_maps(const std::map<std::string, Value>& before,
                  const std::map<std::string, Value>& after, const Tell& tell) {
    std::set<std::string> names;
    for (const auto& [name, value] : before)
        names.insert(name);
    for (const auto& [name, value] : after)
        names.insert(name);
    for (const std::string& name : names) {
        const auto b = before.find(name);
        const auto a = after.find(name);
        tell(name, b == before.end() ? nullptr : &b->second,
             a == after.end() ? nullptr : &a->second);
    }
}

std::string versions_text(const std::map<std::string, std::uint64_t>& versions) {
    std::string out;
    for (const auto& [name, count] : versions) {
        out += (out.empty() ? "" : ", ") + name;
        if (versions.size() > 1) out += " (" + std::to_string(count) + ")";
    }
    return out;
}

}  // namespace

std::string without_secret(const std::string& name, const std::string& value) {
    const bool secret =
        tells_of_secrets(name) || looks_like_a_key(value) ||
        value.find("-----BEGIN") != std::string::npos ||
        (value.find("://") != std::string::npos && value.find('@') != std::string::npos);
    if (secret && !value.empty()) return hidden;
    return results::printable(std::string_view(value).substr(0, 200));
}

void read_versions(const json& answer, snapshot& into) {
    const json& overall = member(answer, "overall");
    if (!overall.is_object()) return;
    for (const auto& [name, count] : overall.items()) {
        if (into.versions.size() == distinct_told) break;
        if (count.is_number())
            into.versions[short_version(name)] += count_at(overall, name.c_str());
    }
}

void read_object_stores(const json& answer, snapshot& into) {
    if (!answer.is_object()) return;
    for (const auto& [name, count] : answer.items()) {
        if (into.object_stores.size() == distinct_told) break;
        if (count.is_number())
            into.object_stores[results::printable(std::string_view(name).substr(0, 60))] =
                count_at(answer, name.c_str());
    }
}

void read_osd_df(const json& answer, snapshot& into) {
    const json& nodes = member(answer, "nodes");
    if (!nodes.is_array()) return;
    bool first = true;
    for (const json& one : nodes) {
        if (text_at(one, "type") != "osd") continue;
        osd_use use;
        use.id = static_cast<std::int64_t>(count_at(one, "id"));
        use.device_class = text_at(one, "device_class", 60);
        use.bytes = count_at(one, "kb") * 1024;
        use.used_bytes = count_at(one, "kb_used") * 1024;
        use.pgs = count_at(one, "pgs");
        use.status = text_at(one, "status", 20);
        const double used = share(use.used_bytes, use.bytes);
        into.osd_use_least = first ? used : std::min(into.osd_use_least, used);
        into.osd_use_most = std::max(into.osd_use_most, used);
        first = false;
        if (into.device_classes.size() < distinct_told ||
            into.device_classes.contains(use.device_class))
            ++into.device_classes[use.device_class];
        if (into.osds.size() < osds_told) {
            into.osds.push_back(std::move(use));
        } else {
            ++into.osds_omitted;
        }
    }
}

void read_config(const json& answer, snapshot& into) {
    if (!answer.is_array()) return;
    for (const json& one : answer) {
        const std::string name = text_at(one, "name", 120);
        if (name.empty()) continue;
        if (into.config.size() == config_told) {
            ++into.config_omitted;
            continue;
        }
        std::string section = text_at(one, "section", 60);
        if (const std::string mask = text_at(one, "mask", 60); !mask.empty()) section += "/" + mask;
        const json& value = member(one, "value");
        into.config.push_back({section, name,
                               without_secret(name, value.is_string() ? value.get<std::string>()
                                                                      : results::dump(value))});
    }
}

void read_pools(const json& answer, snapshot& into) {
    if (!answer.is_array()) return;
    for (const json& one : answer) {
        const std::string name = text_at(one, "pool_name", 120);
        if (name.empty()) continue;
        if (into.pools.size() == pools_told) {
            ++into.pools_omitted;
            continue;
        }
        pool_state& p = into.pools[name];
        p.size = count_at(one, "size");
        p.min_size = count_at(one, "min_size");
        p.pg_num = count_at(one, "pg_num");
        // Ceph's numbers: 1 replicated, 3 erasure.
        p.erasure = count_at(one, "type") == 3;
        p.erasure_profile = text_at(one, "erasure_code_profile", 120);
        p.rule = count_at(one, "crush_rule");
        p.rule_name = std::to_string(p.rule);
        const json& uses = member(one, "application_metadata");
        if (!uses.is_object()) continue;
        for (const auto& [use, what] : uses.items()) {
            if (p.applications.size() == distinct_told) break;
            p.applications.push_back(results::printable(std::string_view(use).substr(0, 60)));
        }
    }
}

void read_df(const json& answer, snapshot& into) {
    const json& pools = member(answer, "pools");
    if (!pools.is_array()) return;
    for (const json& one : pools) {
        const auto found = into.pools.find(text_at(one, "name", 120));
        if (found == into.pools.end()) continue;
        const json& stats = member(one, "stats");
        found->second.objects = count_at(stats, "objects");
        found->second.stored_bytes = count_at(stats, "stored");
        found->second.used_bytes = count_at(stats, "bytes_used");
    }
}

void read_rules(const json& answer, snapshot& into) {
    if (!answer.is_array()) return;
    for (const json& rule : answer) {
        if (!member(rule, "rule_id").is_number()) continue;
        const std::uint64_t id = count_at(rule, "rule_id");
        std::string of_class;
        const json& steps = member(rule, "steps");
        if (steps.is_array()) {
            for (const json& step : steps) {
                if (text_at(step, "op") != "take") continue;
                // "default~ssd"
                const std::string item = text_at(step, "item_name");
                const std::size_t mark = item.find('~');
                if (mark != item.npos) of_class = item.substr(mark + 1);
            }
        }
        for (auto& [name, pool] : into.pools) {
            if (pool.rule != id) continue;
            pool.rule_name = text_at(rule, "rule_name", 120);
            pool.device_class = of_class;
        }
    }
}

json snapshot_json(const snapshot& s) {
    json out;
    out["fsid"] = s.fsid.empty() ? json(nullptr) : json(s.fsid);
    out["status"] = sample_json(s.state);
    out["versions"] = counts_json(s.versions);
    out["object_stores"] = counts_json(s.object_stores);
    out["osds"] = json::array();
    for (const osd_use& o : s.osds) {
        out["osds"].push_back({{"id", o.id},
                               {"device_class", o.device_class},
                               {"bytes", o.bytes},
                               {"used_share", share_rounded(share(o.used_bytes, o.bytes))},
                               {"pgs", o.pgs},
                               {"status", o.status}});
    }
    out["osds_omitted"] = s.osds_omitted;
    out["config"] = json::array();
    for (const config_entry& c : s.config)
        out["config"].push_back({{"section", c.section}, {"name", c.name}, {"value", c.value}});
    out["config_omitted"] = s.config_omitted;
    out["pools"] = json::object();
    for (const auto& [name, p] : s.pools) {
        json one = pool_json(p);
        one["applications"] = p.applications;
        one["objects"] = p.objects;
        one["stored_bytes"] = p.stored_bytes;
        one["used_bytes"] = p.used_bytes;
        out["pools"][name] = std::move(one);
    }
    out["pools_omitted"] = s.pools_omitted;
    out["unanswered"] = s.unanswered;
    return out;
}

namespace {

class difference_list {
  public:
    void add(std::string text) {
        if (all_.size() < differences_told) {
            all_.push_back(std::move(text));
        } else {
            ++more_;
        }
    }
    void compare(const std::string& what, const std::string& before, const std::string& after) {
        if (before != after) add(what + ": " + before + " -> " + after);
    }
    void compare(const std::string& what, std::uint64_t before, std::uint64_t after) {
        compare(what, std::to_string(before), std::to_string(after));
    }
    std::vector<std::string> take() {
        if (more_ > 0) all_.push_back("and " + std::to_string(more_) + " more");
        return std::move(all_);
    }

  private:
    std::vector<std::string> all_;
    std::uint64_t more_ = 0;
};

std::string health_text(const sample& s) {
    std::string out = s.health;
    for (const health_check& one : s.checks)
        out += (&one == s.checks.data() ? " (" : ", ") + one.name;
    return s.checks.empty() ? out : out + ")";
}

}  // namespace

std::vector<std::string> differences(const snapshot& before, const snapshot& after) {
    difference_list out;
    const sample& b = before.state;
    const sample& a = after.state;
    out.compare("cluster", before.fsid, after.fsid);
    out.compare("health", health_text(b), health_text(a));
    out.compare("versions", versions_text(before.versions), versions_text(after.versions));
    out.compare("monitors in the quorum", b.monitors_in, a.monitors_in);
    out.compare("OSDs", b.osds, a.osds);
    out.compare("OSDs that are up", b.osds_up, a.osds_up);
    out.compare("OSDs that are in", b.osds_in, a.osds_in);
    out.compare("degraded objects", b.objects_degraded, a.objects_degraded);
    out.compare("misplaced objects", b.objects_misplaced, a.objects_misplaced);
    std::map<std::string, std::string> config[2];
    for (const int side : {0, 1}) {
        for (const config_entry& c : (side == 0 ? before : after).config)
            config[side][c.section + " " + c.name] = c.value;
    }
    compare_maps(config[0], config[1],
                 [&](const std::string& name, const std::string* was, const std::string* is) {
                     out.compare("config " + name, was != nullptr ? *was : "not set",
                                 is != nullptr ? *is : "not set");
                 });
    compare_maps(before.pools, after.pools,
                 [&](const std::string& name, const pool_state* was, const pool_state* is) {
                     const std::string who = "pool " + name;
                     if (was == nullptr || is == nullptr) {
                         out.add(who + (was == nullptr ? " is new" : " is gone"));
                         return;
                     }
                     out.compare(who + ", size", was->size, is->size);
                     out.compare(who + ", min_size", was->min_size, is->min_size);
                     out.compare(who + ", pg_num", was->pg_num, is->pg_num);
                     out.compare(who + ", crush_rule", was->rule_name, is->rule_name);
                     out.compare(who + ", objects", was->objects, is->objects);
                     out.compare(who + ", stored", format_size(was->stored_bytes),
                                 format_size(is->stored_bytes));
                 });
    return out.take();
}

json environment_json(const snapshot* before, const snapshot* after, const std::string& library,
                      const std::vector<std::string>& pools) {
    json out;
    const auto or_null = [](const std::string& text) { return text.empty() ? json() : json(text); };
    const snapshot none;
    const snapshot& seen = before != nullptr ? *before : after != nullptr ? *after : none;
    out["fsid"] = or_null(seen.fsid);
    out["version"] = or_null(versions_text(seen.versions));
    out["librados"] = or_null(library);
    out["health_before"] = before != nullptr ? or_null(health_text(before->state)) : json();
    out["health_after"] = after != nullptr ? or_null(health_text(after->state)) : json();
    out["monitors"] = seen.state.monitors;
    out["osds"] = {{"known", seen.state.osds},
                   {"up", seen.state.osds_up},
                   {"in", seen.state.osds_in},
                   {"device_classes", counts_json(seen.device_classes)},
                   {"object_stores", counts_json(seen.object_stores)}};
    // In whole percent: what changes with every run would be told of every comparison.
    const double used = share(seen.state.bytes_used, seen.state.bytes_total);
    out["used_percent"] = seen.state.bytes_total == 0 ? json() : json(std::round(used * 100));
    // radosgw makes a pool of its own as it first needs it.
    std::map<std::string, pool_state> known = seen.pools;
    if (after != nullptr) known.insert(after->pools.begin(), after->pools.end());
    std::set<std::string> wanted(pools.begin(), pools.end());
    if (wanted.empty()) {
        for (const auto& [name, pool] : known) {
            const auto& uses = pool.applications;
            if (std::find(uses.begin(), uses.end(), "rgw") != uses.end()) wanted.insert(name);
        }
    }
    const bool all = wanted.empty();
    out["pools"] = json::object();
    for (const auto& [name, pool] : known) {
        if (!all && !wanted.contains(name)) continue;
        if (out["pools"].size() == environment_pools) break;
        out["pools"][name] = pool_json(pool);
    }
    return out;
}

}  // namespace chopsticks::ceph::beside
