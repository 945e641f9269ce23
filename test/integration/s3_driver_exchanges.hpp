#pragma once
// What each operation sends that is one request, and what comes back: the cases of the tests that
// spoil answers.

#include <string>
#include <vector>

#include "s3_driver_rig.hpp"

namespace chopsticks::test {

struct exchange {
    std::string name;
    engine::operation op;
    const char* request_line;  // what it must begin with
    std::vector<std::string> answers;
    op_status status = op_status::ok;
    std::uint64_t bytes = 0;
    int http_status = 200;
};

/// Of every operation that is one request and names no version; of some, several.
std::vector<exchange> exchanges();

}  // namespace chopsticks::test
