/// \file
/// What a master sends: the input is a run of frames, each with its length before it in two bytes,
/// and of bytes that say what happens in between.

#include <chopsticks/locust/session.hpp>
#include <cstdlib>

using namespace chopsticks::locust;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view left(reinterpret_cast<const char*>(data), size);
    (void)decode(left);
    session worker("host_1");
    std::int64_t now_ns = 1;
    worker.connected(now_ns);
    while (left.size() >= 2) {
        const auto first = static_cast<unsigned char>(left[0]);
        const auto second = static_cast<unsigned char>(left[1]);
        left.remove_prefix(2);
        now_ns += (first >> 4) * 500'000'000LL;
        switch (first & 0x0fU) {
            case 0:
                worker.connected(now_ns);
                continue;
            case 1:
                worker.disconnected(now_ns);
                continue;
            case 2:
                worker.load_ended(now_ns);
                continue;
            case 3:
                worker.run_over(now_ns);
                continue;
            case 4:
                worker.users_alive(worker.wanted(), true, now_ns);
                continue;
            case 5:
                worker.tick(now_ns);
                continue;
            case 6:
                worker.receive(encode("ack", nullptr, "host_1"), now_ns);
                continue;
            default:
                break;
        }
        const std::string_view frame = left.substr(0, second);
        left.remove_prefix(frame.size());
        worker.receive(frame, now_ns);
        // What it says is always a message, and it says no end of none.
        for (std::string out = worker.next_frame(); !out.empty(); out = worker.next_frame()) {
            if (!decode(out).value) std::abort();
        }
        order one;
        while (worker.next_order(one)) {
        }
        if (worker.take_log().size() > session::log_lines_most) std::abort();
    }
    return 0;
}
