#include <algorithm>
#include <chopsticks/results/json_reading.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/slo.hpp>
#include <chopsticks/results/text.hpp>

#include "report_words.hpp"

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

std::string latency_text(const point_figures& f, const char* key, std::int64_t ns) {
    if (f.response.is_object()) return latency(f.response, key);
    return f.ok == 0 ? "-" : format_latency(ns);
}

curve_point point_of(const point_figures& f) {
    return {f.rate_per_s, static_cast<double>(f.p50_ns), static_cast<double>(f.p99_ns)};
}

/// "ok", or the worst that is to be said of a run in a word.
std::string state_of(const point_figures& f) {
    if (!f.valid) return "invalid";
    for (const point_objective& one : f.slo) {
        if (!one.met) return "SLO missed";
    }
    return f.backlog_at_end + f.shed > 0 ? "overload" : "ok";
}

std::string value_text(const point_objective& one, const std::string& otherwise) {
    return one.value ? format_slo_value(one.unit, *one.value) : otherwise;
}

/// Why runs say nothing of the target, each reason once behind those it is true of.
void add_reasons(std::string& out, const std::string& who, const point_figures& f,
                 std::size_t width) {
    for (const std::string& reason : f.reasons)
        out += paragraph(who, chart_indent, printable(reason), width);
}

/// The axes by the last part of their names.
void add_axes(std::vector<std::string>& header, const std::vector<search::axis>& axes) {
    for (const search::axis& axis : axes) {
        const std::size_t dot = axis.name.rfind('.');
        header.push_back(
            printable(dot == std::string::npos ? axis.name : axis.name.substr(dot + 1)));
    }
}

/// "1213.4 +- 2.1 %": the median, and the spread of the runs around their mean.
std::string spread_text(const std::string& median, const run_spread& spread) {
    if (!spread.stddev || spread.mean <= 0) return median;
    return median + " +-" + decimal(100 * *spread.stddev / spread.mean, 1) + "%";
}

std::string aggregates(const sweep_document& sweep, std::size_t width) {
    std::vector<std::string> header;
    add_axes(header, sweep.axes);
    for (const char* column : {"valid runs", "ops/s", "p99 of runs", "p50 of all", "p99 of all"})
        header.emplace_back(column);
    text_table table(header);
    const std::size_t first = sweep.axes.size();
    table.leave_out_first({first + 3, first + 4, first});
    for (const point_aggregate& one : aggregate_repeats(sweep)) {
        std::vector<std::string> row;
        for (const std::string& value : one.values)
            row.push_back(printable(value));
        row.push_back(std::to_string(one.valid_runs) + " of " + std::to_string(one.runs));
        const bool known = one.rate_per_s && one.ok > 0;
        row.push_back(known ? spread_text(rate_text(one.rate_per_s->median), *one.rate_per_s)
                            : "-");
        row.push_back(
            known ? spread_text(format_latency(std::llround(one.p99_ns->median)), *one.p99_ns)
                  : "-");
        for (const char* key : {"p50_ns", "p99_ns"}) {
            row.push_back(known && one.response.is_object() ? latency(one.response, key) : "-");
        }
        table.add(std::move(row));
    }
    if (table.empty()) return {};
    return "\n" +
           paragraph("", 0,
                     "Medians over valid runs +- standard deviation; `of all`: histograms added up",
                     width) +
           table.render(width);
}

/// What became of the run that was to confirm a rate; empty where there was none, or it did.
std::string confirmation(const find_max_document& found, double rate) {
    const search_trial* last = nullptr;
    for (const search_trial& t : found.trials) {
        if (t.plan.kind == search::trial_kind::validation && t.plan.rate == rate) last = &t;
    }
    if (last == nullptr) return "not confirmed by a longer run";
    if (!last->problem.empty()) {
        return "the longer run that was to confirm it failed: " + printable(last->problem);
    }
    const point_figures none;
    const point_figures& f = last->figures ? *last->figures : none;
    if (last->generator_limited) {
        const std::string why = f.reasons.empty() ? "" : ": " + printable(f.reasons.front());
        return "the generator was the limit of the longer run that was to confirm it" + why;
    }
    for (const point_objective& one : f.slo) {
        if (one.met) continue;
        return "the longer run that was to confirm it missed " + printable(one.text) + ": " +
               value_text(one, "nothing ended");
    }
    if (last->growing) return "work piled up in the longer run that was to confirm it";
    return "the longer run that was to confirm it did not tell";
}

