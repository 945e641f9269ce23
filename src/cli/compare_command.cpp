#include <unistd.h>

#include <cerrno>
#include <chopsticks/compare/report.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/result_file.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "command.hpp"
#include "one_file.hpp"

namespace chopsticks::cli {

namespace {

using results::document_kind;
using results::result_file;

struct compare_arguments {
    std::vector<std::string> base;
    std::vector<std::string> now;
    std::vector<std::string> gates;
    std::vector<std::string> margins;
    std::string json;
    std::string format = "table";
    std::uint64_t seed = 1;
    bool force = false;
};

/// A file of gates is no longer than this.
constexpr std::uintmax_t gate_file_bytes_most = 1 << 20;

std::vector<compare::gate> read_gates(const std::string& given) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(given, error)) {
        // What is no gate by its look was meant as a file.
        if (given.find_first_of("+-%") == std::string::npos)
            throw config_error("--gate " + given +
                               ": no such file, and no gate such as p99(get) +5%");
        return {compare::parse_gate(given)};
    }
    if (std::filesystem::file_size(given, error) > gate_file_bytes_most || error)
        throw config_error("--gate " + given + ": no file of gates: it is larger than 1 MiB");
    std::ifstream in(given, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) throw config_error("--gate " + given + ": cannot be read");
    return compare::parse_gates(text.str(), given);
}

void read_margin(const std::string& given, compare::margins& to) {
    const std::size_t equals = given.find('=');
    const std::string key = given.substr(0, equals);
    double* const value = key == "throughput"   ? &to.throughput
                          : key == "latency"    ? &to.latency
                          : key == "error_rate" ? &to.error_rate
                                                : nullptr;
    const std::string amount = equals == std::string::npos ? "" : given.substr(equals + 1);
    char* end = nullptr;
    const double percent = std::strtod(amount.c_str(), &end);
    if (value == nullptr || amount.empty() || std::string(end) != "%" || !(percent > 0) ||
        !(percent < 100)) {
        throw config_error("--margin " + given +
                           ": write throughput=2%, latency=5% or error_rate=0.1%");
    }
    *value = percent / 100;
}

compare::options options_of(const compare_arguments& a) {
    compare::options out;
    out.seed = a.seed;
    for (const std::string& one : a.margins)
        read_margin(one, out.margin);
    for (const std::string& one : a.gates) {
        for (compare::gate& gate : read_gates(one))
            out.gates.push_back(std::move(gate));
    }
    return out;
}

std::vector<result_file> load(const std::vector<std::string>& paths) {
    std::vector<result_file> out;
    for (const std::string& path : paths)
        out.push_back(results::load_file(path));
    return out;
}

bool is_sweep(const std::vector<result_file>& files) {
    for (const result_file& one : files) {
        if (one.kind == document_kind::find_max) {
            throw config_error(one.path +
                               ": a search for a rate, not a run; compare the results beside it");
        }
        if ((one.kind == document_kind::sweep) != (files.front().kind == document_kind::sweep)) {
            throw config_error(one.path + " and " + files.front().path +
                               ": a sweep is compared with a sweep, runs with runs");
        }
    }
    return files.front().kind == document_kind::sweep;
}

std::string plural(std::size_t n, const char* one, const char* many) {
    return n == 1 ? one : many;
}

/// Throws unless the sides may be compared or it is forced.
void refuse(const std::vector<std::string>& why, bool force) {
    if (why.empty() || force) return;
    std::string text = "these are not comparable; --force compares them all the same";
    constexpr std::size_t most = 8;
    for (std::size_t i = 0; i < std::min(why.size(), most); ++i)
        text += "\n" + why[i];
    if (why.size() > most) {
        text += "\nand " + std::to_string(why.size() - most) + " more " +
                plural(why.size() - most, "reason", "reasons");
    }
    throw config_error(text);
}

/// Throws where it cannot: a pipeline that reads half of it must not take it for all.
void say(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (std::fflush(stdout) == 0 && written) return;
    throw config_error(std::string("cannot write to standard output: ") + std::strerror(errno));
}

