#pragma once
/// \file
/// A kept data set: finding it, making it alone, and removing one that was never finished. Its
/// folder holds the objects, the manifest, which is written last, and while it is made the claim of
/// the run that makes it. Core 0.

#include <string>

#include "sweep.hpp"
#include "target.hpp"

namespace chopsticks::s3 {

/// Looks for the manifest. `found`: the set is complete. Returns a problem, for the user.
runtime::task<std::string> find_kept_set(s3_session& session, const std::string& endpoint,
                                         bool& found);

/// Claims the folder for this run, which is marked, and looks whether it is alone there. `found`:
/// another run has finished the set meanwhile.
runtime::task<std::string> begin_kept_set(s3_session& session, const std::string& endpoint,
                                          s3_target& target, bool& found);

/// Writes the manifest, and takes the claim back.
runtime::task<std::string> finish_kept_set(s3_session& session, const std::string& endpoint,
                                           s3_target& target);

/// What a run left below a folder for kept data sets.
struct unfinished_set {
    bool ours = false;    ///< the run began it where nothing was, and it has no manifest
    sweep_figures left;   ///< of its objects, if it is ours, after removing them
    std::string problem;  ///< not empty: what stays, or is not known; for a person
};

/// Removes the set, if it is shown to be the run's and not finished, and the run's claim last.
/// `started_ns`: nothing of the run is older. With `only_look` nothing is removed.
runtime::task<unfinished_set> remove_unfinished_set(s3_session& session,
                                                    const std::string& endpoint, sweep_job job,
                                                    std::string run, bool only_look);

}  // namespace chopsticks::s3
