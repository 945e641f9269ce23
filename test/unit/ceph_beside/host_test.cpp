// What is read on this host: processes of OSDs, admin sockets.

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <chopsticks/core/clock.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "canned.hpp"
#include "ceph/beside/admin_socket.hpp"
#include "ceph/beside/osd_processes.hpp"

using namespace chopsticks;
using namespace chopsticks::ceph::beside;
using namespace std::string_literals;

namespace {

class folder {
  public:
    folder() {
        char name[] = "/tmp/beside-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~folder() { std::filesystem::remove_all(path); }
    void file(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path + "/" + name).parent_path());
        std::ofstream(path + "/" + name, std::ios::binary) << text;
    }
    std::string path;
};

/// A line of /proc/PID/stat: CPU ticks, and when it began.
std::string stat_line(int process, unsigned long ticks, unsigned long began) {
    return std::to_string(process) + " (ceph-osd) S 1 1 1 0 -1 4194560 1 0 0 0 " +
           std::to_string(ticks) + " 0 0 0 20 0 60 0 " + std::to_string(began) + " 1 1 1\n";
}

/// Listens, and answers one connection with bytes as they are.
class daemon_that {
  public:
    explicit daemon_that(const std::string& path, std::string answers)
        : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un at{};
        at.sun_family = AF_UNIX;
        std::memcpy(at.sun_path, path.data(), path.size());
        REQUIRE(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
        REQUIRE(::listen(listener_, 4) == 0);
        thread_ = std::thread([this, text = std::move(answers)] {
            const int one = ::accept(listener_, nullptr, nullptr);
            char asked[256] = {};
            std::size_t got = 0;
            while (got == 0 || asked[got - 1] != '\0') {
                const ssize_t n = ::recv(one, asked + got, sizeof asked - got, 0);
                if (n <= 0) break;
                got += static_cast<std::size_t>(n);
            }
            command = asked;
            ::send(one, text.data(), text.size(), MSG_NOSIGNAL);
            ::close(one);
        });
    }
    ~daemon_that() {
        thread_.join();
        ::close(listener_);
    }
    std::string command;

  private:
    int listener_;
    std::thread thread_;
};

std::string framed(const std::string& body) {
    const auto n = static_cast<std::uint32_t>(body.size());
    return std::string{static_cast<char>(n >> 24), static_cast<char>(n >> 16),
                       static_cast<char>(n >> 8), static_cast<char>(n)} +
           body;
}

constexpr std::int64_t patient_ns = 60'000'000'000;

}  // namespace

TEST_CASE("osd_of_a_command_line") {
    CHECK(osd_of_command_line("ceph-osd\0-i\0"
                              "12\0--keyring\0/k\0"s) == 12);
    CHECK(osd_of_command_line("/usr/bin/ceph-osd\0-f\0--cluster\0ceph\0--id\0"
                              "0\0--setuser\0ceph\0"s) == 0);
    CHECK(osd_of_command_line("ceph-osd\0--id=7\0"s) == 7);
    CHECK(osd_of_command_line("ceph-osd\0-n\0osd.3\0-f\0"s) == 3);
    for (const std::string& text :
         {""s, "ceph-osd\0"s, "ceph-osd\0-i\0"s, "ceph-osd\0-i\0x\0"s, "\0\0\0"s,
          "ceph-osd\0--id\0"
          "99999999999999999999\0"s})
        CHECK_FALSE(osd_of_command_line(text));
}

TEST_CASE("process_of_an_address") {
    CHECK(process_of_address("[v2:127.0.0.1:6802/9256,v1:127.0.0.1:6803/9256]") == 9256);
    CHECK(process_of_address("127.0.0.1:6803/17") == 17);
    for (const char* text : {"", "127.0.0.1:6803", "/", "a/b", "x/-3"})
        CHECK_FALSE(process_of_address(text));
}

TEST_CASE("cpu_of_osds_is_that_since_the_last_look") {
    const folder proc;
    proc.file("41/comm", "ceph-osd\n");
    proc.file("41/cmdline",
              "ceph-osd\0-i\0"
              "5\0"s);
    proc.file("41/stat", stat_line(41, 100, 777));
    proc.file("42/comm", "ceph-mon\n");
    proc.file("42/cmdline",
              "ceph-mon\0-i\0"
              "5\0"s);
    proc.file("43/comm", "ceph-osd\n");
    proc.file("self/comm", "ceph-osd\n");
    osd_processes osds(proc.path);
    const auto found = osds.find();
    REQUIRE(found.size() == 1);
    CHECK(found[0].process == 41);
    CHECK(found[0].osd == 5);
    CHECK(osds.busy(1'000'000'000).empty());
    osds.follow(found[0]);
    CHECK(osds.follows(found[0]));
    CHECK(osds.busy(1'000'000'000).empty());
    const long ticks_per_s = ::sysconf(_SC_CLK_TCK);
    proc.file("41/stat", stat_line(41, 100 + 3 * static_cast<unsigned long>(ticks_per_s), 777));
    const auto busy = osds.busy(3'000'000'000);
    REQUIRE(busy.size() == 1);
    CHECK(busy.at(5) == doctest::Approx(1.5));
    SUBCASE("a number that was given away again is another process") {
        proc.file("41/stat", stat_line(41, 0, 999));
    }
    SUBCASE("one that ended") {
        std::filesystem::remove_all(proc.path + "/41");
    }
    CHECK(osds.busy(4'000'000'000).empty());
    CHECK_FALSE(osds.follows(found[0]));
}

TEST_CASE("admin_socket_is_asked") {
    const folder at;
    const std::string path = at.path + "/x.asok";
    std::string problem;
    const std::string body = canned::text("rgw_perf_dump");
    std::string got;
    std::string command;
    {
        daemon_that d(path, framed(body));
        got = ask_admin_socket(path, "perf dump", patient_ns, problem);
        command = "";
    }
    CHECK(got == body);
    CHECK(problem.empty());
}

TEST_CASE("admin_socket_that_lies_is_no_answer") {
    const folder at;
    const std::string path = at.path + "/x.asok";
    std::string problem;
    for (const std::string& text :
         {""s, "\0\0"s, framed("whole").substr(0, 6), "\x7f\xff\xff\xff{}"s, "\0\0\0\0"s}) {
        std::filesystem::remove(path);
        {
            daemon_that d(path, text);
            CHECK(ask_admin_socket(path, "perf dump", patient_ns, problem).empty());
        }
        CHECK(problem.find(path) == 0);
    }
    std::filesystem::remove(path);
    CHECK(ask_admin_socket(path, "perf dump", patient_ns, problem).empty());
    CHECK(problem == path + ": No such file or directory");
    CHECK(ask_admin_socket(std::string(200, 'x'), "perf dump", patient_ns, problem).empty());
    CHECK(problem.find("longer") != std::string::npos);
}

TEST_CASE("admin_socket_that_is_silent_is_given_up") {
    const folder at;
    const std::string path = at.path + "/x.asok";
    const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    REQUIRE(::listen(listener, 4) == 0);
    std::string problem;
    CHECK(ask_admin_socket(path, "perf dump", 20'000'000, problem).empty());
    CHECK(problem == path + ": no answer in time");
    ::close(listener);
}
