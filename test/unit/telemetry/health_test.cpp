#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chopsticks/telemetry/health.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace chopsticks::telemetry;
namespace fs = std::filesystem;

namespace {

/// A made-up /proc and /sys.
struct made_up_system {
    made_up_system() {
        char name[] = "/tmp/chopsticks-health-XXXXXX";
        root = ::mkdtemp(name);
        put("proc/stat", "cpu 100 0 0 100 0 0 0 0\n");
        net(0, 0);
        put("proc/sys/net/ipv4/ip_local_port_range", "1000 1999\n");
        put("proc/cpuinfo", "processor : 0\ncpu MHz : 2000.5\n\nprocessor : 1\ncpu MHz : 3000\n");
        put("sys/class/net/eth0/speed", "1000\n");
        put("sys/class/net/eth0/device/vendor", "x");
        put("sys/class/net/veth1/speed", "10000\n");
    }
    ~made_up_system() { fs::remove_all(root); }

    void put(const std::string& path, const std::string& text) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << text;
    }
    void net(std::uint64_t rx, std::uint64_t tx) const {
        put("proc/net/dev",
            "Inter-|   Receive\n face |bytes packets\n  eth0: " + std::to_string(rx) +
                " 0 0 0 0 0 0 0 " + std::to_string(tx) + " 0 0 0 0 0 0 0\n");
    }
    sampler_options options() const {
        sampler_options o;
        o.proc = root / "proc";
        o.sys = root / "sys";
        o.interval_ns = 3'600'000'000'000;  // only when the test asks
        o.clock_offset = [] { return std::int64_t{0}; };
        return o;
    }
    fs::path root;
};

}  // namespace

TEST_CASE("cpu_mhz_is_read_of_each_cpu_that_says") {
    const auto mhz = parse_cpu_mhz("processor : 0\ncpu MHz : 2000.5\nprocessor : 3\nflags : x\n");
    REQUIRE(mhz.size() == 1);
    CHECK(mhz.at(0) == doctest::Approx(2000.5));
    CHECK(parse_cpu_mhz("cpu MHz : 12\n").empty());
}

TEST_CASE("line_rate_is_that_of_hardware_alone") {
    const made_up_system made;
    const std::string sys = made.root / "sys";
    CHECK(line_rate("eth0", sys).value_or(0) == doctest::Approx(125e6));
    CHECK_FALSE(line_rate("veth1", sys).has_value());
    CHECK_FALSE(line_rate("none", sys).has_value());
    made.put("sys/class/net/eth0/speed", "-1\n");
    CHECK_FALSE(line_rate("eth0", sys).has_value());
}

TEST_CASE("interfaces_below_those_that_lead_to_the_target_are_watched_too") {
    const made_up_system made;
    made.put("sys/class/net/bond0/device/x", "");
    made.put("sys/class/net/bond0/lower_eth7/x", "");
    const auto found = interfaces_towards({}, made.root / "sys");
    CHECK(found == std::vector<std::string>{"bond0", "eth0", "eth7"});
    const auto loopback = interfaces_towards({*parse_peer("127.0.0.1:80")});
    REQUIRE(loopback.size() == 1);
    CHECK(loopback[0] == "lo");
}

TEST_CASE("sampler_sees_steal_a_full_line_and_a_stepped_clock") {
    const made_up_system made;
    std::atomic<std::int64_t> offset{1'000};
    sampler_options o = made.options();
    o.cpus = {1};
    o.clock_offset = [&offset] { return offset.load(); };
    health_sampler sampler(o, 0.95);
    sampler.begin();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    made.put("proc/stat", "cpu 160 0 0 120 0 0 0 20\n");
    made.net(1, 10'000'000'000);
    offset = 1'000 - 250'000'000;
    const health_summary s = sampler.end();
    CHECK(s.samples == 1);
    CHECK(s.steal_share_max.value_or(0) == doctest::Approx(0.2));
    CHECK(s.over.host_steal_share.value_or(0) == doctest::Approx(0.2));
    REQUIRE(s.nics.count("eth0") == 1);
    const nic_summary& nic = s.nics.at("eth0");
    CHECK(nic.moved.tx_bytes == 10'000'000'000);
    CHECK(nic.speed_bytes_per_s.value_or(0) == doctest::Approx(125e6));
    CHECK(nic.utilisation_max.value_or(0) > 1);
    CHECK(nic.at_limit_share == doctest::Approx(1.0));
    CHECK(s.clock_steps == 1);
    CHECK(s.clock_step_ns == -250'000'000);
    CHECK(s.cpu_mhz_mean.value_or(0) == doctest::Approx(3000));
    CHECK(s.ports_in_all == 1000);
    CHECK(s.cost_ns > 0);
    CHECK(sampler.latest().clock_step_ns == -250'000'000);
    // Asked again, it says the same.
    CHECK(sampler.end().clock_steps == 1);
}

TEST_CASE("sampler_takes_samples_by_itself") {
    sampler_options o;
    o.interval_ns = 5'000'000;
    health_sampler sampler(o);
    sampler.begin();
    for (int i = 0; i < 1000 && sampler.latest().duration_s == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const health_summary s = sampler.end();
    CHECK(s.samples >= 2);
    CHECK(s.clock_steps == 0);
    CHECK(s.open_fds_max.value_or(0) > 2);
    CHECK(s.fds_limit > 0);
    CHECK(s.rss_bytes_max.value_or(0) > 100'000);
}

TEST_CASE("summary_weighs_samples_by_their_length_and_tells_peaks_from_a_full_line") {
    health_sum sum(0.95);
    for (const double use : {0.99, 0.5, 0.5, 0.5}) {
        health_sample one;
        one.duration_s = use > 0.9 ? 1 : 3;
        one.cpu_mhz = use > 0.9 ? 1000 : 3000;
        one.nics["eth0"] = {0, 0, use};
        one.ports_left = use > 0.9 ? 7 : 100;
        one.retransmits = 2;
        sum.add(one, {1000, 3000});
    }
    const health_summary s = sum.take({});
    CHECK(s.nics.at("eth0").at_limit_share == doctest::Approx(0.1));
    CHECK(s.nics.at("eth0").utilisation_max.value_or(0) == doctest::Approx(0.99));
    CHECK(s.cpu_mhz_mean.value_or(0) == doctest::Approx(2800));
    CHECK(s.cpu_mhz_min.value_or(0) == doctest::Approx(1000));
    CHECK(s.ports_left_min == 7);
    CHECK(s.retransmits == 8);
    CHECK(s.rtt.count() == 8);
}
