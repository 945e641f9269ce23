#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/interval_stream.hpp>
#include <chopsticks/results/write.hpp>

#include "../../support/contains.hpp"
#include "sample.hpp"
#include "scratch.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;
using sample::content_of;
using sample::scratch_directory;

namespace {

interval_stream open_stream(const std::string& path) {
    const run_document doc = sample::document(100);
    return interval_stream(path, doc.run, doc.scenario, doc.layout);
}

std::string message_of_read(const std::string& path) {
    try {
        read_intervals(path);
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("interval_stream_holds_a_header_and_each_line_at_once") {
    const scratch_directory directory;
    const std::string path = directory / "r.jsonl";
    interval_stream stream = open_stream(path);
    CHECK(stream.write("{\"t_s\":0}").empty());
    CHECK(stream.write("{\"t_s\":1}").empty());
    // Still open: nothing waits in a buffer of the process.
    const interval_file read = read_intervals(path);
    CHECK(read.header["run"]["id"] == "20261122T150405Z-abcdef3f9a2c");
    CHECK(read.header["run"]["seed"] == 12345678901234567890ULL);
    CHECK(read.header["operations"].size() == 3);
    REQUIRE(read.intervals.size() == 2);
    CHECK(read.intervals[1]["t_s"] == 1);
    CHECK_FALSE(read.torn);
    CHECK_FALSE(contains(content_of(path), sample::secret));
}

TEST_CASE("interval_stream_of_a_killed_process_can_be_read") {
    const scratch_directory directory;
    const std::string path = directory / "r.jsonl";
    const pid_t child = ::fork();
    if (child == 0) {
        interval_stream stream = open_stream(path);
        for (int i = 0; i < 10; ++i)
            stream.write("{\"t_s\":" + std::to_string(i) + "}");
        ::raise(SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(read_intervals(path).intervals.size() == 10);
}

TEST_CASE("interval_stream_torn_at_any_byte_loses_at_most_its_last_line") {
    const scratch_directory directory;
    const std::string path = directory / "r.jsonl";
    {
        interval_stream stream = open_stream(path);
        stream.write("{\"t_s\":0,\"phase\":\"measure\"}");
        stream.write("{\"t_s\":1,\"phase\":\"measure\"}");
    }
    const std::string whole = content_of(path);
    const std::size_t first_end = whole.find('\n') + 1;
    const std::size_t second_end = whole.find('\n', first_end) + 1;
    for (std::size_t size = second_end; size <= whole.size(); ++size) {
        REQUIRE(write_file(path, whole.substr(0, size)).empty());
        const interval_file read = read_intervals(path);
        // A line that lacks nothing but its end is whole.
        const bool complete = size + 1 >= whole.size();
        CHECK(read.intervals.size() == (complete ? 2 : 1));
        CHECK(read.torn == (!complete && size > second_end));
    }
    // What a crash of the machine leaves: the size is there, the content is not.
    REQUIRE(write_file(path, whole + std::string(100, '\0')).empty());
    CHECK(read_intervals(path).torn);
    CHECK(read_intervals(path).intervals.size() == 2);
}

TEST_CASE("interval_stream_that_is_none_is_refused_with_its_line") {
    const scratch_directory directory;
    const std::string path = directory / "x";
    CHECK(contains(message_of_read(path), "No such file"));
    CHECK(contains(message_of_read(directory.path()), "Is a directory"));
    REQUIRE(write_file(path, "").empty());
    CHECK(contains(message_of_read(path), "empty"));
    REQUIRE(write_file(path, "{\"kind\": \"other\"}\n").empty());
    CHECK(contains(message_of_read(path), path + ":1: not an interval stream"));
    REQUIRE(write_file(path, "rubbish").empty());
    CHECK(contains(message_of_read(path), path + ":1: not an interval stream"));
    REQUIRE(write_file(path, "{\"kind\":\"chopsticks-intervals\",\"schema_version\":3}\n").empty());
    CHECK(contains(message_of_read(path), "format 3"));
    REQUIRE(
        write_file(path, "{\"kind\":\"chopsticks-intervals\",\"schema_version\":1}\n{}\nx\n{}\n")
            .empty());
    CHECK(contains(message_of_read(path), path + ":3: "));
}

TEST_CASE("interval_stream_that_cannot_be_made_is_an_error_at_the_start") {
    CHECK_THROWS_AS(open_stream("/nowhere/r.jsonl"), config_error);
    CHECK_THROWS_AS(open_stream("/dev/full"), config_error);
    CHECK_THROWS_AS(open_stream("/tmp"), config_error);
}

TEST_CASE("interval_stream_on_a_full_disk_says_so_once_and_goes_on_when_there_is_room") {
    const scratch_directory directory;
    const std::string path = directory / "r.jsonl";
    // A limit on the file's size cuts a line in the middle, as a full disk does. In a child,
    // because it holds for the process.
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(SIGXFSZ, SIG_IGN);
        interval_stream stream = open_stream(path);
        if (!stream.write("{\"t_s\":0}").empty()) ::_exit(1);
        struct stat status;
        if (::stat(path.c_str(), &status) != 0) ::_exit(2);
        rlimit limit{static_cast<rlim_t>(status.st_size) + 5, RLIM_INFINITY};
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(3);
        if (!contains(stream.write("{\"t_s\":1}"), "the run goes on")) ::_exit(4);
        if (!stream.write("{\"t_s\":2}").empty()) ::_exit(5);
        limit.rlim_cur = RLIM_INFINITY;
        if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(6);
        if (!stream.write("{\"t_s\":3}").empty()) ::_exit(7);
        ::_exit(stream.lost() == 2 ? 0 : 8);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    const interval_file read = read_intervals(path);
    REQUIRE(read.intervals.size() == 2);
    CHECK(read.intervals[0]["t_s"] == 0);
    CHECK(read.intervals[1]["t_s"] == 3);
    CHECK_FALSE(read.torn);
}

TEST_CASE("interval_stream_replaces_an_earlier_file_and_moves") {
    const scratch_directory directory;
    const std::string path = directory / "r.jsonl";
    REQUIRE(write_file(path, std::string(100'000, 'x')).empty());
    interval_stream nowhere;
    CHECK(nowhere.write("{}").empty());
    CHECK(nowhere.path().empty());
    nowhere = open_stream(path);
    CHECK(nowhere.path() == path);
    CHECK(nowhere.write("{\"t_s\":0}").empty());
    const interval_stream moved = std::move(nowhere);
    CHECK(moved.lost() == 0);
    CHECK(read_intervals(path).intervals.size() == 1);
}
