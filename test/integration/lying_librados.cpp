// Connections, calls that block, and what the test says.

#include "lying_librados.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <utility>

#include "lying_cluster.hpp"

namespace chopsticks::test {

namespace {

struct client {};

}  // namespace

void tell_lie(lie which) {
    const std::lock_guard lock(all().mutex);
    all().told = which;
}

void answer_all() {
    std::promise<void> all_told;
    {
        const std::lock_guard lock(all().mutex);
        for (auto& one : all().unanswered)
            all().ended.push_back(std::move(one));
        all().unanswered.clear();
        all().ended.emplace_back([&all_told] { all_told.set_value(); });
        all().changed.notify_all();
    }
    all_told.get_future().wait();
}

void make_pool(const std::string& name, std::uint64_t append_bytes) {
    const std::lock_guard lock(all().mutex);
    all().pools[name].append_bytes = append_bytes;
}

std::map<std::string, stored_object> stored() {
    const std::lock_guard lock(all().mutex);
    return all().objects;
}

void store(const std::string& path, stored_object object) {
    const std::lock_guard lock(all().mutex);
    all().objects[path] = std::move(object);
}

void lose(const std::string& path) {
    const std::lock_guard lock(all().mutex);
    all().objects.erase(path);
}

void begin_anew() {
    const std::lock_guard lock(all().mutex);
    all().pools.clear();
    all().objects.clear();
    all().told = lie::none;
    all().refusal = 0;
}

void refuse_connections(int error) {
    const std::lock_guard lock(all().mutex);
    all().refusal = error;
}

std::uint64_t connections() {
    const std::lock_guard lock(all().mutex);
    return all().connections;
}

}  // namespace chopsticks::test

using namespace chopsticks::test;

extern "C" {

void rados_version(int* major, int* minor, int* extra) {
    *major = *minor = *extra = 0;
}
int rados_create2(rados_t* to, const char*, const char*, std::uint64_t) {
    *to = new client();
    return 0;
}
int rados_conf_read_file(rados_t, const char*) {
    return 0;
}
int rados_conf_set(rados_t, const char* name, const char*) {
    return std::strncmp(name, "no_such", 7) == 0 ? -ENOENT : 0;
}
int rados_conf_get(rados_t, const char*, char* to, std::size_t) {
    *to = '\0';
    return 0;
}
int rados_connect(rados_t) {
    const std::lock_guard lock(all().mutex);
    if (all().refusal == 0) ++all().connections;
    return all().refusal;
}
void rados_shutdown(rados_t of) {
    delete static_cast<client*>(of);
    const std::lock_guard lock(all().mutex);
    if (all().connections > 0) --all().connections;
}
int rados_ioctx_create(rados_t, const char* pool, rados_ioctx_t* to) {
    const std::lock_guard lock(all().mutex);
    if (all().pools.count(pool) == 0) return -ENOENT;
    *to = new pool_handle{pool, ""};
    return 0;
}
void rados_ioctx_destroy(rados_ioctx_t of) {
    delete &handle(of);
}
void rados_ioctx_set_namespace(rados_ioctx_t of, const char* name) {
    handle(of).name_space = name;
}
int rados_ioctx_pool_requires_alignment2(rados_ioctx_t of, int* to) {
    const std::lock_guard lock(all().mutex);
    *to = all().pools[handle(of).pool].append_bytes > 0;
    return 0;
}
int rados_ioctx_pool_required_alignment2(rados_ioctx_t of, std::uint64_t* to) {
    const std::lock_guard lock(all().mutex);
    *to = all().pools[handle(of).pool].append_bytes;
    return 0;
}

int rados_read(rados_ioctx_t of, const char* name, char* data, std::size_t length,
               std::uint64_t offset) {
    const std::lock_guard lock(all().mutex);
    const stored_object* at = find(handle(of).path(name));
    return at != nullptr ? read_from(*at, data, length, offset) : -ENOENT;
}
int rados_write_full(rados_ioctx_t of, const char* name, const char* data, std::size_t length) {
    const std::lock_guard lock(all().mutex);
    const std::string path = handle(of).path(name);
    stored_object* at = find(path);
    return write_at(at, path, std::vector<char>(data, data + length), 0, true);
}
int rados_remove(rados_ioctx_t of, const char* name) {
    const std::lock_guard lock(all().mutex);
    return all().objects.erase(handle(of).path(name)) > 0 ? 0 : -ENOENT;
}
int rados_stat(rados_ioctx_t of, const char* name, std::uint64_t* size, std::time_t* modified) {
    const std::lock_guard lock(all().mutex);
    const stored_object* at = find(handle(of).path(name));
    if (at == nullptr) return -ENOENT;
    *size = at->data.size();
    *modified = 0;
    return 0;
}
int rados_getxattr(rados_ioctx_t of, const char* name, const char* key, char* to,
                   std::size_t length) {
    const std::lock_guard lock(all().mutex);
    const stored_object* at = find(handle(of).path(name));
    if (at == nullptr) return -ENOENT;
    const auto found = at->attributes.find(key);
    if (found == at->attributes.end()) return -ENODATA;
    const std::size_t bytes = std::min(length, found->second.size());
    std::copy_n(found->second.begin(), bytes, to);
    return static_cast<int>(bytes);
}

int rados_nobjects_list_open(rados_ioctx_t of, rados_list_ctx_t* to) {
    const std::lock_guard lock(all().mutex);
    const std::string folder = handle(of).path("");
    auto* const walk = new map_walk();
    for (const auto& [path, object] : all().objects) {
        if (path.compare(0, folder.size(), folder) == 0) walk->found[path.substr(folder.size())];
    }
    walk->next = walk->found.begin();
    *to = walk;
    return 0;
}
int rados_nobjects_list_next(rados_list_ctx_t of, const char** name, const char**, const char**) {
    auto& walk = *static_cast<map_walk*>(of);
    if (walk.next == walk.found.end()) return -ENOENT;
    *name = walk.next->first.c_str();
    ++walk.next;
    return 0;
}
void rados_nobjects_list_close(rados_list_ctx_t of) {
    delete static_cast<map_walk*>(of);
}

int rados_watch3(rados_ioctx_t, const char*, std::uint64_t*, rados_watchcb2_t, rados_watcherrcb_t,
                 std::uint32_t, void*) {
    return 0;
}
int rados_unwatch2(rados_ioctx_t, std::uint64_t) {
    return 0;
}
int rados_watch_flush(rados_t) {
    return 0;
}
int rados_notify_ack(rados_ioctx_t, const char*, std::uint64_t, std::uint64_t, const char*, int) {
    return 0;
}
int rados_notify2(rados_ioctx_t, const char*, const char*, int, std::uint64_t, char** reply,
                  std::size_t* bytes) {
    *reply = nullptr;
    *bytes = 0;
    return 0;
}
void rados_buffer_free(char*) {}

}  // extern "C"
