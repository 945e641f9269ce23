// What is refused, where it says the mistake is, and what it advises.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "messages.hpp"

using messages::contains;

namespace {

struct refusal {
    const char* text;
    const char* place;   ///< what the message begins with
    const char* reason;  ///< a part of it
};

void check(const std::string& before, const std::vector<refusal>& all) {
    for (const refusal& r : all) {
        CAPTURE(r.text);
        const std::string message = messages::of_scenario(before + r.text);
        CAPTURE(message);
        CHECK(message.rfind(r.place, 0) == 0);
        CHECK(contains(message, r.reason));
    }
}

const std::string group_start = "groups:\n- workload: s3\n  ";
const std::string with_put = group_start + "tasks: [put]\n  ";

}  // namespace

TEST_CASE("scenario_wrong_structure_is_refused_with_its_place") {
    check("",
          {
              {"", "s.yaml: ", "is empty"},
              {"# only a comment\n", "s.yaml: ", "is empty"},
              {"[1, 2]", "s.yaml:1:1: ", "must be a map"},
              {"just text", "s.yaml:1:1: ", "must be a map"},
              {"name: x", "s.yaml:1:1: ", "`groups` is missing"},
              {"group: []", "s.yaml:1:1: unknown key \"group\"", "did you mean \"groups\"?"},
              {"groups: []", "s.yaml:1:9: ", "is empty"},
              {"groups: {workload: s3}", "s.yaml:1:9: ", "must be a list"},
              {"groups: [s3]", "s.yaml:1:10: ", "must be a map"},
              {"groups: [{tasks: [get]}]", "s.yaml:1:10: ", "`groups[0].workload` is missing"},
              {"groups: [{workload: s4, tasks: [get]}]", "s.yaml:1:21: ", "did you mean \"s3\"?"},
              {"groups: [{workload: s3}]", "s.yaml:1:10: ", "tasks` is missing"},
              {"groups: [{workload: s3, tasks: []}]", "s.yaml:1:32: ", "has no task"},
              {"groups: [{workload: s3, tasks: [put]}, {workload: s3, tasks: [put]}]",
               "s.yaml:1:40: ", "a second group named \"s3\""},
              {"groups: [{name: a b, workload: s3, tasks: [put]}]", "s.yaml:1:17: ", "letters"},
              {"groups: [{workload: s3, tasks: [put]}]\nseeed: 1",
               "s.yaml:2:1: ", "did you mean \"seed\"?"},
              {"groups: [{workload: s3, tasks: [put]}]\nxyzzy: 1",
               "s.yaml:2:1: ", "known are name, description, groups"},
          });
}

TEST_CASE("scenario_with_several_mistakes_is_refused_with_all_of_them_in_their_order") {
    const std::string message = messages::of_scenario(
        "nmae: x\n"
        "groups:\n"
        "- workload: s3\n"
        "  data: {objects: many}\n"
        "  load: {closed: {users: -1}}\n"
        "  tasks: [{op: GET}, {op: put, weight: 0}]\n"
        "phases: {mesure: 1s, drain: soon}\n"
        "seed: x\n");
    CAPTURE(message);
    std::size_t at = 0;
    for (const char* const place :
         {"s.yaml:1:1: unknown key \"nmae\"; did you mean \"name\"?",
          "\ns.yaml:4:19: ", "\ns.yaml:5:26: ", "\ns.yaml:6:16: ", "did you mean \"get\"?",
          "\ns.yaml:6:40: ", "\ns.yaml:7:10: unknown key \"mesure\"",
          "\ns.yaml:7:29: ", "\ns.yaml:8:7: "}) {
        CAPTURE(place);
        const std::size_t found = message.find(place, at);
        REQUIRE(found != std::string::npos);
        at = found;
    }
    CHECK(std::count(message.begin(), message.end(), '\n') == 7);
}

TEST_CASE("scenario_with_very_many_mistakes_is_refused_with_the_first_ten_and_their_number") {
    std::string text = "groups:\n- workload: s3\n  tasks: [put]\n";
    for (int i = 0; i < 37; ++i)
        text += "key" + std::to_string(i) + ": 1\n";
    const std::string message = messages::of_scenario(text);
    CHECK(std::count(message.begin(), message.end(), '\n') == 10);
    CHECK(message.ends_with("\nand 27 more mistakes"));
}

