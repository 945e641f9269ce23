// The documents of sweeps and searches, written and read.

#include <chopsticks/core/error.hpp>
#include <chopsticks/results/document.hpp>
#include <chopsticks/results/series.hpp>

#include "file_io.hpp"
#include "json_text.hpp"

namespace chopsticks::results {

namespace {

constexpr int series_version = 1;

/// As it is: what is computed from these documents is not to hang on rounding.
template <typename T>
json exactly(const std::optional<T>& value) {
    return value ? json(*value) : json(nullptr);
}

template <typename T>
void put_if_known(json& to, const char* key, const std::optional<T>& value) {
    if (value) to[key] = *value;
}

json to_json(const point_figures& f) {
    json out;
    out["duration_s"] = f.duration_s;
    out["intended_per_s"] = f.intended_per_s;
    out["rate_per_s"] = f.rate_per_s;
    out["bytes_per_s"] = f.bytes_per_s;
    out["ok"] = f.ok;
    out["failed"] = f.failed;
    out["shed"] = f.shed;
    out["backlog_at_end"] = f.backlog_at_end;
    put_if_known(out, "shed_late", f.shed_late);
    put_if_known(out, "unfinished", f.unfinished);
    put_if_known(out, "outage_share", f.outage_share);
    out["mean_ns"] = f.mean_ns;
    put_if_known(out, "at_least", f.at_least);
    out["p50_ns"] = f.p50_ns;
    out["p99_ns"] = f.p99_ns;
    out["p999_ns"] = f.p999_ns;
    out["max_ns"] = f.max_ns;
    if (!f.response.is_null()) out["response"] = f.response;
    out["valid"] = f.valid;
    out["reasons"] = f.reasons;
    out["slo"] = json::array();
    for (const point_objective& one : f.slo) {
        json row;
        row["text"] = one.text;
        row["unit"] = one.unit;
        row["value"] = exactly(one.value);
        row["met"] = one.met;
        out["slo"].push_back(std::move(row));
    }
    return out;
}

json figures_json(const std::optional<point_figures>& f) {
    return f ? to_json(*f) : json(nullptr);
}

json settings_json(const std::vector<search::axis>& axes, const std::vector<std::string>& values) {
    json out = json::object();
    for (std::size_t i = 0; i < axes.size(); ++i)
        out[axes[i].name] = values[i];
    return out;
}

json point_json(const swept_point& p, const std::vector<search::axis>& axes) {
    json out;
    out["index"] = p.plan.index;
    out["repeat"] = p.plan.repeat;
    out["settings"] = settings_json(axes, p.plan.values);
    out["file"] = p.file;
    out["status"] = name(p.status);
    out["exit_status"] = exactly(p.exit_status);
    out["problem"] = known(p.problem);
    out["cool_down_s"] = p.cool_down_s;
    out["cooled_down"] = p.cooled_down;
    out["figures"] = figures_json(p.figures);
    put_if_known(out, "left_behind", p.left_behind);
    return out;
}

json spread_json(const std::optional<run_spread>& s) {
    if (!s) return nullptr;
    json out;
    out["median"] = s->median;
    out["mean"] = s->mean;
    out["stddev"] = exactly(s->stddev);
    out["min"] = s->min;
    out["max"] = s->max;
    return out;
}

json aggregate_json(const point_aggregate& a, const std::vector<search::axis>& axes) {
    json out;
    out["settings"] = settings_json(axes, a.values);
    out["runs"] = a.runs;
    out["valid_runs"] = a.valid_runs;
    out["ok"] = a.ok;
    out["failed"] = a.failed;
    out["shed"] = a.shed;
    out["shed_late"] = a.shed_late;
    out["unfinished"] = a.unfinished;
    out["backlog_at_end"] = a.backlog_at_end;
    out["rate_per_s"] = spread_json(a.rate_per_s);
    out["bytes_per_s"] = spread_json(a.bytes_per_s);
    out["mean_ns"] = spread_json(a.mean_ns);
    out["p50_ns"] = spread_json(a.p50_ns);
    out["p99_ns"] = spread_json(a.p99_ns);
    out["p999_ns"] = spread_json(a.p999_ns);
    out["max_ns"] = spread_json(a.max_ns);
    out["response"] = a.response;
    return out;
}

json trial_json(const search_trial& t) {
    json out;
    out["number"] = t.plan.number;
    out["kind"] = search::name(t.plan.kind);
    out["rate_per_s"] = t.plan.rate;
    out["planned_s"] = t.plan.load_s;
    out["file"] = t.file;
    out["figures"] = figures_json(t.figures);
    out["problem"] = known(t.problem);
    out["elapsed_s"] = t.elapsed_s;
    out["growing"] = t.growing;
    out["ended_early"] = t.ended_early;
    out["generator_limited"] = t.generator_limited;
    out["rate_is"] = t.rate_is ? json(search::name(*t.rate_is)) : json(nullptr);
    return out;
}

json bounds_json(const search_bounds& b) {
    json out;
    out["lower_per_s"] = exactly(b.lower_per_s);
    out["upper_per_s"] = exactly(b.upper_per_s());
    out["upper_is_generator"] = b.upper_is_generator();
    out["width"] = exactly(b.width());
    out["validated"] = b.validated;
    out["trials_lengthened"] = b.trials_lengthened;
    out["settled"] = b.settled;
    out["finish"] = search::name(b.finish);
    return out;
}

// What follows throws json::exception where a member is missing or of another type.

template <typename T>
std::optional<T> if_known(const json& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end() || found->is_null()) return std::nullopt;
    return found->get<T>();
}

std::string text_or_empty(const json& from, const char* key) {
    return if_known<std::string>(from, key).value_or(std::string());
}

point_figures read_figures(const json& from) {
    point_figures f;
    from.at("duration_s").get_to(f.duration_s);
    from.at("intended_per_s").get_to(f.intended_per_s);
    from.at("rate_per_s").get_to(f.rate_per_s);
    from.at("bytes_per_s").get_to(f.bytes_per_s);
    from.at("ok").get_to(f.ok);
    from.at("failed").get_to(f.failed);
    from.at("shed").get_to(f.shed);
    from.at("backlog_at_end").get_to(f.backlog_at_end);
    f.shed_late = if_known<std::uint64_t>(from, "shed_late");
    f.unfinished = if_known<std::uint64_t>(from, "unfinished");
    f.outage_share = if_known<double>(from, "outage_share");
    from.at("mean_ns").get_to(f.mean_ns);
    f.at_least = if_known<std::vector<std::string>>(from, "at_least");
    from.at("p50_ns").get_to(f.p50_ns);
    from.at("p99_ns").get_to(f.p99_ns);
    from.at("p999_ns").get_to(f.p999_ns);
    from.at("max_ns").get_to(f.max_ns);
    if (from.contains("response")) f.response = from["response"];
    from.at("valid").get_to(f.valid);
    from.at("reasons").get_to(f.reasons);
    for (const json& row : from.at("slo")) {
        f.slo.push_back({row.at("text").get<std::string>(), row.at("unit").get<std::string>(),
                         if_known<double>(row, "value"), row.at("met").get<bool>()});
    }
    return f;
}

point_status read_status(const json& from) {
    const auto word = from.get<std::string>();
    for (const point_status s :
         {point_status::done, point_status::failed, point_status::interrupted}) {
        if (word == name(s)) return s;
    }
    return point_status::pending;
}

swept_point read_point(const json& from, const std::vector<search::axis>& axes) {
    swept_point p;
    from.at("index").get_to(p.plan.index);
    from.at("repeat").get_to(p.plan.repeat);
    for (const search::axis& a : axes)
        p.plan.values.push_back(from.at("settings").at(a.name).get<std::string>());
    from.at("file").get_to(p.file);
    p.status = read_status(from.at("status"));
    p.exit_status = if_known<int>(from, "exit_status");
    p.problem = text_or_empty(from, "problem");
    from.at("cool_down_s").get_to(p.cool_down_s);
    from.at("cooled_down").get_to(p.cooled_down);
    if (!from.at("figures").is_null()) p.figures = read_figures(from["figures"]);
    p.left_behind = if_known<std::vector<std::string>>(from, "left_behind");
    return p;
}

sweep_document read_members(const json& from) {
    sweep_document out;
    out.identity = from.at("identity");
    out.scenario = text_or_empty(from, "scenario");
    from.at("started").get_to(out.started);
    from.at("command_line").get_to(out.command_line);
    from.at("seed").get_to(out.seed);
    from.at("shuffled").get_to(out.shuffled);
    from.at("repeat").get_to(out.repeat);
    from.at("interrupted").get_to(out.interrupted);
    for (const json& axis : from.at("axes")) {
        out.axes.push_back({axis.at("name").get<std::string>(),
                            axis.at("values").get<std::vector<std::string>>()});
    }
    for (const json& point : from.at("points"))
        out.points.push_back(read_point(point, out.axes));
    return out;
}

template <typename Word>
Word word_of(const json& from, std::initializer_list<Word> all) {
    const auto text = from.get<std::string>();
    for (const Word one : all) {
        if (text == search::name(one)) return one;
    }
    throw json::other_error::create(501, "unknown word: " + text, nullptr);
}

search::rate_class read_class(const json& from) {
    using search::rate_class;
    return word_of(from, {rate_class::open, rate_class::lower, rate_class::upper,
                          rate_class::undecided, rate_class::invalid});
}

search_bounds read_bounds(const json& from) {
    using search::finish;
    search_bounds out;
    out.lower_per_s = if_known<double>(from, "lower_per_s");
    const bool of_generator = from.at("upper_is_generator").get<bool>();
    (of_generator ? out.generator_per_s : out.missed_per_s) = if_known<double>(from, "upper_per_s");
    from.at("validated").get_to(out.validated);
    from.at("trials_lengthened").get_to(out.trials_lengthened);
    from.at("settled").get_to(out.settled);
    out.finish = word_of(from.at("finish"), {finish::running, finish::found, finish::undecided,
                                             finish::generator_limit, finish::rate_limit,
                                             finish::none, finish::budget, finish::failed});
    return out;
}

search_trial read_trial(const json& from) {
    using search::trial_kind;
    search_trial out;
    from.at("number").get_to(out.plan.number);
    out.plan.kind =
        word_of(from.at("kind"), {trial_kind::probe, trial_kind::search, trial_kind::validation});
    from.at("rate_per_s").get_to(out.plan.rate);
    from.at("planned_s").get_to(out.plan.load_s);
    from.at("file").get_to(out.file);
    if (!from.at("figures").is_null()) out.figures = read_figures(from["figures"]);
    out.problem = text_or_empty(from, "problem");
    from.at("elapsed_s").get_to(out.elapsed_s);
    from.at("growing").get_to(out.growing);
    from.at("ended_early").get_to(out.ended_early);
    from.at("generator_limited").get_to(out.generator_limited);
    if (!from.at("rate_is").is_null()) out.rate_is = read_class(from["rate_is"]);
    return out;
}

find_max_document read_search(const json& from) {
    find_max_document out;
    from.at("started").get_to(out.started);
    from.at("command_line").get_to(out.command_line);
    from.at("seed").get_to(out.seed);
    from.at("scenario").get_to(out.scenario);
    out.identity = from.at("identity");
    from.at("objectives").get_to(out.objectives);
    const json& options = from.at("options");
    options.at("width").get_to(out.options.width);
    options.at("trial_s").get_to(out.options.trial_s);
    options.at("validation_s").get_to(out.options.validation_s);
    options.at("budget_s").get_to(out.options.budget_s);
    options.at("trials_per_rate").get_to(out.options.trials_most);
    options.at("confidence").get_to(out.options.confidence);
    from.at("interrupted").get_to(out.interrupted);
    from.at("spent_s").get_to(out.spent_s);
    out.result = read_bounds(from.at("result"));
    for (const json& one : from.at("rates")) {
        search::tried_rate& rate = out.rates.emplace_back();
        one.at("rate_per_s").get_to(rate.rate);
        rate.what = read_class(one.at("is"));
        one.at("trials").get_to(rate.trials);
        one.at("invalid_trials").get_to(rate.invalid);
        one.at("load_s").get_to(rate.load_s);
        one.at("growing").get_to(rate.growing);
    }
    for (const json& one : from.at("trials"))
        out.trials.push_back(read_trial(one));
    return out;
}

}  // namespace

