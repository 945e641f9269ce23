#include <chopsticks/compare/report.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/result_file.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "comparing.hpp"

namespace chopsticks::cli {

namespace {

using results::document_kind;
using results::result_file;

struct compare_arguments {
    std::vector<std::string> base;
    std::vector<std::string> now;
    comparison_arguments how;
    std::uint64_t seed = 1;
};

compare::options options_of(const compare_arguments& a) {
    compare::options out = read_comparison(a.how);
    out.seed = a.seed;
    return out;
}

bool is_sweep(const std::vector<result_file>& files) {
    for (const result_file& one : files) {
        if (one.kind == document_kind::find_max) {
            throw config_error(one.path +
                               ": a search for a rate, not a run; compare the results beside it");
        }
        if (one.kind == document_kind::comparison || one.kind == document_kind::sweep_comparison ||
            one.kind == document_kind::drivers)
            throw config_error(one.path +
                               ": a comparison, not a run; compare the results it names");
        if ((one.kind == document_kind::sweep) != (files.front().kind == document_kind::sweep)) {
            throw config_error(one.path + " and " + files.front().path +
                               ": a sweep is compared with a sweep, runs with runs");
        }
    }
    return files.front().kind == document_kind::sweep;
}

int compare_sweeps(const compare_arguments& a, const result_file& base, const result_file& now) {
    compare::options how = options_of(a);
    how.only = compare::figures_of_curves();
    how.total_only = true;
    compare::report_of_sweeps report;
    report.base_file = base.path;
    report.new_file = now.path;
    report.found.of_one = compare::points_of_one(base, now);
    for (const compare::point_files& point : compare::common_points(base, now)) {
        // One point at a time: a sweep may have hundreds of runs.
        const std::vector<result_file> first = load_results(point.base);
        const std::vector<result_file> second = load_results(point.now);
        compare::check_distinct(first, second);
        const std::vector<std::string> why = compare::refusals(first, second);
        refuse_unless_forced(why, a.how.force);
        report.forced.insert(report.forced.end(), why.begin(), why.end());
        if (report.found.points.empty()) report.differences = compare::disparities(first, second);
        report.found.points.push_back({point.settings, compare::compare_runs(first, second, how)});
    }
    report.found.adjust();
    if (!print_comparison(a.how, report)) return exit_errors;
    return exit_of(report.found.result());
}

int compare_files(const compare_arguments& a) {
    check_json_file(a.how, a.base);
    check_json_file(a.how, a.now);
    const std::vector<result_file> base = load_results(a.base);
    const std::vector<result_file> now = load_results(a.now);
    if (is_sweep(base) != is_sweep(now)) {
        throw config_error(base.front().path + " and " + now.front().path +
                           ": a sweep is compared with a sweep, runs with runs");
    }
    if (!is_sweep(base)) return compare_results(a.how, options_of(a), base, now);
    if (base.size() > 1 || now.size() > 1)
        throw config_error("one sweep is compared with one other");
    return compare_sweeps(a, base.front(), now.front());
}

}  // namespace

void add_compare_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand(
        "compare", "Says what changed between two sides of runs, with error bars");
    auto a = std::make_shared<compare_arguments>();
    command->add_option("base", a->base, "Results of the base: of the old release, say")
        ->required()
        ->type_name("FILE");
    command->add_option("--vs", a->now, "Results of the new side; or of each side a sweep.json")
        ->required()
        ->type_name("FILE");
    add_comparison_options(*command, a->how);
    command->add_option("--seed", a->seed, "Of the bootstrap; the same gives the same figures")
        ->type_name("N")
        ->check(CLI::Range(0.0, 9007199254740991.0))
        ->capture_default_str();
    command->footer(
        "Examples:\n"
        "  chopsticks compare old-1.json old-2.json old-3.json --vs new-*.json\n"
        "  chopsticks compare old-*.json --vs new-*.json --gate 'p99(get) +5%' --gate "
        "'throughput -2%'\n"
        "  chopsticks compare old/sweep.json --vs new/sweep.json\n"
        "Exit status: 0 all gates passed (or there is none), 1 one regressed, 4 none did but one\n"
        "could not be decided, 2 bad usage or nothing to compare.");
    command->callback([a, &result] { result = compare_files(*a); });
}

}  // namespace chopsticks::cli
