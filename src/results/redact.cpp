#include <algorithm>
#include <chopsticks/results/document.hpp>

namespace chopsticks::results {

namespace {

constexpr std::string_view replacement = "(redacted)";

/// Whether the name of an option or setting speaks of something that must not be shown.
bool is_secret_name(std::string_view name) {
    std::string plain;
    for (const char c : name) {
        if (c == '-' || c == '_') continue;
        plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    static constexpr std::string_view words[] = {"secret",     "token",      "password",  "passwd",
                                                 "passphrase", "credential", "privatekey"};
    return std::any_of(std::begin(words), std::end(words), [&](std::string_view word) {
        return plain.find(word) != std::string::npos;
    });
}

}  // namespace

std::string without_user_information(std::string_view url) {
    std::string out;
    // Several URLs may stand in one text, e.g. separated by commas.
    while (true) {
        const std::size_t scheme = url.find("://");
        if (scheme == std::string_view::npos) break;
        const std::size_t start = scheme + 3;
        const std::size_t end = std::min(url.find_first_of("/?#, ", start), url.size());
        const std::size_t at = url.substr(start, end - start).rfind('@');
        out += url.substr(0, start);
        url.remove_prefix(at == std::string_view::npos ? start : start + at + 1);
    }
    out += url;
    return out;
}

std::vector<std::string> redact(const std::vector<std::string>& command_line) {
    std::vector<std::string> out;
    bool value_follows = false;
    for (const std::string& argument : command_line) {
        if (value_follows) {
            out.emplace_back(replacement);
            value_follows = false;
            continue;
        }
        const std::size_t equals = argument.find('=');
        const bool option = argument.starts_with('-');
        // --set=workload.s3.secret_key=V: the name that counts may be any before the last '='.
        const std::string_view name = std::string_view(argument).substr(0, equals);
        if (equals == std::string::npos) {
            out.push_back(without_user_information(argument));
            value_follows = option && is_secret_name(name);
            continue;
        }
        if (is_secret_name(name)) {
            out.push_back(std::string(name) + "=" + std::string(replacement));
            continue;
        }
        const std::size_t second = option ? argument.find('=', equals + 1) : std::string::npos;
        if (second != std::string::npos &&
            is_secret_name(std::string_view(argument).substr(equals + 1, second - equals - 1))) {
            out.push_back(argument.substr(0, second + 1) + std::string(replacement));
            continue;
        }
        out.push_back(without_user_information(argument));
    }
    return out;
}

}  // namespace chopsticks::results
