// Exclusive locks of images: who holds them, and whether that one lives.

#include <array>
#include <chopsticks/core/clock.hpp>
#include <chrono>
#include <thread>

#include "images.hpp"

namespace chopsticks::rbd {

std::string lock_holder(rbd_image_t image) {
    std::array<char, 256> tag{};
    std::array<char, 2048> clients{};
    std::array<char, 2048> cookies{};
    std::array<char, 2048> addresses{};
    std::size_t tag_size = tag.size();
    std::size_t client_size = clients.size();
    std::size_t cookie_size = cookies.size();
    std::size_t address_size = addresses.size();
    int exclusive = 0;
    const ssize_t count =
        rbd_list_lockers(image, &exclusive, tag.data(), &tag_size, clients.data(), &client_size,
                         cookies.data(), &cookie_size, addresses.data(), &address_size);
    if (count <= 0) return {};
    // "client.4711": the number is what the list of watchers has.
    const std::string client = clients.data();
    std::array<rbd_image_watcher_t, 64> watchers{};
    std::size_t watching = watchers.size();
    if (rbd_watchers_list(image, watchers.data(), &watching) < 0) return {};
    std::string holder;
    for (std::size_t n = 0; n < watching; ++n) {
        if (client == "client." + std::to_string(watchers[n].id)) {
            holder = client + " at " + watchers[n].addr;
        }
    }
    rbd_watchers_list_cleanup(watchers.data(), watching);
    return holder;
}

namespace {

/// Beyond operation_timeout.
constexpr std::int64_t lock_patience_ns = 5'000'000'000;

}  // namespace

std::string wait_for_lock(world& w, const image& i) {
    using namespace std::chrono_literals;
    const std::int64_t at_most_ns = w.config.operation_timeout_ns + lock_patience_ns;
    const std::int64_t until = monotonic_ns() + at_most_ns;
    std::string holder = lock_holder(i.handle);
    if (holder.empty()) return {};
    // "client.4711 at 127.0.0.1:0/1": who it is says enough, all else is in the message at the end.
    const waiting_for wait(
        w.waits,
        "for the lock of " + path_of(w, i.name) + ", held by " + holder.substr(0, holder.find(' ')),
        at_most_ns);
    for (;; holder = lock_holder(i.handle)) {
        if (holder.empty()) return {};
        if (w.opens_no_more()) return "given up";
        if (monotonic_ns() > until) {
            return "image " + path_of(w, i.name) + " is locked by " + holder +
                   ", which is alive: two writers would take turns with the lock. Stop it, or use "
                   "another image";
        }
        std::this_thread::sleep_for(500ms);
    }
}

}  // namespace chopsticks::rbd
