#include "header_watch.hpp"

namespace chopsticks::rbd {

void header_watch::on_notify(void* self, std::uint64_t notify_id, std::uint64_t handle,
                             std::uint64_t /*notifier*/, void* /*data*/, std::size_t /*bytes*/) {
    auto& watch = *static_cast<header_watch*>(self);
    // Who notifies waits for all that watch; without content it is the answer of one that owns
    // nothing of the image.
    rados_notify_ack(watch.pool_, watch.object_.c_str(), notify_id, handle, nullptr, 0);
}

// The cluster has missed this client: the image may go then, and reads say so themselves.
void header_watch::on_error(void* /*self*/, std::uint64_t /*handle*/, int /*error*/) {}

int header_watch::begin(rados_ioctx_t pool, const std::string& image_id) {
    pool_ = pool;
    object_ = "rbd_header." + image_id;
    const int failed = rados_watch3(pool_, object_.c_str(), &handle_, on_notify, on_error, 0, this);
    watching_ = failed >= 0;
    return failed;
}

int header_watch::end() {
    if (!watching_) return 0;
    watching_ = false;
    return rados_unwatch2(pool_, handle_);
}

}  // namespace chopsticks::rbd
