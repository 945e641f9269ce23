// Documents of --json, read back to be shown again.

#include <algorithm>
#include <chopsticks/compare/report.hpp>
#include <chopsticks/core/error.hpp>
#include <cmath>
#include <limits>

#include "row_json.hpp"

namespace chopsticks::compare {

namespace {

using results::json;

// What follows throws json::exception where a member is missing or of another type, and
// config_error for a word that nobody writes.

double number_or_nan(const json& from) {
    return from.is_null() ? std::numeric_limits<double>::quiet_NaN() : from.get<double>();
}

/// As figure::name has it.
figure figure_named(const std::string& name) {
    const bool more = name.starts_with("throughput") || name.starts_with("bandwidth");
    return parse_gate(name + (more ? " -1%" : " +1%")).what;
}

template <typename Word>
Word word_of(const json& from, std::initializer_list<Word> all) {
    const auto text = from.get<std::string>();
    for (const Word one : all) {
        if (text == name(one)) return one;
    }
    throw config_error("unknown word \"" + text + "\"");
}

/// With the interval that is told; how it came to be is not in the document.
estimate change_of(const json& from, const figure& what) {
    const auto scaled = [&](const char* key) {
        const double share = number_or_nan(from.at(key));
        return what.kind == figure_kind::error_rate ? share : std::log1p(share);
    };
    estimate out;
    out.value = scaled("change");
    const double low = scaled("low");
    const double high = scaled("high");
    if (!std::isfinite(low) || !std::isfinite(high)) return out;
    out.freedom = 1;
    out.standard_error = (high - low) / 2 / estimate{0, 1, out.freedom}.at(0.95).high;
    return out;
}

/// Rows and gates of a comparison, or of a point of one.
void read_rows(const json& from, comparison& out) {
    for (const json& one : from.at("rows"))
        out.rows.push_back(read_row(one));
    for (const json& one : from.at("gates")) {
        gate_outcome& g = out.gates.emplace_back();
        one.at("text").get_to(g.asked.text);
        g.asked.what = figure_named(one.at("figure").get<std::string>());
        one.at("limit").get_to(g.asked.limit);
        one.at("p").get_to(g.p);
        g.result = word_of(one.at("result"),
                           {gate_result::passed, gate_result::regressed, gate_result::undecided});
        const auto operation = one.at("operation").get<std::string>();
        const auto of = std::find_if(out.rows.begin(), out.rows.end(), [&](const row& r) {
            return r.operation == operation && r.what == g.asked.what;
        });
        if (of == out.rows.end()) throw config_error("a gate is about no row");
        g.asked.operation = operation;
        g.row = static_cast<std::size_t>(of - out.rows.begin());
    }
}

std::vector<disparity> read_differences(const json& from) {
    std::vector<disparity> out;
    for (const json& one : from)
        out.push_back({one.at("what").get<std::string>(), one.at("base").get<std::string>(),
                       one.at("new").get<std::string>()});
    return out;
}

report_of_runs read_runs(const json& from) {
    report_of_runs out;
    from.at("base_files").get_to(out.base_files);
    from.at("new_files").get_to(out.new_files);
    from.at("forced").get_to(out.forced);
    out.differences = read_differences(from.at("differences"));
    from.at("paired").get_to(out.found.paired);
    from.at("within_run").get_to(out.found.within_run);
    out.found.base_runs = out.base_files.size();
    out.found.new_runs = out.new_files.size();
    read_rows(from, out.found);
    return out;
}

report_of_sweeps read_sweeps(const json& from) {
    report_of_sweeps out;
    out.base_file = from.at("base_files").at(0).get<std::string>();
    out.new_file = from.at("new_files").at(0).get<std::string>();
    from.at("forced").get_to(out.forced);
    out.differences = read_differences(from.at("differences"));
    for (const json& one : from.at("left_out")) {
        const auto text = one.get<std::string>();
        const auto whose = [&](std::string_view mark, std::vector<std::string>& to) {
            if (text.ends_with(mark)) to.push_back(text.substr(0, text.size() - mark.size()));
        };
        whose(" (base)", out.found.of_one.of_base);
        whose(" (new)", out.found.of_one.of_new);
    }
    for (const json& one : from.at("points")) {
        curve_point& point = out.found.points.emplace_back();
        one.at("settings").get_to(point.settings);
        one.at("base_runs").get_to(point.found.base_runs);
        one.at("new_runs").get_to(point.found.new_runs);
        one.at("within_run").get_to(point.found.within_run);
        read_rows(one, point.found);
    }
    return out;
}

}  // namespace

row read_row(const json& from) {
    row out;
    from.at("operation").get_to(out.operation);
    out.what = figure_named(from.at("figure").get<std::string>());
    from.at("base_runs").get_to(out.base_runs);
    from.at("new_runs").get_to(out.new_runs);
    from.at("base").get_to(out.base);
    from.at("new").get_to(out.now);
    out.change = change_of(from, out.what);
    out.test = word_of(from.at("test"), {test_kind::none, test_kind::permutation, test_kind::signs,
                                         test_kind::t, test_kind::within_run});
    out.p = from.at("p").is_null() ? 1 : from["p"].get<double>();
    from.at("margin").get_to(out.margin);
    out.said =
        word_of(from.at("verdict"), {verdict::improved, verdict::regressed, verdict::equivalent,
                                     verdict::inconclusive, verdict::suspect});
    from.at("more_runs").get_to(out.more_runs);
    from.at("thin").get_to(out.thin);
    from.at("lower_bound").get_to(out.lower_bound);
    out.dead = out.said == verdict::regressed && !std::isfinite(out.change.value);
    from.at("inflation").get_to(out.inflation);
    return out;
}

void read_back(const results::result_file& file, const std::function<void(const json&)>& read) {
    try {
        read(file.document);
    } catch (const json::exception&) {
        throw config_error(file.path + ": no comparison as this version of chopsticks writes it");
    } catch (const config_error& error) {
        throw config_error(
            file.path + ": no comparison as this version of chopsticks writes it: " + error.what());
    }
}

report_of_runs read_report_of_runs(const results::result_file& file) {
    report_of_runs out;
    read_back(file, [&](const json& from) { out = read_runs(from); });
    return out;
}

report_of_sweeps read_report_of_sweeps(const results::result_file& file) {
    report_of_sweeps out;
    read_back(file, [&](const json& from) { out = read_sweeps(from); });
    return out;
}

}  // namespace chopsticks::compare
