#pragma once
/// \file
/// Streams of random numbers of one group on one core that must not be correlated.

#include <cstdint>

namespace chopsticks::engine {

/// Mixed into the group's seed.
enum : std::uint64_t {
    stream_choice = 1,
    stream_arrivals,
    stream_keys,
    stream_words,
    stream_buckets,
    stream_blocks,
    stream_backoff
};

}  // namespace chopsticks::engine
