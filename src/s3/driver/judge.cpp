// What an answer means for the operation: right, wrong, or refused.

#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>

#include "session.hpp"

namespace chopsticks::s3 {

namespace {

namespace catalogue = scenario::catalogue;

std::uint64_t part_of(const engine::operation& op) noexcept {
    return op.length > 0 ? op.length : op.size;
}

}  // namespace

void s3_session::judge(exchange_state& x, const http::response_head& head) {
    engine::outcome& out = *x.out;
    out.native = native_code::of_http(head.status);
    if (head.status >= 300 || head.status < 200) {
        judge_refusal(x, head);
        return;
    }
    const engine::operation& op = *x.op;
    char text[160];
    switch (op.code) {
        case catalogue::s3_put:
            out.bytes = op.size;
            return;
        case catalogue::s3_get: {
            const std::uint64_t expected = part_of(op);
            out.bytes = x.received;
            if (op.length > 0 && head.status != 206) {
                out.fail(op_status::bad_response, "RangeIgnored",
                         "the server answered a range with the whole object");
                return;
            }
            if (!x.range_as_asked) {
                std::snprintf(text, sizeof text,
                              "object %llu: Content-Range is not of bytes %llu-%llu/%llu",
                              static_cast<unsigned long long>(op.object),
                              static_cast<unsigned long long>(op.offset),
                              static_cast<unsigned long long>(op.offset + expected - 1),
                              static_cast<unsigned long long>(op.size));
                out.fail(op_status::bad_response, "WrongRange", text);
                return;
            }
            if (x.received != expected) {
                std::snprintf(text, sizeof text, "object %llu: %llu bytes instead of %llu",
                              static_cast<unsigned long long>(op.object),
                              static_cast<unsigned long long>(x.received),
                              static_cast<unsigned long long>(expected));
                out.fail(op_status::corrupt, "WrongSize", text);
                return;
            }
            if (x.mismatch != load::content::npos) {
                std::snprintf(text, sizeof text,
                              "object %llu version %u: first wrong byte at offset %llu",
                              static_cast<unsigned long long>(op.object), op.version,
                              static_cast<unsigned long long>(x.mismatch));
                out.fail(op_status::corrupt, "WrongContent", text);
            }
            return;
        }
        case catalogue::s3_head:
            if (head.has_content_length && head.content_length != op.size) {
                std::snprintf(text, sizeof text,
                              "object %llu: head says %llu bytes instead of %llu",
                              static_cast<unsigned long long>(op.object),
                              static_cast<unsigned long long>(head.content_length),
                              static_cast<unsigned long long>(op.size));
                out.fail(op_status::corrupt, "WrongSize", text);
            }
            return;
        case catalogue::s3_list:
            out.bytes += x.received;
            if (scanner_->current() != list_scanner::state::complete) {
                out.fail(op_status::bad_response, "BadListing",
                         "the listing is not a complete ListBucketResult");
            }
            return;
        default:
            return;
    }
}

void s3_session::judge_refusal(exchange_state& x, const http::response_head& head) {
    const error_info error = parse_error(kept_);
    const op_status status = classify(head.status, error.code);
    char text[160];
    std::snprintf(text, sizeof text, "HTTP %d%s%.*s%s%.*s", head.status,
                  error.code.empty() ? "" : " ", static_cast<int>(error.code.size()),
                  error.code.data(), error.message.empty() ? "" : ": ",
                  static_cast<int>(error.message.size()), error.message.data());
    char code[48];
    if (error.code.empty()) {
        std::snprintf(code, sizeof code, "HTTP%d", head.status);
    } else {
        std::snprintf(code, sizeof code, "%.*s", static_cast<int>(error.code.size()),
                      error.code.data());
    }
    x.out->fail(status == op_status::ok ? op_status::bad_response : status, code, text);
}

}  // namespace chopsticks::s3
