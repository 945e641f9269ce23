#include "driver_figures.hpp"

#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <cmath>
#include <set>
#include <tuple>

#include "combine.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

static_assert(stats::figure_count_max <= count_max);

namespace {

/// Of all groups: as many as a document may have operations.
constexpr std::size_t figures_max = 1000;

constexpr const char* load_phases[] = {"ramp", "warmup", "measure", "drain"};

json counter_json(std::uint64_t count, double duration_s) {
    const double per_s = duration_s > 0 ? static_cast<double>(count) / duration_s : 0;
    return {{"count", count}, {"per_s", rounded(per_s)}};
}

json gauge_json(const stats::driver_value& value) {
    return {{"last", rounded(value.last)},
            {"min", rounded(value.lowest)},
            {"max", rounded(value.highest)}};
}

/// null: a level that nobody set.
json span_json(const stats::driver_value& value, double duration_s) {
    switch (value.kind) {
        case stats::figure_kind::timer:
            return to_json(*value.times);
        case stats::figure_kind::gauge:
            return value.known ? gauge_json(value) : json(nullptr);
        case stats::figure_kind::counter:
            break;
    }
    return counter_json(value.count, duration_s);
}

json what_it_is(const stats::driver_figure& figure) {
    json out;
    out["kind"] = name(figure.kind);
    out["unit"] = figure.unit;
    out["description"] = figure.description;
    if (figure.kind == stats::figure_kind::gauge) out["over_cores"] = name(figure.over_cores);
    return out;
}

driver_span read_span(const json& object, const place& at, const std::string& file,
                      stats::figure_kind kind) {
    driver_span out;
    out.kind = kind;
    if (kind == stats::figure_kind::gauge && object.is_null()) return out;
    const checked_members from(object, at, file);
    if (kind == stats::figure_kind::timer) {
        out.times = read_latency(object, at, file);
    } else if (kind == stats::figure_kind::counter) {
        out.count = from.required_count("count");
        out.per_s = from.number("per_s");
    } else {
        out.known = true;
        const auto level = [&](const char* key) {
            const double value = from.required_number(key);
            if (std::abs(value) > stats::figure_level_max) from.fail(key, "is out of range");
            return value;
        };
        out.last = level("last");
        out.lowest = level("min");
        out.highest = level("max");
        if (out.lowest > out.highest) from.fail("min", "is above max");
    }
    return out;
}

/// What an interval's is, by its members.
stats::figure_kind kind_of(const checked_members& from) {
    if (!from.any("hdr").is_null()) return stats::figure_kind::timer;
    return from.any("last").is_null() ? stats::figure_kind::counter : stats::figure_kind::gauge;
}

stats::driver_figure read_declared(const checked_members& from, std::string_view name) {
    stats::driver_figure out;
    out.name = name;
    out.unit = from.required_text("unit");
    out.description = from.required_text("description");
    const std::string kind = from.required_text("kind");
    bool known = false;
    for (const auto one :
         {stats::figure_kind::counter, stats::figure_kind::gauge, stats::figure_kind::timer}) {
        if (kind != stats::name(one)) continue;
        out.kind = one;
        known = true;
    }
    if (!known) from.fail("kind", "is none of counter, gauge, timer");
    if (out.kind == stats::figure_kind::gauge) {
        const std::string how = from.required_text("over_cores");
        const bool sum = how == stats::name(stats::level_over_cores::sum);
        if (!sum && how != stats::name(stats::level_over_cores::highest))
            from.fail("over_cores", "is neither sum nor highest");
        out.over_cores = sum ? stats::level_over_cores::sum : stats::level_over_cores::highest;
    }
    const std::string problem = stats::problem_with(out);
    if (!problem.empty())
        throw config_error(from.file() + ": " + from.at().text() + ": " + problem);
    return out;
}

/// Calls read(group, name, value, place) for each figure of each group.
template <typename Read>
void for_each_figure(const checked_members& from, Read read) {
    constexpr const char* key = "driver_figures";
    std::size_t number = 0;
    from.each(key, [&](const json& group, const place& there, std::string_view name) {
        if (name.empty()) from.fail(key, "is not by group");
        const checked_members figures(group, there, from.file());
        for (const auto& [figure, value] : group.items()) {
            if (++number > figures_max)
                from.fail(key, "has more than " + std::to_string(figures_max) + " members");
            read(name, figure, value, place{&there, figure});
        }
    });
}

}  // namespace

