#include <doctest/doctest.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/interval_stream.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/write.hpp>

#include "../../support/contains.hpp"
#include "sample.hpp"
#include "scratch.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;
using sample::scratch_directory;

namespace {

std::string message_of(const json& document) {
    try {
        check_result(document, "r.json");
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

std::string message_of_file(const std::string& path, const std::string& content) {
    REQUIRE(write_file(path, content).empty());
    try {
        read_result(path);
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("result_read_back_is_the_one_that_was_written") {
    const scratch_directory directory;
    const run_document doc = sample::document(2000);
    REQUIRE(write_result(directory / "r.json", doc).problem.empty());
    CHECK(read_result(directory / "r.json") == to_json(doc));
}

TEST_CASE("result_file_that_is_none_is_refused_and_the_message_says_why") {
    const scratch_directory directory;
    const std::string path = directory / "r.json";
    CHECK_THROWS_AS(read_result(path), config_error);
    CHECK_THROWS_AS(read_result(directory.path()), config_error);
    CHECK(contains(message_of_file(path, ""), "empty"));
    CHECK(contains(message_of_file(path, "{\n  \"a\": x\n}"), "not JSON: at line 2, column"));
    CHECK(contains(message_of_file(path, "[1]"), "not a result"));
    CHECK(contains(message_of_file(path, "{}"), "not a result"));
    CHECK(contains(message_of_file(path, "{\"schema_version\": 99}"), "format 99"));
    CHECK(contains(message_of_file(path, "{\"schema_version\": \"1\"}"), "format \"1\""));
    CHECK(contains(message_of_file(path, "{\"schema_version\": 1}"), "run is missing"));
}

TEST_CASE("result_that_was_cut_short_is_refused") {
    const scratch_directory directory;
    const std::string text = to_text(sample::document(100));
    for (const std::size_t size : {text.size() / 4, text.size() / 2, text.size() - 3}) {
        CHECK(contains(message_of_file(directory / "r.json", text.substr(0, size)), "not JSON"));
    }
}

TEST_CASE("result_given_as_its_interval_stream_is_told_apart") {
    const scratch_directory directory;
    const run_document doc = sample::document(100);
    const std::string path = directory / "r.jsonl";
    {
        interval_stream stream(path, doc.run, doc.scenario, doc.layout);
        stream.write(doc.intervals[0]);
    }
    CHECK_THROWS_WITH_AS(read_result(path), doctest::Contains("an interval stream, not a result"),
                         config_error);
}

TEST_CASE("result_without_one_of_its_members_or_of_another_type_is_refused") {
    const json whole = to_json(sample::document(100));
    REQUIRE(message_of(whole).empty());
    for (const char* const key :
         {"run", "validity", "load", "operations", "total", "by_endpoint", "groups", "generator",
          "environment", "workload", "scenario", "intervals"}) {
        json cut = whole;
        cut.erase(key);
        CHECK(contains(message_of(cut), std::string(key) + " is missing"));
        cut[key] = 5;
        CHECK(contains(message_of(cut), std::string(key) + " is not"));
    }
    json other = whole;
    other["operations"]["s3/get"].erase("response");
    CHECK(contains(message_of(other), "operations.s3/get.response is missing"));
    other = whole;
    other["operations"]["s3/get"]["ok"] = -1;
    CHECK(contains(message_of(other), "operations.s3/get.ok is not a count"));
    other = whole;
    other["run"]["duration_s"] = 30;
    CHECK(message_of(other).empty());
}
