#pragma once
/// \file
/// Keeps two runs from writing to one place.

#include <string>

namespace chopsticks::results {

/// A file or folder that this process writes to and no other of ours may: an advisory lock of the
/// kernel, which ends with the process however that ends. Where the file system has none, it is
/// without effect. Any thread; movable.
class output_lock {
  public:
    /// Locks nothing.
    output_lock() = default;

    /// Locks `path`, an existing folder or a file, which is made if it is not there (and removed
    /// again at the end if it is still empty). Its content stays. Throws config_error where another
    /// process has it, or where it cannot be opened.
    explicit output_lock(const std::string& path);
    ~output_lock();
    output_lock(output_lock&& other) noexcept;
    output_lock& operator=(output_lock&& other) noexcept;

  private:
    std::string path_;
    int file_ = -1;
    bool made_ = false;
};

}  // namespace chopsticks::results
