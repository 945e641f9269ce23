#pragma once
/// \file
/// Memory whose bytes librados sends from where they are.

#include <rados/buffer.h>

#include <cstddef>
#include <span>

namespace chopsticks::rados {

/// librados counts who refers to the memory: an operation may be sent again, and what was sent
/// first still be on its way when the operation has ended. What is referred to by another is
/// neither written to nor freed; other memory is taken in its place. Grows, never shrinks. Belongs
/// to one core.
class sent_bytes {
  public:
    /// Room for `bytes` of undefined content, which nobody reads until it is shared.
    std::span<char> room(std::size_t bytes);
    /// A list of those bytes, not copied, as they are now.
    ::ceph::buffer::list share() const;

  private:
    ::ceph::buffer::ptr memory_;
    std::size_t used_ = 0;
};

}  // namespace chopsticks::rados
