#pragma once
/// \file
/// A recording's file as a stream of operations, whatever its format.

#include <chopsticks/trace/op_log.hpp>
#include <chopsticks/trace/replay.hpp>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::trace {

class recording_reader {
  public:
    /// Opens the file `options` names and settles the format: config_error. Refers to `options`.
    explicit recording_reader(const replay_options& options);
    ~recording_reader();
    recording_reader(const recording_reader&) = delete;
    recording_reader& operator=(const recording_reader&) = delete;

    /// The next operation, in the order of the file. False: the end.
    bool next(recorded_operation& out);

    /// Goes on at this byte, with the next whole line or block; 0: from the start.
    void go_to(std::uint64_t offset);
    std::uint64_t position() const noexcept { return position_; }

    std::uint64_t file_bytes() const noexcept { return file_bytes_; }
    recording_format format() const noexcept { return format_; }
    const reading_figures& figures() const noexcept { return figures_; }
    /// Not empty: the file could not be read further, with the reason.
    const std::string& problem() const noexcept { return problem_; }

  private:
    bool fill();
    bool next_line(recorded_operation& out);
    bool next_record(recorded_operation& out);
    void malformed();
    void settle_format();
    void read_log_header();
    std::uint16_t kind_named(std::string_view name) const noexcept;

    const replay_options& options_;
    recording_format format_;
    int fd_ = -1;
    std::uint64_t file_bytes_ = 0;
    std::uint64_t position_ = 0;  ///< of the file, where the next read begins
    std::string chunk_;           ///< read, used up to `at_`
    std::size_t at_ = 0;
    bool at_end_ = false;
    bool skipping_line_ = false;  ///< the rest of a line that is too long, or was not begun
    bool within_line_ = false;    ///< the line goes on behind the object that was read
    std::uint64_t line_ = 0;
    reading_figures figures_;
    std::string problem_;

    // Of an operation log.
    std::unique_ptr<op_log_decoder> decoder_;
    std::string log_head_;              ///< the bytes of its header
    std::vector<std::uint16_t> kinds_;  ///< by op_record::op
    std::uint64_t damaged_before_ = 0;
};

}  // namespace chopsticks::trace
