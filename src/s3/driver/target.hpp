#pragma once
/// \file
/// What is done once per run with an S3 target: finding out whether it lets us in, making and
/// removing the bucket, marking the run and a kept data set. Runs on core 0.

#include <chopsticks/s3/protocol/inventory.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mark_keeper.hpp"
#include "session.hpp"
#include "sweep.hpp"

namespace chopsticks::s3 {

/// What one group knows of its target between open and close.
struct s3_target {
    std::unique_ptr<mark_keeper> keeper;  ///< of the run's mark
    bool marked = false;                  ///< the mark was written, the folder is ours
    std::int64_t started_ns = 0;          ///< by the server's clock: nothing of this run is older
    bool bucket_made = false;             ///< this run asked for the bucket, and there was none
    std::string bucket_created;           ///< the proof of it: the bucket's date of birth
    std::string bucket_doubt;             ///< why there is no such proof
    bucket_rules rules;
    bool rules_known = false;
    /// \name The kept data set
    /// \{
    bool claimed = false;  ///< the run's claim lies in its folder
    bool makes_set =
        false;  ///< the folder was empty: what is in it is the run's, until it is complete
    bool set_stays = false;  ///< it is complete
    /// \}
    std::optional<std::uint64_t> marks_left;  ///< versions of the mark, when removing them failed
    std::optional<sweep_figures> found;       ///< below the folder, when that was last looked at

    void forget_bucket() {
        bucket_made = false;
        bucket_created.clear();
        bucket_doubt.clear();
    }
};

runtime::task<engine::target_state> open_s3_target(core_state& core,
                                                   const std::vector<target_address>& addresses,
                                                   s3_target& target);
runtime::task<std::string> seal_s3_data(core_state& core,
                                        const std::vector<target_address>& addresses,
                                        s3_target& target);

/// Removes what is left of the run (objects, versions and delete markers in its folder, its mark,
/// the bucket), each only if it is shown to be the run's; returns what stays, for a person.
runtime::task<std::string> close_s3_target(core_state& core,
                                           const std::vector<target_address>& addresses,
                                           s3_target& target);

/// What of the run is still there, as far as is known without asking: what close_s3_target saw
/// last, the mark, the bucket.
std::vector<engine::leftover> left_of(const core_state& core, const s3_target& target);

/// Looks into the folder, unless close_s3_target did: then left_of has it all.
runtime::task<engine::left_count> count_s3_left(core_state& core,
                                                const std::vector<target_address>& addresses,
                                                s3_target& target);

}  // namespace chopsticks::s3
