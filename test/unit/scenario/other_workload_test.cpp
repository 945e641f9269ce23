// A workload that no module of the program knows: what it says of itself is all there is.

#include <doctest/doctest.h>

#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/parse.hpp>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;
using messages::contains;

namespace {

struct lab_settings final : workload_settings {
    std::string shelf = "top";

    echo_fields echo() const override { return {{"shelf", shelf}}; }
    void find_again(const echo_fields& echoed) override {
        if (const auto* const found = find_echoed<std::string>(echoed, "shelf")) shelf = *found;
    }
    void check(group& of, std::vector<std::string>& warnings) const override {
        if (shelf == "none") throw config_error("group " + of.name + ": no shelf");
        warnings.push_back(of.name + " is on the shelf");
    }
    std::string target(bool dummy) const override { return dummy ? "nobody" : shelf; }
    std::vector<std::pair<std::string, std::string>> planned_target(bool dummy) const override {
        return {{"shelf", target(dummy)}};
    }
};

std::unique_ptr<workload_settings> read_lab(const catalogue::settings_source& from) {
    auto out = std::make_unique<lab_settings>();
    if (const auto f = from.keys.find("shelf")) out->shelf = f->text();
    if (const auto f = from.keys.find("driver")) out->driver = f->text();
    return out;
}

catalogue::workload describe_lab() {
    return {
        .name = "lab",
        .description = "bottles on a shelf",
        .shape = subject_shape::objects,
        .drivers = {{"hand", "by hand"}, {"dummy", "not at all"}},
        .operations =
            {
                {.code = 0,
                 .name = "fill",
                 .description = "fill a bottle",
                 .use = subject_use::make,
                 .carries = payload::sent,
                 .replay = {.kind = "put"},
                 .aliases = {},
                 .parameters = {{"cork", "true or false", "true", "close it",
                                 catalogue::flag_value{.standard = true}},
                                {"shakes", "count", "2", "shake it so often",
                                 catalogue::count_value{.standard = 2, .least = 1, .most = 9},
                                 "shaken"},
                                {"glass", "size", "4 KiB", "its wall",
                                 catalogue::size_value{.standard = 4096, .least = 1}},
                                {"colour", "brown or green", "brown", "of the glass",
                                 catalogue::word_value{{"brown", "green"}}}}},
                {.code = 1,
                 .name = "empty",
                 .description = "empty a bottle",
                 .use = subject_use::remove,
                 .carries = payload::none,
                 .replay = {.kind = "delete"},
                 .aliases = {}},
            },
        .prepare_with = "fill",
        .clean_with = "empty",
        .clean_container_with = "",
        .container = "",
        .settings = {.read = read_lab, .example = "write {shelf: top}"},
    };
}

/// Once in this program, as at a program's start.
void add_lab() {
    static const bool added = (catalogue::add(describe_lab()), true);
    CHECK(added);
}

const lab_settings& settings_of(const workload_config& config) {
    return dynamic_cast<const lab_settings&>(*config.find("lab"));
}

}  // namespace

TEST_CASE("other_workload_is_added_once_and_does_not_take_the_top_of_the_file") {
    add_lab();
    CHECK_THROWS_WITH_AS(catalogue::add(describe_lab()), doctest::Contains("\"lab\""),
                         config_error);
    catalogue::workload second = describe_lab();
    second.name = "lab2";
    second.settings.top_keys = {"shelf"};
    CHECK_THROWS_WITH_AS(catalogue::add(second), doctest::Contains("is taken by"), config_error);
    second.settings.top_keys.clear();
    second.clean_with = "";
    CHECK_THROWS_WITH_AS(catalogue::add(second), doctest::Contains("removes one"), config_error);
    second.clean_with = describe_lab().clean_with;
    second.operations[0].code = 1;
    CHECK_THROWS_WITH_AS(catalogue::add(second), doctest::Contains("not its position"),
                         config_error);
    CHECK(catalogue::find_workload("lab2") == nullptr);
}

