#include <doctest/doctest.h>

#include <array>
#include <chopsticks/scenario/command_template.hpp>

#include "messages.hpp"

using namespace chopsticks::scenario;
using messages::contains;

namespace {

constexpr std::array<std::string_view, 3> names = {"key", "bucket", "size"};
const std::array<std::string, 3> values = {"a b/'c\"$(d)", "box", "7"};

std::vector<std::string> words(std::string_view command) {
    std::string problem;
    const auto parsed = command_template::parse(command, names, problem);
    CHECK(problem.empty());
    return parsed.words(values);
}

std::string problem_of(std::string_view command) {
    std::string problem;
    command_template::parse(command, names, problem);
    return problem;
}

}  // namespace

TEST_CASE("command_template_replaces_within_words_and_never_parts_them") {
    using all = std::vector<std::string>;
    CHECK(words("tool s3://{bucket}/{key} -") == all{"tool", "s3://box/a b/'c\"$(d)", "-"});
    CHECK(words("'{bucket} {size}' {size}{size}") == all{"box 7", "77"});
    CHECK(words("x '' {{key}} }}{{") == all{"x", "", "{key}", "}{"});
}

TEST_CASE("command_template_says_what_is_wrong") {
    CHECK(contains(problem_of("get {kee}"), "{kee}"));
    CHECK(contains(problem_of("get {kee}"), "\"key\""));
    CHECK(contains(problem_of("get {key"), "brace"));
    CHECK(contains(problem_of("get key}"), "brace"));
    CHECK(contains(problem_of("get 'key"), "quote"));
    CHECK(contains(problem_of(" "), "no command"));
}

TEST_CASE("command_template_knows_what_it_names") {
    std::string problem;
    const auto parsed = command_template::parse("get x{key}", names, problem);
    CHECK(parsed.names(0));
    CHECK_FALSE(parsed.names(1));
}
