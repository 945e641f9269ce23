#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/read.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "../../support/contains.hpp"
#include "sample.hpp"
#include "scratch.hpp"

using chopsticks::test::contains;
using namespace chopsticks;
using namespace chopsticks::results;
using sample::content_of;
using sample::environment_variable;
using sample::scratch_directory;

namespace {

std::string message_of_check(const std::string& path) {
    try {
        check_output(path);
    } catch (const config_error& e) {
        return e.what();
    }
    return {};
}

/// Runs `body` in a child without root's right to write anywhere; gives its exit status.
template <typename Body>
int as_nobody(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::getuid() == 0 && ::setuid(65534) != 0) ::_exit(99);
        ::_exit(body());
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("write_result_leaves_one_whole_file_and_no_other") {
    const scratch_directory directory;
    const run_document doc = sample::document(1000);
    const written out = write_result(directory / "r.json", doc);
    CHECK(out.problem.empty());
    CHECK(out.path == directory / "r.json");
    CHECK(directory.entries() == 1);
    CHECK(read_result(out.path) == to_json(doc));
}

TEST_CASE("write_file_replaces_an_existing_file_and_keeps_its_mode") {
    const scratch_directory directory;
    REQUIRE(write_file(directory / "r.json", "old").empty());
    ::chmod((directory / "r.json").c_str(), 0640);
    CHECK(write_file(directory / "r.json", "new").empty());
    CHECK(content_of(directory / "r.json") == "new");
    struct stat status;
    REQUIRE(::stat((directory / "r.json").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
    CHECK(directory.entries() == 1);
}

TEST_CASE("write_file_through_a_link_keeps_the_link") {
    const scratch_directory directory;
    REQUIRE(write_file(directory / "real", "old").empty());
    REQUIRE(::symlink("real", (directory / "link").c_str()) == 0);
    CHECK(write_file(directory / "link", "new").empty());
    CHECK(content_of(directory / "real") == "new");
    CHECK(std::filesystem::is_symlink(directory / "link"));
}

TEST_CASE("write_file_takes_a_name_of_the_greatest_length") {
    const scratch_directory directory;
    const std::string name(255, 'n');
    CHECK(write_file(directory / name, "x").empty());
    CHECK(content_of(directory / name) == "x");
    CHECK(contains(write_file(directory / (name + "n"), "x"), "File name too long"));
}

TEST_CASE("write_file_to_a_file_others_may_not_change_fails") {
    const scratch_directory directory;
    REQUIRE(write_file(directory / "r.json", "old").empty());
    ::chmod((directory / "r.json").c_str(), 0444);
    ::chmod(directory.path().c_str(), 0777);
    CHECK(as_nobody([&] {
              return contains(write_file(directory / "r.json", "new"), "Permission denied") ? 0 : 1;
          }) == 0);
    CHECK(content_of(directory / "r.json") == "old");
}

TEST_CASE("write_result_to_a_full_device_saves_it_in_the_temporary_directory") {
    const scratch_directory directory;
    const environment_variable where("TMPDIR", directory.path().c_str());
    const run_document doc = sample::document(1000);
    const written out = write_result("/dev/full", doc);
    CHECK(contains(out.problem, "cannot write /dev/full: No space left on device"));
    CHECK(contains(out.problem, out.path));
    CHECK(out.path == directory / "mixed-20261122T150405Z-abcdef3f9a2c.json");
    CHECK(read_result(out.path)["run"]["id"] == doc.run.id);
    // The device is still one.
    struct stat status;
    REQUIRE(::stat("/dev/full", &status) == 0);
    CHECK(S_ISCHR(status.st_mode));
}

TEST_CASE("write_result_with_nowhere_to_write_prints_it") {
    const environment_variable where("TMPDIR", "/nowhere");
    const run_document doc = sample::document(1000);
    std::FILE* const screen = std::tmpfile();
    const written out = write_result("/nowhere/r.json", doc, screen);
    CHECK(out.path.empty());
    CHECK(contains(out.problem, "cannot write /nowhere/r.json"));
    CHECK(contains(out.problem, "printed"));
    std::rewind(screen);
    std::string text(to_text(doc).size() + 10, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), screen));
    CHECK(text == to_text(doc));
    std::fclose(screen);
}

TEST_CASE("write_result_with_nowhere_at_all_says_it_is_lost") {
    const environment_variable where("TMPDIR", "/nowhere");
    std::FILE* const full = std::fopen("/dev/full", "w");
    REQUIRE(full != nullptr);
    const written out = write_result("/nowhere/r.json", sample::document(100), full);
    CHECK(contains(out.problem, "lost"));
    std::fclose(full);
}

TEST_CASE("write_file_on_a_file_system_that_fills_up_changes_nothing") {
    const scratch_directory directory;
    if (::mount("none", directory.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
        MESSAGE("not run: mounting a small file system needs root");
        return;
    }
    REQUIRE(write_file(directory / "r.json", "old").empty());
    const std::string message = write_file(directory / "r.json", std::string(1 << 20, 'x'));
    CHECK(contains(message, "No space left on device"));
    CHECK(content_of(directory / "r.json") == "old");
    CHECK(directory.entries() == 1);
    CHECK(write_file(directory / "r.json", "new").empty());
    REQUIRE(::umount(directory.path().c_str()) == 0);
}

TEST_CASE("write_file_to_a_pipe_goes_through_it") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    CHECK(write_file("/dev/fd/" + std::to_string(ends[1]), "hello").empty());
    char text[16] = {};
    CHECK(::read(ends[0], text, sizeof text) == 5);
    CHECK(std::string(text) == "hello");
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("check_output_finds_out_before_the_run") {
    const scratch_directory directory;
    CHECK(message_of_check(directory / "r.json").empty());
    CHECK(directory.entries() == 0);
    CHECK(message_of_check("relative.json").empty());
    CHECK(message_of_check("/dev/full").empty());
    CHECK(contains(message_of_check(directory.path()), "is a directory"));
    CHECK(contains(message_of_check(directory / "no/r.json"), "mkdir -p " + (directory / "no")));
    CHECK(contains(message_of_check(""), "--output"));
    REQUIRE(write_file(directory / "file", "x").empty());
    CHECK(contains(message_of_check(directory / "file/r.json"), "Not a directory"));
    ::chmod(directory.path().c_str(), 0555);
    CHECK(as_nobody([&] {
              return contains(message_of_check(directory / "r.json"), "must take new files") ? 0
                                                                                             : 1;
          }) == 0);
}

TEST_CASE("run_ids_sort_by_time_and_name_files") {
    const std::string id = make_run_id(1'795'359'845'123'000'000, 0xabcdef3f9a2c);
    CHECK(id == "20261122T150405Z-abcdef3f9a2c");
    CHECK(default_file_name("mixed", id) == "mixed-20261122T150405Z-abcdef3f9a2c.json");
    CHECK(default_file_name("", "1") == "run-1.json");
    CHECK(default_file_name("../../etc/x y\n", "1") == "_._.._etc_x_y_-1.json");
    CHECK(default_file_name(std::string(1000, 'x'), id).size() < 200);
}

TEST_CASE("stream_lies_beside_its_result_unless_that_is_no_file") {
    CHECK(stream_path("a/r.json") == "a/r.jsonl");
    CHECK(stream_path("a/r") == "a/r.jsonl");
    CHECK(stream_path("/dev/stdout").empty());
    CHECK(stream_path("/dev/full").empty());
}

TEST_CASE("stream_of_a_link_is_that_of_what_it_points_to_and_none_is_a_result") {
    const std::string folder =
        std::filesystem::temp_directory_path() / ("chopsticks-links-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    std::ofstream(folder + "/o.json") << "{}";
    std::filesystem::create_symlink("o.json", folder + "/link.json");
    CHECK(stream_path(folder + "/link.json") ==
          std::filesystem::canonical(folder).string() + "/o.jsonl");
    CHECK(stream_path(folder + "/o.json") == folder + "/o.jsonl");
    CHECK_NOTHROW(check_output(folder + "/link.json"));
    CHECK_THROWS_AS(check_output(folder + "/o.jsonl"), config_error);
    std::filesystem::remove_all(folder);
}
