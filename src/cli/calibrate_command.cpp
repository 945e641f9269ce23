// What this machine can generate: short runs of known kinds on one core, and what they cost it.

#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/endpoint/server.hpp>
#include <chopsticks/engine/run.hpp>
#include <chopsticks/results/calibration.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/s3/driver.hpp>
#include <chopsticks/scenario/parse.hpp>
#include <cstdio>
#include <future>
#include <thread>

#include "health.hpp"
#include "report.hpp"

namespace chopsticks::cli {

namespace {

constexpr std::uint64_t small_bytes = 1024;
constexpr std::uint64_t large_bytes = 4ULL << 20;
constexpr const char* bucket = "calibration";

struct stopped {};  // by Ctrl-C

/// One of the short runs.
struct trial {
    std::string tasks;  ///< YAML
    std::string load;   ///< YAML
    std::uint64_t object_bytes = small_bytes;
    std::uint64_t objects = 0;  ///< 0: the dummy driver's, which are not there
    double seconds = 1;
    std::vector<int> cpus;  ///< one core each
};

std::string millis(double seconds) {
    return std::to_string(std::max(20LL, std::llround(seconds * 1000))) + "ms";
}

/// A trial in which something kept the core from running is made so often.
constexpr int attempts = 3;

/// What kept the trials from measuring the machine at its best.
class disturbance {
  public:
    /// \param limit share of a core's time
    explicit disturbance(double limit) {
        limit_.held_up = limit;
        if (limit >= 1) limit_.held_up_longest_ns = INT64_MAX;
    }
    void begin() { sampler_.begin(); }
    /// Whether the trial since begin was left alone. \param last what disturbed it counts
    bool was_left_alone(const std::vector<engine::core_figures>& cores, bool last) {
        const engine::cpu_contention seen = contention_of(sampler_.end());
        const engine::held_up_summary found = engine::summarize_held_up(cores, seen);
        const bool good = !engine::is_held_up(found, limit_);
        if (good || last) share_ = std::max(share_, found.share);
        if (!good && last) why_ = engine::describe_held_up(found, seen, limit_);
        return good;
    }
    double share() const noexcept { return share_; }
    /// Empty: all trials were left alone in the end.
    const std::string& why() const noexcept { return why_; }

