// The floor of the comparison with fio: what librbd itself costs. A bare loop of random I/O of 4
// KiB, as many under way as asked for, one callback that begins the next one; no engine, no
// histogram, no clock but the end's. It reads the same conf file as the others, and sets nothing of
// its own.
//
// Usage: rbd_floor POOL IMAGE read|write DEPTH SECONDS [IOS]      (CEPH_CONF names the cluster)
// Prints `{"iops": ..., "ios": ...}`.

#include <rados/librados.h>
#include <rbd/librbd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr std::size_t block_bytes = 4096;

rbd_image_t image;
std::uint64_t blocks = 0;
bool writes = false;
std::atomic<bool> ending{false};
std::atomic<std::uint64_t> left{UINT64_MAX};
std::atomic<std::uint64_t> under_way{0};

struct slot {
    std::uint64_t state = 0;  // xorshift64
    std::uint64_t done = 0;
    char* data = nullptr;
};

void begin(slot& s);

void check(int failed, const char* what) {
    if (failed >= 0) return;
    std::fprintf(stderr, "rbd_floor: %s: %s\n", what, std::strerror(-failed));
    std::exit(1);
}

void ended(rbd_completion_t completion, void* argument) {
    slot& s = *static_cast<slot*>(argument);
    check(static_cast<int>(rbd_aio_get_return_value(completion)), "I/O");
    rbd_aio_release(completion);
    ++s.done;
    if (ending.load(std::memory_order_relaxed) || left.fetch_sub(1) == 0) {
        under_way.fetch_sub(1);
        return;
    }
    begin(s);
}

void begin(slot& s) {
    s.state ^= s.state << 13;
    s.state ^= s.state >> 7;
    s.state ^= s.state << 17;
    const std::uint64_t offset = s.state % blocks * block_bytes;
    rbd_completion_t completion = nullptr;
    check(rbd_aio_create_completion(&s, ended, &completion), "completion");
    check(writes ? rbd_aio_write(image, offset, block_bytes, s.data, completion)
                 : rbd_aio_read(image, offset, block_bytes, s.data, completion),
          "submission");
}

void wait_ms(int ms) {
    const timespec t{ms / 1000, ms % 1000 * 1'000'000L};
    ::nanosleep(&t, nullptr);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 6) {
        std::fputs("usage: rbd_floor POOL IMAGE read|write DEPTH SECONDS [IOS]\n", stderr);
        return 2;
    }
    writes = std::strcmp(arguments[3], "write") == 0;
    const std::size_t depth = std::strtoul(arguments[4], nullptr, 10);
    const double seconds = std::atof(arguments[5]);
    rados_t cluster = nullptr;
    rados_ioctx_t pool = nullptr;
    check(rados_create(&cluster, "admin"), "client");
    check(rados_conf_read_file(cluster, nullptr), "conf file");
    check(rados_connect(cluster), "cluster");
    check(rados_ioctx_create(cluster, arguments[1], &pool), "pool");
    check(rbd_open(pool, arguments[2], &image, nullptr), "image");
    std::uint64_t bytes = 0;
    check(rbd_get_size(image, &bytes), "size");
    blocks = bytes / block_bytes;

    std::vector<slot> slots(depth);
    if (count > 6) left = std::strtoull(arguments[6], nullptr, 10) - depth;
    under_way = depth;
    for (std::size_t i = 0; i < depth; ++i) {
        slots[i].state = 0x9e37'79b9'7f4a'7c15ULL * (i + 1);
        slots[i].data = static_cast<char*>(std::aligned_alloc(block_bytes, block_bytes));
        std::memset(slots[i].data, static_cast<int>('a' + i % 26), block_bytes);
    }
    const auto from = std::chrono::steady_clock::now();
    for (slot& s : slots)
        begin(s);
    const auto spent = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
    };
    while (under_way > 0 && spent() < seconds)
        wait_ms(10);
    const double measured = spent();
    std::uint64_t ios = 0;
    for (const slot& s : slots)
        ios += s.done;
    ending = true;
    while (under_way > 0)
        wait_ms(1);
    rbd_close(image);
    rados_ioctx_destroy(pool);
    rados_shutdown(cluster);
    for (const slot& s : slots)
        std::free(s.data);
    std::printf("{\"iops\": %.1f, \"ios\": %llu}\n", static_cast<double>(ios) / measured,
                static_cast<unsigned long long>(ios));
}
