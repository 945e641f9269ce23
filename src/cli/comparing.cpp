#include "comparing.hpp"

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "one_file.hpp"

namespace chopsticks::cli {

using results::result_file;

namespace {

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

}  // namespace

void add_comparison_options(CLI::App& command, comparison_arguments& a) {
    command
        .add_option("--gate", a.gates,
                    "What must not get worse by more: 'p99(get) +5%', 'throughput -2%'; or a "
                    "file with one a line. Again for more")
        ->type_name("GATE")
        ->allow_extra_args(false);
    command
        .add_option("--margin", a.margins,
                    "A change that does not matter: throughput=2%, latency=5%, error_rate=0.1% "
                    "are the defaults. Again for more")
        ->type_name("FIGURE=SHARE")
        ->allow_extra_args(false);
    command.add_flag("--force", a.force, "Compares what is not comparable, and says so");
    command.add_option("--json", a.json, "Write it all to this file as well; -: only that")
        ->type_name("FILE");
    command.add_option("--format", a.format, "What is printed: table or markdown")
        ->check(CLI::IsMember({"table", "markdown"}))
        ->capture_default_str();
}

compare::options read_comparison(const comparison_arguments& a) {
    compare::options out;
    for (const std::string& one : a.margins)
        read_margin(one, out.margin);
    for (const std::string& one : a.gates) {
        for (compare::gate& gate : read_gates(one))
            out.gates.push_back(std::move(gate));
    }
    return out;
}

std::vector<result_file> load_results(const std::vector<std::string>& paths) {
    std::vector<result_file> out;
    for (const std::string& path : paths)
        out.push_back(results::load_file(path));
    return out;
}

void refuse_unless_forced(const std::vector<std::string>& why, bool force) {
    if (why.empty() || force) return;
    std::string text = "these are not comparable; --force compares them all the same";
    constexpr std::size_t most = 8;
    for (std::size_t i = 0; i < std::min(why.size(), most); ++i)
        text += "\n" + why[i];
    if (why.size() > most) text += "\nand " + counted(why.size() - most, "more reason");
    throw config_error(text);
}

bool write_stdout(const std::string& text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    if (std::fflush(stdout) == 0 && written) return true;
    std::fprintf(stderr, "chopsticks: cannot write to standard output: %s\n", std::strerror(errno));
    return false;
}

bool write_comparison(const comparison_arguments& a, const results::json& document) {
    const std::string text = results::dump(document, 1);
    if (a.json == "-") return write_stdout(text + "\n");
    const std::string problem = results::write_file(a.json, text + "\n");
    if (!problem.empty()) std::fprintf(stderr, "chopsticks: --json: %s\n", problem.c_str());
    return problem.empty();
}

int exit_of(compare::gate_result of_gates) noexcept {
    switch (of_gates) {
        case compare::gate_result::regressed:
            return exit_errors;
        case compare::gate_result::undecided:
            return exit_undecided;
        case compare::gate_result::passed:
            break;
    }
    return exit_ok;
}

int compare_results(const comparison_arguments& a, const compare::options& how,
                    const std::vector<result_file>& base, const std::vector<result_file>& now) {
    compare::check_distinct(base, now);
    compare::report_of_runs report;
    report.forced = compare::refusals(base, now);
    refuse_unless_forced(report.forced, a.force);
    report.differences = compare::disparities(base, now);
    report.found = compare::compare_runs(base, now, how);
    for (const result_file& one : base)
        report.base_files.push_back(one.path);
    for (const result_file& one : now)
        report.new_files.push_back(one.path);
    if (!print_comparison(a, report)) return exit_errors;
    return exit_of(compare::result_of(report.found.gates));
}

void check_json_file(const comparison_arguments& a, const std::vector<std::string>& results) {
    if (a.json.empty() || a.json == "-") return;
    for (const std::string& file : results) {
        if (!is_one_file(file, a.json)) continue;
        throw config_error("--json " + a.json +
                           ": one of the results; the comparison needs a file of its own");
    }
    try {
        results::check_output(a.json);
    } catch (const config_error& error) {
        throw config_error(std::string("--json: ") + error.what());
    }
}

}  // namespace chopsticks::cli