void write_json(const std::string& path, const results::json& document) {
    const std::string text = results::dump(document, 1);
    if (path == "-") return say(text + "\n");
    const std::string problem = results::write_file(path, text + "\n");
    if (!problem.empty()) throw config_error("--json: " + problem);
}

template <typename Report>
void print(const compare_arguments& a, const Report& report) {
    if (!a.json.empty()) write_json(a.json, to_json(report));
    if (a.json == "-") return;
    const auto format =
        a.format == "markdown" ? compare::report_format::markdown : compare::report_format::table;
    const std::string text = render(report, format, results::terminal_options::of(STDOUT_FILENO));
    say(text);
}

int compare_results(const compare_arguments& a, const std::vector<result_file>& base,
                    const std::vector<result_file>& now) {
    compare::check_distinct(base, now);
    compare::report_of_runs report;
    report.forced = compare::refusals(base, now);
    refuse(report.forced, a.force);
    report.differences = compare::disparities(base, now);
    report.found = compare::compare_runs(base, now, options_of(a));
    report.base_files = a.base;
    report.new_files = a.now;
    print(a, report);
    switch (compare::result_of(report.found.gates)) {
        case compare::gate_result::regressed:
            return exit_errors;
        case compare::gate_result::undecided:
            return exit_undecided;
        case compare::gate_result::passed:
            break;
    }
    return exit_ok;
}

int compare_sweeps(const compare_arguments& a, const result_file& base, const result_file& now) {
    if (!a.gates.empty()) {
        throw config_error(
            "--gate is about runs; of a sweep give the results of one point, which lie beside it");
    }
    compare::options how = options_of(a);
    how.only = compare::figures_of_curves();
    how.total_only = true;
    compare::report_of_sweeps report;
    report.base_file = base.path;
    report.new_file = now.path;
    report.found.of_one = compare::points_of_one(base, now);
    for (const compare::point_files& point : compare::common_points(base, now)) {
        // One point at a time: a sweep may have hundreds of runs.
        const std::vector<result_file> first = load(point.base);
        const std::vector<result_file> second = load(point.now);
        compare::check_distinct(first, second);
        const std::vector<std::string> why = compare::refusals(first, second);
        refuse(why, a.force);
        report.forced.insert(report.forced.end(), why.begin(), why.end());
        if (report.found.points.empty()) report.differences = compare::disparities(first, second);
        report.found.points.push_back({point.settings, compare::compare_runs(first, second, how)});
    }
    print(a, report);
    return exit_ok;
}

void check_json_file(const compare_arguments& a) {
    if (a.json.empty() || a.json == "-") return;
    for (const auto* side : {&a.base, &a.now}) {
        for (const std::string& file : *side) {
            if (!is_one_file(file, a.json)) continue;
            throw config_error("--json " + a.json +
                               ": one of the results; the comparison needs a file of its own");
        }
    }
}

int compare_files(const compare_arguments& a) {
    check_json_file(a);
    const std::vector<result_file> base = load(a.base);
    const std::vector<result_file> now = load(a.now);
    if (is_sweep(base) != is_sweep(now)) {
        throw config_error(base.front().path + " and " + now.front().path +
                           ": a sweep is compared with a sweep, runs with runs");
    }
    if (!is_sweep(base)) return compare_results(a, base, now);
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
    command
        ->add_option("--gate", a->gates,
                     "What must not get worse by more: 'p99(get) +5%', 'throughput -2%'; or a "
                     "file with one a line. Again for more")
        ->type_name("GATE")
        ->allow_extra_args(false);
    command
        ->add_option("--margin", a->margins,
                     "A change that does not matter: throughput=2%, latency=5%, error_rate=0.1% "
                     "are the defaults. Again for more")
        ->type_name("FIGURE=SHARE")
        ->allow_extra_args(false);
    command->add_flag("--force", a->force, "Compares what is not comparable, and says so");
    command->add_option("--json", a->json, "Write it all to this file as well; -: only that")
        ->type_name("FILE");
    command->add_option("--format", a->format, "What is printed: table or markdown")
        ->check(CLI::IsMember({"table", "markdown"}))
        ->capture_default_str();
    command->add_option("--seed", a->seed, "Of the bootstrap; the same gives the same figures")
        ->type_name("N")
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
