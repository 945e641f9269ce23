#pragma once
/// \file
/// Assertions that stay on in release: a bug aborts with a message, it never becomes a wrong
/// number.

namespace chopsticks {

/// Prints the failed condition with its place to standard error and aborts. Any thread.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace chopsticks

#define CHOPSTICKS_ASSERT(condition) \
    (static_cast<bool>(condition)    \
         ? static_cast<void>(0)      \
         : ::chopsticks::assertion_failed(#condition, __FILE__, __LINE__))
