#include <doctest/doctest.h>

#include <chopsticks/scenario/catalogue.hpp>
#include <set>

#include "messages.hpp"

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

TEST_CASE("catalogue_s3_operations_have_their_fixed_codes") {
    const auto* s3 = catalogue::find_workload("s3");
    REQUIRE(s3 != nullptr);
    CHECK(s3->drivers[0].name == "beast");
    const char* const names[] = {"put",  "get",           "head",        "delete",
                                 "list", "create_bucket", "head_bucket", "delete_bucket"};
    for (std::uint16_t code = 0; code < 8; ++code) {
        CHECK(catalogue::operation_name("s3", code) == names[code]);
        CHECK(catalogue::find_operation(*s3, names[code])->code == code);
    }
    CHECK(catalogue::operation_name("s3", 8) == "?");
    CHECK(catalogue::operation_name("none", 0) == "?");
    CHECK(catalogue::find_driver(*s3, "nfs") == nullptr);
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
                CHECK(messages::contains(messages::of_scenario(task + "rubbish}]}]"), "must be"));
                const std::string good = p.type == "true or false"                ? "true"
                                         : p.name == "block" || p.name == "align" ? "4KiB"
                                         : p.name == "pattern" || p.name == "offsets"
                                             ? std::string(p.default_value)
                                             : "1";
                CHECK(messages::of_scenario(task + good + "}]}]") == "");
            }
        }
    }
}
