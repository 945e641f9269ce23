#include <doctest/doctest.h>

#include <chopsticks/process/messages.hpp>
#include <string>

using namespace chopsticks::process;
using chopsticks::op_status;

TEST_CASE("read_greeting_takes_what_a_program_says_of_itself") {
    greeting said;
    CHECK(
        read_greeting(R"({"ready":1,"name":"x","version":"2","operations":["put","get"],"more":[],)"
                      R"("figures":[{"name":"requests","unit":"requests","kind":"counter",)"
                      R"("description":"sent"},{"name":"held","unit":"bytes","kind":"gauge",)"
                      R"("description":"held"}]})",
                      said)
            .empty());
    CHECK(said.name == "x");
    CHECK(said.has("get"));
    CHECK_FALSE(said.has("head"));
    REQUIRE(said.figures.size() == 2);
    CHECK(said.figures[1].kind == chopsticks::stats::figure_kind::gauge);
}

TEST_CASE("read_greeting_says_what_is_wrong") {
    const auto wrong = [](const std::string& line) {
        greeting said;
        return read_greeting(line, said);
    };
    CHECK(wrong("hello").find("`hello`") != std::string::npos);
    CHECK(wrong(R"({"ready":2,"operations":["put"]})").find("version") != std::string::npos);
    CHECK(wrong(R"({"ready":1})").find("operations") != std::string::npos);
    CHECK(wrong(R"({"ready":1,"operations":[]})").find("operations") != std::string::npos);
    CHECK(wrong(R"({"ready":1,"operations":[1]})").find("no text") != std::string::npos);
    CHECK(wrong(R"({"ready":1,"operations":"put"})").find("no array") != std::string::npos);
    CHECK(wrong(R"({"ready":1,"operations":["put"],"figures":[{"name":"A"}]})") != "");
    CHECK(wrong(R"({"operations":["put"]})").find("first line") != std::string::npos);
}

TEST_CASE("read_answer_takes_an_answer") {
    answer said;
    CHECK(read_answer(R"({"id":7,"ok":true,"status":206,"bytes":3,"body":3,"retries":2,)"
                      R"("entries":4,"truncated":true,"x":{"y":[]},"figures":{"requests":9}})",
                      said)
              .empty());
    CHECK(said.id == 7);
    CHECK(said.ok);
    CHECK(said.status == 206);
    CHECK(said.bytes == 3);
    CHECK(said.body == 3);
    CHECK(said.retries == 2);
    CHECK(said.entries == 4);
    CHECK(said.truncated);
    CHECK(said.figures.raw == R"({"requests":9})");
    CHECK(read_answer(R"({"id":8,"ok":false,"class":"timeout","code":"X","message":"a\nb"})", said)
              .empty());
    CHECK_FALSE(said.ok);
    CHECK(said.failure == op_status::timeout);
    CHECK_FALSE(said.bytes);
    CHECK(std::string(said.code) == "X");
    // A line for a person is one line.
    CHECK(std::string(said.message) == "a b");
    CHECK(read_answer(R"({"figures":{"a":1}})", said).empty());
    CHECK_FALSE(said.has_id);
    const std::string late = R"({"id":1,"ok":false,"message":")" + std::string(5000, 'm') + "\"}";
    CHECK(read_answer(late, said).empty());
    CHECK(std::string(said.message).size() == sizeof said.message - 1);
}

TEST_CASE("read_answer_says_what_is_none") {
    for (const char* const line : {"",
                                   "hello",
                                   "[1]",
                                   "{}",
                                   R"({"id":1})",
                                   R"({"ok":true})",
                                   R"({"id":-1,"ok":true})",
                                   R"({"id":"1","ok":true})",
                                   R"({"id":1,"ok":1})",
                                   R"({"id":1,"ok":true,"body":"x"})",
                                   R"({"id":1,"ok":true,"body":-3})",
                                   R"({"id":1,"ok":true,"status":"200 OK"})",
                                   R"({"id":1,"ok":true,"status":1000})",
                                   R"({"id":1,"ok":true,"retries":-1})",
                                   R"({"id":1,"ok":false,"class":"sad"})",
                                   R"({"id":1,"ok":false,"class":"ok"})",
                                   R"({"id":1,"ok":true,"figures":[]})",
                                   R"({"figures":{},"body":3})",
                                   R"({"id":1,"ok":true)",
                                   R"({"id":1,"ok":true}{)"}) {
        CAPTURE(line);
        answer said;
        CHECK_FALSE(read_answer(line, said).empty());
    }
}
