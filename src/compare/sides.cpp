#include <algorithm>
#include <chopsticks/compare/sides.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/json.hpp>
#include <chopsticks/results/text.hpp>
#include <cmath>

#include "figures.hpp"
#include "words.hpp"

namespace chopsticks::compare {

namespace {

constexpr double side_confidence = 0.95;

/// What a driver calls the CPU time of the programs that it runs, in us.
constexpr std::string_view program_cpu = "program_cpu";

std::optional<double> number_in(const results::json& of, const char* key) {
    if (!of.is_object()) return std::nullopt;
    const auto found = of.find(key);
    if (found == of.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

std::optional<double> cpu_ns_of(const results::result_file& run) {
    const results::json& generator = run.generator();
    const auto seconds = generator.is_object() ? generator.find("cpu_seconds") : generator.end();
    if (run.total.ok == 0 || seconds == generator.end()) return std::nullopt;
    const auto user = number_in(*seconds, "user");
    const auto system = number_in(*seconds, "system");
    if (!user || !system) return std::nullopt;
    double ns = 1e9 * (*user + *system);
    for (const results::driver_figure_record& one : run.driver_figures) {
        if (one.of.what.name == program_cpu) ns += 1e3 * static_cast<double>(one.measured.count);
    }
    return ns / static_cast<double>(run.total.ok);
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

/// "1.2%": half of the interval, as a share of the middle.
std::string error_text(const std::optional<estimate>& of) {
    if (!of || !(of->freedom > 0)) return "";
    const interval range = of->at(side_confidence);
    return results::decimal(100 * std::expm1(range.high - of->value), 1) + "%";
}

std::string middle_text(const figure& what, const std::optional<estimate>& of) {
    return of ? value_text(what, std::exp(of->value)) : "-";
}

std::string change_over(const side_figures& one) {
    if (!one.against_first) return "";
    const row& found = *one.against_first;
    return change_text(found.what, found.share_changed());
}

}  // namespace

std::vector<side_figures> figures_of(const std::vector<side>& all, const options& how) {
    const figure rate{figure_kind::throughput, 0, false};
    std::vector<side_figures> out;
    for (const side& one : all) {
        side_figures& f = out.emplace_back();
        f.rate = mean_over(one.all, rate);
        f.p50 = mean_over(one.all, figure{figure_kind::percentile, 50, false});
        f.p99 = mean_over(one.all, figure{figure_kind::percentile, 99, false});
        f.cpu = mean_over(one.all, cpu_ns_of);
        for (const results::result_file& run : one.all) {
            const auto bytes = memory_of(run);
            if (bytes) f.memory_bytes = std::max(f.memory_bytes.value_or(0), *bytes);
        }
        if (&one == &all.front()) continue;
        options of_rate = how;
        of_rate.only = {rate};
        of_rate.total_only = true;
        of_rate.gates.clear();
        const comparison found = compare_runs(all.front().all, one.all, of_rate);
        for (const row& r : found.rows) {
            if (r.operation.empty() || found.rows.size() == 1) f.against_first = r;
        }
    }
    return out;
}

std::string render(const std::vector<side>& all, const std::vector<side_figures>& figures,
                   const results::terminal_options& terminal) {
    const figure rate{figure_kind::throughput, 0, false};
    const figure time{figure_kind::mean, 0, false};
    results::text_table table(
        {"", "ops/s", "+-", "p50", "+-", "p99", "+-", "CPU/op", "+-", "memory", "rate", "95%"});
    for (std::size_t i = 0; i < all.size(); ++i) {
        const side_figures& f = figures[i];
        table.add({results::printable(all[i].name), middle_text(rate, f.rate), error_text(f.rate),
                   middle_text(time, f.p50), error_text(f.p50), middle_text(time, f.p99),
                   error_text(f.p99), middle_text(time, f.cpu), error_text(f.cpu),
                   f.memory_bytes ? results::decimal(*f.memory_bytes / 1048576, 0) + " MiB" : "-",
                   change_over(f), f.against_first ? range_text(*f.against_first) : ""});
    }
    // What is known of the errors is said of the rate and of the CPU time to the last.
    table.leave_out_first({4, 6, 11, 9, 3});
    const std::size_t width = terminal.width > 0 ? static_cast<std::size_t>(terminal.width) : 80;
    std::string out = table.render(width);
    out += "\n" + results::paragraph("+-", 12,
                                     "half of a 95% interval of the mean over the runs; rate, 95%: "
                                     "the change against " +
                                         all.front().name,
                                     width);
    return out;
}

}  // namespace chopsticks::compare
