#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "command.hpp"

namespace chopsticks::cli {

namespace {

using trace::op_log_decoder;

struct oplog_arguments {
    std::string file;
    std::string format = "jsonl";
    bool header = false;
};

/// Prints records as they are read; what a line needs is taken from the log's header once.
class record_printer {
  public:
    record_printer(const trace::op_log_header& header, bool csv) : csv_(csv) {
        for (const std::string& text : header.operations)
            operations_.push_back(quoted(text));
        for (const std::string& text : header.endpoints)
            endpoints_.push_back(quoted(text));
        if (csv_) {
            std::fputs(
                "intended_ns,sent_ns,done_ns,operation,endpoint,core,object,size,offset,length,"
                "status,http_status,errno\n",
                stdout);
        }
    }

    bool print(const trace::op_record& r) {
        const std::string sent = r.sent_ns != 0 ? std::to_string(r.sent_ns) : nothing();
        const std::string object = r.has_object ? std::to_string(r.object) : nothing();
        const std::string_view status = name(r.status);
        const std::string endpoint =
            r.endpoint < endpoints_.size() ? endpoints_[r.endpoint] : nothing();
        const char* const format =
            csv_ ? "%lld,%s,%lld,%s,%s,%u,%s,%llu,%llu,%llu,%.*s,%d,%d\n"
                 : "{\"intended_ns\":%lld,\"sent_ns\":%s,\"done_ns\":%lld,\"operation\":%s,"
                   "\"endpoint\":%s,\"core\":%u,\"object\":%s,\"size\":%llu,\"offset\":%llu,"
                   "\"length\":%llu,\"status\":\"%.*s\",\"http_status\":%d,"
                   "\"errno\":%d}\n";
        return std::printf(
                   format, static_cast<long long>(r.intended_ns), sent.c_str(),
                   static_cast<long long>(r.done_ns), operations_[r.op].c_str(), endpoint.c_str(),
                   unsigned{r.core}, object.c_str(), static_cast<unsigned long long>(r.size),
                   static_cast<unsigned long long>(r.offset),
                   static_cast<unsigned long long>(r.length), static_cast<int>(status.size()),
                   status.data(), r.native.as(code_kind::http_status),
                   r.native.as(code_kind::errno_value)) >= 0;
    }

  private:
    std::string nothing() const { return csv_ ? "" : "null"; }
    std::string quoted(const std::string& text) const {
        if (!csv_) {
            return nlohmann::json(text).dump(-1, ' ', false,
                                             nlohmann::json::error_handler_t::replace);
        }
        if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
        std::string out = "\"";
        for (const char c : text)
            out += c == '"' ? std::string("\"\"") : std::string(1, c);
        return out + "\"";
    }

    bool csv_;
    std::vector<std::string> operations_;
    std::vector<std::string> endpoints_;
};

void print_header(const trace::op_log_header& h) {
    nlohmann::json j;
    j["scenario"] = h.scenario;
    j["run"] = h.run_id;
    j["started"] = format_utc(h.started_wall_ns);
    j["started_ns"] = h.started_wall_ns;
    j["seed"] = h.seed;
    j["cores"] = h.cores;
    j["operations"] = h.operations;
    j["endpoints"] = h.endpoints;
    std::puts(j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

/// A descriptor that is closed at the end of its scope.
struct open_file {
    int fd;
    explicit open_file(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
        if (fd >= 0) return;
        throw config_error("operation log " + path +
                           ": cannot be read: " + std::string(std::strerror(errno)));
    }
    ~open_file() { ::close(fd); }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
};

int print_log(const oplog_arguments& a) {
    const open_file file(a.file);
    op_log_decoder decoder;
    std::optional<record_printer> printer;
    std::string chunk(256 * 1024, '\0');
    std::uint64_t printed = 0;
    auto step = op_log_decoder::step::more;
    while (step != op_log_decoder::step::end) {
        const ssize_t got = ::read(file.fd, chunk.data(), chunk.size());
        if (got < 0) {
            throw config_error("operation log " + a.file +
                               ": cannot be read: " + std::strerror(errno));
        }
        if (got == 0) break;
        decoder.push(std::string_view(chunk).substr(0, static_cast<std::size_t>(got)));
        trace::op_record r;
        for (;;) {
            step = decoder.next(r);
            if (step == op_log_decoder::step::foreign) {
                throw config_error("operation log " + a.file + ": " + decoder.problem());
            }
            if (decoder.has_header() && a.header) {
                print_header(decoder.header());
                return exit_ok;
            }
            if (step != op_log_decoder::step::record) break;
            if (!printer) printer.emplace(decoder.header(), a.format == "csv");
            // Nobody reads on: `head` has what it wanted.
            if (!printer->print(r)) return exit_ok;
            ++printed;
        }
    }
    if (!decoder.has_header()) {
        throw config_error("operation log " + a.file + ": ends within its header");
    }
    if (!printer) printer.emplace(decoder.header(), a.format == "csv");
    std::fflush(stdout);
    int status = exit_ok;
    if (step != op_log_decoder::step::end) {
        std::fprintf(stderr, "chopsticks: %s has no end: the run was killed; %llu records read\n",
                     a.file.c_str(), static_cast<unsigned long long>(printed));
        status = exit_errors;
    } else if (decoder.end().dropped > 0) {
        std::fprintf(stderr, "chopsticks: %llu operations are not in the log%s%s\n",
                     static_cast<unsigned long long>(decoder.end().dropped),
                     decoder.end().problem.empty() ? ": the disk was too slow" : ": ",
                     decoder.end().problem.c_str());
    }
    if (decoder.damaged_blocks() > 0) {
        std::fprintf(stderr, "chopsticks: %llu damaged blocks were passed over\n",
                     static_cast<unsigned long long>(decoder.damaged_blocks()));
        status = exit_errors;
    }
    return status;
}

}  // namespace

void add_oplog_command(CLI::App& app, int& result) {
    auto* command = app.add_subcommand("oplog", "Prints an operation log for other tools");
    auto arguments = std::make_shared<oplog_arguments>();
    command->add_option("file", arguments->file, "The log: a file of run --op-log")
        ->required()
        ->type_name("FILE");
    command->add_option("--format", arguments->format, "One line per operation: jsonl or csv")
        ->check(CLI::IsMember({"jsonl", "csv"}))
        ->capture_default_str();
    command->add_flag("--header", arguments->header, "Only what the log says of itself");
    command->footer(
        "Examples:\n"
        "  chopsticks run -f scenarios/mixed.yaml --embedded --op-log mixed.oplog\n"
        "  chopsticks oplog mixed.oplog | jq -r 'select(.status != \"ok\") | .operation'\n"
        "  chopsticks oplog mixed.oplog --format csv > mixed.csv");
    command->callback([arguments, &result] { result = print_log(*arguments); });
}

}  // namespace chopsticks::cli