const char* name(point_status s) noexcept {
    switch (s) {
        case point_status::pending:
            return "pending";
        case point_status::done:
            return "done";
        case point_status::failed:
            return "failed";
        case point_status::interrupted:
            break;
    }
    return "interrupted";
}

json to_json(const sweep_document& sweep) {
    json out;
    out["kind"] = "chopsticks-sweep";
    out["schema_version"] = series_version;
    out["identity"] = sweep.identity;
    out["scenario"] = sweep.scenario;
    out["started"] = sweep.started;
    out["command_line"] = redact(sweep.command_line);
    out["seed"] = sweep.seed;
    out["shuffled"] = sweep.shuffled;
    out["repeat"] = sweep.repeat;
    out["interrupted"] = sweep.interrupted;
    out["axes"] = json::array();
    for (const search::axis& a : sweep.axes) {
        json one;
        one["name"] = a.name;
        one["values"] = a.values;
        out["axes"].push_back(std::move(one));
    }
    out["points"] = json::array();
    for (const swept_point& p : sweep.points)
        out["points"].push_back(point_json(p, sweep.axes));
    out["aggregates"] = json::array();
    for (const point_aggregate& a : aggregate_repeats(sweep))
        out["aggregates"].push_back(aggregate_json(a, sweep.axes));
    return out;
}

