#include <doctest/doctest.h>
#include <unistd.h>

#include <chopsticks/telemetry/contention.hpp>
#include <filesystem>
#include <fstream>

using namespace chopsticks::telemetry;
namespace fs = std::filesystem;

namespace {

/// A made-up /proc and /sys.
struct made_up_host {
    made_up_host() {
        char name[] = "/tmp/chopsticks-contention-XXXXXX";
        root = ::mkdtemp(name);
    }
    ~made_up_host() { fs::remove_all(root); }
    void put(const std::string& path, const std::string& text) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }
    void task(int id, const std::string& name, int ticks, int started = 50) const {
        put("proc/" + std::to_string(id) + "/stat", std::to_string(id) + " (" + name +
                                                        ") S 1 1 1 0 -1 4194304 9 0 0 0 " +
                                                        std::to_string(ticks) + " 0 0 0 20 0 3 0 " +
                                                        std::to_string(started) + " 1 1 1 1 1 1\n");
    }
    std::optional<cpu_throttle> throttle() const {
        return read_throttle((root / "proc").string(), (root / "sys").string());
    }
    task_table tasks() const { return read_tasks((root / "proc").string()); }
    fs::path root;
};

constexpr const char* v2_stat =
    "usage_usec 900\nuser_usec 800\nsystem_usec 100\nnr_periods 30\nnr_throttled 21\n"
    "throttled_usec 1400000\nnr_bursts 0\nburst_usec 0\n";

}  // namespace

TEST_CASE("cpu_stat_of_both_versions_is_read") {
    const auto v2 = parse_cpu_stat(v2_stat);
    REQUIRE(v2.has_value());
    CHECK(v2->periods == 30);
    CHECK(v2->throttled_periods == 21);
    CHECK(v2->throttled_ns == 1'400'000'000);
    const auto v1 = parse_cpu_stat("nr_periods 30\nnr_throttled 21\nthrottled_time 1400000001\n");
    REQUIRE(v1.has_value());
    CHECK(v1->throttled_ns == 1'400'000'001);
    // The root's of v2.
    CHECK_FALSE(parse_cpu_stat("usage_usec 900\nuser_usec 800\nsystem_usec 100\n").has_value());
    CHECK_FALSE(parse_cpu_stat("").has_value());
    CHECK_FALSE(parse_cpu_stat("nr_periods x\nnr_throttled 1\nthrottled_time 2\n").has_value());
}

TEST_CASE("cgroup_paths_of_every_layout_are_read") {
    CHECK(parse_cgroup("0::/user.slice/a:b\n").unified == "/user.slice/a:b");
    const cgroup_paths v1 = parse_cgroup(
        "9:name=systemd:/s\n3:cpuset:/c\n2:cpu,cpuacct:/docker/4f\n4:memory:/m\n0::/u\n");
    CHECK(v1.cpu == "/docker/4f");
    CHECK(v1.unified == "/u");
    CHECK(parse_cgroup("3:cpuacct:/x\n1:cpuset:/y\n").cpu.empty());
    CHECK(parse_cgroup("nonsense\n").unified.empty());
}

TEST_CASE("throttling_is_that_of_the_group_or_of_one_above_it") {
    const made_up_host s;
    CHECK_FALSE(s.throttle().has_value());
    s.put("proc/self/cgroup", "0::/pod/box\n");
    CHECK_FALSE(s.throttle().has_value());
    s.put("sys/fs/cgroup/pod/box/cpu.stat", "nr_periods 5\nnr_throttled 0\nthrottled_usec 0\n");
    CHECK(s.throttle()->throttled_ns == 0);
    // The pod's quota stops the box as well.
    s.put("sys/fs/cgroup/pod/cpu.stat", v2_stat);
    CHECK(s.throttle()->throttled_ns == 1'400'000'000);
    CHECK(s.throttle()->throttled_periods == 21);
    // A container of v1 names the host's path, but sees its own group as the root.
    s.put("proc/self/cgroup", "5:cpu,cpuacct:/docker/77\n");
    s.put("sys/fs/cgroup/cpu,cpuacct/cpu.stat", "nr_periods 9\nnr_throttled 8\nthrottled_time 7\n");
    CHECK(s.throttle()->throttled_ns == 7);
}

TEST_CASE("who_used_cpu_time_is_told_by_name_and_difference") {
    const made_up_host s;
    const int tick_ns = static_cast<int>(1'000'000'000 / ::sysconf(_SC_CLK_TCK));
    s.task(1, "init", 900);
    s.task(10, "msgr-worker-0", 100);
    s.task(11, "msgr-worker-1", 100);
    s.task(12, "me", 100);
    s.put("proc/stat", "cpu 1 2 3 4\n");
    CHECK(s.tasks().size() == 4);
    CHECK(s.tasks().at(10).cpu_ns == 100LL * tick_ns);
    cpu_users users(12);
    users.look(s.tasks());
    CHECK(users.top(3).empty());
    s.task(10, "msgr-worker-0", 150);
    s.task(11, "msgr-worker-1", 130);
    s.task(12, "me", 500);
    s.task(13, "cc1plus", 60, 99);  // began meanwhile
    users.look(s.tasks());
    // The same number, another process: all of its time is new.
    s.task(10, "as", 7, 120);
    s.task(11, "msgr-worker-1", 140);
    users.look(s.tasks());
    const auto top = users.top(3);
    REQUIRE(top.size() == 3);
    CHECK(top[0].name == "msgr-worker");
    CHECK(top[0].tasks == 2);
    CHECK(top[0].cpu_s == doctest::Approx(90e-9 * tick_ns));
    CHECK(top[1].name == "cc1plus");
    CHECK(top[1].cpu_s == doctest::Approx(60e-9 * tick_ns));
    CHECK(top[2].name == "as");
    CHECK(users.top(1).size() == 1);
    users.forget();
    CHECK(users.top(3).empty());
}

TEST_CASE("task_names_may_hold_anything_and_come_out_printable") {
    const auto who = parse_task_identity(
        "7 (a) S 9 (b\xff) R 1 1234 1234 0 -1 4194304 900 0 0 0 3 4 0 0 20 0 3 0 55 6\n");
    REQUIRE(who.has_value());
    CHECK(who->name == "a) S 9 (b\xff");
    CHECK(who->started_ticks == 55);
    CHECK_FALSE(parse_task_identity("7 a S 1").has_value());
    CHECK_FALSE(parse_task_identity("7 (a) S 1 2 3\n").has_value());
    cpu_users users;
    users.look({});
    users.look({{7, {"x\xff\n9", 1, 1'000'000'000}}});
    REQUIRE(users.top(1).size() == 1);
    CHECK(users.top(1)[0].name == "x??");
}
