#include "sent_bytes.hpp"

#include <algorithm>

namespace chopsticks::rados {

namespace {

constexpr std::size_t page_bytes = 4096;

}  // namespace

std::span<char> sent_bytes::room(std::size_t bytes) {
    used_ = bytes;
    const std::size_t needed = std::max(bytes, page_bytes);
    const bool ours = memory_.have_raw() && memory_.raw_nref() == 1;
    if (!ours || memory_.raw_length() < needed) {
        const std::size_t whole = (needed + page_bytes - 1) / page_bytes * page_bytes;
        memory_ = ::ceph::buffer::create_page_aligned(static_cast<unsigned>(whole));
    }
    return {memory_.c_str(), bytes};
}

::ceph::buffer::list sent_bytes::share() const {
    ::ceph::buffer::list out;
    if (used_ == 0) return out;
    out.append(memory_, 0, static_cast<unsigned>(used_));
    // It keeps checksums with the memory, and does not see that somebody wrote to it.
    out.invalidate_crc();
    return out;
}

}  // namespace chopsticks::rados
