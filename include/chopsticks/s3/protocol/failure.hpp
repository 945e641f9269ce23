#pragma once
/// \file
/// What is wrong with an exchange or its answer, in the three words of an outcome.

#include <chopsticks/core/error.hpp>
#include <string_view>

namespace chopsticks::s3 {

/// Nothing, or a failure. Texts are cut to their arrays. A value; any core.
struct failure {
    op_status status = op_status::ok;  ///< ok: nothing is wrong, and there are no texts
    char code[48];                     ///< the wire's word, or one of ours; NUL-terminated
    char text[160];                    ///< one line for a person; NUL-terminated

    failure() noexcept { code[0] = text[0] = '\0'; }
    explicit operator bool() const noexcept { return status != op_status::ok; }

    void set(op_status why, std::string_view wire_code, std::string_view line) noexcept;
};

}  // namespace chopsticks::s3
