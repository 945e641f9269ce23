#pragma once
// Rows of the table of operations, for tests that name them.

#include <doctest/doctest.h>

#include <chopsticks/s3/protocol/operation.hpp>
#include <string_view>

inline const chopsticks::s3::operation_row& row_of(std::string_view name) {
    const chopsticks::s3::operation_row* const found = chopsticks::s3::find_row(name);
    REQUIRE(found != nullptr);
    return *found;
}
