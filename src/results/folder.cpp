#include <algorithm>
#include <array>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/folder.hpp>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace chopsticks::results {

namespace {

/// Entries of a folder that are looked at.
constexpr std::size_t entries_most = 20'000;

/// What the first bytes of a file say it is: ours begin with their kind.
std::string kind_by_beginning(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::array<char, 200> beginning{};
    in.read(beginning.data(), beginning.size());
    const std::string_view text(beginning.data(), static_cast<std::size_t>(in.gcount()));
    const std::size_t key = text.find("\"kind\"");
    if (key == std::string_view::npos) return {};
    const std::size_t from = text.find('"', key + 6);
    if (from == std::string_view::npos) return {};
    const std::size_t to = text.find('"', from + 1);
    return to == std::string_view::npos ? "" : std::string(text.substr(from + 1, to - from - 1));
}

}  // namespace

folder_documents documents_in(const std::string& folder) {
    folder_documents out;
    std::size_t entries = 0;
    std::error_code error;
    for (std::filesystem::directory_iterator one(folder, error), end; !error && one != end;
         one.increment(error)) {
        if (++entries > entries_most)
            throw config_error(folder + ": more than " + std::to_string(entries_most) +
                               " entries; name the result itself");
        std::error_code of_one;
        if (one->path().extension() != ".json" || !one->is_regular_file(of_one)) continue;
        const std::string kind = kind_by_beginning(one->path());
        if (kind == "chopsticks-result") {
            out.runs.push_back(one->path().string());
        } else if (kind == "chopsticks-sweep" || kind == "chopsticks-find-max" ||
                   kind == "chopsticks-comparison" || kind == "chopsticks-sweep-comparison" ||
                   kind == "chopsticks-drivers") {
            out.series.push_back(one->path().string());
        }
    }
    if (error) throw config_error(folder + ": cannot be read: " + error.message());
    std::sort(out.series.begin(), out.series.end());
    std::sort(out.runs.begin(), out.runs.end());
    if (out.series.size() > 1)
        throw config_error(folder + ": holds several documents (" + out.series[0] + ", " +
                           out.series[1] + "); name one of them");
    if (out.series.empty() && out.runs.empty())
        throw config_error(folder +
                           ": no result of chopsticks in it (*.json); name the result, "
                           "or the folder that has it");
    return out;
}

}  // namespace chopsticks::results
