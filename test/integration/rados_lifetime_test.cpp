// Bytes that librados sends from where they are: nobody changes or frees them while it refers to
// them, whatever has become of who gave them to it. The sanitizers look on.

#include <doctest/doctest.h>

#include <chopsticks/load/content.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lying_librados.hpp"
#include "rados_driver_rig.hpp"

using namespace chopsticks;
using namespace chopsticks::test;
using namespace chopsticks::rados;

namespace {

std::unique_ptr<rados_rig> open_rig(std::int64_t timeout_ns) {
    begin_anew();
    make_pool("pool");
    auto rig = std::make_unique<rados_rig>();
    rig->wanted.timeout.operation_ns = timeout_ns;
    rig->will(step_of_rados(object_append));
    REQUIRE(rig->open_target().problem == "");
    return rig;
}

std::string path_of_object(const rados_rig& rig, std::uint64_t number) {
    return "pool//" + rig.wanted.run_prefix + "000000000000000" + std::to_string(number);
}

std::vector<char> expected(const rados_rig& rig, std::uint64_t object, std::size_t size,
                           std::uint32_t version) {
    const load::content all(rig.wanted.data_seed, rig.group.data.content.compression_ratio);
    std::vector<char> bytes(size);
    all.fill({object, version}, 0, bytes);
    return bytes;
}

/// One of each kind that gives librados bytes, on objects 0 and 1 of so many bytes.
void give_bytes(rados_rig& rig, std::uint32_t version, const char* wanted) {
    constexpr std::uint64_t size = 100'000;
    for (const std::uint16_t code :
         {object_write_full, object_write, object_compound_write, object_cmpext}) {
        for (std::uint64_t n = 0; n < 2; ++n)
            CHECK(std::string(rig.run(step_of_rados(code), n, size, version).code) == wanted);
    }
    for (int n = 0; n < 3; ++n)
        CHECK(std::string(rig.run(step_of_rados(object_append), 0).code) == wanted);
}

}  // namespace

TEST_CASE("rados_what_is_sent_once_more_after_its_answer_is_what_was_written") {
    const auto rig = open_rig(20'000'000'000);
    tell_lie(lie::sends_again);
    for (std::uint32_t version = 0; version < 3; ++version)
        give_bytes(*rig, version, "");
    tell_lie(lie::none);
    CHECK(sent_once_more() > 3 * 8);
    CHECK(std::string(rig->run(step_of_rados(object_read), 1, 100'000, 2).code) == "");
    end_sent_again();
    CHECK(rig->close_target() == "");
}

TEST_CASE("rados_what_was_given_up_is_carried_out_as_it_was_once_nobody_is_left") {
    auto rig = open_rig(250'000'000);
    for (std::uint64_t n = 0; n < 3; ++n)
        REQUIRE(std::string(rig->run(step_of_rados(object_write_full), n, 5000).code) == "");
    const std::string path = path_of_object(*rig, 1);
    const std::vector<char> before = expected(*rig, 1, 5000, 0);
    const std::vector<char> after = expected(*rig, 1, 100'000, 7);
    CHECK(stored().at(path).data == before);
    tell_lie(lie::no_answer);
    give_bytes(*rig, 7, "operation_timeout");
    for (const std::uint16_t code :
         {object_read, object_stat, object_exec, object_omap_set, object_omap_get, object_omap_list,
          object_xattr_set, object_xattr_get, object_compound_read}) {
        CHECK(std::string(rig->run(step_of_rados(code), 2, 5000).code) == "operation_timeout");
    }
    rig.reset();
    CHECK(stored().at(path).data == before);
    tell_lie(lie::none);
    answer_all();
    CHECK(stored().at(path).data == after);
}

TEST_CASE("rados_what_is_given_up_is_not_written_to_by_what_comes_next") {
    const auto rig = open_rig(250'000'000);
    tell_lie(lie::no_answer);
    CHECK(std::string(rig->run(step_of_rados(object_write_full), 1, 5000).code) ==
          "operation_timeout");
    tell_lie(lie::none);
    for (std::uint64_t n = 2; n < 6; ++n)
        CHECK(std::string(rig->run(step_of_rados(object_write_full), n, 5000).code) == "");
    answer_all();
    CHECK(stored().at(path_of_object(*rig, 1)).data == expected(*rig, 1, 5000, 0));
    CHECK(rig->close_target() == "");
}
