#include "read_buffer.hpp"

#include <algorithm>
#include <utility>

namespace chopsticks::endpoint {

bool read_buffer::grow(std::size_t bytes) {
    auto charge = pool_.reserve(bytes);
    if (!charge) return false;
    data_ = std::make_unique_for_overwrite<char[]>(bytes);
    charge_ = std::move(*charge);
    size_ = bytes;
    return true;
}

std::span<char> read_buffer::prepare(std::uint64_t most) {
    if (size_ == 0) {
        if (!grow(first_bytes)) return {};
    } else if (was_full_ && size_ < bytes_max && size_ < most) {
        // If there is no room for more, this one will do.
        grow(std::min(size_ * 4, bytes_max));
    }
    was_full_ = false;
    return {data_.get(), static_cast<std::size_t>(std::min<std::uint64_t>(most, size_))};
}

void read_buffer::release() noexcept {
    data_.reset();
    charge_ = reservation();
    size_ = 0;
    was_full_ = false;
}

}  // namespace chopsticks::endpoint
