// Whether programs that operations are to be done with are there and can be run.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/core/units.hpp>
#include <chopsticks/process/child.hpp>

#include "exec_driver.hpp"

namespace chopsticks::s3 {

namespace {

/// What the system can start: a program of its own, or a script that says by what.
bool is_startable(const std::string& path) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char start[4] = {};
    // One that may be run and not be read is a program.
    if (!file.is_open() || ::read(file.get(), start, sizeof start) < 2) return !file.is_open();
    const std::string_view is(start, sizeof start);
    return is.starts_with("#!") || is ==
                                       "\x7f"
                                       "ELF";
}

void check_program(const std::string& program, const std::string& install) {
    const std::string mend = install.empty() ? "" : "; " + install;
    const std::string path = process::find_program(program);
    if (path.empty()) {
        const bool is_path = program.find('/') != std::string::npos;
        if (is_path && ::access(program.c_str(), F_OK) == 0) {
            throw config_error(program +
                               " cannot be run: it is no file that may be executed "
                               "(`chmod +x`)");
        }
        throw config_error("there is no program `" + program + "`" + (is_path ? "" : " on PATH") +
                           mend);
    }
    if (!is_startable(path)) {
        throw config_error(path +
                           " cannot be run: it is neither a program of this system nor a "
                           "script that begins with #! and its interpreter");
    }
}

std::string first_line_of(const process::child& of) {
    char text[256];
    const ssize_t got = ::read(of.output(), text, sizeof text);
    if (got <= 0) return {};
    const std::string_view all(text, static_cast<std::size_t>(got));
    return std::string(all.substr(0, all.find('\n')));
}

/// Runs it; returns how long it took.
std::int64_t time_of(const std::vector<std::string>& command, std::string& said) {
    constexpr std::int64_t patience_ns = 60'000'000'000;
    process::child_plan plan;
    plan.command = command;
    process::child asked;
    process::error_tail errors;
    const std::int64_t began_ns = monotonic_ns();
    std::string problem = asked.start(plan);
    if (problem.empty()) {
        asked.close_input();
        asked.wait(began_ns + patience_ns);
        const std::int64_t took_ns = monotonic_ns() - began_ns;
        const bool in_time = asked.has_ended();
        said = first_line_of(asked);
        errors.read_from(asked.errors());
        problem = asked.kill();
        if (problem == "ended with status 0") return took_ns;
        if (!in_time) problem = "did not end within " + format_duration(patience_ns);
        const std::string line = errors.last_line({});
        if (!line.empty()) problem += ": " + line;
        problem = "`" + command[0] + " " + command[1] + "` " + problem;
    }
    throw config_error(command[0] + " cannot be run here: " + problem);
}

/// Whether a program of its name is on PATH, and is that tool where others have the name too.
bool has_exec_tool(const exec_tool& tool) {
    if (process::find_program(tool.program).empty()) return false;
    if (tool.says.empty()) return true;
    try {
        std::string said;
        time_of({std::string(tool.program), std::string(tool.version)}, said);
        return said.find(tool.says) != std::string::npos;
    } catch (const config_error&) {
        return false;
    }
}

}  // namespace

std::string check_exec_programs(const exec_options& how) {
    for (const std::string& one : how.programs())
        check_program(one, one == how.program ? how.install : std::string());
    const std::vector<std::string> command = how.version_command();
    if (command.empty()) return {};
    // Three times; of one that takes long that is long enough.
    constexpr std::int64_t enough_ns = 1'000'000'000;
    std::string said;
    std::int64_t quickest_ns = INT64_MAX;
    std::int64_t all_ns = 0;
    for (int i = 0; i < 3 && all_ns < enough_ns; ++i) {
        const std::int64_t took_ns = time_of(command, said);
        quickest_ns = std::min(quickest_ns, took_ns);
        all_ns += took_ns;
        if (said.find(how.says) == std::string::npos) {
            throw config_error(process::find_program(how.program) + " is another program than " +
                               how.name + ": it says \"" + said + "\"; " +
                               (how.install.empty() ? "name the right one" : how.install));
        }
    }
    return how.name + " (" + said + ") takes " +
           format_duration(std::max<std::int64_t>(quickest_ns / 1'000'000, 1) * 1'000'000) +
           " to do nothing (`" + command[0] + " " + command[1] +
           "` at its quickest): so much of each operation's service time is its start";
}

std::string exec_note(std::string_view driver) {
    std::string has;
    std::string lacks;
    for (const exec_tool& one : exec_tools()) {
        if (driver != "exec" && driver != one.name) continue;
        const bool there = has_exec_tool(one);
        std::string& list = there ? has : lacks;
        list += (list.empty() ? "" : there ? ", " : "; ") + std::string(one.name);
        if (!there) list += ": " + std::string(one.install);
    }
    if (driver != "exec") {
        return lacks.empty() ? std::string() : " (not on this machine: " + lacks + ")";
    }
    return " (on this machine: " + (has.empty() ? "none of the tools" : has) +
           (lacks.empty() ? "" : "; not " + lacks) + ")";
}

}  // namespace chopsticks::s3
