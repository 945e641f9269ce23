#pragma once
/// \file
/// The mark that a run keeps in its bucket while it lives: who made what lies below which folder.
/// It is what lets a later process remove what a run left, and know which runs are still alive.
/// Pure functions; they allocate; any core.

#include <optional>
#include <string>
#include <string_view>

namespace chopsticks::s3 {

/// Of one group of one run. Written as one flat JSON object of texts.
struct run_mark {
    std::string run;          ///< run id
    std::string group;        ///< the group's name
    std::string folder;       ///< all its objects lie below: "<prefix><run id>/" or ".../<group>/"
    std::string bucket_stem;  ///< of buckets made by create_bucket; empty: none are made
    /// CreationDate of the bucket itself, if the run made it: the bucket goes with the run.
    std::string bucket_created;
    std::string kept;     ///< folder of the kept data set that the run is making; empty: none
    bool locks = false;   ///< its operations lock objects: who removes them unlocks them first
    std::string started;  ///< by the server's clock: "2026-11-22T15:04:05Z". Nothing is older
    bool ended = false;   ///< the run ended and could not remove all
};

/// "<prefix>runs/<run id>/<group>.json": beside the run's folder, so that neither the load's
/// listings nor the check that the folder is unused see it.
std::string run_mark_key(std::string_view prefix, std::string_view run, std::string_view group);

/// What run_mark_key begins with, for all runs (`run` empty) or one.
std::string run_marks_folder(std::string_view prefix, std::string_view run = {});

/// Where a group's objects are. `group` empty: it is the run's only one.
std::string run_folder(std::string_view prefix, std::string_view run, std::string_view group = {});

std::string write_run_mark(const run_mark& mark);

/// Reads the mark at `key`. Nothing if it is no mark, or says of itself that it belongs elsewhere:
/// to another key, or to a folder that is not that of its own run below the same prefix.
std::optional<run_mark> parse_run_mark(std::string_view prefix, std::string_view key,
                                       std::string_view body);

}  // namespace chopsticks::s3
