#pragma once
/// \file
/// Finding and removing what earlier runs left in a bucket: what `chopsticks cleanup` does for S3.

#include <atomic>
#include <chopsticks/engine/cleanup.hpp>
#include <chopsticks/s3/workload/settings.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chopsticks::s3 {

struct cleanup_options {
    const settings* config = nullptr;  ///< credentials complete
    scenario::timeouts timeout;
    /// data.prefix of the runs that are looked for, each with its '/' at the end.
    std::vector<std::string> prefixes;
    std::string run_id;  ///< one run; empty: all
    /// Only runs that started so long ago, by the server's clock; 0: all.
    std::int64_t older_than_ns = 0;
    bool remove = false;  ///< otherwise everything is only looked at
};

/// What one run left below one prefix.
struct run_remains {
    std::string run;
    std::string folder;   ///< the run's, below the prefix
    std::string started;  ///< by the server's clock; empty: not known
    /// Why nothing of it is (or would be) removed; empty: it is. For a person.
    std::string kept_why;
    bool alive = false;      ///< the reason: its mark is fresh
    bool too_young = false;  ///< the reason: older_than_ns

    std::uint64_t objects = 0;
    std::uint64_t versions = 0;  ///< older versions
    std::uint64_t markers = 0;   ///< delete markers
    std::uint64_t uploads = 0;   ///< unfinished multipart uploads
    std::uint64_t bytes = 0;
    std::string unfinished;  ///< folder of a data set that was never finished, counted above
    std::vector<std::string> buckets;  ///< made by the run, its own bucket included
    std::uint64_t foreign = 0;         ///< below the folder, and not shown to be the run's
    std::string foreign_example;

    std::uint64_t removed = 0;          ///< of the first four
    std::uint64_t removed_buckets = 0;  ///< of `buckets`
    std::uint64_t left = 0;             ///< of the first four, looked at again after removing
    std::string problem;                ///< the first failure; for a person
    bool mark_left = false;             ///< the run's mark is still there
};

struct cleanup_report {
    std::string problem;  ///< not empty: it could not be looked at all; for a person
    std::vector<run_remains> runs;
};

/// Told each second, on the calling thread.
struct cleanup_progress {
    std::string run;  ///< in hand; empty: runs are being looked for
    std::uint64_t found = 0;
    std::uint64_t removed = 0;
    std::string waiting;  ///< "for the answer to ..., at most 12 s more"; empty: for nothing
};

/// Looks for runs by their marks (s3/protocol/run_mark.hpp), and removes what they left if told so:
/// only where the mark proves whose it is, and never of a run whose mark was refreshed within five
/// minutes and does not say that the run ended. Folders that look like a run's and have no mark are
/// reported and left. Runs an event loop on the calling thread, to the end or until `stop` is
/// raised. Throws config_error where an endpoint's name cannot be resolved.
cleanup_report clean_up(const cleanup_options& options, const std::atomic<int>& stop,
                        const std::function<void(const cleanup_progress&)>& progress);

/// The same as the command line has it. Throws nothing: the target is reached as it is looked at.
std::unique_ptr<engine::cleanup> open_cleanup(const engine::cleanup_request& asked);

}  // namespace chopsticks::s3
