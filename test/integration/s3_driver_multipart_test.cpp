// An object that is put in parts, against a service that keeps count and one that does what it
// should not.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "../support/canned_s3.hpp"
#include "s3_driver_rig.hpp"

namespace {

using namespace chopsticks;
using namespace chopsticks::test;
using namespace std::chrono_literals;

constexpr std::uint64_t part_bytes = 40;

std::string upload_answer(const std::string& first_line, const std::string& fields,
                          const std::string& body = {}) {
    return "HTTP/1.1 " + first_line + "\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string upload_refusal(const std::string& code) {
    return "<Error><Code>" + code + "</Code><Message>no</Message></Error>";
}

enum class request_kind { begin, part, complete, abort, other };

/// One upload after the other; the next request of a kind is answered as `instead` says.
class upload_service {
  public:
    upload_service() : server([this](canned_connection& c) { serve(c); }) {}

    struct request {
        request_kind what;
        std::string target;
        std::string body;
        unsigned connection;
    };

    std::vector<request> seen() {
        const std::lock_guard lock(mutex_);
        return seen_;
    }
    std::vector<request> seen(request_kind what) {
        std::vector<request> out = seen();
        std::erase_if(out, [&](const request& r) { return r.what != what; });
        return out;
    }
    void forget() {
        const std::lock_guard lock(mutex_);
        seen_.clear();
    }
    /// Parts are answered once so many are there at the same time.
    void hold_parts(unsigned count) {
        const std::lock_guard lock(mutex_);
        hold_ = count;
        changed_.notify_all();
    }
    unsigned most_at_once() const { return most_; }

    /// By kind: what the next one gets, and how much of it before the connection ends.
    struct damage {
        std::string answer;
        std::size_t cut = std::string::npos;
    };
    void instead(request_kind what, damage d) {
        const std::lock_guard lock(mutex_);
        instead_[what] = std::move(d);
    }
    static std::string right(request_kind what, unsigned number = 1) {
        switch (what) {
            case request_kind::begin:
                return upload_answer(
                    "200 OK", "",
                    "<InitiateMultipartUploadResult><UploadId>id/1&amp;2</UploadId>"
                    "</InitiateMultipartUploadResult>");
            case request_kind::part:
                return upload_answer("200 OK", "ETag: \"tag-" + std::to_string(number) + "\"\r\n");
            case request_kind::complete:
                return upload_answer("200 OK", "",
                                     "<CompleteMultipartUploadResult><ETag>\"whole-3\"</ETag>"
                                     "</CompleteMultipartUploadResult>");
            default:
                return upload_answer("204 No Content", "");
        }
    }

  private:
    static request_kind kind_of(std::string_view line) {
        if (line.starts_with("POST ") && line.find("?uploads= ") != line.npos)
            return request_kind::begin;
        if (line.find("uploadId=id%2F1%262 ") == line.npos) return request_kind::other;
        if (line.starts_with("PUT ")) return request_kind::part;
        if (line.starts_with("POST ")) return request_kind::complete;
        return line.starts_with("DELETE ") ? request_kind::abort : request_kind::other;
    }

    void serve(canned_connection& c) {
        for (;;) {
            const canned_request r = c.read_request();
            if (!r.came()) return;
            const request_kind what = kind_of(r.line());
            const std::string line(r.line());
            const std::size_t at = line.find("partNumber=");
            const unsigned number =
                at == line.npos ? 0 : static_cast<unsigned>(std::stoul(line.substr(at + 11)));
            damage wrong;
            {
                const std::lock_guard lock(mutex_);
                seen_.push_back({what, line, r.body, c.number()});
                const auto found = instead_.find(what);
                if (found != instead_.end()) wrong = found->second;
                if (found != instead_.end()) instead_.erase(found);
            }
            if (what == request_kind::part) wait_for_others();
            const std::string whole = wrong.answer.empty() ? right(what, number) : wrong.answer;
            c.send(std::string_view(whole).substr(0, wrong.cut));
            if (wrong.cut != std::string::npos) return;
        }
    }

