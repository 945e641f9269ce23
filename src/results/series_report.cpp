#include <algorithm>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/slo.hpp>

#include "json_reading.hpp"
#include "report_words.hpp"
#include "text.hpp"

namespace chopsticks::results {

namespace {

constexpr std::size_t curve_rows = 14;
constexpr std::size_t label_columns = 9;
constexpr std::size_t chart_indent = 12;

std::size_t width_of(const terminal_options& options) {
    return static_cast<std::size_t>(std::clamp(options.width, 40, 161) - 1);
}

std::string rate_text(double per_s) {
    return decimal(per_s, per_s < 99.95 ? 2 : per_s < 9999.5 ? 1 : 0);
}

std::string latency_text(const json& figures, const char* key) {
    const json& response = member(figures, "response");
    if (response.is_object()) return latency(response, key);
    if (count(figures, "ok") == 0) return "-";
    return format_latency(std::llround(number(figures, key)));
}

std::uint64_t unanswered(const json& figures) {
    return count(figures, "shed") + count(figures, "shed_late") + count(figures, "unfinished");
}

curve_point point_of(const json& figures) {
    return {number(figures, "rate_per_s"), number(figures, "p50_ns"), number(figures, "p99_ns")};
}

/// "ok", or the worst that is to be said of a run in a word.
std::string state_of(const json& figures) {
    for (const json& one : member(figures, "slo")) {
        if (!flag(one, "met")) return flag(figures, "valid") ? "SLO missed" : "invalid";
    }
    if (!flag(figures, "valid")) return "invalid";
    return count(figures, "backlog_at_end") + count(figures, "shed") > 0 ? "overload" : "ok";
}

/// Why runs say nothing of the target, each reason once behind those it is true of.
void add_reasons(std::string& out, const std::string& who, const json& figures, std::size_t width) {
    for (const json& reason : member(figures, "reasons")) {
        if (!reason.is_string()) continue;
        out += paragraph(who, chart_indent, printable(reason.get<std::string>()), width);
    }
}

/// "1213.4 +- 2.1 %": the median, and the spread of the runs around their mean.
std::string spread_text(const std::string& median, const json& spread) {
    if (!member(spread, "stddev").is_number() || number(spread, "mean") <= 0) return median;
    return median + " +-" + decimal(100 * number(spread, "stddev") / number(spread, "mean"), 1) +
           "%";
}

std::string aggregates(const json& document, std::size_t width) {
    const json& axes = member(document, "axes");
    std::vector<std::string> header;
    for (const json& axis : axes) {
        const std::string name = text(axis, "name");
        const std::size_t dot = name.rfind('.');
        header.push_back(dot == std::string::npos ? name : name.substr(dot + 1));
    }
    for (const char* column : {"valid runs", "ops/s", "p99 of runs", "p50 of all", "p99 of all"})
        header.emplace_back(column);
    text_table table(header);
    for (const json& one : member(document, "aggregates")) {
        std::vector<std::string> row;
        for (const json& axis : axes)
            row.push_back(text(member(one, "settings"), text(axis, "name").c_str()));
        row.push_back(std::to_string(count(one, "valid_runs")) + " of " +
                      std::to_string(count(one, "runs")));
        const json& rate = member(one, "rate_per_s");
        const json& p99 = member(one, "p99_ns");
        const json& all = member(one, "response");
        const bool known = rate.is_object() && count(one, "ok") > 0;
        row.push_back(known ? spread_text(rate_text(number(rate, "median")), rate) : "-");
        row.push_back(known ? spread_text(format_latency(std::llround(number(p99, "median"))), p99)
                            : "-");
        for (const char* key : {"p50_ns", "p99_ns"})
            row.push_back(known && all.is_object() ? latency(all, key) : "-");
        table.add(std::move(row));
    }
    if (table.empty()) return {};
    return "\nMedians over the valid runs +- standard deviation; `of all`: histograms added up\n" +
           table.render(width);
}

/// What became of the run that was to confirm a rate; empty where there was none, or it did.
std::string confirmation(const json& document, double rate) {
    const json* last = nullptr;
    for (const json& t : member(document, "trials")) {
        if (text(t, "kind") == "validation" && number(t, "rate_per_s") == rate) last = &t;
    }
    if (last == nullptr) return "not confirmed by a longer run";
    const std::string problem = text(*last, "problem");
    if (!problem.empty()) return "the longer run that was to confirm it failed: " + problem;
    if (flag(*last, "generator_limited")) {
        std::string why;
        for (const json& reason : member(member(*last, "figures"), "reasons")) {
            if (reason.is_string() && why.empty())
                why = ": " + printable(reason.get<std::string>());
        }
        return "the generator was the limit of the longer run that was to confirm it" + why;
    }
    for (const json& one : member(member(*last, "figures"), "slo")) {
        if (flag(one, "met")) continue;
        const std::string value = member(one, "value").is_number()
                                      ? format_slo_value(text(one, "unit"), number(one, "value"))
                                      : std::string("nothing ended");
        return "the longer run that was to confirm it missed " + text(one, "text") + ": " + value;
    }
    if (flag(*last, "growing")) return "work piled up in the longer run that was to confirm it";
    return "the longer run that was to confirm it did not tell";
}

std::string rate_of_result(const json& result, const char* key) {
    return rate_text(number(result, key)) + "/s";
}

std::string explain(const json& result) {
    const std::string finish = text(result, "finish");
    if (finish == "found") return "the bounds are as close as asked for";
    if (finish == "undecided") {
        return "rates between the bounds cannot be told apart with trials this short; longer ones "
               "(--trial) narrow them";
    }
    if (finish == "generator_limit") {
        return "above the lower bound this generator is the limit, not the target";
    }
    if (finish == "rate_limit") return "the objectives are met even at --max-rate";
    if (finish == "none") {
        return flag(result, "upper_is_generator")
                   ? "the generator was the limit at every rate that was tried"
                   : "no rate that was tried meets the objectives";
    }
    if (finish == "budget") return "the budget is used up; a longer --budget narrows the bounds";
    if (finish == "failed") return "the trials could not be run";
    return "not finished";
}

}  // namespace

std::string render_curve(std::vector<curve_point> points, std::size_t width) {
    std::erase_if(points, [](const curve_point& p) {
        return !(p.rate_per_s > 0) || !(p.p50_ns > 0) || !(p.p99_ns > 0);
    });
    if (points.size() < 2 || width < 40) return {};
    double most = 0;
    double low = points.front().p50_ns;
    double high = 0;
    for (const curve_point& p : points) {
        most = std::max(most, p.rate_per_s);
        low = std::min({low, p.p50_ns, p.p99_ns});
        high = std::max({high, p.p50_ns, p.p99_ns});
    }
    // A flat line is drawn in the middle of a scale.
    if (high < 2 * low) {
        low /= 2;
        high *= 2;
    }
    const std::size_t columns = width - label_columns - 3;
    std::vector<std::string> rows(curve_rows, std::string(columns, ' '));
    const auto put = [&](double rate, double ns, char mark) {
        const double up = std::log(ns / low) / std::log(high / low);
        const auto row =
            static_cast<std::size_t>(std::lround((1 - up) * static_cast<double>(curve_rows - 1)));
        const auto column =
            static_cast<std::size_t>(std::lround(rate / most * static_cast<double>(columns - 1)));
        rows[row][column] = mark;
    };
    for (const curve_point& p : points)
        put(p.rate_per_s, p.p50_ns, 'o');
    for (const curve_point& p : points)
        put(p.rate_per_s, p.p99_ns, '*');
    std::string out = "Response time over throughput: * p99, o p50\n";
    for (std::size_t i = 0; i < curve_rows; ++i) {
        std::string label;
        if (i % 4 == 0 || i + 1 == curve_rows) {
            const double up = 1 - static_cast<double>(i) / static_cast<double>(curve_rows - 1);
            label = format_latency(std::llround(low * std::pow(high / low, up)));
        }
        std::string row = rows[i];
        row.erase(row.find_last_not_of(' ') + 1);
        out += pad_left(label, label_columns) + " |" + row + "\n";
    }
    const std::string end = format_count(most) + " ops/s";
    out += std::string(label_columns + 1, ' ') + "+" + std::string(columns, '-') + "\n";
    out += std::string(label_columns + 2, ' ') + "0" + pad_left(end, columns - 1) + "\n";
    return out;
}

std::string format_trial(const json& t) {
    const std::string kind = text(t, "kind");
    std::string line = pad_left(std::to_string(count(t, "number")), 4) + "  ";
    const json& f = member(t, "figures");
    if (const std::string problem = text(t, "problem"); !problem.empty()) {
        line += pad_right(kind == "search" ? "trial" : kind, 12);
        if (kind != "probe") line += pad_left(rate_text(number(t, "rate_per_s")) + "/s", 12) + "  ";
        return line + "failed: " + problem + "\n";
    }
    if (kind == "probe") {
        line += "probe       " + rate_text(number(f, "rate_per_s")) + "/s in a closed loop";
    } else {
        line += pad_right(kind == "search" ? "trial" : "validation", 12) +
                pad_left(rate_text(number(t, "rate_per_s")) + "/s", 12);
        for (const json& one : member(f, "slo")) {
            line += "  " + (member(one, "value").is_number()
                                ? format_slo_value(text(one, "unit"), number(one, "value"))
                                : std::string("-"));
        }
        if (flag(t, "growing")) line += "  work piles up";
        if (flag(t, "generator_limited")) line += "  generator was the limit";
        const std::string is = text(t, "rate_is");
        if (is == "lower" || is == "upper") line += "  " + is + " bound";
        if (is == "undecided") line += "  undecided";
        if (flag(t, "ended_early")) line += " (ended early)";
    }
    line += "\n";
    if (flag(t, "generator_limited")) add_reasons(line, "", f, 79);
    return line;
}

std::string render_sweep(const json& document, const std::string& path,
                         const terminal_options& options) {
    const std::size_t width = width_of(options);
    const json& axes = member(document, "axes");
    std::vector<std::string> header = {"Point"};
    for (const json& axis : axes) {
        const std::string name = text(axis, "name");
        const std::size_t dot = name.rfind('.');
        header.push_back(dot == std::string::npos ? name : name.substr(dot + 1));
    }
    for (const char* column : {"ops/s", "MB/s", "p50", "p99", "max", "failed", "unanswered", ""})
        header.emplace_back(column);
    text_table table(header);
    // MB/s, then p50, where the maximum's place is not enough.
    const std::size_t first = 1 + axes.size();
    table.leave_out_first({first + 4, first + 1, first + 2});
    std::vector<curve_point> curve;
    std::size_t done = 0;
    std::string reasons;
    for (const json& point : member(document, "points")) {
        const std::string status = text(point, "status");
        if (status == "pending") continue;
        std::string label = std::to_string(count(point, "index") + 1);
        std::vector<std::string> row = {label};
        for (const json& axis : axes)
            row.push_back(text(member(point, "settings"), text(axis, "name").c_str()));
        const json& f = member(point, "figures");
        if (f.is_object()) {
            row.insert(row.end(), {rate_text(number(f, "rate_per_s")),
                                   decimal(number(f, "bytes_per_s") / 1e6, 2),
                                   latency_text(f, "p50_ns"), latency_text(f, "p99_ns"),
                                   latency_text(f, "max_ns"), whole(count(f, "failed")),
                                   whole(unanswered(f)), status == "done" ? state_of(f) : status});
            curve.push_back(point_of(f));
            add_reasons(reasons, "Point " + label, f, width);
        } else {
            row.insert(row.end(), {"-", "-", "-", "-", "-", "-", "-", status});
        }
        if (status == "done") ++done;
        table.add(std::move(row));
    }
    std::string out = text(document, "scenario") + ": " + std::to_string(done) + " of " +
                      std::to_string(member(document, "points").size()) + " points\n\n";
    if (!table.empty()) out += table.render(width);
    out += aggregates(document, width);
    const std::string drawn = render_curve(std::move(curve), width);
    if (!drawn.empty()) out += "\n" + drawn;
    out += "\n";
    if (!reasons.empty()) out += "Invalid: these say nothing of the target\n" + reasons + "\n";
    if (flag(document, "interrupted")) {
        out += pad_right("INTERRUPTED", chart_indent) + "continue it with --resume\n";
    }
    return out + pad_right("Sweep", chart_indent) + path + "\n";
}

std::string render_find_max(const json& document, const std::string& path,
                            const terminal_options& options) {
    const std::size_t width = width_of(options);
    const json& result = member(document, "result");
    std::string out = text(document, "scenario") + ": the highest rate that meets\n";
    for (const json& one : member(document, "objectives")) {
        if (one.is_string()) out += "  " + printable(one.get<std::string>()) + "\n";
    }
    text_table table({"Rate", "trials", "load", "is"});
    for (const json& rate : member(document, "rates")) {
        std::string is = text(rate, "is");
        if (is == "lower" || is == "upper") is += " bound";
        if (flag(rate, "growing")) is += ", work piles up";
        if (is == "invalid") is = "the generator's limit";
        table.add({rate_of_result(rate, "rate_per_s"), std::to_string(count(rate, "trials")),
                   decimal(number(rate, "load_s"), 1) + " s", is});
    }
    if (!table.empty()) out += "\n" + table.render(width);
    std::vector<curve_point> curve;
    for (const json& t : member(document, "trials")) {
        const json& f = member(t, "figures");
        if (f.is_object() && text(t, "kind") != "probe") curve.push_back(point_of(f));
    }
    const std::string drawn = render_curve(std::move(curve), width);
    if (!drawn.empty()) out += "\n" + drawn;
    out += "\n";
    const bool low = member(result, "lower_per_s").is_number();
    const bool high = member(result, "upper_per_s").is_number();
    std::string bounds;
    if (low && flag(result, "validated")) {
        bounds =
            "at least " + rate_of_result(result, "lower_per_s") + " (confirmed by a longer run)";
    } else if (low) {
        bounds = rate_of_result(result, "lower_per_s") + " met them in short trials";
    }
    if (high) {
        bounds += (low ? ", " : "") + std::string("below ") + rate_of_result(result, "upper_per_s");
    }
    if (low && high) bounds += ": " + decimal(100 * number(result, "width"), 1) + "% apart";
    if (bounds.empty()) bounds = "not known";
    out += paragraph("Highest rate", chart_indent + 2, bounds, width);
    if (low && !flag(result, "validated")) {
        out += paragraph("NOT CONFIRMED", chart_indent + 2,
                         confirmation(document, number(result, "lower_per_s")), width);
    }
    out += paragraph(
        "", chart_indent + 2,
        flag(document, "interrupted") ? "interrupted before the search was over" : explain(result),
        width);
    const double longer = number(result, "trials_lengthened");
    if (member(result, "settled").is_boolean() && !flag(result, "settled")) {
        out += paragraph("", chart_indent + 2,
                         "the target's queues come and go slowly against trials this short: the "
                         "lower bound may be too high; give a longer --trial",
                         width);
    } else if (longer > 1) {
        out += paragraph("", chart_indent + 2,
                         "trials were made " + decimal(longer, 0) +
                             " times as long: the target's queues come and go slowly",
                         width);
    }
    if (path.empty()) return out;
    return out + pad_right("Search", chart_indent + 2) + path + "\n";
}

}  // namespace chopsticks::results
