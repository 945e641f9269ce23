#pragma once
/// \file
/// What a cluster of Ceph 16.2.15 answered (test/data/ceph_16_2.json), and a cluster that answers
/// so.

#include <chopsticks/ceph/beside/watch.hpp>
#include <chopsticks/results/json.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <string>

namespace canned {

using chopsticks::results::json;

inline const json& all() {
    static const json answers = [] {
        std::ifstream file(CHOPSTICKS_TEST_DATA "/ceph_16_2.json");
        return json::parse(file);
    }();
    return answers;
}

inline std::string text(const std::string& name) {
    return all().at(name).dump();
}

/// The answer to a command of the watch.
inline std::string answer_to(std::string_view prefix, bool osd_is_down = false) {
    static const std::map<std::string_view, std::string> names = {
        {"versions", "versions"},
        {"osd df", "osd_df"},
        {"config dump", "config_dump"},
        {"df", "df"},
        {"osd pool ls", "osd_pool_ls_detail"},
        {"osd crush rule dump", "osd_crush_rule_dump"},
        {"osd count-metadata", "osd_count_metadata"},
        {"osd perf", "osd_perf"},
        {"osd tree", "osd_tree_down"}};
    if (prefix == "status") return text(osd_is_down ? "status_osd_down" : "status");
    const auto found = names.find(prefix);
    return found == names.end() ? std::string() : text(found->second);
}

}  // namespace canned