    void wait_for_others() {
        std::unique_lock lock(mutex_);
        most_ = std::max<unsigned>(most_, ++here_);
        changed_.notify_all();
        // For ever if they do not come: then the operation's time-out ends it, and the test fails.
        changed_.wait_for(lock, 30s, [&] { return most_ >= hold_; });
        --here_;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<request> seen_;
    std::map<request_kind, damage> instead_;
    unsigned hold_ = 0;
    std::atomic<unsigned> most_{0};
    unsigned here_ = 0;

  public:
    canned_s3 server;  // last: its threads use all above
};

engine::operation upload_of(std::uint64_t size, std::uint64_t concurrency = 1) {
    scenario::step what = step_with("s3", "multipart_put");
    what.set("part_size", part_bytes);
    what.set("concurrency", concurrency);
    engine::operation op;
    op.step = keep_step(std::move(what));
    op.object = 7;
    op.version = 3;
    op.size = size;
    return op;
}

/// What the driver tells of the parts, as it tells it.
struct told_parts final : engine::part_sink {
    struct told {
        unsigned number;
        std::int64_t due_ns;
        engine::outcome out;
    };
    std::vector<told> all;
    void ended(const engine::operation_part& part, const engine::outcome& out) noexcept override {
        all.push_back({part.number, part.due_ns, out});
    }
    std::vector<unsigned> numbers() const {
        std::vector<unsigned> out;
        for (const told& t : all)
            out.push_back(t.number);
        return out;
    }
};

}  // namespace

TEST_CASE("s3_driver_multipart_sends_each_byte_once_and_completes_with_what_it_was_told") {
    for (const std::uint64_t size : {0U, 1U, 40U, 41U, 100U, 120U}) {
        CAPTURE(size);
        upload_service s;
        s3_rig rig({s.server.url()});
        told_parts parts;
        engine::operation op = upload_of(size);
        op.parts = &parts;
        const engine::outcome out = rig.run(rig.session(), op);
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        CHECK(out.bytes == size);
        CHECK(out.native == native_code::of_http(200));
        const auto seen = s.seen();
        const std::size_t count = size == 0 ? 1 : (size + part_bytes - 1) / part_bytes;
        REQUIRE(seen.size() == count + 2);
        CHECK(seen.front().what == request_kind::begin);
        CHECK(seen.front().target.starts_with("POST /rig/test/run-1/"));
        CHECK(seen.back().what == request_kind::complete);
        std::string content;
        std::string listed;
        for (std::size_t i = 1; i <= count; ++i) {
            CHECK(seen[i].what == request_kind::part);
            CHECK(seen[i].target.find("partNumber=" + std::to_string(i) + "&") !=
                  std::string::npos);
            CHECK(seen[i].body.size() <= part_bytes);
            content += seen[i].body;
            listed += "<Part><PartNumber>" + std::to_string(i) + "</PartNumber><ETag>&quot;tag-" +
                      std::to_string(i) + "&quot;</ETag></Part>";
        }
        CHECK(content == rig.content(7, 3, size));
        CHECK(seen.back().body.find(">" + listed + "</CompleteMultipartUpload>") !=
              std::string::npos);
        CHECK(s.server.connections() == 1);

        // Each request is told of, in order; each could begin when the one before had ended.
        REQUIRE(parts.all.size() == count + 2);
        const std::vector<unsigned> numbers = parts.numbers();
        CHECK(numbers.front() == 0);
        CHECK(numbers.back() == 2);
        CHECK(std::count(numbers.begin(), numbers.end(), 1U) == static_cast<std::ptrdiff_t>(count));
        std::uint64_t bytes = 0;
        CHECK(parts.all.front().due_ns == 0);
        for (std::size_t i = 0; i < parts.all.size(); ++i) {
            const auto& t = parts.all[i];
            CHECK(t.out.status == op_status::ok);
            CHECK(t.out.sent_ns > 0);
            CHECK(t.out.done_ns >= t.out.first_byte_ns);
            if (i > 0) CHECK(t.out.sent_ns >= t.due_ns);
            if (i > 0) CHECK(t.due_ns >= parts.all[i - 1].out.done_ns);
            if (t.number == 1) bytes += t.out.bytes;
        }
        CHECK(bytes == size);
        CHECK(out.sent_ns == parts.all.front().out.sent_ns);
        CHECK(out.done_ns == parts.all.back().out.done_ns);
    }
}

TEST_CASE("s3_driver_multipart_parts_are_on_their_way_side_by_side") {
    upload_service s;
    s.hold_parts(3);
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    for (int round = 0; round < 3; ++round) {
        s.forget();
        const engine::outcome out = rig.run(session, upload_of(240, 3));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
        std::map<std::string, std::string> bodies;
        for (const auto& r : s.seen(request_kind::part)) {
            const std::size_t at = r.target.find("partNumber=");
            CHECK(bodies.emplace(r.target.substr(at, 12), r.body).second);
        }
        std::string content;
        for (const auto& [number, body] : bodies)
            content += body;
        CHECK(bodies.size() == 6);
        CHECK(content == rig.content(7, 3, 240));
    }
    CHECK(s.most_at_once() == 3);
    // The connections are kept.
    CHECK(s.server.connections() == 3);
    CHECK(rig.counters().open_connections == 3);
    // No more of them than there are parts.
    CHECK(rig.run(session, upload_of(50, 3)).status == op_status::ok);
    CHECK(s.server.connections() == 3);
}

TEST_CASE("s3_driver_multipart_that_fails_is_given_up_and_never_completed") {
    for (const std::uint64_t concurrency : {1U, 3U}) {
        upload_service s;
        s3_rig rig({s.server.url()});
        engine::session& session = rig.session();
        s.instead(request_kind::part,
                  {upload_answer("403 Forbidden", "", upload_refusal("AccessDenied"))});
        told_parts parts;
        engine::operation op = upload_of(400, concurrency);
        op.parts = &parts;
        const engine::outcome out = rig.run(session, op);
        CHECK(out.status == op_status::client_error);
        CHECK(std::string(out.code) == "AccessDenied");
        CHECK(out.native == native_code::of_http(403));
        CHECK(out.bytes == 0);
        CHECK(s.seen(request_kind::complete).empty());
        CHECK(s.seen(request_kind::abort).size() == 1);
        // Those that were on their way at the time, and no further ones.
        CHECK(s.seen(request_kind::part).size() <= 3 * concurrency);
        CHECK(parts.numbers().back() == 3);
        CHECK(rig.run(session, upload_of(400, concurrency)).status == op_status::ok);
    }
}

TEST_CASE("s3_driver_multipart_lies_are_failures") {
    struct lie {
        const char* name;
        request_kind where;
        std::string said;
        const char* code;
        bool gives_up;
    };
    const std::string no_id =
        "<InitiateMultipartUploadResult><UploadId></UploadId></InitiateMultipartUploadResult>";
    for (const lie& l : {
             lie{"refused", request_kind::begin,
                 upload_answer("501 Not Implemented", "", upload_refusal("NotImplemented")),
                 "NotImplemented", false},
             lie{"no upload id", request_kind::begin, upload_answer("200 OK", "", no_id),
                 "NoUploadId", false},
             lie{"no answer to it", request_kind::begin, upload_answer("200 OK", ""), "NoUploadId",
                 false},
             lie{"a part without an ETag", request_kind::part, upload_answer("200 OK", ""),
                 "NoETag", true},
             lie{"a part that is an error", request_kind::part,
                 upload_answer("200 OK", "ETag: \"e\"\r\n", upload_refusal("InternalError")),
                 "InternalError", true},
             lie{"an error within success", request_kind::complete,
                 upload_answer("200 OK", "", "  " + upload_refusal("InternalError")),
                 "InternalError", true},
             lie{"nothing said", request_kind::complete, upload_answer("200 OK", ""),
                 "NotCompleted", true},
             lie{"no ETag of the whole", request_kind::complete,
                 upload_answer("200 OK", "",
                               "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"),
                 "NotCompleted", true},
         }) {
        INFO(l.name);
        upload_service s;
        s3_rig rig({s.server.url()});
        s.instead(l.where, {l.said});
        const engine::outcome out = rig.run(rig.session(), upload_of(100));
        CHECK(out.status != op_status::ok);
        CHECK(std::string(out.code) == l.code);
        CHECK(out.bytes == 0);
        CHECK(s.seen(request_kind::abort).size() == (l.gives_up ? 1 : 0));
    }
}

TEST_CASE(
    "s3_driver_multipart_later_answers_about_the_object_have_the_etag_it_was_completed_with") {
    upload_service s;
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    CHECK(rig.run(session, upload_of(100)).status == op_status::ok);
    const auto head = [&](const char* tag) {
        s.instead(request_kind::other, {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: \"" +
                                        std::string(tag) + "\"\r\n\r\n"});
        return rig.run(session, s3_rig::head(7, 100, 3));
    };
    CHECK(head("whole-3").status == op_status::ok);
    CHECK(std::string(head("other-3").code) == "WrongETag");
}

TEST_CASE("s3_driver_multipart_a_connection_that_ends_within_any_answer_costs_one_operation") {
    for (const std::uint64_t concurrency : {1U, 2U}) {
        upload_service s;
        s3_rig rig({s.server.url()});
        engine::session& session = rig.session();
        for (const request_kind where :
             {request_kind::begin, request_kind::part, request_kind::complete}) {
            const std::string whole = upload_service::right(where);
            for (std::size_t cut = 0; cut < whole.size(); ++cut) {
                INFO(static_cast<int>(where) << " after " << cut << " bytes");
                s.instead(where, {whole, cut});
                const engine::outcome out = rig.run(session, upload_of(100, concurrency));
                CHECK_MESSAGE(out.status == op_status::connection_lost, describe(out));
                CHECK(out.bytes == 0);
                CHECK(out.done_ns >= out.sent_ns);
            }
        }
        const engine::outcome out = rig.run(session, upload_of(100, concurrency));
        CHECK_MESSAGE(out.status == op_status::ok, describe(out));
    }
}

TEST_CASE("s3_driver_multipart_cancelled_ends_at_once_and_asks_for_nothing_more") {
    upload_service s;
    s.hold_parts(100);  // never
    s3_rig rig({s.server.url()});
    engine::session& session = rig.session();
    const auto p = rig.begin(session, upload_of(240, 3));
    while (s.most_at_once() < 3)
        std::this_thread::sleep_for(1ms);
    rig.cancel(session);
    const engine::outcome out = rig.finish(*p);
    CHECK(out.status == op_status::cancelled);
    CHECK(s.seen(request_kind::complete).empty());
    CHECK(s.seen(request_kind::abort).empty());
    s.hold_parts(0);
    CHECK(rig.counters().timeouts == 0);
}

TEST_CASE("s3_driver_multipart_has_the_time_of_one_operation") {
    upload_service s;
    s.hold_parts(100);  // never
    s3_rig rig({s.server.url()});
    rig.options.timeout.operation_ns = 200'000'000;
    engine::session& session = rig.session();
    const engine::outcome out = rig.run(session, upload_of(240, 3));
    CHECK(out.status == op_status::timeout);
    CHECK(s.seen(request_kind::complete).empty());
    s.hold_parts(0);
}
