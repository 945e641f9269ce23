// Requests outside of the load: one at a time, whole answers in memory.

#include <chopsticks/core/clock.hpp>

#include "session.hpp"

namespace chopsticks::s3 {

namespace {

constexpr const char* given_up = "no answer had come when the run was interrupted";

}  // namespace

runtime::task<control_reply> s3_session::control(std::string_view method, std::string raw_path,
                                                 std::vector<name_value> query, std::string body) {
    engine::outcome out;
    control_reply reply;
    for (const name_value& q : query)
        reply.of_listing |= q.name == "list-type";
    // Registered until the end, so that cancel_control finds it.
    struct registration {
        explicit registration(core_state& c, s3_session* self) : core(c) {
            core.controlling = self;
        }
        registration(const registration&) = delete;
        ~registration() { core.controlling = nullptr; }
        core_state& core;
    };
    const registration registered(core_, this);
    if (core_.control_cancelled) {
        reply.problem = given_up;
        co_return reply;
    }
    link_.begin();
    if (!link_.is_open() || link_.is_stale()) {
        std::string problem;
        const bool opened = co_await open_link(out, &problem);
        if (!opened) {
            reply.problem = core_.control_cancelled ? given_up : problem;
            co_return reply;
        }
    }
    link_.expire_at(monotonic_ns() + core_.options.timeout.operation_ns, false);
    std::string hash;
    if (core_.options.config->payload == scenario::payload_signing::hashed && !body.empty()) {
        core_.hash.reset();
        core_.hash.update(body);
        core_.hash.finish_hex(hash_hex_);
        hash.assign(hash_hex_, sizeof hash_hex_);
    }
    request_writer& writer = core_.run_writers[endpoint()];
    exchange_state x;
    x.out = &out;
    x.reply = &reply;
    x.to = sink::keep;
    x.body = body;
    x.body_bytes = body.size();
    x.head =
        writer.request(method, raw_path, query, {}, body.size(), hash, wall_ns() / 1'000'000'000);
    keep_most_ = 1 << 20;
    http::response_head head;
    const bool answered = co_await exchange(x, head);
    keep_most_ = 4096;
    link_.expire_at(0, true);
    if (answered) {
        reply.status = head.status;
        reply.body = kept_;
    } else {
        reply.problem = core_.control_cancelled ? given_up : out.example;
    }
    if (x.must_close || !answered) link_.close();
    co_return reply;
}

}  // namespace chopsticks::s3
