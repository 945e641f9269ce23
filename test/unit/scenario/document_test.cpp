// What a file can be besides a wrong scenario: not YAML, not text, not reasonable.

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chopsticks/core/random.hpp>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "messages.hpp"

using messages::contains;
using messages::of_scenario;

namespace {

std::string times(const std::string& text, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i)
        out += text;
    return out;
}

std::string message_of_file(const std::string& path) {
    try {
        chopsticks::scenario::load_scenario(path);
        return "";
    } catch (const chopsticks::config_error& e) {
        return e.what();
    }
}

const std::string good = "groups: [{workload: s3, tasks: [get]}]\n";

}  // namespace

TEST_CASE("document_not_yaml_is_refused_with_its_place") {
    const auto message = of_scenario("groups:\n  - workload: s3\n tasks: x\n");
    CHECK(contains(message, "s.yaml:3:2: not valid YAML"));
    CHECK(contains(of_scenario("groups: [\n  {workload: s3"), "s.yaml:"));
    CHECK(contains(of_scenario("name: \"unclosed"), "s.yaml:"));
}

TEST_CASE("document_duplicate_key_is_refused_with_both_lines") {
    CHECK(of_scenario(good + "seed: 1\nseed: 2") ==
          "s.yaml:3:1: \"seed\" is given twice; remove one; the first is in line 2");
}

TEST_CASE("document_second_document_is_refused") {
    CHECK(contains(of_scenario(good + "---\n" + good), "s.yaml:2:1: a second document"));
    CHECK(of_scenario("---\n" + good + "...\n") == "");
}

TEST_CASE("document_tabs_in_the_indentation_are_refused_by_name") {
    CHECK(contains(of_scenario("groups:\n\t- workload: s3\n"), "s.yaml:2:1: the line is indented"));
    CHECK(contains(of_scenario("groups:\n  \t- workload: s3\n"), "s.yaml:2:3: "));
    CHECK(of_scenario("# a comment\n\t\n" + good + "\t# another\n") == "");
    CHECK(of_scenario("name:\tx\n" + good) == "");
}

TEST_CASE("document_windows_line_ends_and_byte_order_mark_are_read") {
    CHECK(of_scenario("\xef\xbb\xbfname: x\r\ngroups:\r\n- workload: s3\r\n  tasks: [get]\r\n") ==
          "");
}

TEST_CASE("document_that_is_no_text_is_refused_at_its_first_wrong_byte") {
    CHECK(contains(of_scenario(std::string("name: a\0b", 9)), "s.yaml:1:8: this is not text"));
    CHECK(contains(of_scenario("name: \xff"), "s.yaml:1:7: "));
    CHECK(contains(of_scenario("name: \xc3"), "s.yaml:1:7: "));
    CHECK(contains(of_scenario("name: \xed\xa0\x80"), "s.yaml:1:7: "));  // half of a surrogate pair
    CHECK(contains(of_scenario("\x7f\x45LF\x02\x01\x01"), "s.yaml:1:1: "));
    CHECK(of_scenario(good + "name: \xf0\x9f\xa5\xa2 \xc3\xa4") == "");
}

TEST_CASE("document_unreasonable_text_gives_one_error_in_short_time") {
    std::string keys;
    for (int i = 0; i < 50'000; ++i)
        keys += "k" + std::to_string(i) + ": 1\n";
    std::string stairs;
    for (int i = 0; i < 1000; ++i)
        stairs += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    const std::string texts[] = {
        times("[", 1'000'000),
        "groups: " + times("[", 100'000) + times("]", 100'000),
        times("{a: ", 150'000),
        times("- ", 400'000),
        times("? ", 400'000),
        times("[{", 300'000),
        times(": ", 400'000),
        times("&a ", 300'000),
        times("!a ", 300'000),
        times("\"", 900'000),
        times("*", 900'000),
        times("---\n", 200'000),
        "[" + times(",", 900'000),
        "groups: [" + times("1,", 400'000) + "]",
        keys,
        "{" + keys + "}",
        stairs,
        std::string(1'000'000, 'x'),
        std::string((1 << 20) + 1, ' '),
        "groups: '" + std::string(1'000'000, 'x') + "'",
    };
    for (const std::string& text : texts) {
        CAPTURE(text.substr(0, 40));
        const std::clock_t start = std::clock();  // CPU time: the machine may be busy
        const std::string message = of_scenario(text);
        const double took_s = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
        CHECK(message.rfind("s.yaml", 0) == 0);
        CHECK(message.size() < 1000);
#ifndef CHOPSTICKS_SANITIZED
        CHECK(took_s < 1);
#else
        CHECK(took_s < 20);
#endif
    }
}

TEST_CASE("document_any_mutation_of_a_scenario_is_read_or_refused") {
    const std::string text = R"(name: mixed
groups:
  - workload: s3
    data: {objects: 10, size: {lognormal: {median: 64KiB, sigma: 1.5}}, popularity: {zipf: 0.99}}
    tasks:
      - {op: get, weight: 70}
      - {name: x, steps: [{op: put}, {op: get}, {op: delete}]}
    load: {closed: {users: 4, think_time: {uniform: [1s, 3s]}}}
phases: {warmup: 2s, measure: 30s}
error_limit: 0.1%
)";
    REQUIRE(of_scenario(text) == "");
    const std::string alphabet = "{}[]:,-&*!?|>'\"%#\n\t 0xA~.e";
    chopsticks::random_stream random(1);
    int refused = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string changed = text;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
            const std::size_t at = random.below(changed.size());
            switch (random.below(4)) {
                case 0:
                    changed[at] = alphabet[random.below(alphabet.size())];
                    break;
                case 1:
                    changed.erase(at, 1 + random.below(10));
                    break;
                case 2:
                    changed.insert(at, 1, alphabet[random.below(alphabet.size())]);
                    break;
                default:
                    changed.insert(at, changed.substr(random.below(changed.size()), 20));
            }
        }
        const std::string message = of_scenario(changed);
        if (!message.empty()) {
            ++refused;
            REQUIRE(message.rfind("s.yaml", 0) == 0);
        }
    }
    CHECK(refused > 5'000);
    CHECK(refused < 20'000);
}

TEST_CASE("document_that_cannot_be_read_says_why") {
    CHECK(
        message_of_file("/nonexistent/a.yaml") ==
        "/nonexistent/a.yaml: cannot read the scenario: No such file or directory; check the path");
    CHECK(contains(message_of_file("/tmp"), "it is a directory"));
    CHECK(contains(message_of_file("/dev/zero"), "larger than 1 MiB"));
    CHECK(contains(message_of_file("/dev/null"), "is empty"));
}

TEST_CASE("workload_config_with_a_secret_that_others_can_read_is_warned_about") {
    char path[] = "/tmp/chopsticks_test_XXXXXX";
    const int file = ::mkstemp(path);
    REQUIRE(file >= 0);
    ::close(file);
    const auto warnings = [&](const char* text, mode_t mode) {
        std::ofstream(path) << text;
        REQUIRE(::chmod(path, mode) == 0);
        return chopsticks::scenario::load_workload_config(path).warnings.size();
    };
    CHECK(warnings("{access_key: a, secret_key: b}", 0644) == 1);
    CHECK(warnings("{access_key: a, secret_key: b}", 0600) == 0);
    CHECK(warnings("{access_key: a}", 0644) == 0);
    ::unlink(path);
}
