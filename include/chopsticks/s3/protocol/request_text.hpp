#pragma once
/// \file
/// Text written piece by piece into room that was made for the longest there can be.

#include <charconv>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/http/percent.hpp>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace chopsticks::s3 {

/// Neither allocates nor throws; ends the program where the room is too small. The room outlives
/// it. Not thread-safe.
class request_text {
  public:
    request_text(char* at, const char* end) noexcept : begin_(at), at_(at), end_(end) {}
    explicit request_text(std::vector<char>& room) noexcept
        : request_text(room.data(), room.data() + room.size()) {}

    request_text& operator<<(std::string_view text) noexcept {
        CHOPSTICKS_ASSERT(text.size() <= static_cast<std::size_t>(end_ - at_));
        if (!text.empty()) std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }
    request_text& operator<<(std::uint64_t number) noexcept {
        CHOPSTICKS_ASSERT(end_ - at_ >= static_cast<std::ptrdiff_t>(max_number_size));
        at_ = std::to_chars(at_, at_ + max_number_size, number).ptr;
        return *this;
    }
    /// Percent-encoded, slashes too.
    request_text& encoded(std::string_view raw) noexcept {
        CHOPSTICKS_ASSERT(3 * raw.size() <= static_cast<std::size_t>(end_ - at_));
        at_ = http::percent_encode_to(at_, raw, http::slash::encode);
        return *this;
    }

    char* at() const noexcept { return at_; }
    const char* end() const noexcept { return end_; }
    std::string_view text() const noexcept {
        return {begin_, static_cast<std::size_t>(at_ - begin_)};
    }

  private:
    static constexpr std::size_t max_number_size = 20;

    char* begin_;
    char* at_;
    const char* end_;
};

}  // namespace chopsticks::s3
