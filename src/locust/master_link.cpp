#include <sys/eventfd.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/core/descriptor.hpp>
#include <chopsticks/core/error.hpp>
#include <chopsticks/locust/master_link.hpp>
#include <cstring>
#include <mutex>
#include <thread>

namespace chopsticks::locust {

namespace {

/// How often the listener has its turn.
constexpr std::int64_t turn_ns = 100'000'000;
/// How long what there is to send at the end may take.
constexpr int linger_at_end_ms = 500;
/// A peer that says nothing for that long is gone, though no packet says so.
constexpr int ping_every_ms = 2'000;
constexpr int ping_timeout_ms = 10'000;
constexpr int reconnect_ms = 100;
constexpr int reconnect_most_ms = 2'000;

[[noreturn]] void fail(const char* what) {
    throw config_error(std::string("the connection to the master: ") + what + ": " +
                       zmq_strerror(zmq_errno()));
}

struct close_socket {
    void operator()(void* socket) const { zmq_close(socket); }
};
using socket_handle = std::unique_ptr<void, close_socket>;

void set(void* socket, int option, int value) {
    if (zmq_setsockopt(socket, option, &value, sizeof value) != 0) fail("zmq_setsockopt");
}

std::string address_of(const link_options& options) {
    const bool is_v6 = options.host.find(':') != std::string::npos && options.host.front() != '[';
    return "tcp://" + (is_v6 ? "[" + options.host + "]" : options.host) + ":" +
           std::to_string(options.port);
}

}  // namespace

struct master_link::state {
    state(const link_options& o, listener& to)
        : options(o), target(to), talk(o.node), wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (!wake.is_open()) throw config_error("no descriptor is left for the master's link");
        context = zmq_ctx_new();
        if (context == nullptr) fail("zmq_ctx_new");
        try {
            open();
        } catch (...) {
            socket.reset();
            zmq_ctx_term(context);
            throw;
        }
    }
    ~state() {
        events.reset();
        socket.reset();
        zmq_ctx_term(context);
    }

    void open();
    void reopen();
    void read_events();
    void read_frames();
    void send_frames();
    void turn();
    void loop();
    void poke() const {
        const std::uint64_t one = 1;
        // A full counter wakes as well.
        [[maybe_unused]] const auto n = ::write(wake.get(), &one, sizeof one);
    }

    link_options options;
    listener& target;
    std::mutex mutex;  ///< of `talk`
    session talk;
    descriptor wake;
    std::atomic<bool> ends{false};
    void* context = nullptr;
    socket_handle socket;
    socket_handle events;  ///< of the socket's connection
    unsigned opened = 0;
    bool is_connected = false;
    std::string unsent;
    std::thread thread;
};

void master_link::state::open() {
    socket.reset(zmq_socket(context, ZMQ_DEALER));
    if (!socket) fail("zmq_socket");
    void* s = socket.get();
    if (zmq_setsockopt(s, ZMQ_ROUTING_ID, options.node.data(), options.node.size()) != 0)
        fail("the worker's name");
    set(s, ZMQ_LINGER, 0);
    set(s, ZMQ_TCP_KEEPALIVE, 1);
    set(s, ZMQ_TCP_KEEPALIVE_IDLE, 30);
    set(s, ZMQ_IPV6, 1);
    // Nothing waits in a queue for a master that is not there: what it says to that is out of date.
    set(s, ZMQ_IMMEDIATE, 1);
    set(s, ZMQ_HEARTBEAT_IVL, ping_every_ms);
    set(s, ZMQ_HEARTBEAT_TIMEOUT, ping_timeout_ms);
    set(s, ZMQ_RECONNECT_IVL, reconnect_ms);
    set(s, ZMQ_RECONNECT_IVL_MAX, reconnect_most_ms);
    const std::int64_t most = frame_bytes_most;
    if (zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &most, sizeof most) != 0) fail("zmq_setsockopt");
    const std::string at = "inproc://connection-" + std::to_string(opened++);
    if (zmq_socket_monitor(s, at.c_str(), ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) !=
        0)
        fail("zmq_socket_monitor");
    events.reset(zmq_socket(context, ZMQ_PAIR));
    if (!events) fail("zmq_socket");
    set(events.get(), ZMQ_LINGER, 0);
    if (zmq_connect(events.get(), at.c_str()) != 0) fail("zmq_connect");
    if (zmq_connect(s, address_of(options).c_str()) != 0)
        throw config_error("--master-host " + options.host +
                           ": no address of a master: " + zmq_strerror(zmq_errno()));
}

