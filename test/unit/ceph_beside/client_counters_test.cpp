#include <doctest/doctest.h>

#include <cmath>

#include "canned.hpp"
#include "ceph/beside/client_counters.hpp"

using namespace chopsticks::ceph::beside;

TEST_CASE("counters_of_a_real_client_are_read") {
    counter_values all;
    add_counters(canned::all()["client_perf_dump"], all);
    CHECK(all.at("objecter.op_w").count == 6584);
    CHECK_FALSE(all.at("objecter.op_w").sum);
    CHECK(all.at("librbd.wr").count == 22215);
    CHECK(all.at("librbd.wr_latency").count == 22199);
    CHECK(*all.at("librbd.wr_latency").sum == doctest::Approx(39.088));
    CHECK_FALSE(all.contains("cct.total_workers"));
    // How many there are now, and when it was opened.
    CHECK_FALSE(all.contains("objecter.op_active"));
    CHECK_FALSE(all.contains("librbd.opened_time"));
}

TEST_CASE("counters_of_several_images_are_added_up") {
    const json one = canned::all()["client_perf_dump"];
    json dump = one;
    for (const auto& [name, section] : one.items()) {
        if (name.starts_with("librbd-")) dump["librbd-2-pool-another"] = section;
    }
    counter_values all;
    add_counters(dump, all);
    CHECK(all.at("librbd.wr").count == 2 * 22215);
    CHECK(all.at("objecter.op_w").count == 6584);
}

TEST_CASE("counters_of_any_form_are_survived") {
    const json strange[] = {json(nullptr),
                            json(-5),
                            json("x"),
                            json::array({1}),
                            json{{"avgcount", -1}, {"sum", std::nan("")}},
                            json{{"avgcount", 1e300}},
                            json::object()};
    for (const json& other : strange) {
        json dump = canned::all()["client_perf_dump"];
        dump["objecter"]["op_w"] = other;
        dump["librbd-x"] = other;
        counter_values all;
        add_counters(dump, all);
        add_counters(other, all);
        for (const auto& [name, value] : all) {
            CHECK(value.count >= 0);
            CHECK(std::isfinite(value.sum.value_or(0)));
        }
    }
    json many = json::object();
    for (int i = 0; i < 5000; ++i)
        many["objecter"]["c" + std::to_string(i)] = i;
    counter_values all;
    add_counters(many, all);
    CHECK(all.size() == client_counters::counters_most);
}

TEST_CASE("clients_without_a_socket_tell_nothing") {
    client_counters clients;
    clients.ask({}, 1, 20'000'000);
    clients.ask({"/nowhere/x.asok"}, 2, 20'000'000);
    CHECK(clients.told().is_null());
}
