#include "memory.hpp"

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <cstring>
#include <utility>

namespace chopsticks::endpoint {

reservation::reservation(reservation&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

reservation& reservation::operator=(reservation&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

reservation::~reservation() {
    if (pool_ != nullptr) pool_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
}

block::block(memory_pool& pool, std::size_t size, reservation charge)
    : pool_(pool), size_(size), charge_(std::move(charge)) {
    CHOPSTICKS_ASSERT(size <= memory_pool::block_bytes);
    data_ = size == memory_pool::block_bytes ? pool.take()
                                             : std::make_unique_for_overwrite<char[]>(size);
}

block::~block() {
    if (size_ == memory_pool::block_bytes) pool_.give(std::move(data_));
}

std::optional<reservation> memory_pool::reserve(std::uint64_t bytes) noexcept {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
        if (bytes > cap_ || used > cap_ - bytes) return std::nullopt;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return reservation(this, bytes);
}

bool memory_pool::has_room(std::uint64_t bytes) const noexcept {
    const std::uint64_t now = used();
    return bytes <= cap_ && now <= cap_ - bytes;
}

std::shared_ptr<const block> memory_pool::zeros() {
    const std::lock_guard lock(mutex_);
    if (!zeros_) {
        // One byte short of a full block: it must not come from, or go back to, the free list.
        auto made = std::make_shared<block>(*this, block_bytes - 1, reservation());
        std::memset(made->data(), 0, made->size());
        zeros_ = std::move(made);
    }
    return zeros_;
}

std::unique_ptr<char[]> memory_pool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!free_.empty()) {
            auto data = std::move(free_.back());
            free_.pop_back();
            return data;
        }
    }
    return std::make_unique_for_overwrite<char[]>(block_bytes);
}

void memory_pool::give(std::unique_ptr<char[]> data) noexcept {
    const std::lock_guard lock(mutex_);
    if (free_.capacity() == 0) free_.reserve(free_max);
    if (free_.size() < free_max) free_.push_back(std::move(data));
}

void body::append(const body& other) {
    slices.insert(slices.end(), other.slices.begin(), other.slices.end());
    size += other.size;
}

body body::part(std::uint64_t offset, std::uint64_t length) const {
    CHOPSTICKS_ASSERT(offset <= size);
    CHOPSTICKS_ASSERT(length <= size - offset);
    body out;
    out.size = length;
    for (const slice& s : slices) {
        if (length == 0) break;
        if (offset >= s.size) {
            offset -= s.size;
            continue;
        }
        const auto take =
            static_cast<std::size_t>(std::min<std::uint64_t>(s.size - offset, length));
        out.slices.push_back({s.owner, s.data + offset, take});
        offset = 0;
        length -= take;
    }
    return out;
}

bool body_sink::expect(std::uint64_t bytes) noexcept {
    if (!keep_) return true;
    if (!pool_->has_room(bytes)) return false;
    expected_ = bytes;
    return true;
}

bool body_sink::grow(std::uint64_t most) {
    if (!keep_) {
        // Each piece is thrown away once it was looked at, and the next one takes its place.
        filled_ = 0;
        if (!blocks_.empty()) return true;
        constexpr std::uint64_t least = 4096;
        std::uint64_t bytes = std::clamp<std::uint64_t>(most, least, 256 * 1024);
        auto charge = pool_->reserve(bytes);
        if (!charge) charge = pool_->reserve(bytes = least);
        if (!charge) return false;
        blocks_.push_back(
            std::make_shared<block>(*pool_, static_cast<std::size_t>(bytes), std::move(*charge)));
        return true;
    }
    std::uint64_t bytes = memory_pool::block_bytes;
    if (expected_ > 0) {
        bytes = std::min(expected_, bytes);
        expected_ -= bytes;
    } else if (blocks_.empty()) {
        // Of unknown length: a small body should not cost a whole block, nor the last one that
        // fits.
        bytes = std::clamp<std::uint64_t>(most, 4096, bytes);
    }
    auto charge = pool_->reserve(bytes);
    if (!charge && expected_ == 0 && most < bytes) {
        bytes = most;
        charge = pool_->reserve(bytes);
    }
    if (!charge) return false;
    blocks_.push_back(
        std::make_shared<block>(*pool_, static_cast<std::size_t>(bytes), std::move(*charge)));
    filled_ = 0;
    return true;
}

std::span<char> body_sink::prepare(std::uint64_t most) {
    if ((blocks_.empty() || filled_ == blocks_.back()->size()) && !grow(most)) return {};
    block& last = *blocks_.back();
    return {last.data() + filled_,
            static_cast<std::size_t>(std::min<std::uint64_t>(last.size() - filled_, most))};
}

void body_sink::commit(std::size_t n) noexcept {
    filled_ += n;
    size_ += n;
}

body body_sink::finish() {
    body out;
    out.size = size_;
    if (!keep_) {
        const auto zeros = pool_->zeros();
        for (std::uint64_t left = size_; left > 0;) {
            const std::size_t n =
                static_cast<std::size_t>(std::min<std::uint64_t>(left, zeros->size()));
            out.slices.push_back({zeros, zeros->data(), n});
            left -= n;
        }
    } else {
        out.slices.reserve(blocks_.size());
        for (std::size_t i = 0; i < blocks_.size(); ++i) {
            const std::size_t n = i + 1 == blocks_.size() ? filled_ : blocks_[i]->size();
            if (n > 0) out.slices.push_back({blocks_[i], blocks_[i]->data(), n});
        }
    }
    blocks_.clear();
    expected_ = 0;
    filled_ = 0;
    size_ = 0;
    return out;
}

}  // namespace chopsticks::endpoint
