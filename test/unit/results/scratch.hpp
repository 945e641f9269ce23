#pragma once
/// \file
/// A directory of one test case.

#include <chopsticks/core/assert.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace chopsticks::results::sample {

/// An empty directory, removed with all that is in it at the end of the scope.
class scratch_directory {
  public:
    scratch_directory() {
        char name[] = "/tmp/chopsticks-results-XXXXXX";
        CHOPSTICKS_ASSERT(::mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

    std::size_t entries() const {
        std::size_t n = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_))
            ++n;
        return n;
    }

  private:
    std::string path_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Sets an environment variable for the scope.
class environment_variable {
  public:
    environment_variable(const char* name, const char* value) : name_(name) {
        if (const char* const before = std::getenv(name)) {
            was_set_ = true;
            before_ = before;
        }
        if (value != nullptr) {
            ::setenv(name, value, 1);
        } else {
            ::unsetenv(name);
        }
    }
    ~environment_variable() {
        if (was_set_) {
            ::setenv(name_, before_.c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }
    environment_variable(const environment_variable&) = delete;
    environment_variable& operator=(const environment_variable&) = delete;

  private:
    const char* name_;
    bool was_set_ = false;
    std::string before_;
};

}  // namespace chopsticks::results::sample
