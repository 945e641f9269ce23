#include "series.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/scenario/foreign_call.hpp>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <thread>

namespace chopsticks::cli {

namespace {

constexpr std::int64_t probe_ns = 500'000'000;
/// Medians of fewer are no measure.
constexpr std::uint64_t probe_operations_least = 10;
constexpr std::uint64_t probe_objects_most = 64;

/// One user per group for a short while, on no more data than that takes.
void make_probe(scenario::scenario& plan, const scenario::workload_config& workload) {
    for (scenario::group& g : plan.groups) {
        g.open.reset();
        g.closed = scenario::closed_load{};
        if (g.data.reuse.empty()) g.data.objects = std::min(g.data.objects, probe_objects_most);
        // Images that are made for each run would be filled for each probe.
        const scenario::extents_plan images =
            scenario::foreign_call(g.workload, "extents of the settings",
                                   [&] { return workload.find(g.workload)->extents(); });
        if (images.removes_made) g.blocks.prefill = false;
    }
    plan.phase.warmup_ns = 0;
    plan.phase.measure_ns = probe_ns;
}

}  // namespace

results::output_lock make_series_folder(const std::string& folder, const std::string& document) {
    if (folder.empty()) throw config_error("--output: give a folder for the runs");
    if (folder == "-") {
        throw config_error("--output -: there are several results; give a folder for them");
    }
    if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
        const int error = errno;
        throw config_error("--output " + folder +
                           ": cannot make the folder: " + std::strerror(error) +
                           (error == ENOENT ? "; make the one it is in first" : ""));
    }
    struct stat status{};
    if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        throw config_error("--output " + folder + ": is no folder; give another name");
    }
    results::output_lock lock(folder);
    const std::string path = folder + "/" + document;
    if (!document.empty() && ::access(path.c_str(), F_OK) == 0) {
        throw config_error(path + " is there already; give another folder" +
                           (document == "sweep.json" ? ", or go on with it with --resume" : ""));
    }
    results::check_output(path + (document.empty() ? "result.json" : ""));
    return lock;
}

results::json series_identity(const run_setup& setup, const run_arguments& a) {
    results::run_document shape{stats::layout{}};
    shape.workload = setup.workload_echo();
    // The embedded endpoint has another port each time.
    for (const char* key : {"endpoints", "access_key"}) {
        if (a.embedded) shape.workload.leave_out(key);
    }
    results::json out;
    out["scenario"] = setup.scenario.source;
    out["workload"] = results::to_json_without_intervals(shape)["workload"];
    // Values that were given as text.
    const auto given = [](const std::optional<std::string>& text) {
        return text ? results::json(*text) : results::json(nullptr);
    };
    out["--set"] = results::redact(a.sets);
    out["--slo"] = a.slos;
    out["--users"] = given(a.users);
    out["--spawn-rate"] = given(a.spawn_rate);
    out["--rate"] = given(a.rate);
    out["--duration"] = given(a.duration);
    out["--cores"] = a.cores ? results::json(*a.cores) : results::json(nullptr);
    out["--seed"] = given(a.seed);
    out["--idle"] = a.idle;
    out["--embedded"] = a.embedded;
    out["--embedded-faults"] = a.embedded_faults;
    return out;
}

std::string first_difference(const results::json& a, const results::json& b) {
    for (const auto& [key, value] : a.items()) {
        if (!b.is_object() || !b.contains(key) || b[key] != value) return key;
    }
    return {};
}

std::uint64_t seed_of(std::uint64_t base, std::uint64_t n) noexcept {
    return n <= 1 ? base : std::max<std::uint64_t>(1, mix64(base, n) >> 12);
}

bool write_series(const std::string& path, const results::json& document) {
    const std::string problem = results::write_file(path, results::dump(document, 2) + "\n");
    if (!problem.empty()) std::fprintf(stderr, "chopsticks: %s\n", problem.c_str());
    return problem.empty();
}

void say_left_behind(const char* who, const engine::run_result& result) {
    for (const engine::leftover& one : result.left) {
        std::fprintf(stderr, "chopsticks: %s left behind: %s%llu of kind %s: %s; %s\n", who,
                     one.exact ? "" : "at most ", static_cast<unsigned long long>(one.count),
                     one.kind.c_str(), one.name.c_str(), one.remove_with.c_str());
    }
}

cool_down::cool_down(const run_arguments& a, double most_s) : arguments_(a), most_s_(most_s) {
    // An embedded endpoint is made anew for each run.
    if (a.embedded) most_s_ = 0;
}

std::vector<double> cool_down::probe() const {
    run_change change;
    change.apply = make_probe;
    run_setup setup(arguments_, true, change);
    if (setup.workload.driver == "dummy") return {};
    setup.make_drivers();
    const engine::run_result result = engine::execute(setup.options, stop_level);
    say_left_behind("the probe", result);
    std::vector<double> out;
    for (const stats::figures& f : result.measured.by_operation) {
        const bool enough = f.ok_count >= probe_operations_least;
        out.push_back(enough ? static_cast<double>(f.service.value_at_percentile(50)) : 0);
    }
    return out;
}

void cool_down::take_baseline() {
    if (most_s_ > 0) baseline_ = probe();
}

double cool_down::wait() {
    back_ = true;
    if (most_s_ <= 0 || baseline_.empty()) return 0;
    const std::int64_t began = monotonic_ns();
    const auto waited = [&] { return static_cast<double>(monotonic_ns() - began) / 1e9; };
    for (;;) {
        const std::vector<double> now = probe();
        back_ = now.size() == baseline_.size();
        for (std::size_t i = 0; back_ && i < now.size(); ++i) {
            if (baseline_[i] <= 0 || now[i] <= 0) continue;
            back_ = now[i] <= std::max(1.5 * baseline_[i], baseline_[i] + 200'000);
        }
        if (back_ || waited() >= most_s_ || stop_level.load() > 0) return waited();
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

}  // namespace chopsticks::cli
