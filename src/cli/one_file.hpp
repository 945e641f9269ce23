#pragma once
/// \file
/// Whether two names are of one file.

#include <sys/stat.h>

#include <string>

namespace chopsticks::cli {

/// Also through links. False where one of them is not there.
inline bool is_one_file(const std::string& a, const std::string& b) {
    struct stat of_a{};
    struct stat of_b{};
    return ::stat(a.c_str(), &of_a) == 0 && ::stat(b.c_str(), &of_b) == 0 &&
           of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

}  // namespace chopsticks::cli
