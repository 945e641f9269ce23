#include <chopsticks/scenario/program_options.hpp>
#include <chopsticks/scenario/reader.hpp>

namespace chopsticks::scenario {

std::vector<std::string> split_words(std::string_view command) {
    std::vector<std::string> out;
    bool in_word = false;
    char quote = 0;
    for (std::size_t at = 0; at < command.size(); ++at) {
        const char c = command[at];
        if (quote == 0 && (c == ' ' || c == '\t')) {
            in_word = false;
            continue;
        }
        if (!in_word) out.emplace_back();
        in_word = true;
        if (c == '\\' && quote != '\'' && at + 1 < command.size()) {
            out.back() += command[++at];
        } else if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
        } else {
            out.back() += c;
        }
    }
    if (quote != 0) out.clear();
    return out;
}

program_options read_program_options(const workload_settings& of, program_kind kind) {
    program_options out;
    map_reader m(&of.driver_options, "driver_options", "write {command: python3 my_driver.py}");
    if (const auto f = m.find("command")) {
        out.command = split_words(f->text());
        if (out.command.empty()) f->refuse("is no command", "does a quote have no end?");
    }
    if (kind == program_kind::any && out.command.empty()) {
        m.require("command",
                  "say what program does the operations: `driver_options: {command: python3 "
                  "my_driver.py}`");
    }
    if (kind == program_kind::script) {
        if (const auto f = m.find("python")) out.python = f->text();
    }
    if (const auto f = m.find("programs")) out.programs = f->count32(1, 64);
    if (const auto f = m.find("in_flight")) out.in_flight = f->count32(1, 65536);
    if (const auto f = m.find("start")) out.start_ns = f->duration(1'000'000);
    if (const auto f = m.find("restarts")) out.restarts = f->count32(0, 100'000);
    m.finish();
    return out;
}

}  // namespace chopsticks::scenario
