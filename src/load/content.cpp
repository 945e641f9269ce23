#include <sys/mman.h>

#include <algorithm>
#include <chopsticks/core/assert.hpp>
#include <chopsticks/core/random.hpp>
#include <chopsticks/load/content.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

namespace chopsticks::load {

namespace {

// Larger than the windows of general compressors, small enough to stay in a server's last-level
// cache.
constexpr std::size_t pool_bytes = std::size_t{8} << 20;
static_assert((pool_bytes & (pool_bytes - 1)) == 0, "places in the pool wrap by a mask");
// A slice may begin at the last place of the pool.
constexpr std::size_t pool_slack = content::chunk_bytes;
// Slices begin at cache lines: copying and comparing are fastest there.
constexpr std::size_t place_bytes = 64;

alignas(64) constexpr char zeros[content::chunk_bytes] = {};

std::shared_ptr<const char> make_pool(std::uint64_t seed) {
    // Eight huge pages' worth of translations less on the way of every byte sent; without huge
    // pages it works the same.
    constexpr std::size_t huge_page = std::size_t{2} << 20;
    void* memory = std::aligned_alloc(huge_page, pool_bytes + huge_page);
    if (memory == nullptr) throw std::bad_alloc();
    std::shared_ptr<const char> pool(static_cast<const char*>(memory),
                                     [](const char* p) { std::free(const_cast<char*>(p)); });
    ::madvise(memory, pool_bytes, MADV_HUGEPAGE);
    random_stream words(mix64(seed, 0));
    char* at = static_cast<char*>(memory);
    for (char* end = at + pool_bytes + pool_slack; at != end; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = words();
        std::memcpy(at, &word, sizeof(word));
    }
    return pool;
}

// Groups of one run have one seed, hence one pool; it goes when the last of them goes.
std::shared_ptr<const char> pool_of(std::uint64_t seed) {
    static std::mutex mutex;
    static std::map<std::uint64_t, std::weak_ptr<const char>> pools;
    const std::lock_guard lock(mutex);
    std::erase_if(pools, [](const auto& entry) { return entry.second.expired(); });
    std::shared_ptr<const char> pool = pools[seed].lock();
    if (pool == nullptr) {
        pool = make_pool(seed);
        pools[seed] = pool;
    }
    return pool;
}

// The first difference of two ranges of one size, or npos.
std::size_t first_difference(const char* a, const char* b, std::size_t size) noexcept {
    if (std::memcmp(a, b, size) == 0) return content::npos;
    return static_cast<std::size_t>(std::mismatch(a, a + size, b).first - a);
}

}  // namespace

// What all chunks of one object have in common.
struct content::object_place {
    std::uint64_t index_key;
    std::uint64_t version_key;
    std::uint64_t base;  // in the pool, of chunk 0
};

content::content(std::uint64_t seed, double compression_ratio)
    : pool_(pool_of(seed)), keys_{mix64(seed, 1), mix64(seed, 2), mix64(seed, 3)} {
    CHOPSTICKS_ASSERT(compression_ratio >= 1);
    CHOPSTICKS_ASSERT(compression_ratio <= max_compression_ratio);
    const auto dense = static_cast<std::size_t>(std::llround(chunk_bytes / compression_ratio));
    random_bytes_ = static_cast<std::uint32_t>(std::max(dense, stamp_bytes) - stamp_bytes);
    stride_ =
        static_cast<std::uint32_t>((random_bytes_ + place_bytes - 1) / place_bytes * place_bytes);
}

content::object_place content::place_of(content_key key) const noexcept {
    return {key.index ^ keys_[1], keys_[0] ^ (std::uint64_t{key.version} << 32),
            mix64(key.index ^ keys_[2], key.version) & ~std::uint64_t{place_bytes - 1}};
}

stamp content::stamp_of(const object_place& place, std::uint64_t chunk) const noexcept {
    // mix64 is a bijection: the second word gives version and chunk (of objects up to 16 TiB) back,
    // then the first gives the index back.
    stamp s;
    s.words[1] = mix64(place.version_key ^ chunk);
    s.words[0] = mix64(place.index_key ^ s.words[1]);
    s.words[2] = mix64(s.words[0] ^ keys_[2]);
    s.words[3] = mix64(s.words[1] + s.words[2]);
    return s;
}

const char* content::pool_slice(const object_place& place, std::uint64_t chunk) const noexcept {
    return pool_.get() + ((place.base + chunk * stride_) & (pool_bytes - 1));
}

// The one walk over an object that everything else is made of. Calls, in the order of the bytes,
// on_stamp(stamp, first, size) and on_bytes(data, size); both return whether to go on.
template <typename OnStamp, typename OnBytes>
void content::walk(content_key key, std::uint64_t offset, std::uint64_t length, OnStamp on_stamp,
                   OnBytes on_bytes) const noexcept {
    const object_place place = place_of(key);
    const std::size_t random_end = stamp_bytes + random_bytes_;
    std::uint64_t chunk = offset / chunk_bytes;
    std::size_t begin = offset % chunk_bytes;
    while (length != 0) {
        const std::size_t end = length < chunk_bytes - begin ? begin + length : chunk_bytes;
        length -= end - begin;
        if (begin < stamp_bytes) {
            const std::size_t stop = std::min(end, stamp_bytes);
            if (!on_stamp(stamp_of(place, chunk), begin, stop - begin)) return;
            begin = stop;
        }
        if (begin < end && begin < random_end) {
            const std::size_t stop = std::min(end, random_end);
            if (!on_bytes(pool_slice(place, chunk) + (begin - stamp_bytes), stop - begin)) return;
            begin = stop;
        }
        if (begin < end && !on_bytes(zeros, end - begin)) return;
        begin = 0;
        ++chunk;
    }
}

content::piece_count content::gather(content_key key, std::uint64_t offset, std::uint64_t length,
                                     std::span<iovec> out, std::span<stamp> stamps) const noexcept {
    piece_count done;
    std::size_t stamps_used = 0;
    const auto put = [&](const void* data, std::size_t size) {
        out[done.iovecs++] = {const_cast<void*>(data), size};
        done.bytes += size;
    };
    walk(
        key, offset, length,
        [&](const stamp& s, std::size_t first, std::size_t size) {
            if (done.iovecs == out.size() || stamps_used == stamps.size()) return false;
            stamp& kept = stamps[stamps_used++];
            kept = s;
            put(reinterpret_cast<const char*>(&kept) + first, size);
            return true;
        },
        [&](const char* data, std::size_t size) {
            if (done.iovecs == out.size()) return false;
            put(data, size);
            return true;
        });
    return done;
}

void content::fill(content_key key, std::uint64_t offset, std::span<char> out) const noexcept {
    char* to = out.data();
    const auto put = [&to](const char* from, std::size_t size) {
        std::memcpy(to, from, size);
        to += size;
        return true;
    };
    walk(
        key, offset, out.size(),
        [&](const stamp& s, std::size_t first, std::size_t size) {
            return put(reinterpret_cast<const char*>(&s) + first, size);
        },
        put);
}

std::size_t content::mismatch(content_key key, std::uint64_t offset,
                              std::span<const char> received) const noexcept {
    const char* at = received.data();
    std::size_t found = npos;
    const auto compare = [&](const char* expected, std::size_t size) {
        const std::size_t difference = first_difference(at, expected, size);
        if (difference != npos) {
            found = static_cast<std::size_t>(at - received.data()) + difference;
            return false;
        }
        at += size;
        return true;
    };
    walk(
        key, offset, received.size(),
        [&](const stamp& s, std::size_t first, std::size_t size) {
            return compare(reinterpret_cast<const char*>(&s) + first, size);
        },
        compare);
    return found;
}

}  // namespace chopsticks::load
