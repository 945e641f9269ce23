#pragma once
/// \file
/// What of a run lies in the bucket, found by listing it with all versions; and removing it. All
/// requests are outside of the load.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "session.hpp"

namespace chopsticks::s3 {

/// What is looked for, and what is done with it.
struct sweep_job {
    std::string folder;  ///< raw: the group's folder
    bool exact =
        false;  ///< `folder` is one key, all versions of which are meant, whatever their age
    /// What is older than this is not the run's, whatever it is called; nanoseconds since the
    /// epoch, by the server's clock.
    std::int64_t not_before_ns = 0;
    std::string spared;  ///< one key that is passed over, if not empty
    bool remove = false;
    bool unlocks =
        false;  ///< the run locked objects: what is refused is unlocked, as far as it can be
    /// How long the sweep goes on while nothing is found or removed, see patience.
    std::int64_t patience_ns = 30'000'000'000;
    /// Not empty: looked at between requests; true ends the sweep.
    std::function<bool()> stopped;
};

/// What was found. An entry is the run's if its key lies in the folder and is one that this program
/// makes (is_made_key), and it is not older than the run. All others are `foreign`.
struct sweep_figures {
    std::string problem;         ///< not empty: the first thing that failed; for a person
    bool complete = false;       ///< the listing came to its end: the counts are exact
    std::uint64_t objects = 0;   ///< the run's: those that a plain listing shows
    std::uint64_t versions = 0;  ///< the run's: older versions of objects
    std::uint64_t markers = 0;   ///< the run's: delete markers
    std::uint64_t uploads = 0;   ///< the run's: unfinished multipart uploads
    std::uint64_t bytes = 0;     ///< of objects and versions
    std::uint64_t foreign = 0;
    std::string foreign_example;    ///< the key of one
    std::uint64_t removed = 0;      ///< of the run's four
    bool had_versions = false;      ///< the server lists versions
    bool versions_refused = false;  ///< 403: objects were listed, versions there may be
    bool uploads_refused = false;   ///< unfinished uploads could not be listed

    std::uint64_t found() const noexcept { return objects + versions + markers + uploads; }
};

/// Lists, and removes if told so. With `progress` (not null), figures are kept up to date there.
/// Everything referred to outlives it.
runtime::task<sweep_figures> sweep(s3_session& session, const sweep_job& job,
                                   const std::string& endpoint, sweep_figures* progress = nullptr);

/// Removes all, then looks what is there: `found()` of the result is what is left, `removed` what
/// is gone.
runtime::task<sweep_figures> sweep_clean(s3_session& session, sweep_job job,
                                         const std::string& endpoint,
                                         sweep_figures* progress = nullptr);

/// "3 objects, 2 older versions and 1 delete marker".
std::string describe(const sweep_figures& figures);

}  // namespace chopsticks::s3