TEST_CASE("scenario_mistake_is_told_once_and_not_those_that_follow_from_it") {
    // Without groups no objective can be checked, and no task without its workload.
    for (const char* const text :
         {"group: []\nslo: ['p99(get) < 1ms']\n", "groups: [{workload: s4, tasks: [gte]}]\n",
          "groups: [{workload: s3, tasks: [gett]}]\nslo: ['p99(get) < 1ms']\n"}) {
        const std::string message = messages::of_scenario(text);
        CAPTURE(message);
        CHECK(std::count(message.begin(), message.end(), '\n') == 0);
    }
}

TEST_CASE("files_of_other_tools_are_told_from_broken_yaml") {
    for (const char* const text :
         {"from locust import HttpUser, task\n\nclass A(HttpUser):\n    pass\n", "import time\n",
          "#!/usr/bin/env python3\nx = 1\n", "def load(self):\r\n  pass\r\n"}) {
        const std::string message = messages::of_scenario(text);
        CAPTURE(message);
        CHECK(contains(message, "locustfile"));
        CHECK(contains(message, "docs/how-to/coming-from-locust-s5cmd.md"));
    }
    CHECK(contains(messages::of_scenario("[global]\nioengine=rbd\nrw=randread\n"),
                   "job file of fio"));
    CHECK(messages::of_scenario("# import this\ndescription: |\n  import x\n  def f(): y\n" +
                                with_put) == "");
}

TEST_CASE("scenario_wrong_data_set_is_refused_with_its_place") {
    check(with_put + "data:\n    ",
          {
              {"objects: -1", "s.yaml:5:14: ", "`groups[0].data.objects` must be a whole number"},
              {"objects: 1.5", "s.yaml:5:14: ", "whole number"},
              {"objects: 99999999999999999999999", "s.yaml:5:14: ", "too large"},
              {"objects: 1000000000001", "s.yaml:5:14: ", "at most 1000000000000"},
              {"objects: [1]", "s.yaml:5:14: ", "not a list"},
              {"objcts: 1", "s.yaml:5:5: ", "did you mean \"objects\"?"},
              {"size: big", "s.yaml:5:11: ", "must be a size"},
              {"size: 64kb8", "s.yaml:5:11: ", "64KiB"},
              {"size: -4KiB", "s.yaml:5:11: ", "must be a size"},
              {"size: 99999999TiB", "s.yaml:5:11: ", "too large"},
              {"size: {gauss: 1}", "s.yaml:5:12: ", "unknown kind \"gauss\""},
              {"size: {uniform: [1, 2], fixed: 1}", "s.yaml:5:11: ", "one kind"},
              {"size: {uniform: [2, 1]}", "s.yaml:5:21: ", "wrong order"},
              {"size: {uniform: [2]}", "s.yaml:5:21: ", "two items"},
              {"size: {uniform: 5}", "s.yaml:5:21: ", "must be a list"},
              {"size: {lognormal: {median: 0, sigma: 1}}", "s.yaml:5:32: ", "too small"},
              {"size: {lognormal: {median: 1}}", "s.yaml:5:23: ", "sigma` is missing"},
              {"size: {lognormal: {median: 1, sigma: -1}}", "s.yaml:5:42: ", "negative"},
              {"size: {lognormal: {median: 1, sigma: nan}}", "s.yaml:5:42: ", "a number"},
              {"size: {lognormal: {median: 9, sigma: 1, min: 9, max: 8}}", "s.yaml:5:23: ", "swap"},
              {"size: {table: {}}", "s.yaml:5:19: ", "a map of sizes"},
              {"size: {table: {4KiB: 0}}", "s.yaml:5:26: ", "more than 0"},
              {"size: {table: {lots: 1}}", "s.yaml:5:20: ", "must be a size"},
              {"size: {mix: []}", "s.yaml:5:17: ", "a list of ranges"},
              {"size: {mix: [{range: [1, 2], weight: -1}]}", "s.yaml:5:42: ", "negative"},
              {"popularity: zipf", "s.yaml:5:17: ", "{zipf: 0.99}"},
              {"popularity: {zipf: 0}", "s.yaml:5:24: ", "`uniform`"},
              {"popularity: {zipf: 1, hot_set: {}}", "s.yaml:5:17: ", "one kind"},
              {"popularity: {hot_set: {fraction: 2}}", "s.yaml:5:38: ", "too large"},
              {"popularity: {hot_set: {fraction: 0}}", "s.yaml:5:38: ", "more than 0"},
              {"content: zeros", "s.yaml:5:14: ", "incompressible"},
              {"content: {compressible: 0.5}", "s.yaml:5:29: ", "too small"},
              {"verify: maybe", "s.yaml:5:13: ", "true or false"},
              {"prefix: /abs", "s.yaml:5:13: ", "must not begin with '/'"},
              {"prefix: ''", "s.yaml:5:13: ", "must be a text"},
              {"prefix: a//b", "s.yaml:5:13: ", "has a part \"\""},
              {"prefix: a/../b", "s.yaml:5:13: ", "has a part \"..\""},
              {"prefix: \"a\\0b\"", "s.yaml:5:13: ", "control character"},
              {"reuse: a/b", "s.yaml:5:12: ", "letters"},
              {"{objects: 0, reuse: x}", "s.yaml:5:25: ", "0 objects"},
          });
    const std::string long_prefix = std::string(941, 'p');
    CHECK(contains(messages::of_scenario(with_put + "data: {prefix: " + long_prefix + "}"),
                   "at most 940"));
    CHECK(messages::of_scenario(with_put + "data: {prefix: " + long_prefix.substr(2) + "}") == "");
}

