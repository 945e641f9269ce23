#include <algorithm>
#include <chopsticks/compare/sweep.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/text.hpp>

namespace chopsticks::compare {

namespace {

using results::json;
using results::result_file;

struct done_point {
    std::string settings;
    std::vector<std::string> files;
};

std::string settings_of(const json& point) {
    std::string out;
    for (const auto& [axis, value] : point.items()) {
        // Of "groups.0.data.size" the last word says it.
        const std::size_t dot = axis.rfind('.');
        out += (out.empty() ? "" : ", ") +
               results::printable(dot == std::string::npos ? axis : axis.substr(dot + 1)) + "=" +
               (value.is_string() ? results::printable(value.get<std::string>()) : value.dump());
    }
    return out;
}

std::vector<done_point> done_points(const result_file& sweep) {
    std::vector<done_point> out;
    const auto points = sweep.document.find("points");
    if (points == sweep.document.end() || !points->is_array())
        throw config_error(sweep.path + ": points is not a list; no sweep of chopsticks");
    const std::size_t slash = sweep.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : sweep.path.substr(0, slash + 1);
    for (const json& point : *points) {
        const bool whole = point.is_object() && point.contains("settings") &&
                           point["settings"].is_object() && point.contains("file") &&
                           point["file"].is_string() && point.contains("status");
        if (!whole) throw config_error(sweep.path + ": a point lacks settings, file or status");
        if (point["status"] != json("done")) continue;
        const auto name = point["file"].get<std::string>();
        // Results lie beside sweep.json. A document from elsewhere must not lead to other files.
        if (name.empty() || name.find('/') != std::string::npos)
            throw config_error(sweep.path + ": the file of a point is no name of a file beside it");
        const std::string settings = settings_of(point["settings"]);
        auto at = std::find_if(out.begin(), out.end(),
                               [&](const done_point& p) { return p.settings == settings; });
        if (at == out.end()) at = out.insert(at, {settings, {}});
        at->files.push_back(folder + name);
    }
    return out;
}

const done_point* find(const std::vector<done_point>& all, const std::string& settings) {
    for (const done_point& one : all) {
        if (one.settings == settings) return &one;
    }
    return nullptr;
}

bool changed(const row& one) {
    return one.said == verdict::regressed || one.said == verdict::improved ||
           one.said == verdict::suspect;
}

}  // namespace

std::vector<figure> figures_of_curves() {
    return {{figure_kind::throughput},
            {figure_kind::percentile, 50},
            {figure_kind::percentile, 99},
            {figure_kind::error_rate}};
}

std::vector<point_files> common_points(const result_file& base, const result_file& now) {
    const std::vector<done_point> others = done_points(now);
    std::vector<point_files> out;
    for (const done_point& one : done_points(base)) {
        if (const done_point* const same = find(others, one.settings))
            out.push_back({one.settings, one.files, same->files});
    }
    if (out.empty())
        throw config_error(base.path + " and " + now.path + " have no point in common");
    return out;
}

lone_points points_of_one(const result_file& base, const result_file& now) {
    const std::vector<done_point> first = done_points(base);
    const std::vector<done_point> second = done_points(now);
    lone_points out;
    for (const done_point& one : first) {
        if (find(second, one.settings) == nullptr) out.of_base.push_back(one.settings);
    }
    for (const done_point& one : second) {
        if (find(first, one.settings) == nullptr) out.of_new.push_back(one.settings);
    }
    return out;
}

void curves::adjust() {
    std::vector<comparison*> all;
    for (curve_point& one : points)
        all.push_back(&one.found);
    adjust_gates(all);
}

gate_result curves::result() const {
    if (!gated()) return gate_result::passed;
    gate_result out = of_one.of_base.empty() ? gate_result::passed : gate_result::undecided;
    for (const curve_point& one : points) {
        const gate_result here = result_of(one.found.gates);
        if (here == gate_result::regressed) return here;
        if (here == gate_result::undecided) out = here;
    }
    return out;
}

std::optional<std::size_t> curves::part() const {
    // One point that differs between others that do not is chance, or a matter of that point.
    std::optional<std::size_t> out;
    for (std::size_t i = points.size(); i-- > 0;) {
        const auto& rows = points[i].found.rows;
        if (!std::any_of(rows.begin(), rows.end(), changed)) break;
        out = i;
    }
    return out;
}

}  // namespace chopsticks::compare
