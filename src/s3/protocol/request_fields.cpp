#include "request_fields.hpp"

#include <sys/uio.h>

#include <chopsticks/s3/protocol/etag.hpp>
#include <chopsticks/s3/protocol/multipart.hpp>

namespace chopsticks::s3 {

void write_precondition(request_text& to, precondition only_if, std::string_view etag) noexcept {
    CHOPSTICKS_ASSERT(etag.size() <= max_part_tag_bytes);
    switch (only_if) {
        case precondition::none:
            return;
        case precondition::absent:
            to << "If-None-Match: *\r\n";
            return;
        case precondition::unlike:
            to << "If-None-Match: \"" << etag << "\"\r\n";
            return;
        case precondition::match:
            to << "If-Match: \"" << etag << "\"\r\n";
            return;
        case precondition::match_other:
            to << "If-Match: \"00000000000000000000000000000000\"\r\n";
            return;
    }
}

void write_body_digest(request_text& to, std::string_view body) noexcept {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const iovec whole{const_cast<char*>(body.data()), body.size()};  // not written to
    md5_stream md5;
    if (!body.empty()) md5.update({&whole, 1});
    unsigned char sum[18] = {};  // with two bytes of nothing, to be a multiple of three
    md5.finish(sum);
    char text[24];
    for (std::size_t i = 0; i < sizeof text; ++i) {
        const std::size_t bit = i * 6;
        const unsigned two =
            unsigned{sum[bit / 8]} << 8 | (bit / 8 + 1 < sizeof sum ? sum[bit / 8 + 1] : 0U);
        text[i] = digits[two >> (10 - bit % 8) & 63];
    }
    text[22] = text[23] = '=';
    to << "Content-MD5: " << std::string_view(text, sizeof text) << "\r\n";
}

}  // namespace chopsticks::s3
