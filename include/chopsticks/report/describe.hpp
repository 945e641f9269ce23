#pragma once
/// \file
/// Pages made from documents. Any thread; reads files.

#include <chopsticks/report/page.hpp>
#include <chopsticks/results/result_file.hpp>
#include <string>
#include <vector>

namespace chopsticks::report {

/// What is at a path: a result, the document of a sweep, search or comparison, or a folder with
/// one of them, or with results of several runs. Throws config_error that says what to do: nothing
/// of that there, several documents to choose from, what results::load_file refuses.
page describe(const std::string& path);

/// Of a document, whatever its kind. Results that it names are read where they lie beside it;
/// throws config_error where one is none.
page describe(const results::result_file& document);

/// Of one run, also a merged one.
page describe_run(const results::result_file& result);

/// Of several runs, side by side. Each is read, and gone before the next is.
page describe_runs(const std::string& title, const std::vector<std::string>& paths);

/// Of a sweep, a search, a comparison of runs or of sweeps: of what `document` is.
page describe_sweep(const results::result_file& document);
page describe_search(const results::result_file& document);
page describe_comparison(const results::result_file& document);

/// Of several drivers with one plan.
page describe_drivers(const results::result_file& document);

}  // namespace chopsticks::report
