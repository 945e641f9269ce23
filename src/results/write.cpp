#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "file_io.hpp"
#include "whole_json.hpp"

namespace chopsticks::results {

namespace {

/// What a path is to a writer.
struct target {
    std::string path;     ///< symbolic links followed
    bool direct = false;  ///< written to as it is, not replaced: a device, a pipe
    bool linked = false;  ///< the path given was another
    bool exists = false;
    mode_t mode = 0666;
};

/// /dev/stdout may be a regular file that something else also writes to: such paths are never
/// replaced, whatever they turn out to be.
bool names_a_device(const std::string& path) {
    return path.starts_with("/dev/") || path.starts_with("/proc/");
}

/// 0 or errno.
int look_at(const std::string& path, target& out) {
    out.path = path;
    out.direct = names_a_device(path);
    struct stat status;
    if (::stat(path.c_str(), &status) != 0) {
        if (errno != ENOENT) return errno;
        out.direct = false;
        return 0;
    }
    if (S_ISDIR(status.st_mode)) return EISDIR;
    out.exists = true;
    out.direct = out.direct || !S_ISREG(status.st_mode);
    out.mode = status.st_mode & 0777;
    // The directory's permission would do to replace it, but a read-only file is meant to stay.
    if (::access(path.c_str(), W_OK) != 0) return errno;
    if (out.direct) return 0;
    // A link is kept and what it points to is replaced.
    if (char* const real = ::realpath(path.c_str(), nullptr)) {
        struct stat link{};
        out.linked = ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode);
        out.path = real;
        std::free(real);
    }
    return 0;
}

/// A name beside `path` that no other process or call uses. Short: a file name may be 255 bytes.
std::string temporary_beside(const std::string& path) {
    return directory_of(path) + "/.chopsticks-" + std::to_string(::getpid()) + "-" +
           std::to_string(monotonic_ns()) + ".tmp";
}

using pieces = std::span<const std::string_view>;

/// 0 or errno; leaves no temporary file behind.
int replace(const target& to, pieces text) {
    const std::string temporary = temporary_beside(to.path);
    file_descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!file.is_open()) return errno;
    int error = write_all(file.get(), text);
    if (error == 0 && to.exists && ::fchmod(file.get(), to.mode) != 0) error = errno;
    // Without it a crash of the machine may leave the new name with no content.
    if (error == 0 && ::fsync(file.get()) != 0) error = errno;
    const int closed = file.close();
    if (error == 0) error = closed;
    if (error == 0 && ::rename(temporary.c_str(), to.path.c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(temporary.c_str());
        return error;
    }
    // The name itself. Not every file system can; the content is safe either way.
    const file_descriptor directory(
        ::open(directory_of(to.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.is_open()) ::fsync(directory.get());
    return 0;
}

/// 0 or errno.
int write_through(const std::string& path, pieces text) {
    file_descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!file.is_open()) return errno;
    const int error = write_all(file.get(), text);
    const int closed = file.close();
    return error != 0 ? error : closed;
}

std::string temporary_directory() {
    const char* const given = std::getenv("TMPDIR");
    std::string path = given != nullptr && given[0] != '\0' ? given : "/tmp";
    while (path.size() > 1 && path.back() == '/')
        path.pop_back();
    return path;
}

}  // namespace

std::string make_run_id(std::int64_t started_wall_ns, std::uint64_t random) {
    const civil_time t = to_civil(started_wall_ns / 1'000'000'000);
    char text[96];
    std::snprintf(text, sizeof text, "%04d%02d%02dT%02d%02d%02dZ-%012llx", t.year, t.month, t.day,
                  t.hour, t.minute, t.second,
                  static_cast<unsigned long long>(random & 0xffffffffffff));
    return text;
}

std::string default_file_name(const std::string& scenario_name, const std::string& run_id) {
    std::string name = scenario_name.empty() ? "run" : scenario_name;
    // Room for the id, the extension and what users put before and after it within 255 bytes.
    if (name.size() > 150) name.resize(150);
    name += "-" + run_id;
    for (char& c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!plain) c = '_';
    }
    // Neither hidden nor an option.
    if (name[0] == '.' || name[0] == '-') name[0] = '_';
    return name + ".json";
}

std::string stream_path(const std::string& result_path) {
    target to;
    const bool known = look_at(result_path, to) == 0;
    if (known && to.direct) return {};
    if (names_a_device(result_path)) return {};
    // Two names of one result have one stream.
    const std::string path = known && to.linked ? to.path : result_path;
    return path.ends_with(".json") ? path + "l" : path + ".jsonl";
}

void check_output(const std::string& path) {
    if (path.empty()) throw config_error("the output file has an empty name; give --output FILE");
    target to;
    const int error = look_at(path, to);
    if (error == EISDIR) {
        throw config_error("cannot write the result to " + path +
                           ": it is a directory; name a file in it, e.g. --output " + path +
                           (path.ends_with('/') ? "" : "/") + "result.json");
    }
    if (error != 0) {
        throw config_error(failed_to("write the result to", path, error) +
                           "; give another file with --output");
    }
    if (to.direct) return;
    if (path.ends_with(".jsonl")) {
        throw config_error("cannot write the result to " + path +
                           ": a name that ends in .jsonl is that of a run's intervals; give one "
                           "that ends in .json");
    }
    const std::string temporary = temporary_beside(to.path);
    const file_descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file.is_open()) {
        ::unlink(temporary.c_str());
        return;
    }
    const int why = errno;
    const std::string directory = directory_of(to.path);
    throw config_error(failed_to("write the result to", path, why) +
                       (why == ENOENT
                            ? "; make its directory first: mkdir -p " + directory
                            : "; the directory " + directory +
                                  " must take new files, or give another one with --output"));
}

namespace {

std::string write_pieces(const std::string& path, pieces text) {
    target to;
    int error = path.empty() ? ENOENT : look_at(path, to);
    if (error == 0) error = to.direct ? write_through(to.path, text) : replace(to, text);
    return error == 0 ? std::string() : failed_to("write", path.empty() ? "''" : path, error);
}

bool print(std::FILE* to, pieces text) {
    for (const std::string_view piece : text) {
        if (std::fwrite(piece.data(), 1, piece.size(), to) != piece.size()) return false;
    }
    return std::fflush(to) == 0;
}

}  // namespace

std::string write_file(const std::string& path, std::string_view text) {
    return write_pieces(path, {&text, 1});
}

written write_result(const std::string& path, const run_document& doc, std::FILE* last_resort) {
    const text_pieces whole(doc);
    const pieces text = whole.pieces();
    written out;
    out.problem = write_pieces(path, text);
    if (out.problem.empty()) {
        out.path = path;
        return out;
    }
    const std::string elsewhere =
        temporary_directory() + "/" + default_file_name(doc.scenario.name, doc.run.id);
    const std::string second = write_pieces(elsewhere, text);
    if (second.empty()) {
        out.path = elsewhere;
        out.problem += "; the result is in " + elsewhere + " instead";
        return out;
    }
    out.problem += "; " + second;
    const bool printed = last_resort != nullptr && print(last_resort, text);
    out.problem += printed ? "; the result was printed instead"
                           : "; the result could not be printed either and is lost";
    return out;
}

}  // namespace chopsticks::results
