#pragma once
/// \file
/// Shares in messages.

#include <cstdio>
#include <string>

namespace chopsticks::engine {

/// "4.2 %", "23 %".
inline std::string percent(double share) {
    char text[32];
    std::snprintf(text, sizeof text, share < 0.1 ? "%.1f %%" : "%.0f %%", share * 100);
    return text;
}

}  // namespace chopsticks::engine
