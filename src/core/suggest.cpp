#include <algorithm>
#include <chopsticks/core/suggest.hpp>

namespace chopsticks {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    const std::string wanted = lower(word);
    std::string best;
    std::size_t best_distance = word.size() / 3 + 2;  // exclusive: "rnage" finds "range"
    for (const std::string_view original : candidates) {
        const std::string c = lower(original);
        // Levenshtein's distance with swapped neighbours counted once (optimal string alignment).
        std::vector<std::vector<std::size_t>> d(wanted.size() + 1,
                                                std::vector<std::size_t>(c.size() + 1));
        for (std::size_t i = 0; i <= wanted.size(); ++i)
            d[i][0] = i;
        for (std::size_t j = 0; j <= c.size(); ++j)
            d[0][j] = j;
        for (std::size_t i = 1; i <= wanted.size(); ++i) {
            for (std::size_t j = 1; j <= c.size(); ++j) {
                const std::size_t change = d[i - 1][j - 1] + (wanted[i - 1] == c[j - 1] ? 0 : 1);
                d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, change});
                if (i > 1 && j > 1 && wanted[i - 1] == c[j - 2] && wanted[i - 2] == c[j - 1]) {
                    d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        const std::size_t distance = d[wanted.size()][c.size()];
        if (distance < best_distance && distance < c.size()) {
            best_distance = distance;
            best = original;
        }
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates) {
    // A hand-written word is short; a long one would only cost time.
    const std::string near = word.size() <= 64 ? nearest(word, candidates) : std::string();
    if (!near.empty()) return "did you mean \"" + near + "\"?";
    std::string out = "known are ";
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        out += (i == 0 ? "" : ", ") + std::string(candidates[i]);
    }
    return out;
}

}  // namespace chopsticks
