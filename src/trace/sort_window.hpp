#pragma once
/// \file
/// Puts a stream that is nearly in order in order, in bounded memory.

#include <algorithm>
#include <chopsticks/trace/recording.hpp>
#include <cstdint>
#include <vector>

namespace chopsticks::trace {

/// Keeps operations back until none can come that belongs before them: until one was seen that is
/// `window_ns` younger, or until there are `most` of them. Logs are written when a request ends, so
/// a request that took long stands behind those that began after it.
class sort_window {
  public:
    sort_window(std::int64_t window_ns, std::size_t most) : window_ns_(window_ns), most_(most) {
        heap_.reserve(std::min<std::size_t>(most, 4096));
    }

    void push(const recorded_operation& op) {
        newest_ns_ = heap_.empty() && count_ == 0 ? op.time_ns : std::max(newest_ns_, op.time_ns);
        heap_.push_back({op, count_++});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }

    /// The oldest, if it may go. \param flush nothing more will come
    bool pop(recorded_operation& out, bool flush) {
        if (heap_.empty()) return false;
        const bool settled = newest_ns_ - heap_.front().op.time_ns >= window_ns_;
        if (!flush && !settled && heap_.size() < most_) return false;
        std::pop_heap(heap_.begin(), heap_.end(), later);
        out = heap_.back().op;
        heap_.pop_back();
        return true;
    }

    void clear() {
        heap_.clear();
        count_ = 0;
    }

  private:
    struct entry {
        recorded_operation op;
        std::uint64_t order;  ///< of equal times: the file's
    };
    static bool later(const entry& a, const entry& b) noexcept {
        return a.op.time_ns != b.op.time_ns ? a.op.time_ns > b.op.time_ns : a.order > b.order;
    }

    std::int64_t window_ns_;
    std::size_t most_;
    std::int64_t newest_ns_ = 0;
    std::uint64_t count_ = 0;
    std::vector<entry> heap_;
};

/// Times of a log that knows whole seconds only: the operations of a second are spread evenly over
/// it, in their order.
template <typename Emit>
class second_spreader {
  public:
    static constexpr std::int64_t second_ns = 1'000'000'000;

    second_spreader(std::size_t most, Emit emit) : most_(most), emit_(std::move(emit)) {}

    void push(const recorded_operation& op) {
        if (!same_.empty() && (same_.front().time_ns != op.time_ns || same_.size() == most_))
            flush();
        same_.push_back(op);
    }

    void flush() {
        const auto n = static_cast<std::int64_t>(same_.size());
        for (std::int64_t i = 0; i < n; ++i) {
            recorded_operation& op = same_[static_cast<std::size_t>(i)];
            op.time_ns += second_ns * i / n;
            emit_(op);
        }
        same_.clear();
    }

  private:
    std::size_t most_;
    Emit emit_;
    std::vector<recorded_operation> same_;
};

}  // namespace chopsticks::trace