TEST_CASE("other_workload_has_its_parameters_read_by_their_kinds") {
    add_lab();
    const auto steps = [](const std::string& task) {
        return parse_scenario("groups: [{workload: lab, tasks: [" + task + "]}]", "s.yaml")
            .groups[0]
            .tasks[0]
            .steps;
    };
    const step plain = steps("fill")[0];
    CHECK(plain.flag("cork"));
    CHECK(plain.number("shakes") == 2);
    CHECK(plain.number("glass") == 4096);
    CHECK(plain.word("colour") == "brown");
    const step set = steps("{op: fill, cork: false, shakes: 9, glass: 1MiB, colour: green}")[0];
    CHECK_FALSE(set.flag("cork"));
    CHECK(set.number("shakes") == 9);
    CHECK(set.number("glass") == 1 << 20);
    CHECK(set.word("colour") == "green");
    REQUIRE(set.values.size() == 4);
    CHECK(set.values[1].shown_as == "shaken");
    CHECK(set.values[3].shown_as == "colour");
    CHECK(set.values[3].standard == driver_value(std::string("brown")));
    CHECK(steps("{op: empty}")[0].values.empty());

    const auto refused = [](const std::string& task) {
        return messages::of_scenario("groups: [{workload: lab, tasks: [" + task + "]}]");
    };
    CHECK(contains(refused("{op: fill, shakes: 10}"), "at most 9"));
    CHECK(contains(refused("{op: fill, colour: red}"), "brown or green"));
    CHECK(contains(refused("{op: empty, cork: true}"), "is a parameter of fill"));
    CHECK(contains(refused("{op: drink}"), "names no operation of the workload lab"));
}

TEST_CASE("other_workload_reads_its_part_of_the_workload_config") {
    add_lab();
    const auto parse = [](const std::string& text, const messages::overrides& sets = {}) {
        return parse_workload_config(text, "w.yaml", sets);
    };
    CHECK_FALSE(settings_of(parse("")).given);
    CHECK(settings_of(parse("")).shelf == "top");
    const auto given = parse("endpoint: http://a\nlab: {shelf: low}");
    CHECK(settings_of(given).given);
    CHECK(settings_of(given).shelf == "low");
    CHECK(settings_of(parse("", {{"workload.lab.shelf", "low"}})).shelf == "low");
    CHECK(contains(messages::of_workload("lab: {shelv: low}"), "did you mean \"shelf\"?"));
    CHECK(contains(messages::of_workload("lab: low"), "write {shelf: top}"));
    CHECK(contains(messages::of_workload("shelf: low"), "unknown key \"shelf\""));
}

TEST_CASE("other_workload_has_drivers_and_a_say_about_groups") {
    add_lab();
    const auto driver = [](const std::string& text) {
        return std::string(driver_of(parse_workload_config(text, "w.yaml"), "lab"));
    };
    CHECK(driver("") == "hand");
    CHECK(driver("lab: {driver: dummy}") == "dummy");
    CHECK(driver("driver: dummy") == "dummy");
    CHECK(driver("driver: beast") == "hand");
    CHECK(driver("lab: {driver: foot}") == "foot");
    auto plan = parse_scenario("groups: [{workload: lab, tasks: [fill]}]", "s.yaml");
    CHECK_THROWS_WITH_AS(
        check_together(plan, parse_workload_config("lab: {shelf: none}", "w.yaml")),
        "group lab: no shelf", config_error);
    CHECK_THROWS_WITH_AS(
        check_together(plan, parse_workload_config("lab: {driver: foot}", "w.yaml")),
        "the workload lab has no driver foot: name one of its own, `lab: {driver: NAME}` (hand, "
        "dummy)",
        config_error);
    const auto before = plan.warnings.size();
    check_together(plan, parse_workload_config("", "w.yaml"));
    REQUIRE(plan.warnings.size() == before + 1);
    CHECK(plan.warnings.back() == "lab is on the shelf");
}
