#include <chopsticks/core/error.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/results/folder.hpp>
#include <filesystem>

#include "describing.hpp"

namespace chopsticks::report {

using results::document_kind;
using results::result_file;

namespace {

/// Runs of one page.
constexpr std::size_t runs_most = 64;

page describe_folder(const std::string& folder) {
    const results::folder_documents found = results::documents_in(folder);
    if (found.series.size() == 1) return describe(results::load_file(found.series.front()));
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
        case document_kind::drivers:
            return describe_drivers(document);
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
