#include <algorithm>
#include <array>
#include <chopsticks/core/error.hpp>
#include <chopsticks/report/describe.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "describing.hpp"

namespace chopsticks::report {

using results::document_kind;
using results::result_file;

namespace {

/// Runs of one page, and entries of a folder that are looked at.
constexpr std::size_t runs_most = 64;
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

struct found_documents {
    std::vector<std::string> series;  ///< of sweeps, searches and comparisons
    std::vector<std::string> runs;
};

found_documents look_into(const std::string& folder) {
    found_documents out;
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
                   kind == "chopsticks-comparison" || kind == "chopsticks-sweep-comparison") {
            out.series.push_back(one->path().string());
        }
    }
    if (error) throw config_error(folder + ": cannot be read: " + error.message());
    std::sort(out.series.begin(), out.series.end());
    std::sort(out.runs.begin(), out.runs.end());
    return out;
}

page describe_folder(const std::string& folder) {
    const found_documents found = look_into(folder);
    if (found.series.size() > 1)
        throw config_error(folder + ": holds several documents (" + found.series[0] + ", " +
                           found.series[1] + "); name one of them");
    if (found.series.size() == 1) return describe(results::load_file(found.series.front()));
    if (found.runs.empty())
        throw config_error(folder +
                           ": no result of chopsticks in it (*.json); name the result, "
                           "or the folder that has it");
    if (found.runs.size() == 1) return describe_run(results::load_result(found.runs.front()));
    if (found.runs.size() > runs_most)
        throw config_error(folder + ": " + std::to_string(found.runs.size()) +
                           " results, and a page has room for " + std::to_string(runs_most) +
                           "; put those to be shown into a folder of their own");
    std::filesystem::path path(folder);
    if (!path.has_filename()) path = path.parent_path();
    return describe_runs("Runs in " + path.filename().string(), found.runs);
}

}  // namespace

page describe(const result_file& document) {
    switch (document.kind) {
        case document_kind::run:
            return describe_run(document);
        case document_kind::sweep:
            return describe_sweep(document);
        case document_kind::find_max:
            return describe_search(document);
        case document_kind::comparison:
        case document_kind::sweep_comparison:
            break;
    }
    return describe_comparison(document);
}

page describe(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return describe_folder(path);
    return describe(results::load_file(path));
}

}  // namespace chopsticks::report
