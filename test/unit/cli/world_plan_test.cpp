// What a master may say of a run, and what it may not name on a worker's machine.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "world_plan.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::cli;
using scenario::reach_kind;

const std::string leader_id = "20261128T150000Z-0123456789ab";
const std::string other_id = "20261128T150000Z-0123456789ac";
const std::string dead_id = "20261128T150000Z-0123456789ad";

/// As it comes over the wire, where what is not below 0 has no sign.
json received(const json& plan) {
    return json::parse(plan.dump());
}

json good_plan() {
    return received({{"run", "r"},
                     {"world", leader_id},
                     {"run_id", other_id},
                     {"first_core", 2},
                     {"cores_in_all", 4},
                     {"seed", 7},
                     {"scenario", "s"},
                     {"config", nullptr},
                     {"scenario_name", "n.yaml"},
                     {"config_name", ""}});
}

std::string problem_of(const json& plan, unsigned cores = 2) {
    try {
        read_plan(received(plan), cores);
        return {};
    } catch (const config_error& error) {
        return error.what();
    }
}

std::string refusal(const std::string& text, const std::vector<reach_kind>& allowed = {}) {
    try {
        refuse_reaches(text, "s3.yaml", allowed);
        return {};
    } catch (const config_error& error) {
        return error.what();
    }
}

std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("plan_says_which_part_of_the_world_a_worker_is") {
    const world_plan plan = read_plan(good_plan(), 2);
    CHECK(plan.run == "r");
    CHECK(plan.world == leader_id);
    CHECK(plan.run_id == other_id);
    CHECK(plan.first_core == 2);
    CHECK(plan.cores_in_all == 4);
    CHECK(plan.seed == 7);
    CHECK(plan.scenario == "s");
    CHECK(plan.config.empty());
    CHECK_FALSE(plan.leads());
    json first = good_plan();
    first["first_core"] = 0;
    first["run_id"] = leader_id;
    CHECK(read_plan(received(first), 2).leads());
}

TEST_CASE("plan_in_the_place_of_a_process_that_died_leads_nobody") {
    for (const unsigned core : {0U, 2U}) {
        json plan = good_plan();
        plan["first_core"] = core;
        plan["replaces"] = core == 0 ? leader_id : dead_id;
        const world_plan got = read_plan(received(plan), 2);
        CHECK_FALSE(got.leads());
        CHECK(got.replaces == plan["replaces"].get<std::string>());
        plan["replaces"] = other_id;
        CHECK(problem_of(plan).find("its own place") != std::string::npos);
        plan["replaces"] = "../x";
        CHECK(problem_of(plan).find("\"replaces\" is no run id") != std::string::npos);
    }
}

TEST_CASE("plan_that_is_none_is_refused_whatever_is_wrong_with_it") {
    for (const json& none : {json(), json(5), json("x"), json::array(), json::object()})
        CHECK(problem_of(none).find("the master's plan: ") == 0);
    const std::pair<const char*, json> wrong[] = {
        {"run", 5},
        {"run", std::string(201, 'x')},
        {"world", "a b"},
        {"world", "../../etc/passwd"},
        {"run_id", nullptr},
        {"run_id", leader_id},  // that of the first process
        {"first_core", -1},
        {"first_core", 2.5},
        {"first_core", 3},  // its cores would lie beyond the world's
        {"first_core", 0},
        {"cores_in_all", "4"},
        {"cores_in_all", 1ULL << 40},
        {"seed", nullptr},
        {"seed", ~0ULL},
        {"scenario", json::array()},
        {"scenario", std::string((1U << 20) + 1, 'x')},
        {"config", json::object()},
    };
    for (const auto& [key, value] : wrong) {
        CAPTURE(key);
        CAPTURE(value.dump().substr(0, 40));
        json plan = good_plan();
        plan[key] = value;
        CHECK(problem_of(plan).find("the master's plan: ") == 0);
    }
    CHECK(problem_of(good_plan(), 3).find("3 cores are not all in it") != std::string::npos);
    CHECK(problem_of(good_plan()).empty());
}

TEST_CASE("plan_may_name_nothing_of_the_machine_that_nobody_allowed") {
    const std::pair<const char*, reach_kind> liars[] = {
        {"plugins: [mine.so]", reach_kind::plugins},
        {"driver: process\ndriver_options: {in_flight: 2}", reach_kind::programs},
        {"driver_options: {command: sh -c id}", reach_kind::programs},
        {"driver_options: {python: evil}", reach_kind::programs},
        {"tls: {ca_file: ca.pem}", reach_kind::files},
        {"rbd: {keyring: k}", reach_kind::files},
        {"rbd: {options: {log_file: x}}", reach_kind::files},
        {"groups: [{workload: s3, load: {open: {replay: ops.log}}}]", reach_kind::files},
        {"bucket: /etc/passwd", reach_kind::files},
        {"x: &a {ca_file: y}\ntls: *a", reach_kind::files},
        {"x: &a {profile: y}\n<<: *a", reach_kind::credentials},
        {"profile: admin", reach_kind::credentials},
        {"credentials_file: keys", reach_kind::credentials},
        {"s3: {credential_command: id}", reach_kind::credentials},
    };
    const std::vector<reach_kind> all = {reach_kind::plugins, reach_kind::programs,
                                         reach_kind::files, reach_kind::credentials};
    for (const auto& [text, kind] : liars) {
        CAPTURE(text);
        const std::string said = refusal(text);
        CHECK(said.find("s3.yaml:") == 0);
        CHECK(said.find("names " + std::string(name(kind)) + " of this machine") !=
              std::string::npos);
        CHECK(said.find("--allow " + std::string(name(kind))) != std::string::npos);
        // Each consent is one for itself.
        std::vector<reach_kind> others;
        for (const reach_kind one : all) {
            if (one != kind) others.push_back(one);
        }
        CHECK_FALSE(refusal(text, others).empty());
        CHECK(refusal(text, all).empty());
    }
    CHECK(refusal("endpoint: http://h:1\nbucket: b\naccess_key: k\ndriver: native\n").empty());
    CHECK_THROWS_AS(refuse_reaches("a: [", "s3.yaml", all), config_error);
}

