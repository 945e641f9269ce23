#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/trace/op_log.hpp>
#include <cstring>
#include <utility>

namespace chopsticks::trace {

// --- A core's end

bool op_log_lane::take_block() noexcept {
    block_ = owner_->take_empty();
    if (block_ == nullptr) return false;
    block_->core = core_;
    block_->count = 0;
    return true;
}

void op_log_lane::hand_over() noexcept {
    if (block_ == nullptr || block_->count == 0) return;
    owner_->give(std::move(block_));
}

// --- The log

op_log_writer::op_log_writer(const std::string& path, unsigned cores, std::size_t memory_bytes)
    : path_(path), lanes_(cores) {
    // Two per core at least: one to fill while the other is written.
    const std::size_t blocks =
        cores * std::max<std::size_t>(2, memory_bytes / sizeof(op_log_block));
    for (unsigned core = 0; core < cores; ++core) {
        lanes_[core].owner_ = this;
        lanes_[core].core_ = core;
    }
    // Not filled with zeros: memory that is never needed is never taken from the system.
    for (std::size_t i = 0; i < blocks; ++i)
        empty_.push_back(std::make_unique_for_overwrite<op_log_block>());
    inbox_.resize(blocks);
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd_ >= 0) return;
    const int error = errno;
    if (error == EEXIST) {
        throw config_error("operation log " + path +
                           ": there is already such a file; give another name, or remove it");
    }
    throw config_error("operation log " + path + ": cannot be made: " + std::strerror(error));
}

op_log_writer::~op_log_writer() {
    finish();
}

void op_log_writer::begin(const op_log_header& header, std::int64_t start_ns) {
    CHOPSTICKS_ASSERT(!begun_ && !finished_);
    begun_ = true;
    start_ns_ = start_ns;
    write(encode_header(header));
    thread_ = std::thread([this] { work(); });
}

std::unique_ptr<op_log_block> op_log_writer::take_empty() noexcept {
    const std::lock_guard lock(mutex_);
    if (empty_.empty()) return nullptr;
    auto block = std::move(empty_.back());
    empty_.pop_back();
    return block;
}

void op_log_writer::give(std::unique_ptr<op_log_block> block) noexcept {
    {
        const std::lock_guard lock(mutex_);
        // There are as many places as blocks.
        inbox_[(inbox_head_ + inbox_count_++) % inbox_.size()] = std::move(block);
    }
    wake_.notify_one();
}

void op_log_writer::write(std::string_view bytes) {
    if (!figures_.problem.empty()) return;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const ssize_t done = ::write(fd_, rest.data(), rest.size());
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) {
            figures_.problem = "cannot write " + path_ + ": " +
                               (done < 0 ? std::strerror(errno) : "nothing was taken");
            // The log ends with its last whole block, so that its end can follow if there is room.
            if (::ftruncate(fd_, static_cast<off_t>(figures_.bytes)) == 0) {
                ::lseek(fd_, static_cast<off_t>(figures_.bytes), SEEK_SET);
            }
            return;
        }
        rest.remove_prefix(static_cast<std::size_t>(done));
    }
    figures_.bytes += bytes.size();
}

void op_log_writer::work() {
    ::pthread_setname_np(::pthread_self(), "op-log");
    std::string encoded;
    for (;;) {
        std::unique_ptr<op_log_block> block;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return finishing_ || inbox_count_ > 0; });
            if (inbox_count_ == 0) return;
            block = std::move(inbox_[inbox_head_]);
            inbox_head_ = (inbox_head_ + 1) % inbox_.size();
            --inbox_count_;
        }
        encoded.clear();
        encode_block(*block, start_ns_, encoded);
        write(encoded);
        (figures_.problem.empty() ? figures_.records : figures_.dropped) += block->count;
        const std::lock_guard lock(mutex_);
        empty_.push_back(std::move(block));
    }
}

op_log_figures op_log_writer::finish() {
    if (finished_) return figures_;
    finished_ = true;
    for (op_log_lane& lane : lanes_)
        lane.hand_over();
    {
        const std::lock_guard lock(mutex_);
        finishing_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    for (const op_log_lane& lane : lanes_)
        figures_.dropped += lane.dropped_;
    const std::string problem = figures_.problem;
    if (begun_) {
        const std::string end = encode_end(figures_);
        figures_.problem.clear();
        write(end);
    }
    const int failed = ::close(std::exchange(fd_, -1));
    if (!problem.empty()) {
        figures_.problem = problem;
    } else if (figures_.problem.empty() && failed != 0) {
        figures_.problem = "cannot write " + path_ + ": " + std::strerror(errno);
    }
    // A run that never came to its load leaves no empty log behind.
    if (!begun_) ::unlink(path_.c_str());
    return figures_;
}

}  // namespace chopsticks::trace
