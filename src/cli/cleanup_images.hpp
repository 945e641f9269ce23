#pragma once
/// \file
/// The part of `chopsticks cleanup` that is about block devices.

#include <chopsticks/rbd/cleanup.hpp>
#include <cstdint>
#include <memory>
#include <string>

namespace chopsticks::cli {

/// Images that runs left in the pool and namespace of one workload config. Connects when it is
/// made. Main thread.
class left_images {
  public:
    /// Throws config_error, with the one message about the cluster.
    explicit left_images(const rbd::settings& config);

    /// \param run_id of one run; empty: all that are so old
    /// \param older_than_ns by the cluster's clock; 0: whatever their age
    void select(const std::string& run_id, std::int64_t older_than_ns);

    /// Prints them and, if told to, removes those that are shown to be a run's and may go. Ends
    /// early when the process is told to stop. True: something remains that was asked for.
    bool clean_up(bool remove);

  private:
    std::shared_ptr<rbd::image_cleanup> cluster_;
    std::vector<rbd::run_image> images_;
    bool all_runs_ = false;
};

}  // namespace chopsticks::cli
