// Gives a test program the workloads of the real one, before its first case.

#include <chopsticks/rbd/workload.hpp>
#include <chopsticks/s3/workload.hpp>
#include <chopsticks/scenario/catalogue.hpp>

namespace {

[[maybe_unused]] const bool added = [] {
    for (const auto& describe :
         {chopsticks::s3::describe_workload, chopsticks::rbd::describe_workload})
        chopsticks::scenario::catalogue::add(describe());
    return true;
}();

}  // namespace
