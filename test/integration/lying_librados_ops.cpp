// Calls that block on several steps, and removals that are waited for: the library's C interface.

#include <cerrno>
#include <deque>
#include <mutex>
#include <utility>

#include "lying_cluster.hpp"

using namespace chopsticks::test;

namespace {

void add(void* to, step one) {
    static_cast<steps*>(to)->all.push_back(std::move(one));
}

}  // namespace

extern "C" {

rados_write_op_t rados_create_write_op() {
    return new steps();
}
void rados_release_write_op(rados_write_op_t of) {
    delete static_cast<steps*>(of);
}
void rados_write_op_create(rados_write_op_t to, int exclusive, const char*) {
    add(to, create_step(exclusive == LIBRADOS_CREATE_EXCLUSIVE));
}
void rados_write_op_setxattr(rados_write_op_t to, const char* name, const char* value,
                             std::size_t length) {
    add(to, attribute_step(name, std::string(value, length)));
}
void rados_write_op_omap_set2(rados_write_op_t to, char const* const* keys,
                              char const* const* values, const std::size_t* key_lengths,
                              const std::size_t* value_lengths, std::size_t count) {
    std::map<std::string, std::string> all_of;
    for (std::size_t n = 0; n < count; ++n)
        all_of[std::string(keys[n], key_lengths[n])] = std::string(values[n], value_lengths[n]);
    add(to, map_step(std::move(all_of)));
}
int rados_write_op_operate(rados_write_op_t what, rados_ioctx_t of, const char* name, std::time_t*,
                           int) {
    const std::lock_guard lock(all().mutex);
    return run_steps(*static_cast<steps*>(what), handle(of).path(name));
}

int rados_aio_create_completion2(void*, rados_callback_t, rados_completion_t* to) {
    *to = new_completion(nullptr, nullptr);
    return 0;
}
int rados_aio_get_return_value(rados_completion_t of) {
    return static_cast<completion*>(of)->result;
}
int rados_aio_wait_for_complete(rados_completion_t of) {
    auto* const one = static_cast<completion*>(of);
    std::unique_lock lock(all().mutex);
    all().changed.wait(lock, [one] { return one->ended; });
    return 0;
}
void rados_aio_release(rados_completion_t) {
    // Kept; see new_completion.
}
int rados_aio_remove(rados_ioctx_t of, const char* name, rados_completion_t to) {
    return submit(static_cast<completion*>(to), [path = handle(of).path(name)] {
        return all().objects.erase(path) > 0 ? 0 : -ENOENT;
    });
}

}  // extern "C"
