#include <algorithm>
#include <chopsticks/compare/sides.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "figures.hpp"
#include "words.hpp"

namespace chopsticks::compare {

namespace {

constexpr double side_confidence = 0.95;

/// What a driver calls the CPU time of the programs that it runs, in us.
constexpr std::string_view program_cpu = "program_cpu";

constexpr figure side_rate{figure_kind::throughput, 0, false};

std::optional<double> number_in(const results::json& of, const char* key) {
    if (!of.is_object()) return std::nullopt;
    const auto found = of.find(key);
    if (found == of.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

/// A member of an object that is a member; null where it is not there.
const results::json& object_in(const results::json& of, const char* key) {
    static const results::json nothing;
    if (!of.is_object()) return nothing;
    const auto found = of.find(key);
    return found == of.end() ? nothing : *found;
}

double program_ns_of(const results::result_file& run) {
    double ns = 0;
    for (const results::driver_figure_record& one : run.driver_figures) {
        if (one.of.what.name == program_cpu) ns += 1e3 * static_cast<double>(one.measured.count);
    }
    return ns;
}

std::optional<double> program_cpu_of(const results::result_file& run) {
    if (run.total.ok == 0) return std::nullopt;
    return program_ns_of(run) / static_cast<double>(run.total.ok);
}

std::optional<double> cpu_ns_of(const results::result_file& run) {
    const results::json& seconds = object_in(run.generator(), "cpu_seconds");
    const auto user = number_in(seconds, "user");
    const auto system = number_in(seconds, "system");
    if (run.total.ok == 0 || !user || !system) return std::nullopt;
    return (1e9 * (*user + *system) + program_ns_of(run)) / static_cast<double>(run.total.ok);
}

/// That of the process over its life holds what earlier runs in it had.
std::optional<double> memory_of(const results::result_file& run) {
    const auto sampled = number_in(run.health(), "rss_bytes_max");
    return sampled ? sampled : number_in(run.generator(), "rss_bytes_max");
}

template <typename Value>
std::optional<estimate> mean_over(runs all, const Value& value) {
    std::vector<double> logs;
    for (const results::result_file& run : all) {
        const std::optional<double> one = value(run);
        if (!one || !(*one > 0)) return std::nullopt;
        logs.push_back(std::log(*one));
    }
    return mean_of(logs);
}

std::optional<estimate> mean_over(runs all, const figure& what) {
    return mean_over(all, [&](const results::result_file& run) -> std::optional<double> {
        const auto found = figure_of(run, "", what);
        if (!found) return std::nullopt;
        return found->value;
    });
}

/// What was done, and what of it the endpoint saw.
void count_work(runs all, side_figures& to) {
    double requests = 0;
    double ended = 0;
    double unasked = 0;
    bool is_seen = true;
    for (const results::result_file& run : all) {
        to.ok += run.total.ok;
        to.failed += run.total.failed;
        to.undone += run.total.unfinished + run.total.shed;
        const auto seen = number_in(object_in(run.document, "endpoint"), "requests");
        is_seen = is_seen && seen;
        if (!seen) continue;
        // It saw the warm-up too.
        const results::json& cut = object_in(object_in(run.document, "run"), "warmup_cut");
        const double ok = static_cast<double>(run.total.ok) + number_in(cut, "ok").value_or(0);
        requests += *seen;
        ended += ok + static_cast<double>(run.total.failed) + number_in(cut, "failed").value_or(0);
        unasked += std::max(0.0, ok - *seen);
    }
    if (!is_seen || !(ended > 0)) return;
    to.requests = requests / ended;
    to.unasked = static_cast<std::uint64_t>(unasked);
}

/// "1.2%": half of the interval, as a share of the middle.
std::string error_text(const std::optional<estimate>& of) {
    if (!of || !(of->freedom > 0)) return "";
    const double share = std::expm1(of->at(side_confidence).high - of->value);
    // Of so few runs that it says "anything", no digits.
    return share > 9.995 ? ">999%" : results::decimal(100 * share, 1) + "%";
}

std::string middle_text(const figure& what, const std::optional<estimate>& of) {
    return of ? value_text(what, std::exp(of->value)) : "-";
}

std::string change_over(const side_figures& one) {
    if (!one.against_first) return "";
    const row& found = *one.against_first;
    return change_text(found.what, found.share_changed());
}

std::string range_over(const side_figures& one) {
    return one.against_first ? range_text(*one.against_first) : "";
}

/// A column: what it is called, what a side has there.
struct side_column {
    const char* head;
    std::string (*text)(const side_figures&);
    /// Where there is no room it is left out, those of the highest number first; 0: never.
    std::size_t spare = 0;
};

constexpr figure side_time{figure_kind::mean, 0, false};

const side_column side_columns[] = {
    {"", [](const side_figures& f) { return results::printable(f.name); }},
    {"ops/s", [](const side_figures& f) { return middle_text(side_rate, f.rate); }},
    {"+-", [](const side_figures& f) { return error_text(f.rate); }, 1},
    {"p50", [](const side_figures& f) { return middle_text(side_time, f.p50); }},
    {"+-", [](const side_figures& f) { return error_text(f.p50); }, 7},
    {"p99", [](const side_figures& f) { return middle_text(side_time, f.p99); }},
    {"+-", [](const side_figures& f) { return error_text(f.p99); }, 6},
    {"CPU/op", [](const side_figures& f) { return middle_text(side_time, f.cpu); }},
    {"+-", [](const side_figures& f) { return error_text(f.cpu); }, 2},
    {"programs",
     [](const side_figures& f) {
         return f.program_cpu ? middle_text(side_time, f.program_cpu) : std::string();
     },
     3},
    {"memory",
     [](const side_figures& f) {
         return f.memory_bytes ? results::decimal(*f.memory_bytes / 1048576, 0) + " MiB"
                               : std::string("-");
     }},
    {"req/op",
     [](const side_figures& f) {
         return f.requests ? results::decimal(*f.requests, 2) : std::string();
     },
     4},
    {"rate", change_over, 5},
    {"95%", range_over, 8},
};

bool says_anything(const side_column& column, const std::vector<side_figures>& all) {
    return std::any_of(all.begin(), all.end(),
                       [&](const side_figures& one) { return !column.text(one).empty(); });
}

std::string table_of(const std::vector<side_figures>& all, std::size_t width) {
    std::vector<const side_column*> shown;
    for (const side_column& one : side_columns) {
        if (says_anything(one, all)) shown.push_back(&one);
    }
    std::vector<std::string> head;
    std::vector<std::size_t> spare;
    for (std::size_t i = 0; i < shown.size(); ++i) {
        head.emplace_back(shown[i]->head);
        if (shown[i]->spare > 0) spare.push_back(i);
    }
    std::sort(spare.begin(), spare.end(),
              [&](std::size_t a, std::size_t b) { return shown[a]->spare > shown[b]->spare; });
    results::text_table table(std::move(head));
    for (const side_figures& f : all) {
        std::vector<std::string> cells;
        for (const side_column* const one : shown)
            cells.push_back(one->text(f));
        table.add(std::move(cells));
    }
    table.leave_out_first(std::move(spare));
    return table.render(width);
}

/// What a side did not do, of all that it was to; empty: it did all.
std::string undone_text(const side_figures& f) {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
    if (f.failed > 0) add(counted(f.failed, "operation") + " failed");
    if (f.undone > 0) add(std::to_string(f.undone) + " not done");
    if (!out.empty()) out += " of " + std::to_string(f.ok + f.failed + f.undone);
    if (f.unasked.value_or(0) > 0) {
        add("at least " + counted(*f.unasked, "operation") +
            " said to be done for which the endpoint got no request");
    }
    return out;
}

}  // namespace

std::vector<side_figures> figures_of(const std::vector<side>& all, const options& how) {
    std::vector<side_figures> out;
    for (const side& one : all) {
        side_figures& f = out.emplace_back();
        f.name = one.name;
        for (const results::result_file& run : one.all)
            f.files.push_back(run.path);
        f.rate = mean_over(one.all, side_rate);
        f.p50 = mean_over(one.all, figure{figure_kind::percentile, 50, false});
        f.p99 = mean_over(one.all, figure{figure_kind::percentile, 99, false});
        f.cpu = mean_over(one.all, cpu_ns_of);
        f.program_cpu = mean_over(one.all, program_cpu_of);
        for (const results::result_file& run : one.all) {
            const auto bytes = memory_of(run);
            if (bytes) f.memory_bytes = std::max(f.memory_bytes.value_or(0), *bytes);
        }
        count_work(one.all, f);
        if (&one == &all.front()) continue;
        options of_rate = how;
        of_rate.only = {side_rate};
        of_rate.total_only = true;
        of_rate.gates.clear();
        const comparison found = compare_runs(all.front().all, one.all, of_rate);
        for (const row& r : found.rows) {
            if (r.operation.empty() || found.rows.size() == 1) f.against_first = r;
        }
    }
    return out;
}

std::string render(const report_of_sides& report, const results::terminal_options& terminal) {
    constexpr std::size_t indent = 12;
    const std::size_t width = terminal.width > 0 ? static_cast<std::size_t>(terminal.width) : 80;
    std::string out;
    if (!report.all.empty()) {
        out = table_of(report.all, width) + "\n" +
              results::paragraph("+-", indent,
                                 "half of a 95% interval of the mean over the runs; rate, 95%: the "
                                 "change against " +
                                     results::printable(report.all.front().name),
                                 width);
    }
    for (const side_figures& f : report.all) {
        const std::string text = undone_text(f);
        if (!text.empty())
            out += results::paragraph("Not alike", indent, results::printable(f.name) + ": " + text,
                                      width);
    }
    for (const std::string& one : report.left_out)
        out += results::paragraph("Left out", indent, results::printable(one), width);
    return out;
}

}  // namespace chopsticks::compare
