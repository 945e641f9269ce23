#pragma once
/// \file
/// A watch on an image's header: librbd registers none for images that are opened read-only, so
/// that `rbd status`, `rbd rm` and `chopsticks cleanup` would take them for unused.

#include <rados/librados.h>

#include <cstdint>
#include <string>

namespace chopsticks::rbd {

/// Acknowledges what other clients notify of, and does nothing else. Control thread.
class header_watch {
  public:
    header_watch() = default;
    header_watch(const header_watch&) = delete;
    header_watch& operator=(const header_watch&) = delete;

    /// 0, or -errno: -EPERM where the client may not write. Stays where it is until `end`.
    int begin(rados_ioctx_t pool, const std::string& image_id);
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

}  // namespace chopsticks::rbd
