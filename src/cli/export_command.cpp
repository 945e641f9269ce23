#include <algorithm>
#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/exports/formats.hpp>
#include <cstdio>
#include <cstring>
#include <memory>

#include "command.hpp"
#include "one_file.hpp"

namespace chopsticks::cli {

namespace {

using trace::op_log_decoder;

struct export_arguments {
    std::string file;
    std::string format;
    std::string op_log;
    std::string output;
};

struct file_closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

/// The log that was asked for, or that the result names; empty: there is none.
std::string log_of(const export_arguments& a, const results::result_file& result) {
    if (!a.op_log.empty()) return a.op_log;
    const auto log = result.document.find("op_log");
    if (log == result.document.end() || !log->is_object()) return {};
    const auto file = log->find("file");
    return file != log->end() && file->is_string() ? file->get<std::string>() : std::string();
}

void read_log(const std::string& path, const results::result_file& result,
              const exports::record_visitor& visit) {
    results::refuse_pipe(path);
    const file_handle file(std::fopen(path.c_str(), "rbe"));
    if (!file) {
        throw config_error("operation log " + path + ": cannot be read: " + std::strerror(errno) +
                           "; say where it is with --op-log FILE");
    }
    op_log_decoder decoder;
    std::string chunk(256 * 1024, '\0');
    auto step = op_log_decoder::step::more;
    while (step != op_log_decoder::step::end) {
        const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
        if (got == 0) break;
        decoder.push(std::string_view(chunk).substr(0, got));
        trace::op_record record;
        while ((step = decoder.next(record)) == op_log_decoder::step::record) {
            if (decoder.header().run_id != result.run_id) {
                throw config_error("operation log " + path + ": of run " + decoder.header().run_id +
                                   ", the result is of run " + result.run_id);
            }
            visit(decoder.header(), record);
        }
        if (step == op_log_decoder::step::foreign) {
            throw config_error("operation log " + path + ": " + decoder.problem());
        }
    }
    if (step != op_log_decoder::step::end || decoder.damaged_blocks() > 0 ||
        decoder.end().dropped > 0) {
        std::fprintf(stderr, "chopsticks: %s is not whole: operations are missing\n", path.c_str());
    }
}

int export_file(const export_arguments& a) {
    const results::result_file result = results::load_result(a.file);
    const exports::format& format = *exports::find_format(a.format);
    exports::record_source log;
    if (format.log != exports::log_need::none) {
        const std::string path = log_of(a, result);
        if (path.empty() && format.log == exports::log_need::required) {
            throw config_error("--format " + a.format + ": " + a.file +
                               " has figures and not single operations; run with --op-log FILE, "
                               "and give that file with --op-log");
        }
        if (!path.empty()) {
            log = [path, &result](const exports::record_visitor& visit) {
                read_log(path, result, visit);
            };
        }
    } else if (!a.op_log.empty()) {
        throw config_error("--op-log: --format " + a.format + " has no single operations");
    }
    file_handle opened;
    std::FILE* to = stdout;
    if (!a.output.empty()) {
        if (is_one_file(a.file, a.output)) {
            throw config_error("--output " + a.output + ": the result itself");
        }
        opened.reset(std::fopen(a.output.c_str(), "we"));
        if (!opened) {
            throw config_error("cannot write " + a.output + ": " + std::strerror(errno));
        }
        to = opened.get();
    }
    bool written = true;
    format.write(result, log, [&](std::string_view text) {
        written = written && std::fwrite(text.data(), 1, text.size(), to) == text.size();
    });
    written = std::fflush(to) == 0 && written;
    if (written) return exit_ok;
    std::fprintf(stderr, "chopsticks: cannot write %s: %s\n",
                 a.output.empty() ? "to standard output" : a.output.c_str(), std::strerror(errno));
    return exit_errors;
}

}  // namespace

void add_export_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand("export", "Prints a result in a format of another tool");
    auto arguments = std::make_shared<export_arguments>();
    command->add_option("file", arguments->file, "The result of a run, or a merged one")
        ->required()
        ->type_name("FILE");
    std::vector<std::string> names;
    std::size_t widest = 0;
    for (const exports::format& one : exports::formats())
        widest = std::max(widest, one.name.size());
    std::string footer = "Formats:\n";
    for (const exports::format& one : exports::formats()) {
        names.emplace_back(one.name);
        footer += "  " + names.back() + std::string(widest + 2 - names.back().size(), ' ') +
                  std::string(one.description) + "\n";
    }
    command->add_option("--format", arguments->format, "One of those below")
        ->required()
        ->check(CLI::IsMember(names))
        ->type_name("FORMAT");
    command
        ->add_option("--op-log", arguments->op_log,
                     "Formats of single operations: the log of run --op-log (default: the one "
                     "that the result names)")
        ->type_name("FILE");
    command->add_option("-o,--output", arguments->output, "Default: standard output")
        ->type_name("FILE");
    command->footer(footer +
                    "\nExamples:\n"
                    "  chopsticks export result.json --format csv\n"
                    "  chopsticks export result.json --format hlog -o result.hlog");
    command->callback([arguments, &result] { result = export_file(*arguments); });
}

}  // namespace chopsticks::cli
