#include "repeats.hpp"

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/series.hpp>
#include <chopsticks/results/statements.hpp>
#include <chopsticks/results/terminal.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/results/write.hpp>
#include <chopsticks/search/repeats.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>
#include <thread>

#include "series.hpp"

namespace chopsticks::cli {

namespace {

/// How soon an interrupt ends a pause.
constexpr std::chrono::milliseconds pause_step{50};

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> out;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder.empty() ? "." : folder, error), end;
         !error && at != end; at.increment(error))
        out.push_back(at->path().filename().string());
    return out;
}

void pause_for(std::int64_t ns) {
    const std::int64_t until_ns = monotonic_ns() + ns;
    while (monotonic_ns() < until_ns && stop_level.load() == 0)
        std::this_thread::sleep_for(pause_step);
}

std::string capital(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

std::string line_of(const executed_run& run) {
    const results::point_figures f = results::point_figures_of(run.doc);
    const bool few = f.rate_per_s < 100;
    std::string out = results::decimal(f.rate_per_s, few ? 2 : 1) + " ops/s, p50 " +
                      format_latency(f.p50_ns) + ", p99 " + format_latency(f.p99_ns);
    if (f.failed > 0) out += ", " + std::to_string(f.failed) + " failed";
    if (f.unanswered() > 0) out += ", " + std::to_string(f.unanswered()) + " unanswered";
    return out;
}

/// Why a comparison would refuse a run; as compare::refusals, which reads files.
std::string unfit(const series_run& made) {
    if (!made.done) return made.interrupted ? "was not made" : "failed: " + made.problem;
    const results::run_document& doc = made.done->doc;
    if (!made.done->where.problem.empty()) return "was not written where it belongs";
    if (made.interrupted) return "was interrupted";
    if (!doc.run.problem.empty()) return "ended early: " + doc.run.problem;
    if (!doc.validity.valid) return "is invalid: " + doc.validity.reasons.front();
    if (doc.slo.aborted) return "ended early: an objective was missed";
    if (!(doc.run.duration_s > 0)) return "measured nothing";
    return {};
}

/// What made it fail, and what a series that goes on should say of it at once.
void say_problems(const std::string& who, const series_run& made) {
    std::vector<std::string> lines;
    if (made.done) {
        lines = results::verdict_problems(results::to_json_without_intervals(made.done->doc));
        // These were said where they were found.
        std::erase_if(lines, [&](const std::string& line) {
            return std::find(made.left_behind.begin(), made.left_behind.end(), line) !=
                   made.left_behind.end();
        });
    }
    if (!made.problem.empty()) lines.insert(lines.begin(), made.problem);
    for (const std::string& line : lines)
        std::fprintf(stderr, "chopsticks: %s: %s\n", who.c_str(), line.c_str());
}

/// Files that were changed while the series ran: later runs are of another target, or do other
/// work.
class unchanged {
  public:
    void check(std::size_t side, const run_setup& setup, const run_arguments& arguments) {
        const results::json identity = series_identity(setup, arguments);
        for (const char* key : {"scenario", "workload"}) {
            const auto [first, is_new] = seen_.try_emplace({side, key}, identity[key]);
            if (is_new || first->second == identity[key]) continue;
            throw config_error(std::string("the ") + key +
                               " was changed since the series began; begin a new one");
        }
    }

  private:
    std::map<std::pair<std::size_t, std::string>, results::json> seen_;
};

/// The last result that was written is not of a whole run.
bool cut_short(const repeats_made& made) {
    const auto last = std::find_if(made.runs.rbegin(), made.runs.rend(),
                                   [](const made_repeat& one) { return one.written; });
    return last != made.runs.rend() && (last->unfit.find("interrupted") != std::string::npos ||
                                        last->unfit.starts_with("ended early"));
}

}  // namespace

std::size_t repeats_made::written() const {
    return static_cast<std::size_t>(std::count_if(
        runs.begin(), runs.end(), [](const made_repeat& one) { return one.written; }));
}

std::int64_t pause_of(const std::string& text) {
    const auto ns = parse_duration(text);
    if (!ns || *ns < 0)
        throw config_error("--pause: \"" + text + "\" is not a duration; write 30s, 5m");
    return *ns;
}