TEST_CASE("plan_texts_are_kept_for_this_user_alone_and_go_away") {
    std::string first;
    std::string second;
    std::string folder;
    {
        received_files files;
        first = files.keep("a: 1", "mixed.yaml");
        second = files.keep("b: 2", "../../.bashrc/mixed.yaml");
        const std::string third = files.keep("c: 3", "mixed.yaml");
        folder = first.substr(0, first.rfind('/'));
        CHECK(text_of(first) == "a: 1");
        CHECK(text_of(second) == "b: 2");
        CHECK(text_of(third) == "c: 3");
        CHECK(first.ends_with("/mixed.yaml"));
        CHECK(second.substr(0, second.rfind('/')) == folder);
        struct stat found{};
        REQUIRE(::stat(folder.c_str(), &found) == 0);
        CHECK((found.st_mode & 077) == 0);
        REQUIRE(::stat(second.c_str(), &found) == 0);
        CHECK((found.st_mode & 077) == 0);
        // No name at all, and one that is too long.
        CHECK(text_of(files.keep("d", "")) == "d");
        CHECK(text_of(files.keep("e", std::string(5000, 'x'))) == "e");
    }
    CHECK(::access(folder.c_str(), F_OK) != 0);
}

TEST_CASE("plan_targets_come_back_as_they_were_found") {
    engine::target_state objects;
    objects.data_ready = true;
    objects.notes = {"a note"};
    objects.warnings = {"a warning"};
    engine::target_state disks;
    disks.extents = {1ULL << 40, 7};
    engine::opened_image image;
    image.name = "rbd/one";
    image.bytes = 1ULL << 40;
    image.made = true;
    image.features = {"layering"};
    image.written_bytes = 5;
    disks.images = {image};
    const json told = targets_to_json({objects, disks});
    const auto back = targets_from_json(json::parse(told.dump()), 2);
    REQUIRE(back.size() == 2);
    CHECK(targets_to_json(back) == told);
    CHECK(back[0].data_ready);
    CHECK(back[1].images[0].written_bytes == 5);

    CHECK_THROWS_AS(targets_from_json(told, 3), config_error);
    for (const json& wrong : {json(), json(5), json::object(), json::array({1, 2})})
        CHECK_THROWS_AS(targets_from_json(wrong, 2), config_error);
    for (const char* key : {"data_ready", "extents", "images", "notes", "warnings"}) {
        for (const json& value : {json(), json(5), json("x"), json::array({json::array()})}) {
            json liar = told;
            liar[1][key] = value;
            CHECK_THROWS_AS(targets_from_json(liar, 2), config_error);
        }
    }
    json liar = told;
    liar[1]["images"][0]["bytes"] = -1;
    CHECK_THROWS_AS(targets_from_json(liar, 2), config_error);
}

TEST_CASE("plan_result_goes_in_pieces_and_one_that_is_too_large_is_told_of") {
    std::string text;
    while (text.size() < 3 * result_piece_bytes)
        text += "\"größe\": 1, ";
    const auto pieces = result_pieces("r", text, "a problem");
    REQUIRE(pieces.size() == 4);
    std::string back;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        CHECK(pieces[i]["run"] == "r");
        CHECK(pieces[i]["piece"] == i);
        CHECK(pieces[i]["pieces"] == pieces.size());
        CHECK(pieces[i]["problem"] == "a problem");
        const auto& part = pieces[i]["text"].get_ref<const std::string&>();
        CHECK(part.size() <= result_piece_bytes);
        // Each is a text for itself, whose characters are whole.
        CHECK_NOTHROW((void)pieces[i].dump());
        back += part;
    }
    CHECK(back == text);

    const auto none = result_pieces("r", "", "nothing came of it");
    REQUIRE(none.size() == 1);
    CHECK(none[0]["pieces"] == 0);
    CHECK(none[0]["problem"] == "nothing came of it");
    const auto large =
        result_pieces("r", std::string(result_pieces_most * result_piece_bytes + 1, 'x'), "");
    REQUIRE(large.size() == 1);
    CHECK(large[0]["pieces"] == 0);
    CHECK(large[0]["problem"].get<std::string>().find("too large") != std::string::npos);
}