TEST_CASE("scenario_wrong_tasks_are_refused_with_their_place") {
    check(group_start + "tasks:\n  - ",
          {
              {"{op: gte}", "s.yaml:4:10: ", "did you mean \"get\"?"},
              {"{op: upload}", "s.yaml:4:10: ", "did you mean \"put\"?"},
              {"download", "s.yaml:4:5: ", "did you mean \"get\"?"},
              {"{op: xyzzy}", "s.yaml:4:10: ", "known are put, multipart_put, get, head, delete"},
              {"{weight: 1}", "s.yaml:4:5: ", "neither `op` nor `steps`"},
              {"{op: get, steps: [put]}", "s.yaml:4:10: ", "either"},
              {"{op: get, weight: 0}", "s.yaml:4:23: ", "more than 0"},
              {"{op: get, weight: -1}", "s.yaml:4:23: ", "negative"},
              {"{op: get, weight: inf}", "s.yaml:4:23: ", "a number"},
              {"{op: get, weigth: 1}", "s.yaml:4:15: ", "did you mean \"weight\"?"},
              {"{op: get, overwrite: true}", "s.yaml:4:15: ", "a parameter of put, not of get"},
              {"{op: get, range: 0}", "s.yaml:4:22: ", "too small"},
              {"{op: list, max_keys: 1001}", "s.yaml:4:26: ", "at most 1000"},
              {"{op: list, pages: -1}", "s.yaml:4:23: ", "whole number"},
              {"{steps: []}", "s.yaml:4:13: ", "has no step"},
              {"{steps: [get, put]}", "s.yaml:4:19: ", "only be the first step"},
              {"{steps: [put, delete, get]}", "s.yaml:4:19: ", "only be the last step"},
              {"{steps: [get, delete]}", "s.yaml:4:19: ", "deletes only what it has made"},
              {"{steps: [{op: put, overwrite: true}, delete]}",
               "s.yaml:4:42: ", "only what it has made"},
              {"{steps: [{op: put, range: 1}]}", "s.yaml:4:24: ", "a parameter of get, not of put"},
              {"delete_bucket", "s.yaml:4:5: ", "create_bucket"},
          });
}

TEST_CASE("scenario_tasks_that_cannot_work_on_their_data_are_refused") {
    const auto message = [](const std::string& data, const std::string& tasks) {
        return messages::of_scenario(group_start + "data: {" + data + "}\n  tasks:\n  - " + tasks);
    };
    for (const char* op : {"get", "head", "delete", "{op: put, overwrite: true}"}) {
        CAPTURE(op);
        const std::string text = message("objects: 0", op);
        CHECK(text.rfind("s.yaml:5:5: ", 0) == 0);
        CHECK(contains(text, "the data set is empty"));
        CHECK(message("objects: 0", std::string(op) + "\n  - put") == "");
        CHECK(message("objects: 1", op) == "");
    }
    // What a sequence makes and deletes itself is nobody else's.
    CHECK(contains(message("objects: 0", "get\n  - {steps: [put, delete]}"), "is empty"));
    CHECK(message("objects: 0", "list") == "");
    for (const char* changing : {"delete", "multi_delete", "copy", "put_tagging", "put_existing"})
        CHECK(contains(message("reuse: x", changing), "would change the kept data set \"x\""));
    CHECK(contains(message("reuse: x", "{op: put, overwrite: true}"), "would change"));
    CHECK(message("reuse: x, verify: true", "get\n  - put\n  - {steps: [put, delete]}") == "");
    CHECK(message("size: 10", "{op: get, range: 1MiB}") == "");  // cut to the object
}

