#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "canned.hpp"
#include "ceph/beside/answers.hpp"

using namespace chopsticks::ceph::beside;

namespace {

snapshot whole_snapshot() {
    snapshot s;
    CHECK(read_status(canned::all()["status"], s.state));
    s.fsid = text_at(canned::all()["status"], "fsid");
    read_versions(canned::all()["versions"], s);
    read_config(canned::all()["config_dump"], s);
    read_pools(canned::all()["osd_pool_ls_detail"], s);
    read_df(canned::all()["df"], s);
    read_rules(canned::all()["osd_crush_rule_dump"], s);
    read_object_stores(canned::all()["osd_count_metadata"], s);
    read_osd_df(canned::all()["osd_df"], s);
    return s;
}

/// Calls it with every value of the document replaced, one at a time, by each of these.
void each_mutation(const json& document, const std::function<void(const json&)>& call) {
    const json strange[] = {json(nullptr),
                            json(-1),
                            json(1e300),
                            json(-1e300),
                            json(18446744073709551615U),
                            json(std::nan("")),
                            json(true),
                            json(std::string(100'000, 'x')),
                            json("\x1b[2J\xff"),
                            json::array(),
                            json::array({json::object(), json(nullptr), json(3)}),
                            json::object(),
                            json{{"rgw", 1}, {"", json::array()}}};
    const json flat = document.flatten();
    for (const auto& [path, value] : flat.items()) {
        for (json::json_pointer at(path); !at.empty(); at.pop_back()) {
            for (const json& other : strange) {
                json changed = document;
                changed[at] = other;
                call(changed);
            }
            json without = document;
            json& parent = without[at.parent_pointer()];
            if (parent.is_object()) {
                parent.erase(at.back());
                call(without);
            }
        }
    }
    for (const json& other : strange)
        call(other);
}

void check_sane(const sample& s) {
    CHECK(s.checks.size() <= 32);
    CHECK(s.pgs.size() <= 32);
    CHECK(s.down.size() <= 16);
    for (const double value : {s.read_bytes_per_s, s.recovery_bytes_per_s, s.write_ops_per_s})
        CHECK(value >= 0);
    const std::string text = chopsticks::results::dump(sample_json(s));
    CHECK(text.size() < 100'000);
    CHECK(text.find('\x1b') == std::string::npos);
}

}  // namespace

TEST_CASE("status_of_a_real_cluster_is_read") {
    sample s;
    REQUIRE(read_status(canned::all()["status"], s));
    CHECK(s.health == "HEALTH_OK");
    CHECK(s.checks.empty());
    CHECK(s.monitors == 1);
    CHECK(s.monitors_in == 1);
    CHECK(s.osds == 1);
    CHECK(s.osds_up == 1);
    CHECK(s.osds_in == 1);
    CHECK(s.pgs == std::map<std::string, std::uint64_t>{{"active+clean", 41}});
    CHECK(s.bytes_total == 10737418240);
    CHECK(s.write_ops_per_s > 0);
    REQUIRE(read_osd_perf(canned::all()["osd_perf"], s));
    CHECK(s.commit->most_ms == doctest::Approx(10));
    CHECK(s.commit->most_of == 0);
}

TEST_CASE("status_with_an_osd_down_names_check_and_osd") {
    sample s;
    REQUIRE(read_status(canned::all()["status_osd_down"], s));
    CHECK(s.health == "HEALTH_WARN");
    REQUIRE(s.checks.size() == 3);
    CHECK(s.checks[0].name == "OSD_DOWN");
    CHECK(s.checks[0].summary == "1 osds down");
    CHECK(s.osds_up == 0);
    CHECK(read_down(canned::all()["osd_tree_down"]) == std::vector<std::int64_t>{0});
}

TEST_CASE("status_before_pacific_has_its_osds_one_level_deeper") {
    json old = canned::all()["status"];
    const json inner = old["osdmap"];
    old["osdmap"] = {{"osdmap", inner}};
    sample s;
    REQUIRE(read_status(old, s));
    CHECK(s.osds == 1);
}

TEST_CASE("snapshot_of_a_real_cluster_is_read") {
    const snapshot s = whole_snapshot();
    CHECK(s.versions == std::map<std::string, std::uint64_t>{{"16.2.15", 4}});
    CHECK(s.object_stores == std::map<std::string, std::uint64_t>{{"bluestore", 1}});
    CHECK(s.device_classes == std::map<std::string, std::uint64_t>{{"hdd", 1}});
    REQUIRE(s.osds.size() == 1);
    CHECK(s.osds[0].bytes == 10737418240);
    CHECK(s.osds[0].pgs == 41);
    REQUIRE(s.pools.contains("rbd"));
    const pool_state& rbd = s.pools.at("rbd");
    CHECK(rbd.size == 1);
    CHECK(rbd.min_size == 1);
    CHECK(rbd.pg_num == 8);
    CHECK(rbd.rule_name == "replicated_rule");
    CHECK(rbd.device_class.empty());
    CHECK(rbd.applications == std::vector<std::string>{"rbd"});
    CHECK(rbd.objects > 0);
    REQUIRE(s.config.size() == 3);
    CHECK(s.config[1] == config_entry{"osd", "osd_max_backfills", "2"});
}

TEST_CASE("secrets_of_the_configuration_are_in_no_snapshot") {
    const std::string text = chopsticks::results::dump(snapshot_json(whole_snapshot()));
    CHECK(text.find("rgw_keystone_admin_password") != std::string::npos);
    CHECK(text.find("hunter2") == std::string::npos);
    for (const auto& [name, value] : std::map<std::string, std::string>{
             {"mgr/dashboard/key", "x"},
             {"rgw_crypt_vault_TOKEN_file", "/a"},
             {"mgr/x/plain", "AQBSbn5lAAAAABAAdCkjw8eYh0Jd8F3n1Xo2xg=="},
             {"mgr/x/cert", "-----BEGIN CERTIFICATE-----"},
             {"mgr/x/url", "https://user:pass@host/"}})
        CHECK_MESSAGE(without_secret(name, value) == "(redacted)", name);
    CHECK(without_secret("osd_max_backfills", "2") == "2");
    CHECK(without_secret("mon_host", "[v2:10.0.0.1:3300,v1:10.0.0.1:6789]") ==
          "[v2:10.0.0.1:3300,v1:10.0.0.1:6789]");
}

TEST_CASE("rule_that_takes_a_device_class_gives_it_to_its_pools") {
    snapshot s;
    read_pools(canned::all()["osd_pool_ls_detail"], s);
    json rules = canned::all()["osd_crush_rule_dump"];
    rules[0]["steps"][0]["item_name"] = "default~ssd";
    read_rules(rules, s);
    CHECK(s.pools.at("rbd").device_class == "ssd");
    const json e = environment_json(&s, nullptr, "16.2.15", {"rbd"});
    CHECK(e["pools"].size() == 1);
    CHECK(e["pools"]["rbd"]["device_class"] == "ssd");
    CHECK(e["librados"] == "16.2.15");
    CHECK(e["health_after"].is_null());
}

TEST_CASE("differences_name_what_changed_and_nothing_else") {
    const snapshot before = whole_snapshot();
    CHECK(differences(before, before).empty());
    snapshot after = before;
    after.state.health = "HEALTH_WARN";
    after.state.checks.push_back({"OSD_DOWN", "1 osds down"});
    after.state.osds_up = 0;
    after.config[1].value = "8";
    after.config.pop_back();
    after.pools["rbd"].objects += 5;
    after.pools["new"] = {};
    const std::vector<std::string> found = differences(before, after);
    const std::uint64_t objects = before.pools.at("rbd").objects;
    const std::vector<std::string> wanted = {
        "health: HEALTH_OK -> HEALTH_WARN (OSD_DOWN)",
        "OSDs that are up: 1 -> 0",
        "config client.rgw rgw_keystone_admin_password: (redacted) -> not set",
        "config osd osd_max_backfills: 2 -> 8",
        "pool new is new",
        "pool rbd, objects: " + std::to_string(objects) + " -> " + std::to_string(objects + 5)};
    CHECK(found == wanted);
}

TEST_CASE("answers_of_any_form_are_survived") {
    each_mutation(canned::all()["status_osd_down"], [](const json& one) {
        sample s;
        read_status(one, s);
        check_sane(s);
    });
    each_mutation(canned::all()["osd_perf"], [](const json& one) {
        sample s;
        read_osd_perf(one, s);
        check_sane(s);
    });
    each_mutation(canned::all()["osd_tree_down"],
                  [](const json& one) { CHECK(read_down(one).size() <= 16); });
    each_mutation(canned::all()["rgw_perf_dump"], [](const json& one) { read_rgw(one); });
    const auto survives = [](const char* name, void (*read)(const json&, snapshot&)) {
        each_mutation(canned::all()[name], [&](const json& one) {
            snapshot s;
            read_pools(canned::all()["osd_pool_ls_detail"], s);
            read(one, s);
            CHECK(s.config.size() <= config_told);
            CHECK(s.pools.size() <= pools_told);
            CHECK(chopsticks::results::dump(snapshot_json(s)).size() < 100'000);
            CHECK(environment_json(&s, &s, "x", {}).is_object());
        });
    };
    survives("versions", read_versions);
    survives("osd_df", read_osd_df);
    survives("config_dump", read_config);
    survives("df", read_df);
    survives("osd_crush_rule_dump", read_rules);
    survives("osd_count_metadata", read_object_stores);
}

TEST_CASE("lists_without_end_are_cut_and_counted") {
    json osds = canned::all()["osd_df"];
    json pools = json::array();
    json config = json::array();
    for (int i = 0; i < 2000; ++i) {
        osds["nodes"].push_back(osds["nodes"][0]);
        json pool = canned::all()["osd_pool_ls_detail"][0];
        pool["pool_name"] = "p" + std::to_string(i);
        pools.push_back(pool);
        config.push_back({{"section", "osd"}, {"name", "n" + std::to_string(i)}, {"value", "v"}});
    }
    snapshot s;
    read_osd_df(osds, s);
    read_pools(pools, s);
    read_config(config, s);
    CHECK(s.osds.size() == osds_told);
    CHECK(s.osds_omitted == 2001 - osds_told);
    CHECK(s.pools.size() == pools_told);
    CHECK(s.pools_omitted == 2000 - pools_told);
    CHECK(s.config_omitted == 2000 - config_told);
    CHECK(s.device_classes.at("hdd") == 2001);
    CHECK(environment_json(&s, nullptr, "", {})["pools"].size() == 16);
}

TEST_CASE("what_is_no_answer_is_null") {
    for (const char* text : {"", "{", "nonsense", "{\"a\":", "\xff\xfe", "{\"a\":1} trailing"})
        CHECK(parse_answer(text).is_null());
    CHECK(parse_answer(std::string(1'000'000, '[')).is_null());
    CHECK(parse_answer(std::string(answer_bytes_max + 1, ' ')).is_null());
    CHECK(parse_answer("\n{\"a\":\"[[{\"}\n")["a"] == "[[{");
}

TEST_CASE("radosgw_counters_are_read") {
    json dump = canned::all()["rgw_perf_dump"];
    dump["rgw"]["get_initial_lat"]["avgcount"] = 4;
    dump["rgw"]["get_initial_lat"]["sum"] = 0.5;
    const auto counters = read_rgw(dump);
    REQUIRE(counters);
    CHECK(counters->requests == 1);
    CHECK(counters->gets == 4);
    CHECK(counters->get_s == doctest::Approx(0.5));
    CHECK_FALSE(read_rgw(canned::all()["status"]));
}
