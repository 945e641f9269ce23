#include <algorithm>

#include "parse_parts.hpp"
#include "problems.hpp"

namespace chopsticks::scenario {

namespace {

constexpr std::size_t max_steps = 64;
constexpr std::size_t max_tasks = 1000;

const char* const task_example =
    "write `- {op: get, weight: 70}` or `- {name: put_then_read, steps: [{op: put}, {op: get}]}`";

/// The name of what other tools call so; empty: none.
std::string_view our_word(std::string_view word, const catalogue::workload& workload) {
    std::string lower(word.substr(0, 64));
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (const auto& op : workload.operations) {
        if (std::find(op.aliases.begin(), op.aliases.end(), lower) != op.aliases.end()) {
            return op.name;
        }
    }
    return {};
}

const catalogue::operation& find_op(const field& f, const catalogue::workload& workload) {
    const std::string word = f.text();
    if (const auto* op = catalogue::find_operation(workload, word)) return *op;
    std::vector<std::string_view> names;
    for (const auto& op : workload.operations)
        names.push_back(op.name);
    const std::string_view ours = our_word(word, workload);
    f.refuse(
        "names no operation of the workload " + std::string(workload.name) + ": \"" + word + "\"",
        ours.empty() ? suggestion(word, names) : "did you mean \"" + std::string(ours) + "\"?");
}

/// Sets a parameter of the catalogue in the step: one overload for each kind of value.
struct parameter_setter {
    step& s;
    const field& f;
    std::string_view name;

