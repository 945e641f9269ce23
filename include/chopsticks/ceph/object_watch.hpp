#pragma once
/// \file
/// A watch on an object, by which other clients see that this one uses what the object stands for:
/// the header of an image that is only read, the mark of a run.

#include <rados/librados.h>

#include <cstdint>
#include <string>

namespace chopsticks::ceph {

/// Acknowledges what other clients notify of, and does nothing else. Control thread.
class object_watch {
  public:
    object_watch() = default;
    object_watch(const object_watch&) = delete;
    object_watch& operator=(const object_watch&) = delete;

    /// 0, or -errno: -EPERM where the client may not write. Stays where it is until `end`.
    int begin(rados_ioctx_t pool, std::string object);
    /// Nothing to do without `begin`. What it refers to must still be connected. 0, or -errno.
    int end();

  private:
    static void on_notify(void* self, std::uint64_t notify_id, std::uint64_t handle,
                          std::uint64_t notifier, void* data, std::size_t bytes);
    static void on_error(void* self, std::uint64_t handle, int error);

    rados_ioctx_t pool_ = nullptr;
    std::string object_;
    std::uint64_t handle_ = 0;
    bool watching_ = false;
};

/// Whether a client watches the object: asks all that do, for so long at most. One that does not
/// answer in time counts as one that does.
bool is_watched(rados_ioctx_t pool, const std::string& object, std::uint64_t timeout_ms);

}  // namespace chopsticks::ceph
