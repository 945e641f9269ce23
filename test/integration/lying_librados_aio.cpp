// Operations that end later, as the sessions ask for them: the library's C++ interface.

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <list>
#include <mutex>
#include <rados/librados.hpp>
#include <set>
#include <utility>

#include "lying_cluster.hpp"

namespace chopsticks::test {

namespace {

using librados::bufferlist;

/// Bytes that the library was given to send. As the library, it refers to them and copies nothing.
struct given_bytes {
    explicit given_bytes(const bufferlist& list) : refers_to(list), at_first(refers_to.to_str()) {}

    /// What would be sent now.
    std::vector<char> bytes() const {
        const std::string now = refers_to.to_str();
        if (now != at_first) {
            std::fprintf(stderr, "the driver changed what librados still refers to\n");
            std::abort();
        }
        return {now.begin(), now.end()};
    }

    bufferlist refers_to;
    std::string at_first;
};

/// What was answered and is still on its way once more.
std::list<given_bytes>& sent_again() {
    static auto& list = *new std::list<given_bytes>();
    return list;
}

/// The library's mutex is held.
std::vector<char> take(const given_bytes& given) {
    for (const given_bytes& other : sent_again())
        other.bytes();
    if (all().told == lie::sends_again) sent_again().push_back(given);
    return given.bytes();
}

int needs(const stored_object* at) {
    return at != nullptr ? 0 : -ENOENT;
}

bufferlist list_of(const std::string& text) {
    bufferlist out;
    out.append(text);
    return out;
}

/// In two pieces, as it may come.
int read_into(bufferlist& to, const stored_object& at, std::size_t length, std::uint64_t offset) {
    std::string got(length, '\0');
    got.resize(static_cast<std::size_t>(read_from(at, got.data(), length, offset)));
    to.clear();
    for (const std::string& half : {got.substr(0, got.size() / 3), got.substr(got.size() / 3)}) {
        ::ceph::buffer::ptr piece(half.data(), static_cast<unsigned>(half.size()));
        to.append(std::move(piece));
    }
    return static_cast<int>(got.size());
}

completion* in(librados::AioCompletion* of) {
    return reinterpret_cast<completion*>(of->pc);
}

std::string path_in(const void* io, const std::string& name) {
    return static_cast<const pool_handle*>(io)->path(name.c_str());
}

}  // namespace

completion* new_completion(rados_callback_t told, void* argument) {
    static std::mutex mutex;
    static std::deque<completion>& kept = *new std::deque<completion>();
    const std::lock_guard lock(mutex);
    completion& one = kept.emplace_back();
    one.told = told;
    one.argument = argument;
    return &one;
}

int submit(completion* done, std::function<int()> work) {
    cluster& c = all();
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

std::size_t sent_once_more() {
    const std::lock_guard lock(all().mutex);
    return sent_again().size();
}

void end_sent_again() {
    const std::lock_guard lock(all().mutex);
    for (const given_bytes& one : sent_again())
        one.bytes();
    sent_again().clear();
}

}  // namespace chopsticks::test

using namespace chopsticks::test;

namespace librados {

class ObjectOperationImpl : public steps {};

inline namespace v14_2_0 {

AioCompletion* Rados::aio_create_completion(void* argument, callback_t told) {
    return new AioCompletion(reinterpret_cast<AioCompletionImpl*>(new_completion(told, argument)));
}
AioCompletion::~AioCompletion() = default;
int AioCompletion::get_return_value() {
    return in(this)->result;
}
void AioCompletion::release() {
    delete this;
}

IoCtx::IoCtx() : io_ctx_impl(nullptr) {}
IoCtx::IoCtx(IoCtx&& other) noexcept : io_ctx_impl(std::exchange(other.io_ctx_impl, nullptr)) {}
IoCtx::~IoCtx() = default;
void IoCtx::from_rados_ioctx_t(rados_ioctx_t from, IoCtx& to) {
    to.io_ctx_impl = static_cast<IoCtxImpl*>(from);
}

ObjectOperation::ObjectOperation() : impl(new ObjectOperationImpl()) {}
ObjectOperation::~ObjectOperation() {
    delete impl;
}
void ObjectOperation::assert_exists() {
    impl->all.emplace_back([](stored_object*& at, const std::string&) { return needs(at); });
}

void ObjectWriteOperation::create(bool exclusive) {
    impl->all.push_back(create_step(exclusive));
}
void ObjectWriteOperation::write_full(const bufferlist& bl) {
    impl->all.emplace_back([given = given_bytes(bl)](stored_object*& at, const std::string& path) {
        return write_at(at, path, take(given), 0, true);
    });
}
void ObjectWriteOperation::write(std::uint64_t offset, const bufferlist& bl) {
    impl->all.emplace_back(
        [offset, given = given_bytes(bl)](stored_object*& at, const std::string& path) {
            return write_at(at, path, take(given), offset, false);
        });
}
void ObjectWriteOperation::truncate(std::uint64_t size) {
    impl->all.emplace_back([size](stored_object*& at, const std::string& path) {
        if (append_bytes(path) > 0) return -EOPNOTSUPP;
        if (at != nullptr) at->data.resize(size);
        return 0;
    });
}
void ObjectWriteOperation::zero(std::uint64_t offset, std::uint64_t length) {
    impl->all.emplace_back([offset, length](stored_object*& at, const std::string& path) {
        if (append_bytes(path) > 0) return -EOPNOTSUPP;
        if (at == nullptr) return 0;
        for (std::uint64_t n = offset; n < std::min(offset + length, at->data.size()); ++n)
            at->data[n] = 0;
        return 0;
    });
}
void ObjectWriteOperation::setxattr(const char* name, const bufferlist&& bl) {
    impl->all.push_back(attribute_step(name, bl.to_str()));
}
void ObjectWriteOperation::omap_set(const std::map<std::string, bufferlist>& values) {
    std::map<std::string, std::string> texts;
    for (const auto& [key, value] : values)
        texts[key] = value.to_str();
    impl->all.push_back(map_step(std::move(texts)));
}
int IoCtx::aio_operate(const std::string& name, AioCompletion* to, ObjectWriteOperation* what) {
    return submit(in(to), [copy = steps(*what->impl), path = path_in(io_ctx_impl, name)] {
        return run_steps(copy, path);
    });
}

void ObjectReadOperation::read(std::size_t offset, std::uint64_t length, bufferlist* to,
                               int* result) {
    impl->all.emplace_back([=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        read_into(*to, *at, length, offset);
        *result = 0;
        return 0;
    });
}
void ObjectReadOperation::omap_get_vals_by_keys(const std::set<std::string>& keys,
                                                std::map<std::string, bufferlist>* to, int*) {
    impl->all.emplace_back([=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        for (const auto& [key, value] : at->map) {
            if (keys.count(key) > 0) (*to)[key] = list_of(value);
        }
        return 0;
    });
}
void ObjectReadOperation::omap_get_vals2(const std::string& after, std::uint64_t most,
                                         std::map<std::string, bufferlist>* to, bool* more, int*) {
    impl->all.emplace_back([=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        for (auto one = at->map.upper_bound(after); one != at->map.end(); ++one) {
            if (to->size() < most) (*to)[one->first] = list_of(one->second);
        }
        *more = false;
        return 0;
    });
}
void ObjectReadOperation::getxattrs(std::map<std::string, bufferlist>* to, int*) {
    impl->all.emplace_back([=](stored_object*& at, const std::string&) {
        if (at == nullptr) return -ENOENT;
        for (const auto& [key, value] : at->attributes)
            (*to)[key] = list_of(value);
        return 0;
    });
}
int IoCtx::aio_operate(const std::string& name, AioCompletion* to, ObjectReadOperation* what,
                       bufferlist*) {
    return submit(in(to), [copy = steps(*what->impl), path = path_in(io_ctx_impl, name)] {
        stored_object* at = find(path);
        for (const step& one : copy.all) {
            const int result = one(at, path);
            if (result < 0) return result;
        }
        return 0;
    });
}

int IoCtx::aio_write_full(const std::string& name, AioCompletion* to, const bufferlist& bl) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), given = given_bytes(bl)] {
        stored_object* at = find(path);
        return write_at(at, path, take(given), 0, true);
    });
}
int IoCtx::aio_write(const std::string& name, AioCompletion* to, const bufferlist& bl, std::size_t,
                     std::uint64_t offset) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), offset, given = given_bytes(bl)] {
        stored_object* at = find(path);
        return write_at(at, path, take(given), offset, false);
    });
}
int IoCtx::aio_append(const std::string& name, AioCompletion* to, const bufferlist& bl,
                      std::size_t) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), given = given_bytes(bl)] {
        stored_object* at = find(path);
        const std::uint64_t unit = append_bytes(path);
        const std::vector<char> bytes = take(given);
        if (unit > 0 && bytes.size() % unit != 0) return -EOPNOTSUPP;
        return write_at(at, path, bytes, at != nullptr ? at->data.size() : 0, false);
    });
}
int IoCtx::aio_read(const std::string& name, AioCompletion* to, bufferlist* bl, std::size_t length,
                    std::uint64_t offset) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), bl, length, offset] {
        const stored_object* at = find(path);
        return at != nullptr ? read_into(*bl, *at, length, offset) : -ENOENT;
    });
}
int IoCtx::aio_stat(const std::string& name, AioCompletion* to, std::uint64_t* size, std::time_t*) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), size] {
        const stored_object* at = find(path);
        if (at != nullptr) *size = at->data.size();
        return needs(at);
    });
}
int IoCtx::aio_remove(const std::string& name, AioCompletion* to) {
    return submit(in(to), [path = path_in(io_ctx_impl, name)] {
        return all().objects.erase(path) > 0 ? 0 : -ENOENT;
    });
}
int IoCtx::aio_cmpext(const std::string& name, AioCompletion* to, std::uint64_t offset,
                      bufferlist& bl) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), offset, given = given_bytes(bl)] {
        const stored_object* at = find(path);
        if (at == nullptr) return -ENOENT;
        const std::vector<char> bytes = take(given);
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            const bool same = offset + n < at->data.size() && at->data[offset + n] == bytes[n];
            if (!same && all().told != lie::wrong_compare) return -4095 - static_cast<int>(n);
        }
        return 0;
    });
}
int IoCtx::aio_exec(const std::string& name, AioCompletion* to, const char*, const char* method,
                    bufferlist&, bufferlist* out) {
    return submit(in(to), [path = path_in(io_ctx_impl, name), out, call = std::string(method)] {
        if (find(path) == nullptr) return -ENOENT;
        if (call != "say_hello") return -EOPNOTSUPP;
        *out = list_of("Hello, world!");
        return 0;
    });
}

}  // namespace v14_2_0
}  // namespace librados
