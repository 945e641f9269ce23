// Requests outside of the load: one at a time, whole answers in memory.

#include <algorithm>
#include <chopsticks/core/clock.hpp>
#include <chopsticks/s3/protocol/inventory.hpp>

#include "session.hpp"

namespace chopsticks::s3 {

namespace {

constexpr const char* given_up = "no answer had come when the run was interrupted";

}  // namespace

std::string describe(const control_request& what) {
    // What is asked for has no value: "versions", "delete".
    for (const name_value& q : what.query) {
        if (q.value.empty()) return what.method + " ?" + q.name;
        if (q.name == "list-type") return what.method + " of a listing";
    }
    if (!what.key.empty()) return what.method + " of an object";
    const bool service = what.bucket && what.bucket->empty();
    return what.method + (service ? " of all buckets" : " of the bucket");
}

runtime::task<control_reply> s3_session::control(const control_request& what,
                                                 std::int64_t until_ns) {
    engine::outcome out;
    control_reply reply;
    for (const name_value& q : what.query)
        reply.of_listing |= q.name == "list-type";
    // Registered until the end, so that cancel_control finds it.
    struct registration {
        explicit registration(core_state& c, s3_session* s) : core(c), self(s) {
            core.controlling.push_back(self);
        }
        registration(const registration&) = delete;
        ~registration() {
            std::erase(core.controlling, self);
            core.waits.clear();
        }
        core_state& core;
        s3_session* self;
    };
    std::optional<registration> registered;
    if (!detached_) {
        registered.emplace(core_, this);
        core_.waits.set("for the answer to " + describe(what),
                        std::max(monotonic_ns(), until_ns) + control_most_ns());
    }
    const auto cancelled = [this] { return is_given_up(); };
    if (cancelled()) {
        reply.problem = given_up;
        co_return reply;
    }
    lane().link().begin();
    if (!lane().is_ready()) {
        std::string problem;
        const bool opened = co_await lane().open(out, &problem);
        if (!opened) {
            reply.problem = cancelled() ? given_up : problem;
            co_return reply;
        }
    }
    lane().link().expire_at(monotonic_ns() + core_.control_timeout_ns, false);
    std::string hash;
    if (core_.options.config->payload == payload_signing::hashed && !what.body.empty()) {
        core_.hash.reset();
        core_.hash.update(what.body);
        hash.resize(64);
        core_.hash.finish_hex(hash.data());
    }
    request_writer& writer = core_.run_writers[endpoint()];
    exchange_job job;
    job.head_request = what.method == "HEAD";
    job.body = what.body;
    job.to = &lane().sink();
    job.out = &out;
    std::string unopened;
    job.problem = &unopened;
    lane().sink().begin(reply);
    std::vector<name_value> headers = what.headers;
    // Where new objects are locked, services want to know what they lock.
    if (what.method == "PUT" && !what.key.empty()) {
        headers.push_back(name_value{"Content-MD5", content_md5(what.body)});
    }
    const std::string& bucket = what.bucket ? *what.bucket : core_.options.config->bucket;
    std::string path = writer.bucket_path(bucket);
    if (!what.key.empty()) path += (path == "/" ? "" : "/") + what.key;
    const std::string host = writer.bucket_host(bucket);
    job.head = writer.request(what.method, path, what.query, headers, what.body.size(), hash,
                              wall_ns() / 1'000'000'000, host);
    const bool answered = co_await lane().link().carry_out(job);
    lane().link().expire_at(0, true);
    if (answered) {
        const answer& a = lane().sink().whole();
        reply.status = a.status;
        reply.body = a.text;
    } else {
        reply.problem = cancelled() ? given_up : unopened.empty() ? out.example : unopened;
    }
    if (what.method == "PUT") core_.note_put(what.key, answered, reply.status);
    if (job.must_close || !answered) lane().link().close();
    co_return reply;
}

}  // namespace chopsticks::s3
