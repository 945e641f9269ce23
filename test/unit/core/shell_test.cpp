// What a shell makes of a word that was quoted, by a shell.

#include <doctest/doctest.h>

#include <array>
#include <chopsticks/core/shell.hpp>
#include <cstdio>
#include <memory>
#include <string>

using chopsticks::shell_word;

namespace {

/// What sh prints of the words of a command.
std::string printed(const std::string& words) {
    const std::string command = "cd / && printf '%s|' " + words;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> sh(::popen(command.c_str(), "r"),
                                                             ::pclose);
    std::array<char, 4096> read{};
    const std::size_t got = std::fread(read.data(), 1, read.size(), sh.get());
    return {read.data(), got};
}

}  // namespace

TEST_CASE("shell_word_is_one_word_of_what_it_was") {
    for (const std::string text :
         {"plain-1.json", "", "two words", "it's", "$HOME", "`id`", "a;b", "*", "[a-z]*", "~",
          "a=b", "#", "\\", "\"", "line\nline", "http://[::1]:80/?a=b&c", "''", "-n"}) {
        CHECK(printed(shell_word(text)) == text + "|");
    }
    CHECK(shell_word("runs/a-1.json") == "runs/a-1.json");
    CHECK(shell_word("a b") == "'a b'");
}
