#pragma once
/// \file
/// What is done once per run with an S3 target: finding out whether it lets us in, making and
/// removing the bucket, marking a kept data set. Runs on core 0.

#include "session.hpp"

namespace chopsticks::s3 {

runtime::task<engine::target_state> open_s3_target(core_state& core,
                                                   const std::vector<target_address>& addresses,
                                                   bool& made_bucket);
runtime::task<std::string> seal_s3_data(core_state& core,
                                        const std::vector<target_address>& addresses);
runtime::task<std::string> close_s3_target(core_state& core,
                                           const std::vector<target_address>& addresses,
                                           bool made_bucket);

}  // namespace chopsticks::s3