std::vector<planned_repeat> plan_in_turns(const std::vector<repeated_side>& sides, unsigned repeat,
                                          std::uint64_t seed) {
    std::vector<planned_repeat> out;
    const std::vector<search::turn> turns = search::in_turns(repeat, sides.size());
    const auto last = static_cast<unsigned>(turns.size());
    for (unsigned i = 0; i < last; ++i) {
        const repeated_side& side = sides[turns[i].side];
        planned_repeat& one = out.emplace_back();
        one.who =
            "run " + std::to_string(i + 1) + " of " + std::to_string(last) + " (" + side.name + ")";
        one.side = turns[i].side;
        one.what = side.name;
        one.arguments = side.arguments;
        one.arguments.seed = std::to_string(seed_of(seed, turns[i].number));
        one.output = search::numbered_file(side.path, i + 1, last);
    }
    return out;
}

void refuse_earlier(const std::string& path) {
    const std::filesystem::path file(path);
    const std::string folder = file.parent_path().string();
    const std::vector<std::string> there =
        search::numbered_alike(file.filename().string(), names_in(folder));
    if (there.empty()) return;
    std::string text = (file.parent_path() / there.front()).string() + " is there already";
    if (there.size() > 1) text += ", and " + counted(there.size() - 1, "more file") + " like it";
    throw config_error(text +
                       "; repeats overwrite nothing and mix with no others: give another place, or "
                       "move them away");
}

results::output_lock open_repeats(const std::string& folder,
                                  const std::vector<std::string>& paths) {
    for (const std::string& path : paths)
        refuse_earlier(path);
    if (!folder.empty()) return make_series_folder(folder, "");
    for (const std::string& path : paths)
        results::check_output(search::numbered_file(path, 1, 1));
    return {};
}

repeats_made make_repeats(const std::vector<planned_repeat>& plan, const repeat_options& how,
                          const std::vector<std::string>& command_line, beside_runs& beside) {
    repeats_made out;
    out.runs.resize(plan.size());
    series_runner runner(command_line, beside);
    unchanged files;
    for (std::size_t i = 0; i < plan.size() && !out.stopped; ++i) {
        const planned_repeat& one = plan[i];
        if (i > 0 && how.pause_ns > 0) {
            if (!how.quiet)
                std::fprintf(stderr, "Pause of %s\n", format_duration(how.pause_ns).c_str());
            beside.wait("pause of " + format_duration(how.pause_ns));
            pause_for(how.pause_ns);
        }
        if (stop_level.load() > 0) {
            out.interrupted = true;
            break;
        }
        if (!how.quiet) std::fprintf(stderr, "%s\n", capital(one.who).c_str());
        series_run_options options;
        options.who = one.who;
        options.trial = {i + 1, one.what};
        options.output = one.output;
        options.op_log = one.op_log;
        options.quiet = how.quiet;
        options.check = [&](const run_setup& setup) {
            files.check(one.side, setup, one.arguments);
            std::error_code error;
            if (!std::filesystem::exists(one.output, error)) return;
            throw config_error(one.output + ": somebody else made it meanwhile");
        };
        const series_run made = runner.make(one.arguments, options);
        out.runs[i].written = made.done && !made.done->where.path.empty();
        out.runs[i].unfit = unfit(made);
        out.exit_status = results::worse_of(out.exit_status, made.exit_status);
        say_problems(one.who, made);
        if (made.done && !how.quiet) {
            std::fprintf(stderr, "%s: %s -> %s\n", capital(one.who).c_str(),
                         line_of(*made.done).c_str(), made.done->where.path.c_str());
        }
        out.interrupted = made.interrupted;
        if (out.interrupted) break;
        out.stopped = !made.problem.empty() && !how.keep_going;
    }
    if (out.interrupted) out.exit_status = exit_interrupted;
    if (out.interrupted || out.stopped) {
        const std::string cut = cut_short(out) ? ", the last of them cut short" : "";
        std::fprintf(stderr, "chopsticks: %s: %zu of %zu runs made%s\n",
                     out.interrupted ? "interrupted" : "stopped", out.written(), plan.size(),
                     cut.c_str());
    }
    return out;
}

std::vector<std::string> try_target(const run_arguments& arguments) {
    run_setup setup(arguments, true);
    setup.make_drivers();
    const std::unique_ptr<engine::run> run = engine::make_run(setup.options, stop_level);
    run->open();
    run->close();
    const engine::run_result result = run->finish();
    say_left_behind("trying the target", result);
    if (result.target_problem) throw config_error(result.problem);
    return result.names.operations;
}

}  // namespace chopsticks::cli
