// The librados driver against a librados that does what it should, and against one that lies.

#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "lying_librados.hpp"
#include "rados_driver_rig.hpp"

using namespace chopsticks;
using namespace chopsticks::test;
using namespace chopsticks::rados;

namespace {

/// Against a cluster that has nothing but an empty pool.
struct lying_rig : rados_rig {
    lying_rig() {
        begin_anew();
        make_pool("pool");
    }
};

std::string describe(const engine::outcome& out) {
    if (out.status == op_status::ok) return "ok";
    return std::string(name(out.status)) + " " + out.code + ": " + out.example;
}

std::uint64_t objects_below(const std::string& part) {
    std::uint64_t count = 0;
    for (const auto& [path, object] : stored()) {
        if (path.find(part) != std::string::npos) ++count;
    }
    return count;
}

std::string path_of(const rados_rig& rig, const std::string& suffix) {
    return "pool//" + rig.wanted.run_prefix + suffix;
}

/// With these objects written.
void write_some(rados_rig& rig, std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n)
        REQUIRE(describe(rig.run(step_of_rados(object_write_full), n)) == "ok");
}

}  // namespace

TEST_CASE("rados_objects_are_written_read_asked_for_and_removed") {
    lying_rig rig;
    REQUIRE(rig.open_target().problem == "");
    const auto write = rig.run(step_of_rados(object_write_full), 7, 10'000);
    CHECK(describe(write) == "ok");
    CHECK(write.bytes == 10'000);
    CHECK(write.done_ns >= write.sent_ns);
    CHECK(stored().at(path_of(rig, "0000000000000007")).data.size() == 10'000);
    CHECK(rig.run(step_of_rados(object_read), 7, 10'000).bytes == 10'000);
    CHECK(describe(rig.run(step_of_rados(object_stat), 7, 10'000)) == "ok");
    CHECK(rig.run(step_of_rados(object_read), 7, 10'000, 0, 5'000, 3'000).bytes == 3'000);
    CHECK(describe(rig.run(step_of_rados(object_remove), 7, 10'000)) == "ok");
    const auto gone = rig.run(step_of_rados(object_remove), 7, 10'000);
    CHECK(gone.native == native_code::of_errno(ENOENT));
    CHECK(rig.close_target() == "");
    CHECK(stored().empty());
    CHECK(connections() == 0);
}

TEST_CASE("rados_a_version_is_another_content") {
    lying_rig rig;
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 1);
    CHECK(describe(rig.run(step_of_rados(object_read), 0)) == "ok");
    CHECK(std::string(rig.run(step_of_rados(object_read), 0, 4096, 1).code) == "wrong_content");
    CHECK(describe(rig.run(step_of_rados(object_write_full), 0, 4096, 1)) == "ok");
    CHECK(describe(rig.run(step_of_rados(object_read), 0, 4096, 1)) == "ok");
}

TEST_CASE("rados_lies_about_contents_are_found") {
    lying_rig rig;
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 2);
    const auto told = [&](lie which, std::uint16_t code) {
        tell_lie(which);
        const engine::outcome out = rig.run(step_of_rados(code), 0);
        tell_lie(lie::none);
        return std::string(name(out.status)) + " " + out.code;
    };
    CHECK(told(lie::short_read, object_read) == "corrupt short_read");
    CHECK(told(lie::flipped_bit, object_read) == "corrupt wrong_content");
    CHECK(told(lie::flipped_bit, object_compound_read) == "corrupt wrong_content");
    CHECK(told(lie::try_again, object_read) == "io_error EAGAIN");
    // Acknowledged and not done: the next read tells.
    tell_lie(lie::no_effect);
    CHECK(describe(rig.run(step_of_rados(object_write_full), 0, 4096, 1)) == "ok");
    tell_lie(lie::none);
    CHECK(std::string(rig.run(step_of_rados(object_read), 0, 4096, 1).code) == "wrong_content");
    CHECK(std::string(rig.run(step_of_rados(object_cmpext), 0, 4096, 1).code) == "mismatch");
    // Rolled back behind everybody's back.
    CHECK(describe(rig.run(step_of_rados(object_write_full), 0, 4096, 2)) == "ok");
    tell_lie(lie::stale);
    CHECK(std::string(rig.run(step_of_rados(object_read), 0, 4096, 2).code) == "wrong_content");
    tell_lie(lie::none);
    CHECK(describe(rig.run(step_of_rados(object_read), 0, 4096, 2)) == "ok");
    // Lost.
    lose(path_of(rig, "0000000000000001"));
    for (const std::uint16_t code : {object_read, object_stat, object_cmpext, object_omap_set}) {
        const engine::outcome lost = rig.run(step_of_rados(code), 1);
        CHECK(std::string(name(lost.status)) + " " + lost.code == "corrupt lost");
    }
    // Cut short: its size tells, whoever asks.
    stored_object cut = stored().at(path_of(rig, "0000000000000000"));
    cut.data.resize(100);
    store(path_of(rig, "0000000000000000"), cut);
    CHECK(std::string(rig.run(step_of_rados(object_stat), 0).code) == "wrong_size");
}

TEST_CASE("rados_ranges_begin_at_multiples_and_hold_what_was_there") {
    lying_rig rig;
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 1);
    scenario::step write = step_of_rados(object_write);
    write.set("align", std::uint64_t{512});
    const auto before = stored().at(path_of(rig, "0000000000000000")).data;
    // Destroyed from 512 on; the range from 700 on begins there, by its alignment.
    stored_object torn = stored().at(path_of(rig, "0000000000000000"));
    std::fill(torn.data.begin() + 512, torn.data.begin() + 1024, '\0');
    store(path_of(rig, "0000000000000000"), torn);
    CHECK(rig.run(write, 0, 4096, 0, 700, 512).bytes == 512);
    CHECK(stored().at(path_of(rig, "0000000000000000")).data == before);
}

TEST_CASE("rados_maps_and_attributes_are_verified") {
    lying_rig rig;
    scenario::step set = step_of_rados(object_omap_set);
    set.set("keys", std::uint64_t{5});
    set.set("of", std::uint64_t{1});
    rig.will(set);
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 1);
    scenario::step get = step_of_rados(object_omap_get);
    get.set("keys", std::uint64_t{5});
    get.set("of", std::uint64_t{1});
    CHECK(rig.run(get, 0).bytes == 0);  // not there yet is no failure
    CHECK(rig.run(set, 0).bytes == 5 * 128);
    CHECK(rig.run(get, 0).bytes == 5 * 128);
    scenario::step list = step_of_rados(object_omap_list);
    list.set("keys", std::uint64_t{3});
    list.set("of", std::uint64_t{1});
    CHECK(rig.run(list, 0).bytes == 3 * 128);
    CHECK(rig.run(step_of_rados(object_xattr_set), 0).bytes == 128);
    CHECK(rig.run(step_of_rados(object_xattr_get), 0).bytes == 128);
    CHECK(describe(rig.run(step_of_rados(object_compound_write), 0)) == "ok");
    CHECK(describe(rig.run(step_of_rados(object_compound_read), 0)) == "ok");

    stored_object changed = stored().at(path_of(rig, "0000000000000000"));
    changed.map.begin()->second[5] ^= 1;
    store(path_of(rig, "0000000000000000"), changed);
    CHECK(std::string(rig.run(get, 0).code) == "wrong_content");
    changed.attributes["chopsticks.value"][5] ^= 1;
    store(path_of(rig, "0000000000000000"), changed);
    CHECK(std::string(rig.run(step_of_rados(object_xattr_get), 0).code) == "wrong_content");
}

TEST_CASE("rados_compound_steps_are_done_as_a_whole_or_not_at_all") {
    lying_rig rig;
    REQUIRE(rig.open_target().problem == "");
    // It asserts that the object is there.
    const auto out = rig.run(step_of_rados(object_compound_write), 3);
    CHECK(out.native == native_code::of_errno(ENOENT));
    CHECK(objects_below("0000000000000003") == 0);
}

TEST_CASE("rados_methods_of_classes_are_called") {
    lying_rig rig;
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 1);
    CHECK(rig.run(step_of_rados(object_exec), 0).bytes == 13);
    scenario::step other = step_of_rados(object_exec);
    other.set("call", std::string("hello.nothing"));
    CHECK(std::string(rig.run(other, 0).code) == "EOPNOTSUPP");
}

TEST_CASE("rados_own_objects_grow_begin_anew_and_lose_nothing_unseen") {
    lying_rig rig;
    scenario::step append = step_of_rados(object_append);
    append.set("bytes", std::uint64_t{1000});
    append.set("limit", std::uint64_t{2500});
    rig.will(append);
    rig.will(step_of_rados(object_truncate));
    REQUIRE(rig.open_target().problem == "");
    const std::string path = path_of(rig, "log-0-0");
    for (const std::size_t size : {1000U, 2000U, 1000U}) {
        CHECK(describe(rig.run(append, 0)) == "ok");
        CHECK(stored().at(path).data.size() == size);
    }
    CHECK(rig.check_data() == "");
    CHECK(rig.found_wrong().places == 0);
    CHECK(rig.found_wrong().checked == 1);
    CHECK(describe(rig.run(step_of_rados(object_truncate), 0)) == "ok");
    CHECK(stored().at(path).data.size() == 16 * 4096);
    CHECK(describe(rig.run(step_of_rados(object_truncate), 0)) == "ok");
    CHECK(stored().at(path).data.size() == 15 * 4096);
    CHECK(describe(rig.run(step_of_rados(object_zero), 0)) == "ok");
    CHECK(stored().at(path).data.size() == 15 * 4096);
    // An append that was acknowledged and lost.
    tell_lie(lie::no_effect);
    CHECK(describe(rig.run(append, 0)) == "ok");
    tell_lie(lie::none);
    CHECK(rig.check_data() == "");
    CHECK(rig.found_wrong().places == 1);
    CHECK(rig.close_target() == "");
    CHECK(stored().empty());
}

TEST_CASE("rados_objects_are_spread_over_pools_and_namespaces") {
    lying_rig rig;
    make_pool("second");
    rig.config.pools = {"pool", "second"};
    rig.config.name_spaces = {"", "space"};
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 8);
    for (const char* const place : {"pool//", "pool/space/", "second//", "second/space/"})
        CHECK(objects_below(std::string(place) + rig.wanted.run_prefix) == 2);
    for (std::uint64_t n = 0; n < 8; ++n)
        CHECK(describe(rig.run(step_of_rados(object_read), n)) == "ok");
}

TEST_CASE("rados_a_cluster_that_does_not_answer_costs_one_operation") {
    lying_rig rig;
    rig.wanted.timeout.operation_ns = 50'000'000;
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 1);
    const std::uint64_t written = rig.figures()[0].times->count();
    CHECK(written > 0);
    tell_lie(lie::no_answer);
    CHECK(std::string(rig.run(step_of_rados(object_read), 0).code) == "operation_timeout");
    // The library has it still, and is told so.
    stats::driver_values told = rig.figures();
    CHECK(told[0].times->count() == 0);
    CHECK(told[2].count == 0);
    CHECK(told[3].last == 1);
    tell_lie(lie::none);
    CHECK(describe(rig.run(step_of_rados(object_stat), 0)) == "ok");
    answer_all();
    CHECK(describe(rig.run(step_of_rados(object_read), 0)) == "ok");
    told = rig.figures();
    CHECK(told[0].times->count() == 3);
    CHECK(told[1].count > 0);
    CHECK(told[1].count <= 3);
    CHECK(told[2].count == 1);
    CHECK(told[3].last == 0);
    CHECK(told[3].highest == 1);
    CHECK(describe(rig.run(step_of_rados(object_remove), 0)) == "ok");
    CHECK(rig.close_target() == "");
    CHECK(stored().empty());
}

TEST_CASE("rados_what_the_run_did_not_make_stays") {
    lying_rig rig;
    store("pool//somebody's", {});
    store("pool//chopsticks/other", {});
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 3);
    store(path_of(rig, "foreign"), {});
    // Cleanup was cut short: closing looks for what is left, and removes what has the run's names.
    CHECK(rig.close_target() == "");
    CHECK(stored().size() == 3);
    CHECK(objects_below("foreign") == 1);
}

TEST_CASE("rados_a_run_that_does_not_clean_keeps_its_mark") {
    lying_rig rig;
    rig.wanted.cleans = false;
    REQUIRE(rig.open_target().problem == "");
    write_some(rig, 2);
    CHECK(rig.close_target() == "");
    CHECK(objects_below(rig.wanted.run_prefix) == 2);
    CHECK(objects_below("chopsticks/runs/" + rig.wanted.run_id) == 1);
    REQUIRE(rig.left_behind().size() == 1);
    CHECK(rig.left_behind()[0].kind == "mark");
}

TEST_CASE("rados_kept_sets_are_made_once_and_found_again") {
    const auto prepared = [](rados_rig& rig) {
        rig.group.data.reuse = "set";
        rig.group.data.objects = 2;
    };
    std::map<std::string, stored_object> all;
    {
        lying_rig rig;
        prepared(rig);
        const auto state = rig.open_target();
        REQUIRE(state.problem == "");
        CHECK_FALSE(state.data_ready);
        write_some(rig, 2);
        CHECK(rig.seal_data() == "");
        CHECK(rig.close_target() == "");
        all = stored();
        CHECK(objects_below("kept/set/") == 3);
        CHECK(all.size() == 3);
    }
    const auto again = [&](const std::function<void(rados_rig&)>& change) {
        lying_rig rig;
        prepared(rig);
        for (const auto& [path, object] : all)
            store(path, object);
        change(rig);
        return rig.open_target();
    };
    CHECK(again([](rados_rig&) {}).data_ready);
    const auto other = again([](rados_rig& rig) { rig.group.data.objects = 5; });
    CHECK(other.problem.find("was made with other settings") != std::string::npos);
    const auto lacks = again([](rados_rig& rig) {
        lose("pool//chopsticks/kept/set/manifest");
        rig.wanted.prepares = false;
    });
    CHECK(lacks.problem.find("does not exist yet") != std::string::npos);
    const auto foreign = again([](rados_rig&) { lose("pool//chopsticks/kept/set/manifest"); });
    CHECK(foreign.problem.find("which this run did not make") != std::string::npos);
}

TEST_CASE("rados_what_cannot_work_is_said_before_the_run") {
    const auto problem = [](const std::function<void(rados_rig&)>& change) {
        lying_rig rig;
        change(rig);
        return rig.open_target().problem;
    };
    const auto has = [](const std::string& text, const char* part) {
        INFO(text);
        return text.find(part) != std::string::npos;
    };
    CHECK(has(problem([](rados_rig& rig) { rig.config.pools = {"none"}; }),
              "the cluster has no pool \"none\""));
    CHECK(has(problem([](rados_rig&) { refuse_connections(-ETIMEDOUT); }),
              "no monitor answered in 30 s"));
    CHECK(has(problem([](rados_rig&) { refuse_connections(-EACCES); }), "refuses client.admin"));
    CHECK(has(problem([](rados_rig& rig) { rig.config.options["no_such_option"] = "1"; }),
              "librados has no option \"no_such_option\""));
    const auto coded = [](std::uint16_t code) {
        return [code](rados_rig& rig) {
            make_pool("coded", 4096);
            rig.config.pools = {"coded"};
            rig.will(step_of_rados(code));
        };
    };
    CHECK(has(problem(coded(object_write)), "takes no writes into objects"));
    CHECK(has(problem(coded(object_omap_set)), "its objects have no maps"));
    CHECK(problem(coded(object_append)) == "");
    CHECK(has(problem([](rados_rig& rig) { store(path_of(rig, "probe"), {}); }),
              "which this run did not make"));
}

TEST_CASE("rados_appends_to_coded_pools_are_whole_stripes") {
    lying_rig rig;
    make_pool("coded", 4096);
    rig.config.pools = {"coded"};
    scenario::step append = step_of_rados(object_append);
    append.set("bytes", std::uint64_t{5000});
    rig.will(append);
    REQUIRE(rig.open_target().problem == "");
    CHECK(rig.run(append, 0).bytes == 8192);
    CHECK(rig.run(append, 0).bytes == 8192);
    CHECK(stored().at("coded//" + rig.wanted.run_prefix + "log-0-0").data.size() == 2 * 8192);
}
