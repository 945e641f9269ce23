#pragma once
// Counts what operator new hands out in this program.

#include <cstdint>

std::uint64_t allocations() noexcept;
