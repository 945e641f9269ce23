#pragma once
/// \file
/// All keys below a prefix, as SCAN lists them.

#include <functional>
#include <string_view>

#include "connection.hpp"

namespace redis_example {

/// Called with each key; some come twice where others are written meanwhile.
using key_seen = std::function<void(std::string_view key)>;

/// Goes through the keys that begin with `prefix`. Neither key nor prefix is a pattern. Fails where
/// the server does, is cancelled, or is not done at `until_ns`. What is referred to stays until it
/// has ended.
chopsticks::runtime::task<failure> scan(connection& link, std::string_view prefix,
                                        std::int64_t until_ns, const key_seen& seen);

}  // namespace redis_example
