#pragma once
// Small damages to a text, drawn from a stream, for holding two parsers against each other.

#include <chopsticks/core/random.hpp>
#include <string>
#include <string_view>

inline std::string mutate(std::string text, chopsticks::random_stream& random) {
    static constexpr std::string_view letters = "\r\n\t ;:,=\"\\0123459aAfFxXzZ-_.\x01\x7f\x80\xff";
    const auto pick = [&] { return letters[random.below(letters.size())]; };
    for (std::uint64_t i = 1 + random.below(3); i > 0 && !text.empty(); --i) {
        const std::size_t at = random.below(text.size());
        switch (random.below(6)) {
            case 0:
                text[at] = pick();
                break;
            case 1:
                text.insert(at, 1, pick());
                break;
            case 2:
                text.erase(at, 1);
                break;
            case 3:
                text.erase(at, 1 + random.below(4));
                break;
            case 4:
                text.insert(at, text.substr(random.below(text.size()), random.below(24)));
                break;
            default:
                text[at] = static_cast<char>(random());
                break;
        }
    }
    return text;
}
