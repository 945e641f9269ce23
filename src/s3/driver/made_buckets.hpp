#pragma once
/// \file
/// Which of the buckets that operations of the load asked for this run may remove again. No I/O.

#include <chopsticks/engine/driver.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::s3 {

/// The doubtful ones among the made buckets of one core, by their numbers. Their names are the
/// run's own (made_bucket_stem) and were shown to be unused; what is stored here are the answers
/// that speak against it all the same. Takes memory only when an operation fails. Belongs to its
/// core.
class made_buckets {
  public:
    enum class claim : std::uint8_t {
        ours,     ///< nothing speaks against it
        foreign,  ///< 409: somebody else's. There is nothing of ours
        unclear,  ///< 409, after an attempt that had no answer and may have made it
    };

    /// Every create_bucket that has ended.
    void created(std::uint64_t number, const engine::outcome& out);

    claim whose(std::uint64_t number) const noexcept;

    /// How many are `foreign` and how many `unclear`.
    std::uint64_t count(claim what) const noexcept;

  private:
    struct doubt {
        std::uint64_t number;
        bool unanswered;  ///< an attempt may have been carried out without our knowing
        bool refused;     ///< 409, ever
    };
    static claim whose(const doubt& d) noexcept;

    std::vector<doubt> doubts_;
};

}  // namespace chopsticks::s3
