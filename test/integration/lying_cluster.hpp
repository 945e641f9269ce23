#pragma once
// What the lying librados keeps, for its own files.

#include <rados/librados.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lying_librados.hpp"

namespace chopsticks::test {

struct pool_rules {
    std::uint64_t append_bytes = 0;
};

/// All that the library has. Guarded by its mutex.
struct cluster {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, pool_rules> pools;
    std::map<std::string, stored_object> objects;
    lie told = lie::none;
    int refusal = 0;
    std::uint64_t connections = 0;
    std::deque<std::function<void()>> ended;  // to be told, on the thread of the library's
    std::vector<std::function<void()>> unanswered;

    // Never ends: neither does the library's.
    cluster() {
        std::thread([this] {
            std::unique_lock lock(mutex);
            for (;;) {
                changed.wait(lock, [this] { return !ended.empty(); });
                const auto call = std::move(ended.front());
                ended.pop_front();
                lock.unlock();
                call();
                lock.lock();
            }
        }).detach();
    }
};

inline cluster& all() {
    static auto* const one = new cluster();
    return *one;
}

struct pool_handle {
    std::string pool;
    std::string name_space;
    std::string path(const char* name) const { return pool + "/" + name_space + "/" + name; }
};

using step = std::function<int(stored_object*& at, const std::string& path)>;
struct steps {
    std::vector<step> all;
};

struct map_walk {
    std::map<std::string, std::string> found;
    std::map<std::string, std::string>::iterator next;
};

struct completion {
    rados_callback_t told = nullptr;
    void* argument = nullptr;
    int result = 0;
    bool ended = false;
};

/// For as long as the program: an answer may be on its way whenever one is released.
completion* new_completion(rados_callback_t told, void* argument);
/// `work` is done with the library's mutex held, now or when all are answered.
int submit(completion* done, std::function<int()> work);

inline pool_handle& handle(rados_ioctx_t of) {
    return *static_cast<pool_handle*>(of);
}

inline std::uint64_t append_bytes(const std::string& path) {
    return all().pools[path.substr(0, path.find('/'))].append_bytes;
}

inline int write_at(stored_object*& at, const std::string& path, const std::vector<char>& data,
                    std::uint64_t offset, bool whole) {
    if (at == nullptr) at = &all().objects[path];
    if (all().told == lie::no_effect) return 0;
    at->before = at->data;
    if (whole) at->data.clear();
    if (at->data.size() < offset + data.size()) at->data.resize(offset + data.size());
    std::copy(data.begin(), data.end(), at->data.begin() + static_cast<std::ptrdiff_t>(offset));
    return 0;
}

inline step create_step(bool exclusive) {
    return [exclusive](stored_object*& at, const std::string& path) {
        if (at != nullptr) return exclusive ? -EEXIST : 0;
        at = &all().objects[path];
        return 0;
    };
}

inline step attribute_step(const char* name, std::string text) {
    return [key = std::string(name), value = std::move(text)](stored_object*& at,
                                                              const std::string& path) {
        if (at == nullptr) at = &all().objects[path];
        at->attributes[key] = value;
        return 0;
    };
}

inline step map_step(std::map<std::string, std::string> values) {
    return [all_of = std::move(values)](stored_object*& at, const std::string& path) {
        if (append_bytes(path) > 0) return -EOPNOTSUPP;
        if (at == nullptr) at = &all().objects[path];
        for (const auto& [key, value] : all_of)
            at->map[key] = value;
        return 0;
    };
}

inline int read_from(const stored_object& at, char* to, std::size_t length, std::uint64_t offset) {
    const auto& data = all().told == lie::stale ? at.before : at.data;
    if (offset >= data.size()) return 0;
    std::size_t got = std::min<std::size_t>(length, data.size() - offset);
    if (all().told == lie::short_read) got /= 2;
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(offset), got, to);
    if (all().told == lie::flipped_bit && got > 0) to[got / 2] ^= 1;
    return static_cast<int>(got);
}

/// The library's mutex is held.
inline stored_object* find(const std::string& path) {
    const auto found = all().objects.find(path);
    return found != all().objects.end() ? &found->second : nullptr;
}

inline int run_steps(const steps& what, const std::string& path) {
    stored_object* at = find(path);
    const bool was_there = at != nullptr;
    const stored_object before = was_there ? *at : stored_object();
    for (const step& one : what.all) {
        const int result = one(at, path);
        if (result >= 0) continue;
        // All or nothing.
        if (!was_there) all().objects.erase(path);
        if (was_there) all().objects[path] = before;
        return result;
    }
    return 0;
}

}  // namespace chopsticks::test
