#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/interval_stream.hpp>
#include <utility>

#include "bounded_json.hpp"
#include "driver_figures.hpp"
#include "file_io.hpp"
#include "json_text.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

json header_json(const run_info& run, const scenario::scenario& scenario,
                 const stats::layout& names) {
    json out;
    out["kind"] = "chopsticks-intervals";
    out["schema_version"] = schema_version;
    out["run"]["id"] = run.id;
    out["run"]["started"] = format_utc(run.started_ns);
    out["run"]["started_ns"] = run.started_ns;
    out["run"]["command_line"] = redact(run.command_line);
    out["run"]["seed"] = run.seed;
    out["run"]["interval_s"] = rounded(run.interval_s);
    out["scenario"] = to_json(scenario);
    out["operations"] = names.operations;
    out["driver_figures"] = declared_json(names.driver_figures);
    return out;
}

}  // namespace

interval_stream::interval_stream(const std::string& path, const run_info& run,
                                 const scenario::scenario& scenario, const stats::layout& names)
    : path_(path) {
    // Appending, so that after a cut the next line goes to the new end.
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    int error = file_ < 0 ? errno : 0;
    if (error == 0 && !append(dump(header_json(run, scenario, names)))) error = errno;
    if (error == 0) return;
    if (file_ >= 0) ::close(file_);
    throw config_error(failed_to("write the interval stream", path, error) +
                       "; free some space or give another file with --output");
}

interval_stream::~interval_stream() {
    if (file_ >= 0) ::close(file_);
}

interval_stream::interval_stream(interval_stream&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_),
      lost_(other.lost_),
      reported_(other.reported_),
      cut_pending_(other.cut_pending_) {}

interval_stream& interval_stream::operator=(interval_stream&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    std::swap(size_, other.size_);
    std::swap(lost_, other.lost_);
    std::swap(reported_, other.reported_);
    std::swap(cut_pending_, other.cut_pending_);
    return *this;
}

bool interval_stream::append(std::string_view line) {
    std::string text;
    text.reserve(line.size() + 2);
    if (cut_pending_) text += '\n';
    text += line;
    text += '\n';
    const int error = write_all(file_, text);
    if (error == 0) {
        size_ += static_cast<std::int64_t>(text.size());
        cut_pending_ = false;
        return true;
    }
    // Part of the line may be in the file. Where it cannot be taken back (a pipe), the next line
    // starts on a new one, so that only this one is spoilt.
    if (::ftruncate(file_, size_) != 0) cut_pending_ = true;
    errno = error;
    return false;
}

std::string interval_stream::write(std::string_view line) {
    if (file_ < 0) return {};
    if (append(line)) return {};
    const int error = errno;
    ++lost_;
    if (reported_) return {};
    reported_ = true;
    return failed_to("write the interval stream", path_, error) +
           "; the run goes on, and the result at its end will hold the intervals";
}

namespace {

/// null: not one JSON document within bounds.
json line_of(std::string_view line, const std::string& path) {
    try {
        return parse_bounded(line, path);
    } catch (const config_error&) {
        return nullptr;
    }
}

}  // namespace

interval_file read_intervals(const std::string& path) {
    const std::string text = read_bounded(path, "read the interval stream");
    interval_file out;
    std::string_view rest = text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        const bool last = end == std::string_view::npos;
        rest.remove_prefix(last ? rest.size() : end + 1);
        if (line.empty()) continue;
        json value = line_of(line, path);
        const std::string place = path + ":" + std::to_string(number) + ": ";
        if (value.is_null() && last && number > 1) {
            out.torn = true;
            break;
        }
        if (number == 1) {
            const bool stream =
                value.is_object() && value.value("kind", json()) == json("chopsticks-intervals");
            if (!stream) {
                throw config_error(place +
                                   "not an interval stream of chopsticks (a .jsonl file that a run "
                                   "left beside its result)");
            }
            const json version = value.value("schema_version", json());
            if (!is_known_version(version)) {
                throw config_error(place + "interval stream of format " + dump(version) +
                                   ", this version of chopsticks reads formats up to " +
                                   std::to_string(schema_version));
            }
            out.header = std::move(value);
            continue;
        }
        if (!value.is_object()) {
            throw config_error(place +
                               "not a line of an interval stream; the file was changed or "
                               "damaged after it was written");
        }
        out.intervals.push_back(std::move(value));
    }
    if (out.header.is_null()) throw config_error(path + ": empty, not an interval stream");
    return out;
}

}  // namespace chopsticks::results
