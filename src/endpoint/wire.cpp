#include "wire.hpp"

#include <boost/beast/http/status.hpp>
#include <chopsticks/core/clock.hpp>
#include <cstdio>

namespace chopsticks::endpoint {

namespace {

/// The Date field's value, formatted once a second and thread.
std::string_view date_now() {
    thread_local std::int64_t second = -1;
    thread_local std::string text;
    const std::int64_t now = wall_ns();
    if (now / 1'000'000'000 != second) {
        second = now / 1'000'000'000;
        text = format_http_date(now);
    }
    return text;
}

constexpr std::string_view length_name = "\r\nContent-Length: ";

/// Rewrites the value of Content-Length.
void set_length(std::string& head, std::uint64_t length) {
    const std::size_t at = head.find(length_name);
    if (at == std::string::npos) return;
    const std::size_t from = at + length_name.size();
    head.replace(from, head.find('\r', from) - from, std::to_string(length));
}

}  // namespace

void render(wire_response& out, const exchange& x, bool keep_alive) {
    const response& a = x.answer;
    namespace http = boost::beast::http;
    const auto reason = http::obsolete_reason(static_cast<http::status>(a.status));
    char id[64];
    std::snprintf(id, sizeof id, "\r\nx-amz-request-id: %016llX\r\n",
                  static_cast<unsigned long long>(x.id));
    std::string& head = out.head;
    head.reserve(256 + a.fields.size());
    head = "HTTP/1.1 ";
    head += std::to_string(a.status);
    head += ' ';
    head += std::string_view(reason.data(), reason.size());
    head += "\r\nServer: chopsticks\r\nDate: ";
    head += date_now();
    head += id;
    head += a.fields;
    if (!keep_alive) head += "Connection: close\r\n";
    head.resize(head.size() - 2);
    if (a.status != 204 && a.status != 304) {
        head += length_name;
        head += std::to_string(a.length);
    }
    head += "\r\n\r\n";
    out.after = keep_alive ? wire_response::ending::keep : wire_response::ending::close;
    if (!a.body_follows) return;
    if (a.text.empty()) {
        out.content = a.content;
    } else {
        out.content.slices.push_back({nullptr, a.text.data(), a.text.size()});
        out.content.size = a.text.size();
    }
}

void spoil(wire_response& out, const exchange& x, const fault& rule, random_stream& random) {
    using ending = wire_response::ending;
    const std::uint64_t size = out.content.size;
    const auto nothing = [&](ending after) {
        out.head.clear();
        out.content = body();
        out.after = after;
        out.whole = false;
    };
    const auto half = [&](ending after) {
        if (size == 0) return;
        out.content = out.content.part(0, size / 2);
        out.after = after;
        out.whole = false;
    };
    switch (rule.kind) {
        case fault_kind::stall:
            nothing(ending::stall);
            break;
        case fault_kind::reset:
            nothing(ending::reset);
            break;
        case fault_kind::hang_up:
            nothing(ending::close);
            break;
        case fault_kind::stall_head:
            out.head.resize(out.head.size() / 2);
            out.content = body();
            out.after = ending::stall;
            out.whole = false;
            break;
        case fault_kind::stall_body:
            half(ending::stall);
            break;
        case fault_kind::reset_body:
            half(ending::reset);
            break;
        case fault_kind::truncate:
            half(ending::close);
            break;
        case fault_kind::garbage:
            nothing(ending::close);
            for (std::int64_t i = 0; i < rule.bytes; ++i) {
                out.head += static_cast<char>(random() & 0xff);
            }
            break;
        case fault_kind::corrupt: {
            if (size == 0) break;
            const std::uint64_t at = size / 2;
            const body before = out.content.part(0, at);
            const body hit = out.content.part(at, 1);
            const body after = out.content.part(at + 1, size - at - 1);
            const unsigned bit = static_cast<unsigned>(random.below(8));
            out.spare.assign(1, static_cast<char>(*hit.slices.front().data ^ (1U << bit)));
            out.content = before;
            out.content.append({{{nullptr, out.spare.data(), 1}}, 1});
            out.content.append(after);
            break;
        }
        case fault_kind::length: {
            if (!x.answer.body_follows) break;
            const auto real = static_cast<std::int64_t>(x.answer.length);
            set_length(out.head,
                       static_cast<std::uint64_t>(std::max<std::int64_t>(0, real + rule.bytes)));
            break;
        }
        default:
            break;
    }
}

}  // namespace chopsticks::endpoint
