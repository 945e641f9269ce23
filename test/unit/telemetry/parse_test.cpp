#include <doctest/doctest.h>

#include <chopsticks/telemetry/parse.hpp>
#include <string>

using namespace chopsticks::telemetry;

namespace {

constexpr std::string_view net_dev =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
    "fifo colls carrier compressed\n"
    "    lo:    1100      10    0    0    0     0          0         0     1100      10    0    0  "
    "  "
    "0     0       0          0\n"
    "eth0:0:18446744073709551615 22 1 2 3 4 5 6 33 44 7 8 9 10 11 12\n";

constexpr std::string_view snmp =
    "Ip: Forwarding DefaultTTL\n"
    "Ip: 2 64\n"
    "Tcp: RtoAlgorithm RtoMin MaxConn ActiveOpens AttemptFails EstabResets OutSegs RetransSegs\n"
    "Tcp: 1 200 -1 33 4 5 8123 17\n"
    "TcpExt: OutSegs\n"
    "TcpExt: 99\n";

}  // namespace

TEST_CASE("task_stat_of_a_plain_command_gives_user_and_system_time") {
    const auto times = parse_task_stat(
        "1234 (chopsticks) S 1 1234 1234 0 -1 4194304 900 0 0 0 250 31 0 0 20 0 3 0 55 0 0\n", 100);
    REQUIRE(times.has_value());
    CHECK(times->user_ns == 2'500'000'000);
    CHECK(times->system_ns == 310'000'000);
}

TEST_CASE("task_stat_command_with_blanks_and_parentheses_does_not_shift_the_fields") {
    const auto times = parse_task_stat(
        "7 (a) S 9 (b c) R 1 1234 1234 0 -1 4194304 900 0 0 0 3 4 0 0 20 0 3 0 55\n", 1000);
    REQUIRE(times.has_value());
    CHECK(times->user_ns == 3'000'000);
    CHECK(times->system_ns == 4'000'000);
}

TEST_CASE("task_stat_malformed_gives_nothing") {
    CHECK_FALSE(parse_task_stat("", 100));
    CHECK_FALSE(parse_task_stat("1234 (x", 100));
    CHECK_FALSE(parse_task_stat("1234 (x) S 1 2 3", 100));
    CHECK_FALSE(parse_task_stat("1 (x) S 1 2 3 4 5 6 7 8 9 10 250", 100));
    CHECK_FALSE(parse_task_stat("1 (x) S 1 2 3 4 5 6 7 8 9 10 25x 31 0", 100));
    CHECK_FALSE(parse_task_stat("1 (x) S 1 2 3 4 5 6 7 8 9 10 250 -31 0", 100));
    CHECK_FALSE(parse_task_stat("1 (x) S 1 2 3 4 5 6 7 8 9 10 250 31 0", 0));
}

TEST_CASE("status_gives_current_and_highest_resident_memory") {
    const auto memory =
        parse_status("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n");
    REQUIRE(memory.has_value());
    CHECK(memory->rss_bytes == 1024 * 1024);
    CHECK(memory->rss_max_bytes == 2048 * 1024);
}

TEST_CASE("status_of_a_kernel_thread_or_of_another_unit_gives_nothing") {
    CHECK_FALSE(parse_status("Name:\tkthreadd\nThreads:\t1\n"));
    CHECK_FALSE(parse_status("VmHWM:\t 2048 kB\n"));
    CHECK_FALSE(parse_status("VmHWM:\t 2048 MB\nVmRSS:\t 1024 kB\n"));
    CHECK_FALSE(parse_status("VmHWM:\t 2048 kB\nVmRSS:\t 18446744073709551615 kB\n"));
}

TEST_CASE("proc_stat_guest_time_is_not_counted_twice") {
    const auto cpu = parse_proc_stat("cpu  100 1 20 700 30 4 5 6 50 60\ncpu0 1 2 3 4\nintr 5\n");
    REQUIRE(cpu.has_value());
    CHECK(cpu->busy == 100 + 1 + 20 + 4 + 5);
    CHECK(cpu->idle == 700 + 30);
    CHECK(cpu->steal == 6);
}

TEST_CASE("proc_stat_of_an_old_kernel_has_no_steal") {
    const auto cpu = parse_proc_stat("cpu 1 2 3 4\n");
    REQUIRE(cpu.has_value());
    CHECK(cpu->steal == 0);
    CHECK(cpu->busy == 6);
}

TEST_CASE("proc_stat_without_the_total_or_with_rubbish_gives_nothing") {
    CHECK_FALSE(parse_proc_stat(""));
    CHECK_FALSE(parse_proc_stat("cpu0 1 2 3 4 5 6 7 8\n"));
    CHECK_FALSE(parse_proc_stat("cpu 1 2 3\n"));
    CHECK_FALSE(parse_proc_stat("cpu 1 2 x 4 5\n"));
}

TEST_CASE("net_dev_reads_names_with_colons_and_numbers_glued_to_them") {
    const auto nics = parse_net_dev(net_dev);
    REQUIRE(nics.has_value());
    REQUIRE(nics->size() == 2);
    CHECK(nics->at("lo").rx_bytes == 1100);
    CHECK(nics->at("lo").tx_packets == 10);
    const nic_counters& alias = nics->at("eth0:0");
    CHECK(alias.rx_bytes == 18446744073709551615ULL);
    CHECK(alias.rx_packets == 22);
    CHECK(alias.rx_dropped == 2);
    CHECK(alias.tx_bytes == 33);
    CHECK(alias.tx_packets == 44);
    CHECK(alias.tx_dropped == 8);
}

TEST_CASE("net_dev_leaves_out_lines_that_make_no_sense") {
    const std::string text =
        std::string(net_dev) + "eth1: 1 2 3\n: 1 2 3 4 5 6 7 8 9 1 2 3 4\nrubbish";
    const auto nics = parse_net_dev(text);
    REQUIRE(nics.has_value());
    CHECK(nics->size() == 2);
}

TEST_CASE("net_dev_without_its_heading_gives_nothing") {
    CHECK_FALSE(parse_net_dev(""));
    CHECK_FALSE(parse_net_dev("lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"));
}

TEST_CASE("snmp_takes_the_tcp_table_and_not_its_namesakes") {
    const auto tcp = parse_snmp(snmp);
    REQUIRE(tcp.has_value());
    CHECK(tcp->segments_out == 8123);
    CHECK(tcp->retransmits == 17);
    CHECK(tcp->failed_connects == 4);
    CHECK(tcp->resets_in == 5);
    CHECK(parse_net_table(snmp, "TcpExt", "OutSegs") == 99);
}

TEST_CASE("net_table_that_is_cut_or_has_no_such_name_gives_nothing") {
    CHECK_FALSE(parse_snmp(""));
    CHECK_FALSE(parse_snmp("Tcp: OutSegs RetransSegs\n"));
    CHECK_FALSE(parse_snmp("Tcp: OutSegs RetransSegs\nTcp: 5\n"));
    CHECK_FALSE(parse_snmp("Tcp: OutSegs RetransSegs\nUdp: 5 6\n"));
    CHECK_FALSE(parse_net_table(snmp, "Tcp", "Nothing"));
    // A signed value (MaxConn is -1) is no count.
    CHECK_FALSE(parse_net_table(snmp, "Tcp", "MaxConn"));
}

TEST_CASE("meminfo_gives_bytes") {
    CHECK(parse_meminfo_total("MemTotal:        2030688 kB\nMemFree: 1 kB\n") == 2079424512ULL);
    CHECK_FALSE(parse_meminfo_total("MemFree: 1 kB\n"));
    CHECK_FALSE(parse_meminfo_total("MemTotal: many kB\n"));
}

TEST_CASE("cpu_model_is_found_in_the_words_of_each_architecture") {
    CHECK(parse_cpu_model("processor\t: 0\ncpu family\t: 25\nmodel name\t: AMD EPYC 7R13\n") ==
          "AMD EPYC 7R13");
    CHECK(parse_cpu_model("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n") ==
          "POWER9, altivec supported");
    CHECK(parse_cpu_model("processor\t: 0\nBogoMIPS\t: 243\nCPU part\t: 0xd0c\n") ==
          "ARM part 0xd0c");
    CHECK_FALSE(parse_cpu_model("processor\t: 0\nmodel name\t:\n"));
}

TEST_CASE("port_range_needs_two_ports_in_order") {
    const auto range = parse_port_range("32768\t60999\n");
    REQUIRE(range.has_value());
    CHECK((*range)[0] == 32768);
    CHECK((*range)[1] == 60999);
    CHECK_FALSE(parse_port_range("32768\n"));
    CHECK_FALSE(parse_port_range("60999 32768\n"));
    CHECK_FALSE(parse_port_range("32768 70000\n"));
}
