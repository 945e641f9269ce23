#include <doctest/doctest.h>

#include <chopsticks/core/units.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <set>

#include "messages.hpp"

using namespace chopsticks;
using namespace chopsticks::scenario;

TEST_CASE("catalogue_codes_are_positions_and_names_are_unique") {
    for (const auto& w : catalogue::workloads()) {
        std::set<std::string_view> names;
        for (std::size_t i = 0; i < w.operations.size(); ++i) {
            CHECK(w.operations[i].code == i);
            CHECK(names.insert(w.operations[i].name).second);
            CHECK_FALSE(w.operations[i].description.empty());
        }
        CHECK_FALSE(w.drivers.empty());
        CHECK(catalogue::find_workload(w.name) == &w);
    }
}

TEST_CASE("catalogue_every_row_says_what_its_operation_does") {
    for (const auto& w : catalogue::workloads()) {
        std::set<std::string_view> words;
        std::set<std::string_view> parts;
        for (const auto& op : w.operations) {
            CAPTURE(op.name);
            CHECK(op.use != subject_use::unstated);
            CHECK(catalogue::plain_step(op).use == op.use);
            CHECK(is_of_extents(op.use) == (w.shape == subject_shape::extents));
            // Either it is replayed, or the user can be told why not.
            CHECK(op.replay.kind.empty() != op.replay.why_not.empty());
            CHECK((op.can_be_replayed() || !op.replay.unasked));
            // One word means one operation.
            CHECK(words.insert(op.name).second);
            for (const std::string_view alias : op.aliases)
                CHECK(words.insert(alias).second);
            // Parts are recorded below their operation; others may have some of the same name.
            std::set<std::string_view> own;
            for (const std::string_view part : op.parts)
                CHECK(own.insert(part).second);
            parts.merge(own);
            for (const native_code& code : op.expected)
                CHECK(code.kind != code_kind::none);
            if (!has_place(op.use)) {
                CHECK(op.place.one_step_most == 0);
                CHECK(op.place.unverifiable.empty());
            }
            for (const auto& p : op.parameters) {
                const auto* const flag = std::get_if<catalogue::flag_value>(&p.value);
                if (flag == nullptr || flag->when_set == subject_use::unstated) continue;
                CHECK(is_of_extents(flag->when_set) == is_of_extents(op.use));
            }
        }
        for (const std::string_view part : parts)
            CHECK_FALSE(words.contains(part));
    }
}

TEST_CASE("catalogue_prepare_and_cleanup_use_operations_that_do_what_they_are_for") {
    for (const auto& w : catalogue::workloads()) {
        CAPTURE(w.name);
        const auto use_of = [&](std::string_view name) {
            const auto* const op = catalogue::find_operation(w, name);
            return op != nullptr ? op->use : subject_use::unstated;
        };
        if (w.shape == subject_shape::extents) {
            CHECK(use_of(w.prepare_with) == subject_use::change_extent);
            CHECK(w.clean_with.empty());
            continue;
        }
        CHECK(use_of(w.prepare_with) == subject_use::make);
        CHECK(use_of(w.clean_with) == subject_use::remove);
        // What can be made can be removed again, and has a name.
        const bool containers = w.that_does(subject_use::make_container) != nullptr;
        CHECK(containers != w.container.empty());
        CHECK(containers == (use_of(w.clean_container_with) == subject_use::remove_container));
    }
}

TEST_CASE("catalogue_defaults_are_those_of_a_new_step") {
    for (const auto& w : catalogue::workloads()) {
        for (const auto& op : w.operations) {
            const step fresh = catalogue::plain_step(op);
            for (const auto& p : op.parameters) {
                CAPTURE(p.name);
                if (std::holds_alternative<catalogue::flag_value>(p.value)) {
                    CHECK(p.default_value == (fresh.flag(p.name) ? "true" : "false"));
                }
                if (const auto* const count = std::get_if<catalogue::count_value>(&p.value)) {
                    const std::uint64_t standard = fresh.number(p.name);
                    CHECK(p.default_value == std::to_string(standard));
                    CHECK(count->least <= standard);
                    CHECK(standard <= count->most);
                }
                if (const auto* const size = std::get_if<catalogue::size_value>(&p.value)) {
                    CHECK(p.default_value == format_size(fresh.number(p.name)));
                    CHECK(size->least <= fresh.number(p.name));
                }
                if (std::holds_alternative<catalogue::word_value>(p.value)) {
                    CHECK(p.default_value == fresh.word(p.name));
                }
            }
        }
    }
}

