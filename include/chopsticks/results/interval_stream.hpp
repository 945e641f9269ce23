#pragma once
/// \file
/// The intervals on disk as the run goes: a .jsonl file, a header line and then one line per
/// interval, each handed to the kernel whole, so that a kill -9 loses at most the interval in
/// progress.

#include <chopsticks/results/document.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::results {

/// Writes the stream. Belongs to the collector's thread. One write(2) per interval; not synced to
/// the disk, because it guards against the death of the process, not of the machine.
class interval_stream {
  public:
    /// Writes nowhere.
    interval_stream() = default;

    /// Creates or replaces the file and writes the header: run id, start, seed, scenario, layout.
    /// Throws config_error when the file cannot be made.
    interval_stream(const std::string& path, const run_info& run,
                    const scenario::scenario& scenario, const stats::layout& names);
    ~interval_stream();
    interval_stream(interval_stream&& other) noexcept;
    interval_stream& operator=(interval_stream&& other) noexcept;

    /// Appends one line (from `to_line`). Returns empty, or what went wrong the first time
    /// something does: one message for the user, the run goes on. Later lines are still tried, so a
    /// disk that has room again gets them; a line that fits only in part is taken back.
    std::string write(std::string_view line);

    const std::string& path() const noexcept { return path_; }
    /// Lines that could not be written.
    std::uint64_t lost() const noexcept { return lost_; }

  private:
    bool append(std::string_view line);

    std::string path_;
    int file_ = -1;
    std::int64_t size_ = 0;  ///< up to the end of the last whole line
    std::uint64_t lost_ = 0;
    bool reported_ = false;
    bool cut_pending_ = false;  ///< part of a line is in the file and could not be taken back
};

/// A stream that was read back.
struct interval_file {
    json header;
    std::vector<json> intervals;
    bool torn = false;  ///< the last line was incomplete, and left out
};

/// Reads a stream, also one whose writer was killed: a torn last line is left out. Throws
/// config_error with file and line for anything else that is wrong.
interval_file read_intervals(const std::string& path);

}  // namespace chopsticks::results
