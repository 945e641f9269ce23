#include <doctest/doctest.h>

#include <chopsticks/process/json_line.hpp>
#include <map>
#include <string>

using namespace chopsticks::process;

namespace {

/// Members by their names, as they stand; empty where the text is no object.
std::map<std::string, std::string> members_of(std::string_view text) {
    std::map<std::string, std::string> out;
    json_walk walk(text);
    while (walk.next())
        out[std::string(walk.name())] = std::string(walk.value().raw);
    if (!walk.is_whole()) out.clear();
    return out;
}

bool is_object(std::string_view text) {
    json_walk walk(text);
    while (walk.next()) {
    }
    return walk.is_whole();
}

json_value only_value(std::string_view text) {
    json_walk walk(text);
    REQUIRE(walk.next());
    return walk.value();
}

}  // namespace

TEST_CASE("json_walk_object_gives_members_in_place") {
    const auto all = members_of(
        R"( { "a" : 1 , "b":"x\"y", "c":[1,{"d":null}],"e":{"f":[]} , "g":-1.5e3,"h":true } )");
    CHECK(all.at("a") == "1");
    CHECK(all.at("b") == R"(x\"y)");
    CHECK(all.at("c") == R"([1,{"d":null}])");
    CHECK(all.at("e") == R"({"f":[]})");
    CHECK(all.at("g") == "-1.5e3");
    CHECK(all.at("h") == "true");
    CHECK(is_object("{}"));
    CHECK(is_object("[]"));
}

TEST_CASE("json_walk_what_is_no_json_is_told") {
    for (const char* const text : {"",
                                   "1",
                                   "\"x\"",
                                   "{",
                                   "{\"a\"",
                                   "{\"a\":",
                                   "{\"a\":1",
                                   "{\"a\":1,",
                                   "{\"a\":1,}",
                                   "{\"a\" 1}",
                                   "{a:1}",
                                   "{\"a\":01}",
                                   "{\"a\":1.}",
                                   "{\"a\":.5}",
                                   "{\"a\":+1}",
                                   "{\"a\":1e}",
                                   "{\"a\":tru}",
                                   "{\"a\":\"x}",
                                   "{\"a\":\"\\x\"}",
                                   "{\"a\":\"\\u12g4\"}",
                                   "{\"a\":[1,]}",
                                   "{\"a\":[1 2]}",
                                   "{\"a\":{\"b\"}}",
                                   "{\"a\":1}{",
                                   "{\"a\":1} x",
                                   "{\"a\":\"tab\there\"}",
                                   "{,}",
                                   "{\"a\":1 \"b\":2}"}) {
        CAPTURE(text);
        CHECK_FALSE(is_object(text));
    }
    // Each beginning of a right one is none.
    const std::string right = R"({"a":[1,"\u00e4"],"b":{"c":null}})";
    for (std::size_t size = 0; size < right.size(); ++size)
        CHECK_FALSE(is_object(right.substr(0, size)));
    CHECK(is_object(right));
}

TEST_CASE("json_walk_depth_has_a_limit") {
    CHECK(is_object("{\"a\":" + std::string(10, '[') + std::string(10, ']') + "}"));
    CHECK_FALSE(is_object("{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}"));
}

TEST_CASE("json_value_numbers_are_whole_or_nothing") {
    CHECK(only_value("[0]").count() == 0);
    CHECK(only_value("[9007199254740992]").count() == 9007199254740992);
    for (const char* const text : {"[9007199254740993]", "[-1]", "[1.0]", "[1e3]", "[\"1\"]",
                                   "[true]", "[99999999999999999999]"}) {
        CAPTURE(text);
        CHECK_FALSE(only_value(text).count());
    }
    CHECK(only_value("[1.5e1]").number() == 15.0);
    CHECK_FALSE(only_value("[null]").number());
}

TEST_CASE("json_value_text_is_without_escapes_and_cut_to_whole_characters") {
    CHECK(only_value(R"(["a\n\"\\\/\u00e4\ud83d\ude00\ud800"])").text() ==
          "a\n\"\\/\xc3\xa4\xf0\x9f\x98\x80\xef\xbf\xbd");
    char room[4];
    CHECK(only_value(R"(["abc\u00e4"])").copy_text(room) == 3);
    CHECK(only_value("[7]").text().empty());
}

TEST_CASE("append_json_text_is_read_back") {
    const std::string text = "a\"b\\c\n\x01/\xc3\xa4";
    std::string line = "[";
    append_json_text(line, text);
    CHECK(only_value(line + "]").text() == text);
}
