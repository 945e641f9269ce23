// Operations that end later, and those of several steps.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "lying_cluster.hpp"

namespace chopsticks::test {

namespace {

struct completion {
    rados_callback_t told = nullptr;
    void* argument = nullptr;
    int result = 0;
    bool ended = false;
};

int submit(rados_completion_t to, std::function<int()> work) {
    cluster& c = all();
    auto* const done = static_cast<completion*>(to);
    const auto answer = [done, work = std::move(work), &c] {
        {
            const std::lock_guard lock(c.mutex);
            done->result = c.told == lie::try_again ? -EAGAIN : work();
            done->ended = true;
        }
        c.changed.notify_all();
        if (done->told != nullptr) done->told(done, done->argument);
    };
    const std::lock_guard lock(c.mutex);
    if (c.told == lie::no_answer) {
        c.unanswered.emplace_back(answer);
    } else {
        c.ended.emplace_back(answer);
        c.changed.notify_all();
    }
    return 0;
}

int needs(const stored_object* at) {
    return at != nullptr ? 0 : -ENOENT;
}

void add(void* to, step one) {
    static_cast<steps*>(to)->all.push_back(std::move(one));
}

}  // namespace

}  // namespace chopsticks::test

using namespace chopsticks::test;

extern "C" {

int rados_aio_create_completion2(void* argument, rados_callback_t told, rados_completion_t* to) {
    // For as long as the program: an answer may be on its way whenever one is released.
    static std::mutex mutex;
    static std::deque<completion>& kept = *new std::deque<completion>();
    const std::lock_guard lock(mutex);
    completion& one = kept.emplace_back();
    one.told = told;
    one.argument = argument;
    *to = &one;
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
    // Kept; see above.
}

rados_write_op_t rados_create_write_op() {
    return new steps();
}
void rados_release_write_op(rados_write_op_t of) {
    delete static_cast<steps*>(of);
}
void rados_write_op_assert_exists(rados_write_op_t to) {
    add(to, [](stored_object*& at, const std::string&) { return needs(at); });
}
void rados_write_op_create(rados_write_op_t to, int exclusive, const char*) {
    add(to, [exclusive](stored_object*& at, const std::string& path) {
        if (at != nullptr) return exclusive == LIBRADOS_CREATE_EXCLUSIVE ? -EEXIST : 0;
        at = &all().objects[path];
        return 0;
    });
}
void rados_write_op_write_full(rados_write_op_t to, const char* data, std::size_t length) {
    add(to, [bytes = std::vector<char>(data, data + length)](stored_object*& at,
                                                             const std::string& path) {
        return write_at(at, path, bytes, 0, true);
    });
}
void rados_write_op_write(rados_write_op_t to, const char* data, std::size_t length,
                          std::uint64_t offset) {
    add(to, [offset, bytes = std::vector<char>(data, data + length)](stored_object*& at,
                                                                     const std::string& path) {
        return write_at(at, path, bytes, offset, false);
    });
}
void rados_write_op_truncate(rados_write_op_t to, std::uint64_t size) {
    add(to, [size](stored_object*& at, const std::string& path) {
        if (append_bytes(path) > 0) return -EOPNOTSUPP;
        if (at != nullptr) at->data.resize(size);
        return 0;
    });
}
void rados_write_op_zero(rados_write_op_t to, std::uint64_t offset, std::uint64_t length) {
    add(to, [offset, length](stored_object*& at, const std::string& path) {
        if (append_bytes(path) > 0) return -EOPNOTSUPP;
        if (at == nullptr) return 0;
        for (std::uint64_t n = offset; n < std::min(offset + length, at->data.size()); ++n)
            at->data[n] = 0;
        return 0;
    });
}
void rados_write_op_setxattr(rados_write_op_t to, const char* name, const char* value,
                             std::size_t length) {
    add(to, [key = std::string(name), text = std::string(value, length)](stored_object*& at,
                                                                         const std::string& path) {
        if (at == nullptr) at = &all().objects[path];
        at->attributes[key] = text;
        return 0;
    });
}
void rados_write_op_omap_set2(rados_write_op_t to, char const* const* keys,
                              char const* const* values, const std::size_t* key_lengths,
                              const std::size_t* value_lengths, std::size_t count) {
    std::map<std::string, std::string> all_of;
    for (std::size_t n = 0; n < count; ++n)
        all_of[std::string(keys[n], key_lengths[n])] = std::string(values[n], value_lengths[n]);
    add(to, [all_of](stored_object*& at, const std::string& path) {
        if (append_bytes(path) > 0) return -EOPNOTSUPP;
        if (at == nullptr) at = &all().objects[path];
        for (const auto& [key, value] : all_of)
            at->map[key] = value;
        return 0;
    });
}
int rados_write_op_operate(rados_write_op_t what, rados_ioctx_t of, const char* name, std::time_t*,
                           int) {
    const std::lock_guard lock(all().mutex);
    return run_steps(*static_cast<steps*>(what), handle(of).path(name));
}
int rados_aio_write_op_operate(rados_write_op_t what, rados_ioctx_t of, rados_completion_t to,
                               const char* name, std::time_t*, int) {
    return submit(to, [copy = *static_cast<steps*>(what), path = handle(of).path(name)] {
        return run_steps(copy, path);
    });
}

rados_read_op_t rados_create_read_op() {
    return new steps();
}
void rados_release_read_op(rados_read_op_t of) {
    delete static_cast<steps*>(of);
}
void rados_read_op_assert_exists(rados_read_op_t to) {
    add(to, [](stored_object*& at, const std::string&) { return needs(at); });
}
void rados_read_op_read(rados_read_op_t to, std::uint64_t offset, std::size_t length, char* data,
                        std::size_t* got, int* result) {
    add(to, [=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        *got = static_cast<std::size_t>(read_from(*at, data, length, offset));
        *result = 0;
        return 0;
    });
}
void rados_read_op_omap_get_vals_by_keys2(rados_read_op_t to, char const* const* keys,
                                          std::size_t count, const std::size_t* lengths,
                                          rados_omap_iter_t* walk, int*) {
    auto* const found = new map_walk();
    *walk = found;
    std::set<std::string> wanted;
    for (std::size_t n = 0; n < count; ++n)
        wanted.emplace(keys[n], lengths[n]);
    add(to, [=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        for (const auto& [key, value] : at->map) {
            if (wanted.count(key) > 0) found->found[key] = value;
        }
        return 0;
    });
}
void rados_read_op_omap_get_vals2(rados_read_op_t to, const char* after, const char*,
                                  std::uint64_t most, rados_omap_iter_t* walk, unsigned char* more,
                                  int*) {
    auto* const found = new map_walk();
    *walk = found;
    add(to, [=, start = std::string(after)](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        for (auto one = at->map.upper_bound(start); one != at->map.end(); ++one) {
            if (found->found.size() < most) found->found.insert(*one);
        }
        *more = 0;
        return 0;
    });
}
void rados_read_op_getxattrs(rados_read_op_t to, rados_xattrs_iter_t* walk, int*) {
    auto* const found = new map_walk();
    *walk = found;
    add(to, [=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        found->found = at->attributes;
        return 0;
    });
}
int rados_aio_read_op_operate(rados_read_op_t what, rados_ioctx_t of, rados_completion_t to,
                              const char* name, int) {
    return submit(to, [copy = *static_cast<steps*>(what), path = handle(of).path(name)] {
        stored_object* at = find(path);
        for (const step& one : copy.all) {
            const int result = one(at, path);
            if (result < 0) return result;
        }
        return 0;
    });
}
int rados_omap_get_next2(rados_omap_iter_t of, char** key, char** value, std::size_t* key_length,
                         std::size_t* value_length) {
    auto& walk = *static_cast<map_walk*>(of);
    if (!walk.begun) walk.next = walk.found.begin();
    walk.begun = true;
    *key = nullptr;
    if (walk.next == walk.found.end()) return 0;
    *key = const_cast<char*>(walk.next->first.data());
    *value = walk.next->second.data();
    *key_length = walk.next->first.size();
    *value_length = walk.next->second.size();
    ++walk.next;
    return 0;
}
void rados_omap_get_end(rados_omap_iter_t of) {
    delete static_cast<map_walk*>(of);
}
int rados_getxattrs_next(rados_xattrs_iter_t of, const char** name, const char** value,
                         std::size_t* length) {
    char* key = nullptr;
    char* text = nullptr;
    std::size_t key_length = 0;
    rados_omap_get_next2(of, &key, &text, &key_length, length);
    *name = key;
    *value = text;
    return 0;
}
void rados_getxattrs_end(rados_xattrs_iter_t of) {
    rados_omap_get_end(of);
}

int rados_aio_write_full(rados_ioctx_t of, const char* name, rados_completion_t to,
                         const char* data, std::size_t length) {
    return submit(to,
                  [path = handle(of).path(name), bytes = std::vector<char>(data, data + length)] {
                      stored_object* at = find(path);
                      return write_at(at, path, bytes, 0, true);
                  });
}
int rados_aio_write(rados_ioctx_t of, const char* name, rados_completion_t to, const char* data,
                    std::size_t length, std::uint64_t offset) {
    return submit(
        to, [path = handle(of).path(name), offset, bytes = std::vector<char>(data, data + length)] {
            stored_object* at = find(path);
            return write_at(at, path, bytes, offset, false);
        });
}
int rados_aio_append(rados_ioctx_t of, const char* name, rados_completion_t to, const char* data,
                     std::size_t length) {
    return submit(to,
                  [path = handle(of).path(name), bytes = std::vector<char>(data, data + length)] {
                      stored_object* at = find(path);
                      const std::uint64_t unit = append_bytes(path);
                      if (unit > 0 && bytes.size() % unit != 0) return -EOPNOTSUPP;
                      return write_at(at, path, bytes, at != nullptr ? at->data.size() : 0, false);
                  });
}
int rados_aio_read(rados_ioctx_t of, const char* name, rados_completion_t to, char* data,
                   std::size_t length, std::uint64_t offset) {
    return submit(to, [path = handle(of).path(name), data, length, offset] {
        const stored_object* at = find(path);
        return at != nullptr ? read_from(*at, data, length, offset) : -ENOENT;
    });
}
int rados_aio_stat(rados_ioctx_t of, const char* name, rados_completion_t to, std::uint64_t* size,
                   std::time_t*) {
    return submit(to, [path = handle(of).path(name), size] {
        const stored_object* at = find(path);
        if (at != nullptr) *size = at->data.size();
        return needs(at);
    });
}
int rados_aio_remove(rados_ioctx_t of, const char* name, rados_completion_t to) {
    return submit(
        to, [path = handle(of).path(name)] { return all().objects.erase(path) > 0 ? 0 : -ENOENT; });
}
int rados_aio_cmpext(rados_ioctx_t of, const char* name, rados_completion_t to, const char* data,
                     std::size_t length, std::uint64_t offset) {
    return submit(
        to, [path = handle(of).path(name), offset, bytes = std::vector<char>(data, data + length)] {
            const stored_object* at = find(path);
            if (at == nullptr) return -ENOENT;
            for (std::size_t n = 0; n < bytes.size(); ++n) {
                const bool same = offset + n < at->data.size() && at->data[offset + n] == bytes[n];
                if (!same && all().told != lie::wrong_compare) return -4095 - static_cast<int>(n);
            }
            return 0;
        });
}
int rados_aio_exec(rados_ioctx_t of, const char* name, rados_completion_t to, const char*,
                   const char* method, const char*, std::size_t, char* data, std::size_t) {
    return submit(to, [path = handle(of).path(name), data, call = std::string(method)] {
        if (find(path) == nullptr) return -ENOENT;
        if (call != "say_hello") return -EOPNOTSUPP;
        std::memcpy(data, "Hello, world!", 13);
        return 13;
    });
}

}  // extern "C"