void master_link::state::reopen() {
    // The old one first, without what it still had to say: a master refuses a second connection of
    // one name while it has the first.
    events.reset();
    socket.reset();
    is_connected = false;
    unsent.clear();
    talk.disconnected(monotonic_ns());
    open();
}

void master_link::state::read_events() {
    while (true) {
        unsigned char frame[8];
        const int size = zmq_recv(events.get(), frame, sizeof frame, ZMQ_DONTWAIT);
        if (size < 0) return;
        std::uint16_t event = 0;
        std::memcpy(&event, frame, sizeof event);
        char address[256];
        zmq_recv(events.get(), address, sizeof address, ZMQ_DONTWAIT);
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
            is_connected = true;
            talk.connected(monotonic_ns());
        } else if (event == ZMQ_EVENT_DISCONNECTED) {
            is_connected = false;
            unsent.clear();
            talk.disconnected(monotonic_ns());
        }
    }
}

void master_link::state::read_frames() {
    // So many at a time: whoever floods does not keep the heartbeats from going out.
    for (int i = 0; i < 100; ++i) {
        zmq_msg_t frame;
        zmq_msg_init(&frame);
        const int size = zmq_msg_recv(&frame, socket.get(), ZMQ_DONTWAIT);
        if (size >= 0) {
            talk.receive({static_cast<const char*>(zmq_msg_data(&frame)), zmq_msg_size(&frame)},
                         monotonic_ns());
        }
        zmq_msg_close(&frame);
        if (size < 0) return;
    }
}

void master_link::state::send_frames() {
    while (is_connected) {
        if (unsent.empty()) unsent = talk.next_frame();
        if (unsent.empty()) return;
        // One frame or nothing of it: ZeroMQ cuts none.
        if (zmq_send(socket.get(), unsent.data(), unsent.size(), ZMQ_DONTWAIT) < 0) return;
        unsent.clear();
    }
}

void master_link::state::turn() {
    std::vector<order> orders;
    std::vector<std::string> lines;
    {
        const std::lock_guard lock(mutex);
        read_events();
        read_frames();
        target.on_turn(talk);
        talk.tick(monotonic_ns());
        order one;
        bool again = false;
        while (talk.next_order(one)) {
            again |= one.what == order::kind::reopen;
            if (one.what != order::kind::reopen) orders.push_back(std::move(one));
        }
        if (again) reopen();
        send_frames();
        lines = talk.take_log();
    }
    for (const std::string& line : lines)
        target.on_log(line);
    for (const order& one : orders)
        target.on_order(one);
}

void master_link::state::loop() {
    while (!ends.load()) {
        std::int64_t due_ns = 0;
        {
            const std::lock_guard lock(mutex);
            due_ns = talk.next_due_ns();
        }
        const std::int64_t wait_ns = std::clamp<std::int64_t>(due_ns - monotonic_ns(), 0, turn_ns);
        zmq_pollitem_t on[] = {{socket.get(), 0, ZMQ_POLLIN, 0},
                               {events.get(), 0, ZMQ_POLLIN, 0},
                               {nullptr, wake.get(), ZMQ_POLLIN, 0}};
        zmq_poll(on, 3, static_cast<long>(wait_ns / 1'000'000 + 1));
        std::uint64_t count = 0;
        [[maybe_unused]] const auto n = ::read(wake.get(), &count, sizeof count);
        try {
            turn();
        } catch (const std::exception& error) {
            // Without a socket there is nothing to wait on; the next turn tries again.
            target.on_log(error.what());
            if (!socket || !events) std::this_thread::sleep_for(std::chrono::seconds(1));
            const std::lock_guard lock(mutex);
            try {
                reopen();
            } catch (const std::exception&) {
                continue;
            }
        }
    }
    const std::lock_guard lock(mutex);
    send_frames();
    if (socket) zmq_setsockopt(socket.get(), ZMQ_LINGER, &linger_at_end_ms, sizeof(int));
}

master_link::master_link(const link_options& options, listener& to)
    : state_(std::make_unique<state>(options, to)) {
    state_->thread = std::thread([s = state_.get()] { s->loop(); });
}

master_link::~master_link() {
    state_->ends.store(true);
    state_->poke();
    state_->thread.join();
}

void master_link::with_session(const std::function<void(session&, std::int64_t)>& what) {
    {
        const std::lock_guard lock(state_->mutex);
        what(state_->talk, monotonic_ns());
    }
    state_->poke();
}

}  // namespace chopsticks::locust
