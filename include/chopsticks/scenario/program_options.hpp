#pragma once
/// \file
/// What `driver_options` say to a driver that is a program of its own (process/program.hpp), of any
/// workload. A value; any core.

#include <chopsticks/scenario/settings.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::scenario {

struct program_options {
    std::vector<std::string> command;        ///< words; empty: the driver knows one itself
    std::string python;                      ///< the interpreter of a driver that is a script
    std::uint32_t programs = 1;              ///< on each core
    std::uint32_t in_flight = 256;           ///< operations that each has at a time
    std::int64_t start_ns = 60'000'000'000;  ///< until it is ready, at most
    std::uint32_t restarts = 10;             ///< of each, over a run
};

/// Which of them a driver has beside those that all have.
enum class program_kind : std::uint8_t {
    any,      ///< `command`, which has to be there
    shipped,  ///< `command`, in place of its own
    script,   ///< `command` and `python`
};

/// config_error for what they do not understand.
program_options read_program_options(const workload_settings& of, program_kind kind);

/// The words of a command as a shell would have them: blanks part them, but for those in quotes or
/// behind a backslash. Nothing else has a meaning. Empty: a quote has no end.
std::vector<std::string> split_words(std::string_view command);

}  // namespace chopsticks::scenario
