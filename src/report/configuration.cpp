#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <filesystem>

#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

namespace {

using results::json;
using results::member;

/// Lines of a text that are compared: the square of it is the work.
constexpr std::size_t lines_compared = 2000;

std::vector<std::string> lines_in(const std::string& text) {
    std::vector<std::string> out;
    std::size_t at = 0;
    while (at < text.size() && out.size() < lines_compared) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

/// What two runs can differ in, as text: with the scenario's own text as lines.
std::string configuration_text(const results::result_file& result) {
    json out;
    out["environment"] = result.environment();
    out["workload"] = result.workload();
    json scenario = result.scenario();
    const std::string source = text_of(scenario, "source");
    if (scenario.is_object()) scenario.erase("source");
    out["scenario"] = scenario;
    return results::dump(out, 2) + "\n" + source;
}

/// By the longest common subsequence.
std::string difference_between(const std::vector<std::string>& base,
                               const std::vector<std::string>& now) {
    const std::size_t rows = base.size();
    const std::size_t columns = now.size();
    std::vector<std::uint16_t> longest((rows + 1) * (columns + 1), 0);
    const auto at = [&](std::size_t i, std::size_t j) -> std::uint16_t& {
        return longest[i * (columns + 1) + j];
    };
    for (std::size_t i = rows; i-- > 0;) {
        for (std::size_t j = columns; j-- > 0;) {
            at(i, j) = base[i] == now[j] ? static_cast<std::uint16_t>(at(i + 1, j + 1) + 1)
                                         : std::max(at(i + 1, j), at(i, j + 1));
        }
    }
    // Two lines before and after what differs.
    constexpr std::size_t around = 2;
    std::vector<std::pair<char, const std::string*>> all;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < rows || j < columns) {
        if (i < rows && j < columns && base[i] == now[j]) {
            all.emplace_back(' ', &base[i]);
            ++i;
            ++j;
        } else if (j == columns || (i < rows && at(i + 1, j) >= at(i, j + 1))) {
            all.emplace_back('-', &base[i++]);
        } else {
            all.emplace_back('+', &now[j++]);
        }
    }
    std::string out;
    bool left_out = false;
    for (std::size_t n = 0; n < all.size(); ++n) {
        const auto from = all.begin() + static_cast<std::ptrdiff_t>(n < around ? 0 : n - around);
        const auto to =
            all.begin() + static_cast<std::ptrdiff_t>(std::min(n + around + 1, all.size()));
        const bool near = std::any_of(from, to, [](const auto& line) { return line.first != ' '; });
        if (near) {
            out += std::string(1, all[n].first) + " " + *all[n].second + "\n";
        } else if (!left_out) {
            out += "  ...\n";
        }
        left_out = !near;
    }
    return out;
}

void add_value(table& to, const std::string& name, const json& value) {
    if (value.is_null()) return;
    if (value.is_object()) {
        for (const auto& [key, inner] : value.items())
            add_value(to, name + "." + key, inner);
        return;
    }
    cell shown = value.is_string() ? words(value.get<std::string>()) : words(results::dump(value));
    if (value.is_number()) shown.value = value.get<double>();
    if (name == "memory_bytes" && value.is_number_unsigned())
        shown.text = format_size(value.get<std::uint64_t>());
    to.rows.push_back({{.text = name}, std::move(shown)});
}

}  // namespace

std::optional<std::string> file_beside(const std::string& document, const std::string& name) {
    // A document from elsewhere must not lead to other files than those below its folder.
    const std::filesystem::path folder = std::filesystem::path(document).parent_path();
    const std::filesystem::path given(name);
    std::error_code error;
    const bool leads_down =
        !given.is_absolute() &&
        std::none_of(given.begin(), given.end(), [](const auto& part) { return part == ".."; });
    if (leads_down && std::filesystem::is_regular_file(folder / given, error))
        return (folder / given).string();
    if (!given.filename().empty() && given.filename() != ".." &&
        std::filesystem::is_regular_file(folder / given.filename(), error))
        return (folder / given.filename()).string();
    return std::nullopt;
}

section configuration_of(const results::result_file& result) {
    section out{.id = "configuration", .title = "Environment and configuration"};
    table environment{.caption = "Environment", .header = {"What", "value"}};
    for (const auto& [key, value] : result.environment().items())
        add_value(environment, key, value);
    add_table(out, std::move(environment));
    const json& run = member(result.document, "run");
    std::string command;
    for (const json& word : member(run, "command_line")) {
        if (word.is_string()) command += (command.empty() ? "" : " ") + word.get<std::string>();
    }
    if (!command.empty()) out.blocks.emplace_back(listing{"Command line", command});
    if (!result.workload().empty())
        out.blocks.emplace_back(listing{"Workload configuration, without secrets",
                                        results::dump(result.workload(), 2)});
    json scenario = result.scenario();
    const std::string source = text_of(scenario, "source");
    if (!source.empty()) {
        scenario.erase("source");
        out.blocks.emplace_back(listing{"Scenario, as it was written", source});
    }
    if (!scenario.empty())
        out.blocks.emplace_back(listing{"Scenario, as it was run", results::dump(scenario, 2)});
    for (const json& note : member(run, "notes")) {
        if (note.is_string() && out.blocks.size() < 100)
            out.blocks.emplace_back(paragraph{note.get<std::string>()});
    }
    return out;
}

std::optional<listing> difference_of(const results::result_file& base,
                                     const results::result_file& now) {
    const std::string of_base = configuration_text(base);
    const std::string of_now = configuration_text(now);
    if (of_base == of_now) return std::nullopt;
    return listing{"Differences, line by line: - base, + new",
                   difference_between(lines_in(of_base), lines_in(of_now))};
}

}  // namespace chopsticks::report