std::string explain(const search_bounds& bounds) {
    switch (bounds.finish) {
        case search::finish::found:
            return "the bounds are as close as asked for";
        case search::finish::undecided:
            return "rates between the bounds cannot be told apart with trials this short; longer "
                   "ones (--trial) narrow them";
        case search::finish::generator_limit:
            return "above the lower bound this generator is the limit, not the target";
        case search::finish::rate_limit:
            return "the objectives are met even at --max-rate";
        case search::finish::none:
            return bounds.upper_is_generator()
                       ? "the generator was the limit at every rate that was tried"
                       : "no rate that was tried meets the objectives";
        case search::finish::budget:
            return "the budget is used up; a longer --budget narrows the bounds";
        case search::finish::failed:
            return "the trials could not be run";
        case search::finish::running:
            break;
    }
    return "not finished";
}

}  // namespace

std::string render_curve(std::vector<curve_point> points, std::size_t width) {
    std::erase_if(points, [](const curve_point& p) {
        return !(p.rate_per_s > 0) || !(p.p50_ns > 0) || !(p.p99_ns > 0);
    });
    constexpr std::size_t width_least = 44;  // of its title
    if (points.size() < 2 || width < width_least) return {};
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

std::string format_trial(const search_trial& t) {
    using search::rate_class;
    using search::trial_kind;
    std::string line = pad_left(std::to_string(t.plan.number), 4) + "  ";
    const std::string rate = pad_left(rate_text(t.plan.rate) + "/s", 12);
    const std::string kind =
        pad_right(t.plan.kind == trial_kind::search ? "trial" : search::name(t.plan.kind), 12);
    if (!t.problem.empty()) {
        line += kind;
        if (t.plan.kind != trial_kind::probe) line += rate + "  ";
        return line + "failed: " + printable(t.problem) + "\n";
    }
    const point_figures none;
    const point_figures& f = t.figures ? *t.figures : none;
    if (t.plan.kind == trial_kind::probe) {
        line += kind + rate_text(f.rate_per_s) + "/s in a closed loop";
    } else {
        line += kind + rate;
        for (const point_objective& one : f.slo)
            line += "  " + value_text(one, "-");
        if (t.growing) line += "  work piles up";
        if (t.generator_limited) line += "  generator was the limit";
        if (t.rate_is == rate_class::lower) line += "  lower bound";
        if (t.rate_is == rate_class::upper) line += "  upper bound";
        if (t.rate_is == rate_class::undecided) line += "  undecided";
        if (t.ended_early) line += " (ended early)";
    }
    line += "\n";
    if (t.generator_limited) add_reasons(line, "", f, 79);
    return line;
}

std::string render_sweep(const sweep_document& sweep, const std::string& path,
                         const terminal_options& options) {
    const std::size_t width = width_of(options);
    constexpr std::size_t narrow = 60;
    std::vector<std::string> header = {width < narrow ? "#" : "Point"};
    add_axes(header, sweep.axes);
    for (const char* column : {"ops/s", "MB/s", "p50", "p99", "max", "failed", "unanswered", ""})
        header.emplace_back(column);
    text_table table(header);
    // MB/s, then p50, where the maximum's place is not enough; what failed last of all.
    const std::size_t first = 1 + sweep.axes.size();
    table.leave_out_first({first + 4, first + 1, first + 2, first + 6, first + 5});
    std::vector<curve_point> curve;
    std::size_t done = 0;
    std::string reasons;
    for (const swept_point& point : sweep.points) {
        if (point.status == point_status::pending) continue;
        const bool ended = point.status == point_status::done;
        const std::string label = std::to_string(point.plan.index + 1);
        std::vector<std::string> row = {label};
        for (const std::string& value : point.plan.values)
            row.push_back(printable(value));
        if (point.figures) {
            const point_figures& f = *point.figures;
            row.insert(row.end(),
                       {rate_text(f.rate_per_s), decimal(f.bytes_per_s / 1e6, 2),
                        latency_text(f, "p50_ns", f.p50_ns), latency_text(f, "p99_ns", f.p99_ns),
                        latency_text(f, "max_ns", f.max_ns), whole(f.failed), whole(f.unanswered()),
                        ended ? state_of(f) : name(point.status)});
            curve.push_back(point_of(f));
            add_reasons(reasons, "Point " + label, f, width);
        } else {
            row.insert(row.end(), {"-", "-", "-", "-", "-", "-", "-", name(point.status)});
        }
        if (ended) ++done;
        table.add(std::move(row));
    }
    std::string out = printable(sweep.scenario) + ": " + std::to_string(done) + " of " +
                      std::to_string(sweep.points.size()) + " points\n\n";
    if (!table.empty()) out += table.render(width);
    out += aggregates(sweep, width);
    const std::string drawn = render_curve(std::move(curve), width);
    if (!drawn.empty()) out += "\n" + drawn;
    out += "\n";
    if (!reasons.empty()) {
        out += paragraph("", 0, "Invalid: these say nothing of the target", width) + reasons + "\n";
    }
    if (sweep.interrupted) {
        out += pad_right("INTERRUPTED", chart_indent) + "continue it with --resume\n";
    }
    return out + pad_right("Sweep", chart_indent) + path + "\n";
}

std::string render_find_max(const find_max_document& found, const std::string& path,
                            const terminal_options& options) {
    const std::size_t width = width_of(options);
    const search_bounds& result = found.result;
    std::string out = printable(found.scenario) + ": the highest rate that meets\n";
    for (const std::string& one : found.objectives)
        out += "  " + printable(one) + "\n";
    text_table table({"Rate", "trials", "load", "is"});
    table.leave_out_first({2, 1});
    for (const search::tried_rate& rate : found.rates) {
        std::string is = search::name(rate.what);
        if (rate.what == search::rate_class::lower || rate.what == search::rate_class::upper)
            is += " bound";
        if (rate.growing) {
            is += ", work piles up";
        } else if (rate.what == search::rate_class::invalid) {
            is = "the generator's limit";
        }
        table.add({rate_text(rate.rate) + "/s", std::to_string(rate.trials),
                   decimal(rate.load_s, 1) + " s", is});
    }
    if (!table.empty()) out += "\n" + table.render(width);
    std::vector<curve_point> curve;
    for (const search_trial& t : found.trials) {
        const bool open_loop = t.plan.kind != search::trial_kind::probe;
        if (t.figures && open_loop) curve.push_back(point_of(*t.figures));
    }
    const std::string drawn = render_curve(std::move(curve), width);
    if (!drawn.empty()) out += "\n" + drawn;
    out += "\n";
    const std::optional<double> low = result.lower_per_s;
    const std::optional<double> high = result.upper_per_s();
    std::string bounds;
    if (low && result.validated) {
        bounds = "at least " + rate_text(*low) + "/s (confirmed by a longer run)";
    } else if (low) {
        bounds = rate_text(*low) + "/s met them in short trials";
    }
    if (high) bounds += (low ? ", " : "") + std::string("below ") + rate_text(*high) + "/s";
    if (low && high) bounds += ": " + decimal(100 * *result.width(), 1) + "% apart";
    if (bounds.empty()) bounds = "not known";
    out += paragraph("Highest rate", chart_indent + 2, bounds, width);
    if (low && !result.validated) {
        out += paragraph("NOT CONFIRMED", chart_indent + 2, confirmation(found, *low), width);
    }
    out += paragraph("", chart_indent + 2,
                     found.interrupted ? "interrupted before the search was over" : explain(result),
                     width);
    if (!result.settled) {
        out += paragraph("", chart_indent + 2,
                         "the target's queues come and go slowly against trials this short: the "
                         "lower bound may be too high; give a longer --trial",
                         width);
    } else if (result.trials_lengthened > 1) {
        out += paragraph("", chart_indent + 2,
                         "trials were made " + decimal(result.trials_lengthened, 0) +
                             " times as long: the target's queues come and go slowly",
                         width);
    }
    if (path.empty()) return out;
    return out + pad_right("Search", chart_indent + 2) + path + "\n";
}

}  // namespace chopsticks::results
