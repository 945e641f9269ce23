#include <chopsticks/core/units.hpp>
#include <chopsticks/report/describe.hpp>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/text.hpp>
#include <iterator>
#include <optional>

#include "describing.hpp"
#include "words.hpp"

namespace chopsticks::report {

using results::json;
using results::member;
using results::result_file;

namespace {

/// Runs that are read for one page.
constexpr std::size_t driver_runs_most = 64;

std::optional<double> told_number(const json& object, const char* key) {
    const json& value = member(object, key);
    if (!value.is_number()) return std::nullopt;
    return value.get<double>();
}

/// "1.23 ms +- 1.2%"
cell estimate_cell(const json& of, unit shown_as, double scale) {
    const auto value = told_number(of, "value");
    if (!value) return {.text = "-"};
    std::string text = value_text(shown_as, *value * scale);
    const auto high = told_number(of, "high");
    if (high && *value > 0) text += " +- " + percent_text(*high / *value - 1);
    return {.text = std::move(text), .value = value};
}

cell optional_cell(const json& object, const char* key, int decimals, double scale,
                   const char* with) {
    const auto value = told_number(object, key);
    if (!value) return {.text = "-"};
    return {.text = results::decimal(*value * scale, decimals) + with, .value = value};
}

cell nonzero_cell(const json& object, const char* key) {
    cell out = count_cell(object, key);
    if (results::count(object, key) > 0) out.as = tone::bad;
    return out;
}

std::vector<cell> driver_row(const json& one) {
    const json& change = member(one, "against_first");
    const auto share = told_number(change, "change");
    const auto low = told_number(change, "low");
    const auto high = told_number(change, "high");
    return {{.text = text_of(one, "driver")},
            estimate_cell(member(one, "rate_per_s"), unit::per_s, 1),
            estimate_cell(member(one, "p50_ns"), unit::ms, 1e-6),
            estimate_cell(member(one, "p99_ns"), unit::ms, 1e-6),
            estimate_cell(member(one, "cpu_ns_per_operation"), unit::ms, 1e-6),
            estimate_cell(member(one, "program_cpu_ns_per_operation"), unit::ms, 1e-6),
            optional_cell(one, "memory_bytes", 0, 1.0 / 1048576, " MiB"),
            optional_cell(one, "requests_per_operation", 2, 1, ""),
            count_cell(one, "ok"),
            nonzero_cell(one, "failed"),
            nonzero_cell(one, "undone"),
            share ? cell{.text = percent_text(*share, 1, true), .value = share} : cell{.text = "-"},
            words(low && high ? percent_text(*low, 1, true) + " to " + percent_text(*high, 1, true)
                              : "-")};
}

table drivers_table(const json& all) {
    table out{.caption =
                  "Drivers, all operations together; +-: half of a 95 % interval of the "
                  "mean over the runs",
              .header = {"Driver", "ops/s", "p50", "p99", "CPU per operation", "of it its programs",
                         "memory", "requests per operation", "ok", "failed", "not done",
                         "rate against the first", "95 %"}};
    for (const json& one : all)
        out.rows.push_back(driver_row(one));
    return out;
}

}  // namespace

page describe_drivers(const result_file& document) {
    const json& all = member(document.document, "drivers");
    std::vector<std::string> paths;
    std::vector<std::string> absent;
    page out;
    std::vector<verdict> said;
    for (const json& one : all) {
        const std::string name = text_of(one, "driver");
        if (const std::uint64_t unasked = results::count(one, "unasked"); unasked > 0) {
            said.push_back({tone::bad, "NOT DONE",
                            name + ": at least " + counted(unasked, "operation") +
                                " said to be done for which the endpoint got no request"});
        }
        for (const json& file : member(one, "files")) {
            if (!file.is_string() || paths.size() + absent.size() == driver_runs_most) continue;
            const auto path = file_beside(document.path, file.get<std::string>());
            path ? paths.push_back(*path) : absent.push_back(file.get<std::string>());
        }
    }
    if (!paths.empty()) out = describe_runs("", paths);
    out.title = "Drivers side by side";
    out.facts = counted(all.size(), "driver") + ", " +
                counted(paths.size() + absent.size(), "run") + " of one plan in turns";
    out.verdicts.insert(out.verdicts.begin(), std::make_move_iterator(said.begin()),
                        std::make_move_iterator(said.end()));
    section drivers{.id = "drivers", .title = "Drivers"};
    add_table(drivers, drivers_table(all));
    for (const json& one : member(document.document, "left_out")) {
        if (one.is_string() && drivers.blocks.size() < 100)
            drivers.blocks.emplace_back(paragraph{"Left out: " + one.get<std::string>()});
    }
    for (const std::string& one : absent)
        drivers.blocks.emplace_back(paragraph{"Not there any more: " + one});
    out.sections.insert(out.sections.begin(), std::move(drivers));
    return out;
}

}  // namespace chopsticks::report