json to_json(const find_max_document& found) {
    json out;
    out["kind"] = "chopsticks-find-max";
    out["schema_version"] = series_version;
    out["started"] = found.started;
    out["command_line"] = redact(found.command_line);
    out["seed"] = found.seed;
    out["scenario"] = found.scenario;
    out["identity"] = found.identity;
    out["objectives"] = found.objectives;
    json& options = out["options"];
    options["width"] = found.options.width;
    options["trial_s"] = found.options.trial_s;
    options["validation_s"] = found.options.validation_s;
    options["budget_s"] = found.options.budget_s;
    options["trials_per_rate"] = found.options.trials_most;
    options["confidence"] = found.options.confidence;
    out["interrupted"] = found.interrupted;
    out["spent_s"] = found.spent_s;
    out["result"] = bounds_json(found.result);
    out["rates"] = json::array();
    for (const search::tried_rate& tried : found.rates) {
        json one;
        one["rate_per_s"] = tried.rate;
        one["is"] = search::name(tried.what);
        one["trials"] = tried.trials;
        one["invalid_trials"] = tried.invalid;
        one["load_s"] = tried.load_s;
        one["growing"] = tried.growing;
        out["rates"].push_back(std::move(one));
    }
    out["trials"] = json::array();
    for (const search_trial& t : found.trials)
        out["trials"].push_back(trial_json(t));
    return out;
}

namespace {

/// The document of that kind in a file. \param missing what to do where there is none
template <typename Read>
auto read_series(const std::string& path, const std::string& kind, const char* missing,
                 const config_error& foreign, const Read& read) {
    std::string text;
    if (read_file(path, text) != 0) throw config_error(path + ": cannot be read" + missing);
    const json found = json::parse(text, nullptr, false);
    const bool ours = found.is_object() && found.value("kind", json()) == json(kind) &&
                      found.value("schema_version", json()) == json(series_version);
    if (!ours) throw foreign;
    try {
        return read(found);
    } catch (const json::exception&) {
        throw foreign;
    }
}

}  // namespace

sweep_document read_sweep(const std::string& path) {
    return read_series(path, "chopsticks-sweep", "; is there a sweep to --resume?",
                       config_error(path + ": no sweep of this version of chopsticks"),
                       read_members);
}

find_max_document read_find_max(const std::string& path) {
    return read_series(path, "chopsticks-find-max", "",
                       config_error(path + ": no search of this version of chopsticks"),
                       read_search);
}

}  // namespace chopsticks::results
