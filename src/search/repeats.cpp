#include <algorithm>
#include <chopsticks/search/repeats.hpp>

namespace chopsticks::search {

namespace {

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Where the extension of the last part of a path begins; its end where it has none.
std::size_t extension_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    const std::size_t name = slash == std::string_view::npos ? 0 : slash + 1;
    const std::size_t dot = path.rfind('.');
    // A dot in front hides the file.
    return dot == std::string_view::npos || dot <= name ? path.size() : dot;
}

}  // namespace

std::vector<turn> in_turns(unsigned repeat, std::size_t sides) {
    std::vector<turn> out;
    for (unsigned round = 1; round <= repeat; ++round) {
        for (std::size_t at = 0; at < sides; ++at)
            out.push_back({round % 2 == 0 ? sides - 1 - at : at, round});
    }
    return out;
}

std::string numbered(unsigned number, unsigned last) {
    std::string out = std::to_string(number);
    const std::size_t width = std::to_string(last).size();
    if (out.size() < width) out.insert(0, width - out.size(), '0');
    return out;
}

std::string numbered_file(std::string_view path, unsigned number, unsigned last) {
    std::string out(path);
    return out.insert(extension_of(path), "-" + numbered(number, last));
}

std::vector<std::string> numbered_alike(std::string_view file,
                                        const std::vector<std::string>& names) {
    const std::size_t dot = extension_of(file);
    const std::string stem = std::string(file.substr(0, dot)) + "-";
    const std::string extension(file.substr(dot));
    std::vector<std::string> out;
    for (const std::string& name : names) {
        if (!name.starts_with(stem)) continue;
        std::string_view rest = std::string_view(name).substr(stem.size());
        const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
        const std::string_view behind = rest.substr(digits);
        if (!all_digits(rest.substr(0, digits))) continue;
        if (behind == extension || behind == ".jsonl") out.push_back(name);
    }
    std::sort(out.begin(), out.end());
    return out;
}

}  // namespace chopsticks::search
