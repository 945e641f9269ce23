#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/version_ids.hpp>
#include <string>

namespace {

using chopsticks::s3::version_ids;

std::string oldest(version_ids& ids, std::uint64_t object) {
    version_ids::named out;
    if (!ids.begin_read(object, out)) return "none";
    ids.end_read(object, out);
    return std::string(out.view()) + " of " + std::to_string(out.version);
}

TEST_CASE("version_ids_are_remembered_once_somebody_names_them") {
    version_ids ids;
    ids.note(1, 0, "before");
    CHECK(oldest(ids, 1) == "none");
    ids.keep();
    CHECK(oldest(ids, 1) == "none");
    ids.note(1, 0, "a");
    CHECK(oldest(ids, 1) == "a of 0");
    ids.note(1, 1, "b");
    CHECK(oldest(ids, 1) == "a of 0");
    CHECK(oldest(ids, 2) == "none");
    ids.note(3, 0, "");
    ids.note(3, 0, std::string(version_ids::most_bytes + 1, 'x'));
    CHECK(oldest(ids, 3) == "none");
    // The oldest goes where there are more.
    for (const char* id : {"c", "d", "e"})
        ids.note(1, 2, id);
    CHECK(oldest(ids, 1) == "b of 1");
    // Another object's place is taken.
    ids.note(1 + version_ids::places, 0, "z");
    CHECK(oldest(ids, 1) == "none");
}

TEST_CASE("version_ids_that_somebody_reads_are_not_taken_and_neither_is_the_latest") {
    version_ids ids;
    ids.keep();
    version_ids::named out;
    ids.note(1, 0, "a");
    CHECK_FALSE(ids.take_earlier(1, out));
    ids.note(1, 1, "b");
    ids.note(1, 2, "c");
    version_ids::named read;
    REQUIRE(ids.begin_read(1, read));
    REQUIRE(ids.take_earlier(1, out));
    CHECK(out.view() == "b");
    CHECK(out.version == 1);
    CHECK_FALSE(ids.take_earlier(1, out));
    ids.end_read(1, read);
    REQUIRE(ids.take_earlier(1, out));
    CHECK(out.view() == "a");
    CHECK_FALSE(ids.take_earlier(1, out));
    REQUIRE(ids.take_any(1, out));
    CHECK(out.view() == "c");
    CHECK_FALSE(ids.take_any(1, out));
    CHECK(oldest(ids, 1) == "none");
}

}  // namespace
