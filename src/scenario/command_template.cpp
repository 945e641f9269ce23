#include <algorithm>
#include <chopsticks/core/suggest.hpp>
#include <chopsticks/scenario/command_template.hpp>
#include <chopsticks/scenario/program_options.hpp>

namespace chopsticks::scenario {

text_template text_template::parse(std::string_view text, std::span<const std::string_view> names,
                                   std::string& problem) {
    text_template out;
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        const bool doubled = at + 1 < text.size() && text[at + 1] == c;
        if ((c != '{' && c != '}') || doubled) {
            plain += c;
            if (c == '{' || c == '}') ++at;
            continue;
        }
        const std::size_t end = text.find('}', at);
        if (c == '}' || end == std::string_view::npos) {
            problem = "has a brace without its other one; a brace itself is written twice";
            return out;
        }
        const std::string_view name = text.substr(at + 1, end - at - 1);
        const auto found = std::find(names.begin(), names.end(), name);
        if (found == names.end()) {
            problem = "has a placeholder that is not known here: {" + std::string(name) + "}";
            const std::string near = suggestion(name, {names.begin(), names.end()});
            if (!near.empty()) problem += " (" + near + ")";
            return out;
        }
        if (!plain.empty()) out.pieces_.push_back({plain, std::nullopt});
        plain.clear();
        out.pieces_.push_back({"", static_cast<std::size_t>(found - names.begin())});
        at = end;
    }
    if (!plain.empty()) out.pieces_.push_back({plain, std::nullopt});
    return out;
}

void text_template::append(std::string& out, std::span<const std::string> values) const {
    for (const piece& one : pieces_)
        out += one.placeholder ? values[*one.placeholder] : one.text;
}

bool text_template::names(std::size_t placeholder) const noexcept {
    return std::any_of(pieces_.begin(), pieces_.end(),
                       [&](const piece& one) { return one.placeholder == placeholder; });
}

command_template command_template::parse(std::string_view command,
                                         std::span<const std::string_view> names,
                                         std::string& problem) {
    command_template out;
    const std::vector<std::string> words = split_words(command);
    if (words.empty()) problem = "is no command; does a quote have no end?";
    for (const std::string& word : words) {
        if (!problem.empty()) break;
        out.words_.push_back(text_template::parse(word, names, problem));
    }
    return out;
}

bool command_template::names(std::size_t placeholder) const noexcept {
    return std::any_of(words_.begin(), words_.end(),
                       [&](const text_template& one) { return one.names(placeholder); });
}

std::vector<std::string> command_template::words(std::span<const std::string> values) const {
    std::vector<std::string> out;
    out.reserve(words_.size());
    for (const text_template& one : words_) {
        out.emplace_back();
        one.append(out.back(), values);
    }
    return out;
}

}  // namespace chopsticks::scenario
