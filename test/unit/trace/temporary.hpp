#pragma once
/// \file
/// Files of a test.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace chopsticks::trace {

/// A folder of its own, gone at the end.
class temporary_directory {
  public:
    temporary_directory() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "chopsticks-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(path_ + "/" + name, std::ios::binary) << text;
        return path_ + "/" + name;
    }

  private:
    std::string path_;
};

/// Makes whatever descriptor this process has of `path` refer to another file.
inline bool redirect_descriptor_of(const std::string& path, int to) {
    struct stat wanted{};
    if (::stat(path.c_str(), &wanted) != 0) return false;
    for (int fd = 3; fd < 256; ++fd) {
        struct stat have{};
        if (::fstat(fd, &have) != 0 || have.st_ino != wanted.st_ino ||
            have.st_dev != wanted.st_dev) {
            continue;
        }
        return ::dup2(to, fd) == fd;
    }
    return false;
}

}  // namespace chopsticks::trace