TEST_CASE("scenario_wrong_load_is_refused_with_its_place") {
    check(with_put + "load: ",
          {
              {"{}", "s.yaml:4:9: ", "{closed: {users: 32}}"},
              {"{closed: {users: 1}, open: {rate: 1}}", "s.yaml:4:9: ", "both"},
              {"{close: {users: 1}}", "s.yaml:4:10: ", "did you mean \"closed\"?"},
              {"{closed: {users: 0}}", "s.yaml:4:26: ", "at least 1"},
              {"{closed: {users: 4294967297}}", "s.yaml:4:26: ", "at most"},
              {"{closed: {spawn_rate: 1}}", "s.yaml:4:18: ", "users` is missing"},
              {"{closed: {users: 1, spawn_rate: -1}}", "s.yaml:4:41: ", "negative"},
              {"{closed: {users: 1, think_time: soon}}", "s.yaml:4:41: ", "a duration"},
              {"{closed: {users: 1, think_time: {uniform: [3s, 1s]}}}", "s.yaml:4:51: ", "order"},
              {"{closed: {users: 1, think_time: {normal: 1s}}}", "s.yaml:4:42: ", "unknown key"},
              {"{open: {rate: 0}}", "s.yaml:4:23: ", "more than 0"},
              {"{open: {rate: -5}}", "s.yaml:4:23: ", "negative"},
              {"{open: {}}", "s.yaml:4:16: ", "rate` is missing"},
              {"{open: {rate: 1, arrivals: poison}}", "s.yaml:4:36: ", "did you mean \"poisson\"?"},
              {"{open: {rate: 1, max_in_flight: 0}}", "s.yaml:4:41: ", "at least 1"},
          });
}

TEST_CASE("scenario_wrong_run_settings_are_refused_with_their_place") {
    check("groups: [{workload: s3, tasks: [put]}]\n",
          {
              {"phases: {measure: 0}", "s.yaml:2:19: ", "too short"},
              {"phases: {measure: -1s}", "s.yaml:2:19: ", "a duration"},
              {"phases: {measure: 10x}", "s.yaml:2:19: ", "1h30m"},
              {"phases: {measure: 400d}", "s.yaml:2:19: ", "at most a year"},
              {"phases: {prepare: [1]}", "s.yaml:2:19: ", "{concurrency: 64, patience: 5m}"},
              {"phases: {prepare: {concurrency: 0}}", "s.yaml:2:33: ", "at least 1"},
              {"phases: 10s", "s.yaml:2:9: ", "must be a map"},
              {"stop: {operations: 0}", "s.yaml:2:20: ", "at least 1"},
              {"stop: {confident: 0}", "s.yaml:2:19: ", "confident: 1%"},
              {"stop: {confident: 60%}", "s.yaml:2:19: ", "at most 50%"},
              {"phases: {warmup: 10s, steady_within: 5s}", "s.yaml:2:38: ", "which is part of it"},
              {"stop: {byte: 1}", "s.yaml:2:8: ", "did you mean \"bytes\"?"},
              {"timeouts: {operation: 0}", "s.yaml:2:23: ", "at least 1ms"},
              {"error_limit: 101%", "s.yaml:2:14: ", "at most 100"},
              {"error_limit: 2", "s.yaml:2:14: ", "at most 1 "},
              {"error_limit: -0.1", "s.yaml:2:14: ", "negative"},
              {"error_limit: few", "s.yaml:2:14: ", "a number"},
              {"seed: -1", "s.yaml:2:7: ", "whole number"},
              {"seed: 18446744073709551616", "s.yaml:2:7: ", "too large"},
              {"name: \"a\\nb\"", "s.yaml:2:7: ", "control character"},
          });
}
