// What a program built without librados asks of a cluster: nothing.

#include <chopsticks/ceph/beside/watch.hpp>

namespace chopsticks::ceph::beside {

bool can_ask() noexcept {
    return false;
}

std::unique_ptr<asker> make_rados_asker(const access&) {
    return nullptr;
}

}  // namespace chopsticks::ceph::beside
