#pragma once
/// \file
/// Runs that are made again and again, each as a result of its own: of one target for `run
/// --repeat`, of several in turns for `ab` and for `run --driver A,B`.

#include <chopsticks/results/output_lock.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "series_run.hpp"
#include "setup.hpp"

namespace chopsticks::cli {

/// The most runs a side.
constexpr unsigned repeats_most = 1000;

/// A run that shall be made.
struct planned_repeat {
    std::string who;       ///< "run 2 of 5", "run 3 of 10 (new)"
    std::string what;      ///< "new"; empty: all are alike
    std::size_t side = 0;  ///< runs of one side must find the same files
    run_arguments arguments;
    std::string output;
    std::string op_log;  ///< empty: none
};

/// One of several that take turns.
struct repeated_side {
    std::string name;  ///< for people
    run_arguments arguments;
    std::string path;  ///< that numbered_file is given
};

/// Each side so many times, in turns. What chance deals to a run it deals to all of its round.
/// \param seed of the first round
std::vector<planned_repeat> plan_in_turns(const std::vector<repeated_side>& sides, unsigned repeat,
                                          std::uint64_t seed);

struct repeat_options {
    std::int64_t pause_ns = 0;  ///< between two runs
    bool quiet = false;
    bool keep_going = false;  ///< goes on behind a run that failed
};

/// What became of one.
struct made_repeat {
    bool written = false;  ///< there is a result, whatever it says
    /// Why no comparison may have it: "was not made", "is invalid: ...". Empty: it may.
    std::string unfit = "was not made";
};

struct repeats_made {
    std::vector<made_repeat> runs;  ///< of each that was planned
    int exit_status = exit_ok;      ///< the worst of the runs'
    bool interrupted = false;
    bool stopped = false;  ///< one failed, and those behind it were not made

    std::size_t written() const;
};

/// Throws config_error where an earlier series lies, of whatever length: whoever takes all files of
/// such a name would take them too. \param path that numbered_file is to be given
void refuse_earlier(const std::string& path);

/// Finds out whether runs can be written to numbered_file of these paths (which end in .json),
/// where no earlier series may lie. \param folder that they are in, made if it is not there; empty:
/// they are files of a folder that is there. Other series are kept out of the folder as long as the
/// lock lives. Throws config_error.
[[nodiscard]] results::output_lock open_repeats(const std::string& folder,
                                                const std::vector<std::string>& paths);

/// Makes them in order, each numbered from 1, until one fails, or SIGINT, which is told on standard
/// error with how many were made; so is the progress, unless it is to be quiet.
repeats_made make_repeats(const std::vector<planned_repeat>& plan, const repeat_options& how,
                          const std::vector<std::string>& command_line, beside_runs& beside);

/// Tries whether runs with these arguments will find their targets usable: opens and closes them,
/// without any load. \return the names of the figures they will have. Throws config_error.
std::vector<std::string> try_target(const run_arguments& arguments);

/// The length of a pause. Throws config_error that names --pause.
std::int64_t pause_of(const std::string& text);

}  // namespace chopsticks::cli
