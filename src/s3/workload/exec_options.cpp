#include <algorithm>
#include <chopsticks/core/error.hpp>
#include <chopsticks/s3/workload/exec_options.hpp>
#include <chopsticks/scenario/program_options.hpp>
#include <iterator>

namespace chopsticks::s3 {

namespace {

using scenario::field;
using scenario::map_reader;

/// In the order of exec_word.
constexpr std::string_view word_names[exec_word_count] = {
    "endpoint", "scheme", "host",   "bucket",     "region",     "retries",      "attempts",
    "config",   "tls",    "verify", "ca_file",    "key",        "size",         "offset",
    "length",   "last",   "prefix", "access_key", "secret_key", "session_token"};
/// Others can read what a program's arguments are.
constexpr std::size_t words_of_commands = static_cast<std::size_t>(exec_word::access_key);

constexpr std::string_view operation_names[exec_operation_count] = {
    "put", "get", "get_range", "head", "delete", "list", "head_bucket"};

std::size_t index(exec_word word) {
    return static_cast<std::size_t>(word);
}

const exec_tool* find_exec_tool(std::string_view name) {
    const auto all = exec_tools();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const exec_tool& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

void refuse_secrets_in(std::string_view command, const field& f) {
    for (std::size_t i = words_of_commands; i < exec_word_count; ++i) {
        if (command.find("{" + std::string(word_names[i]) + "}") == std::string_view::npos)
            continue;
        f.refuse("puts a secret into arguments, which every user of this machine can read",
                 "the program has it in its environment (AWS_ACCESS_KEY_ID, "
                 "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), or write it to `config`, which the "
                 "program reads from {config}");
    }
}

/// A command of the user's own.
scenario::command_template read_command(const field& f, exec_operation operation) {
    const std::string text = f.text();
    refuse_secrets_in(text, f);
    std::string problem;
    const auto all = std::span(word_names).first(words_of_commands);
    auto out = scenario::command_template::parse(text, all, problem);
    if (!problem.empty()) f.refuse(problem, "");
    const auto needs = [&](exec_word word) {
        if (out.names(index(word))) return;
        const std::string braced = "{" + std::string(word_names[index(word)]) + "}";
        f.refuse("does not say " + braced + ", so that all its programs would do the same",
                 "write e.g. `my_tool s3://{bucket}/" + braced + "`");
    };
    switch (operation) {
        case exec_operation::put:
        case exec_operation::get:
        case exec_operation::head:
        case exec_operation::remove:
            needs(exec_word::key);
            break;
        case exec_operation::get_range:
            needs(exec_word::key);
            needs(exec_word::offset);
            if (!out.names(index(exec_word::last))) needs(exec_word::length);
            break;
        case exec_operation::list:
            needs(exec_word::prefix);
            break;
        case exec_operation::head_bucket:
            break;
    }
    return out;
}

scenario::text_template parse_own(std::string_view text) {
    std::string problem;
    auto out = scenario::text_template::parse(text, word_names, problem);
    if (!problem.empty()) throw config_error(std::string(text) + " " + problem);
    return out;
}

void take_tool(exec_options& out, const exec_tool& tool) {
    out.is_tool = true;
    out.name = tool.name;
    out.program = tool.program;
    out.install = tool.install;
    out.says = tool.says;
    out.size_after = tool.size_after;
    out.has_config = !tool.config.empty();
    out.config = parse_own(tool.config);
    out.version = scenario::split_words(tool.version);
    for (const auto& [name, text] : tool.environment)
        out.environment.emplace_back(name, parse_own(text));
    for (std::size_t i = 0; i < exec_operation_count; ++i) {
        if (tool.arguments[i].empty()) continue;
        std::string problem;
        out.commands[i].arguments =
            scenario::command_template::parse(tool.arguments[i], word_names, problem);
        if (!problem.empty()) throw config_error(std::string(tool.arguments[i]) + " " + problem);
    }
}

void read_tool(map_reader& m, exec_options& out, std::string_view driver) {
    const exec_tool* tool = driver == "exec" ? nullptr : find_exec_tool(driver);
    if (driver == "exec") {
        if (const auto f = m.find("tool")) {
            tool = find_exec_tool(f->text());
            std::vector<std::string_view> names;
            for (const exec_tool& one : exec_tools())
                names.push_back(one.name);
            if (tool == nullptr) {
                f->refuse("names no tool that is known here: \"" + f->text() + "\"",
                          suggestion(f->text(), names) +
                              "; of any other write its commands: `put`, `get`, ...");
            }
        }
    }
    if (tool != nullptr) take_tool(out, *tool);
    const auto program = m.find("program");
    const auto arguments = m.find("arguments");
    for (const auto& one : {program, arguments}) {
        if (one && tool == nullptr) {
            one->refuse("is of a `tool`, and none is named",
                        "name one, or write program and arguments to `put`, `get`, ...");
        }
    }
    if (program) {
        out.program = program->text();
        out.install.clear();
    }
    if (tool == nullptr) return;
    out.beginning = {out.program};
    std::vector<std::string> more;
    if (arguments) {
        refuse_secrets_in(arguments->text(), *arguments);
        more = scenario::split_words(arguments->text());
        if (more.empty()) arguments->refuse("are no words", "does a quote have no end?");
    }
    out.beginning.insert(out.beginning.end(), more.begin(), more.end());
}

void read_commands(map_reader& m, exec_options& out) {
    for (std::size_t i = 0; i < exec_operation_count; ++i) {
        const auto f = m.find(operation_names[i]);
        if (!f) continue;
        out.commands[i] = {read_command(*f, static_cast<exec_operation>(i)), true};
    }
    const bool none = std::all_of(out.commands.begin(), out.commands.end(),
                                  [](const auto& one) { return one.arguments.is_empty(); });
    if (!none) return;
    m.require("tool",
              "say what program does the operations: `driver_options: {tool: s3cmd}`, or commands "
              "of any other: `{get: \"my_tool cat s3://{bucket}/{key}\"}`");
}

}  // namespace

std::string_view name(exec_operation operation) noexcept {
    return operation_names[static_cast<std::size_t>(operation)];
}

std::vector<std::string> exec_options::command(exec_operation operation,
                                               const exec_values& values) const {
    const one_command& of = commands[static_cast<std::size_t>(operation)];
    std::vector<std::string> own = of.arguments.words(values);
    if (of.is_whole) return own;
    std::vector<std::string> all = beginning;
    all.insert(all.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
    return all;
}

std::vector<std::string> exec_options::version_command() const {
    if (version.empty()) return {};
    std::vector<std::string> all = {program};
    all.insert(all.end(), version.begin(), version.end());
    return all;
}

std::vector<std::string> exec_options::programs() const {
    std::vector<std::string> all;
    if (is_tool) all.push_back(program);
    for (const one_command& one : commands) {
        if (!one.is_whole) continue;
        // What a placeholder would make of it differs from operation to operation.
        std::string first = one.arguments.words(exec_values()).front();
        if (std::find(all.begin(), all.end(), first) == all.end()) all.push_back(std::move(first));
    }
    return all;
}

exec_options read_exec_options(const scenario::workload_settings& of, std::string_view driver) {
    exec_options out;
    map_reader m(&of.driver_options, "driver_options", "write {tool: s3cmd}");
    read_tool(m, out, driver);
    read_commands(m, out);
    if (const auto f = m.find("size_after")) out.size_after = f->text();
    if (const auto f = m.find("config")) {
        std::string problem;
        out.config = scenario::text_template::parse(f->text(), word_names, problem);
        for (std::size_t i = index(exec_word::key); i <= index(exec_word::prefix); ++i) {
            if (problem.empty() && out.config.names(i)) {
                problem = "is the same for all operations, and cannot say {" +
                          std::string(word_names[i]) + "}";
            }
        }
        if (!problem.empty()) f->refuse(problem, "");
        out.has_config = true;
    }
    if (const auto f = m.find("in_flight")) out.in_flight = f->count32(1, 1024);
    if (const auto f = m.find("timeout")) out.timeout_ns = f->duration(1'000'000);
    m.finish();
    if (out.name.empty()) out.name = out.programs().front();
    return out;
}

}  // namespace chopsticks::s3
