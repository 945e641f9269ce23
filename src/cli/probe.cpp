#include "probe.hpp"

#include <algorithm>
#include <chopsticks/core/units.hpp>
#include <chopsticks/results/text.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <chopsticks/scenario/prepare_step.hpp>
#include <chopsticks/telemetry/host.hpp>
#include <cstdio>
#include <iterator>

#include "execution.hpp"
#include "report.hpp"

namespace chopsticks::cli {

namespace {

using engine::support;
using scenario::subject_use;

constexpr std::uint64_t object_bytes = 64 * 1024;
constexpr std::uint64_t range_bytes_most = object_bytes / 4;
/// Objects that are there for what reads and changes them; each removal has its own beside them.
constexpr std::uint64_t objects_least = 4;
constexpr std::uint32_t batch_most = 2;
/// How long a target may fail everything until it is believed.
constexpr std::int64_t patience_ns = 10'000'000'000;

constexpr int last_turn = 8;

/// What comes before what: readers find what was made, removals come last.
int turn_of(subject_use use) {
    switch (use) {
        case subject_use::make:
            return 0;
        case subject_use::read:
            return 1;
        case subject_use::none:
            return 2;
        case subject_use::amend:
            return 3;
        case subject_use::rewrite:
            return 4;
        case subject_use::make_container:
            return 5;
        case subject_use::amend_container:
            return 6;
        case subject_use::remove_container:
            return 7;
        default:
            return last_turn;
    }
}

bool is_same(const scenario::step& a, const scenario::step& b) {
    return a.op == b.op && a.range_bytes == b.range_bytes && a.batch == b.batch &&
           std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                      [](const auto& x, const auto& y) { return x.value == y.value; });
}

/// The group's steps, each once, and those of prepare and cleanup, as they will be asked.
std::vector<scenario::step> steps_of(const scenario::group& g, const scenario::phases& phases) {
    const scenario::catalogue::workload& of = scenario::catalogue::workload_of(g);
    std::vector<scenario::step> all;
    const auto add = [&all](scenario::step one) {
        one.range_bytes = std::min(one.range_bytes, range_bytes_most);
        one.batch = std::min(one.batch, batch_most);
        const auto same = [&](const scenario::step& other) { return is_same(one, other); };
        if (std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(one));
    };
    const auto add_plain = [&](std::string_view name) {
        const auto* const row = scenario::catalogue::find_operation(of, name);
        if (row != nullptr) add(scenario::catalogue::plain_step(*row));
    };
    if (phases.prepare && !of.prepare_with.empty()) add(scenario::prepare_step(g));
    for (const scenario::task& t : g.tasks) {
        for (const scenario::step& s : t.steps)
            add(s);
    }
    if (phases.cleanup) add_plain(of.clean_with);
    std::vector<scenario::step> in_turn;
    for (int turn = 0; turn <= last_turn; ++turn) {
        std::copy_if(all.begin(), all.end(), std::back_inserter(in_turn),
                     [turn](const scenario::step& one) { return turn_of(one.use) == turn; });
    }
    return in_turn;
}

/// Makes the scenario one whose every step is asked once. Groups that work on things which are
/// there already are left out.
void make_askable(scenario::scenario& s) {
    std::erase_if(s.groups, [](const scenario::group& g) {
        return g.shape != scenario::subject_shape::objects;
    });
    for (scenario::group& g : s.groups) {
        const std::vector<scenario::step> steps = steps_of(g, s.phase);
        g.tasks.clear();
        scenario::data_set data;
        data.prefix = g.data.prefix;
        data.content = g.data.content;
        data.verify = g.data.verify;
        data.size = load::size_distribution::fixed(object_bytes);
        data.objects = objects_least;
        for (const scenario::step& one : steps) {
            if (one.use == subject_use::remove) data.objects += one.batch;
            g.tasks.push_back({one.op, 1, {one}});
        }
        g.data = std::move(data);
        g.open.reset();
        g.closed = scenario::closed_load();
    }
    s.phase = scenario::phases();
    s.phase.warmup_ns = 0;
    s.phase.prepare_concurrency = 1;
    s.phase.prepare_patience_ns = patience_ns;
    s.phase.cleanup_patience_ns = patience_ns;
    s.stop = scenario::stop_conditions();
    s.slos.clear();
    s.abort_after_ns.reset();
}

std::string text_of(const scenario::driver_value& value) {
    if (const auto* const flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* const number = std::get_if<std::uint64_t>(&value))
        return std::to_string(*number);
    return std::get<std::string>(value);
}

/// "get range_bytes=16384": the operation with what is not as always.
std::string describe_step(const scenario::step& s) {
    std::string out = s.op;
    if (s.range_bytes > 0) out += " range=" + format_size(s.range_bytes);
    for (const scenario::driver_parameter& p : s.values) {
        if (p.value == p.standard) continue;
        out += " " + std::string(p.name) + "=" + text_of(p.value);
    }
    return out;
}

const char* word_of(support what) {
    switch (what) {
        case support::has_it:
            return "has it";
        case support::unsupported:
            return "unsupported";
        case support::refused:
            return "refused";
        case support::unknown:
            break;
    }
    return "cannot tell";
}

struct table_line {
    std::string operation;
    support what = support::unknown;
    std::string why;
};

void print_table(const std::vector<table_line>& lines) {
    std::size_t width = std::string_view("operation").size();
    for (const table_line& one : lines)
        width = std::max(width, one.operation.size());
    const auto columns = static_cast<int>(width);
    std::printf("  %-*s  %-11s  %s\n", columns, "operation", "answer", "why");
    for (const table_line& one : lines) {
        // What the target said must not move the cursor of a terminal.
        const std::string why = results::printable(one.why);
        if (why.empty()) {
            std::printf("  %-*s  %s\n", columns, one.operation.c_str(), word_of(one.what));
        } else {
            std::printf("  %-*s  %-11s  %s\n", columns, one.operation.c_str(), word_of(one.what),
                        why.c_str());
        }
    }
}

/// The operations of a group of which nothing is asked, and why.
void add_unasked(const scenario::group& g, bool alone, std::vector<table_line>& to) {
    for (const scenario::task& t : g.tasks) {
        for (const scenario::step& s : t.steps) {
            const std::string name = (alone ? "" : g.name + "/") + s.op;
            const auto same = [&](const table_line& line) { return line.operation == name; };
            if (std::any_of(to.begin(), to.end(), same)) continue;
            to.push_back({name, support::unknown,
                          "not asked: it works on what is there already, and a probe has nothing "
                          "there of its own"});
        }
    }
}

/// Tells on standard error what the run waits for: a target that is away is asked for a while.
struct wait_teller final : engine::observer {
    void on_wait(const engine::wait_state& w) override {
        std::fprintf(stderr, "%s waits %s\n", std::string(engine::name(w.when)).c_str(),
                     w.what.c_str());
    }
    void on_note(const std::string& note) override {
        std::fprintf(stderr, "Note: %s\n", note.c_str());
    }
    void on_warning(const std::string& warning) override {
        std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    }
};

struct probe_end {
    std::vector<engine::probe_answer> answers;
    engine::run_result result;
};

probe_end carry_out(const run_setup& setup, engine::observer& watcher) {
    engine::run_options options = setup.options;
    options.watcher = &watcher;
    catch_signals();
    const std::unique_ptr<engine::run> run = engine::make_run(options, stop_level);
    std::vector<engine::probe_answer> answers;
    if (run->open()) {
        run->prepare();
        answers = run->probe();
        run->clean();
    }
    run->close();
    return {std::move(answers), run->finish()};
}

int status_of(const std::vector<engine::probe_answer>& answers, const engine::run_result& result,
              const std::vector<std::string>& left) {
    if (result.interrupted) return exit_interrupted;
    if (result.target_problem) return left.empty() ? exit_usage : exit_left_behind;
    const bool all = std::all_of(answers.begin(), answers.end(),
                                 [](const auto& one) { return one.what == support::has_it; });
    if (!all) return exit_errors;
    return left.empty() ? exit_ok : exit_left_behind;
}

/// What the target says to the groups that work on objects of their own. Adds a line for each
/// operation. `alone`: the scenario has one group.
int ask_target(const run_arguments& arguments, bool alone, std::vector<table_line>& lines) {
    run_arguments few = arguments;
    few.cores = 1;
    run_change change;
    change.apply = [](scenario::scenario& s, const scenario::workload_config&) { make_askable(s); };
    run_setup setup(few, true, change);
    const std::string no_room = telemetry::raise_descriptor_limit(setup.needs.descriptors);
    if (!no_room.empty()) throw config_error(no_room);
    setup.make_drivers();
    std::printf("\nProbe (run %s)\n", setup.run_id.c_str());
    std::fflush(stdout);
    wait_teller watcher;
    probe_end end = carry_out(setup, watcher);
    if (setup.embedded) setup.embedded->stop();
    for (const engine::probe_answer& one : end.answers) {
        const scenario::group& g = setup.scenario.groups[one.group];
        const std::string group = alone ? "" : g.name + "/";
        lines.push_back(
            {group + describe_step(g.tasks[one.task].steps[one.step]), one.what, one.why});
        // A driver that sends nothing says so of everything.
        if (setup.is_dummy(g.workload)) {
            lines.back().what = support::unknown;
            lines.back().why = "the driver dummy asks nobody";
        }
    }
    results::run_document doc(end.result.names);
    describe_left(doc, end.result);
    if (!end.result.left.empty()) doc.run.verdicts.left_behind = results::left_verdict::something;
    const std::vector<std::string> left = left_lines(doc);
    if (end.result.target_problem)
        std::fprintf(stderr, "chopsticks: %s\n", end.result.problem.c_str());
    for (const std::string& line : left)
        std::fprintf(stderr, "chopsticks: %s\n", line.c_str());
    for (const std::string& line : end.result.end_warnings)
        std::fprintf(stderr, "Warning: %s\n", line.c_str());
    return status_of(end.answers, end.result, left);
}

}  // namespace

int probe_target(const run_arguments& arguments) {
    std::vector<table_line> lines;
    std::vector<table_line> others;
    bool asks = false;
    bool alone = false;
    {
        const run_setup planned(arguments, false);
        alone = planned.scenario.groups.size() == 1;
        for (const scenario::group& g : planned.scenario.groups) {
            const bool of_objects = g.shape == scenario::subject_shape::objects;
            asks |= of_objects;
            if (!of_objects) add_unasked(g, alone, others);
        }
    }
    int status = exit_ok;
    if (asks) {
        status = ask_target(arguments, alone, lines);
    } else {
        std::printf("\nProbe\n");
    }
    lines.insert(lines.end(), others.begin(), others.end());
    if (!lines.empty()) print_table(lines);
    return status;
}

}  // namespace chopsticks::cli
