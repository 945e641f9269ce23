#pragma once
/// \file
/// A write operation of several parts, as calls that block carry it out.

#include <rados/librados.h>

namespace chopsticks::rados {

/// Released with its owner.
class write_steps {
  public:
    write_steps() : handle_(rados_create_write_op()) {}
    ~write_steps() { rados_release_write_op(handle_); }
    write_steps(const write_steps&) = delete;
    write_steps& operator=(const write_steps&) = delete;

    rados_write_op_t get() const noexcept { return handle_; }

  private:
    rados_write_op_t handle_;
};

}  // namespace chopsticks::rados
