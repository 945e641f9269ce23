#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chopsticks/core/error.hpp>
#include <chopsticks/results/output_lock.hpp>
#include <utility>

#include "file_io.hpp"

namespace chopsticks::results {

namespace {

/// Whether the open file is what the name stands for now: its last owner may have removed it.
bool is_at(int file, const std::string& path) {
    struct stat ours{};
    struct stat there{};
    return ::fstat(file, &ours) == 0 && ::stat(path.c_str(), &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

}  // namespace

output_lock::output_lock(const std::string& path) : path_(path) {
    for (;;) {
        file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        made_ = file_ >= 0;
        // Read-only: enough for a lock, and all that a folder allows.
        if (!made_) file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file_ < 0 && errno == ENOENT) continue;
        if (file_ < 0) {
            throw config_error(failed_to("write to", path, errno) +
                               "; give another place with --output");
        }
        if (::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            ::close(std::exchange(file_, -1));
            throw config_error(path +
                               " is being written by another run; wait until it has ended, "
                               "or give another place with --output");
        }
        if (is_at(file_, path)) return;
        ::close(std::exchange(file_, -1));
    }
}

output_lock::~output_lock() {
    if (file_ < 0) return;
    struct stat status{};
    if (made_ && ::fstat(file_, &status) == 0 && status.st_size == 0 && is_at(file_, path_)) {
        ::unlink(path_.c_str());
    }
    ::close(file_);
}

output_lock::output_lock(output_lock&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), made_(other.made_) {}

output_lock& output_lock::operator=(output_lock&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(file_, other.file_);
    std::swap(made_, other.made_);
    return *this;
}

}  // namespace chopsticks::results
