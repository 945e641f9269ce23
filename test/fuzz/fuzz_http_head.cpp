/// \file
/// Heads of responses and chunked bodies. The first byte says where the input is cut in two.

#include <chopsticks/http/chunked.hpp>
#include <chopsticks/http/response_head.hpp>
#include <cstdlib>

using namespace chopsticks::http;

namespace {

void parse(std::string_view bytes, std::size_t cut) {
    for (const bool head_request : {false, true}) {
        response_head head;
        const head_state whole = parse_head(bytes, head, head_request);
        if (whole == head_state::complete) {
            if (head.head_bytes == 0 || head.head_bytes > bytes.size()) std::abort();
            if (head.status < 100 || head.status > 999) std::abort();
            content_range range;
            (void)parse_content_range(head.content_range, range);
            (void)parse_http_date(head.date);
        }
        // A beginning is never more certain than the whole, nor otherwise.
        response_head other;
        const head_state part = parse_head(bytes.substr(0, cut), other, head_request);
        if (part != head_state::need_more && part != whole) std::abort();
    }
}

void decode(std::string_view bytes, std::size_t cut) {
    const auto ignore = [](std::string_view) {};
    chunked_decoder at_once;
    const auto all = at_once.decode(bytes, ignore);
    chunked_decoder in_two;
    auto first = in_two.decode(bytes.substr(0, cut), ignore);
    std::size_t consumed = first.consumed;
    if (first.state == chunked_state::need_more) {
        first = in_two.decode(bytes.substr(cut), ignore);
        consumed += first.consumed;
    }
    if (first.state != all.state || in_two.body_bytes() != at_once.body_bytes()) std::abort();
    if (all.state != chunked_state::bad && consumed != all.consumed) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t cut = bytes.size() * data[0] / 256;
    parse(bytes, cut);
    decode(bytes, cut);
    return 0;
}
