// The floor of the driver curl: what libcurl itself costs. A bare loop of gets of one URL
// (presigned, so that nobody signs), as many under way as asked for, libcurl's multi interface on
// epoll; no engine, no histogram, answers are dropped. With `anew` each get has a handle of its
// own, as the driver has to do before libcurl 8.1.1; without, handles are used again.
//
// Usage: curl_floor URL GETS_UNDER_WAY SECONDS [anew]
// Prints `{"gets": ..., "cpu_us_per_get": ...}`: user and system time of the loop.

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

const char* url = nullptr;
bool anew = false;
int epoll_fd = -1;
long timeout_ms = -1;

std::size_t drop(char*, std::size_t, std::size_t bytes, void*) {
    return bytes;
}

CURL* make_handle() {
    CURL* const handle = ::curl_easy_init();
    ::curl_easy_setopt(handle, CURLOPT_URL, url);
    ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &drop);
    ::curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    return handle;
}

int socket_wanted(CURL*, curl_socket_t fd, int what, void*, void*) {
    epoll_event event{};
    event.data.fd = fd;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
    // What it waits for after each get is the same: the descriptor stays.
    if (event.events == 0) return 0;
    if (::epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        ::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

int timer_wanted(CURLM*, long ms, void*) {
    timeout_ms = ms;
    return 0;
}

/// Begins the next get for each that has ended. Returns how many had.
std::uint64_t take_ended(CURLM* multi) {
    std::uint64_t ended = 0;
    int left = 0;
    while (const CURLMsg* const said = ::curl_multi_info_read(multi, &left)) {
        CURL* handle = said->easy_handle;
        const CURLcode how = said->data.result;
        long status = 0;
        ::curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        if (how != CURLE_OK || status != 200) {
            std::fprintf(stderr, "curl_floor: %s, status %ld\n", ::curl_easy_strerror(how), status);
            std::exit(1);
        }
        ++ended;
        ::curl_multi_remove_handle(multi, handle);
        if (anew) {
            ::curl_easy_cleanup(handle);
            handle = make_handle();
        }
        ::curl_multi_add_handle(multi, handle);
    }
    return ended;
}

double cpu_us() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return 1e6 * static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

}  // namespace

int main(int count, char** words) {
    if (count < 4) {
        std::fprintf(stderr, "usage: curl_floor URL GETS_UNDER_WAY SECONDS [anew]\n");
        return 2;
    }
    url = words[1];
    const long under_way = std::strtol(words[2], nullptr, 10);
    const double seconds = std::strtod(words[3], nullptr);
    anew = count > 4 && std::strcmp(words[4], "anew") == 0;
    ::curl_global_init(CURL_GLOBAL_DEFAULT);
    epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
    CURLM* const multi = ::curl_multi_init();
    ::curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &socket_wanted);
    ::curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &timer_wanted);
    ::curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1'000'000L);
    for (long i = 0; i < under_way; ++i)
        ::curl_multi_add_handle(multi, make_handle());
    using clock = std::chrono::steady_clock;
    // The first second is for connecting.
    clock::time_point from = clock::now() + std::chrono::seconds(1);
    bool measures = false;
    double began_us = 0;
    std::uint64_t gets = 0;
    while (true) {
        epoll_event events[64];
        const int wait_ms = timeout_ms < 0 || timeout_ms > 100 ? 100 : static_cast<int>(timeout_ms);
        const int came = ::epoll_wait(epoll_fd, events, 64, wait_ms);
        int running = 0;
        for (int i = 0; i < came; ++i) {
            const std::uint32_t what = events[i].events;
            ::curl_multi_socket_action(
                multi, events[i].data.fd,
                ((what & ~std::uint32_t{EPOLLOUT}) != 0 ? CURL_CSELECT_IN : 0) |
                    ((what & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0),
                &running);
        }
        if (timeout_ms == 0 || came <= 0) {
            // It asks again when it wants to be asked again.
            timeout_ms = -1;
            ::curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        gets += take_ended(multi);
        if (clock::now() < from) continue;
        if (measures) break;
        measures = true;
        from = clock::now() +
               std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
        gets = 0;
        began_us = cpu_us();
    }
    std::printf("{\"gets\": %llu, \"cpu_us_per_get\": %.2f}\n",
                static_cast<unsigned long long>(gets),
                (cpu_us() - began_us) / static_cast<double>(gets));
    return 0;
}