TEST_CASE("catalogue_what_others_call_an_operation_is_answered_with_its_name") {
    for (const auto& w : catalogue::workloads()) {
        for (const auto& op : w.operations) {
            for (const std::string_view alias : op.aliases) {
                CAPTURE(alias);
                const std::string text = "groups: [{workload: " + std::string(w.name) +
                                         ", tasks: [" + std::string(alias) + "]}]";
                CHECK(messages::contains(messages::of_scenario(text),
                                         "did you mean \"" + std::string(op.name) + "\"?"));
            }
        }
    }
}

TEST_CASE("catalogue_a_driver_is_added_to_a_workload_that_is_there_and_once") {
    const std::string_view to = catalogue::workloads().front().name;
    const auto add = [](std::string_view workload, std::string_view name) {
        catalogue::add_driver(workload, {.name = name, .description = "of a test"});
    };
    CHECK_THROWS_AS(add("no such workload", "x"), chopsticks::config_error);
    CHECK_THROWS_AS(add(to, catalogue::workloads().front().drivers.front().name),
                    chopsticks::config_error);
    add(to, "added");
    CHECK(catalogue::find_driver(*catalogue::find_workload(to), "added") != nullptr);
    CHECK_THROWS_AS(add(to, "added"), chopsticks::config_error);
}

TEST_CASE("catalogue_a_config_may_name_a_driver_that_was_added_to_any_workload") {
    for (const auto& w : catalogue::workloads()) {
        CAPTURE(w.name);
        catalogue::add_driver(w.name, {.name = "visitor", .description = "of a test"});
        const std::string text = &w == catalogue::at_top()
                                     ? "driver: visitor"
                                     : std::string(w.name) + ": {driver: visitor}";
        CHECK(driver_of(parse_workload_config(text, "w.yaml"), w.name) == "visitor");
    }
}

TEST_CASE("catalogue_what_is_not_there_is_not_found") {
    for (const auto& w : catalogue::workloads()) {
        CHECK(catalogue::operation_name(w, static_cast<std::uint16_t>(w.operations.size())) == "?");
        CHECK(catalogue::find_operation(w, "no such operation") == nullptr);
        CHECK(catalogue::find_driver(w, "nfs") == nullptr);
        CHECK(catalogue::find_driver(w, w.drivers[0].name) == &w.drivers[0]);
        for (const auto& op : w.operations) {
            CHECK(catalogue::find_operation(w, op.name) == &op);
            CHECK(catalogue::operation_name(w, op.code) == op.name);
        }
    }
    CHECK(catalogue::find_workload("nfs") == nullptr);
}

TEST_CASE("catalogue_every_parameter_is_understood_by_the_parser") {
    // A parameter that is listed but not read would be accepted without effect: each must refuse
    // what cannot be its value.
    for (const auto& w : catalogue::workloads()) {
        for (const auto& op : w.operations) {
            for (const auto& p : op.parameters) {
                CAPTURE(p.name);
                const std::string task = "groups: [{workload: " + std::string(w.name) +
                                         ", tasks: [{op: " + std::string(op.name) + ", " +
                                         std::string(p.name) + ": ";
                CHECK(messages::contains(messages::of_scenario(task + "rub bish}]}]"), "must be"));
                const auto* const words = std::get_if<catalogue::word_value>(&p.value);
                const auto* const text = std::get_if<catalogue::text_value>(&p.value);
                const auto* const size = std::get_if<catalogue::size_value>(&p.value);
                const std::string good =
                    p.type == "true or false"                    ? "true"
                    : size != nullptr                            ? std::to_string(size->least)
                    : words != nullptr                           ? std::string(words->words.back())
                    : p.name == "block" || p.name == "align"     ? "4KiB"
                    : p.name == "pattern" || p.name == "offsets" ? std::string(p.default_value)
                    : text != nullptr ? "\"" + std::string(text->standard) + "\""
                                      : "1";
                const auto* const maker = w.that_does(subject_use::make_container);
                const std::string beside =
                    is_of_containers(op.use) ? ", " + std::string(maker->name) : "";
                CHECK(messages::of_scenario(task + good + "}" + beside + "]}]") == "");
            }
        }
    }
}
