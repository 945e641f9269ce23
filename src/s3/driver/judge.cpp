// What an answer means for the operation: right, wrong, or refused.

#include <algorithm>
#include <chopsticks/s3/protocol/error.hpp>
#include <chopsticks/s3/protocol/xml.hpp>
#include <chopsticks/scenario/catalogue.hpp>
#include <cstdio>
#include <cstring>

#include "session.hpp"

namespace chopsticks::s3 {

namespace {

namespace catalogue = scenario::catalogue;

constexpr std::size_t example_bytes = sizeof(engine::outcome::example);

std::uint64_t part_of(const engine::operation& op) noexcept {
    return op.length > 0 ? op.length : op.size;
}

bool carries_etag(std::uint16_t code) noexcept {
    return code == catalogue::s3_put || code == catalogue::s3_get || code == catalogue::s3_head;
}

/// An XML document, and no page for browsers; or nothing but white space.
bool is_result(std::string_view body) noexcept {
    const std::string_view root = find_xml_root(body).name;
    if (root == "html" || root == "HTML") return false;
    return !root.empty() || body.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// A line for outcome::example, cut to it.
class one_line {
  public:
    one_line& operator<<(std::string_view text) noexcept {
        const std::size_t take = std::min(text.size(), sizeof text_ - size_);
        std::memcpy(text_ + size_, text.data(), take);
        size_ += take;
        return *this;
    }
    /// What somebody else wrote, if there is anything.
    void add_foreign(std::string_view before, std::string_view text) noexcept {
        const std::size_t start = size_;
        *this << before;
        const std::size_t wrote = write_plain_text(text, std::span(text_).subspan(size_));
        size_ = wrote == 0 ? start : size_ + wrote;
    }
    std::string_view text() const noexcept { return {text_, size_}; }

  private:
    char text_[example_bytes - 1];
    std::size_t size_ = 0;
};

template <std::size_t Size>
void copy_text(char (&to)[Size], std::string_view text) noexcept {
    to[write_plain_text(text, std::span(to, Size - 1))] = '\0';
}

}  // namespace

void s3_session::keep(exchange_state& x, const http::response_head& head) {
    if (head.status >= 300) {
        copy_text(x.server, head.server);
        copy_text(x.region, head.bucket_region);
        return;
    }
    if (!carries_etag(x.op->code)) return;
    const std::string_view tag = etag_tag(head.etag);
    x.etag_sent = head.etag.data() != nullptr;
    if (tag.empty()) return;
    x.etag_mark = etag_mark(tag);
    x.etag_is_md5 = tag.size() == sizeof x.etag;
    if (x.etag_is_md5) std::memcpy(x.etag, tag.data(), sizeof x.etag);
}

bool s3_session::succeeded(exchange_state& x, int http_status, std::initializer_list<int> right) {
    if (!kept_.empty()) {
        error_info error;
        if (error_in_success(kept_, error)) {
            char number[16];
            std::snprintf(number, sizeof number, "HTTP %d", http_status);
            one_line said;
            said << number << ", but its body is an error";
            if (!error.code.empty()) said << ": " << error.code;
            said.add_foreign(": ", error.message);
            x.out->fail(classify_in_success(error.code),
                        error.code.empty() ? "ErrorInSuccess" : error.code, said.text());
            return false;
        }
        // Some services send a result where S3 sends nothing; it is one element of theirs.
        if (!is_result(kept_)) {
            char text[example_bytes];
            char start[60];
            copy_text(start, kept_);
            std::snprintf(text, sizeof text, "HTTP %d with a body that is none of S3 (%s)",
                          http_status, start);
            x.out->fail(op_status::bad_response, "NotS3", text);
            return false;
        }
    }
    if (std::find(right.begin(), right.end(), http_status) != right.end()) return true;
    char code[16];
    char text[example_bytes];
    std::snprintf(code, sizeof code, "HTTP%d", http_status);
    std::snprintf(text, sizeof text, "HTTP %d does not say that it is done", http_status);
    x.out->fail(op_status::bad_response, code, text);
    return false;
}

void s3_session::judge(exchange_state& x, const http::response_head& head) {
    engine::outcome& out = *x.out;
    out.native = native_code::of_http(head.status);
    if (head.status >= 300 || head.status < 200) {
        judge_refusal(x, head);
        return;
    }
    const engine::operation& op = *x.op;
    // Nearly every answer.
    const bool plain = head.status == 200 && kept_.empty();
    switch (op.code) {
        case catalogue::s3_put:
            // RGW can be told to answer any of these.
            if (!plain && !succeeded(x, head.status, {200, 201, 204})) return;
            out.bytes = op.size;
            judge_etag(x);
            return;
        case catalogue::s3_get:
            if (plain && op.length == 0 && x.received == op.size &&
                x.mismatch == load::content::npos) {
                out.bytes = x.received;
                judge_etag(x);
                return;
            }
            judge_get(x, head.status);
            return;
        case catalogue::s3_head:
            if (!plain && !succeeded(x, head.status, {200})) return;
            if (!head.has_content_length) {
                out.fail(op_status::bad_response, "NoLength",
                         "the answer to head does not name the object's length");
                return;
            }
            if (head.content_length != op.size) {
                char text[example_bytes];
                std::snprintf(text, sizeof text,
                              "object %llu: head says %llu bytes instead of %llu",
                              static_cast<unsigned long long>(op.object),
                              static_cast<unsigned long long>(head.content_length),
                              static_cast<unsigned long long>(op.size));
                out.fail(op_status::corrupt, "WrongSize", text);
                return;
            }
            judge_etag(x);
            return;
        case catalogue::s3_list:
            out.bytes += x.received;
            if (plain || succeeded(x, head.status, {200})) judge_page(x);
            return;
        case catalogue::s3_delete:
        case catalogue::s3_delete_bucket:
        case catalogue::s3_head_bucket:
            static_cast<void>(succeeded(x, head.status, {200, 204}));
            return;
        case catalogue::s3_create_bucket:
            static_cast<void>(succeeded(x, head.status, {200, 201, 204}));
            return;
        default:
            out.fail(op_status::client_error, "NotImplemented", "the driver has no such operation");
            return;
    }
}

void s3_session::judge_get(exchange_state& x, int http_status) {
    engine::outcome& out = *x.out;
    const engine::operation& op = *x.op;
    const std::uint64_t expected = part_of(op);
    char text[example_bytes];
    out.bytes = x.received;
    if (op.length > 0 && http_status != 206) {
        out.fail(op_status::bad_response, "RangeIgnored",
                 "the server answered a range with the whole object");
        return;
    }
    if (!x.range_as_asked) {
        std::snprintf(
            text, sizeof text, "object %llu: Content-Range is not of bytes %llu-%llu/%llu",
            static_cast<unsigned long long>(op.object), static_cast<unsigned long long>(op.offset),
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
        std::snprintf(text, sizeof text, "object %llu version %u: first wrong byte at offset %llu",
                      static_cast<unsigned long long>(op.object), op.version,
                      static_cast<unsigned long long>(x.mismatch));
        out.fail(op_status::corrupt, "WrongContent", text);
        return;
    }
    if (http_status == 200 || succeeded(x, http_status, {200, 206})) judge_etag(x);
}

void s3_session::judge_page(exchange_state& x) {
    engine::outcome& out = *x.out;
    const engine::operation& op = *x.op;
    const list_scanner& page = *scanner_;
    if (page.current() != list_scanner::state::complete) {
        out.fail(op_status::bad_response, "BadListing",
                 "the listing is not a complete ListBucketResult");
        return;
    }
    if (!page.says_truncated()) {
        out.fail(op_status::bad_response, "BadListing",
                 "the listing does not say whether it is all (no IsTruncated)");
        return;
    }
    char text[example_bytes];
    if (page.keys() > op.max_keys) {
        std::snprintf(text, sizeof text, "a page of %llu keys where at most %u were asked for",
                      static_cast<unsigned long long>(page.keys()), op.max_keys);
        out.fail(op_status::bad_response, "TooManyKeys", text);
        return;
    }
    const std::string& prefix = core_.prefix_of_listings();
    if (page.keys() > 0 && !page.first_key().starts_with(prefix)) {
        char key[60];
        copy_text(key, page.first_key());
        std::snprintf(text, sizeof text, "the listing shows \"%s\", which is not below the prefix",
                      key);
        out.fail(op_status::bad_response, "WrongPrefix", text);
    }
}

void s3_session::judge_etag(exchange_state& x) {
    engine::outcome& out = *x.out;
    const engine::operation& op = *x.op;
    if (x.etag_mark == 0) {
        out.fail(op_status::bad_response, x.etag_sent ? "BadETag" : "NoETag",
                 x.etag_sent ? "the ETag of the answer is none"
                             : "the answer has no ETag; is this an S3 endpoint, or does a proxy "
                               "drop the field?");
        return;
    }
    char text[example_bytes];
    if (op.code == catalogue::s3_put) {
        core_.etags.put(op.object, op.version, x.etag_mark);
    } else if (!core_.etags.seen(op.object, op.version, x.etag_mark)) {
        std::snprintf(text, sizeof text,
                      "object %llu version %u: another ETag than in an earlier answer",
                      static_cast<unsigned long long>(op.object), op.version);
        out.fail(op_status::corrupt, "WrongETag", text);
        return;
    }
    if (x.etag_is_md5 && core_.options.group->data.verify && !etag_is_right(x)) {
        std::snprintf(text, sizeof text,
                      "object %llu version %u: the ETag %.32s is not the MD5 of its content",
                      static_cast<unsigned long long>(op.object), op.version, x.etag);
        out.fail(op_status::corrupt, "WrongETag", text);
    }
}

bool s3_session::etag_is_right(const exchange_state& x) {
    const engine::operation& op = *x.op;
    const std::string_view tag(x.etag, sizeof x.etag);
    // Nothing has the same ETag at most services, whatever that of something is: it proves nothing.
    if (op.size == 0 || !is_md5_tag(tag) || !core_.digests.wants(op.size)) return true;
    core_.md5.reset();
    const load::content_key key{op.object, op.version};
    for (std::uint64_t at = 0; at < op.size;) {
        const auto piece = core_.content->gather(key, at, op.size - at, core_.iovecs, core_.stamps);
        core_.md5.update(std::span<const iovec>(core_.iovecs).first(piece.iovecs));
        at += piece.bytes;
    }
    char right[sizeof x.etag];
    core_.md5.finish_hex(right);
    return core_.digests.compare(etag_mark({right, sizeof right}) == x.etag_mark);
}

void s3_session::judge_refusal(exchange_state& x, const http::response_head& head) {
    const error_info error = parse_error(kept_);
    const op_status status = classify(head.status, error.code);
    char number[16];
    std::snprintf(number, sizeof number, "HTTP %d", head.status);
    one_line said;
    said << number;
    if (!error.code.empty()) said << " " << error.code;
    if (head.status < 400 && x.region[0] != '\0') said << ", region " << x.region;
    // No S3 service, or what stands before one: its name and the beginning of what it says.
    if (error.code.empty() && x.server[0] != '\0') said << " from " << x.server;
    const std::string_view kept(kept_);
    said.add_foreign(": ", error.code.empty() ? kept.substr(0, 80) : error.message);
    char code[16];
    std::snprintf(code, sizeof code, "HTTP%d", head.status);
    x.out->fail(status == op_status::ok ? op_status::bad_response : status,
                error.code.empty() ? std::string_view(code) : error.code, said.text());
}

}  // namespace chopsticks::s3
