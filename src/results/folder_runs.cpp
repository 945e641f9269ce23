// Runs of a folder in a table.

#include <algorithm>
#include <chopsticks/results/figure_text.hpp>
#include <chopsticks/results/folder.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/results/verdicts.hpp>
#include <filesystem>

namespace chopsticks::results {

namespace {

/// The worst that is to be said of it, in a word or two.
std::string outcome_of(const result_file& run) {
    if (run.interrupted) return "interrupted";
    switch (run.exit_status) {
        case exit_ok:
            return "ok";
        case exit_invalid:
            return "invalid";
        case exit_left_behind:
            return "left something";
        default:
            break;
    }
    const json& verdicts = member(member(run.document, "run"), "verdicts");
    return text(verdicts, "target") == name(target_verdict::missed_objective) ? "SLO missed"
                                                                              : "failed";
}

}  // namespace

std::string render_runs(const std::string& folder, const std::vector<result_file>& runs,
                        const terminal_options& options) {
    const auto width = static_cast<std::size_t>(std::clamp(options.width, 40, 161) - 1);
    text_table table({"Run", "scenario", "ops/s", "MB/s", "p50", "p99", "failed", ""});
    table.leave_out_first({3, 1, 4, 6});
    for (const result_file& run : runs) {
        const json& response = member(member(run.document, "total"), "response");
        table.add({printable(std::filesystem::path(run.path).filename().string()),
                   text(run.scenario(), "name"), rate(run.total.rate_per_s),
                   decimal(run.total.bytes_per_s / 1e6, 2), latency(response, "p50_ns"),
                   latency(response, "p99_ns"), std::to_string(run.total.failed), outcome_of(run)});
    }
    return table.render(width) + "\n" + paragraph("Folder", 12, printable(folder), width) +
           paragraph("", 12, "`chopsticks show FILE` prints one of them", width);
}

}  // namespace chopsticks::results