  private:
    telemetry::health_sampler sampler_{telemetry::sampler_options{}};
    scenario::health_limits limit_;
    double share_ = 0;
    std::string why_;
};

/// The result of a trial against the dummy driver or, where there is a target, the endpoint.
engine::run_result carry_out_once(const trial& t, const s3::settings* target) {
    const bool stored = target != nullptr;
    const std::string text =
        "groups: [{workload: s3, data: {prefix: c/, objects: " +
        std::to_string(stored ? t.objects : 1000) + ", size: " + std::to_string(t.object_bytes) +
        "}, tasks: [" + t.tasks + "], load: {" + t.load +
        "}}]\nphases: {prepare: " + (stored ? "{concurrency: 16}" : "false") +
        ", cleanup: " + (stored ? "true" : "false") + ", warmup: " + millis(t.seconds / 10) +
        ", measure: " + millis(t.seconds) + ", drain: 5s}\n";
    const scenario::scenario plan = scenario::parse_scenario(text, "calibration", {});
    std::unique_ptr<engine::driver> driver;
    if (stored) {
        s3::driver_options d;
        d.config = target;
        d.group = &plan.groups[0];
        d.timeout = plan.timeout;
        d.run_prefix = "c/" + std::to_string(monotonic_ns()) + "/";
        d.data_seed = engine::data_seed(plan.groups[0], 1, 0);
        driver = s3::make_native_driver(d);
    } else {
        driver = s3::make_dummy_driver();
    }
    engine::run_options options;
    options.plan = &plan;
    engine::group_setup group;
    group.group = &plan.groups[0];
    group.target = driver.get();
    options.groups.push_back(group);
    options.cores = static_cast<unsigned>(t.cpus.size());
    if (t.cpus.front() >= 0) options.cpus = t.cpus;
    engine::run_result out = engine::execute(options, stop_level);
    if (stop_level.load() > 0) throw stopped();
    if (!out.problem.empty()) throw config_error("calibrate: " + out.problem);
    return out;
}

engine::run_result carry_out(const trial& t, const s3::settings* target, disturbance& others) {
    for (int attempt = 1;; ++attempt) {
        others.begin();
        engine::run_result out = carry_out_once(t, target);
        if (others.was_left_alone(out.cores, attempt == attempts) || attempt == attempts) {
            return out;
        }
    }
}

results::calibrated_load load_of(const engine::run_result& run, std::uint64_t object_bytes) {
    results::calibrated_load out;
    out.object_bytes = object_bytes;
    std::uint64_t bytes = 0;
    for (const stats::figures& f : run.measured.by_operation) {
        out.operations += f.ok_count;
        bytes += f.bytes;
    }
    std::int64_t span_ns = 0;
    for (const engine::core_figures& core : run.cores) {
        out.busy_ns += core.busy_ns;
        span_ns += core.span_ns;
    }
    if (run.measure_s > 0) {
        out.ops_per_s = static_cast<double>(out.operations) / run.measure_s;
        out.bytes_per_s = static_cast<double>(bytes) / run.measure_s;
    }
    if (span_ns > 0) {
        out.busy_share =
            std::min(1.0, static_cast<double>(out.busy_ns) / static_cast<double>(span_ns));
    }
    return out;
}

/// Wakes up once per millisecond, a little off it each time.
runtime::task<void> sleep_and_wake(runtime::reactor& loop, std::int64_t until_ns,
                                   stats::histogram& lag, std::promise<void>& done) {
    std::int64_t due = monotonic_ns();
    for (std::int64_t n = 0; due < until_ns && stop_level.load() == 0; ++n) {
        due += 1'000'000 + n % 17 * 7'919;
        co_await loop.sleep_until(due);
        const std::int64_t now = monotonic_ns();
        lag.record(now - due);
        due = std::max(due, now);
    }
    done.set_value();
}

results::calibrated_timer time_timers_once(runtime::idle_mode idle, int cpu, double seconds,
                                           engine::core_figures& core) {
    results::calibrated_timer out;
    out.idle = runtime::name(idle);
    runtime::reactor loop(0, cpu, idle);
    std::thread thread([&loop] { loop.run(); });
    std::promise<void> done;
    const std::int64_t until_ns = monotonic_ns() + std::llround(seconds * 1e9);
    loop.post([&] { runtime::start_detached(sleep_and_wake(loop, until_ns, out.lag, done)); });
    done.get_future().wait();
    std::promise<runtime::loop_figures> figures;
    loop.post([&] { figures.set_value(loop.take_figures()); });
    const runtime::loop_figures seen = figures.get_future().get();
    core.span_ns = seen.total_ns;
    core.held_up = seen.held_up;
    loop.request_stop();
    thread.join();
    if (stop_level.load() > 0) throw stopped();
    return out;
}

results::calibrated_timer time_timers(runtime::idle_mode idle, int cpu, double seconds,
                                      disturbance& others) {
    for (int attempt = 1;; ++attempt) {
        others.begin();
        engine::core_figures core;
        results::calibrated_timer out = time_timers_once(idle, cpu, seconds, core);
        if (others.was_left_alone({core}, attempt == attempts) || attempt == attempts) return out;
    }
}

results::calibrated_rate time_rate(double rate, int cpu, double seconds, disturbance& others) {
    trial t;
    t.tasks = "{op: get}";
    t.load = "open: {rate: " + std::to_string(std::llround(rate)) + "}";
    t.seconds = seconds;
    t.cpus = {cpu};
    const engine::run_result run = carry_out(t, nullptr, others);
    results::calibrated_rate out;
    out.rate_per_s = rate;
    const double due = rate * run.measure_s;
    out.achieved = due > 0 ? static_cast<double>(run.groups[0].issued) / due : 0;
    for (const stats::figures& f : run.measured.by_operation)
        out.lag.add(f.send_lag);
    return out;
}

/// Shows what is under way, where somebody looks.
void say(const char* what) {
    if (::isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r\x1b[K%s", what);
}

results::calibration measure(double seconds, disturbance& others) {
    const std::vector<int> cpus = usable_cpus();
    const double part = seconds / 20;
    results::calibration out;
    out.made_ns = wall_ns();
    out.where = describe_environment();
    out.cores = static_cast<unsigned>(cpus.size());
    trial t;
    t.tasks = "{op: get}";
    t.load = "closed: {users: 64}";
    t.seconds = part;
    t.cpus = {cpus.back()};
    say("dummy driver, one core");
    out.dummy = load_of(carry_out(t, nullptr, others), small_bytes);
    say("dummy driver, all cores");
    t.cpus = cpus;
    t.load = "closed: {users: " + std::to_string(64 * cpus.size()) + "}";
    out.dummy_cores_per_s = load_of(carry_out(t, nullptr, others), small_bytes).ops_per_s;

    endpoint::endpoint_options e;
    e.access_key = "calibration";
    e.secret_key = std::to_string(wall_ns());
    e.etag = endpoint::etag_kind::fast;
    // The core that is measured keeps its CPU, as far as there are others.
    e.threads = std::clamp(static_cast<unsigned>(cpus.size()) - 1, 1U, 8U);
    endpoint::server server(e);
    server.start();
    s3::settings target;
    target.endpoints = {server.url()};
    target.access_key = e.access_key;
    target.secret_key = e.secret_key;
    target.bucket = bucket;
    t.cpus = {cpus.back()};
    t.seconds = 2 * part;
    const auto operate = [&](const char* tasks, results::calibrated_operation& to) {
        t.tasks = tasks;
        t.object_bytes = small_bytes;
        t.objects = 1000;
        t.load = "closed: {users: 32}";
        to.small = load_of(carry_out(t, &target, others), small_bytes);
        t.object_bytes = large_bytes;
        t.objects = 16;
        t.load = "closed: {users: 8}";
        to.large = load_of(carry_out(t, &target, others), large_bytes);
    };
    say("signed gets");
    operate("{op: get}", out.get);
    say("signed puts");
    operate("{op: put, overwrite: true}", out.put);
    server.stop();

    say("timers");
    out.timers.push_back(time_timers(runtime::idle_mode::spin, cpus.back(), part, others));
    out.timers.push_back(time_timers(runtime::idle_mode::hybrid, cpus.back(), part, others));
    out.timers.push_back(time_timers(runtime::idle_mode::sleep, cpus.back(), part, others));
    say("send lag by rate");
    // Up to what the core can do: beyond it nothing but its own queue would be measured.
    for (const double rate : {1e3, 1e4, 5e4, 1e5, 2e5, 5e5}) {
        if (rate > out.dummy.ops_per_s * 0.9) break;
        out.rates.push_back(time_rate(rate, cpus.back(), part, others));
    }
    say("");
    out.held_up_share = others.share();
    return out;
}

double share_of(const std::string& text) {
    char* end = nullptr;
    const bool percent = !text.empty() && text.back() == '%';
    const double value = std::strtod(text.c_str(), &end) / (percent ? 100 : 1);
    if (end == text.c_str() || *(end + (percent ? 1 : 0)) != '\0' || !(value >= 0) || value > 1) {
        throw config_error("--held-up: \"" + text + "\" is no share; write 5% or 0.05");
    }
    return value;
}

int calibrate(const std::string& output, const std::string& duration, const std::string& limit) {
    const auto length = parse_duration(duration);
    if (!length || *length < 1'000'000'000) {
        throw config_error("--duration: \"" + duration +
                           "\" is not a duration of at least 1s; write 60s");
    }
    disturbance others(share_of(limit));
    if (!output.empty()) results::check_output(output);
    catch_signals();
    results::calibration found;
    try {
        found = measure(static_cast<double>(*length) / 1e9, others);
    } catch (const stopped&) {
        std::fprintf(stderr, "chopsticks: interrupted; nothing was written\n");
        return exit_interrupted;
    }
    int status = exit_ok;
    const std::string table = results::render_calibration(results::to_json(found));
    std::fwrite(table.data(), 1, table.size(), stdout);
    if (!others.why().empty()) {
        std::fflush(stdout);
        std::fprintf(stderr,
                     "chopsticks: nothing was written, since this is not what the machine can do. "
                     "%s\n",
                     others.why().c_str());
        return exit_invalid;
    }
    for (const std::string& path : {results::default_calibration_path(), output}) {
        if (path.empty()) continue;
        const std::string problem = results::write_calibration(path, found);
        if (problem.empty()) {
            std::printf("%s  %s\n", path == output ? "Written to" : "Runs on this host cite",
                        path.c_str());
            continue;
        }
        std::fprintf(stderr, "chopsticks: %s\n", problem.c_str());
        status = exit_errors;
    }
    std::fflush(stdout);
    return status;
}

}  // namespace

void add_calibrate_command(CLI::App& app, int& result) {
    auto* command =
        app.add_subcommand("calibrate", "Measures what this machine can generate, in a minute");
    auto output = std::make_shared<std::string>();
    auto duration = std::make_shared<std::string>("60s");
    auto limit = std::make_shared<std::string>("5%");
    command->add_option("--output", *output, "Write the JSON file there as well")
        ->type_name("FILE");
    command->add_option("-t,--duration", *duration, "About how long it takes in all")
        ->type_name("TIME")
        ->capture_default_str();
    command
        ->add_option("--held-up", *limit,
                     "Keep no figures if a core was kept from running for more of the time, also "
                     "when tried again")
        ->type_name("SHARE")
        ->capture_default_str();
    command->footer(
        "The file also goes to $XDG_CACHE_HOME/chopsticks/calibration.json (or below ~/.cache).\n"
        "Later runs on the same host and build say what share of it they used.\n"
        "Exit status: 0 done, 1 a file could not be written, 2 bad usage, 3 other\n"
        "programs had the CPUs and nothing was written, 130 interrupted.");
    command->callback(
        [output, duration, limit, &result] { result = calibrate(*output, *duration, *limit); });
}

}  // namespace chopsticks::cli
