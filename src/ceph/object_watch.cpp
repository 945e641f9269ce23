#include <cerrno>
#include <chopsticks/ceph/object_watch.hpp>
#include <cstring>
#include <utility>

namespace chopsticks::ceph {

void object_watch::on_notify(void* self, std::uint64_t notify_id, std::uint64_t handle,
                             std::uint64_t /*notifier*/, void* /*data*/, std::size_t /*bytes*/) {
    auto& watch = *static_cast<object_watch*>(self);
    // Who notifies waits for all that watch; without content it is the answer of one that owns
    // nothing of an image.
    rados_notify_ack(watch.pool_, watch.object_.c_str(), notify_id, handle, nullptr, 0);
}

// The cluster has missed this client: what is watched may go then, and reads say so themselves.
void object_watch::on_error(void* /*self*/, std::uint64_t /*handle*/, int /*error*/) {}

int object_watch::begin(rados_ioctx_t pool, std::string object) {
    pool_ = pool;
    object_ = std::move(object);
    const int failed = rados_watch3(pool_, object_.c_str(), &handle_, on_notify, on_error, 0, this);
    watching_ = failed >= 0;
    return failed;
}

int object_watch::end() {
    if (!watching_) return 0;
    watching_ = false;
    return rados_unwatch2(pool_, handle_);
}

bool is_watched(rados_ioctx_t pool, const std::string& object, std::uint64_t timeout_ms) {
    char* reply = nullptr;
    std::size_t bytes = 0;
    const int failed = rados_notify2(pool, object.c_str(), nullptr, 0, timeout_ms, &reply, &bytes);
    if (failed == -ENOENT) return false;
    // le32 number of those that answered; where one did not, the call fails.
    std::uint32_t answered = 0;
    if (reply != nullptr && bytes >= sizeof answered)
        std::memcpy(&answered, reply, sizeof answered);
    if (reply != nullptr) rados_buffer_free(reply);
    return failed < 0 || answered > 0;
}

}  // namespace chopsticks::ceph