json driver_figures_json(const run_document& doc) {
    json out = json::object();
    const std::vector<stats::group_figure>& figures = doc.layout.driver_figures;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        double measured_s = doc.run.duration_s;
        double load_s = 0;
        for (const group_figures& group : doc.groups) {
            if (group.name == figures[i].group) measured_s = group.measured_s;
        }
        for (const phase_span& phase : doc.run.phases) {
            const auto is = [&](const char* name) { return phase.name == name; };
            if (std::any_of(std::begin(load_phases), std::end(load_phases), is))
                load_s += phase.duration_s;
        }
        json one = what_it_is(figures[i].what);
        one["measured"] = span_json(doc.measured_of_drivers.at(i), measured_s);
        one["load"] = span_json(doc.of_drivers.at(i), load_s);
        out[figures[i].group][figures[i].what.name] = std::move(one);
    }
    return out;
}

json driver_figures_json(const stats::driver_values& values, const stats::layout& names,
                         double duration_s) {
    json out = json::object();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const stats::driver_value& value = values[i];
        json one;
        if (value.kind == stats::figure_kind::counter && value.count > 0) {
            one = counter_json(value.count, duration_s);
        } else if (value.kind == stats::figure_kind::gauge && value.known) {
            one = gauge_json(value);
        } else if (value.kind == stats::figure_kind::timer && value.times->count() > 0) {
            one = brief_histogram_json(*value.times);
        } else {
            continue;
        }
        const stats::group_figure& of = names.driver_figures.at(i);
        out[of.group][of.what.name] = std::move(one);
    }
    return out;
}

json declared_json(const std::vector<stats::group_figure>& figures) {
    json out = json::object();
    for (const stats::group_figure& one : figures)
        out[one.group][one.what.name] = what_it_is(one.what);
    return out;
}

std::vector<driver_figure_record> read_driver_figures(const checked_members& from) {
    std::vector<driver_figure_record> out;
    for_each_figure(from, [&](std::string_view group, const std::string& name, const json& value,
                              const place& at) {
        const checked_members figure(value, at, from.file());
        driver_figure_record& one = out.emplace_back();
        one.of = {std::string(group), read_declared(figure, name)};
        const auto span = [&](const char* key) {
            return read_span(figure.any(key), place{&at, key}, from.file(), one.of.what.kind);
        };
        one.measured = span("measured");
        one.load = span("load");
    });
    return out;
}

std::vector<interval_driver_figure> read_interval_driver_figures(const checked_members& from) {
    std::vector<interval_driver_figure> out;
    for_each_figure(from, [&](std::string_view group, const std::string& name, const json& value,
                              const place& at) {
        const checked_members figure(value, at, from.file());
        out.push_back(
            {std::string(group), name, read_span(value, at, from.file(), kind_of(figure))});
    });
    return out;
}

std::size_t figure_index(const std::vector<stats::group_figure>& figures, std::string_view group,
                         std::string_view name) noexcept {
    const auto at = std::find_if(figures.begin(), figures.end(), [&](const auto& one) {
        return one.what.name == name && one.group == group;
    });
    return static_cast<std::size_t>(at - figures.begin());
}

void check_driver_figures(const std::vector<driver_figure_record>& declared,
                          const std::vector<interval_figures>& intervals, const std::string& file) {
    std::set<std::tuple<std::string_view, std::string_view, stats::figure_kind>> known;
    for (const driver_figure_record& one : declared)
        known.insert({one.of.group, one.of.what.name, one.of.what.kind});
    for (std::size_t i = 0; i < intervals.size(); ++i) {
        for (const interval_driver_figure& one : intervals[i].driver_figures) {
            if (known.contains({one.group, one.name, one.value.kind})) continue;
            const place list{nullptr, "intervals"};
            const place at{&list, "", i};
            const place of{&at, "driver_figures"};
            const place group{&of, one.group};
            throw config_error(file + ": " + place{&group, one.name}.text() +
                               " is no figure that driver_figures tells of");
        }
    }
}

stats::driver_value value_of(const driver_span& read, const stats::group_figure& of, int digits,
                             const std::string& file) {
    if (read.kind != of.what.kind) {
        throw config_error(file + ": driver figure " + of.what.name + " is a " +
                           std::string(name(read.kind)) + ", not a " +
                           std::string(name(of.what.kind)));
    }
    stats::driver_value out(of.what, digits);
    out.count = std::min(read.count, stats::figure_count_max);
    out.known = read.known;
    out.last = read.last;
    out.lowest = read.lowest;
    out.highest = read.highest;
    if (out.times) out.times->add(read.times.decode());
    return out;
}

}  // namespace chopsticks::results