    void operator()(const catalogue::flag_value& v) const {
        const bool on = f.boolean();
        s.set(name, on);
        if (on && v.when_set != subject_use::unstated) s.use = v.when_set;
    }
    void operator()(const catalogue::count_value& v) const {
        s.set(name, f.count(v.least, v.most));
    }
    void operator()(const catalogue::size_value& v) const { s.set(name, f.size(v.least)); }
    void operator()(const catalogue::word_value& v) const {
        s.set(name, std::string(v.words[f.word(v.words)]));
    }
    void operator()(const catalogue::text_value& v) const {
        const std::string text = f.raw().is_scalar() ? f.raw().text : std::string();
        if (!f.raw().is_scalar() || !v.fits(text)) {
            const std::string example =
                v.standard.empty() ? "" : "write " + std::string(v.standard);
            f.wrong(std::string(v.wanted), example);
        }
        s.set(name, text);
    }
    void operator()(const catalogue::range_value&) const { s.range_bytes = f.size(1); }
    void operator()(const catalogue::batch_value& v) const { s.batch = f.count32(1, v.most); }
    void operator()(const catalogue::pieces_value&) const { s.pieces = f.count32(1, 1024); }
    void operator()(const catalogue::block_value&) const { s.block = read_block(f); }
    void operator()(const catalogue::pattern_value&) const {
        s.pattern =
            static_cast<offset_pattern>(f.word({"sequential", "sequential_shared", "random"}));
    }
    void operator()(const catalogue::offsets_value&) const {
        s.offsets = read_popularity(f);
        if (s.offsets.kind == load::popularity_kind::sequential) {
            f.refuse("is sequential", "write `pattern: sequential`");
        }
    }
    void operator()(const catalogue::align_value&) const { s.align_bytes = read_align(f); }
};

/// What one parameter says of another.
void check_parameters(map_reader& m, const step& s) {
    if (s.pattern == offset_pattern::random) return;
    for (const char* key : {"offsets", "align"}) {
        if (const auto f = m.find(key)) f->refuse("is of random blocks", "remove it or `pattern`");
    }
}

/// Operation and parameters out of the keys of a task or step.
step read_step(map_reader& m, const catalogue::workload& workload) {
    const auto named = m.require("op", task_example);
    const auto& op = find_op(named, workload);
    step out = catalogue::plain_step(op);
    out.align_bytes = 0;
    for (const auto& p : op.parameters) {
        if (const auto f = m.find(p.name)) std::visit(parameter_setter{out, *f, p.name}, p.value);
    }
    if (has_place(out.use)) check_parameters(m, out);
    if (out.align_bytes == 0) out.align_bytes = out.block.max();
    return out;
}

/// A key that is a parameter of some other operation deserves a better answer than "unknown".
void refuse_foreign_parameters(const field& f, const step& s, const catalogue::workload& workload) {
    for (const auto& e : f.raw().entries) {
        const auto has = [&](const catalogue::operation& op) {
            return std::any_of(op.parameters.begin(), op.parameters.end(),
                               [&](const auto& p) { return p.name == e.key; });
        };
        if (has(workload.operations[s.code])) continue;
        for (const auto& op : workload.operations) {
            if (!has(op)) continue;
            fail(e.where,
                 "\"" + e.key + "\" is a parameter of " + std::string(op.name) + ", not of " + s.op,
                 "remove it");
        }
    }
}

std::vector<step> read_steps(const field& f, const catalogue::workload& workload) {
    std::vector<step> out;
    for (const field& item : f.list("write `steps: [{op: put}, {op: get}]`")) {
        if (out.size() == max_steps) f.refuse("has more than 64 steps", "");
        if (item.raw().is_scalar()) {
            out.push_back(catalogue::plain_step(find_op(item, workload)));
            continue;
        }
        map_reader m(item, "write {op: put}");
        out.push_back(read_step(m, workload));
        refuse_foreign_parameters(item, out.back(), workload);
        m.finish();
    }
    if (out.empty()) f.refuse("has no step", "add for example {op: get}");
    return out;
}

bool makes(const step& s) {
    return s.use == subject_use::make;
}
bool deletes(const step& s) {
    return s.use == subject_use::remove;
}
bool amends_object(const step& s) {
    return s.use == subject_use::amend;
}

/// The operation of such a use, for messages about what is missing.
std::string name_of(const catalogue::workload& workload, subject_use use) {
    const catalogue::operation* const op = workload.that_does(use);
    return op != nullptr ? std::string(op->name) : "?";
}

/// All steps of a sequence work on one object. It is made or rewritten first, deleted last, and
/// only an object that the sequence itself has made may be deleted by it: that leaves the shared
/// data set a gapless range, known without a table.
void check_sequence(const task& t, const field& steps, const catalogue::workload& workload) {
    const auto refuse = [&](std::size_t i, const std::string& problem, const std::string& mend) {
        const value& v = steps.raw().items[i];
        fail(v.where, "task \"" + t.name + "\": " + problem, mend);
    };
    for (std::size_t i = 1; i < t.steps.size(); ++i) {
        if (makes(t.steps[i]) || t.steps[i].use == subject_use::rewrite) {
            refuse(i, "a " + t.steps[i].op + " can only be the first step",
                   "the steps of a sequence share one object; make it a task of its own");
        }
        if (deletes(t.steps[i - 1])) {
            refuse(i - 1, "a " + t.steps[i - 1].op + " can only be the last step", "");
        }
    }
    if (deletes(t.steps.back()) && !makes(t.steps.front())) {
        refuse(t.steps.size() - 1, "a sequence deletes only what it has made itself",
               "let it begin with {op: " + name_of(workload, subject_use::make) +
                   "}, or make the " + t.steps.back().op + " a task of its own");
    }
}

task read_task(const field& f, const catalogue::workload& workload) {
    task out;
    if (f.raw().is_scalar()) {  // `- get`
        const auto& op = find_op(f, workload);
        out.name = op.name;
        out.steps.push_back(catalogue::plain_step(op));
        return out;
    }
    map_reader m(f, task_example);
    const auto steps = m.find("steps");
    const auto op = m.find("op");
    const auto name = m.find("name");
    const auto weight = m.find("weight");
    if (steps && op) op->refuse("stands beside `steps`", "a task has either");
    if (!steps && !op)
        fail(f.where(), "`" + f.name() + "` has neither `op` nor `steps`", task_example);
    if (steps) {
        out.steps = read_steps(*steps, workload);
        for (const step& s : out.steps) {
            out.name += (out.name.empty() ? "" : "_") + s.op;
        }
    } else {
        out.steps.push_back(read_step(m, workload));
        refuse_foreign_parameters(f, out.steps.back(), workload);
        out.name = out.steps.front().op;
    }
    if (name) out.name = name->text();
    if (weight) {
        out.weight = weight->number(0, 1e12);
        if (out.weight == 0) weight->refuse("must be more than 0", "remove the task instead");
    }
    m.finish();
    if (steps && workload.shape == subject_shape::objects) check_sequence(out, *steps, workload);
    return out;
}

}  // namespace

std::vector<task> read_tasks(const field& f, const catalogue::workload& workload) {
    std::vector<task> out;
    problem_list problems;
    for (const field& item : f.list(task_example)) {
        if (out.size() == max_tasks) f.refuse("has more than 1000 tasks", "");
        problems.attempt([&] { out.push_back(read_task(item, workload)); });
    }
    problems.raise();
    if (out.empty()) f.refuse("has no task", task_example);
    return out;
}

void check_tasks(const group& g, const field& tasks, std::vector<std::string>& warnings) {
    const catalogue::workload& workload = catalogue::workload_of(g);
    double put_weight = 0;
    double delete_weight = 0;
    bool makes_containers = false;
    for (const task& t : g.tasks) {
        const step& first = t.steps.front();
        const bool own = makes(first) && deletes(t.steps.back());
        if (makes(first) && !own) put_weight += t.weight;
        if (deletes(first)) delete_weight += t.weight * first.batch;
        for (const step& s : t.steps)
            makes_containers |= s.use == subject_use::make_container;
    }
    for (std::size_t i = 0; i < g.tasks.size(); ++i) {
        const task& t = g.tasks[i];
        const place& where = tasks.raw().items[i].where;
        const auto user = std::find_if(t.steps.begin(), t.steps.end(),
                                       [](const step& s) { return needs_object(s.use); });
        const bool makes_its_own = makes(t.steps.front());
        if (user != t.steps.end() && !makes_its_own && g.data.objects == 0 && put_weight == 0) {
            fail(where, "task \"" + t.name + "\" needs objects, but the data set is empty",
                 "set `data.objects`, or add a task with {op: " +
                     name_of(workload, subject_use::make) + "}");
        }
        for (const step& s : t.steps) {
            const bool needs_container =
                s.use == subject_use::remove_container || s.use == subject_use::amend_container;
            if (!needs_container || makes_containers) continue;
            const std::string maker = name_of(workload, subject_use::make_container);
            fail(where,
                 s.op + " is for " + std::string(workload.container) + "s that " + maker + " made",
                 "add a task with {op: " + maker + "}");
        }
        const bool amends =
            !makes_its_own && std::any_of(t.steps.begin(), t.steps.end(), amends_object);
        if (!g.data.reuse.empty() &&
            (amends || deletes(t.steps.front()) || t.steps.front().use == subject_use::rewrite)) {
            fail(where,
                 "task \"" + t.name + "\" would change the kept data set \"" + g.data.reuse + "\"",
                 "remove the task, or remove `data.reuse`");
        }
    }
    if (delete_weight > put_weight) {
        warnings.push_back("group " + g.name + ": more deletes than puts; the data set of " +
                           std::to_string(g.data.objects) +
                           " objects will be used up, and what needs objects is then skipped");
    }
    constexpr std::uint64_t put_limit = 5ULL << 30;
    // In parts there may be more.
    const auto makes_whole = [](const task& t) {
        return std::any_of(t.steps.begin(), t.steps.end(), [](const step& s) {
            return (s.use == subject_use::make || s.use == subject_use::rewrite) && s.parts.empty();
        });
    };
    const bool whole =
        g.data.objects > 0 || std::any_of(g.tasks.begin(), g.tasks.end(), makes_whole);
    if (whole && g.data.size.max() > put_limit) {
        warnings.push_back("group " + g.name + ": objects of up to " +
                           format_size(g.data.size.max()) +
                           "; many stores refuse a single put above 5 GiB");
    }
}

}  // namespace chopsticks::scenario
