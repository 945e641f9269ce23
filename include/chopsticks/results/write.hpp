#pragma once
/// \file
/// The result on disk: written whole or not at all, and never lost. Any thread; blocks on the disk.

#include <chopsticks/results/document.hpp>
#include <cstdio>
#include <string>

namespace chopsticks::results {

/// "20261122T150405Z-abcdef3f9a2c": sorts by time; `random` tells runs of one second apart.
std::string make_run_id(std::int64_t started_wall_ns, std::uint64_t random);

/// "<scenario>-<run id>.json" with every character that is awkward in a file name as '_': the name
/// of a result when the user gave none. Contains the run id, so it meets no other run's file.
std::string default_file_name(const std::string& scenario_name, const std::string& run_id);

/// The interval stream that belongs to a result: "x.json" -> "x.jsonl", "x" -> "x.jsonl". Empty
/// when the result goes to no regular file (/dev/stdout, a pipe): nothing can lie beside it.
std::string stream_path(const std::string& result_path);

/// Finds out before the run whether the result can be written: the directory exists and takes a
/// file, the path is no directory. Leaves nothing behind. Throws config_error with the way to mend
/// it.
void check_output(const std::string& path);

/// Where a result went.
struct written {
    std::string path;     ///< of the file that holds it; empty: it was printed, or nothing worked
    std::string problem;  ///< why it is not where it was asked for, in one sentence; empty: it is
};

/// Writes the document to `path`: into a temporary file beside it, fsync, rename, so that the file
/// is whole or not there. What is not a regular file (/dev/stdout, a pipe) is written to directly.
/// An existing regular file is replaced. When that fails, the result goes to the temporary
/// directory ($TMPDIR, else /tmp) under the run's default name, and when that fails too to
/// `last_resort`. Never throws for a failed write.
written write_result(const std::string& path, const run_document& doc,
                     std::FILE* last_resort = stdout);

/// write_result's first step alone: `text` whole at `path` or nothing changed. Empty on success,
/// otherwise what failed, e.g. "cannot write /x/y.json: No space left on device".
std::string write_file(const std::string& path, std::string_view text);

}  // namespace chopsticks::results
