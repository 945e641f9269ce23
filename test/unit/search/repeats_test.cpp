// In which order runs are repeated, and how their files are called.

#include <doctest/doctest.h>

#include <algorithm>
#include <chopsticks/search/repeats.hpp>

namespace {

using namespace chopsticks;
using search::in_turns;
using search::numbered_alike;
using search::numbered_file;
using search::turn;
using names = std::vector<std::string>;

std::string letters(unsigned repeat) {
    std::string out;
    for (const turn& one : in_turns(repeat, 2))
        out += one.side == 1 ? 'B' : 'A';
    return out;
}

TEST_CASE("repeats_take_turns_as_a_b_b_a") {
    CHECK(letters(1) == "AB");
    CHECK(letters(2) == "ABBA");
    CHECK(letters(5) == "ABBAABBAAB");
}

TEST_CASE("repeats_number_pairs_and_finish_one_before_the_next") {
    for (const unsigned repeat : {1U, 2U, 5U, 1000U}) {
        const std::vector<turn> all = in_turns(repeat, 2);
        REQUIRE(all.size() == 2 * repeat);
        for (std::size_t i = 0; i < all.size(); ++i)
            CHECK(all[i].number == i / 2 + 1);
        for (std::size_t i = 0; i < all.size(); i += 2)
            CHECK(all[i].side != all[i + 1].side);
    }
}

TEST_CASE("repeats_keep_an_even_drift_out_of_both_sides") {
    for (const unsigned repeat : {2U, 4U, 10U, 3U, 7U}) {
        long apart = 0;
        long at = 0;
        for (const turn& one : in_turns(repeat, 2)) {
            apart += one.side == 1 ? at : -at;
            ++at;
        }
        CHECK(apart == (repeat % 2 == 0 ? 0 : 1));
    }
}

TEST_CASE("repeats_of_several_sides_go_to_and_fro") {
    std::string order;
    for (const turn& one : in_turns(3, 3))
        order += static_cast<char>('A' + one.side);
    CHECK(order == "ABCCBAABC");
    for (const unsigned repeat : {2U, 6U}) {
        std::vector<std::size_t> sums(4);
        const std::vector<turn> all = in_turns(repeat, sums.size());
        for (std::size_t at = 0; at < all.size(); ++at) {
            CHECK(all[at].number == at / sums.size() + 1);
            sums[all[at].side] += at;
        }
        CHECK(std::all_of(sums.begin(), sums.end(),
                          [&](std::size_t sum) { return sum == sums.front(); }));
    }
}

TEST_CASE("repeats_name_files_so_that_they_sort_as_they_were_made") {
    CHECK(numbered_file("x.json", 3, 5) == "x-3.json");
    CHECK(numbered_file("out/x.json", 3, 10) == "out/x-03.json");
    CHECK(numbered_file("out.d/x", 12, 1000) == "out.d/x-0012");
    CHECK(numbered_file("./.x", 1, 1) == "./.x-1");
    CHECK(numbered_file("a.b.json", 1, 1) == "a.b-1.json");
    names all;
    for (unsigned i = 1; i <= 120; ++i)
        all.push_back(numbered_file("mixed.json", i, 120));
    CHECK(std::is_sorted(all.begin(), all.end()));
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("repeats_know_what_another_series_of_that_name_left") {
    // Of any length: five runs beside the last of ten would be compared with them.
    const names there = {"run-07.json",  "run-3.jsonl",    "run-1.json", "run-x1.json",
                         "run-1.txt",    "runner-1.json",  "run.json",   "run-.json",
                         "run-2-1.json", "run-12.json.bak"};
    CHECK(numbered_alike("run.json", there) == names{"run-07.json", "run-1.json", "run-3.jsonl"});
    CHECK(numbered_alike("log", {"log-1", "log-01", "log", "log-1.json"}) ==
          names{"log-01", "log-1"});
    CHECK(numbered_alike("run.json", {}).empty());
}

}  // namespace
